"""Closed-form methods: one division in Fourier space.

Where pixels are masked or nothing is assumed beyond the border, the division is repeated with
those pixels replaced by what the last estimate says of them, which descends on the masked
objective (expectation maximisation; Dempster, Laird and Rubin 1977).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from napari_deconv.core.params import Weight, register
from napari_deconv.core.priors import Prior, RidgePrior, Term, TikhonovPrior
from napari_deconv.methods.method import Method
from napari_deconv.methods.strength import assumed_noise

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.problem import Problem

FILLS = 20
"""How often masked pixels are filled in anew."""


class ClosedForm(Method):
    """A linear filter of the data, ``x = F^-1[r F[g]]``."""

    def response(self, problem: Problem) -> Tensor:
        """Return the filter's response r on the half spectrum."""
        raise TypeError(f"{type(self).__name__} states no response.")

    def estimate(self, problem: Problem) -> Tensor:
        """Return the filtered data, masked pixels taken as they were filled."""
        blur = problem.blur
        return blur.inverse(self.response(problem) * blur.forward(problem.data))

    def check(self, problem: Problem) -> None:
        """Refuse pixels that count more than others: a filter only knows those that are masked."""
        if problem.graded:
            raise ValueError(
                f"{self.key()} is a filter, which can't weigh pixels, only mask them: "
                "choose tikhonov or tv, or pixel weights of 0 and 1."
            )

    def is_filter(self, problem: Problem) -> bool:
        """Return True: masked pixels count as they were filled."""
        return True

    def filtered(self, problem: Problem) -> tuple[Tensor, Tensor]:
        """Return the filtered data, and ``h r``: how much of each frequency is kept."""
        blur = problem.blur
        response = self.response(problem)
        return blur.inverse(response * blur.forward(problem.data)), blur.spectrum * response

    def total(self, problem: Problem) -> int:
        """Return 1, or the number of fillings where data are masked."""
        return 1 if problem.weights is None else FILLS

    def iterates(self, problem: Problem) -> Iterator[Tensor]:
        """Yield the filtered data, then again with masked pixels filled in."""
        import torch

        blur, data = problem.blur, problem.data
        response = self.response(problem)
        for _ in range(self.total(problem)):
            x = blur.inverse(response * blur.forward(data))
            yield x
            if problem.weights is not None:
                data = torch.lerp(blur(x), problem.data, problem.weights)


@register("method")
class LeastSquares(ClosedForm):
    """Pseudo-inverse, ``x = argmin ||H x - g||^2`` over the frequencies that the PSF passes.

    ``r = h* / max(|h|^2, cutoff^2)``: 1 / h above the cutoff; below it the response fades with
    h instead of ending, which would ring across the picture.

    References
    ----------
    P. C. Hansen, J. G. Nagy, D. P. O'Leary, "Deblurring Images", SIAM, 2006, sec. 6.1
    (spectral filtering).
    """

    name: Literal["least-squares"] = "least-squares"
    label: ClassVar[str] = "Least squares: noise-free data only"
    margin: ClassVar[int] = 160  # what a hard inverse makes of a border reaches far
    cutoff: float = Field(
        0.1,
        gt=0,
        le=1,
        description="Frequencies that the PSF passes more weakly than this are not fully restored.",
        json_schema_extra={"sharper": "lower"},
    )

    def response(self, problem: Problem) -> Tensor:
        """Return ``h* / max(|h|^2, cutoff^2)``."""
        blur = problem.blur
        floor = self.cutoff**2
        return blur.once(
            (self.key(), floor), lambda: blur.spectrum.conj() / blur.power().clamp(min=floor)
        )


