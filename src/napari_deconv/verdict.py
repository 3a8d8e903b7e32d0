"""What is said of a result: whether it explains the data, and whether its grey values are sane."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_deconv.core.fidelities import Fidelity, Poisson, PoissonGaussian
from napari_deconv.evidence.residual import ResidualCheck, Unchecked, residual_check

if TYPE_CHECKING:
    from napari_deconv.core.scale import Measurement
    from napari_deconv.xray.frame import Frame

FAR_OUT = 0.7
"""Grey ranges beyond the data's own at which a result's values are named; good ones: to 0.5."""


def agreement(
    result: npt.NDArray[np.float32],
    frame: Frame,
    kernel: npt.NDArray[np.floating],
    measured: Measurement,
    fidelity: Fidelity,
) -> ResidualCheck | Unchecked:
    """Return whether a result, blurred again, leaves of the data what their noise is.

    Parameters
    ----------
    result : ndarray
        On the data's grey scale; one picture, or a stack of which each is blurred by itself.
    frame : Frame
        The data.
    kernel : ndarray
        PSF, of as many axes as are blurred.
    measured : Measurement
        With the noise of every grey level.
    fidelity : Fidelity
        Noise model; a stated gain of counted photons goes before the measured one.

    Returns
    -------
    ResidualCheck or Unchecked
        Averaged over the slices; or why there is none.
    """
    if measured.noise <= 0:
        return Unchecked("no noise was found in the image, so that there is no measure for it.")
    background = fidelity.background if isinstance(fidelity, Poisson) else 0.0
    sigma = sigma_by_grey(measured, fidelity, frame.level)
    valid = np.ones(result.shape, bool) if frame.valid is None else frame.valid
    planes = (-1, *result.shape[result.ndim - kernel.ndim :])
    restored = result.astype(np.float64) + (background - frame.level)
    trust = np.ones((1,) * result.ndim, np.float32) if frame.weights is None else frame.weights
    trust = np.broadcast_to(trust, result.shape)
    stacks = (array.reshape(planes) for array in (restored, frame.values, valid, trust))
    try:
        checks = [
            residual_check(estimate, data, kernel, weighed(sigma, weights), mask)
            for estimate, data, mask, weights in zip(*stacks, strict=True)
        ]
    except ValueError as error:
        reason = str(error)
        return Unchecked(reason[:1].lower() + reason[1:])
    pixels = [check.pixels for check in checks]
    return ResidualCheck(
        float(np.average([check.chi2 for check in checks], weights=pixels)),
        float(np.average([check.whiteness for check in checks], weights=pixels)),
        sum(pixels),
        measured.neighbours,
    )


def weighed(
    sigma: Callable[[npt.NDArray[Any]], npt.NDArray[np.float64]], weights: npt.NDArray[Any]
) -> Callable[[npt.NDArray[Any]], npt.NDArray[np.float64]]:
    """Return what gives the noise of pixels of which some count more: those are less noisy."""
    root = np.sqrt(np.where(weights > 0, weights, np.nan))
    return lambda blurred: sigma(blurred) / root


def sigma_by_grey(
    measured: Measurement, fidelity: Fidelity, level: float
) -> Callable[[npt.NDArray[Any]], npt.NDArray[np.float64]]:
    """Return what gives the noise's sigma at each grey value, `level` being taken off that.

    NaN where the noise is photons' and less than one is expected: a chi-square says little there.
    """
    gain = measured.gain
    read = measured.noise if measured.read_noise is None else measured.read_noise
    if isinstance(fidelity, Poisson) and fidelity.gain != Poisson().gain:
        gain, read = fidelity.gain, 0.0
    if isinstance(fidelity, PoissonGaussian) and "auto" not in (fidelity.gain, fidelity.read):
        gain, read = float(fidelity.gain), float(fidelity.read)

    def sigma(blurred: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        grey = blurred + level
        deviation: npt.NDArray[np.float64] = np.sqrt(gain * np.maximum(grey, gain) + read**2)
        if read < gain:
            deviation[grey < gain] = np.nan
        return deviation

    return sigma


def far_out(result: npt.NDArray[np.float32], data: tuple[float, float]) -> tuple[str, ...]:
    """Name grey values of a result far beyond those of the data, in a sentence.

    Parameters
    ----------
    result : ndarray
    data : tuple of float
        Least and greatest grey value that was measured.
    """
    low, high = float(result.min()), float(result.max())
    room = FAR_OUT * (data[1] - data[0])
    if data[0] - room <= low and high <= data[1] + room:
        return ()
    return (
        f"The result's grey values run from {low:.5g} to {high:.5g}, the image's from "
        f"{data[0]:.5g} to {data[1]:.5g}: right only for points finer than the PSF, else mask or "
        "crop bad pixels, narrow the PSF or raise the weight.",
    )
