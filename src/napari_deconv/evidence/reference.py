"""Compare an estimate with a reference: PSNR with its K, NRMSE and SSIM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

SSIM_WINDOW = 11
"""Pixels on a side of the window that scikit-image takes for a Gaussian of sigma 1.5."""


class Psnr(NamedTuple):
    """A peak signal-to-noise ratio and the peak that it was taken on.

    Attributes
    ----------
    value : float
        The ratio in dB; infinite for equal arrays.
    data_range : float
        K, the grey value that counts as full scale.
    """

    value: float
    data_range: float

    def __str__(self) -> str:
        """Return the ratio with its K, such as ``35.07 dB (K = 0.86)``."""
        return f"{format_decibel(self.value)} dB (K = {format_level(self.data_range)})"


def psnr(estimate: ArrayLike, reference: ArrayLike, data_range: float | None = None) -> Psnr:
    """Return the peak signal-to-noise ratio of an estimate.

    ``10 log10(K^2 / MSE)`` with K the maximum of the whole reference. Pixels that are not finite
    in either array are left out. For a profile give the K of the whole reference image.

    Parameters
    ----------
    estimate, reference : array_like
        Two arrays of one shape, on one grey-value scale.
    data_range : float, optional
        K above zero; the maximum of `reference` if left out.

    Returns
    -------
    Psnr
        The ratio in dB and its K.

    Raises
    ------
    ValueError
        If the shapes differ, no pixel is finite, or K is not above zero.
    """
    picture, truth, finite = _pair(estimate, reference)
    scale = peak(truth) if data_range is None else float(data_range)
    if not (np.isfinite(scale) and scale > 0):
        raise ValueError(f"PSNR needs a data range above zero, not {scale:g}; give data_range.")
    difference = np.subtract(picture, truth, dtype=np.float64)[finite]
    mean_square = float(np.mean(np.square(difference)))
    with np.errstate(divide="ignore"):
        value = float(10 * np.log10(scale**2 / np.float64(mean_square)))
    return Psnr(value, scale)


def nrmse(estimate: ArrayLike, reference: ArrayLike) -> float:
    """Return the root-mean-square error relative to the reference's root mean square.

    ``||estimate - reference|| / ||reference||`` over the pixels that are finite in both.

    Parameters
    ----------
    estimate, reference : array_like
        Two arrays of one shape, on one grey-value scale.

    Returns
    -------
    float
        0 for equal arrays.

    Raises
    ------
    ValueError
        If the shapes differ, no pixel is finite, or the reference is zero throughout.
    """
    from skimage.metrics import normalized_root_mse

    picture, truth, finite = _pair(estimate, reference)
    if not np.any(truth[finite]):
        raise ValueError("NRMSE needs a reference that is not zero throughout.")
    return float(normalized_root_mse(truth[finite], picture[finite]))


def ssim(estimate: ArrayLike, reference: ArrayLike, data_range: float | None = None) -> float:
    """Return the mean structural similarity with the constants of its authors.

    Gaussian window of sigma 1.5, K1 = 0.01, K2 = 0.03, population covariance; windows that touch
    the border or a pixel that is not finite are left out.

    Parameters
    ----------
    estimate, reference : array_like
        Two images of one shape, 11 pixels or more on every side.
    data_range : float, optional
        Full scale of the grey values; the maximum of `reference` if left out.

    Returns
    -------
    float
        1 for equal images.

    Raises
    ------
    ValueError
        If the shapes differ, a side is shorter than the window, or no window is whole.

    References
    ----------
    Wang, Bovik, Sheikh, Simoncelli, IEEE Trans. Image Process. 13 (2004) 600, eq. 13.
    """
    from skimage.metrics import structural_similarity

    picture, truth, finite = _pair(estimate, reference)
    if min(truth.shape) < SSIM_WINDOW:
        raise ValueError(
            f"SSIM needs {SSIM_WINDOW} pixels or more on every side, not {min(truth.shape)}."
        )
    scale = peak(truth) if data_range is None else float(data_range)
    _, similarity = structural_similarity(  # type: ignore[no-untyped-call]
        np.where(finite, truth, 0.0).astype(np.float64),
        np.where(finite, picture, 0.0).astype(np.float64),
        data_range=scale,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    reach = SSIM_WINDOW // 2
    inner = (slice(reach, -reach),) * truth.ndim
    whole = similarity[inner] if finite.all() else similarity[inner][_whole_windows(finite)[inner]]
    if not whole.size:
        raise ValueError("No SSIM window is free of pixels that are not finite.")
    return float(np.mean(whole))


def _whole_windows(finite: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return around which pixels every pixel of the window is finite."""
    from scipy.ndimage import minimum_filter

    whole: NDArray[np.bool_] = minimum_filter(finite.view(np.uint8), SSIM_WINDOW).astype(bool)
    return whole


def peak(reference: ArrayLike) -> float:
    """Return K, the largest finite value of a reference.

    Parameters
    ----------
    reference : array_like
        The whole reference, of any shape.

    Returns
    -------
    float
        Its maximum over the finite values.

    Raises
    ------
    ValueError
        If no value is finite.
    """
    truth = np.asarray(reference)
    largest = float(truth.max()) if truth.size else np.nan
    if not np.isfinite(largest):
        finite = truth[np.isfinite(truth)]
        if not finite.size:
            raise ValueError("The reference holds no finite value.")
        largest = float(finite.max())
    return largest


def format_decibel(value: float) -> str:
    """Return a ratio in dB with two digits, or the sign of infinity for equal arrays.

    Parameters
    ----------
    value : float
        The ratio in dB.

    Returns
    -------
    str
        Such as ``35.07``.
    """
    return "∞" if value == np.inf else f"{value:.2f}"


def format_level(level: float) -> str:
    """Return a grey value short enough for a caption.

    Parameters
    ----------
    level : float
        Any grey value.

    Returns
    -------
    str
        Three digits, or the whole number from a thousand to a million.
    """
    return f"{level:.0f}" if 1e3 <= abs(level) < 1e6 else f"{level:.3g}"


def _pair(
    estimate: ArrayLike, reference: ArrayLike
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.bool_]]:
    picture, truth = np.asarray(estimate), np.asarray(reference)
    if picture.shape != truth.shape:
        raise ValueError(
            f"Estimate and reference must have one shape, not {picture.shape} and {truth.shape}."
        )
    if picture.dtype.kind == "c" or truth.dtype.kind == "c":
        raise ValueError("Estimate and reference must be real, not complex.")
    finite = np.isfinite(picture) & np.isfinite(truth)
    if not finite.any():
        raise ValueError("No pixel is finite in both estimate and reference.")
    return picture, truth, finite