class _Regularised(ClosedForm):
    """A misfit plus one quadratic prior: in closed form for least squares, else by iteration."""

    fidelities: ClassVar[tuple[str, ...]] = ("gaussian", "poisson", "poisson-gaussian", "huber")
    per_sigma: ClassVar[float] = 1.0
    weight: Weight = Field(
        "auto", description="Strength of the prior; more is smoother, less is noisier."
    )
    solver: Literal["direct", "accelerated-gradient"] = Field(
        "direct",
        description="direct: closed form, else ADMM; accelerated-gradient: Nesterov.",
    )
    iterations: int = Field(
        60, ge=1, le=100_000, description="Iterations, where there is no closed form."
    )
    prior: ClassVar[Prior]

    def total(self, problem: Problem) -> int:
        """Return 1, or the number of iterations where there is no closed form."""
        return super().total(problem) if self._closed(problem) else self.iterations

    def iterates(self, problem: Problem) -> Iterator[Tensor]:
        """Yield the closed form, or the estimates of the solver."""
        if self._closed(problem):
            return super().iterates(problem)
        from napari_deconv.methods.fista import fista
        from napari_deconv.methods.solvers import admm

        walk = admm if self.solver == "direct" else fista
        start = self.estimate(problem) if problem.start is None else problem.start
        return walk(problem, self.terms(problem), self.iterations, start)

    def is_filter(self, problem: Problem) -> bool:
        """Return whether the misfit is least squares, whose closed form any solver reaches."""
        return problem.fidelity.key() == "gaussian" and not problem.graded

    def check(self, problem: Problem) -> None:
        """Refuse the accelerated gradient where the misfit's curvature has no bound."""
        if self.solver == "accelerated-gradient":
            from napari_deconv.methods import fista

            fista.check(problem, self.terms(problem))

    def _closed(self, problem: Problem) -> bool:
        return (
            self.solver == "direct" and problem.fidelity.key() == "gaussian" and not problem.graded
        )

    def terms(self, problem: Problem) -> list[Term]:
        """Return the quadratic prior."""
        weight = self.guess(problem) if self.weight == "auto" else self.weight
        return [Term(weight, self.prior)]

    def response(self, problem: Problem) -> Tensor:
        """Return ``h* / (|h|^2 + weight |k|^2)``, 0 where the denominator is 0."""
        if self.weight == "auto":
            return self._response(problem)
        return problem.blur.once((self.key(), self.weight), lambda: self._response(problem))

    def _response(self, problem: Problem) -> Tensor:
        (term,) = self.terms(problem)
        penalty = term.weight * self.prior.analysis(problem.ndim).power(problem.data)
        denominator = problem.blur.power() + penalty
        return problem.blur.spectrum.conj() * denominator.clamp(min=_SMALLEST).reciprocal()


_SMALLEST = 1e-12
"""Floor of a denominator: what neither the PSF passes nor the prior knows stays 0."""


@register("method")
class Tikhonov(_Regularised):
    """Smooth gradients, ``argmin 1/2 ||H x - g||^2 + weight/2 ||D x||^2``.

    References
    ----------
    A. N. Tikhonov, V. Y. Arsenin, "Solutions of Ill-Posed Problems", Winston, 1977.
    """

    name: Literal["tikhonov"] = "tikhonov"
    rule: ClassVar[str] = "gcv-inflated"
    label: ClassVar[str] = "Tikhonov: instant, soft edges"
    prior: ClassVar[Prior] = TikhonovPrior()


@register("method")
class Ridge(_Regularised):
    """Small values, ``argmin 1/2 ||H x - g||^2 + weight/2 ||x||^2``.

    References
    ----------
    A. E. Hoerl, R. W. Kennard, "Ridge regression", Technometrics 12, 1970.
    """

    name: Literal["ridge"] = "ridge"
    label: ClassVar[str] = "Ridge: instant, darkens grey values"
    bias: ClassVar[str] = "Ridge pulls every grey value towards zero, by about its weight."
    prior: ClassVar[Prior] = RidgePrior()


