"""What every registered method keeps to: the contracts of the house."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import get_args

import numpy as np
import pytest
import torch

import napari_deconv as nd
from napari_deconv.core.operators import Blur
from napari_deconv.core.params import from_plain
from napari_deconv.core.problem import Problem
from napari_deconv.methods.method import Method
from napari_deconv.recipe import Recipe

METHODS = [name for name, method in nd.choices("method").items() if not method.on_host]
BOUNDARIES = list(nd.choices("boundary"))
KINDS = ("edge", "periodic", "unknown")
"""A boundary that fills the border, as all but two do; one without, and one left unknown."""
PSF = {"name": "gaussian", "sigma": 1.5}


def variants(method: str) -> list[dict[str, object]]:
    """Return a method with its defaults and once with every switch turned, few iterations."""
    fields = nd.choices("method")[method].parameters()
    few = {"iterations": 60} if "iterations" in fields else {}
    turned = {name: not field.default for name, field in fields.items() if field.annotation is bool}
    few = {"iterations": 100} if method == "gradient-descent" else few
    few = {} if nd.choices("method")[method].learned else few  # each a pass through a network
    plain = {"name": method, **few}
    return [plain, {**plain, **turned}] if turned else [plain]


def solvers(method: str) -> list[dict[str, object]]:
    """Return a method once with each of its solvers but the default."""
    fields = nd.choices("method")[method].parameters()
    names = get_args(fields["solver"].annotation)[1:] if "solver" in fields else ()
    tight = {"invariant": False} if "invariant" in fields else {}  # what FISTA asks for
    return [{"name": method, "solver": name, **SLOW[name], **tight} for name in names]


SLOW: dict[str, dict[str, object]] = {
    "primal-dual": {"iterations": 400},
    "fista": {"iterations": 150},
    "accelerated-gradient": {"iterations": 60},
}


VARIANTS = [variant for method in METHODS for variant in variants(method)]
SOLVERS = [variant for method in METHODS for variant in solvers(method)]
LEARNED = [name for name in METHODS if nd.choices("method")[name].learned]
STEADY = [v for v in VARIANTS if v["name"] not in ("wavelet", "tv-wavelet", "sum", *LEARNED)]
"""Without the wavelets: what they shrink hangs on their grid, which moves a point a little. And
without learned methods: no network is symmetric, and a point finer than the PSF is its guess."""
SOLID = [v for v in VARIANTS if 3 in nd.choices("method")[str(v["name"])].dimensions]
"""Those that restore true volumes."""
UNBIASED = [v for v in VARIANTS if not nd.choices("method")[str(v["name"])].bias]


def phantom(n: int = 96) -> np.ndarray:
    """Return a picture in [0.2, 0.9]: a plate, a disk, a bar, on a light ground."""
    rows, columns = np.mgrid[:n, :n]
    picture = np.full((n, n), 0.9, np.float32)
    picture[n // 4 : n // 2, n // 6 : n // 2] = 0.4
    picture[(rows - 0.7 * n) ** 2 + (columns - 0.65 * n) ** 2 < (n / 8) ** 2] = 0.6
    picture[n // 5 : -n // 5, -n // 6 : -n // 6 + 3] = 0.2
    return picture


def wires(n: int = 96) -> np.ndarray:
    """Return lines and points on black, the only scene that L1 of the pixels is for."""
    picture = np.zeros((n, n), np.float32)
    picture[20:70, 30], picture[20:70, 36], picture[80, 10:80] = 1.0, 1.0, 0.7
    picture[15::20, 60::12] = 0.9
    return picture


def blurred(
    noise: float, n: int = 96, seed: int = 0, scene: Callable[[int], np.ndarray] = phantom
) -> np.ndarray:
    kernel = torch.from_numpy(nd.choices("psf")["gaussian"](sigma=1.5).kernel())
    clean = Blur(kernel, (n, n))(torch.from_numpy(scene(n)).double()).numpy()
    return (clean + np.random.default_rng(seed).normal(0, noise, clean.shape)).astype(np.float32)


def restored(image: np.ndarray, method: object, **parts: object) -> np.ndarray:
    return Recipe(psf=PSF, method=method, **parts).begin(image, device="cpu").image()


def usual(method: dict[str, object]) -> np.ndarray:
    """Return what a method makes of the usual picture, worked out once."""
    return _usual(json.dumps(method))


@cache
def _usual(method: str) -> np.ndarray:
    made = restored(blurred(0.007), json.loads(method))
    made.setflags(write=False)
    return made


@pytest.mark.parametrize("method", [*VARIANTS, *SOLVERS], ids=str)
def test_beats_the_blurred_image(method: dict[str, object]) -> None:
    scene = wires if method["name"] == "l1" else phantom
    noise = 0.0 if method["name"] == "least-squares" else 0.007
    image = blurred(noise, scene=scene)
    before = np.mean((image - scene()) ** 2)
    made = usual(method) if scene is phantom and noise else restored(image, method)
    assert np.mean((made - scene()) ** 2) < before


@pytest.mark.parametrize("method", [*VARIANTS, *SOLVERS], ids=str)
@pytest.mark.parametrize("boundary", KINDS)
def test_objective_ends_below_that_of_the_data(method: dict[str, object], boundary: str) -> None:
    ready = Recipe(psf=PSF, method=method, boundary=boundary).begin(blurred(0.007), device="cpu")
    problem, chosen = ready.problem(), ready.recipe.method
    *_, final = chosen.iterates(problem)
    start = problem.data.clamp(min=0) if method.get("positive") else problem.data
    assert float(chosen.objective(problem, final)) < float(chosen.objective(problem, start))


@pytest.mark.parametrize("method", VARIANTS, ids=str)
@pytest.mark.parametrize("factor", [1000.0, 1e-4])
def test_scale_of_the_data_does_not_matter(method: dict[str, object], factor: float) -> None:
    plain, scaled = usual(method), restored(factor * blurred(0.007), method)
    kinks = method["name"] == "gradient-descent"  # rounding decides on which side it steps
    np.testing.assert_allclose(scaled / factor, plain, atol=1e-3 if kinks else 2e-4)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float64, ">u2"])
def test_dtype_of_the_data_does_not_matter(dtype: object) -> None:
    """No method sees it: data become float32 before."""
    counts, method = np.round(blurred(0.007) * 20_000), {"name": "tv", "iterations": 20}
    plain = restored(counts.astype(np.float32), method)
    result = restored(counts.astype(dtype), method)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, plain)


@pytest.mark.parametrize("method", VARIANTS, ids=str)
def test_every_method_yields_float32(method: dict[str, object]) -> None:
    assert usual(method).dtype == np.float32


@pytest.mark.parametrize("method", UNBIASED, ids=str)
@pytest.mark.parametrize("boundary", [b for b in BOUNDARIES if b != "zero"])
def test_a_constant_image_keeps_its_value(method: dict[str, object], boundary: str) -> None:
    value = 437.0
    halving = from_plain("method", method).multiple() > 1  # sides that wavelets can halve
    image = np.full((40, 48) if halving else (40, 41), value, np.float32)
    result = restored(image, method, boundary=boundary)
    np.testing.assert_allclose(result, value, rtol=1e-4)


def test_a_biased_method_warns_of_its_bias() -> None:
    for name in METHODS:
        bias = nd.choices("method")[name].bias
        result = Recipe(psf=PSF, method=variants(name)[0]).run(blurred(0.007), device="cpu")
        assert (bias in result.warnings) == bool(bias)


@pytest.mark.parametrize("method", UNBIASED, ids=str)
def test_flat_regions_keep_their_mean(method: dict[str, object]) -> None:
    """Without noise to 0.1 %, with noise to three standard errors, three PSF widths from edges."""
    n, inside = 192, (slice(62, 78), slice(48, 80))  # the plate's middle
    for noise in (0.0, 0.007):
        result = restored(blurred(noise, n), {**method}, boundary="edge")[inside]
        allowed = 0.001 * 0.4 + 3 * noise / np.sqrt(result.size)
        assert abs(float(result.mean()) - 0.4) < allowed


@pytest.mark.parametrize("method", UNBIASED, ids=str)
def test_total_of_an_object_inside_the_frame(method: dict[str, object]) -> None:
    truth = np.zeros((128, 128))
    truth[48:80, 52:70] = 0.8
    kernel = torch.from_numpy(nd.choices("psf")["gaussian"](sigma=1.5).kernel())
    image = Blur(kernel, (128, 128))(torch.from_numpy(truth)).numpy()
    total = restored(image, method).sum(dtype=np.float64)
    assert total == pytest.approx(truth.sum(), rel=1e-3)


@pytest.mark.parametrize(
    ("method", "size"),
    [
        *((method, (12, 7)) for method in STEADY),
        *(({"name": "tikhonov"}, size) for size in ((9, 9), (8, 8), (9, 6))),
    ],
    ids=str,
)
def test_a_centred_point_stays_where_it_was(
    method: dict[str, object], size: tuple[int, int]
) -> None:
    """With `centroid` a PSF of any parity leaves a point where it was to 0.01 px."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    off = (rows - size[0] / 2 + 0.8, columns - size[1] / 2 - 0.3)
    psf = np.exp(-(off[0] ** 2 + off[1] ** 2) / 2 / 1.1**2)
    y, x = np.mgrid[:64, :64]
    image = np.exp(-((y - 31.0) ** 2 + (x - 33.0) ** 2) / 2 / 2.2**2)
    result = Recipe(method=method, centre="centroid").begin(image, psf, device="cpu").image()
    near = result[20:43, 22:45].astype(np.float64)
    near = near * (near > 0.05 * near.max())
    centroid = [(near * grid).sum() / near.sum() for grid in (y[20:43, 22:45], x[20:43, 22:45])]
    assert centroid == pytest.approx([31.0, 33.0], abs=0.01)


