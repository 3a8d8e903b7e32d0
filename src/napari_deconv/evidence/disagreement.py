"""Several results of one image: where they differ, and where more than its edges alone explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_deconv.evidence.band import Band

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

SIDE = 8
"""Pixels along each side of the square over which spread and gradient are averaged."""
SAMPLES = 20_000
"""Most pixels that tell how the spread usually follows the gradient."""
DEGREE = 2
"""Of the polynomial, spread over gradient."""


@dataclass(frozen=True)
class Disagreement:
    """What several results of one image say together.

    Attributes
    ----------
    spread : ndarray of float32
        Standard deviation over the results, in grey values.
    beyond : ndarray of float32
        Spread over squares of 8 px, less what is usual in this image where the result changes as
        much, in grey values: above 0 where results differ more than edges explain.
    band : Band
        From the least to the greatest of the results, pixel by pixel.
    number : int
        How many results there are.
    """

    spread: npt.NDArray[np.float32]
    beyond: npt.NDArray[np.float32]
    band: Band
    number: int


def compared(results: Sequence[npt.ArrayLike], words: str = "") -> Disagreement:
    """Compare results of one image, whatever made them.

    With the spread s and the gradient g of the first result, each the root mean square over 8 px,
    s is fitted by a quadratic in g over the image; what exceeds the fit is told. The spread alone
    is large at every edge, which the gradient shows as well and without a second result.

    Parameters
    ----------
    results : sequence of array_like
        Of one shape and grey scale, (H, W) or (N, H, W); the first is the one to be judged.
    words : str
        What was varied, as in a legend.

    Raises
    ------
    ValueError
        In one sentence, if there are fewer than two, their shapes differ, or one is not finite.
    """
    pictures = [np.asarray(result, np.float32) for result in results]
    if len(pictures) < 2:
        raise ValueError("Give two results or more: one alone can't disagree.")
    for picture in pictures:
        if picture.shape != pictures[0].shape or picture.ndim < 2:
            raise ValueError(
                f"The results have shapes {pictures[0].shape} and {picture.shape}; "
                "give pictures of one shape."
            )
        if not np.isfinite(picture).all():
            raise ValueError("A result holds values that are not finite; restore it again.")
    spread = np.std(np.stack(pictures), axis=0, dtype=np.float64)
    around, edges = smoothed(spread), smoothed(gradient(pictures[0]))
    beyond = around - _usual(around, edges)
    band = Band.around(words or f"{len(pictures)} results", *pictures)
    return Disagreement(spread.astype(np.float32), beyond.astype(np.float32), band, len(pictures))


def gradient(picture: npt.NDArray[np.floating]) -> Floats:
    """Return the size of the gradient along the last two axes, in grey values per pixel."""
    rows, columns = np.gradient(picture.astype(np.float64), axis=(-2, -1))
    size: Floats = np.hypot(rows, columns)
    return size


def smoothed(picture: Floats) -> Floats:
    """Return the root mean square over squares of 8 px of the last two axes."""
    from scipy.ndimage import uniform_filter

    sides = (0,) * (picture.ndim - 2) + (SIDE, SIDE)
    mean: Floats = uniform_filter(np.square(picture), sides, mode="nearest")
    return np.sqrt(np.maximum(mean, 0.0))


def _usual(around: Floats, edges: Floats) -> Floats:
    """Return the spread that is usual for each gradient."""
    every = max(around.size // SAMPLES, 1)
    x, y = edges.ravel()[::every], around.ravel()[::every]
    if np.ptp(x) <= 1e-9 * abs(x).max():  # no edges at all: one spread is usual
        return np.full(around.shape, float(y.mean()))
    fit = np.polynomial.Polynomial.fit(x, y, DEGREE)
    usual: Floats = fit(edges)
    return usual
