"""PSFs refined on pictures whose parts were drawn and blurred on a grid six times as fine."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.signal import fftconvolve
from typer.testing import CliRunner

from napari_deconv import io
from napari_deconv.cli import app
from napari_deconv.psf.composed import ConvolvedPsf
from napari_deconv.psf.directed import EllipticPsf
from napari_deconv.psf.measured import MeasuredPsf
from napari_deconv.psf.refine import Refinement, refine
from napari_deconv.psf.sampling import Psf
from napari_deconv.psf.shapes import CoreTailPsf, DiskPsf, ExponentialPsf, GaussianPsf, MoffatPsf

SUB = 6
SIDE = 240
LENGTHS = ("sigma", "radius", "length", "width", "sigma_long", "sigma_short", "tail_length")
PARTS = ((52, 60, 30, 20, 11), (60, 175, 34, 0, 0), (170, 60, 36, 24, -25), (175, 172, 38, 26, 53))
"""Row, column, half length, half width (0: a disk) and angle of each."""


def wider(psf: Psf, factor: float) -> Psf:
    """Return a shape with all its lengths multiplied."""
    plain = psf.plain()
    return psf.replace(**{k: factor * plain[k] for k in LENGTHS if k in plain})


@cache
def scene() -> np.ndarray:
    """Return parts of several angles and levels, in fine pixels."""
    fine = SIDE * SUB
    rows, columns = (np.indices((fine, fine)) - (SUB - 1) / 2) / SUB
    picture = np.full((fine, fine), 0.9)
    for number, (row, column, long, short, angle) in enumerate(PARTS):
        turn = np.deg2rad(angle)
        along = (columns - column) * np.cos(turn) + (rows - row) * np.sin(turn)
        across = (rows - row) * np.cos(turn) - (columns - column) * np.sin(turn)
        inside = np.hypot(along, across) < long
        if short:
            inside = (abs(along) < long) & (abs(across) < short)
        picture[inside] = 0.25 + 0.1 * number
    return picture


@cache
def blurred(psf: Psf) -> np.ndarray:
    """Return the parts blurred by a PSF in pixels, then averaged over the pixels."""
    kernel = wider(psf, SUB).kernel()
    half = [(n - 1) // 2 for n in kernel.shape]
    around = np.pad(scene(), [(h, h) for h in half], mode="edge")
    fine = fftconvolve(around, kernel, mode="valid")
    return fine.reshape(SIDE, SUB, SIDE, SUB).mean((1, 3))


def picture(psf: Psf, noise: float, seed: int = 0) -> np.ndarray:
    """Return what a detector sees; the noise is a share of the step of 0.6."""
    clean = blurred(psf)
    return clean + np.random.default_rng(seed).normal(0, 0.6 * noise, clean.shape)


SHAPES = [
    GaussianPsf(sigma=0.8),
    GaussianPsf(sigma=2.0),
    GaussianPsf(sigma=3.0),
    DiskPsf(radius=3.0),
    ExponentialPsf(length=1.0),
    MoffatPsf(width=2.5, power=3.0),
]


@pytest.mark.parametrize("noise", [0.005, 0.05])
@pytest.mark.parametrize("psf", SHAPES, ids=lambda psf: f"{psf.key()}-{next(iter(psf.plain()))}")
def test_the_width_from_starts_a_third_off(psf: Psf, noise: float) -> None:
    name = next(n for n in LENGTHS if n in psf.plain())
    truth = psf.plain()[name]
    found = []
    for start in (0.7, 1.3):
        blur = refine(picture(psf, noise), wider(psf, start))
        assert blur.figures[0].name == name
        found.append(blur.figures[0])
        assert blur.psf.plain()[name] == blur.figures[0].value
        assert blur.given == wider(psf, start)
    for figure in found:
        allowed = max(0.04, 3 * figure.error / truth)
        assert figure.value == pytest.approx(truth, rel=min(allowed, 0.1))
    assert found[0].value == pytest.approx(found[1].value, rel=0.02)  # it hangs on no start


def test_the_interval_holds_the_truth() -> None:
    psf = GaussianPsf(sigma=2.0)
    inside = 0
    for seed in range(12):
        figure = refine(picture(psf, 0.03, seed), GaussianPsf(sigma=1.6)).figures[0]
        inside += abs(figure.value - 2.0) <= 1.96 * figure.error
        assert 0.005 < figure.error < 0.12
    assert inside >= 10


def test_an_ellipse_is_told_with_its_direction() -> None:
    psf = EllipticPsf(sigma_long=3.0, sigma_short=1.5, angle=30)
    blur = refine(picture(psf, 0.01), EllipticPsf(sigma_long=2.5, sigma_short=2.0, angle=10))
    told = {figure.name: figure.value for figure in blur.figures}
    long, short, angle = told["sigma_long"], told["sigma_short"], told["angle"]
    assert sorted((long, short)) == pytest.approx([1.5, 3.0], rel=0.08)
    assert (angle + (90 if long < short else 0) - 30 + 90) % 180 - 90 == pytest.approx(0, abs=8)


def test_an_array_is_made_as_wide_as_the_edges_show() -> None:
    array = MeasuredPsf.of(GaussianPsf(sigma=2.6).kernel())
    blur = refine(picture(GaussianPsf(sigma=2.0), 0.01), array)
    assert blur.figures[0].name == "scale"
    kernel = blur.psf.kernel()
    places = np.arange(kernel.shape[0]) - (kernel.shape[0] - 1) / 2
    sigma = np.sqrt((kernel.sum(1) * places**2).sum())
    assert kernel.sum() == pytest.approx(1, abs=1e-6)
    assert sigma == pytest.approx(np.sqrt(2.0**2 + 1 / 12), rel=0.03)


def test_what_can_not_be_told_is_held_and_named() -> None:
    both = ConvolvedPsf(first=DiskPsf(radius=1.2), second=GaussianPsf(sigma=1.4))
    blur = refine(picture(GaussianPsf(sigma=2.0), 0.03), both)
    held = [figure for figure in blur.figures if not np.isfinite(figure.error)]
    assert len(held) == 1
    assert any("can't be told here: it was held" in note for note in blur.notes)
    mtf50 = next(figure for figure in blur.figures if figure.name == "MTF50")
    assert mtf50.value == pytest.approx(0.0928, rel=0.05)


@pytest.mark.parametrize(
    ("truth", "start"),
    [
        (CoreTailPsf(sigma=1.0, tail=0.5, tail_length=3.0), DiskPsf()),
        (DiskPsf(radius=3.0), GaussianPsf(sigma=1.5)),
        (GaussianPsf(sigma=2.0), DiskPsf(radius=3.0)),
    ],
)
def test_a_wrong_shape_gives_no_number(truth: Psf, start: Psf) -> None:
    with pytest.raises(ValueError, match=r"another shape|this shape|not alike"):
        refine(picture(truth, 0.005), start)


def test_grey_scale_and_type_do_not_matter() -> None:
    grey, start = picture(GaussianPsf(sigma=2.0), 0.02), GaussianPsf(sigma=1.6)
    value = refine(grey, start).figures[0].value
    for other in (grey.astype(np.float32), 4000 * grey + 700, -grey):
        assert refine(other, start).figures[0].value == pytest.approx(value, rel=2e-3)
    counts = np.round(5000 * grey).clip(0).astype(np.uint16)
    assert refine(counts, start).figures[0].value == pytest.approx(value, rel=5e-3)


def test_a_region_is_all_that_is_looked_at() -> None:
    sharp, soft = picture(GaussianPsf(sigma=1.0), 0.01), picture(GaussianPsf(sigma=3.0), 0.01)
    both = np.concatenate([sharp, soft], axis=1)
    box = [[2, 2], [2, SIDE - 2], [SIDE - 2, SIDE - 2], [SIDE - 2, 2]]
    beside = np.add(box, [0, SIDE])
    blur = refine(both, GaussianPsf(sigma=1.2), box)
    assert blur.figures[0].value == pytest.approx(1.0, rel=0.04)
    assert (blur.places[:, 1] < SIDE).all()
    assert refine(both, GaussianPsf(sigma=2.5), beside).figures[0].value == pytest.approx(
        3, rel=0.05
    )


CLOUDS = (4, 8, 15)
FIELDS = ("flat", "ramp", *(f"clouds of {n} px" for n in CLOUDS), "waves", "soft disk")


@cache
def fields() -> dict[str, np.ndarray]:
    """Return objects without a sharp edge, blurred by 2 px."""
    rows, columns = np.indices((SIDE, SIDE))
    rng = np.random.default_rng(4)
    objects = {"flat": np.full((SIDE, SIDE), 0.6), "ramp": 0.2 + 0.6 * columns / SIDE}
    for size in CLOUDS:
        rough = gaussian_filter(rng.normal(size=(SIDE, SIDE)), size, mode="wrap")
        objects[f"clouds of {size} px"] = 0.5 + 0.15 * rough / rough.std()
    objects["waves"] = 0.5 + 0.3 * np.sin(2 * np.pi * (0.9 * columns + 0.2 * rows) / 60)
    away = np.hypot(rows - SIDE / 2, columns - SIDE / 2)
    objects["soft disk"] = gaussian_filter(np.where(away < 80, 0.3, 0.8), 7)
    return {name: gaussian_filter(grey, 2, truncate=6) for name, grey in objects.items()}


@pytest.mark.parametrize("noise", [0.0, 0.003, 0.02])
@pytest.mark.parametrize("name", FIELDS)
def test_smooth_objects_give_no_number(name: str, noise: float) -> None:
    grey = fields()[name] + np.random.default_rng(1).normal(0, noise, (SIDE, SIDE))
    for sigma in (1.4, 2.6):
        with pytest.raises(ValueError, match=r"region|PSF") as refused:
            refine(grey, GaussianPsf(sigma=sigma))
        assert str(refused.value).endswith(".")
        assert "\n" not in str(refused.value)


@cache
def solid(inner: float, *, round_: bool) -> np.ndarray:
    """Return a ball, or a rod or tube, of 60 px radius, blurred by 2 px, without noise."""
    fine = 3
    rows, columns = (np.indices((SIDE * fine,) * 2) - (fine - 1) / 2) / fine - SIDE / 2
    away = np.hypot(rows, columns) if round_ else columns * np.cos(0.12) + rows * np.sin(0.12)
    thick = [np.sqrt(np.clip(radius**2 - away**2, 0, None)) for radius in (60, inner)]
    grey = gaussian_filter(np.exp(-(thick[0] - thick[1]) / 50), 2 * fine, mode="nearest")
    return grey.reshape(SIDE, fine, SIDE, fine).mean((1, 3))


@pytest.mark.parametrize("noise", [0.001, 0.003, 0.008])
@pytest.mark.parametrize(("inner", "round_"), [(0, True), (0, False), (45, False), (30, False)])
def test_rims_give_no_number(inner: float, round_: bool, noise: float) -> None:
    grey = solid(inner, round_=round_) + np.random.default_rng(1).normal(0, noise, (SIDE, SIDE))
    for sigma in (1.6, 2.4):
        with pytest.raises(ValueError, match=r"no steps|Too few|Beside|not alike"):
            refine(grey, GaussianPsf(sigma=sigma))


@pytest.mark.parametrize("noise", [0.003, 0.02])
@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
def test_a_tail_that_is_left_out_never_misleads(share: float, noise: float) -> None:
    truth = CoreTailPsf(sigma=1.5, tail=share, tail_length=4.0)
    true = mtf50(truth)
    for start in (GaussianPsf(sigma=1.6), CoreTailPsf(sigma=2.0, tail=0.15, tail_length=5.0)):
        try:
            blur = refine(picture(truth, noise), start)
        except ValueError as refused:
            assert "tail" in str(refused) or "only to" in str(refused)  # noqa: PT017
        else:
            found = next(figure for figure in blur.figures if figure.name == "MTF50")
            assert abs(found.value - true) < 2 * 1.96 * found.error
            assert abs(found.value / true - 1) < 0.2


def mtf50(psf: Psf) -> float:
    """Return where the MTF of a core and tail is a half, along an axis, the pixel in it."""
    frequency = np.linspace(0.01, 0.4, 4000)
    plain = psf.plain()
    core = np.exp(-2 * (np.pi * plain["sigma"] * frequency) ** 2)
    tail = (1 + (2 * np.pi * plain["tail_length"] * frequency) ** 2) ** -1.5
    both = (1 - plain["tail"]) * core + plain["tail"] * tail
    return float(frequency[np.argmin(np.abs(both * np.sinc(frequency) - 0.5))])


def test_pixels_without_a_value_are_left_out() -> None:
    grey = picture(GaussianPsf(sigma=2.0), 0.01)
    dead = np.random.default_rng(2).random(grey.shape) < 2e-4
    grey[dead] = np.nan
    grey[:, 100] = np.nan
    blur = refine(grey, GaussianPsf(sigma=1.6))
    assert blur.figures[0].value == pytest.approx(2.0, rel=0.03)


def test_what_can_not_be_refined_gets_one_sentence() -> None:
    grey, start = picture(GaussianPsf(sigma=2.0), 0.01), GaussianPsf()
    with pytest.raises(ValueError, match="2 axes"):
        refine(np.stack([grey] * 3), start)
    with pytest.raises(ValueError, match="2 dimensions"):
        refine(grey, GaussianPsf(dimensions=3))
    with pytest.raises(ValueError, match="narrow"):
        refine(grey, start, [[0, 0], [0, 20], [100, 20], [100, 0]])
    with pytest.raises(ValueError, match="beyond the image"):
        refine(grey, start, [[0, 0], [0, 400], [100, 400], [100, 0]])
    with pytest.raises(ValueError, match="of the region's values are not finite"):
        refine(np.where(grey > 0.8, np.nan, grey), start)
    with pytest.raises(ValueError, match="pixel size"):
        refine(grey, GaussianPsf(unit="mm"))
    with pytest.raises(ValueError, match=r"no sharp edges|not alike|Too few|only to"):
        refine(picture(GaussianPsf(sigma=2.0), 1.0), start)
    with pytest.raises(ValueError, match=r"times as wide|not alike|Too few"):
        refine(grey, GaussianPsf(sigma=0.7))


def test_every_turn_is_told() -> None:
    work = Refinement(picture(GaussianPsf(sigma=2.0), 0.01), GaussianPsf(sigma=1.5))
    turns = list(work.turns())
    assert [turn.number for turn in turns] == list(range(1, turns[0].total + 1))
    assert turns[-1].wider == pytest.approx(2 / 1.5, rel=0.03)
    assert "pieces of edges" in str(turns[-1])
    assert "can't know" in work.result().notes[0]


def test_the_command_writes_what_it_found(tmp_path: Path) -> None:
    scan, out = tmp_path / "scan.tif", tmp_path / "psf.tif"
    io.write(scan, picture(GaussianPsf(sigma=2.0), 0.01).astype(np.float32))
    words = ["psf", "refine", str(scan), "--psf", "gaussian", "--set", "sigma=1.5"]
    words += ["--region", "0,0,239,200", "--out", str(out)]
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["figures"][0]["name"] == "sigma"
    assert told["figures"][0]["value"] == pytest.approx(2.0, rel=0.03)
    assert told["notes"]
    again = ["psf", "refine", str(scan), "--psf", str(out), "--out", str(tmp_path / "b.tif")]
    done = CliRunner().invoke(app, again)
    assert done.exit_code == 0, done.output
    assert "scale" in done.output
    kernels = [io.read(path).array for path in (out, tmp_path / "b.tif")]
    assert [k.max() for k in kernels] == pytest.approx([kernels[0].max()] * 2, rel=0.05)
    done = CliRunner().invoke(app, [*again, "--set", "sigma=2", "--overwrite"])
    assert done.exit_code != 0
    assert "--set changes a shape" in done.output
