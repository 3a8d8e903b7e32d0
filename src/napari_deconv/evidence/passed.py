"""How fine the detail is that the data speak of, given their noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

FEWEST = 16
"""Pixels along a side below which there are too few frequencies."""
WIDTH = 1 / 64
"""Cycles per pixel that are averaged over."""
LASTS = 2
"""So many bands in a row must fall below the noise: one may do by chance."""


@dataclass(frozen=True)
class Passed:
    """Up to which frequency there is more signal than noise, on average over a picture.

    Attributes
    ----------
    frequency : float
        In cycles per pixel, 0.5 at most.
    """

    frequency: float

    @property
    def detail(self) -> float:
        """Width of a line of the finest line pairs at this frequency, in pixels."""
        return 1 / (2 * self.frequency)

    def __str__(self) -> str:
        """Return it as a sentence."""
        if self.frequency >= 0.5:
            return "The data hold more signal than noise at every frequency."
        return (
            f"On average over the picture the data hold more signal than noise up to "
            f"{self.frequency:.2f} cycles a pixel, lines {self.detail:.1f} px wide: finer detail "
            "is what the method believes of images."
        )


def passed(image: npt.NDArray[np.floating], sigma: float) -> Passed | None:
    r"""Return up to which frequency :math:`|H|^2 S > N`, from the blurred data themselves.

    Their power at a frequency is :math:`|H|^2 S + N`, so that no model of the signal S and no PSF
    is needed: the power, averaged over directions, need only be above 2 N. White noise of sigma s
    has N = s^2.

    Parameters
    ----------
    image : ndarray, (..., H, W)
        Data; of a stack, the middle picture is looked at.
    sigma : float
        Standard deviation of the noise.

    Returns
    -------
    Passed or None
        None without noise, or where the picture is too small.

    References
    ----------
    N. Wiener, "Extrapolation, Interpolation, and Smoothing of Stationary Time Series", MIT Press,
    1949 (the filter is 1/2 of the inverse where signal and noise are alike).
    """
    plane = image.reshape(-1, *image.shape[-2:])[image.size // np.prod(image.shape[-2:]) // 2]
    if sigma <= 0 or min(plane.shape) < FEWEST:
        return None
    window = np.outer(*(np.hanning(n + 2)[1:-1] for n in plane.shape))
    tapered = window * (plane - np.average(plane, weights=window))
    power = np.abs(np.fft.rfft2(tapered)) ** 2 / np.square(window).sum()
    rows, columns = np.fft.fftfreq(plane.shape[0])[:, None], np.fft.rfftfreq(plane.shape[1])
    band = (np.hypot(rows, columns) / WIDTH).astype(int)
    inside = band < 0.5 / WIDTH
    mean = np.bincount(band[inside], power[inside]) / np.maximum(np.bincount(band[inside]), 1)
    weak = mean[1:] < 2 * sigma**2  # the first holds the mean grey value's neighbourhood
    runs = np.convolve(weak, np.ones(LASTS), mode="valid") == LASTS
    first = int(np.argmax(runs)) + 1 if runs.any() else len(mean)
    return Passed(min(first * WIDTH, 0.5))
