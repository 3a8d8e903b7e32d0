"""Blur measured from edges that were made independently, integrated over the pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter
from scipy.special import ndtr

from napari_deconv.psf.directed import EllipticPsf
from napari_deconv.psf.edge import fit_edge
from napari_deconv.psf.line_spread import aperture, gaussian
from napari_deconv.psf.measure import measure
from napari_deconv.psf.spread_curves import SpreadCurves

BOX = np.array([[8, 8], [8, 87], [87, 87], [87, 8]])
SUB = 7


def edge(
    sigma: float,
    angle: float,
    noise: float = 0.0,
    *,
    dark: bool = False,
    seed: int = 0,
    size: int = 96,
) -> np.ndarray:
    """Return a Gaussian edge between 0.2 and 0.9, averaged over 7 x 7 samples of each pixel."""
    normal = np.deg2rad(angle)
    rows, columns = np.indices((size, size)) - (size - 1) / 2
    offsets = (np.arange(SUB) - (SUB - 1) / 2) / SUB
    rise = np.zeros((size, size))
    for down in offsets:
        for right in offsets:
            distance = (columns + right) * np.cos(normal) + (rows + down) * np.sin(normal) - 0.3
            rise += ndtr(distance / sigma) / SUB**2
    grey = 0.2 + 0.7 * (1 - rise if dark else rise)
    return grey + np.random.default_rng(seed).normal(0, 0.7 * noise, grey.shape)


@pytest.mark.parametrize("sigma", [0.7, 2.0, 8.0])
@pytest.mark.parametrize("angle", [0, 1.5, 3, 17, 45, 88, -60, 179])
@pytest.mark.parametrize("dark", [False, True])
def test_the_width_within_two_percent(sigma: float, angle: float, dark: bool) -> None:
    found = fit_edge(edge(sigma, angle, 0.01, dark=dark), BOX)
    assert found.values[0] == pytest.approx(sigma, rel=0.02)
    assert (found.angle - angle + 90) % 180 - 90 == pytest.approx(0, abs=0.1)
    assert found.levels == pytest.approx((0.2, 0.9), abs=0.005)
    assert found.noise == pytest.approx(0.007, rel=0.1)


def test_the_interval_holds_the_truth() -> None:
    inside = 0
    for seed in range(10):
        low, high = fit_edge(edge(2.0, 3, 0.02, seed=seed), BOX).interval()
        inside += low <= 2.0 <= high
        assert high - low < 0.08
    assert inside >= 8


def test_other_models_find_their_own() -> None:
    """A core with a tail, and a disk, blurred by filters of SciPy's."""
    rows, columns = np.indices((7 * 128, 7 * 128))
    fine = ((columns + 0.05 * rows) > 470).astype(float)
    core, tail = (gaussian_filter(fine, 7 * s, truncate=6) for s in (1.5, 6.0))
    picture = 0.75 * core + 0.25 * tail
    picture = picture.reshape(128, 7, 128, 7).mean((1, 3))
    box = [[20, 10], [20, 110], [107, 110], [107, 10]]
    found = fit_edge(picture, box, "core-tail")
    assert found.values[0] == pytest.approx(1.5, abs=0.15)
    assert found.values[1] == pytest.approx(0.25, abs=0.12)
    rest = [fit_edge(picture, box, model).noise for model in ("core-tail", "gaussian")]
    assert rest[0] < 0.5 * rest[1]


@pytest.mark.parametrize("angle", [1.5, 3, 17, 88])
@pytest.mark.parametrize("sigma", [0.7, 1.5, 4.0])
def test_the_measured_mtf_is_the_analytic_one(angle: float, sigma: float) -> None:
    curves = SpreadCurves.of(fit_edge(edge(sigma, angle), BOX))
    below = curves.frequency <= 0.5
    frequency = curves.frequency[below]
    true = gaussian(frequency, sigma) * aperture(frequency, (np.deg2rad(angle),))
    assert np.abs(curves.modulation[below] - true).max() < 0.01
    assert curves.line.sum() / 16 == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("angle", [0, 45, 90])
