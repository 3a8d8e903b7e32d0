"""The named models: which prior terms, what weight, which solver."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field

from napari_deconv.core.params import Weight, register
from napari_deconv.core.priors import Isotropic, Positivity, Term, TotalVariation
from napari_deconv.methods.direct import Tikhonov
from napari_deconv.methods.method import Method
from napari_deconv.methods.strength import from_noise

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.problem import Problem


@register("method")
class TotalVariationModel(Method):
    """Least squares (or Poisson) plus total variation, ``argmin f(H x; g) + weight ||D x||_1``.

    References
    ----------
    L. I. Rudin, S. Osher, E. Fatemi, Physica D 60, 1992; solver: see
    `napari_deconv.methods.solvers.admm`.
    """

    name: Literal["tv"] = "tv"
    label: ClassVar[str] = "TV: flat regions, sharp edges"
    fidelities: ClassVar[tuple[str, ...]] = ("gaussian", "poisson")
    weight: Weight = Field(
        "auto", description="Strength of the prior; more is flatter, less is noisier."
    )
    isotropic: Isotropic = True
    positive: bool = Field(False, description="Let no grey value fall below zero.")
    iterations: int = Field(100, ge=1, le=100_000, description="Iterations of the solver.")

    def resolved(self, problem: Problem) -> Self:
        """Return the model with its automatic weight as a number."""
        return self.replace(weight=from_noise(problem)) if self.weight == "auto" else self

    def follows_level(self) -> bool:
        """Return False if it must not fall below zero, wherever that lies."""
        return not self.positive

    def total(self, problem: Problem) -> int:
        """Return the number of iterations."""
        return self.iterations

    def terms(self, problem: Problem) -> list[Term]:
        """Return total variation and, if asked for, positivity."""
        weight = from_noise(problem) if self.weight == "auto" else self.weight
        terms = [Term(weight, TotalVariation(isotropic=self.isotropic))]
        return [*terms, Term(1.0, Positivity())] if self.positive else terms

    def iterates(self, problem: Problem) -> Iterator[Tensor]:
        """Run ADMM from the Tikhonov estimate."""
        from napari_deconv.methods.solvers import admm

        start = Tikhonov(weight=START_WEIGHT).estimate(problem)
        return admm(problem, self.terms(problem), self.iterations, start)


START_WEIGHT = 0.01
"""Strength of the Tikhonov estimate that the solver starts from."""
