"""Tiles cover a picture once, and put it together again in any order."""

from __future__ import annotations

import numpy as np
import pytest

from napari_deconv.core.tiling import Canvas, cells, tiled

FRAME = (50, 73)
WHOLE = (slice(0, 50), slice(0, 73))
REGION = (slice(11, 40), slice(20, 73))


def _outer(weights: tuple[np.ndarray, ...]) -> np.ndarray:
    return weights[0][:, None] * weights[1]


@pytest.mark.parametrize("fading", [False, True])
@pytest.mark.parametrize("target", [WHOLE, REGION])
@pytest.mark.parametrize("side", [0, 13, 20, 100])
def test_weights_of_all_tiles_are_one_everywhere(
    target: tuple[slice, slice], side: int, fading: bool
) -> None:
    total = np.zeros(FRAME)
    for tile in tiled(target, FRAME, (side, side), (5, 7), (4, fading)):
        total[tile.core] += _outer(tile.weights)
        assert all(span.start % 4 == 0 for span in tile.span)
        for span, core, wide, n, far in zip(
            tile.span, tile.core, tile.wide, FRAME, (5, 7), strict=True
        ):
            assert span.start <= core.start - far
            assert span.stop == core.stop + far
            assert (wide.start, wide.stop) == (max(0, span.start), min(n, span.stop))
    np.testing.assert_allclose(total[target], 1, atol=1e-6)
    total[target] = 0
    assert not total.any()


def test_what_fades_is_linear_from_middle_to_middle() -> None:
    tiles = tiled((slice(0, 5), slice(0, 73)), (5, 73), (0, 12), (5, 7), (1, True))
    middles = [tile.middle[1] for tile in tiles]
    for number, tile in enumerate(tiles):
        places = np.arange(73)[tile.core[1]]
        hat = np.interp(places, middles, np.eye(len(tiles))[number])
        np.testing.assert_allclose(tile.weights[1], hat, atol=1e-6)


def test_what_fades_does_not_hang_on_the_region() -> None:
    whole = {tile.middle for tile in tiled(WHOLE, FRAME, (20, 20), (5, 7), (1, True))}
    small = (slice(2, 9), slice(60, 73))
    part = {tile.middle for tile in tiled(small, FRAME, (20, 20), (5, 7), (1, True))}
    assert part < whole


def test_cells_cover_without_overlap() -> None:
    count = np.zeros(FRAME, int)
    for cell in cells(REGION, (9, 0)):
        count[cell] += 1
    assert (count[REGION] == 1).all()
    assert count.sum() == count[REGION].size


def test_a_canvas_shows_the_data_until_tiles_fill_it_in_any_order() -> None:
    rng = np.random.default_rng(0)
    data, truth = rng.random(FRAME, np.float32), rng.random(FRAME, np.float32)
    canvas = Canvas(data[REGION], [part.start for part in REGION])
    tiles = tiled(REGION, FRAME, (9, 17), (5, 7))
    rng.shuffle(tiles)
    for tile in tiles[:-1]:
        canvas.put(tile, truth[tile.core])
    last = tiles[-1]
    shown = canvas.shown(last, truth[last.core])
    np.testing.assert_allclose(shown, truth[REGION], atol=1e-6)
    middle = tuple(int(m) - part.start for m, part in zip(last.middle, REGION, strict=True))
    assert canvas.picture[middle] == data[REGION][middle]
    np.testing.assert_array_equal(canvas.put(last, truth[last.core]), shown)
