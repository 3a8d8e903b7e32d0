"""The pixels of a box that a user drew around an edge, checked, and a first guess of the edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

SHORTEST_SIDE = 8
"""Pixels that a side of a box must have."""
CLEAR = 6.0
"""A slope that is no edge may stand out by so many sigma by chance, among a hundred bins."""
RAMP = 2.5
"""An edge is so many times as steep as the picture is in the mean."""
SATURATED = 0.02
"""Share of a box's pixels that may lie at its very maximum."""
SECOND = 0.35
"""A second slope this high beside the first is a second edge."""


class EdgeGuess(NamedTuple):
    """A first guess: angle of the normal in radians, offset and sigma in pixels, levels."""

    angle: float
    offset: float
    sigma: float
    low: float
    high: float


@dataclass(frozen=True)
class EdgeBox:
    """Pixels inside a rectangle.

    Attributes
    ----------
    rows, columns : ndarray, shape (N,)
        Places relative to the middle of the box, in pixels.
    grey : ndarray, shape (N,)
        Finite grey values.
    gradient : ndarray, shape (N, 2)
        Of the smoothed picture along rows and columns.
    reach : float
        Farthest distance of a pixel from the middle.
    """

    rows: Floats
    columns: Floats
    grey: Floats
    gradient: Floats
    reach: float

    @classmethod
    def of(cls, image: Floats, corners: Floats) -> Self:
        """Take the pixels of a box.

        Raises
        ------
        ValueError
            In one sentence, if the box is too small, outside the image, saturated or empty.
        """
        from scipy.ndimage import gaussian_filter1d
        from skimage.draw import polygon2mask

        if image.ndim != 2:
            raise ValueError(f"An edge is measured in a picture of 2 axes, not {image.ndim}.")
        if corners.shape != (4, 2):
            raise ValueError("An edge needs a box of four corners: draw a rectangle.")
        sides = np.linalg.norm(np.diff(corners, axis=0), axis=1)
        if sides[:2].min() < SHORTEST_SIDE:
            raise ValueError(
                f"The box is {sides[:2].min():.0f} pixels narrow; draw one of at least "
                f"{SHORTEST_SIDE} pixels a side, across the edge."
            )
        inside = polygon2mask(image.shape, corners)
        area = float(sides[0] * sides[1])
        if inside.sum() < 0.95 * area - 2 * sides[:2].sum():
            raise ValueError("The box reaches beyond the image; draw it inside.")
        low, high = np.argwhere(inside).min(0), np.argwhere(inside).max(0) + 1
        part = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        picture, inside = image[part], inside[part]
        usable = inside & np.isfinite(picture)
        if usable.sum() < 0.8 * inside.sum():
            raise ValueError("Much of the box holds no finite value; draw it elsewhere.")
        _check_saturation(picture[usable])
        filled = np.where(usable, picture, np.median(picture[usable]))
        filled = _despiked(filled)
        slopes = [
            gaussian_filter1d(gaussian_filter1d(filled, 1.5, axis=axis, order=1), 1.5, axis=1 - axis)
            for axis in (0, 1)
        ]
        rows, columns = np.nonzero(usable)
        middle = corners.mean(0) - low
        rows_off, columns_off = rows - middle[0], columns - middle[1]
        return cls(
            rows_off,
            columns_off,
            picture[usable],
            np.stack([slope[usable] for slope in slopes], 1),
            float(np.hypot(rows_off, columns_off).max()),
        )

    def distance(self, angle: float, offset: float) -> Floats:
        """Return the signed distance of every pixel from a line, along its normal."""
        return self.columns * np.cos(angle) + self.rows * np.sin(angle) - offset

    def row_of(self, angle: float) -> npt.NDArray[np.int_]:
        """Return which row across the edge every pixel lies in, a pixel wide each."""
        along = -self.columns * np.sin(angle) + self.rows * np.cos(angle)
        return np.floor(along).astype(int)

    def nearest_end(self, angle: float, offset: float) -> float:
        """Return how far the box reaches on the shorter side of a line."""
        distance = self.distance(angle, offset)
        return float(min(-distance.min(), distance.max()))

    def guess(self) -> EdgeGuess:
        """Return a first guess of the one edge inside.

        Raises
        ------
        ValueError
            In one sentence, if there is no edge, or more than one.
        """
        strength = (self.gradient**2).sum(1)
        strong = strength > np.quantile(strength, 0.5)
        tensor = self.gradient[strong].T @ self.gradient[strong]
        _, vectors = np.linalg.eigh(tensor)
        down, right = vectors[:, 1]
        angle = float(np.arctan2(down, right))
        along = self.gradient @ vectors[:, 1]
        if (along[strong] * strength[strong]).sum() < 0:
            angle, along = angle + np.pi, -along  # the normal points to the bright side
        profile = self._profile(angle, along)
        peak = profile.steepest()
        if peak is None:
            raise ValueError(
                "There is no edge in the box: its grey values do not step; draw the box across "
                "a straight edge between two even regions."
            )
        places, sigma = profile.places, profile.width(peak)
        self._check_sides(angle, float(places[peak]), sigma)
        if profile.another(peak, sigma):
            raise ValueError("There are two edges in the box, or more; draw it around only one.")
        distance = self.distance(angle, float(places[peak]))
        low = float(np.median(self.grey[distance < -sigma]))
        high = float(np.median(self.grey[distance > sigma]))
        return EdgeGuess(angle, float(places[peak]), sigma, low, high)

    def _profile(self, angle: float, along: Floats) -> _SlopeProfile:
        """Return the mean slope against the distance from the middle, in bins of a pixel."""
        bins = np.round(self.distance(angle, 0.0)).astype(int)
        first = int(bins.min())
        count = np.bincount(bins - first)
        mean = np.bincount(bins - first, along) / np.maximum(count, 1)
        square = np.bincount(bins - first, along**2) / np.maximum(count, 1)
        # The smoothing before makes about 5 neighbours alike.
        error = np.sqrt(np.maximum(square - mean**2, 0) * 5 / np.maximum(count, 1))
        enough = count >= max(0.25 * np.median(count), 3)
        places = np.arange(first, first + count.size, dtype=float)
        return _SlopeProfile(places[enough], mean[enough], error[enough])

    def _check_sides(self, angle: float, offset: float, sigma: float) -> None:
        distance = self.distance(angle, offset)
        gap = sigma + 1.5
        if min((distance < -gap).sum(), (distance > gap).sum()) < 4 * SHORTEST_SIDE:
            raise ValueError(
                "The edge lies at the rim of the box; draw the box with the edge in its middle."
            )


