"""The re-blur check on data whose noise and PSF are known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.signal import convolve

from napari_deconv.evidence.implied import Implied
from napari_deconv.evidence.leftover import Expectation, residual
from napari_deconv.evidence.local_misfit import Local
from napari_deconv.evidence.rates import OF, SEEN, meaning
from napari_deconv.evidence.residual import ResidualCheck, residual_check

ALL_LEFT = Expectation(1.0, 0.0)


def check_of(estimate, data, blur, sigma, mask=None, **more):
    """Return the check of what a picture leaves that follows none of the noise."""
    left = residual(estimate, data, blur, sigma, mask)
    return residual_check(left, expected=ALL_LEFT, **more)


def kernel(shape, seed=5):
    return np.random.default_rng(seed).uniform(0.1, 1.0, shape)


def scene(shape=(96, 110), seed=1):
    return gaussian_filter(np.random.default_rng(seed).uniform(0, 10, shape), 1.5)


@pytest.mark.parametrize("shape", [(5, 7), (6, 4), (7, 8), (1, 6)])
def test_the_truth_leaves_only_the_noise(shape):
    truth, psf = scene(), kernel(shape)
    noise = np.random.default_rng(2).normal(0, 0.03, truth.shape)
    data = convolve(truth, psf / psf.sum(), mode="same", method="direct") + noise
    check = check_of(truth, data, psf, 0.03)
    inner = tuple(slice(k // 2, n - k // 2) for n, k in zip(truth.shape, shape, strict=True))
    assert check.chi2 == pytest.approx(np.mean((noise[inner] / 0.03) ** 2), rel=1e-9)
    assert check.pixels == noise[inner].size
    assert abs(check.whiteness) < 0.03
    assert check.agrees
    assert "agrees with the data" in str(check)


@pytest.mark.parametrize("shape", [(6, 8), (5, 5)])
def test_a_psf_taken_one_pixel_aside_is_found_out(shape):
    truth, psf = scene(), kernel(shape)
    data = convolve(np.roll(truth, 1, axis=1), psf / psf.sum(), mode="same")
    data += np.random.default_rng(2).normal(0, 0.02, truth.shape)
    check = check_of(truth, data, psf, 0.02)
    assert check.chi2 > 10
    assert not check.agrees
    assert "more than the noise" in str(check)


def test_what_lies_beyond_the_frame_is_left_out():
    wide, psf = scene((140, 140)), kernel((21, 21))
    frame = (slice(20, -20), slice(20, -20))
    data = convolve(wide, psf / psf.sum(), mode="same")[frame]
    data += np.random.default_rng(0).normal(0, 0.01, data.shape)
    assert check_of(wide[frame], data, psf, 0.01).chi2 == pytest.approx(1.0, abs=0.05)


def test_noise_that_varies_over_the_picture():
    truth = 50 + 10 * scene()
    rng = np.random.default_rng(4)
    data = rng.poisson(truth).astype(float)
    point = np.ones((1, 1))
    check = check_of(truth, data, point, np.sqrt(truth))
    assert check.chi2 == pytest.approx(1.0, abs=0.05)
    assert check_of(truth, data, point, 1.0).chi2 == pytest.approx(truth.mean(), rel=0.1)


def test_a_pattern_in_the_residual_is_not_white():
    truth, psf = scene(), kernel((3, 3))
    pattern = gaussian_filter(np.random.default_rng(2).normal(size=truth.shape), 2.0)
    pattern *= 0.03 / pattern.std()
    data = convolve(truth, psf / psf.sum(), mode="same") + pattern
    check = check_of(truth, data, psf, 0.03)
    assert check.chi2 == pytest.approx(1.0, abs=0.1)
    assert check.whiteness > 0.8
    assert check.light == "red"
    assert "by a strong pattern" in str(check)


def test_a_result_that_follows_the_noise_is_named():
    data = scene() + np.random.default_rng(2).normal(0, 0.1, (96, 110))
    assert "follows the data's noise" in str(check_of(data - 0.01, data, np.ones((1, 1)), 0.1))


def test_a_function_may_blur_and_a_mask_leaves_out():
    truth = scene()
    data = gaussian_filter(truth, 2.0)
    data[10, 10] = np.nan
    data[50:60] += 5
    mask = np.ones(truth.shape, bool)
    mask[50:60] = False
    check = check_of(truth, data, lambda u: gaussian_filter(u, 2.0), 0.1, mask)
    assert check.chi2 == pytest.approx(0.0, abs=1e-12)
    assert check.pixels == mask.sum() - 1


def test_volumes_are_checked_too():
    truth = gaussian_filter(np.random.default_rng(0).uniform(0, 9, (24, 26, 28)), 1.0)
    psf = kernel((3, 4, 5))
    data = convolve(truth, psf / psf.sum(), mode="same")
    data += np.random.default_rng(1).normal(0, 0.05, truth.shape)
    assert check_of(truth, data, 7 * psf, 0.05).chi2 == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": np.ones((5, 6))}, "one shape"),
        ({"estimate": np.full((9, 9), np.nan)}, "not finite"),
        ({"blur": np.zeros((3, 3))}, "sum to zero"),
        ({"blur": np.ones(3)}, "dimensions"),
        ({"blur": np.ones((11, 3))}, "wider than the picture"),
        ({"sigma": 0.0}, "above zero"),
        ({"sigma": np.ones((4, 4))}, "Sigma .* shape"),
        ({"mask": np.zeros((9, 9), bool)}, "No pixel is left"),
        ({"mask": np.ones((4, 4), bool)}, "mask .* shape"),
    ],
)
def test_what_cannot_be_checked_is_refused(change, message):
    given = {"estimate": np.ones((9, 9)), "data": np.ones((9, 9)), "sigma": 1.0}
    given["blur"] = np.ones((3, 3))
    with pytest.raises(ValueError, match=message):
        check_of(**(given | change))


def calm(**changes):
    """Return a check that is green, but for what is changed."""
    quiet = Local(share=0.0, strongest=3.0, number=1000, blocks=500)
    given = {"chi2": 0.9, "whiteness": -0.1, "pixels": 40_000, "local": quiet}
    return ResidualCheck(**{**given, "expected": Expectation(0.9, -0.1), **changes})


@pytest.mark.parametrize(
    ("changes", "light", "words"),
    [
        ({}, "green", "agrees with the data"),
        ({"chi2": 1.06}, "yellow", "by more than the noise"),
        ({"chi2": 1.3}, "red", "by far more than the noise"),
        ({"chi2": 0.7}, "yellow", "follows the data's noise"),
        ({"whiteness": -0.04}, "yellow", "by a pattern"),
        ({"whiteness": 0.05}, "red", "by a strong pattern"),
        ({"local": Local(0.002, 6.5, 1000, 500)}, "green", "on the whole; in 1 block of 500"),
        ({"local": Local(0.002, 7.5, 1000, 500)}, "yellow", "in places: in 1 block of 500 (0.2 %)"),
        ({"local": Local(0.002, 15.0, 1000, 500)}, "red", "in places"),
        ({"local": Local(0.05, 5.0, 1000, 500)}, "red", "in places"),
        ({"implied": Implied(-2.0, 0.1, 0.2, -2.0)}, "green", "agrees"),
        ({"implied": Implied(0.3, 0.1, 0.2, 0.0)}, "yellow", "it is too wide, unless"),
        ({"implied": Implied(0.5, 0.1, 0.2, -2.0)}, "green", "agrees"),
        ({"implied": Implied(0.5, 0.1, 0.2, 0.0)}, "red", "its PSF does not fit the data"),
        ({"implied": Implied(0.5, 0.1, 0.9, 0.0)}, "green", "agrees"),
        ({"whiteness": 0.0, "neighbours": 0.3}, "green", "agrees"),
        ({"whiteness": 0.0, "pixels": 500}, "green", "agrees"),
    ],
)
def test_the_light_says_how_far_off_it_is(changes, light, words):
    check = calm(**changes)
    assert check.light == light
    assert words in str(check)
    assert check.agrees == (light == "green")


def test_a_light_says_what_it_means_at_the_noise():
    for level, seen in SEEN.items():
        said = meaning("green", level)
        assert f"{round(100 * level)} % noise" in said
        assert seen.twice < OF or "twice too wide was seen always" in said
    assert "hides more" in meaning("green", 0.2)
    assert "hides more" not in meaning("green", 0.03)
    assert calm(chi2=2.0).meaning.startswith("Red")
