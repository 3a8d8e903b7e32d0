"""The problems that the libraries are raced on, and the objective that judges all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import fft
from scipy.special import xlogy

from napari_deconv import Recipe, samples
from napari_deconv.core.operators import Blur
from napari_deconv.core.problem import Problem
from napari_deconv.methods.direct import Tikhonov

if TYPE_CHECKING:
    from napari_deconv.core.priors import Term
    from napari_deconv.methods.method import Method

PEAK = 2000.0
"""Counts in the open beam of the problem of counts."""
DARKEST = 1e-6
"""Floor of what is expected, below which the divergence counts as if it were there: as ours."""
START = 0.01
"""Strength of the Tikhonov estimate that peers start from."""


@dataclass(frozen=True)
class Case:
    """A problem to solve, and what must be minimised: the same for every walker.

    Attributes
    ----------
    problem : Problem
        Data and blur on the padded grid.
    method : Method
        Our method, whose prior terms, weights as numbers, are the objective's.
    """

    problem: Problem
    method: Method

    @classmethod
    def of(cls, sample: samples.Sample, method: dict[str, Any], boundary: str) -> Self:
        """Return the problem that a recipe makes of a sample, at the weight its noise suggests."""
        recipe = Recipe(method=method, boundary=boundary, strength="noise")
        restoration = recipe.begin(sample.image, sample.psf, device="cpu")
        return cls(restoration.problem(), restoration.recipe.method)

    @property
    def grid(self) -> tuple[int, ...]:
        """Shape of the padded grid."""
        return self.problem.blur.grid

    @cached_property
    def terms(self) -> list[Term]:
        """The priors with their weights."""
        return self.method.terms(self.problem)

    @cached_property
    def start(self) -> NDArray[np.float32]:
        """What peers start from: a Tikhonov estimate, as ours does, but handed to them for free."""
        return Tikhonov(weight=START).estimate(self.problem).numpy()

    def fresh(self) -> Problem:
        """Return the problem with its blur made anew, which belongs to the set-up that is timed."""
        return replace(self.problem, blur=Blur(self.problem.blur.kernel, self.grid))

    def double(self) -> Self:
        """Return the case in float64."""
        problem = self.problem
        weights = None if problem.weights is None else problem.weights.double()
        blur = Blur(problem.blur.kernel.double(), self.grid)
        double = replace(problem, data=problem.data.double(), weights=weights, blur=blur)
        return replace(self, problem=double)

    def data_weights(self) -> NDArray[Any]:
        """Return 1 where there are data, 0 where there are none."""
        weights = self.problem.weights
        return np.ones((), np.float32) if weights is None else weights.numpy()

    def weighted_data(self) -> NDArray[np.float32]:
        """Return the data, 0 where there are none, as one vector."""
        return (self.data_weights() * self.problem.data.numpy()).ravel()

    @cached_property
    def transfer(self) -> NDArray[np.complex128]:
        """The blur's transfer function, by NumPy alone."""
        kernel = self.problem.blur.kernel.numpy().astype(np.float64)
        psf = np.zeros(self.grid)
        psf[tuple(slice(n) for n in kernel.shape)] = kernel
        psf = np.roll(psf, [-((n - 1) // 2) for n in kernel.shape], (0, 1))
        transfer: NDArray[np.complex128] = fft.rfft2(psf)
        return transfer

    def objective(self, u: Any) -> float:
        """Return misfit plus penalties in float64, by NumPy, SciPy and PyWavelets alone."""
        x = np.asarray(u).reshape(self.grid).astype(np.float64)
        blurred = fft.irfft2(self.transfer * fft.rfft2(x), self.grid)
        value = self.misfit(blurred)
        return value + sum(term.weight * penalty(term, x) for term in self.terms)

    def misfit(self, v: NDArray[np.float64]) -> float:
        """Return half the squared residual, or the Kullback-Leibler divergence."""
        data = self.problem.data.numpy().astype(np.float64)
        if self.problem.fidelity.key() == "gaussian":
            return float((self.data_weights() * (v - data) ** 2).sum() / 2)
        mean = np.maximum(v, DARKEST)
        return float((mean - data + xlogy(data, data) - xlogy(data, mean)).sum())


def penalty(term: Term, x: NDArray[np.float64]) -> float:
    """Return total variation, or the sum of absolute details of a periodic wavelet transform."""
    prior: Any = term.prior
    if prior.key() == "tv":
        differences = [np.roll(x, -1, axis) - x for axis in range(x.ndim)]
        if prior.isotropic:
            return float(np.sqrt(sum(d**2 for d in differences)).sum())
        return float(sum(np.abs(d).sum() for d in differences))
    if prior.key() == "wavelet":
        import pywt

        _, *details = pywt.wavedec2(x, prior.basis, mode="periodization", level=prior.levels)
        return float(sum(np.abs(band).sum() for level in details for band in level))
    raise ValueError(f"The judge knows no {prior.key()!r}; teach it in {__name__}.penalty.")


def radiograph(size: int) -> samples.Sample:
    """Return the simulated radiograph of `size` pixels a side."""
    return samples.radiograph(shape=(size, size))


def counts(size: int) -> Case:
    """Return counted photons of the radiograph behind a collimator that darkens its border.

    The dark rim is twice as wide as the PSF reaches, so that zero and periodic borders are one and
    the same problem and every library's Richardson-Lucy takes the same path.
    """
    sample = radiograph(size)
    psf = torch.from_numpy(sample.psf / sample.psf.sum()).float()
    blur = Blur(psf, (size, size))
    rim = min(2 * (max(psf.shape) // 2) + 1, size // 4)
    scene = torch.zeros(size, size)
    inner = slice(rim, size - rim)
    scene[inner, inner] = torch.from_numpy(sample.truth.astype(np.float32))[inner, inner]
    rate = PEAK * blur(scene).clamp(min=0).double().numpy() / float(scene.max())
    image = torch.from_numpy(np.random.default_rng(0).poisson(rate).astype(np.float32)) / PEAK
    recipe = Recipe(method={"name": "richardson-lucy", "accelerated": True}, fidelity="poisson")
    everywhere = (slice(0, size), slice(0, size))
    problem = Problem(
        data=image,
        weights=None,
        blur=blur,
        fidelity=recipe.fidelity,
        window=everywhere,
        noise=float(image.mean() / PEAK) ** 0.5,
        mean=float(image.mean()),
    )
    return Case(problem, recipe.method)
