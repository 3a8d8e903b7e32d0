"""How much each pixel counts, as the user says: checked, and relative to a usual pixel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def pixel_weights(weights: npt.ArrayLike, shape: tuple[int, ...]) -> Floats:
    """Return weights for an image of a shape, 1 for a usual pixel.

    Parameters
    ----------
    weights : array_like, shape of the image or of one of its slices
        From 0 up, in any unit: the reciprocal of the noise's variance, say. Only ratios count:
        they are divided by the median of those above 0, so that a prior's strength keeps its
        meaning. 0 masks a pixel.
    shape : tuple of int
        Of the image.

    Returns
    -------
    ndarray of float32, shape of the image

    Raises
    ------
    ValueError
        In one sentence, if they have another shape, are below 0 or not finite, or all are 0.
    """
    given = np.asarray(weights)
    if given.dtype.kind not in "buif":
        raise ValueError(f"The pixel weights are of type {given.dtype}; give real numbers from 0.")
    if given.shape not in (shape, shape[1:]) or given.ndim < 2:
        raise ValueError(
            f"The pixel weights have shape {given.shape}, the image {shape}; "
            "give one weight for each pixel."
        )
    if not np.isfinite(given).all() or (given < 0).any():
        raise ValueError("The pixel weights must be finite and from 0 up; set bad pixels to 0.")
    if not given.any():
        raise ValueError("The pixel weights are 0 everywhere, so that no pixel counts.")
    usual = np.quantile(given[given > 0].astype(np.float64), 0.5, method="higher")
    relative = (given / usual).astype(np.float32)
    return np.broadcast_to(relative, shape)


def graded(weights: Floats) -> bool:
    """Return whether weights do more than mask: some pixels count more than others."""
    return bool(((weights != 0) & (weights != 1)).any())
