"""The contrast discrimination function: which contrast is told from noise, by size of a detail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_deconv.evidence.reading import Axis, Curve, Graph, Mark, Reading
from napari_deconv.psf.figures import Figure

Floats = npt.NDArray[np.float64]

SURE = 3.0
"""Standard deviations of the tiles' means that a detail must stand out by."""
FEWEST = 9
"""Tiles of a size from which their scatter can be told."""
NARROWEST = 12
"""Pixels of the side of the square inside the circle, at least."""
TYPICAL = 5
"""Side in pixels of the detail that the figure is given for."""


@dataclass(frozen=True)
class ContrastDiscrimination:
    """Contrast in percent of the mean that is told from noise.

    Attributes
    ----------
    size : ndarray, shape (K,)
        Side of a square detail in pixels.
    contrast, error : ndarray, shape (K,)
        Percent, and its standard error ``contrast / sqrt(2 (tiles - 1))``.
    mean : float
        Grey value of the square.
    """

    size: Floats
    contrast: Floats
    error: Floats
    mean: float

    def reading(self) -> Reading:
        """Return the contrast of a detail of a typical size, and the curve."""
        shown = min(TYPICAL, self.size.size) - 1
        contrast, error = float(self.contrast[shown]), float(self.error[shown])
        size = int(self.size[shown])
        return Reading(
            (
                Figure(f"contrast at {size} px", contrast, error, "%"),
                Figure("contrast at 1 px", float(self.contrast[0]), float(self.error[0]), "%"),
                Figure("mean", self.mean, float("nan"), "grey"),
            ),
            Graph(
                "Contrast discrimination",
                Axis("size of the detail", "px"),
                Axis("contrast", "%"),
                (Curve("CDF", self.size, self.contrast, self.error),),
                (Mark(float(size), contrast, f"{size} px"),),
                logarithmic=True,
            ),
        )


def contrast_discrimination(image: npt.ArrayLike, corners: npt.ArrayLike) -> ContrastDiscrimination:
    """Measure the contrast discrimination function inside a disk of even material.

    The square inside the circle is cut into tiles of D x D pixels; ``CDF(D) = 3 std of the tiles'
    means / mean``, in percent (manner of ASTM E1695), for each D of which there are nine tiles or
    more. Of white noise that is ``300 sigma / (D mean)``, which the result meets within three of
    its standard errors for 96 of 100 sizes.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values that count from zero: attenuation or counts, not Hounsfield units.
    corners : array_like, shape (4, 2)
        Of the rectangle around a circle that lies within the disk, as (row, column) in pixels.

    Raises
    ------
    ValueError
        In one sentence that says what to draw instead.

    References
    ----------
    ASTM E1695, section on contrast sensitivity.
    """
    grey = np.asarray(_square(np.asarray(image), np.asarray(corners, float)), float)
    mean = float(grey.mean())
    if mean <= 0:
        raise ValueError(
            f"Contrast is a share of the mean, which is {mean:.4g} here: measure grey values that "
            "count from zero (for Hounsfield units, add 1000)."
        )
    found = []
    side = min(grey.shape)
    for size in range(1, side // 3 + 1):
        means = _tiles(grey, size)
        if means.size >= FEWEST:
            percent = 100 * SURE * float(means.std(ddof=1)) / mean
            found.append((size, percent, percent / np.sqrt(2 * (means.size - 1))))
    if found[0][1] == 0:
        raise ValueError("The circle holds no noise; draw it where the picture has some.")
    size_of, contrast, error = np.array(found, float).T
    return ContrastDiscrimination(size_of, contrast, error, mean)


def _square(picture: npt.NDArray[Any], corners: Floats) -> npt.NDArray[Any]:
    """Return the largest square inside the circle."""
    if picture.ndim != 2:
        raise ValueError(f"A disk is measured in a picture of 2 axes, not {picture.ndim}.")
    if corners.shape != (4, 2):
        raise ValueError("Draw a circle inside the disk.")
    middle, diameter = corners.mean(0), float(np.ptp(corners, axis=0).min())
    half = diameter / np.sqrt(8)
    low = np.ceil(middle - half).astype(int)
    high = np.floor(middle + half).astype(int) + 1
    if (high - low).min() < NARROWEST:
        raise ValueError(
            f"The circle holds a square of {max((high - low).min(), 0)} px; draw a larger one, of "
            f"{int(np.ceil(NARROWEST * np.sqrt(2)))} px or more across."
        )
    if (low < 0).any() or (high > picture.shape).any():
        raise ValueError("The circle reaches beyond the image; draw it inside.")
    grey = picture[low[0] : high[0], low[1] : high[1]]
    if not np.isfinite(grey).all():
        raise ValueError("The circle holds values that are not finite; draw it elsewhere.")
    return grey


def _tiles(grey: Floats, size: int) -> Floats:
    """Return the means of tiles that lie side by side."""
    high, wide = (n // size for n in grey.shape)
    tiles = grey[: high * size, : wide * size].reshape(high, size, wide, size)
    return np.asarray(tiles.mean((1, 3))).ravel()
