"""PSFs at places of a frame, and between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = npt.NDArray[np.float32]

ALIKE = 0.1
"""How much PSFs of neighbouring tiles may differ: the sum of absolute differences, 2 at most.

A Gaussian widens by 7 %.
"""
NARROWEST = 16
"""Least side of a tile, in pixels."""


@dataclass(frozen=True)
class Field:
    """A PSF for each place of a frame, linear between those that are known.

    Attributes
    ----------
    arrays : ndarray of float32, shape (n, m, k, l)
        Of sum 1, their centres in the middle; n rows of m.
    rows, columns : ndarray, shapes (n,) and (m,)
        Where they are known, in pixels, rising.
    """

    arrays: Floats
    rows: npt.NDArray[np.float64]
    columns: npt.NDArray[np.float64]

    def at(self, row: float, column: float) -> Floats:
        """Return the PSF at a place; beyond the outermost ones, the nearest."""
        total = np.zeros(self.arrays.shape[2:])
        for i, down in _neighbours(self.rows, row):
            for j, along in _neighbours(self.columns, column):
                total += down * along * self.arrays[i, j].astype(np.float64)
        array: Floats = total.astype(np.float32)
        return array

    @property
    def steps(self) -> tuple[int, int]:
        """Sides of tiles over which it changes little (`ALIKE`); 0 for any.

        At most half the least distance of known places: what tiles add to a picture falls with the
        square of how much the PSF changes from one to the next.
        """
        return self._step(self.rows, 0), self._step(self.columns, 1)

    def blur(
        self, picture: npt.NDArray[np.floating], corner: Sequence[int] = (0, 0)
    ) -> npt.NDArray[np.float64]:
        """Return a picture blurred at each place by the PSF of that place; its edges go on.

        ``sum_ij w_ij (h_ij * u)``, with weights w that are linear between the known places.

        Parameters
        ----------
        picture : ndarray, shape (H, W)
        corner : sequence of int
            Row and column of the frame that it begins at.
        """
        from scipy.signal import fftconvolve

        pads = [(side // 2, side // 2) for side in self.arrays.shape[2:]]
        wide = np.pad(picture.astype(np.float64), pads, mode="edge")
        shares = [
            [np.interp(np.arange(at, at + n), places, one) for one in np.eye(len(places))]
            for at, n, places in zip(corner, picture.shape, (self.rows, self.columns), strict=True)
        ]
        ends = zip(pads, picture.shape, strict=True)
        inner = tuple(slice(first, first + n) for (first, _), n in ends)
        total = np.zeros(picture.shape)
        for i, down in enumerate(shares[0]):
            for j, along in enumerate(shares[1]):
                if not (down.any() and along.any()):  # far away
                    continue
                blurred = fftconvolve(wide, self.arrays[i, j].astype(np.float64), mode="same")
                total += down[:, None] * along * blurred[inner]
        return total

    def _step(self, places: npt.NDArray[np.float64], axis: int) -> int:
        """Return the side along an axis of places."""
        if len(places) < 2:
            return 0
        change = np.abs(np.diff(self.arrays.astype(np.float64), axis=axis)).sum((-2, -1))
        most = change.max(1 - axis)
        return max(NARROWEST, int((np.diff(places) / np.maximum(most / ALIKE, 2)).min()))

    def middle(self, sides: Sequence[int]) -> Floats:
        """Return the PSF in the middle of a frame."""
        return self.at((sides[0] - 1) / 2, (sides[1] - 1) / 2)


def _neighbours(places: npt.NDArray[np.float64], place: float) -> list[tuple[int, float]]:
    """Return the known places around one, with their shares."""
    behind = int(np.searchsorted(places, place))
    if behind == 0:
        return [(0, 1.0)]
    if behind == len(places):
        return [(behind - 1, 1.0)]
    share = float((place - places[behind - 1]) / (places[behind] - places[behind - 1]))
    return [(behind - 1, 1 - share), (behind, share)]