@pytest.mark.parametrize("method", [*VARIANTS, *SOLVERS], ids=str)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("shape", [(32, 40), (8, 16, 24)])
def test_no_host_read_in_any_iteration(
    method: dict[str, object], masked: bool, shape: tuple[int, ...]
) -> None:
    """On the meta device every read of a value by the host raises."""
    meta = {"device": "meta", "dtype": torch.float32}
    chosen = from_plain("method", {**method, "iterations": 3} if "iterations" in method else method)
    assert isinstance(chosen, Method)
    for fidelity in chosen.fidelities:
        problem = Problem(
            data=torch.empty(shape, **meta),
            weights=torch.empty(shape, **meta) if masked else None,
            blur=Blur(torch.empty([5] * len(shape), **meta), shape),
            fidelity=from_plain("fidelity", fidelity),
            window=tuple(slice(2, n - 2) for n in shape),
            noise=0.01,
            mean=0.5,
        )
        try:
            chosen.check(problem)
        except ValueError:  # a solver that does not follow this noise
            continue
        estimates = list(chosen.iterates(problem))
        assert len(estimates) == chosen.total(problem)
        assert all(estimate.shape == torch.Size(shape) for estimate in estimates)


@pytest.mark.parametrize("method", [*VARIANTS, *SOLVERS], ids=str)
@pytest.mark.parametrize("boundary", ["edge", "unknown"])
def test_a_yielded_tensor_is_never_written_again(method: dict[str, object], boundary: str) -> None:
    method = {**method, "iterations": 8} if "iterations" in method else method
    ready = Recipe(psf=PSF, method=method, boundary=boundary).begin(blurred(0.007), device="cpu")
    yielded = [(step.estimate, step.estimate.clone()) for step in ready.steps()]
    assert all(torch.equal(estimate, copy) for estimate, copy in yielded)


