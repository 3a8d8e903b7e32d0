"""Standard errors of what is computed from many rows: leave out a part of them, and look again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PARTS = 10
"""Parts of neighbouring rows, each left out once: noise that neighbours share stays together."""


def jackknife(
    rows: npt.NDArray[np.integer], estimate: Callable[[npt.NDArray[np.bool_]], Floats]
) -> Floats:
    """Return the standard errors of numbers by the delete-a-group jackknife.

    ``sqrt((g - 1) / g sum (x_i - mean x)^2)`` over g groups.

    Parameters
    ----------
    rows : ndarray of int, shape (N,)
        Which row each sample lies in.
    estimate : callable
        Takes which samples to use, shape (N,), and returns the numbers that they come to, or
        raises a ValueError where that can't be.

    Returns
    -------
    ndarray
        One error for each number; NaN if a part can't be left out, or there are too few rows.

    References
    ----------
    B. Efron, "The jackknife, the bootstrap and other resampling plans", SIAM, 1982, ch. 3.
    """
    _, index = np.unique(rows, return_inverse=True)
    count = int(index.max()) + 1 if index.size else 0
    part = index * PARTS // max(count, 1)
    whole = np.atleast_1d(estimate(np.ones(rows.size, bool)))
    if count < 2 * PARTS:
        return np.full(whole.shape, np.nan)
    try:
        found = np.array([np.atleast_1d(estimate(part != k)) for k in range(PARTS)])
    except ValueError:
        return np.full(whole.shape, np.nan)
    squares = np.square(found - found.mean(0)).sum(0)
    return np.asarray(np.sqrt((PARTS - 1) / PARTS * squares))
