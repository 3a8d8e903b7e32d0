"""Any weighted sum of priors, by ADMM or by gradient descent on what torch differentiates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, model_validator

from napari_deconv.core.params import Weight, register
from napari_deconv.core.priors import (
    Basis,
    Box,
    Invariant,
    Isotropic,
    L1Prior,
    Levels,
    Positivity,
    Prior,
    RidgePrior,
    Term,
    TikhonovPrior,
    TotalVariation,
    WaveletPrior,
)
from napari_deconv.methods.method import Method
from napari_deconv.methods.start import beginning
from napari_deconv.methods.variational import Iterations

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from napari_deconv.core.problem import Problem
    from napari_deconv.methods.tgv import Tgv


class WeightedSum(Method):
    """Priors side by side, each with its weight; 0 leaves one out, "auto" shares one strength."""

    fidelities: ClassVar[tuple[str, ...]] = ("gaussian", "poisson", "poisson-gaussian", "huber")
    tv: Weight = Field("auto", title="TV", description="Strength of ||D u||_1: few edges.")
    isotropic: Isotropic = True
    wavelet: Weight = Field(0.0, description="Strength of ||Psi u||_1: few wavelet details.")
    basis: Basis = "haar"
    levels: Levels = 3
    invariant: Invariant = False
    tikhonov: Weight = Field(0.0, description="Strength of ||D u||^2 / 2: smooth everywhere.")
    ridge: Weight = Field(0.0, description="Strength of ||u||^2 / 2: small, darker values.")
    l1: Weight = Field(0.0, description="Strength of ||u||_1: few bright pixels, others darker.")
    bounds: Literal["none", "positive", "box"] = Field(
        "none", description="What grey values must keep to: nothing, 0 and above, or a range."
    )
    lowest: float = Field(0.0, description="Least grey value of the box.")
    highest: float = Field(1.0, description="Greatest grey value of the box.")
    iterations: int

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.bounds == "box":
            Box(lowest=self.lowest, highest=self.highest)
        return self

    def priors(self) -> dict[str, Prior]:
        """Return name of the field that holds a weight -> prior."""
        return {
            "tv": TotalVariation(isotropic=self.isotropic),
            "wavelet": WaveletPrior(basis=self.basis, levels=self.levels, invariant=self.invariant),
            "tikhonov": TikhonovPrior(),
            "ridge": RidgePrior(),
            "l1": L1Prior(),
        }

    def total(self, problem: Problem) -> int:
        """Return the number of iterations."""
        return self.iterations

    def follows_level(self) -> bool:
        """Return False if bounds hold, or a prior knows where zero is."""
        return self.bounds == "none" and self.ridge == self.l1 == 0

    def multiple(self) -> int:
        """Return the number of which every side of the grid must be a multiple."""
        used = [prior for name, prior in self.priors().items() if getattr(self, name) != 0]
        return max((prior.multiple() for prior in used), default=1)

    def terms(self, problem: Problem) -> list[Term]:
        """Return the priors whose weight is not 0, and the bounds."""
        weights = {name: self._weight(problem, name) for name in self.priors()}
        terms = [Term(weights[n], prior) for n, prior in self.priors().items() if weights[n]]
        if self.bounds == "positive":
            terms.append(Term(1.0, Positivity()))
        elif self.bounds == "box":
            box = Box(lowest=self.lowest, highest=self.highest).in_units(problem.scale)
            terms.append(Term(1.0, box))
        return terms

    def _weight(self, problem: Problem, name: str) -> float:
        weight = getattr(self, name)
        automatic = self.guess(problem) / max(len(self.automatic()), 1)
        return automatic if weight == "auto" else float(weight)


@register("method")
class SumModel(WeightedSum):
    """Any weighted sum of priors, ``argmin f(H x; g) + sum_i w_i phi_i(K_i x)`` within bounds.

    References
    ----------
    M. V. Afonso, J. M. Bioucas-Dias, M. A. T. Figueiredo, IEEE Trans. Image Process. 20, 2011;
    total generalised variation: see `napari_deconv.methods.tgv.tgv_admm`.
    """

    name: Literal["sum"] = "sum"
    label: ClassVar[str] = "Sum: several priors at once"
    rule: ClassVar[str] = "gcv-steady"
    tgv: Weight = Field(0.0, title="TGV", description="Strength of TGV: edges and soft gradients.")
    iterations: Iterations = 150

    def iterates(self, problem: Problem) -> Iterator[Tensor]:
        """Run ADMM from the problem's start, or else from the Tikhonov estimate."""
        from napari_deconv.methods.solvers import admm
        from napari_deconv.methods.tgv import tgv_admm

        terms, start = self.terms(problem), beginning(problem)
        if self.tgv == 0:
            return admm(problem, terms, self.iterations, start)
        return tgv_admm(problem, self._tgv(problem), terms, self.iterations, start)

    def objective(self, problem: Problem, estimate: Tensor) -> Tensor:
        """Return the misfit and every penalty."""
        value = problem.objective(estimate, self.terms(problem))
        if self.tgv == 0:
            return value
        return value + self._tgv(problem).value(estimate, problem.ndim)

    def _tgv(self, problem: Problem) -> Tgv:
        from napari_deconv.methods.tgv import Tgv
        from napari_deconv.methods.variational import TgvModel

        weight = self._weight(problem, "tgv")
        return Tgv(weight, TgvModel().ratio * weight)