@pytest.mark.parametrize("method", VARIANTS, ids=str)
def test_the_number_auto_came_to_is_in_the_recipe(method: dict[str, object]) -> None:
    image = blurred(0.007)
    result = Recipe(psf=PSF, method=method).run(image, device="cpu")
    assert "auto" not in result.recipe.method.plain().values()
    again = result.recipe.run(image, device="cpu")
    np.testing.assert_array_equal(again.image, result.image)


@pytest.mark.parametrize("method", VARIANTS, ids=str)
def test_a_region_equals_that_part_of_the_whole(method: dict[str, object]) -> None:
    image, region = blurred(0.007, 192), (slice(70, 120), slice(60, 115))
    recipe = Recipe(psf=PSF, method=method)
    whole = recipe.begin(image, device="cpu").image()[region]
    part = recipe.begin(image, device="cpu", region=region).image()
    assert np.sqrt(np.mean((part - whole) ** 2)) < 1e-3 * 0.7


@pytest.mark.parametrize("method", VARIANTS, ids=str)
def test_a_stack_equals_its_slices(method: dict[str, object]) -> None:
    stack = np.stack([blurred(0.007, seed=1), blurred(0.007, seed=2)])
    ready = Recipe(psf=PSF, method=method).begin(stack, device="cpu")
    whole = ready.image()
    alone = ready.recipe.begin(stack[1], device="cpu").image()
    np.testing.assert_allclose(whole[1], alone, atol=1e-6)


@pytest.mark.parametrize("method", SOLID, ids=str)
def test_a_volume_with_a_3d_psf(method: dict[str, object]) -> None:
    truth = np.zeros((16, 32, 40))
    truth[5:11, 10:20, 12:30] = 1
    psf = nd.choices("psf")["gaussian"](sigma=1.2, dimensions=3)
    image = Blur(torch.from_numpy(psf.kernel()), truth.shape)(torch.from_numpy(truth)).numpy()
    result = Recipe(psf=psf, method=method).begin(image, device="cpu").image()
    assert result.shape == truth.shape
    assert np.mean((result - truth) ** 2) < np.mean((image - truth) ** 2)


@pytest.mark.parametrize("method", [v for v in VARIANTS if v["name"] != "l1"], ids=str)
def test_bad_pixels_never_spread(method: dict[str, object]) -> None:
    """But for L1, which on a bright ground leaves the finest details to chance."""
    image = blurred(0.007)
    broken = image.copy()
    broken[40, 40], broken[41, 60], broken[70, 20] = np.nan, np.inf, 0.0
    result = Recipe(psf=PSF, method=method).run(broken, device="cpu")
    assert np.isfinite(result.image).all()
    assert any("NaN" in warning for warning in result.warnings)
    assert any("dead" in warning for warning in result.warnings)
    far = np.ones(image.shape, bool)
    for row, column in ((40, 40), (41, 60), (70, 20)):
        far[row - 12 : row + 13, column - 12 : column + 13] = False
    difference = (result.image - usual(method))[far]
    assert np.sqrt(np.mean(difference**2)) < 0.02
