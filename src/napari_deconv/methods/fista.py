"""FISTA, and without a prox the accelerated gradient: the slower, simpler walks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.priors import Term
    from napari_deconv.core.problem import Problem


def fista(
    problem: Problem, terms: Sequence[Term], iterations: int, start: Tensor
) -> Iterator[Tensor]:
    """Accelerated proximal gradient with restart, for smooth terms plus one that is proximable.

    Minimises ``f(H x; g) + sum_q w_q/2 ||K_q x||^2 + w phi(K x)``, f with a Lipschitz gradient and
    K tight (``K'K = I``). With the smooth part s, its Lipschitz constant L and ``p = 1 / L``,

        x_k = prox_{w phi(K .) / L}(y_k - grad s(y_k) / L),   t_{k+1} = (1 + sqrt(1 + 4 t_k^2)) / 2,
        y_{k+1} = x_k + (t_k - 1) / t_{k+1} (x_k - x_{k-1}),

    and t starts again at 1 whenever ``(y_k - x_k) . (x_k - x_{k-1}) > 0``. Without a sparse term
    it is Nesterov's accelerated gradient. A constraint is applied last.

    Raises
    ------
    ValueError
        If the misfit's gradient has no bound, or more than one sparse term is asked for.

    References
    ----------
    A. Beck, M. Teboulle, SIAM J. Imaging Sci. 2, 2009, eqs. (4.1) to (4.3); B. O'Donoghue, E.
    Candes, Found. Comput. Math. 15, 2015, sec. 3.2 (restart by the gradient).
    """
    smooth = [term for term in terms if term.prior.quadratic]
    sparse = [term for term in terms if not term.prior.quadratic and not term.prior.constraint]
    constraints = [term.prior for term in terms if term.prior.constraint]
    check(problem, terms)
    maps = [term.prior.analysis(problem.ndim) for term in (*smooth, *sparse)]
    pace = _lipschitz(problem, smooth).reciprocal()

    def downhill(y: Tensor) -> Tensor:
        slope = problem.blur.adjoint(
            problem.fidelity.gradient(problem.blur(y), problem.data, problem.weights)
        )
        for term, linear in zip(smooth, maps, strict=False):
            slope.add_(term.weight * linear.adjoint(linear(y)))
        return torch.addcmul(y, slope, -pace)

    def shrunk(x: Tensor) -> Tensor:
        for term in sparse:
            linear = maps[-1]
            x = linear.adjoint(term.prior.prox(linear(x), term.weight * pace))
        for constraint in constraints:
            x = constraint.prox(x, 0.0)
        return x

    x = y = start
    t = start.new_ones(())
    for _ in range(iterations):
        previous, x = x, shrunk(downhill(y))
        yield x
        move = x - previous
        turned = ((y - x) * move).sum() > 0
        t = torch.where(turned, torch.ones_like(t), t)
        later = (1 + (1 + 4 * t.square()).sqrt()) / 2
        y = torch.addcmul(x, move, (t - 1) / later)
        t = later


def check(problem: Problem, terms: Sequence[Term]) -> None:
    """Refuse what this walk can't minimise.

    Raises
    ------
    ValueError
        In one sentence.
    """
    if not problem.fidelity.smooth:
        raise ValueError(
            f"Gradient steps need a misfit of bounded curvature, which {problem.fidelity.key()} "
            "noise has not: choose another solver or noise model."
        )
    sparse = [term for term in terms if not term.prior.quadratic and not term.prior.constraint]
    if len(sparse) > 1 or not all(term.prior.is_orthonormal() for term in sparse):
        raise ValueError(
            "FISTA follows one prior on pixels or on wavelets that are not invariant: choose the "
            "solver admm or primal-dual."
        )


def _lipschitz(problem: Problem, smooth: Sequence[Term]) -> Tensor:
    """Return the largest curvature of the smooth part, a 0-dimensional tensor."""
    bound = problem.blur.power()
    if problem.weights is not None:
        bound = bound * problem.weights.max()
    for term in smooth:
        bound = bound + term.weight * term.prior.analysis(problem.ndim).power(problem.data)
    return bound.max()
