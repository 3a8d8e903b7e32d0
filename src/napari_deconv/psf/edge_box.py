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
ROUNDING = 1e-9
"""Share of the grey range by which computed values that should be alike may differ."""
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
    middle : ndarray, shape (2,)
        Row and column of the middle of the box in the image.
    """

    rows: Floats
    columns: Floats
    grey: Floats
    gradient: Floats
    reach: float
    middle: Floats

    @classmethod
    def of(cls, image: Floats, corners: Floats) -> Self:
        """Take the pixels of a box.

        Raises
        ------
        ValueError
            In one sentence, if the box is too small, outside the image, saturated or empty.
        """
        from scipy.ndimage import distance_transform_edt, gaussian_filter1d
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
        inside = polygon2mask(image.shape, corners)  # type: ignore[no-untyped-call]
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
        # What lies outside a turned box, or is not finite, must not pass for a step at the rim.
        nearest = distance_transform_edt(~usable, return_distances=False, return_indices=True)
        filled = _despiked(picture[tuple(nearest)])
        slopes = [
            gaussian_filter1d(
                gaussian_filter1d(filled, 1.5, axis=axis, order=1), 1.5, axis=1 - axis
            )
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
            corners.mean(0),
        )

    def distance(self, angle: float, offset: float) -> Floats:
        """Return the signed distance of every pixel from a line, along its normal."""
        return np.asarray(self.columns * np.cos(angle) + self.rows * np.sin(angle) - offset)

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
        profile = SlopeProfile.of(self.distance(angle, 0.0), along)
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

    def _check_sides(self, angle: float, offset: float, sigma: float) -> None:
        distance = self.distance(angle, offset)
        gap = sigma + 1.5
        if min((distance < -gap).sum(), (distance > gap).sum()) < 4 * SHORTEST_SIDE:
            raise ValueError(
                "The edge lies at the rim of the box; draw the box with the edge in its middle."
            )


class SlopeProfile(NamedTuple):
    """Mean slope of the grey values across an edge, in bins of a pixel, with its error."""

    places: Floats
    slope: Floats
    error: Floats

    @classmethod
    def of(cls, distance: Floats, slope: Floats) -> Self:
        """Average the slopes of pixels at the same distance."""
        bins = np.round(distance).astype(int)
        first = int(bins.min())
        count = np.bincount(bins - first)
        mean = np.bincount(bins - first, slope) / np.maximum(count, 1)
        square = np.bincount(bins - first, slope**2) / np.maximum(count, 1)
        # The smoothing before makes about 5 neighbours alike.
        error = np.sqrt(np.maximum(square - mean**2, 0) * 5 / np.maximum(count, 1))
        enough = count >= max(0.25 * np.median(count), 3)
        places = np.arange(first, first + count.size, dtype=float)
        return cls(places[enough], mean[enough], error[enough])

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


def rectangle(image: Floats, corners: Floats, least: int) -> tuple[slice, slice]:
    """Return the part of an image that a rectangle along its axes covers.

    Raises
    ------
    ValueError
        In one sentence, if it is turned, too small, or not wholly inside the image.
    """
    if image.ndim != 2:
        raise ValueError(f"A PSF is measured in a picture of 2 axes, not {image.ndim}.")
    if corners.shape != (4, 2):
        raise ValueError("A point needs a box of four corners: draw a rectangle.")
    low, high = corners.min(0).round().astype(int), corners.max(0).round().astype(int)
    if (high - low).min() + 1 < least:
        raise ValueError(
            f"The box is {(high - low).min() + 1} pixels narrow; draw one of at least {least} "
            "pixels a side."
        )
    if (low < 0).any() or (high >= image.shape).any():
        raise ValueError("The box reaches beyond the image; draw it inside.")
    part = (slice(low[0], high[0] + 1), slice(low[1], high[1] + 1))
    if not np.isfinite(image[part]).all():
        raise ValueError("The box holds values that are not finite; draw it elsewhere.")
    return part


def _check_saturation(grey: Floats) -> None:
    top = grey == grey.max()
    if top.mean() > SATURATED and np.unique(grey).size > 16 and not _quiet(grey):
        raise ValueError(
            f"{top.mean():.0%} of the box is saturated at {grey.max():.5g}; draw the box where "
            "the detector was not overexposed."
        )


def _quiet(grey: Floats) -> bool:
    """Return whether the darkest level is as even as the brightest: a picture without noise."""
    same = grey <= grey.min() + ROUNDING * np.ptp(grey)
    return float(same.mean()) > SATURATED


def _despiked(picture: Floats) -> Floats:
    """Return the picture without single spots, which would pass for slopes."""
    from scipy.ndimage import median_filter

    smooth = median_filter(picture, 3)
    difference = picture - smooth
    noise = 1.4826 * float(np.median(np.abs(difference)))
    return np.where(np.abs(difference) > 6 * noise, smooth, picture) if noise else picture
