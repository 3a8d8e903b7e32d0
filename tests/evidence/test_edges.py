"""10-90 % edge widths against the analytic one, and no width where there is no edge."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf

from napari_deconv.evidence.edges import edge_width, find_edges
from napari_deconv.evidence.profile import Profile, line_profile

GAUSSIAN = 2.563  # 10-90 % width of a Gaussian's integral, in sigma


def edge_picture(sigma, angle=0.0, noise=0.0, height=0.6, seed=0):
    y, x = np.mgrid[:121, :201].astype(float)
    u = (x - 100.3) * np.cos(angle) + (y - 60) * np.sin(angle)
    image = 0.5 + 0.5 * height * erf(u / (sigma * np.sqrt(2)))
    return image + np.random.default_rng(seed).normal(0, noise, image.shape)


def across(image, angle=0.0, width=3.0, half=45.0):
    d = half * np.array([np.sin(angle), np.cos(angle)])
    return line_profile(image, [np.array([60, 100]) - d, np.array([60, 100]) + d], width=width)


@pytest.mark.parametrize("angle", [0.0, 0.3, np.pi / 4])
@pytest.mark.parametrize(
    ("sigma", "tolerance"), [(1.0, 0.05), (1.5, 0.02), (3.0, 0.01), (6.0, 0.01)]
)
def test_a_gaussian_edge(sigma, tolerance, angle):
    width = edge_width(across(edge_picture(sigma, angle), angle))
    assert width == pytest.approx(GAUSSIAN * sigma, rel=tolerance)


def test_a_falling_edge_is_as_wide():
    image = edge_picture(2.0)
    assert edge_width(across(1 - image)) == pytest.approx(edge_width(across(image)), rel=1e-9)


def test_the_width_is_in_world_units():
    affine = np.diag([1 / 0.1, 1 / 0.1, 1.0])
    profile = line_profile(edge_picture(2.0), [[6.0, 5.5], [6.0, 14.5]], affine)
    assert edge_width(profile) == pytest.approx(0.1 * GAUSSIAN * 2.0, rel=0.02)


def test_grey_values_may_have_any_scale_and_offset():
    image = edge_picture(2.0, noise=0.005)
    expected = edge_width(across(image))
    assert edge_width(across(4000 * image + 1e4)) == pytest.approx(expected, rel=1e-6)
    assert edge_width(across(1e-6 * image - 1e-6)) == pytest.approx(expected, rel=1e-6)


def test_noise_spreads_but_does_not_shift_the_width():
    widths = [edge_width(across(edge_picture(2.0, 0.2, 0.02, seed=s), 0.2)) for s in range(40)]
    assert None not in widths
    assert np.mean(widths) == pytest.approx(GAUSSIAN * 2.0, rel=0.04)
    assert np.std(widths) < 0.12 * GAUSSIAN * 2.0


def test_overshoot_is_not_taken_for_the_level():
    x = np.arange(0, 120, 0.5)
    u = x - 60
    ringing = 0.08 * np.exp(-(((np.abs(u) - 5) / 2) ** 2)) * np.sign(u)
    plain = Profile(x, 0.5 * erf(u / (1.5 * np.sqrt(2))), 1.0)
    rung = Profile(x, plain.values + ringing, 1.0)
    assert edge_width(rung) == pytest.approx(edge_width(plain), rel=0.06)


def test_two_edges_are_told_apart():
    x = np.arange(0, 200, 0.5)
    values = erf((x - 60) / (1.5 * np.sqrt(2))) + 2 * erf((x - 140) / (4 * np.sqrt(2)))
    first, second = find_edges(Profile(x, values, 1.0))
    assert (first.position, second.position) == (
        pytest.approx(60, abs=0.1),
        pytest.approx(140, abs=0.1),
    )
    assert first.width == pytest.approx(GAUSSIAN * 1.5, rel=0.03)
    assert second.width == pytest.approx(GAUSSIAN * 4, rel=0.03)
    assert second.height == pytest.approx(4.0, rel=0.01)
    assert edge_width(Profile(x, values, 1.0)) == second.width


X = np.arange(0, 180, 0.5)
NO_EDGE = {
    "flat": 0 * X + 1,
    "ramp": 1 + 0.005 * X,
    "slow wave": 1 + 0.2 * np.sin(X / 30),
    "sine of 3 px": 1 + 0.3 * np.sin(2 * np.pi * X / 3),
    "sine of 4 px": 1 + 0.3 * np.sin(2 * np.pi * X / 4),
    "sine of 6 px": 1 + 0.3 * np.sin(2 * np.pi * X / 6),
    "sine of 20 px": 1 + 0.3 * np.sin(2 * np.pi * X / 20),
    "wire": 1 - 0.6 * np.exp(-((X - 90) ** 2) / 18),
    "edge at the end": erf((X - 178) / 2),
}


@pytest.mark.parametrize("name", NO_EDGE)
@pytest.mark.parametrize("noise", [0.0, 0.01, 0.1])
def test_no_width_where_there_is_no_edge(name, noise):
    for seed in range(20):
        pixels = np.random.default_rng(seed).normal(0, noise, X.size // 2)
        profile = Profile(X, NO_EDGE[name] + np.repeat(pixels, 2), 1.0)
        assert edge_width(profile) is None


def test_an_edge_that_noise_hides_has_no_width():
    for seed in range(20):
        assert edge_width(across(edge_picture(2.0, noise=0.15, seed=seed))) is None
