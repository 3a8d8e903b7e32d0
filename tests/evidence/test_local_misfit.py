"""Blocks and spots of a residual: quiet in noise, loud where something is missing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_deconv.evidence.local_misfit import Local, local
from napari_deconv.psf.shapes import GaussianPsf

KERNEL = GaussianPsf(sigma=1.5).kernel()
SHAPE = (160, 168)
EVERY = np.ones(SHAPE, bool)


def noise(seed, shape=SHAPE):
    return np.random.default_rng(seed).normal(size=shape)


def test_noise_alone_stays_below_the_limit_and_has_few_blocks_beyond():
    found = [local(noise(seed), EVERY, KERNEL) for seed in range(100)]
    assert all(one.strongest < one.limit for one in found)
    assert np.mean([one.share for one in found]) < 5e-4
    assert {one.blocks for one in found} == {20 * 21}


def test_the_blocks_count_by_their_own_noise():
    """By how much sigma was mistaken tells the chi-square, not the blocks."""
    for wrong in (0.7, 1.0, 1.2):
        found = local(wrong * noise(1), EVERY, KERNEL)
        assert found.strongest == pytest.approx(local(noise(1), EVERY, KERNEL).strongest, rel=1e-6)


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_wire_and_a_point_stand_out(sign):
    wire, point = np.zeros(SHAPE), np.zeros(SHAPE)
    wire[70:94, 80] = 1
    point[71, 81] = 1
    for shape in (wire, point):
        blurred = gaussian_filter(shape, 1.5)
        found = local(noise(2) + sign * 5 * blurred / blurred.max(), EVERY, KERNEL)
        assert found.strongest > 2 * found.limit
        assert found.beyond >= 1


@pytest.mark.parametrize("painted", [0.0, 2.0])
def test_it_is_told_what_differs_and_where(painted):
    """A wire that is missing, and one that is twice as strong as in the data."""
    wire = np.zeros(SHAPE)
    wire[70:94, 80] = 1
    wire = 6 * gaussian_filter(wire, 1.5) / gaussian_filter(wire, 1.5).max()
    blurred = 30 + painted * wire
    found = local(blurred - (30 + wire + noise(2)), EVERY, KERNEL, 0.0, blurred)
    assert found.smoother == (painted == 0)
    assert 66 <= found.where[0] <= 98
    assert 76 <= found.where[1] <= 84
    kind = "it shows what they do not hold" if painted else "it is smoother than they are"
    assert found.words.startswith(f"{kind} in {found.beyond} blocks of 420 (")
    assert found.words.endswith(f"most at row {found.where[0]}, column {found.where[1]}")
    stacked = Local.together([local(noise(1), EVERY, KERNEL), found])
    assert stacked.where == (1, *found.where)
    assert "slice 1, row" in stacked.words


def test_a_spot_finds_a_point_between_four_blocks():
    spot = gaussian_filter(np.eye(1, SHAPE[0] * SHAPE[1], 80 * SHAPE[1] + 88).reshape(SHAPE), 1.0)
    residual = noise(3) + 5 * spot / spot.max()
    sharp = GaussianPsf(sigma=1.0).kernel()
    assert local(residual, EVERY, sharp).strongest > 1.4 * local(residual, EVERY).strongest


def test_noise_that_is_smeared_is_not_taken_for_blocks():
    r = 0.4
    lines = noise(4, (400, 400))
    for axis in (0, 1):
        moved = np.moveaxis(lines, axis, 0)
        for i in range(1, len(moved)):
            moved[i] = r * moved[i - 1] + np.sqrt(1 - r * r) * moved[i]
    inner = lines[40:, 40:]
    every = np.ones(inner.shape, bool)
    aware, naive = local(inner, every, KERNEL, r), local(inner, every, KERNEL)
    assert aware.strongest < aware.limit < naive.strongest
    assert aware.share < 1e-3 < naive.share


def test_what_does_not_count_is_left_out():
    counts = EVERY.copy()
    counts[:, :80] = False
    found = local(np.where(counts, noise(5), 0.0), counts, KERNEL)
    assert found.blocks == 20 * 11
    assert found.strongest < found.limit
    assert local(noise(5), ~EVERY, KERNEL) == Local(0.0, 0.0, 0, 0)


def test_a_volume_has_cubes():
    cube = np.random.default_rng(0).normal(size=(16, 40, 40))
    assert local(cube, np.ones(cube.shape, bool)).blocks == 2 * 5 * 5


def test_more_blocks_have_a_higher_limit():
    few, many = (Local(0.0, 0.0, number, number) for number in (100, 100_000))
    assert few.limit < many.limit
    both = Local.together([Local(0.1, 3.0, 30, 10), Local(0.0, 5.0, 90, 30)])
    assert both == Local(0.025, 5.0, 120, 40)
