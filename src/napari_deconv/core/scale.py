"""The numbers that are measured once per layer and then travel with the recipe."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from napari_deconv.core.noise import gaussian_sigma
from napari_deconv.core.params import Declared

RANGE = (0.1, 99.9)
"""Percentiles between which the grey range lies."""


class Measurement(Declared):
    """What a recipe knows of the layer it was made for, on the layer's grey scale.

    Regions, tiles, slices and other machines receive it and never measure again.
    """

    scale: float = Field(gt=0, description="Grey range: 99.9 less 0.1 percentile.")
    noise: float = Field(ge=0, description="Standard deviation of the noise.")
    mean: float = Field(description="Mean grey value.")

    @classmethod
    def of(
        cls, values: npt.NDArray[np.floating], valid: npt.NDArray[np.bool_] | None = None
    ) -> Self:
        """Measure a whole layer or stack.

        Parameters
        ----------
        values : ndarray
            Finite grey values.
        valid : ndarray of bool, optional
            False where a pixel is no measurement.
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
        noise = gaussian_sigma(values, valid)
        return cls(scale=scale, noise=noise, mean=float(good.mean(dtype=np.float64)))
