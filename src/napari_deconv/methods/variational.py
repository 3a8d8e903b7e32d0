"""The named models: which prior terms, what weight, which solver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from napari_deconv.core.params import Weight, register
from napari_deconv.core.priors import (
    Basis,
    Invariant,
    Isotropic,
    L1Prior,
    Levels,
    Positivity,
    Prior,
    Term,
    TotalVariation,
    WaveletPrior,
)
from napari_deconv.methods.method import Method
from napari_deconv.methods.start import beginning

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.problem import Problem
    from napari_deconv.methods.tgv import Tgv

Strength = Annotated[
    Weight, Field(description="Strength of the prior; more is flatter, less is noisier.")
]
Positive = Annotated[bool, Field(description="Let no grey value fall below zero.")]
Iterations = Annotated[
    int,
    Field(
        ge=1,
        le=100_000,
        description="Iterations of the solver.",
        json_schema_extra={"sharper": "more"},
    ),
]
Solver = Annotated[
    Literal["admm", "primal-dual"],
    Field(description="Algorithm; all reach the same picture, admm soonest."),
]
ProximableSolver = Annotated[
    Literal["admm", "fista", "primal-dual"],
    Field(description="Algorithm; all reach the same picture, admm soonest."),
]


class Model(Method):
    """A misfit plus prior terms: ``argmin f(H x; g) + sum_i w_i phi_i(K_i x)``."""

    fidelities: ClassVar[tuple[str, ...]] = ("gaussian", "poisson", "poisson-gaussian", "huber")
    rule: ClassVar[str] = "gcv-steady"
    weight: Weight
    positive: bool
    iterations: int

    def priors(self, weight: float) -> list[Term]:
        """Return the sparse terms of the model at a strength."""
        raise TypeError(f"{type(self).__name__} states no priors.")

    def follows_level(self) -> bool:
        """Return False if it must not fall below zero, wherever that lies."""
        return super().follows_level() and not self.positive

    def total(self, problem: Problem) -> int:
        """Return the number of iterations."""
        return self.iterations

    def multiple(self) -> int:
        """Return the number of which every side of the grid must be a multiple."""
        return max((term.prior.multiple() for term in self.priors(0.0)), default=1)

    def check(self, problem: Problem) -> None:
        """Refuse FISTA where it can't follow misfit or prior."""
        if getattr(self, "solver", "admm") == "fista":
            from napari_deconv.methods import fista

            fista.check(problem, self.terms(problem))

    def terms(self, problem: Problem) -> list[Term]:
        """Return the sparse terms and, if asked for, positivity."""
        weight = self.guess(problem) if self.weight == "auto" else self.weight
        positivity = [Term(1.0, Positivity())] if self.positive else []
        return [*self.priors(weight), *positivity]

    def iterates(self, problem: Problem) -> Iterator[Tensor]:
        """Run the solver from the problem's start, or else from the Tikhonov estimate."""
        from napari_deconv.methods.fista import fista
        from napari_deconv.methods.primal_dual import primal_dual
        from napari_deconv.methods.solvers import admm

        walk = {"admm": admm, "fista": fista, "primal-dual": primal_dual}[
            getattr(self, "solver", "admm")
        ]
        return walk(problem, self.terms(problem), self.iterations, beginning(problem))


@register("method")
class L1Model(Model):
    """Least squares (or another misfit) plus L1, ``argmin f(H x; g) + weight ||x||_1``.

    References
    ----------
    A. Beck, M. Teboulle, SIAM J. Imaging Sci. 2, 2009, eq. (1.3).
    """

    name: Literal["l1"] = "l1"
    label: ClassVar[str] = "L1: points and lines on black"
    bias: ClassVar[str] = "L1 pulls every grey value towards zero, by up to its weight."
    weight: Strength = "auto"
    positive: Positive = False
    solver: ProximableSolver = "admm"
    iterations: Iterations = 100

    def priors(self, weight: float) -> list[Term]:
        """Return the L1 norm."""
        return [Term(weight, L1Prior())]


