"""The scripts of `benchmarks/`, each on something tiny: that they measure what they say."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from napari_deconv import Recipe, samples
from napari_deconv.psf.shapes import GaussianPsf

FOLDER = "benchmarks"
N = 48


@pytest.fixture
def script(
    repository: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[ModuleType]:
    """Return the benchmark of the name that the test gives, as a module."""
    folder = str(repository / FOLDER)
    monkeypatch.syspath_prepend(folder)
    yield importlib.import_module(request.param)
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)).startswith(folder):
            del sys.modules[name]


def benchmark(name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("script", [name], indirect=True, ids=[name])


@pytest.fixture(scope="module")
def sample() -> samples.Sample:
    return samples.radiograph(shape=(N, N), psf=samples.core_and_tail(9, core=1.0, tail=2.0))


@benchmark("methods")
def test_the_best_of_a_grid_is_never_at_its_edge(script: ModuleType) -> None:
    best, grid = script.best_of(lambda x: -(np.log(x / 40) ** 2), [1.0, 1.4, 2.0])
    assert grid[0] < best < grid[-1]
    assert best == pytest.approx(40, rel=0.2)
    best, grid = script.best_of(lambda x: -(np.log(x / 0.01) ** 2), [1.0, 1.4, 2.0])
    assert grid[0] < best < grid[-1]
    assert best == pytest.approx(0.01, rel=0.2)


@benchmark("methods")
def test_every_method_has_a_row_whose_best_is_at_least_its_default(
    script: ModuleType, sample: samples.Sample
) -> None:
    rows = script.rows(sample, ("tikhonov", "richardson-lucy"))
    assert [row[0] for row in rows] == ["blurred", "tikhonov", "richardson-lucy"]
    blurred = float(rows[0][1])
    for row in rows[1:]:
        assert float(row[3]) >= float(row[1])
        assert float(row[3]) > blurred


@benchmark("borders")
def test_the_band_is_the_border_and_every_boundary_is_scored(
    script: ModuleType, sample: samples.Sample
) -> None:
    outer = script.band((20, 30), 3)
    assert outer.sum() == 20 * 30 - 14 * 24
    assert not outer[3:-3, 3:-3].any()
    window = script.Window("bearing", slice(0, 40), slice(8, 48))
    found = script.border_psnr(sample, window, "tikhonov")
    assert set(found) == {"zero", "mean", "edge", "reflect", "periodic", "unknown"}
    above_zero, behind = script.verdict(found)
    assert above_zero > 3
    assert behind >= 0


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Two threads wait for each other longer than they work on something tiny."""
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(2)


def tiny_case(script: ModuleType, sample: samples.Sample, boundary: str) -> object:
    recipe = Recipe(method={"name": "tv", "weight": 0.03}, boundary=boundary)
    return script.Case(recipe.begin(sample.image, sample.psf, device="cpu").problem(), 0.03)


@pytest.mark.usefixtures("one_thread")
@benchmark("tv_speed")
@pytest.mark.parametrize("boundary", ["edge", "unknown"])
def test_all_walkers_minimise_the_objective_that_judges_them(
    script: ModuleType, sample: samples.Sample, boundary: str
) -> None:
    case = tiny_case(script, sample, boundary)
    method = Recipe(method={"name": "tv", "weight": 0.03, "isotropic": False}).method
    start = case.start()
    declared = float(
        method.objective(case.problem, case.problem.data.new_tensor(start).view(case.grid))
    )
    assert case.objective(start) == pytest.approx(declared, rel=1e-4)
    best = script.optimum(case, 500)
    for walker in script.WALKERS.values():
        walked = script.walk(walker, case, best * (1 + 1e-3))
        assert walked.values[-1] == pytest.approx(best, rel=1.1e-3)
        assert np.all(np.diff(walked.seconds) > 0)


@pytest.mark.usefixtures("one_thread")
@benchmark("tv_speed")
def test_operators_of_pylops_equal_ours(script: ModuleType, sample: samples.Sample) -> None:
    case = tiny_case(script, sample, "edge")
    blur, differences = script.own_operators(case)
    x = np.random.default_rng(0).normal(size=case.grid).astype(np.float32)
    y = np.random.default_rng(1).normal(size=case.grid).astype(np.float32)
    image, other = case.problem.data.new_tensor(x), case.problem.data.new_tensor(y)
    ours = case.problem.blur
    np.testing.assert_allclose((blur @ x.ravel()).reshape(case.grid), ours(image), atol=1e-5)
    np.testing.assert_allclose(
        (blur.H @ y.ravel()).reshape(case.grid), ours.adjoint(other), atol=1e-5
    )
    for axis, difference in enumerate(differences):
        expected = np.roll(x, -1, axis) - x
        np.testing.assert_allclose(difference @ x.ravel(), expected.ravel(), atol=1e-6)


@pytest.mark.usefixtures("one_thread")
@benchmark("tv_speed")
def test_the_table_of_walkers_has_every_figure(script: ModuleType, sample: samples.Sample) -> None:
    rows = script.compare(tiny_case(script, sample, "edge"), repeats=1, long_run=300)
    assert [row[0] for row in rows] == list(script.WALKERS)
    assert rows[0][-1] == "1.0"
    for row in rows:
        milliseconds, _, *found, ratio = (float(cell) for cell in row[1:])
        assert milliseconds > 0
        assert found[0] <= found[2]  # iterations to 1e-2 and 1e-3
        assert found[1] <= found[3]  # seconds
        assert ratio > 0


