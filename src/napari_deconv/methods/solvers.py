"""Algorithms over a problem and its prior terms; none knows the name of a model.

The grey range of a problem is 1, so the same penalties serve every picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.priors import Term
    from napari_deconv.core.problem import Problem

THRESHOLD = 0.08
"""Shrinkage per iteration of a sparse prior, in units of the grey range (0.06 to 0.15 alike)."""
RELAXATION = 1.8
"""Over-relaxation (Eckstein and Bertsekas 1992): a third fewer iterations than 1."""
SPLIT_PENALTY = 0.3
"""Penalty of the split v = H u and of constraints, in units of the misfit's curvature."""
MASKED_PENALTY = 0.015
"""The same where pixels are masked: those follow the faster the smaller it is."""
FAINTEST = 1e-7
"""Least strength: below it a split would carry no penalty and its variable would drift."""


def admm(
    problem: Problem, terms: Sequence[Term], iterations: int, start: Tensor
) -> Iterator[Tensor]:
    """Alternating direction method of multipliers, every prior split off, x exact in Fourier space.

    Minimises ``f(H x; g) + sum_i w_i phi_i(K_i x)`` by, with ``d_i ~ K_i x`` and scaled duals b_i,

        x   = F^-1[(h* F[g] + F[sum_i r_i K_i'(d_i - b_i)]) / (|h|^2 + sum_i r_i |k_i|^2)]
        t_i = a K_i x + (1 - a) d_i + b_i,   d_i = prox(t_i),   b_i = t_i - d_i.

    One FFT pair an iteration for least squares on data known everywhere; where some are not, or
    for counts, v = H x is split off too, for a second pair.

    References
    ----------
    T. Goldstein, S. Osher, "The split Bregman method for L1-regularized problems", SIAM J.
    Imaging Sci. 2, 2009; M. S. C. Almeida, M. A. T. Figueiredo, IEEE Trans. Image Process. 22,
    2013, sec. III (masked data); M. A. T. Figueiredo, J. M. Bioucas-Dias, IEEE Trans. Image
    Process. 19, 2010 (Poisson).
    """
    blur = problem.blur
    splits = [Split(problem, term, start) for term in terms if not term.prior.quadratic]
    data = data_term(problem, start)
    denominator = data.power
    for term in terms:
        if term.prior.quadratic:
            penalty = term.weight * term.prior.analysis(problem.ndim).power(start)
            denominator = denominator + penalty
    for split in splits:
        denominator = denominator + split.rho * split.map.power(start)
    inverse = denominator.reciprocal()
    constraints = [term.prior for term in terms if term.prior.constraint]
    for _ in range(iterations):
        spectrum = data.add_to(blur.forward(_pulled(splits, start))).mul_(inverse)
        x = blur.inverse(spectrum)
        for split in splits:
            split.update(x)
        data.update(spectrum)
        for constraint in constraints:
            x = constraint.prox(x, 0.0)
        yield x


def _pulled(splits: Sequence[Split], start: Tensor) -> Tensor:
    """Return the sum of what the splits pull an image to."""
    if not splits:
        return torch.zeros_like(start)
    pull = splits[0].pull()
    for split in splits[1:]:
        pull.add_(split.pull())
    return pull


class Split:
    """The variables of one split prior: d ~ K x and its scaled dual b, updated in place."""

    def __init__(self, problem: Problem, term: Term, x: Tensor) -> None:
        self.prior = term.prior
        self.map = term.prior.analysis(problem.ndim)
        weight = max(term.weight, FAINTEST)
        if self.prior.constraint:
            self.rho = SPLIT_PENALTY * problem.fidelity.curvature(problem.mean)
        else:
            self.rho = weight / THRESHOLD
        self.threshold = weight / self.rho
        self.t = self.map(x).clone()
        self.d = self.prior.prox(self.t, self.threshold)
        self.b = self.t - self.d
        self.image = torch.empty_like(x)

    def pull(self) -> Tensor:
        """Return ``r K'(d - b)`` in a buffer that the next call overwrites; uses up d."""
        return self.map.adjoint(self.d.sub_(self.b), out=self.image).mul_(self.rho)

    def update(self, x: Tensor) -> None:
        """Relax, shrink and update the dual, with ``d = t - b`` from the iteration before."""
        relaxed = self.map(x, out=self.d).add_(self.b)
        self.t.lerp_(relaxed, RELAXATION)
        self.prior.prox(self.t, self.threshold, out=self.d)
        torch.sub(self.t, self.d, out=self.b)


class _ExactData:
    """Least squares on data known everywhere: a constant in Fourier space."""

    def __init__(self, problem: Problem) -> None:
        blur = problem.blur
        self.power = blur.power()
        self.constant = blur.spectrum.conj() * blur.forward(problem.data)

    def add_to(self, spectrum: Tensor) -> Tensor:
        """Add ``h* F[g]``."""
        return spectrum.add_(self.constant)

    def update(self, spectrum: Tensor) -> None:
        """Nothing to update."""


class _SplitData:
    """Any other data term: v ~ H x and its scaled dual b."""

    def __init__(self, problem: Problem, x: Tensor) -> None:
        self.problem = problem
        penalty = SPLIT_PENALTY if problem.weights is None else MASKED_PENALTY
        self.rho = penalty * problem.fidelity.curvature(problem.mean)
        self.power = self.rho * problem.blur.power()
        self.t = problem.blur(x)
        self.v = self._prox()
        self.b = self.t - self.v

    def _prox(self) -> Tensor:
        problem = self.problem
        return problem.fidelity.prox(self.t, self.rho, problem.data, problem.weights)

    def add_to(self, spectrum: Tensor) -> Tensor:
        """Add ``r h* F[v - b]``."""
        blur = self.problem.blur
        pull = blur.forward(self.v.sub_(self.b))
        return spectrum.add_(pull.mul_(blur.spectrum.conj()), alpha=self.rho)

    def update(self, spectrum: Tensor) -> None:
        """Relax, apply the misfit's prox and update the dual."""
        blur = self.problem.blur
        blurred = blur.inverse(spectrum.mul_(blur.spectrum))
        self.t.lerp_(blurred.add_(self.b), RELAXATION)
        self.v = self._prox()
        torch.sub(self.t, self.v, out=self.b)


def data_term(problem: Problem, start: Tensor) -> _ExactData | _SplitData:
    """Return the misfit as ADMM sees it: exact in Fourier space, or split off."""
    if problem.weights is None and problem.fidelity.key() == "gaussian":
        return _ExactData(problem)
    return _SplitData(problem, start)
