"""Read a picture between its pixels: which pixels count how much, once for pictures that align."""

from __future__ import annotations

from dataclasses import dataclass
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

    def take(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[Any]:
        """Return the pixels at indices (4, 1, n) and (1, 4, n), as (4, 4, n)."""


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

    def take(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[Any]:
        """Return pixels at indices."""
        taken: NDArray[Any] = self._array[rows, columns]
        return taken

    def box(self, rows: slice, columns: slice) -> NDArray[Any]:
        """Return a rectangle of pixels."""
        return self._array[rows, columns]


@dataclass(frozen=True, eq=False)
class Taps:
    """The sixteen pixels around each of n places, and how much each counts.

    Attributes
    ----------
    inside : ndarray of bool
        Which of the places lie on the picture, in the places' shape; n of them are True.
    rows, columns : tuple of ndarray
        Indices (4, n), cubic weights (4, n) and linear weights (2, n) of an axis.
    """

    inside: NDArray[np.bool_]
    rows: tuple[Indices, Weights, Weights]
    columns: tuple[Indices, Weights, Weights]


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
    return Taps(inside, _axis(rows[inside], height), _axis(columns[inside], width))


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
    (r, wr, br), (c, wc, bc) = at.rows, at.columns
    value = np.full(at.inside.shape, np.nan)
    if not r.size:
        return value
    patch = np.asarray(pixels.take(r[:, None], c[None, :]), np.float64)
    finite = np.isfinite(patch)
    if not finite.all():
        patch = np.where(finite, patch, np.nan)
    cell = patch[1:3, 1:3].reshape(4, -1)
    within = np.clip(_weighed(patch, wr, wc), cell.min(axis=0), cell.max(axis=0))
    odd = ~np.isfinite(within)
    if odd.any():
        within[odd] = _weighed(patch[1:3, 1:3][..., odd], br[:, odd], bc[:, odd])
    value[at.inside] = within
    return value


def _weighed(
    patch: NDArray[np.float64], down: NDArray[np.float64], right: NDArray[np.float64]
) -> NDArray[np.float64]:
    rows = np.asarray(sum(part * weight for part, weight in zip(patch, down, strict=True)))
    return np.asarray(sum(part * weight for part, weight in zip(rows, right, strict=True)))


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
