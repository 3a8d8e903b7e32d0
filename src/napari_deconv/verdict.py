"""What is said of a result: whether it explains the data, and whether its grey values are sane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_deconv.core.fidelities import Fidelity, Poisson, PoissonGaussian
from napari_deconv.evidence.implied import Implied, implied
from napari_deconv.evidence.leftover import Expectation, Residual, interior, residual
from napari_deconv.evidence.local_misfit import Local
from napari_deconv.evidence.passed import Passed, passed
from napari_deconv.evidence.residual import USUAL, ResidualCheck, Unchecked, residual_check
from napari_deconv.methods.leftover import kept_by_filter, leftover

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.problem import Problem
    from napari_deconv.core.scale import Measurement
    from napari_deconv.plan import Plan
    from napari_deconv.posing import Cut, Poser
    from napari_deconv.xray.frame import Frame

FEW = 5
"""Percent of the darkest pixels, too few to have told the noise of their grey values."""
SLICES = 4
"""Slices of a stack, spread evenly, whose spectrum is looked at."""
GAPS = 0.1
"""Share of masked pixels from which a spectrum says little."""
FAINT = 0.01
"""Share of a PSF that must see pixels that count, to fill a masked one from."""
FAR_OUT = 0.7
"""Grey ranges beyond the data's own at which a result's values are named; good ones: to 0.5."""

NO_ROOM = "the result is whole, but the check did not fit into memory."
"""Why nothing is said of a result."""


@dataclass(frozen=True)
class Reblur:
    """The data, and all that blurring a result again and comparing it with them takes.

    Attributes
    ----------
    frame : Frame
        The data.
    kernel : ndarray
        PSF, of as many axes as are blurred.
    measured : Measurement
        With the noise of every grey level.
    fidelity : Fidelity
        Noise model; a stated gain of counted photons goes before the measured one.
    changing : callable or None
        Blurs a picture by the PSF of each place, where the PSF changes.
    sharper : tuple of str
        What of its parameters makes the method smooth less.
    """

    frame: Frame
    kernel: npt.NDArray[np.floating]
    measured: Measurement
    fidelity: Fidelity
    changing: Callable[[npt.NDArray[Any]], npt.NDArray[Any]] | None = None
    sharper: tuple[str, ...] = ()

    def agreement(
        self, result: npt.NDArray[np.float32], expected: Expectation | None = None
    ) -> ResidualCheck | Unchecked:
        """Return whether a result, blurred again, leaves of the data what their noise is.

        Parameters
        ----------
        result : ndarray
            On the data's grey scale; one picture, or a stack of which each is blurred by itself.
        expected : Expectation, optional
            What the method would leave of noise alone, if that is known.

        Returns
        -------
        ResidualCheck or Unchecked
            Averaged over the slices; or why there is none.
        """
        measured = self.measured
        coarse = measured.noise if measured.white else measured.coarse_noise
        try:
            checks = [
                residual_check(
                    left,
                    self.kernel.astype(np.float64),
                    measured.neighbours,
                    USUAL if expected is None else expected,
                    coarse / measured.scale,
                )
                for left in self._planes(result)
            ]
        except ValueError as error:
            reason = str(error)
            return Unchecked(reason[:1].lower() + reason[1:])
        found = together(checks)
        assert isinstance(found, ResidualCheck)
        return replace(found, implied=self.implied(), sharper=self.sharper)

    def residual(self, result: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the result, blurred again, less the data, in units of the noise's sigma.

        NaN where a pixel does not count: masked, or nearer to the border than the PSF reaches.

        Raises
        ------
        ValueError
            In one sentence, if there is no noise to measure by, or no pixel is left.
        """
        planes = [
            np.where(left.counts, left.values, np.nan).astype(np.float32)
            for left in self._planes(result)
        ]
        return np.stack(planes).reshape(result.shape)

    def implied(self) -> Implied | None:
        """Return how the picture that data and PSF imply goes with frequency.

        Of a stack, as `SLICES` of it show together. Masked pixels are filled in from around them.
        """
        frame, kernel, measured = self.frame, self.kernel.astype(np.float64), self.measured
        planes = frame.values.reshape(-1, *frame.values.shape[frame.values.ndim - kernel.ndim :])
        valid = np.isfinite(planes)
        if frame.valid is not None:
            valid &= frame.valid.reshape(planes.shape)
        step = -(-len(planes) // SLICES)
        looked = range(step // 2, len(planes), step)
        whole = [i for i in looked if valid[i].mean() > 1 - GAPS]
        if measured.noise <= 0 or not whole:
            return None
        filled = [_filled(planes[i], valid[i], kernel) for i in whole]
        sigma = sigma_by_grey(measured, self.fidelity, frame.level, self._least())
        variance = float(np.nanmean([np.nanmean(np.square(sigma(one))) for one in filled]))
        return implied(filled, variance, kernel, 0.0 if measured.white else measured.neighbours)

    def passed(self) -> Passed | None:
        """Return up to which frequency the data hold more signal than noise."""
        measured = self.measured
        return passed(
            self.frame.values, measured.noise if measured.white else measured.coarse_noise
        )

    def _least(self) -> float:
        """Return the grey value below which the noise was not measured but extrapolated."""
        frame = self.frame
        good = frame.values if frame.valid is None else frame.values[frame.valid]
        return float(np.percentile(good, FEW)) if good.size else -np.inf

    def _planes(self, result: npt.NDArray[np.float32]) -> list[Residual]:
        """Return what is left of each picture of a stack."""
        frame, kernel = self.frame, self.kernel
        if self.measured.noise <= 0:
            raise ValueError("No noise was found in the image, so that there is no measure for it.")
        background = self.fidelity.background if isinstance(self.fidelity, Poisson) else 0.0
        valid = np.ones(result.shape, bool) if frame.valid is None else frame.valid
        sigma = sigma_by_grey(self.measured, self.fidelity, frame.level, self._least())
        planes = (-1, *result.shape[result.ndim - kernel.ndim :])
        restored = result.astype(np.float64) + (background - frame.level)
        trust = np.ones((1,) * result.ndim, np.float32) if frame.weights is None else frame.weights
        trust = np.broadcast_to(trust, result.shape)
        blur = kernel if self.changing is None else self.changing
        inside = np.bool_(True) if self.changing is None else interior(planes[1:], kernel.shape)
        stacks = (array.reshape(planes) for array in (restored, frame.values, valid, trust))
        return [
            residual(estimate, data, blur, weighed(sigma, weights), mask & inside)
            for estimate, data, mask, weights in zip(*stacks, strict=True)
        ]


def together(checks: Sequence[ResidualCheck | Unchecked]) -> ResidualCheck | Unchecked:
    """Return what checks of slices or tiles say together; those that could not be are left out."""
    made = [check for check in checks if isinstance(check, ResidualCheck)]
    if not made:
        return checks[0]
    pixels = [check.pixels for check in made]
    return replace(
        made[0],
        chi2=float(np.average([check.chi2 for check in made], weights=pixels)),
        whiteness=float(np.average([check.whiteness for check in made], weights=pixels)),
        pixels=sum(pixels),
        local=Local.together([check.local for check in made if check.local is not None]),
    )


def _filled(
    picture: npt.NDArray[Any], valid: npt.NDArray[np.bool_], kernel: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return a picture whose masked pixels hold what the PSF makes of those around them."""
    from scipy.signal import fftconvolve

    values: npt.NDArray[np.float64] = np.where(valid, picture, 0.0).astype(np.float64)
    if valid.all():
        return values
    mean = float(values[valid].mean())
    around = fftconvolve(np.where(valid, values - mean, 0.0), kernel, mode="same")
    weight = fftconvolve(valid.astype(np.float64), kernel, mode="same")
    known = weight > FAINT * kernel.sum()
    values[~valid] = mean + np.where(known, around / np.where(known, weight, 1), 0.0)[~valid]
    return values


def expectation(recipe: Plan, poser: Poser, part: Cut, index: int) -> Expectation | None:
    """Return what a recipe's method leaves of noise alone, in a part of one slice.

    Exactly for a linear filter of white noise; by two more solves of the part for the others.
    None where that would be too much, or nothing can be told.
    """
    measured, method = poser.measured, recipe.method
    if measured.noise <= 0 or method.automatic():
        return None
    problem = poser.problem(recipe, part, index)
    if method.is_filter(problem) and measured.white:
        return Expectation(*kept_by_filter(method, problem))
    sigma = _sigma_of(problem, recipe, poser)
    left = leftover(method, problem, sigma, 0.0 if measured.white else measured.neighbours)
    if left is None:
        return None
    counts = problem.crop(sigma).cpu().numpy() > 0
    counts &= interior(counts.shape, poser.exposure.kernel.array.shape)
    if not counts.any():
        return None
    values = left.cpu().numpy().astype(np.float64)
    return Residual(np.where(counts, values, 0.0), counts).expectation


def _sigma_of(problem: Problem, recipe: Plan, poser: Poser) -> Tensor:
    """Return the noise's sigma on the grid, in the problem's units; 0 where nothing is measured."""
    import torch

    level = poser.frame.level
    grey = problem.data.cpu().numpy().astype(np.float64) * problem.scale - recipe.offset
    sigma = sigma_by_grey(poser.measured, recipe.fidelity, level)(grey) / problem.scale
    told = torch.from_numpy(np.nan_to_num(sigma).astype(np.float32)).to(problem.data.device)
    if problem.weights is None:
        return told
    return told * (problem.weights > 0) / problem.weights.clamp(min=_FAINT).sqrt()


_FAINT = 1e-6
"""Least weight that noise is divided by."""


def weighed(
    sigma: Callable[[npt.NDArray[Any]], npt.NDArray[np.float64]], weights: npt.NDArray[Any]
) -> Callable[[npt.NDArray[Any]], npt.NDArray[np.float64]]:
    """Return what gives the noise of pixels of which some count more: those are less noisy."""
    root = np.sqrt(np.where(weights > 0, weights, np.nan))
    return lambda blurred: sigma(blurred) / root


def sigma_by_grey(
    measured: Measurement, fidelity: Fidelity, level: float, least: float = -np.inf
) -> Callable[[npt.NDArray[Any]], npt.NDArray[np.float64]]:
    """Return what gives the noise's sigma at each grey value, `level` being taken off that.

    NaN where the noise is photons' and less than one is expected: a chi-square says little there.
    Below the grey value `least`, of which there was too little to measure the noise, it is not
    taken for smaller, unless the noise model states it.
    """
    gain = measured.gain
    read = measured.noise if measured.read_noise is None else measured.read_noise
    if isinstance(fidelity, Poisson) and fidelity.gain != Poisson().gain:
        gain, read, least = fidelity.gain, 0.0, -np.inf
    if isinstance(fidelity, PoissonGaussian) and "auto" not in (fidelity.gain, fidelity.read):
        gain, read, least = float(fidelity.gain), float(fidelity.read), -np.inf

    def sigma(blurred: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        grey = blurred + level
        told = np.maximum(grey, max(gain, least + level))
        deviation: npt.NDArray[np.float64] = np.sqrt(gain * told + read**2)
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
