"""Sharp pictures of a layer, for the Train dock: no more of them than fit in memory."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from napari.layers import Image
    from numpy.typing import NDArray

MOST = 2**29
"""Pixels of a stack that are learned from at most: 2 GiB in the numbers that learning works with.
Of a larger one slices spread evenly over it are taken, and no others are read."""


def pictures_of(layer: Image) -> NDArray[Any]:
    """Return a layer's slices, leading axes as one; of a huge stack some, evenly spread."""
    data = _data(layer)
    if len(data.shape) < 3:
        return np.asarray(data)
    number, taken = _counts(data.shape)
    if taken == number:
        return np.asarray(data).reshape(-1, *data.shape[-2:])
    chosen = np.linspace(0, number - 1, taken).round().astype(int)
    places = [np.unravel_index(k, data.shape[:-2]) for k in chosen]
    return np.stack([np.asarray(data[tuple(map(int, place))]) for place in places])


def told(layer: Image) -> str:
    """Return in words what of a layer is learned from."""
    shape = _data(layer).shape
    number, taken = _counts(shape) if len(shape) > 2 else (1, 1)
    if taken < number:
        return (
            f"{taken} of {number} slices are taken, evenly spread, for all would need "
            f"{math.prod(shape) * 4 / 2**30:.0f} GiB of memory; a quarter of them is kept apart to "
            "test on"
        )
    if number >= 4:
        return (
            f"three quarters of {number} slices are learned from; the others, blocks of "
            "neighbours, are kept apart to test on"
        )
    return "its upper three quarters are learned from; the rest is kept apart to test on"


def _data(layer: Image) -> Any:
    return layer.data[0] if layer.multiscale else layer.data


def _counts(shape: tuple[int, ...]) -> tuple[int, int]:
    """Return how many slices there are, and how many are taken."""
    number = math.prod(shape[:-2])
    return number, min(number, max(MOST // math.prod(shape[-2:]), 1))