@register("method")
class GradientDescent(WeightedSum):
    """Gradient descent on the objective that torch differentiates, ``x <- x - rate * dF/dx``.

    Where a prior has a kink its gradient is taken as 0, so steps must be small.

    References
    ----------
    B. T. Polyak, USSR Comput. Math. Math. Phys. 4, 1964 (momentum); D. P. Kingma, J. Ba, "Adam",
    ICLR 2015, algorithm 1.
    """

    name: Literal["gradient-descent"] = "gradient-descent"
    label: ClassVar[str] = "Gradient descent: autograd, slow"
    learning_rate: float = Field(0.01, gt=0, le=10, description="Length of a step.")
    optimiser: Literal["plain", "momentum", "adam"] = Field(
        "momentum", description="How a step follows from the gradients so far."
    )
    momentum: float = Field(
        0.9, ge=0, lt=1, description="Part of the last step that the next one keeps."
    )
    iterations: Iterations = 300

    def iterates(self, problem: Problem) -> Iterator[Tensor]:
        """Descend from the problem's start, or else from the blurred data, within the bounds."""
        import torch

        terms = [term for term in self.terms(problem) if not term.prior.constraint]
        bounds = [term.prior for term in self.terms(problem) if term.prior.constraint]
        x = problem.data if problem.start is None else problem.start
        pace = self._pace()
        for _ in range(self.iterations):
            with torch.enable_grad():
                leaf = x.detach().requires_grad_()
                (slope,) = torch.autograd.grad(problem.objective(leaf, terms), leaf)
            x = x - pace(slope)
            for bound in bounds:
                x = bound.prox(x, 0.0)
            yield x

    def _pace(self) -> Callable[[Tensor], Tensor]:
        """Return what makes a step of a gradient."""
        rate = self.learning_rate
        if self.optimiser == "adam":
            return _adam(rate, self.momentum)
        return _heavy_ball(rate, self.momentum if self.optimiser == "momentum" else 0.0)


def _heavy_ball(rate: float, momentum: float) -> Callable[[Tensor], Tensor]:
    step: Tensor | None = None

    def pace(slope: Tensor) -> Tensor:
        nonlocal step
        step = rate * slope if step is None else momentum * step + rate * slope
        return step

    return pace


def _adam(rate: float, momentum: float) -> Callable[[Tensor], Tensor]:
    mean: Tensor | None = None
    square: Tensor | None = None
    number = 0

    def pace(slope: Tensor) -> Tensor:
        nonlocal mean, square, number
        number += 1
        first, second = slope * (1 - momentum), slope.square() * (1 - ADAM_SQUARES)
        mean = first if mean is None else momentum * mean + first
        square = second if square is None else ADAM_SQUARES * square + second
        root = (square / (1 - ADAM_SQUARES**number)).sqrt().add_(ADAM_FLOOR)
        return rate * (mean / (1 - momentum**number)) / root

    return pace


ADAM_SQUARES = 0.999
ADAM_FLOOR = 1e-8
