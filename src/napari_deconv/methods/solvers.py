"""Algorithms over a problem and its prior terms; none knows the name of a model.

The grey range of a problem is 1, so the same penalties serve every picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch

from napari_deconv.core.memory import kept

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.priors import Term
    from napari_deconv.core.problem import Problem

THRESHOLD = 0.08
"""Shrinkage per iteration of a sparse prior, in units of the grey range (0.06 to 0.15 alike)."""
FALLING, FALLING_SHRUNK = (1.0, 0.88, 0.03), (1.0, 0.82, 0.08)
"""The same in `admm`, as first value, factor of each iteration and last value: edges rise early by
large thresholds, flat regions settle late by small ones. Then where the shrunk image is shown."""
RELAXATION = 1.8
"""Over-relaxation (Eckstein and Bertsekas 1992): a third fewer iterations than 1."""
SHRUNK_RELAXATION = 1.6
"""The same where the shrunk image is the estimate."""
SPLIT_PENALTY = 1.0
"""Penalty of the split v = H u, in units of the misfit's curvature (1 to 3 alike; 0.015 takes four
times the iterations, where some pixels count more as well)."""
MASKED_PENALTY = 0.015
"""The same where pixels are masked: those follow the faster the smaller it is."""
CONSTRAINT_PENALTY = 0.3
"""Penalty of constraints, in the same units."""
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
    for counts, v = H x is split off too, for a second pair. Where one sparse prior with orthonormal
    K stands alone, the estimate is the sparse ``K'd``, there in half as many iterations.

    References
    ----------
    T. Goldstein, S. Osher, "The split Bregman method for L1-regularized problems", SIAM J.
    Imaging Sci. 2, 2009; M. S. C. Almeida, M. A. T. Figueiredo, IEEE Trans. Image Process. 22,
    2013, sec. III (masked data); M. A. T. Figueiredo, J. M. Bioucas-Dias, IEEE Trans. Image
    Process. 19, 2010 (Poisson).
    """
    blur = problem.blur
    warm = problem.near
    splits = _splits(problem, terms, start, warm)
    shrunk = next((split for split in splits if isinstance(split, ImageSplit)), None)
    data = data_term(problem, start, SHRUNK_RELAXATION if shrunk else RELAXATION)
    first, decay, last = FALLING_SHRUNK if shrunk else FALLING
    first = last if warm else first  # a large threshold would flatten what is there already
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
    x, threshold, inverse = start, 0.0, torch.empty_like(fixed + sparse)
    del start  # a caller may need it no longer
    with kept():
        for k in range(iterations):
            if threshold != last:
                threshold = max(first * decay**k, last)
                torch.add(fixed, sparse, alpha=1 / threshold, out=inverse).reciprocal_()
            spectrum = blur.forward(_pulled(splits, x, threshold))
            spectrum = data.add_to(spectrum).mul_(inverse)
            x = blur.inverse(spectrum)
            for split in splits:
                split.update(x)
            data.update(spectrum)
            shown = x if shrunk is None else shrunk.d
            for constraint in constraints:
                shown = constraint.prox(shown, 0.0)
            yield shown


def floored(weight: float | Tensor) -> Any:
    """Return a strength, or one for each picture of a batch, that is not below the least."""
    return max(weight, FAINTEST) if isinstance(weight, (int, float)) else weight.clamp(min=FAINTEST)