def test_where_rows_sample_alike_there_is_only_the_model(angle: float) -> None:
    found = fit_edge(edge(1.5, angle), BOX)
    with pytest.raises(ValueError, match="samples the edge at the same places"):
        SpreadCurves.of(found)
    frequency = np.linspace(0, 0.5, 50)
    true = gaussian(frequency, 1.5) * aperture(frequency, (np.deg2rad(angle),))
    assert np.abs(found.modulation(frequency) - true).max() < 0.01


def test_the_curve_turned_around_is_the_psf() -> None:
    blur = measure(edge(2.0, 3, 0.002, size=160), [BOX + 32], model="curve")
    array = blur.psf.kernel()
    middle = array.shape[0] // 2
    true = EllipticPsf(sigma_long=2, sigma_short=2).kernel()
    half = min(middle, true.shape[0] // 2)
    cut = np.s_[middle - half : middle + half + 1]
    own = np.s_[true.shape[0] // 2 - half : true.shape[0] // 2 + half + 1]
    assert np.abs(array[cut, cut] - true[own, own]).max() < 0.03 * true.max()
    assert array.min() >= 0
    assert array.sum() == pytest.approx(1)


def test_edges_at_several_angles_tell_an_ellipse() -> None:
    turn = np.deg2rad(-30)  # towards the top, where rows fall
    long, short = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    spread = 9 * np.outer(long, long) + 2.25 * np.outer(short, short)
    canvas, boxes = np.zeros((100, 400)), []
    for number, angle in enumerate((3, 50, 95, 140)):
        normal = np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
        sigma = float(np.sqrt(normal @ spread @ normal))
        part = np.s_[:, 100 * number : 100 * number + 100]
        canvas[part] = edge(sigma, angle, 0.005, size=100, seed=number)
        boxes.append(BOX + np.array([0, 100 * number]))
    blur = measure(canvas, boxes, model="ellipse")
    assert isinstance(blur.psf, EllipticPsf)
    assert blur.psf.sigma_long == pytest.approx(3, rel=0.02)
    assert blur.psf.sigma_short == pytest.approx(1.5, rel=0.02)
    assert blur.psf.angle == pytest.approx(30, abs=1)
    with pytest.raises(ValueError, match="run the same way"):
        measure(canvas, boxes[:1], model="ellipse")


@pytest.mark.parametrize("shift", [1e4, -5.0])
@pytest.mark.parametrize("scale", [1e-3, 4e4])
def test_scale_and_offset_do_not_matter(shift: float, scale: float) -> None:
    picture = edge(2.0, 3, 0.01)
    found = fit_edge(scale * picture + shift * scale, BOX).values[0]
    assert found == pytest.approx(fit_edge(picture, BOX).values[0], rel=1e-3)


def bad(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture and a box in which no edge can be measured."""
    rows, columns = np.indices((128, 128))
    noise = np.random.default_rng(1).normal(0, 0.007, (128, 128))
    step = gaussian_filter((columns > 45) * 0.7 + 0.2, 1.5) + noise

    def soft(mask: np.ndarray) -> np.ndarray:
        return gaussian_filter(mask * 0.7 + 0.2, 1.5) + noise

    narrow = np.array([[8, 44], [8, 46.5], [87, 46.5], [87, 44]])
    outside = np.array([[8, 80], [8, 160], [60, 160], [60, 80]])
    aside = np.array([[8, 43], [8, 87], [87, 87], [87, 43]])
    cases = {
        "none": (0.5 + noise, BOX),
        "even": (np.full((128, 128), 0.5), BOX),
        "ramp": (columns / 128 + noise, BOX),
        "two": (soft((columns > 30) & (columns < 60)), BOX),
        "two up": (0.4 * soft(columns > 30) + 0.6 * soft(columns > 60), BOX),
        "circle": (soft(np.hypot(rows - 48, columns + 10) < 60), BOX),
        "bend": (soft(np.hypot(rows - 48, columns + 450) < 500), BOX),
        "corner": (soft((columns > 45) & (rows > 45)), BOX),
        "saturated": (np.minimum(step, 0.88), BOX),
        "narrow": (step, narrow),
        "outside": (step, outside),
        "aside": (step, aside),
        "nan": (np.full((128, 128), np.nan), BOX),
        "wide blur": (gaussian_filter((columns > 45) * 0.7, 18) + noise, BOX),
    }
    return cases[name]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("none", "no edge in the box"),
        ("even", "no edge in the box"),
        ("ramp", "no edge in the box"),
        ("two", "two edges"),
        ("two up", "two edges"),
        ("circle", "not straight"),
        ("bend", "not straight"),
        ("corner", "not straight|two edges"),
        ("saturated", "saturated at 0.88"),
        ("narrow", "2 pixels narrow"),
        ("outside", "beyond the image"),
        ("aside", "rim of the box"),
        ("nan", "no finite value"),
        ("wide blur", "wider box|rim of the box|no edge"),
    ],
)
def test_bad_boxes_say_what_to_draw(name: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        fit_edge(*bad(name))
    assert "\n" not in str(caught.value)
    assert any(word in str(caught.value) for word in ("draw", "measure", "add"))


@pytest.mark.parametrize("turn", [0, 1e-6, 3, 20, 45, 80])
def test_boxes_may_be_turned_or_lie_between_pixels(turn: float) -> None:
    picture = edge(2.0, turn, 0.01, size=160)
    c, s = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    around = (np.array([[-35, -30], [-35, 30], [35, 30], [35, -30]])) @ [[c, -s], [s, c]] + 79.5
    for shift in np.random.default_rng(0).uniform(-2, 2, (8, 2)):
        found = fit_edge(picture, around + shift)
        assert found.values[0] == pytest.approx(2.0, rel=0.02)
    jitter = np.random.default_rng(1).normal(0, 1e-6, (8, 4, 2))
    for moved in jitter:
        assert fit_edge(picture, around + moved).values[0] == pytest.approx(2.0, rel=0.02)


def test_a_part_that_the_edge_does_not_need_is_named_and_leaves_a_psf() -> None:
    blur = measure(edge(2.0, 3, 0.01, size=160), [BOX], model="disk-gaussian")
    assert np.isfinite(blur.psf.kernel()).all()
    assert any("choose a simpler model" in note for note in blur.notes)
    assert np.isfinite([figure.value for figure in blur.figures]).all()


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("model", ["gaussian", "curve"])
def test_an_edge_whose_foot_is_cut_off_is_named(model: str, dark: bool) -> None:
    """As in a CT slice whose air is stored as 0: the blur looks narrower than it is."""
    whole = edge(0.5, 3, 0.015, dark=dark)
    cut = np.maximum(whole, 0.2 + 0.7 * 0.05)
    before, after = (measure(picture, [BOX], model=model) for picture in (whole, cut))
    assert not any("cut off" in note for note in before.notes)
    assert any("dark side is all one value" in note for note in after.notes)
    mtf50 = [{f.name: f.value for f in blur.figures}["MTF50"] for blur in (before, after)]
    assert mtf50[1] > 1.05 * mtf50[0]


def test_spots_are_left_out() -> None:
    picture = edge(2.0, 3, 0.01)
    rng = np.random.default_rng(2)
    picture[rng.integers(0, 96, 40), rng.integers(0, 96, 40)] = 3
    assert fit_edge(picture, BOX).values[0] == pytest.approx(2.0, rel=0.02)


def transmission(shared_data: Path, number: int) -> np.ndarray:
    """Return a flat-fielded radiograph of the edge series."""
    pairs = shared_data / "pairs"
    dark, flat, image = (
        tifffile.imread(pairs / f"neutron_edge_{name}.tif").astype(float)
        for name in ("dc", "ob", number)
    )
    return (image - dark) / (flat - dark)


@pytest.mark.parametrize(
    ("number", "side", "sigma"),
    [(0, "top", 2.05), (0, "left", 1.90), (3, "top", 2.31), (3, "left", 2.18)],
)
def test_real_edges(shared_data: Path, number: int, side: str, sigma: float) -> None:
    first = 35 if number == 0 else 38
    top = [[first, 200], [first, 400], [first + 80, 400], [first + 80, 200]]
    box = top if side == "top" else [[column, row] for row, column in top]
    if side == "left" and number == 3:
        box = [[row, column + 6] for row, column in box]
    found = measure(transmission(shared_data, number), [box])
    assert found.figures[0].value == pytest.approx(sigma, rel=0.04)
    assert any("structure" in note for note in found.notes)  # a Gaussian is not all of it