class _SlopeProfile(NamedTuple):
    """Mean slope of the grey values across an edge, bin by bin, with its error."""

    places: Floats
    slope: Floats
    error: Floats

    def steepest(self) -> int | None:
        """Return where it is steepest; None if it stands out nowhere."""
        peak = int(np.argmax(self.slope))
        noise = float(np.median(self.error))
        steep = self.slope[peak] > max(CLEAR * noise, RAMP * float(np.mean(self.slope)))
        return peak if steep and self.slope[peak] > 0 else None

    def width(self, peak: int) -> float:
        """Return the sigma of the slope around its peak, less that of the smoothing."""
        half = self.slope > self.slope[peak] / 2
        left, right = peak, peak
        while left > 0 and half[left - 1]:
            left -= 1
        while right < half.size - 1 and half[right + 1]:
            right += 1
        full = float(right - left + 1)
        return float(np.sqrt(max((full / 2.355) ** 2 - 1.5**2, 0.25)))

    def another(self, peak: int, sigma: float) -> bool:
        """Return whether there is another slope, up or down, clear of the steepest."""
        clear = np.abs(self.places - self.places[peak]) > 3 * np.hypot(sigma, 1.5) + 1
        other = np.abs(self.slope[clear])
        limit = np.maximum(SECOND * self.slope[peak], CLEAR * self.error[clear])
        return bool((other > limit).any())


def _check_saturation(grey: Floats) -> None:
    top = grey == grey.max()
    if top.mean() > SATURATED and np.unique(grey).size > 16 and not _quiet(grey):
        raise ValueError(
            f"{top.mean():.0%} of the box is saturated at {grey.max():.5g}; draw the box where "
            "the detector was not overexposed."
        )


def _quiet(grey: Floats) -> bool:
    """Return whether the darkest level is as even as the brightest: a picture without noise."""
    return float((grey == grey.min()).mean()) > SATURATED


def _despiked(picture: Floats) -> Floats:
    """Return the picture without single spots, which would pass for slopes."""
    from scipy.ndimage import median_filter

    smooth = median_filter(picture, 3)
    difference = picture - smooth
    noise = 1.4826 * float(np.median(np.abs(difference)))
    return np.where(np.abs(difference) > 6 * noise, smooth, picture) if noise else picture
