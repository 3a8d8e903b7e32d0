"""Flat areas: where they are found, and the noise that is told in them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_deconv.evidence.flatness import flat_blocks, flat_noise


def plate(shape: tuple[int, int] = (256, 256)) -> np.ndarray:
    """Return a picture whose right half is flat and whose left half is striped."""
    picture = np.zeros(shape)
    half = shape[1] // 2
    picture[:, :half] = np.sin(np.arange(half) / 3)
    return picture


def test_white_noise_is_met_within_five_percent() -> None:
    for seed in range(5):
        noise = np.random.default_rng(seed).normal(0, 2.0, (512, 512))
        assert flat_noise(noise, flat_blocks(noise)) == pytest.approx(2.0, rel=0.05)


def test_blocks_lie_where_nothing_happens() -> None:
    noisy = plate() + np.random.default_rng(0).normal(0, 0.05, (256, 256))
    blocks = flat_blocks(noisy)
    assert len(blocks) >= 4
    assert min(columns.start for _, columns in blocks) >= 128
    assert flat_noise(noisy, blocks) == pytest.approx(0.05, rel=0.1)


def test_a_slope_is_no_noise() -> None:
    rows, columns = np.mgrid[:64, :64]
    ramp = 3.0 * rows - 2.0 * columns
    assert flat_noise(ramp, flat_blocks(ramp)) == pytest.approx(0, abs=1e-9)


def test_smoothing_lowers_the_noise_in_the_same_blocks() -> None:
    noisy = plate() + np.random.default_rng(0).normal(0, 0.05, (256, 256))
    blocks = flat_blocks(noisy)
    smooth = flat_noise(gaussian_filter(noisy, 2), blocks)
    assert smooth is not None
    assert smooth < 0.02


def test_pixels_that_are_not_finite_are_left_out() -> None:
    picture = np.random.default_rng(0).normal(0, 1, (128, 128))
    picture[:, 100] = np.nan
    blocks = flat_blocks(picture)
    assert blocks
    assert all(np.isfinite(picture[block]).all() for block in blocks)


def test_a_picture_that_is_too_small_has_none() -> None:
    assert flat_blocks(np.zeros((20, 200))) == []
    assert flat_noise(np.zeros((20, 200)), []) is None


def test_a_stack_is_refused() -> None:
    with pytest.raises(ValueError, match="two dimensions"):
        flat_blocks(np.zeros((3, 64, 64)))
