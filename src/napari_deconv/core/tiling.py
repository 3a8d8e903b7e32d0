"""Cut a picture into tiles that overlap, and put what becomes of them together without seams."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
    wide : tuple of slice
        What is computed of the frame: the core and all that it depends on.
    core : tuple of slice
        What counts of it.
    weights : tuple of ndarray
        How much it counts, along each axis of the core; of all tiles together 1 everywhere.
    """

    wide: Part
    core: Part
    weights: tuple[npt.NDArray[np.float32], ...]

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
    side: int,
    reach: Sequence[int],
    alignment: int = 1,
) -> list[Tile]:
    """Return the tiles of a part of a frame, from its first corner to its last.

    Parameters
    ----------
    target : tuple of slice
        What is to be computed of the frame.
    frame : sequence of int
        Shape of the frame.
    side : int
        Longest side of a tile without what it overlaps, in pixels; 0 for a single tile.
    reach : sequence of int
        How many pixels around a place what becomes of it depends on.
    alignment : int
        Places of which every so many-th serves a tile's beginning.
    """
    axes = []
    for part, n, far in zip(target, frame, reach, strict=True):
        count = 1 if side == 0 else max(1, -(-(part.stop - part.start) // side))
        edges = [part.start + i * (part.stop - part.start) // count for i in range(count + 1)]
        axes.append([_span(edges, i, n, (far, alignment)) for i in range(count)])
    found = []
    for spans in itertools.product(*axes):
        wide, core, weights = zip(*spans, strict=True)
        found.append(Tile(wide, core, weights))
    return found


def _span(
    edges: Sequence[int], index: int, n: int, around: tuple[int, int]
) -> tuple[slice, slice, npt.NDArray[np.float32]]:
    """Return along one axis what a tile computes, its core, and how much that counts."""
    far, alignment = around
    first, last = edges[index], edges[index + 1]
    narrowest = min(b - a for a, b in itertools.pairwise(edges))
    blend = min(BLEND, narrowest // 2)
    before = blend if index > 0 else 0
    behind = blend if index + 2 < len(edges) else 0
    core = slice(first - before, last + behind)
    weights = np.ones(core.stop - core.start, np.float32)
    rising = ((np.arange(2 * blend) + 0.5) / max(2 * blend, 1)).astype(np.float32)
    if before:
        weights[: 2 * blend] = rising
    if behind:
        weights[-2 * blend :] = 1 - rising
    start = max(0, core.start - far) // alignment * alignment
    return slice(start, min(n, core.stop + far)), core, weights


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
