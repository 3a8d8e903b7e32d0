"""Rims of balls and tubes: edges that are no step in the object, and look like a wider blur.

A sharp step, blurred by any PSF, is alike on both sides. Along rays that pass a ball or a tube the
thickness grows as the square root of the distance from the rim: on the side of the part the grey
value goes on to change. Beside the PSF's parameters a blurred square root is fitted; how high it
comes out, and what that does to the parameters, tells whether the edges are steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from napari_deconv.psf.kernel_spread import Spreads

Floats = npt.NDArray[np.float64]

CLEAR = 4.0
"""Sigmas by which a rim's height stands clear of none."""
MATTERS = 0.015
"""Change of a width (of its logarithm) by which a rim that stands clear is refused."""
CAUTION = 3.0
"""How much farther off a width may be than a rim's change of it: 2 to 8 on balls and tubes."""


class Rims(NamedTuple):
    """What the edges say if the steps may be curved rims as well.

    Attributes
    ----------
    height, error : float
        Height of the square root where the fit ends, as a share of the step; standard error.
    shift : ndarray, shape (K,)
        Steps of the PSF's parameters that may go with it.
    """

    height: float
    error: float
    shift: Floats

    @classmethod
    def of(cls, matrix: Floats, vector: Floats, told: list[int], count: int) -> Self:
        """Solve normal equations whose last unknown is the height.

        Parameters
        ----------
        matrix, vector : ndarray, shape (T + 1, T + 1) and (T + 1,)
        told : list of int
            Which of the PSF's `count` parameters the others are.
        """
        covariance = np.linalg.pinv(matrix)
        step = covariance @ vector
        shift = np.zeros(count)
        height, error = float(step[-1]), float(np.sqrt(max(covariance[-1, -1], 1e-30)))
        # What noise makes of a height moves the width as well: it is in the scatter already.
        sure = np.clip(2 * abs(height) / error / CLEAR - 1, 0, 1)
        shift[told] = CAUTION * sure * step[:-1]
        return cls(height, error, shift)

    @property
    def clear(self) -> bool:
        """Whether there are any."""
        return abs(self.height) > CLEAR * self.error

    def check(self, wider: float) -> None:
        """Refuse edges that are curved rims.

        Parameters
        ----------
        wider : float
            By how much the logarithm of the blur's width may change with them.

        Raises
        ------
        ValueError
            In one sentence.
        """
        if self.clear and abs(wider) > CAUTION * MATTERS:
            raise ValueError(
                "The edges in the region are no steps that this shape blurs: they go on to change "
                "on one side, as rims of balls, tubes and rounded parts do, so that a width would "
                "mislead; choose a region with sharp, straight steps, or begin with another shape."
            )


def onset(spreads: Spreads, reach: float, side: int) -> tuple[Floats, Floats]:
    """Return distances in pixels and a square root that begins at the edge, blurred.

    Parameters
    ----------
    spreads : Spreads
        Of the PSF; the mean of all directions is taken.
    reach : float
        Distance at which the root is 1, in pixels.
    side : {-1, 1}
        The dark or the bright side of the edge.
    """
    from scipy.signal import fftconvolve

    from napari_deconv.psf.kernel_spread import STEP

    rise = spreads.rises[0].mean(0).astype(float)
    places = (np.arange(rise.size) - (rise.size - 1) / 2) * STEP
    root = np.sqrt(np.clip(places * side, 0, None) / reach)
    return places, np.asarray(fftconvolve(root, np.gradient(rise), mode="same"))
