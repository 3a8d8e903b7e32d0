"""Read a picture between its pixels: which pixels count how much, once for pictures that align."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.intp]
    Weights = NDArray[np.float64]


class Pixels(Protocol):
    """A picture that need not be in memory."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    def patches(self, at: Taps) -> NDArray[Any]:
        """Return the pixels around each place, as (4, 4, n)."""


class ArrayPixels:
    """A picture in memory.

    Parameters
    ----------
    array : ndarray, (H, W)
    """

    def __init__(self, array: NDArray[Any]) -> None:
        self._array = array

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        height, width = self._array.shape
        return height, width

    def patches(self, at: Taps) -> NDArray[Any]:
        """Return the pixels around each place, as (4, 4, n)."""
        array = self._array
        if not array.flags.c_contiguous:
            taken: NDArray[Any] = array[at.rows[0][:, None], at.columns[0][None]]
            return taken
        # Several times as fast as two indices; none is out of bounds.
        return np.take(array.reshape(-1), at.flat, mode="wrap")

    def box(self, rows: slice, columns: slice) -> NDArray[Any]:
        """Return a rectangle of pixels."""
        return self._array[rows, columns]


@dataclass(frozen=True, eq=False)
class Taps:
    """The sixteen pixels around each of n places, and how much each counts.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns of the pictures.
    inside : ndarray of bool
        Which of the places lie on the picture, in the places' shape; n of them are True.
    rows, columns : tuple of ndarray
        Indices (4, n), cubic weights (4, n) and linear weights (2, n) of an axis.
    """

    shape: tuple[int, int]
    inside: NDArray[np.bool_]
    rows: tuple[Indices, Weights, Weights]
    columns: tuple[Indices, Weights, Weights]

    @cached_property
    def flat(self) -> Indices:
        """Indices (4, 4, n) of the sixteen in a picture that is one row."""
        return np.asarray(self.rows[0][:, None] * self.shape[1] + self.columns[0][None], np.intp)

    @cached_property
    def weights(self) -> Weights:
        """Cubic weights (4, 4, n): how much each of the sixteen counts."""
        return np.asarray(self.rows[1][:, None] * self.columns[1][None], np.float64)


def taps(shape: tuple[int, int], rows: NDArray[np.float64], columns: NDArray[np.float64]) -> Taps:
    """Return the taps of places in the data coordinates of pictures of a shape.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    rows, columns : ndarray
        Places, of one shape; those more than half a pixel outside the picture have no taps.
    """
    height, width = shape
    inside = (rows >= -0.5) & (rows <= height - 0.5) & (columns >= -0.5) & (columns <= width - 0.5)
    return Taps(shape, inside, _axis(rows[inside], height), _axis(columns[inside], width))


def between(pixels: Pixels, at: Taps) -> NDArray[np.float64]:
    """Return the values of a picture at places between its pixels.

    Bicubic convolution (Keys, a = -1/2), limited to the range of the four pixels around; bilinear
    where a pixel nearby is not finite, and NaN where one of those four is not, or outside.

    Parameters
    ----------
    pixels : Pixels
        The picture.
    at : Taps
        The places.

    Returns
    -------
    ndarray of float64
        In the places' shape.

    References
    ----------
    Keys, IEEE Trans. Acoust. Speech Signal Process. 29 (1981) 1153, eq. 15.
    """
    value = np.full(at.inside.shape, np.nan)
    if not at.inside.any():
        return value
    patch = np.asarray(pixels.patches(at), np.float64)
    if not np.isfinite(patch).all():
        patch = np.where(np.isfinite(patch), patch, np.nan)
    cell = patch[1:3, 1:3].reshape(4, -1)
    within = np.einsum("ijn,ijn->n", patch, at.weights)
    np.clip(within, cell.min(axis=0), cell.max(axis=0), out=within)
    odd = ~np.isfinite(within)
    if odd.any():
        weights = at.rows[2][:, None, odd] * at.columns[2][None, :, odd]
        within[odd] = np.einsum("ijn,ijn->n", patch[1:3, 1:3][..., odd], weights)
    value[at.inside] = within
    return value


def _axis(position: NDArray[np.float64], size: int) -> tuple[Indices, Weights, Weights]:
    """Return indices (4, n), cubic weights (4, n) and linear weights (2, n) of an axis."""
    within = np.clip(position, 0, size - 1)
    base = np.floor(within).astype(np.intp)
    t = within - base
    # On a pixel's centre the neighbour has no weight, so that its NaN must not be met either.
    beyond = (t > 0).astype(np.intp)
    index = np.clip(np.stack([base - beyond, base, base + beyond, base + 2 * beyond]), 0, size - 1)
    cubic = np.stack(
        [
            ((-0.5 * t + 1.0) * t - 0.5) * t,
            (1.5 * t - 2.5) * t * t + 1.0,
            ((-1.5 * t + 2.0) * t + 0.5) * t,
            (0.5 * t - 0.5) * t * t,
        ]
    )
    return index, cubic, np.stack([1.0 - t, t])