def drawn_edge(sigma: float, degrees: float = 43.9) -> np.ndarray:
    """Return a sharp slanted edge, averaged over each pixel, then blurred with a Gaussian PSF."""
    from scipy.signal import fftconvolve

    fine, n = 16, 160
    rows, columns = np.indices((n * fine, n * fine))
    distance = (rows - n * fine / 2) * np.sin(np.deg2rad(degrees)) + (
        columns - n * fine / 2
    ) * np.cos(np.deg2rad(degrees))
    sharp = (distance > 0).astype(float).reshape(n, fine, n, fine).mean((1, 3))
    return 2000 + 1200 * fftconvolve(sharp, GaussianPsf(sigma=sigma).kernel(), mode="same")


@benchmark("qc3_edges")
@pytest.mark.parametrize("sigma", [1.0, 1.4, 2.0])
def test_the_psf_of_an_edge_is_the_one_that_blurred_it(script: ModuleType, sigma: float) -> None:
    phantom = importlib.import_module("qc3_phantom")
    phantom.CENTRE = (79.5, 79.5)
    noisy = drawn_edge(sigma) + np.random.default_rng(0).normal(0, 5, (160, 160))
    edge = script.Edge("drawn", "u", 0.7, -40, 40)
    fit = script.fit_edge(noisy, edge)
    assert script.psf_sigma(fit.sigma) == pytest.approx(sigma, abs=0.02)
    assert fit.error < 0.02
    assert fit.rms == pytest.approx(5, rel=0.1)


@benchmark("qc3_phantom")
def test_modulation_is_that_of_the_bars_that_were_drawn(script: ModuleType) -> None:
    _, v = script.coordinates((768, 1024))
    group = script.Group(0, -30, 30, 7, True)
    bars = 3000 + 600 * np.cos(2 * np.pi * (v + 30) / group.period)
    assert group.period == 20
    assert script.modulation(bars, group) == pytest.approx(0.2, rel=0.01)
    assert script.modulation(6000 - bars, group._replace(first_is_bright=False)) == pytest.approx(
        0.2, rel=0.01
    )


@benchmark("qc3_phantom")
def test_noise_is_measured_through_slopes_and_its_correlation_named(script: ModuleType) -> None:
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(0)
    u, v = script.coordinates((768, 1024))
    grey = 3000 + 2 * u + v
    white = rng.normal(size=grey.shape)
    smeared = gaussian_filter(white, 0.6)
    smeared /= smeared.std()
    plain = script.Noise.of(grey + np.sqrt(0.05 * grey) * white)
    assert plain.gain == pytest.approx(0.05, rel=0.03)
    assert plain.neighbours == pytest.approx(0, abs=0.03)
    assert plain.white == pytest.approx(1, abs=0.03)
    correlated = script.Noise.of(grey + np.sqrt(0.05 * grey) * smeared)
    assert correlated.gain == pytest.approx(0.05, rel=0.05)
    assert correlated.neighbours > 0.3
    assert correlated.white < 0.8


@benchmark("qc3")
def test_the_matched_weight_leaves_a_chi_square_of_one(script: ModuleType) -> None:
    assert script.matched_weight(lambda weight: weight / 1.23e-3) == pytest.approx(1.2e-3, rel=0.03)


@benchmark("qc3")
def test_without_the_scan_it_says_so(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "SCAN", Path("nowhere.tif"))
    monkeypatch.setattr(sys, "argv", ["qc3.py"])
    script.main()
    assert capsys.readouterr().out.startswith("Skipped")


@benchmark("qc3")
def test_five_edges_of_the_real_scan_agree(script: ModuleType, shared_data: Path) -> None:
    import tifffile

    image = tifffile.imread(shared_data / "xray" / "mv_qc3_linepairs.tif")
    rows, sigma, error = script.edges(image)
    assert len(rows) == 5
    assert sigma == pytest.approx(1.449, abs=0.01)
    assert error < 0.02


@benchmark("burst")
def test_a_burst_is_worth_more_than_a_frame_and_its_shifts_are_found(script: ModuleType) -> None:
    burst = script.taken(script.CASES[1], "bearing", 0, side=224)
    values, error = script.gains(burst, "tikhonov")
    one, unaligned, aligned, sums, known = values
    assert sums > max(one + 1, unaligned + 1)
    assert sums == pytest.approx(aligned, abs=0.2)
    assert sums == pytest.approx(known, abs=0.2)
    assert error < 0.15
    best_one, best_sums = script.best(burst, "tikhonov")
    assert best_one >= one
    assert best_sums >= sums


@benchmark("table")
@pytest.mark.parametrize("markdown", [True, False])
def test_a_table_is_printed_whole(
    script: ModuleType, markdown: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    script.show("title", ["name", "a", "b"], [["x", "1", "2"], ["y" * 90, "3", "4"]], markdown)
    out = capsys.readouterr().out
    assert "title" in out
    assert "y" * 90 in out
    assert ("| x | 1 | 2 |" in out) is markdown
