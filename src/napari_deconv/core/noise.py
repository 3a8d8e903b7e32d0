"""Estimate the noise of an image from the image alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

MAD = 0.6745
"""Median of the absolute value of a standard normal variable."""
KEPT = 0.98658
"""Standard deviation of a standard normal variable cut off at 3."""


def gaussian_sigma(
    image: npt.NDArray[np.floating], valid: npt.NDArray[np.bool_] | None = None
) -> float:
    """Return the standard deviation of white noise, from the finest diagonal Haar details.

    The median of their absolute values starts the estimate, the standard deviation of those
    below three times it ends it, so that coarse grey levels do not quantise the result. Blurred
    structure hardly reaches these details; sharp texture, and noise that the detector smeared,
    bias it (up and down).

    Parameters
    ----------
    image : ndarray, shape (..., H, W)
        Grey values; at least 2 x 2.
    valid : ndarray of bool, optional
        Pixels to look at; the others' details are left out.

    Returns
    -------
    float
        Sigma on the image's grey scale; 0 for an image without noise.

    References
    ----------
    D. L. Donoho, I. M. Johnstone, "Ideal spatial adaptation by wavelet shrinkage", Biometrika
    81, 1994, sec. 4.2.
    """
    details = np.abs(_diagonal(image))
    if valid is not None:
        seen = valid[..., :-1, :-1] & valid[..., 1:, :-1] & valid[..., :-1, 1:] & valid[..., 1:, 1:]
        details = details[seen]
    details = details[np.isfinite(details)]
    if details.size == 0:
        return 0.0
    start = float(np.median(details)) / MAD
    rounding = 8 * np.finfo(np.float32).eps * float(np.nanmax(np.abs(image)))
    if start <= rounding:
        return 0.0
    inner = details[details < 3 * start]
    return float(np.sqrt(np.mean(np.square(inner, dtype=np.float64)))) / KEPT


def _diagonal(image: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Return ``(a - b - c + d) / 2`` of every 2 x 2 neighbourhood."""
    rows = image[..., 1:, :] - image[..., :-1, :]
    return (rows[..., 1:] - rows[..., :-1]) / 2
