"""What a restored picture, blurred again, leaves of the data, in units of the noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Expectation:
    """What noise alone would leave after a method.

    Attributes
    ----------
    chi2 : float
        Mean of the squared residuals in sigma.
    whiteness : float
        Lag-1 autocorrelation of the residuals.
    """

    chi2: float
    whiteness: float


@dataclass(frozen=True)
class Residual:
    """What a restored picture, blurred again, leaves of the data.

    Attributes
    ----------
    values : ndarray
        Restored, blurred, less data, in units of the noise's sigma; 0 where it does not count.
    counts : ndarray of bool
        Which pixels count.
    blurred : ndarray, optional
        The restored picture, blurred, in the same units; 0 where it does not count.
    """

    values: NDArray[np.float64]
    counts: NDArray[np.bool_]
    blurred: NDArray[np.float64] | None = None

    @property
    def whiteness(self) -> float:
        """Lag-1 autocorrelation over the pairs of neighbours, averaged over the axes."""
        return _whiteness(self.values, self.counts)

    @property
    def expectation(self) -> Expectation:
        """What this, if it is what a method leaves of noise, lets one expect."""
        chi2 = float(np.sum(np.square(self.values))) / max(int(self.counts.sum()), 1)
        return Expectation(chi2, self.whiteness)


def residual(
    estimate: ArrayLike,
    data: ArrayLike,
    blur: ArrayLike | Callable[[NDArray[Any]], ArrayLike],
    sigma: ArrayLike | Callable[[NDArray[Any]], ArrayLike],
    mask: ArrayLike | None = None,
) -> Residual:
    """Return what a restored picture, blurred again, leaves of the data, in units of the noise.

    ``r = (PSF * estimate - data) / sigma``. With a PSF array a border of its reach is left out,
    because what lies beyond the frame also blurred into it.

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
        counts = counts & interior(measured.shape, kernel.shape)
    deviation = sigma(blurred) if callable(sigma) else sigma
    noise = _spread("Sigma", np.asarray(deviation, np.float64), measured.shape)
    counts = counts & ~np.isnan(noise)
    if not counts.any():
        raise ValueError("No pixel is left to check; the PSF or the mask covers the picture.")
    if not (noise[counts] > 0).all():
        raise ValueError("Sigma must be above zero at every pixel that counts.")
    values, again = np.zeros((2, *measured.shape))
    values[counts] = (blurred[counts] - measured[counts]) / noise[counts]
    again[counts] = blurred[counts] / noise[counts]
    return Residual(values, counts, again)


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


def interior(shape: tuple[int, ...], kernel: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return where a kernel reaches nothing beyond the frame."""
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