@register("method")
class TotalVariationModel(Model):
    """Least squares (or another misfit) plus total variation, ``argmin f(H x; g) + w ||D x||_1``.

    References
    ----------
    L. I. Rudin, S. Osher, E. Fatemi, Physica D 60, 1992; solver: see
    `napari_deconv.methods.solvers.admm`.
    """

    name: Literal["tv"] = "tv"
    label: ClassVar[str] = "TV: flat regions, sharp edges"
    weight: Strength = "auto"
    isotropic: Isotropic = True
    positive: Positive = False
    solver: Solver = "admm"
    iterations: Iterations = 100

    def priors(self, weight: float) -> list[Term]:
        """Return total variation."""
        return [Term(weight, TotalVariation(isotropic=self.isotropic))]


@register("method")
class WaveletModel(Model):
    """Least squares (or another misfit) plus wavelet L1, ``argmin f(H x; g) + w ||Psi x||_1``.

    References
    ----------
    M. A. T. Figueiredo, R. D. Nowak, "An EM algorithm for wavelet-based image restoration", IEEE
    Trans. Image Process. 12, 2003, eq. (5).
    """

    name: Literal["wavelet"] = "wavelet"
    label: ClassVar[str] = "Wavelet: fine texture; Haar: blocks"
    weight: Strength = "auto"
    basis: Basis = "haar"
    levels: Levels = 3
    invariant: Invariant = True
    positive: Positive = False
    solver: ProximableSolver = "admm"
    iterations: Iterations = 100

    def priors(self, weight: float) -> list[Term]:
        """Return the wavelet penalty."""
        return [Term(weight, _wavelet(self))]


@register("method")
class TvWaveletModel(Model):
    """Total variation and wavelets, ``argmin f(H x; g) + w ((1 - s) ||D x||_1 + s ||Psi x||_1)``.

    References
    ----------
    J. Bioucas-Dias, M. Figueiredo, "An iterative algorithm for linear inverse problems with
    compound regularizers", IEEE ICIP 2008.
    """

    name: Literal["tv-wavelet"] = "tv-wavelet"
    label: ClassVar[str] = "TV + wavelet: edges and texture"
    weight: Strength = "auto"
    share: float = Field(
        0.3, ge=0, le=1, description="Part of the strength that the wavelets get; TV the rest."
    )
    isotropic: Isotropic = True
    basis: Basis = "haar"
    levels: Levels = 3
    invariant: Invariant = False
    positive: Positive = False
    solver: Solver = "admm"
    iterations: Iterations = 100

    def priors(self, weight: float) -> list[Term]:
        """Return total variation and the wavelet penalty."""
        return [
            Term((1 - self.share) * weight, TotalVariation(isotropic=self.isotropic)),
            Term(self.share * weight, _wavelet(self)),
        ]


@register("method")
class TgvModel(Model):
    """Second-order total generalised variation: TV without steps on soft gradients.

    ``argmin f(H x; g) + weight min_w (||D x - w||_1 + ratio ||E w||_1)``

    References
    ----------
    K. Bredies, K. Kunisch, T. Pock, SIAM J. Imaging Sci. 3, 2010, eq. (3.3); solver: see
    `napari_deconv.methods.tgv.tgv_admm`.
    """

    name: Literal["tgv"] = "tgv"
    label: ClassVar[str] = "TGV: soft gradients, sharp edges"
    weight: Strength = "auto"
    ratio: float = Field(
        2.0, gt=0, le=1000, description="Cost of a bend over that of an edge; more is nearer to TV."
    )
    positive: Positive = False
    iterations: Iterations = 150

    def priors(self, weight: float) -> list[Term]:
        """Return none: the penalty is no function of one linear map of the image."""
        return []

    def iterates(self, problem: Problem) -> Iterator[Tensor]:
        """Run ADMM over image and vector field."""
        from napari_deconv.methods.tgv import tgv_admm

        penalty, start = self._penalty(problem), beginning(problem)
        return tgv_admm(problem, penalty, self.terms(problem), self.iterations, start)

    def objective(self, problem: Problem, estimate: Tensor) -> Tensor:
        """Return misfit plus penalty, the latter from above by an inner iteration."""
        value = problem.objective(estimate, self.terms(problem))
        return value + self._penalty(problem).value(estimate, problem.ndim)

    def _penalty(self, problem: Problem) -> Tgv:
        from napari_deconv.methods.tgv import Tgv

        weight = self.guess(problem) if self.weight == "auto" else self.weight
        return Tgv(weight, self.ratio * weight)


def _wavelet(model: WaveletModel | TvWaveletModel) -> Prior:
    return WaveletPrior(basis=model.basis, levels=model.levels, invariant=model.invariant)
