"""PSNR, NRMSE and SSIM against their definitions and against scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from napari_deconv.evidence.reference import Psnr, format_level, nrmse, peak, psnr, ssim


@pytest.fixture
def pair():
    rng = np.random.default_rng(3)
    truth = rng.uniform(0.1, 0.8, (40, 50))
    return truth + rng.normal(0, 0.02, truth.shape), truth


def test_psnr_is_the_definition_with_the_maximum_of_the_reference(pair):
    estimate, truth = pair
    value, scale = psnr(estimate, truth)
    assert scale == truth.max()
    assert value == pytest.approx(
        peak_signal_noise_ratio(truth, estimate, data_range=truth.max()), abs=1e-9
    )


def test_psnr_of_a_known_offset():
    assert psnr(np.full((4, 4), 0.9), np.ones((4, 4))).value == pytest.approx(20.0)


def test_a_profile_takes_the_range_of_the_whole_reference(pair):
    estimate, truth = pair
    row = int(np.argmin(truth.max(axis=1)))
    part = psnr(estimate[row], truth[row], data_range=peak(truth))
    own = psnr(estimate[row], truth[row])
    assert part.data_range == truth.max() > own.data_range
    assert part.value - own.value == pytest.approx(
        20 * np.log10(truth.max() / truth[row].max()), abs=1e-9
    )


def test_pixels_that_are_not_finite_are_left_out(pair):
    estimate, truth = pair
    clean = np.ones(truth.shape, bool)
    clean[2, 3] = clean[5, 5] = False
    estimate[2, 3], truth[5, 5] = np.inf, np.nan
    expected = np.mean((estimate[clean] - truth[clean]) ** 2)
    value, scale = psnr(estimate, truth)
    assert value == pytest.approx(10 * np.log10(np.nanmax(truth) ** 2 / expected))
    assert scale == np.nanmax(truth)
    assert nrmse(estimate, truth) == pytest.approx(
        np.sqrt(expected / np.mean(truth[clean] ** 2)), rel=1e-9
    )


def test_unsigned_integers_do_not_wrap_round():
    truth = np.full((8, 8), 10, np.uint16)
    assert psnr(truth - np.uint16(1), truth).value == pytest.approx(20.0)
    assert psnr(truth + np.uint16(1), truth).value == pytest.approx(20.0)


def test_equal_arrays_are_infinitely_alike(pair):
    _, truth = pair
    assert psnr(truth, truth).value == np.inf
    assert str(psnr(truth, truth)).startswith("∞ dB")
    assert nrmse(truth, truth) == 0
    assert ssim(truth, truth) == pytest.approx(1.0)


def test_ssim_is_that_of_scikit_image_away_from_the_border(pair):
    estimate, truth = pair
    expected = structural_similarity(
        truth,
        estimate,
        data_range=truth.max(),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert ssim(estimate, truth) == pytest.approx(expected, abs=1e-9)


def test_ssim_leaves_out_windows_with_a_bad_pixel(pair):
    estimate, truth = pair
    broken = estimate.copy()
    broken[20, 25] = np.nan
    spoilt = estimate.copy()
    spoilt[20, 25] = 0.0
    assert abs(ssim(broken, truth) - ssim(estimate, truth)) < 0.005
    assert ssim(spoilt, truth) < ssim(broken, truth)


def test_a_psnr_says_its_range():
    assert str(Psnr(35.0712, 0.86)) == "35.07 dB (K = 0.86)"
    assert format_level(5462.0) == "5462"
    assert format_level(65535) == "65535"
    assert format_level(1.2e-4) == "0.00012"


@pytest.mark.parametrize("measure", [psnr, nrmse, ssim])
def test_another_shape_is_refused_in_one_sentence(measure):
    with pytest.raises(ValueError, match=r"one shape, not \(20, 20\) and \(20, 21\)\.$"):
        measure(np.ones((20, 20)), np.ones((20, 21)))


@pytest.mark.parametrize(
    ("estimate", "reference", "message"),
    [
        (np.ones((3, 3)), np.zeros((3, 3)), "range above zero"),
        (np.ones((3, 3)), np.full((3, 3), np.nan), "No pixel is finite"),
        (np.ones((3, 3)) * 1j, np.ones((3, 3)), "real"),
    ],
)
def test_what_has_no_psnr_is_refused(estimate, reference, message):
    with pytest.raises(ValueError, match=message):
        psnr(estimate, reference)


def test_small_pictures_have_no_ssim():
    with pytest.raises(ValueError, match="11 pixels"):
        ssim(np.ones((10, 30)), np.ones((10, 30)))
