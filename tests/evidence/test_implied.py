"""The picture that data and PSF imply falls toward fine detail, unless the PSF is too wide."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_deconv.evidence.implied import implied
from napari_deconv.evidence.residual import GROWS
from napari_deconv.psf.shapes import GaussianPsf

WIDTH = 1.6


def psf(factor=1.0):
    return GaussianPsf(sigma=WIDTH * factor).kernel()


@cache
def plates(side=144):
    """Overlapping plates of random grey: edges everywhere."""
    rng, picture = np.random.default_rng(3), np.zeros((side, side))
    for _ in range(60):
        (row, column), (height, width) = rng.integers(0, side, 2), rng.integers(6, 40, 2)
        picture[row : row + height, column : column + width] += rng.uniform(-1, 1)
    return picture


def scan(share, seed=0, truth=None):
    blurred = gaussian_filter(plates() if truth is None else truth, WIDTH, truncate=6)
    sigma = share * np.ptp(blurred)
    return blurred + np.random.default_rng(seed).normal(0, sigma, blurred.shape), sigma**2


@pytest.mark.parametrize("share", [0.01, 0.02, 0.05])
def test_the_right_psf_falls_and_one_twice_as_wide_grows(share):
    for seed in range(3):
        image, variance = scan(share, seed)
        right, wide = (implied([image], variance, psf(factor)) for factor in (1, 2))
        assert right.slope < -1
        assert wide.everywhere > GROWS[1]
        assert right.reach == wide.reach


def test_the_slope_grows_with_the_width_as_the_formula_says():
    image, variance = scan(0.01)
    narrow, right, wide = (implied([image], variance, psf(f)) for f in (0.7, 1.0, 1.3))
    assert narrow.slope < right.slope - 1 < wide.slope - 2
    middle = right.reach / 2 ** (2 / 3)
    told = 8 * np.pi**2 * middle**2 * WIDTH**2 * (1.3**2 - 1)
    assert wide.slope - right.slope == pytest.approx(told, rel=0.25)


def test_bars_do_not_pass_for_a_psf_that_is_too_wide():
    truth = plates().copy()
    y, x = np.mgrid[:144, :144]
    bars = ((0.8 * x + 0.6 * y) / 2.8).astype(int) % 2
    truth[40:100, 40:100] += bars[40:100, 40:100]
    image, variance = scan(0.01, truth=truth)
    right, wide = (implied([image], variance, psf(factor)) for factor in (1, 2))
    assert right.slope > GROWS[1]
    assert right.everywhere < GROWS[0]
    assert wide.everywhere > GROWS[1]


def test_points_are_flat():
    truth = np.zeros((144, 144))
    truth[tuple(np.random.default_rng(0).integers(0, 144, (2, 90)))] = 1
    image, variance = scan(0.01, truth=truth)
    assert abs(implied([image], variance, psf()).slope) < 0.3


def test_noise_taken_for_too_small_is_no_detail():
    image, variance = scan(0.02)
    sure = implied([image], variance, psf())
    for factor in (0.3, 0.8):
        mistaken = implied([image], factor * variance, psf())
        assert mistaken.slope == pytest.approx(sure.slope, abs=0.5)


def test_smeared_noise_is_no_detail():
    blurred = gaussian_filter(plates(), WIDTH, truncate=6)
    noise = np.random.default_rng(1).normal(size=blurred.shape)
    r = 0.35
    for axis in (0, 1):
        moved = np.moveaxis(noise, axis, 0)
        for i in range(1, len(moved)):
            moved[i] = r * moved[i - 1] + np.sqrt(1 - r * r) * moved[i]
    sigma = 0.02 * np.ptp(blurred)
    assert implied([blurred + sigma * noise], sigma**2, psf(), r).slope < -1


def test_slices_together_and_volumes():
    images, variance = [scan(0.05, seed)[0] for seed in range(3)], scan(0.05)[1]
    together = implied(images, variance, psf())
    assert together.reach >= implied(images[:1], variance, psf()).reach
    cube = np.zeros((48, 48, 48))
    cube[12:36, 10:30, 14:40] = 1
    cube[30:44, 24:44, 4:20] += 0.6
    cube = gaussian_filter(cube, WIDTH)
    cube = cube + np.random.default_rng(0).normal(0, 0.01, cube.shape)
    point = np.zeros((31, 31, 31))
    point[15, 15, 15] = 1
    right, wide = (implied([cube], 1e-4, gaussian_filter(point, f * WIDTH)) for f in (1, 2))
    assert right.slope < 0
    assert wide.slope > GROWS[1]


@pytest.mark.parametrize("share", [0.0, 10.0])
def test_nothing_is_told_without_noise_or_without_signal(share):
    image, variance = scan(share)
    assert implied([image], variance, psf()) is None
    assert implied([image[:8, :8]], 1.0, psf()) is None
