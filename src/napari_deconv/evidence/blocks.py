"""A picture that is read, or computed, block by block: only the blocks that are asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_deconv.evidence.interpolation import Taps

    Box = tuple[slice, slice]
    Read = Callable[[Sequence[Box]], Sequence[NDArray[Any]]]

KEPT_BYTES = 2**28
"""Memory for the blocks of all pictures together: 256 MB."""


class BlockStore:
    """Keeps the blocks that were read last.

    Parameters
    ----------
    most : int
        Bytes that are kept at most.
    """

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self._most, self._bytes = most, 0
        self._kept: OrderedDict[Hashable, NDArray[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> NDArray[Any] | None:
        """Return a block, or None if it is not kept."""
        with self._lock:
            block = self._kept.get(key)
            if block is not None:
                self._kept.move_to_end(key)
            return block

    def put(self, key: Hashable, block: NDArray[Any]) -> None:
        """Keep a block, and let go of those that were asked for longest ago."""
        with self._lock:
            before = self._kept.pop(key, None)
            self._bytes += block.nbytes - (0 if before is None else before.nbytes)
            self._kept[key] = block
            while self._bytes > self._most and len(self._kept) > 1:
                self._bytes -= self._kept.popitem(last=False)[1].nbytes

    def drop(self, stale: Callable[[Hashable], bool]) -> None:
        """Let go of the blocks whose key is stale."""
        with self._lock:
            for key in [key for key in self._kept if stale(key)]:
                self._bytes -= self._kept.pop(key).nbytes


class Blocks:
    """A picture in blocks.

    Parameters
    ----------
    edges : tuple of ndarray of int
        Where blocks begin and the last one ends, along rows and along columns.
    read : callable
        Takes boxes (rows, columns) and returns the pixels of each.
    store : BlockStore
        Keeps blocks that were read.
    key : hashable
        What tells this picture from others in the store.
    """

    def __init__(
        self,
        edges: tuple[NDArray[np.intp], NDArray[np.intp]],
        read: Read,
        store: BlockStore,
        key: Hashable,
    ) -> None:
        self._edges, self._read = edges, read
        self._store, self._key = store, key
        self._reading = threading.Lock()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(self._edges[0][-1]), int(self._edges[1][-1])

    def patches(self, at: Taps) -> NDArray[Any]:
        """Return the pixels around each place, as (4, 4, n)."""
        return self.take(at.rows[0][:, None], at.columns[0][None])

    def take(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[Any]:
        """Return the pixels at indices that broadcast to one shape."""
        down, right = self._number(0, rows), self._number(1, columns)
        across = len(self._edges[1])
        numbers = down * across + right
        needed = np.flatnonzero(np.bincount(numbers.reshape(-1)))
        blocks = self._blocks([divmod(int(n), across) for n in needed])
        if not blocks:
            return np.zeros(numbers.shape)
        # All blocks in one row, so that one index finds every pixel.
        pool = np.concatenate([block.reshape(-1) for block in blocks.values()])
        starts = np.zeros(int(needed[-1]) + 1, np.intp)
        starts[needed[1:]] = np.cumsum([block.size for block in blocks.values()])[:-1]
        flat = np.take(starts, numbers, mode="wrap")  # none is out of bounds, and this is fast
        flat += (rows - self._edges[0][down]) * np.diff(self._edges[1])[right]
        flat += columns - self._edges[1][right]
        return np.take(pool, flat, mode="wrap")

    def box(self, rows: slice, columns: slice) -> NDArray[Any]:
        """Return a rectangle of pixels."""
        return self.take(
            np.arange(rows.start, rows.stop)[:, None], np.arange(columns.start, columns.stop)[None]
        )

    def _number(self, axis: int, indices: NDArray[np.intp]) -> NDArray[np.intp]:
        return np.searchsorted(self._edges[axis], indices, side="right") - 1

    def _blocks(self, places: list[tuple[int, int]]) -> dict[tuple[int, int], NDArray[Any]]:
        with self._reading:  # whoever asks at the same time waits, instead of reading it again
            found = {place: self._store.get((self._key, place)) for place in places}
            missing = [place for place, block in found.items() if block is None]
            boxes = [(self._span(0, i), self._span(1, j)) for i, j in missing]
            for place, block in zip(missing, self._read(boxes) if boxes else (), strict=True):
                found[place] = block
                self._store.put((self._key, place), block)
        return {place: block for place, block in found.items() if block is not None}

    def _span(self, axis: int, number: int) -> slice:
        start, stop = self._edges[axis][number : number + 2]
        return slice(int(start), int(stop))


def even_edges(shape: tuple[int, int], side: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the edges of square blocks of a side; the last ones may be smaller."""
    down, right = (np.append(np.arange(0, n, side), n).astype(np.intp) for n in shape)
    return down, right
