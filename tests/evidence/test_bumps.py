"""FWHM and depth of a wire against the analytic ones, and none where no wire stands alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf

from napari_deconv.evidence.bumps import dip_depth, find_bump, fwhm
from napari_deconv.evidence.profile import Profile, line_profile

GAUSSIAN = 2.3548  # FWHM of a Gaussian in sigma


def wire_picture(sigma, angle=0.0, noise=0.0, height=-0.6, seed=0):
    y, x = np.mgrid[:121, :201].astype(float)
    u = (x - 100.3) * np.cos(angle) + (y - 60) * np.sin(angle)
    image = 1 + height * np.exp(-(u**2) / (2 * sigma**2))
    return image + np.random.default_rng(seed).normal(0, noise, image.shape)


def across(image, angle=0.0, half=70.0):
    d = half * np.array([np.sin(angle), np.cos(angle)])
    return line_profile(image, [np.array([60, 100]) - d, np.array([60, 100]) + d], width=3.0)


@pytest.mark.parametrize("height", [-0.6, 0.6])
@pytest.mark.parametrize("angle", [0.0, 0.3])
@pytest.mark.parametrize(("sigma", "tolerance"), [(1.5, 0.04), (3.0, 0.01), (6.0, 0.01)])
def test_a_gaussian_wire(sigma, tolerance, angle, height):
    profile = across(wire_picture(sigma, angle, height=height), angle)
    assert fwhm(profile) == pytest.approx(GAUSSIAN * sigma, rel=tolerance)
    bump = find_bump(profile)
    assert bump.position == pytest.approx(70.3 - 0.3 * (1 - np.cos(angle)), abs=0.2)
    assert bump.height == pytest.approx(height, rel=0.05)
    assert bump.background == pytest.approx(1.0, abs=0.01)


def test_depth_is_relative_to_the_background():
    profile = across(wire_picture(3.0))
    assert dip_depth(profile) == pytest.approx(0.6, abs=0.005)
    assert dip_depth(Profile(profile.distance, 40 * profile.values, 1.0)) == pytest.approx(
        0.6, abs=0.005
    )


def test_a_peak_has_no_depth():
    assert dip_depth(across(wire_picture(3.0, height=0.6))) is None


def test_a_dip_below_zero_has_no_depth_but_a_width():
    profile = across(wire_picture(3.0) - 0.7)
    assert dip_depth(profile) is None
    assert fwhm(profile) == pytest.approx(GAUSSIAN * 3, rel=0.01)


def test_a_wire_on_a_slope_and_beside_a_step():
    x = np.arange(0, 180, 0.5)
    wire = -0.3 * np.exp(-((x - 90) ** 2) / (2 * 2.0**2))
    for background in (1 + 0.002 * x, 1 + 0.5 * (x > 130)):
        assert fwhm(Profile(x, background + wire, 1.0)) == pytest.approx(GAUSSIAN * 2, rel=0.02)


def test_a_flat_bar_has_its_own_width():
    x = np.arange(0, 180, 0.5)
    bar = 0.5 * (erf((x - 80) / 1.0) - erf((x - 100) / 1.0))
    assert fwhm(Profile(x, 1 - 0.4 * bar, 1.0)) == pytest.approx(20.0, abs=0.1)


def test_noise_spreads_but_does_not_shift_the_width():
    widths = [fwhm(across(wire_picture(2.0, 0.2, 0.02, seed=s), 0.2)) for s in range(40)]
    assert None not in widths
    assert np.mean(widths) == pytest.approx(GAUSSIAN * 2.0, rel=0.03)
    assert np.std(widths) < 0.06 * GAUSSIAN * 2.0


X = np.arange(0, 180, 0.5)
NO_WIRE = {
    "flat": 0 * X + 1,
    "ramp": 1 + 0.005 * X,
    "slow wave": 1 + 0.2 * np.sin(X / 30),
    "sine of 3 px": 1 + 0.3 * np.sin(2 * np.pi * X / 3),
    "sine of 10 px": 1 + 0.3 * np.sin(2 * np.pi * X / 10),
    "sharp edge": 1 + 0.5 * erf((X - 90) / 1.0),
    "soft edge": 1 + 0.5 * erf((X - 90) / 6.0),
    "ringing edge": 1
    + 0.3 * erf(X - 90)
    + 0.06 * np.exp(-((np.abs(X - 90) - 3) ** 2)) * np.sign(X - 90),
    "wire at the end": 1 - 0.5 * np.exp(-((X - 176) ** 2) / 18),
    "two wires": 1 - np.exp(-((X - 70) ** 2) / 18) - 0.8 * np.exp(-((X - 120) ** 2) / 18),
}


@pytest.mark.parametrize("name", NO_WIRE)
@pytest.mark.parametrize("noise", [0.0, 0.01, 0.1])
def test_no_width_where_no_wire_stands_alone(name, noise):
    for seed in range(20):
        pixels = np.random.default_rng(seed).normal(0, noise, X.size // 2)
        profile = Profile(X, NO_WIRE[name] + np.repeat(pixels, 2), 1.0)
        assert fwhm(profile) is None
        assert dip_depth(profile) is None


def test_a_wire_that_noise_hides_has_no_width():
    for seed in range(20):
        assert fwhm(across(wire_picture(2.0, noise=0.3, seed=seed))) is None
