"""The numbers that are measured once per layer and then travel with the recipe."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from napari_deconv.core.noise import gaussian_sigma, noise_by_grey
from napari_deconv.core.params import Declared

RANGE = (0.1, 99.9)
"""Percentiles between which the grey range lies."""
SMEARED = 0.1
"""Correlation of neighbours from which noise no longer counts as white."""
FOREIGN = 2.0
"""Grey ranges that differ by more than this factor are not of one series of images."""
FOREIGN_NOISE = 3.0
"""The same for their noise."""
MOST_SLICES = 16
"""Slices, spread evenly, that a stack is judged by: a scan on disk can't be read twice."""


def judged(count: int) -> list[int]:
    """Return the indices of the slices that a stack is judged by, none nearer an end than a step.

    Examples
    --------
    >>> judged(160)[:3]
    [5, 15, 25]
    """
    if count <= MOST_SLICES:
        return list(range(count))
    return [int((i + 0.5) * count / MOST_SLICES) for i in range(MOST_SLICES)]


class Defects(Declared):
    """Which grey values of a layer are no measurement, and what is taken off all others."""

    level: float = Field(0.0, description="Grey value subtracted while the work goes on.")
    full: float | None = Field(None, description="Grey value of saturated pixels.")
    stuck: float | None = Field(None, description="Grey value of dead pixels.")
    depth: float = Field(0.0, ge=0, description="How far these lie below all around them.")


class Measurement(Declared):
    """What a recipe knows of the layer it was made for, on the layer's grey scale.

    Regions, tiles, slices and other machines receive it and never measure again.
    """

    scale: float = Field(gt=0, description="Grey range: 99.9 less 0.1 percentile.")
    noise: float = Field(ge=0, description="Standard deviation of the noise.")
    mean: float = Field(description="Mean grey value.")
    gain: float = Field(0.0, ge=0, description="Variance of the noise per grey value.")
    read_noise: float | None = Field(
        None, ge=0, description="Standard deviation of the noise where the grey value is 0."
    )
    neighbours: float = Field(
        0.0, ge=0, le=1, description="Correlation of the noise of neighbouring pixels."
    )

    unclear: bool = Field(
        False, description="Whether texture and smeared noise can't be told apart."
    )
    defects: Defects | None = Field(
        None, description="What marks bad pixels; where nothing is stated, they are looked for."
    )

    @property
    def coarse_noise(self) -> float:
        """Sigma of the white noise that is as strong where a PSF passes anything.

        Of noise that correlates by r from pixel to pixel, the finest details see ``1 - r`` of its
        sigma, and low frequencies ``(1 + r) / (1 - r)`` (exponential smear along both axes).
        """
        return self.noise * (1 + self.neighbours) / (1 - self.neighbours) ** 2

    @property
    def white(self) -> bool:
        """Whether the noise of neighbouring pixels correlates too little to matter."""
        return self.neighbours < SMEARED

    @classmethod
    def of(
        cls,
        values: npt.NDArray[np.floating],
        valid: npt.NDArray[np.bool_] | None = None,
        level: float = 0.0,
        weights: npt.NDArray[np.floating] | None = None,
    ) -> Self:
        """Measure a whole layer or stack.

        Parameters
        ----------
        values : ndarray
            Finite grey values, less `level`.
        valid : ndarray of bool, optional
            False where a pixel is no measurement.
        level : float
            Grey value that was subtracted before.
        weights : ndarray, optional
            How much each pixel counts, taken for the reciprocal of its variance: they say how
            the noise varies, and not the grey values; the noise is that of weight 1.
        """
        good = values if valid is None else values[valid]
        good = values if good.size == 0 else good
        low, high = np.percentile(good, RANGE)
        full = float(good.max()) - float(good.min())
        scale = float(high - low)
        if scale <= 1e-8 * full:  # all but a few pixels alike: a point on black
            scale = full
        if full <= 1e-6 * abs(float(good.max())):  # a constant picture
            scale = abs(float(good.max())) or 1.0
        by_grey = noise_by_grey(values, valid, level)
        noise = gaussian_sigma(values, valid, weights)
        return cls(
            scale=scale,
            noise=noise,
            mean=float(good.mean(dtype=np.float64)) + level,
            gain=by_grey.gain if weights is None else 0.0,
            read_noise=by_grey.read_sigma if weights is None else noise,
            neighbours=by_grey.neighbours,
            unclear=by_grey.unclear,
        )

    def foreign(self, fresh: Self) -> tuple[str, ...]:
        """Name, in a sentence, what does not fit an image of which `fresh` was measured."""
        named = (("grey range", "scale", FOREIGN), ("noise", "noise", FOREIGN_NOISE))
        for what, field, factor in named:
            here, there = getattr(fresh, field), getattr(self, field)
            if max(here, there) > factor * min(here, there) > 0:
                return (
                    f"The recipe was measured on another image: its {what} is {there:.4g}, that of "
                    f"this image {here:.4g}; remove 'measured' and set automatic parameters to "
                    "'auto' to fit it to this one.",
                )
        return ()
