"""Cut a picture into tiles that overlap, and put what becomes of them together without seams."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Part = tuple[slice, ...]

BLEND = 8
"""Pixels on either side of a seam over which one tile fades into the next."""


@dataclass(frozen=True)
class Tile:
    """A tile of a picture.

    Attributes
    ----------
    span : tuple of slice
        The core and all that it depends on; beyond the frame's border too.
    wide : tuple of slice
        What of this lies in the frame.
    core : tuple of slice
        What counts of it.
    weights : tuple of ndarray
        How much it counts, along each axis of the core; of all tiles together 1 everywhere.
    middle : tuple of float
        Its middle, of which the PSF is taken where that changes.
    """

    span: Part
    wide: Part
    core: Part
    weights: tuple[npt.NDArray[np.float32], ...]
    middle: tuple[float, ...]

    @property
    def inner(self) -> Part:
        """Where the core lies in what is computed."""
        return tuple(
            slice(core.start - wide.start, core.stop - wide.start)
            for core, wide in zip(self.core, self.wide, strict=True)
        )

    @property
    def sides(self) -> tuple[int, ...]:
        """Sides of what is computed, in pixels."""
        return tuple(part.stop - part.start for part in self.wide)


def tiled(
    target: Part,
    frame: Sequence[int],
    sides: Sequence[int],
    reach: Sequence[int],
    how: tuple[int, bool] = (1, False),
) -> list[Tile]:
    """Return the tiles of a part of a frame, from its first corner to its last.

    Parameters
    ----------
    target : tuple of slice
        What is to be computed of the frame.
    frame : sequence of int
        Shape of the frame.
    sides : sequence of int
        Longest sides of a tile without what it overlaps, in pixels; 0 does not cut an axis.
    reach : sequence of int
        How many pixels around a place what becomes of it depends on.
    how : tuple of int and bool
        Places of which every so many-th serves a tile's beginning; whether neighbours differ, and
        fade into each other from one middle to the next.
    """
    alignment, fading = how
    axes = []
    for part, n, side, far in zip(target, frame, sides, reach, strict=True):
        # What fades from one to the next must not hang on which region is looked at.
        edges = _edges(slice(0, n) if fading else part, side)
        spans = (_span(edges, i, part, fading) for i in range(len(edges) - 1))
        axes.append([span.widened(n, far, alignment) for span in spans if span.there])
    found = []
    for spans_of_one in itertools.product(*axes):
        span, wide, core, weights, middle = zip(*spans_of_one, strict=True)
        found.append(Tile(span, wide, core, weights, middle))
    return found


def cells(target: Part, sides: Sequence[int]) -> list[Part]:
    """Return what tiles cover without overlap."""
    lines = [
        [slice(a, b) for a, b in itertools.pairwise(_edges(part, side))]
        for part, side in zip(target, sides, strict=True)
    ]
    return list(itertools.product(*lines))


def _edges(part: slice, side: int) -> list[int]:
    """Return where the tiles of an axis meet, its ends with them."""
    length = part.stop - part.start
    count = 1 if side == 0 else max(1, -(-length // side))
    return [part.start + i * length // count for i in range(count + 1)]


class _Span(NamedTuple):
    """What a tile is along one axis: its core, how much that counts, its middle."""

    core: slice
    weights: npt.NDArray[np.float32]
    middle: float

    @property
    def there(self) -> bool:
        return bool(self.core.stop > self.core.start)

    def widened(self, n: int, far: int, alignment: int) -> tuple[slice, slice, slice, Any, float]:
        """Return what it depends on, what of that lies in the frame, and the rest."""
        start = (self.core.start - far) // alignment * alignment
        span = slice(start, self.core.stop + far)
        return span, slice(max(0, start), min(n, span.stop)), *self


def _span(edges: Sequence[int], index: int, part: slice, fading: bool) -> _Span:
    """Return one axis of a tile, as much of it as lies in a part."""
    first, last = edges[index], edges[index + 1]
    if fading:
        start, weights = _hat(edges, index)
    else:
        start, weights = _blended(edges, index)
    low, high = max(start, part.start), min(start + len(weights), part.stop)
    inside = weights[max(low - start, 0) : max(high - start, 0)]
    return _Span(slice(low, high), inside, (first + last - 1) / 2)


def _hat(edges: Sequence[int], index: int) -> tuple[int, npt.NDArray[np.float32]]:
    """Return where a tile begins and its weights: linear from one middle to the next.

    Each place then gets the mean of what two PSFs make of it in the shares of its own PSF, so that
    what either does wrong cancels to first order.
    """
    middles = [(a + b - 1) / 2 for a, b in itertools.pairwise(edges)]
    start = math.floor(middles[index - 1]) + 1 if index > 0 else edges[0]
    stop = math.ceil(middles[index + 1]) if index + 1 < len(middles) else edges[-1]
    shares = np.interp(np.arange(start, stop), middles, np.eye(len(middles))[index])
    return start, shares.astype(np.float32)


def _blended(edges: Sequence[int], index: int) -> tuple[int, npt.NDArray[np.float32]]:
    """Return the same where neighbours are alike: they fade over a few pixels."""
    blend = min(BLEND, min(b - a for a, b in itertools.pairwise(edges)) // 2)
    before = blend if index > 0 else 0
    behind = blend if index + 2 < len(edges) else 0
    start, stop = edges[index] - before, edges[index + 1] + behind
    weights = np.ones(stop - start, np.float32)
    rising = ((np.arange(2 * blend) + 0.5) / max(2 * blend, 1)).astype(np.float32)
    if before:
        weights[: 2 * blend] = rising
    if behind:
        weights[-2 * blend :] = 1 - rising
    return start, weights


class Canvas:
    """A picture that tiles fill in, in any order; where none has been yet, it shows the data.

    Parameters
    ----------
    data : ndarray
        Of the part that is restored, on the grey scale of what is put in. It is written to.
    corner : sequence of int
        Where that part begins in the frame.
    """

    def __init__(self, data: npt.NDArray[np.float32], corner: Sequence[int]) -> None:
        self.picture = data.copy()
        self._data, self._corner = data, tuple(corner)

    def put(self, tile: Tile, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Put in what became of a tile's core, for good, and return the picture."""
        self._add(self.picture, tile, values)
        return self.picture

    def shown(self, tile: Tile, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return a copy of the picture with what becomes of a tile's core."""
        picture = self.picture.copy()
        self._add(picture, tile, values)
        return picture

    def _add(
        self, picture: npt.NDArray[np.float32], tile: Tile, values: npt.NDArray[np.float32]
    ) -> None:
        where: Any = tuple(
            slice(part.start - at, part.stop - at)
            for part, at in zip(tile.core, self._corner, strict=True)
        )
        change = values - self._data[where]
        for axis, weights in enumerate(tile.weights):
            change *= weights.reshape(-1, *[1] * (change.ndim - 1 - axis))
        picture[where] += change