def _splits(problem: Problem, terms: Sequence[Term], x: Tensor, warm: bool) -> list[Split]:
    """Return a split for each term that is not quadratic, of the image itself where that serves."""
    split_off = [term for term in terms if not term.prior.quadratic]
    sparse = [term.prior for term in split_off if not term.prior.constraint]
    if len(sparse) != 1 or not sparse[0].is_orthonormal():
        return [Split(problem, term, x, FALLING[2 if warm else 0]) for term in split_off]
    kinds = [Split if term.prior.constraint else ImageSplit for term in split_off]
    return [
        kind(problem, term, x, FALLING_SHRUNK[2 if warm else 0], SHRUNK_RELAXATION)
        for kind, term in zip(kinds, split_off, strict=True)
    ]


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
        self,
        problem: Problem,
        term: Term,
        x: Tensor,
        threshold: float = THRESHOLD,
        relaxation: float = RELAXATION,
    ) -> None:
        self.prior = term.prior
        self.map = term.prior.analysis(problem.ndim)
        self.weight = floored(term.weight)
        self.threshold, self.relaxation = threshold, relaxation
        if self.prior.constraint:
            penalty = CONSTRAINT_PENALTY * problem.fidelity.curvature(problem.mean)
            self.threshold = self.weight / penalty
        self.begin(x)

    def begin(self, x: Tensor) -> None:
        """Start at an image, with no dual yet."""
        self.t = self.map(x).clone()
        self.buffer = torch.empty_like(self.t)

    @property
    def rho(self) -> Any:
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
            t.add_(d, alpha=1 - self.relaxation - s)
            torch.sub(t, d, alpha=2 - self.relaxation, out=buffer)  # b - d
        return self.map.adjoint(self.buffer).mul_(-self.rho)

    def update(self, x: Tensor) -> None:
        """Relax and update the dual."""
        self.t.add_(self.map(x, out=self.buffer), alpha=self.relaxation)


class ImageSplit(Split):
    """The split of an orthonormal K, with ``d ~ x`` an image: prox is ``K' prox(K t)``.

    d is as sparse as the optimum, which x is not on the way to it.
    """

    def begin(self, x: Tensor) -> None:
        """Start at an image, with no dual yet."""
        self.t, self.buffer = x.clone(), torch.empty_like(x)
        self.coefficients = torch.empty_like(self.map(x))
        self._shrink()

    def _shrink(self) -> None:
        z = self.map(self.t, out=self.coefficients)
        self.d = self.map.adjoint(self.prior.prox(z, self.threshold))

    def pull(self, threshold: float | None = None) -> Tensor:
        """Return ``r (d - b)``, r that of a new threshold if one is given."""
        old = self.threshold
        self.threshold = old if threshold is None else threshold
        s = self.threshold / old
        if s != 1:
            self.t.mul_(s)
        self.t.add_(self.d, alpha=1 - self.relaxation - s)
        torch.sub(self.t, self.d, alpha=2 - self.relaxation, out=self.buffer)
        return self.buffer.mul_(-self.rho)

    def update(self, x: Tensor) -> None:
        """Relax and update dual and shrunk image."""
        self.t.add_(x, alpha=self.relaxation)
        self._shrink()


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

    def __init__(self, problem: Problem, x: Tensor, relaxation: float) -> None:
        self.problem, self.relaxation = problem, relaxation
        masked = problem.weights is not None and problem.masked
        penalty = MASKED_PENALTY if masked else SPLIT_PENALTY
        self.rho = penalty * problem.fidelity.curvature(problem.mean)
        self.power = self.rho * problem.blur.power()
        self.t = problem.blur(x)

    def add_to(self, spectrum: Tensor) -> Tensor:
        """Add ``r h* F[v - b]``; leaves ``(1 - a) v + b`` in t."""
        problem, blur = self.problem, self.problem.blur
        v = problem.fidelity.prox(self.t, self.rho, problem.data, problem.weights)
        self.t.sub_(v, alpha=self.relaxation)
        negative = torch.sub(self.t, v, alpha=2 - self.relaxation, out=v)  # b - v
        pull = blur.forward(negative).mul_(blur.spectrum.conj())
        return spectrum.sub_(pull, alpha=self.rho)

    def update(self, spectrum: Tensor) -> None:
        """Relax and update the dual."""
        blur = self.problem.blur
        self.t.add_(blur.inverse(spectrum.mul_(blur.spectrum)), alpha=self.relaxation)


def data_term(
    problem: Problem, start: Tensor, relaxation: float = RELAXATION
) -> ExactData | SplitData:
    """Return the data term: exact where least squares and whole data allow it, else split off."""
    if problem.weights is None and problem.fidelity.key() == "gaussian":
        return ExactData(problem)
    return SplitData(problem, start, relaxation)
