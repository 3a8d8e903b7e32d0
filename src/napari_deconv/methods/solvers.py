"""Algorithms over a problem and its prior terms; none knows the name of a model.

The grey range of a problem is 1, so the same penalties serve every picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import torch

from napari_deconv.core.memory import kept

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.priors import Term
    from napari_deconv.core.problem import Problem

THRESHOLD = 0.08
"""Shrinkage per iteration of a sparse prior, in units of the grey range (0.06 to 0.15 alike)."""
FIRST_THRESHOLD, DECAY, LAST_THRESHOLD = 1.0, 0.88, 0.03
"""The same in `admm`, smaller by `DECAY` each iteration: edges rise early by large thresholds,
flat regions settle late by small ones. The last holds from the 28th iteration on."""
RELAXATION = 1.8
"""Over-relaxation (Eckstein and Bertsekas 1992): a third fewer iterations than 1."""
SPLIT_PENALTY = 0.3
"""Penalty of the split v = H u and of constraints, in units of the misfit's curvature."""
MASKED_PENALTY = 0.015
"""The same where pixels are masked: those follow the faster the smaller it is."""
BLOCK = 2**18
"""Numbers of an array handled at once."""
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
    sparse_terms = [term for term in terms if not term.prior.quadratic]
    splits = [Split(problem, term, start, FIRST_THRESHOLD) for term in sparse_terms]
    data = data_term(problem, start)
    fixed, sparse = data.power, start.new_zeros(())
    for term in terms:
        if term.prior.quadratic:
            fixed = fixed + term.weight * term.prior.analysis(problem.ndim).power(start)
    for split in splits:
        power = split.map.power(start)
        if split.prior.constraint:
            fixed = fixed + split.rho * power
        else:
            sparse = sparse + split.weight * power
    constraints = [split.prior for split in splits if split.prior.constraint]
    x, threshold, inverse = start, 0.0, torch.empty_like(fixed)
    del start  # a caller may need it no longer
    with kept():
        for k in range(iterations):
            if threshold != LAST_THRESHOLD:
                threshold = max(FIRST_THRESHOLD * DECAY**k, LAST_THRESHOLD)
                torch.add(fixed, sparse, alpha=1 / threshold, out=inverse).reciprocal_()
            spectrum = blur.forward(_pulled(splits, x, threshold))
            spectrum = data.add_to(spectrum).mul_(inverse)
            x = blur.inverse(spectrum)
            for split in splits:
                split.update(x)
            data.update(spectrum)
            for constraint in constraints:
                x = constraint.prox(x, 0.0)
            yield x


def _pulled(splits: Sequence[Split], x: Tensor, threshold: float) -> Tensor:
    """Return the sum of what the splits pull an image to."""
    if not splits:
        return torch.zeros_like(x)
    pull = splits[0].pull(threshold)
    for split in splits[1:]:
        pull.add_(split.pull(threshold))
    return pull


class Split:
    """One split prior, d ~ K x with scaled dual b, kept as ``t = d + b``: d = prox(t).

    With penalty r = weight / threshold, r b is the dual variable itself: where the threshold
    changes by a factor s, b is multiplied by s and d stays.
    """

    def __init__(
        self, problem: Problem, term: Term, x: Tensor, threshold: float = THRESHOLD
    ) -> None:
        self.prior = term.prior
        self.map = term.prior.analysis(problem.ndim)
        self.weight = max(term.weight, FAINTEST)
        self.threshold = threshold
        if self.prior.constraint:
            penalty = SPLIT_PENALTY * problem.fidelity.curvature(problem.mean)
            self.threshold = self.weight / penalty
        self.t = self.map(x).clone()
        self.buffer = torch.empty_like(self.t)

    @property
    def rho(self) -> float:
        """Penalty of the split."""
        return self.weight / self.threshold

    def pull(self, threshold: float | None = None) -> Tensor:
        """Return ``r K'(d - b)``, r that of a new threshold if one is given.

        Leaves ``(1 - a) d + b`` in t, to which `update` adds ``a K x``.
        """
        old, s = self.threshold, 1.0
        if threshold is not None and not self.prior.constraint:
            self.threshold, s = threshold, threshold / old
        for t, buffer in _blocks(self.t, self.buffer):
            d = self.prior.prox(t, old, out=buffer)
            if s != 1:
                t.mul_(s)
            t.add_(d, alpha=1 - RELAXATION - s)
            torch.sub(t, d, alpha=2 - RELAXATION, out=buffer)  # b - d
        return self.map.adjoint(self.buffer).mul_(-self.rho)

    def update(self, x: Tensor) -> None:
        """Relax and update the dual."""
        self.t.add_(self.map(x, out=self.buffer), alpha=RELAXATION)


def _blocks(*arrays: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Yield the arrays in strips of rows that a core's cache holds, on a GPU as a whole."""
    rows = arrays[0].shape[-2]
    if arrays[0].device.type != "cpu":
        yield arrays
        return
    each = max(1, BLOCK * rows // arrays[0].numel())
    for first in range(0, rows, each):
        count = min(each, rows - first)
        yield tuple(array.narrow(-2, first, count) for array in arrays)


class ExactData:
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


class SplitData:
    """Any other data term, v ~ H x with scaled dual b, kept as ``t = v + b``: v = prox(t)."""

    def __init__(self, problem: Problem, x: Tensor) -> None:
        self.problem = problem
        penalty = SPLIT_PENALTY if problem.weights is None else MASKED_PENALTY
        self.rho = penalty * problem.fidelity.curvature(problem.mean)
        self.power = self.rho * problem.blur.power()
        self.t = problem.blur(x)

    def add_to(self, spectrum: Tensor) -> Tensor:
        """Add ``r h* F[v - b]``; leaves ``(1 - a) v + b`` in t."""
        problem, blur = self.problem, self.problem.blur
        v = problem.fidelity.prox(self.t, self.rho, problem.data, problem.weights)
        self.t.sub_(v, alpha=RELAXATION)
        negative = torch.sub(self.t, v, alpha=2 - RELAXATION, out=v)  # b - v
        pull = blur.forward(negative).mul_(blur.spectrum.conj())
        return spectrum.sub_(pull, alpha=self.rho)

    def update(self, spectrum: Tensor) -> None:
        """Relax and update the dual."""
        blur = self.problem.blur
        self.t.add_(blur.inverse(spectrum.mul_(blur.spectrum)), alpha=RELAXATION)


def data_term(problem: Problem, start: Tensor) -> ExactData | SplitData:
    """Return the data term: exact where least squares and whole data allow it, else split off."""
    if problem.weights is None and problem.fidelity.key() == "gaussian":
        return ExactData(problem)
    return SplitData(problem, start)
