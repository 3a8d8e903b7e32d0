"""Blur a restored picture again and ask whether what is left of the data is noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

AGREES = (0.85, 1.1)
"""Reduced chi-squares between which the re-blurred result counts as agreeing with the data."""

WHITE = 0.2
"""Lag-1 autocorrelation above which the residual counts as structured."""


@dataclass(frozen=True)
class ResidualCheck:
    """The verdict of a re-blur check.

    Attributes
    ----------
    chi2 : float
        Mean of the squared residuals in sigma; 1 where only the noise is left.
    whiteness : float
        Lag-1 autocorrelation of the residuals, -1 to 1; 0 where they are white.
    pixels : int
        How many pixels were looked at.
    neighbours : float
        Correlation of neighbours in the noise itself, which residuals may have as well.
    """

    chi2: float
    whiteness: float
    pixels: int
    neighbours: float = 0.0

    @property
    def agrees(self) -> bool:
        """Whether the residual has the size and the whiteness of noise."""
        allowed = WHITE + self.neighbours
        return AGREES[0] <= self.chi2 <= AGREES[1] and abs(self.whiteness) <= allowed

    def __str__(self) -> str:
        """Return the verdict as a sentence."""
        figures = f"chi-square {self.chi2:.2f}, whiteness {self.whiteness:.2f}"
        if self.neighbours >= WHITE / 2:
            figures += f" (noise itself {self.neighbours:.2f})"
        if self.agrees:
            return f"Re-blurred result agrees with the data: {figures}."
        if self.chi2 > AGREES[1]:
            return f"Re-blurred result differs from the data by more than the noise: {figures}."
        if self.chi2 < AGREES[0]:
            return f"Re-blurred result follows the data's noise: {figures}."
        return f"Re-blurred result differs from the data by a pattern: {figures}."


@dataclass(frozen=True)
class Unchecked:
    """No verdict, and why.

    Attributes
    ----------
    reason : str
        One sentence.
    """

    reason: str

    def __str__(self) -> str:
        """Return the reason."""
        return f"No re-blur verdict: {self.reason}"


def residual_check(
    estimate: ArrayLike,
    data: ArrayLike,
    blur: ArrayLike | Callable[[NDArray[Any]], ArrayLike],
    sigma: ArrayLike | Callable[[NDArray[Any]], ArrayLike],
    mask: ArrayLike | None = None,
) -> ResidualCheck:
    """Return how well a restored picture, blurred again, explains the data.

    ``r = (PSF * estimate - data) / sigma``; chi2 is simply the mean of ``r^2``, no degree of
    freedom taken off; whiteness is ``sum r_i r_(i+1) / sum r_i^2`` over the pairs of neighbours,
    averaged over the axes. With a PSF array a border of its reach is left out, because what lies
    beyond the frame also blurred into it.

    Parameters
    ----------
    estimate, data : array_like, (H, W) or (D, H, W)
        The restored picture and the measured one, on one grey-value scale.
    blur : array_like or callable
        The PSF, its centre at index ``(n - 1) // 2`` and taken relative to its sum; or a function
        that blurs the estimate, in which case `mask` has to leave out the border.
    sigma : float, array_like or callable
        Standard deviation of the noise, one number or one for each pixel, or a function that
        gives it for the blurred estimate. A pixel where it is NaN does not count.
    mask : array_like of bool, optional
        True where the data count. Data that are not finite never count.

    Returns
    -------
    ResidualCheck
        Chi-square, whiteness and the number of pixels.

    Raises
    ------
    ValueError
        If shapes do not fit, sigma is not above zero, or no pixel is left.
    """
    restored, measured = np.asarray(estimate, np.float64), np.asarray(data, np.float64)
    if restored.shape != measured.shape:
        raise ValueError(
            f"Estimate and data must have one shape, not {restored.shape} and {measured.shape}."
        )
    if not np.isfinite(restored).all():
        raise ValueError("The estimate holds values that are not finite; restore it again.")
    counts = np.isfinite(measured)
    if mask is not None:
        counts = counts & _spread("The mask", np.asarray(mask, bool), measured.shape)
    if callable(blur):
        blurred = np.asarray(blur(restored), np.float64)
    else:
        kernel = np.asarray(blur, np.float64)
        blurred = _convolve(restored, kernel)
        counts = counts & _interior(measured.shape, kernel.shape)
    deviation = sigma(blurred) if callable(sigma) else sigma
    noise = _spread("Sigma", np.asarray(deviation, np.float64), measured.shape)
    counts = counts & ~np.isnan(noise)
    if not counts.any():
        raise ValueError("No pixel is left to check; the PSF or the mask covers the picture.")
    if not (noise[counts] > 0).all():
        raise ValueError("Sigma must be above zero at every pixel that counts.")
    residual = np.zeros(measured.shape)
    residual[counts] = (blurred[counts] - measured[counts]) / noise[counts]
    total = float(np.sum(np.square(residual)))
    pixels = int(counts.sum())
    return ResidualCheck(total / pixels, _whiteness(residual, counts), pixels)


def _spread(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if array.ndim and array.shape != shape:
        raise ValueError(f"{name} must be of the data's shape {shape}, not {array.shape}.")
    return np.broadcast_to(array, shape)


def _convolve(picture: NDArray[np.float64], kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    from scipy.signal import fftconvolve

    total = float(kernel.sum())
    if kernel.ndim != picture.ndim:
        raise ValueError(
            f"A PSF of {kernel.ndim} dimensions does not fit a picture of {picture.ndim}."
        )
    if not np.isfinite(total) or total == 0:
        raise ValueError("The PSF must be finite and must not sum to zero.")
    if any(k > n for k, n in zip(kernel.shape, picture.shape, strict=True)):
        raise ValueError("The PSF is wider than the picture, so no pixel is blurred from within.")
    blurred: NDArray[np.float64] = fftconvolve(picture, kernel / total, mode="same")
    return blurred


def _interior(shape: tuple[int, ...], kernel: tuple[int, ...]) -> NDArray[np.bool_]:
    inside = np.zeros(shape, dtype=bool)
    inside[tuple(slice(k // 2, n - k // 2) for n, k in zip(shape, kernel, strict=True))] = True
    return inside


def _whiteness(residual: NDArray[np.float64], counts: NDArray[np.bool_]) -> float:
    lags = []
    for axis in range(residual.ndim):
        here = np.moveaxis(residual, axis, 0)
        valid = np.moveaxis(counts, axis, 0)
        both = valid[1:] & valid[:-1]
        power = 0.5 * float(np.sum((np.square(here[1:]) + np.square(here[:-1]))[both]))
        if power > 0:
            lags.append(float(np.sum((here[1:] * here[:-1])[both])) / power)
    return float(np.mean(lags)) if lags else 0.0
