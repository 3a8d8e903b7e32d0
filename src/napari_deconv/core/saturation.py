"""Find the pixels where a detector was overexposed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_deconv.core.noise import gaussian_sigma

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def saturated(values: Floats, good: Mask) -> Mask:
    """Return the pixels of a flat top: plateaus at the exact maximum of an otherwise noisy image.

    A picture without noise may have a flat background; it is left alone.

    Parameters
    ----------
    values : ndarray of float32, shape (H, W) or (N, H, W)
    good : ndarray of bool, the same shape
        Pixels to look at.
    """
    top = good & (values == values[good].max())
    three = top[..., :-2, :] & top[..., 1:-1, :] & top[..., 2:, :]
    plateau = (three[..., :-2] & three[..., 1:-1] & three[..., 2:]).any()
    if not plateau or not (good & ~top).any():
        return np.zeros(values.shape, dtype=bool)
    noisy = gaussian_sigma(values, good & ~top) > 0
    return top if noisy else np.zeros(values.shape, dtype=bool)
