"""Tell what the grey values stand for, counts, transmission or attenuation, and convert them."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from napari_deconv.core.noise import gaussian_sigma

Domain = Literal["counts", "transmission", "attenuation"]

SHARE = 0.005
"""Share of the pixels below zero from which negatives are no accident."""
NEAR_ZERO = 3.0
"""A median within this many sigma of zero is air in a picture of attenuation."""
BEYOND_NOISE = 5.0
"""Negatives deeper than this many sigma are no noise around zero."""

WARNING = (
    "The grey values look like attenuation or a reconstructed slice, which the blur of a "
    "projection does not act on: deblur counts or transmission, or use a PSF measured on slices."
)


def converted(
    image: npt.ArrayLike, source: Domain, target: Domain, open_field: npt.ArrayLike = 1.0
) -> npt.NDArray[np.float32]:
    """Return an image in another domain.

    Blur acts on counts, or on transmission, which is counts over those of the open field: deblur
    there, and take the logarithm afterwards.

    Parameters
    ----------
    image : array_like
        Grey values above the dark.
    source, target : {"counts", "transmission", "attenuation"}
        Transmission is counts over `open_field`, attenuation minus its natural logarithm.
    open_field : array_like
        Counts without an object: a number, or an image of them.

    Returns
    -------
    ndarray of float32, shape of the image
        Transmission of 0 or less has no logarithm: NaN, which a deconvolution masks.

    Raises
    ------
    ValueError
        If the open field is not above 0 everywhere.
    """
    level = np.asarray(open_field, dtype=np.float64)
    if not (level > 0).all():
        raise ValueError("The open field must be above 0 everywhere; subtract no more than dark.")
    values = np.asarray(image, dtype=np.float64)
    if source == target:
        return values.astype(np.float32)
    if source == "counts":
        values = values / level
    elif source == "attenuation":
        values = np.exp(-values)
    if target == "counts":
        values = values * level
    elif target == "attenuation":
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(values > 0, -np.log(values), np.nan)
    return values.astype(np.float32)


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
