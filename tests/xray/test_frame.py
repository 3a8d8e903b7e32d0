"""What is understood of an image: refused, masked, filled, named; its noise and range."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_deconv.core.noise import gaussian_sigma
from napari_deconv.core.scale import Measurement
from napari_deconv.xray.frame import check_image, understand

RNG = np.random.default_rng(0)


def picture(noise: float = 0.01) -> np.ndarray:
    truth = np.full((80, 90), 0.7)
    truth[20:50, 30:33] = 0.1  # a thin wire
    truth[60:70, 10:60] = 0.3
    return gaussian_filter(truth, 1.2) + np.random.default_rng(1).normal(0, noise, truth.shape)


@pytest.mark.parametrize(
    ("image", "sentence"),
    [
        (np.zeros((30, 30, 3), np.uint8), "RGB"),
        (np.zeros((30, 30, 4)), "RGB"),
        (np.zeros((8, 8, 3), np.uint8), "RGB"),
        (np.zeros((5, 40, 4)), "RGB"),
        (np.ma.masked_all((30, 30)), "mask hides every pixel"),
        (np.zeros((30, 30), complex), "complex"),
        (np.array([["a", "b"], ["c", "d"]]), "of type"),
        (np.zeros((0, 30)), "empty"),
        (np.zeros((1, 1)), "1 × 1 pixels"),
        (np.zeros((40, 1)), "40 × 1 pixels"),
        (np.zeros(30), "1 axes"),
        (np.zeros((2, 2, 30, 30)), "4 axes"),
        (np.full((30, 30), np.nan), "no finite value"),
    ],
)
def test_what_is_no_image_is_refused(image: np.ndarray, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as error:
        check_image(image)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "shape", [(2, 2), (3, 40, 40), (30, 30, 5), (4, 4, 4), (3, 8, 8), (3, 40, 3)]
)
def test_images_stacks_and_volumes_pass(shape: tuple[int, ...]) -> None:
    check_image(np.ones(shape))


def test_a_clean_image_has_nothing_to_mask() -> None:
    for noise in (0.0, 0.01, 0.1):
        frame = understand(picture(noise))
        assert frame.valid is None
        assert frame.notes == ()


def test_nan_infinite_and_dead_pixels_are_masked_filled_and_named() -> None:
    image = picture()
    image[5, 5], image[6, 70], image[40, 60], image[40, 61] = np.nan, -np.inf, 0.0, 0.0
    frame = understand(image)
    assert frame.valid is not None
    assert set(map(tuple, np.argwhere(~frame.valid))) == {(5, 5), (6, 70), (40, 60), (40, 61)}
    assert np.isfinite(frame.values).all()
    assert frame.values[40, 60] == pytest.approx(0.7, abs=0.1)
    assert frame.notes == ("2 NaN or infinite pixels masked.", "2 dead pixels masked.")


def test_the_darkest_pixel_of_a_wire_is_not_dead() -> None:
    image = np.round(picture(0.0) * 1000).astype(np.uint16)
    assert understand(image).valid is None


def test_a_flat_top_of_a_noisy_image_is_saturated() -> None:
    counts = np.round(picture() * 90_000).clip(0, 65_535)
    counts[30:40, 60:80] = 65_535
    frame = understand(counts.astype(np.uint16))
    assert frame.valid is not None
    assert not frame.valid[30:40, 60:80].any()
    assert frame.values[35, 70] == 65_535  # at least that: nothing better is known
    assert frame.notes[0].endswith("saturated pixels masked.")


def test_a_flat_background_without_noise_is_not_saturated() -> None:
    assert understand(picture(0.0).clip(None, 0.7)).valid is None
    assert understand(np.full((20, 20), 5.0)).valid is None


@pytest.mark.parametrize("sigma", [0.003, 0.02, 0.1])
def test_noise_is_estimated_within_five_percent(sigma: float) -> None:
    image = picture(0.0) + RNG.normal(0, sigma, (80, 90))
    assert gaussian_sigma(image) == pytest.approx(sigma, rel=0.08)


@pytest.mark.parametrize("sigma", [0.7, 1.5, 6.0])
def test_rounding_to_grey_levels_does_not_quantise_the_noise(sigma: float) -> None:
    image = np.round(120 + RNG.normal(0, sigma, (300, 300)))
    expected = np.hypot(sigma, 1 / np.sqrt(12))
    assert gaussian_sigma(image) == pytest.approx(expected, rel=0.05)


def test_a_picture_without_noise_has_none() -> None:
    assert gaussian_sigma(np.full((40, 40), 3e4, np.float32)) == 0
    ramp = np.add.outer(np.arange(40.0), np.arange(40.0))
    assert gaussian_sigma(ramp.astype(np.float32)) == 0


def test_measurement_scales_with_the_data_and_ignores_outliers() -> None:
    image = picture().astype(np.float32)
    one, thousand = Measurement.of(image), Measurement.of(1000 * image)
    assert thousand.scale == pytest.approx(1000 * one.scale, rel=1e-5)
    assert thousand.noise == pytest.approx(1000 * one.noise, rel=1e-4)
    hot = image.copy()
    hot[3, 3] = 1e6
    assert Measurement.of(hot).scale == pytest.approx(one.scale, rel=0.05)
    masked = image.copy()
    masked[:10] = 1e6
    valid = np.ones(image.shape, bool)
    valid[:10] = False
    assert Measurement.of(masked, valid).scale == pytest.approx(one.scale, rel=0.05)


@pytest.mark.parametrize("value", [0.0, 5.0, -2.0])
def test_a_constant_image_has_a_scale(value: float) -> None:
    assert Measurement.of(np.full((9, 9), value, np.float32)).scale == (abs(value) or 1)


def test_a_point_on_black_has_a_scale() -> None:
    image = np.zeros((200, 200), np.float32)
    image[100, 100] = 7
    assert Measurement.of(image).scale == 7


def test_dead_rows_columns_and_clusters_are_masked() -> None:
    image = picture()
    image[:, 12] = 0
    image[70:73, 70:73] = 0
    frame = understand(image)
    assert frame.valid is not None
    assert not frame.valid[:, 12].any()
    assert not frame.valid[70:73, 70:73].any()
    assert int((~frame.valid).sum()) == 80 + 9


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_not_taken_for_dead_pixels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    step = np.where(np.arange(128) < 64, 250.0, 500.0) * np.ones((128, 1))
    for image in (rng.normal(100, 5, (128, 128)), rng.poisson(50, (128, 128)), rng.poisson(step)):
        assert understand(image).valid is None


def test_a_numpy_mask_hides_pixels_and_is_named() -> None:
    image = np.ma.masked_array(picture(), mask=False)
    image[3:5, 7] = np.ma.masked
    image.data[3, 7], image.data[4, 7] = np.nan, 1e6
    frame = understand(image)
    assert frame.valid is not None
    assert frame.notes == ("2 hidden pixels masked.",)
    assert not frame.valid[3:5, 7].any()
    assert frame.valid.sum() == image.size - 2
    assert abs(frame.values[3:5, 7] - 0.7).max() < 0.1
    assert understand(np.ma.masked_array(picture())).valid is None
    with pytest.raises(ValueError, match="leaves no finite value"):
        understand(np.ma.masked_array([[1.0, np.nan]] * 2, mask=[[True, False]] * 2))


@pytest.mark.parametrize("offset", [1e4, -1e6])
def test_a_far_level_is_subtracted_in_full_precision(offset: float) -> None:
    exact = picture(0.0)
    frame = understand(exact + offset, level=True)
    assert frame.level == pytest.approx(offset + 0.7, abs=0.1)
    rest = frame.values + (frame.level - offset)
    np.testing.assert_allclose(rest, exact, atol=1e-7)
    kept = understand(exact + offset)
    assert kept.level == 0
    assert any("32-bit numbers hold them only to" in note for note in kept.notes)
    assert understand(exact + 3, level=True).level == 0  # near enough
    whole = understand(np.rint(1000 * exact).astype(np.int64) + 2**40, level=True)
    assert np.ptp(whole.values) == np.ptp(np.rint(1000 * exact))
