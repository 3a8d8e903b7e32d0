"""Raw frames become transmission: what the detector did is undone, and only that."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from scipy.ndimage import gaussian_filter

from napari_deconv.core.params import Declared
from napari_deconv.xray.correct import Correction
from napari_deconv.xray.domain import converted
from napari_deconv.xray.spots import without_spots

SHAPE = (80, 100)
rng = np.random.default_rng(7)
PATTERN = 5000 * (1 + 0.05 * rng.normal(size=SHAPE)) * np.linspace(0.8, 1.2, SHAPE[1])
OFFSET = 100 + rng.normal(0, 3, SHAPE)


def part() -> np.ndarray:
    """Return the transmission of a plate with a hole, a wire and a corner, hardly blurred."""
    truth = np.ones(SHAPE)
    truth[20:60, 30:80] = 0.4
    truth[30:40, 40:50] = 0.9
    truth[:, 15] = 0.5
    return gaussian_filter(truth, 0.7)


def shot(scene: np.ndarray | float, seed: int = 0) -> np.ndarray:
    """Return raw counts of a scene."""
    draws = np.random.default_rng(seed)
    counts = draws.poisson(PATTERN * scene) + OFFSET + draws.normal(0, 3, SHAPE)
    return np.rint(counts).astype(np.uint16)


def flats(number: int = 8) -> np.ndarray:
    return np.stack([shot(1.0, 10 + n) for n in range(number)])


def darks(number: int = 8) -> np.ndarray:
    return np.stack([shot(0.0, 50 + n) for n in range(number)])


@pytest.mark.parametrize("combine", ["mean", "median"])
def test_flats_and_darks_give_the_transmission(combine: str) -> None:
    found = Correction(combine=combine).correct(shot(part()), flats(), darks())
    assert found.values.dtype == np.float32
    assert np.abs(found.values - part()).mean() < 0.015  # photon noise is 0.014 rms
    assert found.values[:10, 20:].mean() == pytest.approx(1, abs=0.002)
    assert not found.dead.any()


def test_one_frame_and_a_stack_of_images_do_as_well() -> None:
    stack = np.stack([shot(part(), n) for n in range(3)])
    found = Correction(spots="none").correct(stack, flats()[0], darks()[0])
    alone = [Correction(spots="none").correct(one, flats()[:1], darks()[0]) for one in stack]
    np.testing.assert_allclose(found.values, np.stack([one.values for one in alone]), rtol=1e-6)


def test_without_options_it_is_the_formula() -> None:
    image, flat, dark = shot(part()), flats(), darks()
    found = Correction(spots="none", dead="keep").correct(image, flat, dark)
    formula = (image - dark.mean(0)) / (flat.mean(0) - dark.mean(0))
    np.testing.assert_allclose(found.values, formula, rtol=1e-6)


def test_only_spots_are_replaced_and_they_are_counted() -> None:
    image = shot(part())
    plain = Correction().correct(image, flats(), darks())
    assert plain.spots == 0  # edges, corners, hole and wire stay
    places = ([12, 33, 50, 70], [60, 45, 55, 90])
    image[places] = 60_000
    image[34, 45] = 30_000
    found = Correction().correct(image, flats(), darks())
    assert found.spots == 5
    changed = found.values != plain.values
    assert changed.sum() == 5
    assert np.abs(found.values - part())[changed].max() < 0.1
    assert "5 spot pixels replaced in the image." in found.notes


def test_dark_spots_only_if_asked_for() -> None:
    image = np.random.default_rng(1).normal(1, 0.01, SHAPE)
    image[10, 10] = 0.5
    assert without_spots(image, 5, 6.0)[1].sum() == 0
    replaced, spots = without_spots(image, 5, 6.0, "bright and dark")
    assert np.argwhere(spots).tolist() == [[10, 10]]
    assert replaced[10, 10] == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("angle", ["row", "diagonal", "steep"])
def test_a_bright_line_is_kept_and_a_track_goes_if_asked_for(angle: str) -> None:
    image = np.random.default_rng(2).normal(1, 0.01, SHAPE)
    step = {"row": (0, 1), "diagonal": (1, 1), "steep": (1, 0.4)}[angle]
    along = np.arange(60)
    where = np.zeros(SHAPE, dtype=bool)
    where[(10 + along * step[0]).astype(int), (10 + along * step[1]).astype(int)] = True
    image[where] += 1
    _, kept = without_spots(image, 5, 6.0)
    assert kept.sum() <= 4  # two pixels at either end
    _, gone = without_spots(image, 5, 6.0, keep_lines=False)
    assert (gone == where).all()


def test_spots_of_flats_and_darks_leave_no_trace() -> None:
    image, flat, dark = shot(part()), flats(), darks()
    clean = Correction().correct(image, flat, dark).values
    flat[2, 40, 20] = dark[3, 50, 50] = 60_000
    found = Correction().correct(image, flat, dark)
    assert np.abs(found.values - clean).max() < 0.01
    single = Correction().correct(image, flat[2], dark[3])
    assert abs(single.values[40, 20] - part()[40, 20]) < 0.15
    assert abs(single.values[50, 50] - part()[50, 50]) < 0.15
    assert single.dead.sum() == 0


def test_a_hot_pixel_that_still_responds_is_corrected_not_replaced() -> None:
    image, flat, dark = shot(part()), flats()[0], darks()[0]
    for frame in (image, flat, dark):
        frame[40, 20] += 3000
    found = Correction().correct(image, flat, dark)
    assert found.dead.sum() == 0
    assert found.values[40, 20] == pytest.approx(part()[40, 20], abs=0.1)


def test_dead_pixels_are_found_masked_or_filled() -> None:
    image, flat, dark = shot(part()), flats(), darks()
    where = np.zeros(SHAPE, dtype=bool)
    where[10, 70] = where[40:42, 50:52] = where[:, 90] = True
    image[where], flat[:, where], dark[:, where] = 120, 121, 120
    found = Correction().correct(image, flat, dark)
    assert (found.dead == where).all()
    assert (np.isnan(found.values) == where).all()
    assert f"{where.sum()} dead pixels masked." in found.notes
    filled = Correction(dead="fill").correct(image, flat, dark).values
    assert np.abs(filled - part())[where].max() < 0.1


def test_a_deconvolution_masks_what_the_correction_masked() -> None:
    import napari_deconv as nd

    image, flat = shot(part()), flats()
    image[10, 70] = flat[:, 10, 70] = 100
    found = Correction().correct(image, flat, darks()).values
    restored = nd.deconvolve(found, np.ones((3, 3)) / 9, method="tikhonov")
    assert np.isfinite(restored).all()


def test_saturated_pixels_are_masked() -> None:
    image = shot(part())
    image[60:70, 30:40] = 65535
    found = Correction().correct(image, flats(), darks())
    assert np.isnan(found.values[60:70, 30:40]).all()
    assert "100 saturated pixels masked." in found.notes


def test_domains_follow_from_each_other() -> None:
    image, flat, dark = shot(part()), flats(), darks()
    seen = {
        domain: Correction(domain=domain).correct(image, flat, dark)
        for domain in ("counts", "transmission", "attenuation")
    }
    through = seen["transmission"].values
    np.testing.assert_allclose(seen["attenuation"].values, -np.log(through), atol=1e-6)
    level = np.median(flat.mean(0) - dark.mean(0))
    np.testing.assert_allclose(seen["counts"].values, level * through, rtol=1e-5)
    back = converted(seen["attenuation"].values, "attenuation", "counts", level)
    np.testing.assert_allclose(back, seen["counts"].values, rtol=1e-5)
    assert np.isnan(converted([-0.1, 0.0, 1.0], "transmission", "attenuation")).tolist() == [
        True,
        True,
        False,
    ]
    with pytest.raises(ValueError, match="above 0"):
        converted([1.0], "counts", "transmission", 0)


def test_the_open_field_evens_out_the_dose() -> None:
    stack = np.stack([shot(dose * part()) for dose in (0.8, 1.0, 1.3)])
    field = Correction(open_field="0:12, 20:100")
    found = field.correct(stack, flats(), darks()).values
    assert found[:, :12, 20:].mean(axis=(1, 2)) == pytest.approx([1, 1, 1], abs=1e-5)
    alone = field.correct(stack, None, darks()).values
    assert alone[:, :12, 20:].mean(axis=(1, 2)) == pytest.approx([1, 1, 1], abs=1e-5)


def test_flats_of_unlike_exposure_are_named() -> None:
    flat = np.stack([shot(1.0), shot(2.0)])
    assert any(
        "differ in exposure by 2 times" in n for n in Correction().correct(shot(1), flat).notes
    )
    assert not any("exposure" in n for n in Correction().correct(shot(1), flats()).notes)


def test_the_noise_of_the_flats_is_that_of_the_result() -> None:
    found = Correction().correct(shot(1.0), flats(), darks())
    assert found.noise is not None
    predicted = np.sqrt(found.noise.gain + found.noise.read**2)
    assert found.values.std() == pytest.approx(predicted, rel=0.1)
    assert Correction().correct(shot(1.0), flats()[0], darks()).noise is None


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ((np.ones(SHAPE), np.ones((80, 99)), None), "image's size"),
        ((np.ones(SHAPE), np.ones(SHAPE), np.ones((99, 100))), "image's size"),
        ((np.ones(SHAPE), np.ones(SHAPE), 2 * np.ones(SHAPE)), "no brighter"),
        ((np.ones(SHAPE), None, np.zeros(SHAPE)), "needs flat frames"),
        ((np.ones(SHAPE), np.full(SHAPE, 1j), None), "real grey values"),
        ((np.ones(SHAPE), np.full(SHAPE, np.nan), None), "no brighter"),
        ((np.ones(7), np.ones(7), None), "axes"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(arguments: tuple, word: str) -> None:
    with pytest.raises(ValueError, match=word) as error:
        Correction().correct(*arguments)
    assert str(error.value).endswith(".")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"open_field": "left"}, "write for example"),
        ({"open_field": "5:5, 0:4"}, "is empty"),
        ({"spot_size": 4}, "odd"),
        ({"domain": "dose"}, "domain should be"),
        ({"open_field": "900:910, 0:4"}, "no good pixel"),
    ],
)
def test_options_are_checked(options: dict, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Correction(**options).correct(shot(1.0), flats(), darks())


def test_it_is_plain_data() -> None:
    correction = Correction(domain="counts", open_field="0:5, 0:5", dead="fill")
    assert isinstance(correction, Declared)
    assert Correction(**correction.plain()) == correction


@pytest.mark.parametrize("number", [0, 3])
def test_the_edge_series(shared_data: Path, number: int) -> None:
    image, beam, dark = (
        tifffile.imread(shared_data / f"pairs/neutron_edge_{name}.tif")
        for name in (number, "ob", "dc")
    )
    found = Correction().correct(image, beam, dark)
    formula = (image.astype(float) - dark) / (beam.astype(float) - dark)
    same = np.isclose(found.values, formula, rtol=1e-5)
    assert same.mean() > 0.98  # the rest are gamma spots
    good = np.isfinite(found.values)
    assert found.values[good].max() < 1.3 < 2 < image.max() / beam.min()
    assert found.values[good].min() > -0.2
    corner = np.s_[:80, :80]  # open beam around the absorber
    assert np.nanmean(found.values[corner]) == pytest.approx(np.median(formula[corner]), rel=0.01)


def test_the_wedge_reads_alike_at_every_dose(shared_data: Path) -> None:
    through = []
    for exposure in ("005", "010", "120"):
        image, beam, dark = tifffile.imread(shared_data / f"dose/neutron_wedge_{exposure}s.tif")
        through.append(Correction().correct(image, beam, dark).values)
    long = through[2]
    for short in through[:2]:
        both = np.isfinite(short) & np.isfinite(long)
        assert np.median(short[both] / long[both]) == pytest.approx(1, abs=0.03)
        assert np.corrcoef(short[both], long[both])[0, 1] > 0.95