@register("method")
class Wiener(ClosedForm):
    """Wiener filter, ``r = h* / (|h|^2 + N / S)``, signal power S falling with frequency.

    ``S(f) = c / (f^2 + f0^2)^(exponent / 2)``, f0 one cycle a picture; c makes the model's total
    power that of the data less the noise. N is the noise's power. The mean is kept.

    References
    ----------
    N. Wiener, "Extrapolation, Interpolation, and Smoothing of Stationary Time Series", MIT
    Press, 1949; G. Porod, Kolloid-Z. 124, 1951 (the power of sharp borders falls as f^-3 in the
    plane); D. J. Field, J. Opt. Soc. Am. A 4, 1987 (that of natural scenes as f^-2).
    """

    name: Literal["wiener"] = "wiener"
    label: ClassVar[str] = "Wiener: instant, follows the noise"
    noise: Weight = Field(
        "auto",
        description="Noise sigma as a fraction of the grey range; more is smoother.",
        json_schema_extra={"unit": "of range", "sharper": "lower"},
    )
    exponent: float = Field(
        3.0, ge=0, le=4, description="How steeply the signal's power falls with frequency."
    )

    def guess(self, problem: Problem) -> float:
        """Return the noise."""
        return assumed_noise(problem)

    def response(self, problem: Problem) -> Tensor:
        """Return ``h* / (|h|^2 + N / S)``."""
        ratio = self._noise_to_signal(problem)
        denominator = problem.blur.power() + ratio
        return problem.blur.spectrum.conj() * denominator.clamp(min=_SMALLEST).reciprocal()

    def survey(self, data: Tensor, kernel: Tensor) -> tuple[float, ...]:
        """Return f0, the data's power, how many frequencies that is of, and ``sum |h|^2 S / c``."""
        from napari_deconv.methods import signal_power

        grid = tuple(data.shape)
        f0 = 1 / max(grid)
        shape = signal_power.passed(kernel, grid, lambda f2: (f2 + f0**2) ** (-self.exponent / 2))
        number = math.prod(grid[:-1]) * (grid[-1] // 2 + 1)
        return f0, signal_power.power(data), float(number), shape

    def objective(self, problem: Problem, estimate: Tensor) -> Tensor:
        """Return ``misfit + 1/2 ||sqrt(N / S) x||^2`` (Parseval)."""
        blur = problem.blur
        whitened = blur.inverse(self._noise_to_signal(problem).sqrt() * blur.forward(estimate))
        return problem.misfit(estimate) + whitened.square().sum() / 2

    def _noise_to_signal(self, problem: Problem) -> Tensor:
        """Return N / S on the half spectrum, 0 for the mean."""
        noise = (assumed_noise(problem) if self.noise == "auto" else self.noise) ** 2
        c: Tensor | float
        if problem.survey is None:
            f0, c = self._signal(problem, noise)
        else:
            f0, data, number, shape = problem.survey
            c = shape / max(data - noise * number, _SMALLEST)
        ratio = noise * self._rise(problem, f0) * c
        origin: tuple[Any, ...] = (..., *(0 for _ in problem.blur.grid))
        ratio[origin] = 0.0
        return ratio

    def _signal(self, problem: Problem, noise: float) -> tuple[float, Tensor]:
        """Return f0 and 1 / c of a whole picture."""
        blur = problem.blur
        f0 = 1 / max(blur.grid)
        fluctuation = problem.data - problem.data.mean(blur.axes, keepdim=True)
        periodogram = blur.forward(fluctuation).abs().square() / math.prod(blur.grid)
        signal = (periodogram - noise).sum(blur.axes, keepdim=True).clamp(min=_SMALLEST)
        return f0, (blur.power() / self._rise(problem, f0)).sum() / signal

    def _rise(self, problem: Problem, f0: float) -> Tensor:
        """Return ``c / S``."""
        from napari_deconv.core.operators import squared_frequency

        return problem.blur.once(
            (self.key(), f0, self.exponent),
            lambda: (squared_frequency(problem.data, problem.ndim) + f0**2) ** (self.exponent / 2),
        )
