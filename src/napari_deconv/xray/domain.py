"""Tell what the grey values stand for: counts, transmission or attenuation."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_deconv.core.noise import gaussian_sigma

SHARE = 0.005
"""Share of the pixels below zero from which negatives are no accident."""
NEAR_ZERO = 3.0
"""A median within this many sigma of zero is air in a picture of attenuation."""
BEYOND_NOISE = 5.0
"""Negatives deeper than this many sigma are no noise around zero."""


def looks_like_attenuation(image: npt.NDArray[np.generic]) -> bool:
    """Return whether the grey values look like attenuation, ``-log(transmission)`` or a CT slice.

    Counts and transmission are positive but for noise in the darkest parts. Attenuation lies
    around zero wherever there is air: many pixels are negative, and the median is near zero or
    the negatives are deeper than noise.

    Parameters
    ----------
    image : ndarray, shape (H, W)
        Real grey values.
    """
    if image.dtype.kind != "f" and image.dtype.kind != "i":
        return False
    finite = np.isfinite(image)
    values: npt.NDArray[Any] = image[finite]
    if values.size == 0 or np.mean(values < 0) < SHARE:
        return False
    sigma = gaussian_sigma(np.where(finite, image, 0).astype(np.float32), finite)
    lowest, median = np.percentile(values, (100 * SHARE / 2, 50))
    return bool(abs(median) <= NEAR_ZERO * sigma or lowest < -BEYOND_NOISE * sigma)
