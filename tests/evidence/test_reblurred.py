"""Pictures in blocks: read once, within a limit of memory, and blurred as a whole one is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import fftconvolve

from napari_deconv.evidence.blocks import Blocks, BlockStore, even_edges
from napari_deconv.evidence.interpolation import ArrayPixels
from napari_deconv.evidence.profile import line_profile
from napari_deconv.evidence.reblurred import reblurred

PICTURE = np.random.default_rng(0).normal(1000, 30, (210, 157)).astype(np.float32)
WHOLE = slice(0, 210), slice(0, 157)


def blocks(store, read=None, side=50):
    def cut(boxes):
        if read is not None:
            read.extend(boxes)
        return [PICTURE[box] for box in boxes]

    return Blocks(even_edges(PICTURE.shape, side), cut, store, "picture")


def test_profiles_from_blocks_are_those_of_the_array():
    line = [[3.5, 2.0], [204.0, 150.0]]
    there = line_profile(blocks(BlockStore()), line, width=5)
    np.testing.assert_array_equal(there.values, line_profile(PICTURE, line, width=5).values)


def test_a_block_is_read_once_and_those_beside_the_line_never():
    read = []
    picture = blocks(BlockStore(), read)
    for row in (20.0, 22.0, 24.0):
        line_profile(picture, [[row, 5.0], [row, 95.0]])
    assert sorted((box[0].start, box[1].start) for box in read) == [(0, 0), (0, 50)]
    line_profile(picture, [[20.0, -40.0], [20.0, 30.0]])  # outside, nothing is asked for
    assert len(read) == 2


def test_no_more_memory_is_kept_than_allowed():
    read = []
    store = BlockStore(most=3 * 50 * 50 * 4)
    picture = blocks(store, read)
    for _ in range(3):
        np.testing.assert_array_equal(picture.box(*WHOLE), PICTURE)
    assert store._bytes <= 3 * 50 * 50 * 4
    assert len(read) > 20  # what was let go is read again


@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (4, 7), (8, 5), (41, 33)])
def test_blocks_are_blurred_as_the_whole_picture_is(shape):
    psf = np.random.default_rng(1).random(shape)
    psf /= psf.sum()
    again = reblurred(ArrayPixels(PICTURE), psf, 7.0, BlockStore(), "again").box(*WHOLE)
    expected = fftconvolve(PICTURE.astype(float), psf, mode="same") + 7
    rows, columns = (slice(k // 2, n - k // 2) for k, n in zip(shape, PICTURE.shape, strict=True))
    np.testing.assert_allclose(again[rows, columns], expected[rows, columns], atol=2e-3)


def test_beyond_the_border_and_bad_pixels_nothing_is_made_up():
    psf = np.full((9, 9), 1 / 81)
    flat = np.full((100, 100), 5.0, np.float32)
    flat[40, 60] = np.nan
    again = reblurred(ArrayPixels(flat), psf, 0.0, BlockStore(), "flat").box(
        slice(0, 100), slice(0, 100)
    )
    assert np.isnan(again[0]).all()  # half of the PSF lies outside
    np.testing.assert_allclose(again[4:96, 4:96], 5.0, rtol=1e-5)  # 80 of 81 parts are seen
    assert np.isfinite(again).mean() > 0.8
