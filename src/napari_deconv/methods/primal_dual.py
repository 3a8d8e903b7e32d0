"""The primal-dual algorithm of Chambolle and Pock, every sparse term by its dual."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch

from napari_deconv.methods.solvers import floored

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.priors import Term
    from napari_deconv.core.problem import Problem

THRESHOLD = 0.05
"""Weight over dual step, in units of the grey range: how far an image moves in an iteration."""
CURVATURE = 0.3
"""Dual step of a misfit or a constraint, in units of the misfit's curvature."""


def primal_dual(
    problem: Problem, terms: Sequence[Term], iterations: int, start: Tensor
) -> Iterator[Tensor]:
    """Chambolle-Pock with a step for each dual and quadratics solved exactly.

    Minimises ``G(x) + sum_i F_i(K_i x)``, G the quadratic terms and, where data are known
    everywhere and noise is Gaussian, the misfit; else the misfit is one of the F_i, with K = H:

        y_i <- prox_{s_i F_i*}(y_i + s_i K_i z),   x <- prox_{t G}(x - t sum_i K_i' y_i),
        z = 2 x - x_before,   t sum_i s_i ||K_i||^2 = 1.

    References
    ----------
    A. Chambolle, T. Pock, "A first-order primal-dual algorithm for convex problems", J. Math.
    Imaging Vis. 40, 2011, algorithm 1; T. Pock, A. Chambolle, ICCV 2011 (steps for each dual).
    """
    blur = problem.blur
    duals: list[_Dual | _DataDual] = [
        _Dual(problem, term, start) for term in terms if not term.prior.quadratic
    ]
    exact = problem.weights is None and problem.fidelity.key() == "gaussian"
    if not exact:
        duals.append(_DataDual(problem, start))
    t = sum((dual.reach for dual in duals), start=start.new_zeros(())).reciprocal()
    response, constant = start.new_ones(()), None
    for term in terms:
        if term.prior.quadratic:
            power = term.prior.analysis(problem.ndim).power(start)
            response = response + t * term.weight * power
    if exact:
        response = response + t * blur.power()
        constant = blur.spectrum.conj() * blur.forward(problem.data) * t
    constraints = [term.prior for term in terms if term.prior.constraint]
    x = z = start
    for _ in range(iterations):
        pull = duals[0].pull(z)
        for dual in duals[1:]:
            pull = pull + dual.pull(z)  # a pull may be the dual itself: never written
        spectrum = blur.forward(torch.addcmul(x, pull, -t))
        spectrum = spectrum if constant is None else spectrum.add_(constant)
        previous, x = x, blur.inverse(spectrum.div_(response))
        z = torch.lerp(previous, x, 2.0)
        shown = x
        for constraint in constraints:
            shown = constraint.prox(shown, 0.0)
        yield shown


class _Dual:
    """The dual variable of one prior, moved by Moreau's identity."""

    def __init__(self, problem: Problem, term: Term, x: Tensor) -> None:
        self.prior, self.map = term.prior, term.prior.analysis(problem.ndim)
        weight = floored(term.weight)
        curvature = problem.fidelity.curvature(problem.mean)
        self.step = CURVATURE * curvature if self.prior.constraint else weight / THRESHOLD
        self.threshold = weight / self.step
        self.reach = self.step * self.map.power(x).max()
        self.y = torch.zeros_like(self.map(x))

    def pull(self, z: Tensor) -> Tensor:
        """Move the dual and return ``K' y``."""
        v = self.map(z).add_(self.y, alpha=1 / self.step)
        self.y = torch.sub(v, self.prior.prox(v, self.threshold)).mul_(self.step)
        return self.map.adjoint(self.y)


class _DataDual:
    """The dual variable of the misfit."""

    def __init__(self, problem: Problem, x: Tensor) -> None:
        self.problem = problem
        self.step = CURVATURE * problem.fidelity.curvature(problem.mean)
        self.reach = self.step * problem.blur.power().max()
        self.y = torch.zeros_like(x)

    def pull(self, z: Tensor) -> Tensor:
        """Move the dual and return ``H' y``."""
        problem = self.problem
        v = problem.blur(z).add_(self.y, alpha=1 / self.step)
        near = problem.fidelity.prox(v, self.step, problem.data, problem.weights)
        self.y = torch.sub(v, near).mul_(self.step)
        return problem.blur.adjoint(self.y)
