"""Second-order total generalised variation: edges, and soft gradients without steps."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.utils.weak import WeakIdKeyDictionary

from napari_deconv.core.memory import kept
from napari_deconv.core.operators import Gradient, SymmetricGradient, difference_symbols
from napari_deconv.core.priors import TotalVariation
from napari_deconv.methods.solvers import (
    FAINTEST,
    RELAXATION,
    THRESHOLD,
    Split,
    data_term,
)

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.priors import Term
    from napari_deconv.core.problem import Problem

VALUED = 50
"""Iterations after which the field that a penalty is least for counts as found."""
_FIELDS: MutableMapping[Tensor, Tensor] = WeakIdKeyDictionary()
"""Estimates of the solver, as long as they live, and the field that it had found with each."""
LENGTH = TotalVariation()
"""Shrinks a vector at each pixel by its length."""


@dataclass(frozen=True)
class Tgv:
    """The penalty ``min_w a1 ||D u - w||_1 + a0 ||E w||_1``, lengths summed over the pixels.

    Attributes
    ----------
    first, second : float
        Strengths a1 and a0.

    References
    ----------
    K. Bredies, K. Kunisch, T. Pock, "Total generalized variation", SIAM J. Imaging Sci. 3, 2010,
    eq. (3.3) with k = 2.
    """

    first: float
    second: float

    def value(self, u: Tensor, ndim: int) -> Tensor:
        """Return the penalty of an image, from above.

        That of the solver's own field w where `u` is an estimate it gave, else of the one that
        `VALUED` iterations find.
        """
        gradient = Gradient(ndim)(u)
        w = _FIELDS.get(u)
        if w is None:
            w = self._found(gradient, ndim)
        rest, bent = LENGTH.penalty(gradient - w), LENGTH.penalty(SymmetricGradient(ndim)(w))
        return self.first * rest + self.second * bent

    def _found(self, gradient: Tensor, ndim: int) -> Tensor:
        """Return the field w that the penalty of an image is least for, nearly."""
        field, w = _Field(self, gradient, ndim), torch.zeros_like(gradient)
        for _ in range(VALUED):
            w = field.best(gradient)
            field.update(gradient.clone(), w)
        return w


def tgv_admm(
    problem: Problem, tgv: Tgv, terms: Sequence[Term], iterations: int, start: Tensor
) -> Iterator[Tensor]:
    """ADMM over an image u and a vector field w at once, exact in Fourier space for both.

    Minimises ``f(H u; g) + a1 ||D u - w||_1 + a0 ||E w||_1 + sum_i w_i phi_i(K_i u)`` with the
    splits p ~ D u - w, q ~ E w and d_i ~ K_i u. With A as in `_Field` and P the eigenvalues of all
    quadratic terms in u, each frequency is solved by

        u = (r_u + r1 d* A^-1 r_w) / (P + r1 |d|^2 - r1^2 d* A^-1 d),   w = A^-1 (r_w + r1 d u),

    one FFT pair for u and one for each component of w.

    References
    ----------
    K. Bredies, K. Kunisch, T. Pock, SIAM J. Imaging Sci. 3, 2010 (the model); W. Guo, J. Qin, W.
    Yin, "A new detail-preserving regularization scheme", SIAM J. Imaging Sci. 7, 2014, sec. 3 (ADMM
    with both unknowns in Fourier space).
    """
    blur, gradient = problem.blur, Gradient(problem.ndim)
    splits = [Split(problem, term, start) for term in terms if not term.prior.quadratic]
    data = data_term(problem, start)
    field = _Field(tgv, gradient(start), problem.ndim)
    power = data.power + field.schur()
    for term in terms:
        if term.prior.quadratic:
            power = power + term.weight * term.prior.analysis(problem.ndim).power(start)
    for split in splits:
        power = power + split.rho * split.map.power(start)
    inverse = power.reciprocal()
    constraints = [term.prior for term in terms if term.prior.constraint]
    with kept():
        for _ in range(iterations):
            pull = gradient.adjoint(field.p).mul_(field.r1)
            for split in splits:
                pull.add_(split.pull())
            r_w = blur.forward(field.pull())
            carried = _dot(field.d, field.inverse(r_w)) * field.r1
            spectrum = data.add_to(blur.forward(pull)).add_(carried).mul_(inverse)
            w = blur.inverse(
                field.inverse(r_w + field.r1 * torch.stack([d * spectrum for d in field.d]))
            )
            u = blur.inverse(spectrum)
            field.update(gradient(u), w)
            for split in splits:
                split.update(u)
            data.update(spectrum)
            for constraint in constraints:
                u = constraint.prox(u, 0.0)
            _FIELDS[u] = w
            yield u


class _Field:
    """The split variables p ~ D u - w and q ~ E w with their duals, and the w-part of the system.

    In Fourier space, d the symbols of D and s those of the backward differences in E,
    ``A = r1 I + r0 E'E = a I + b s s*`` with ``a = r1 + r0 |s|^2 / 2``, ``b = r0 / 2``, so that
    ``A^-1 = (I - c s s*) / a``, ``c = b / (a + b |s|^2)`` (Sherman and Morrison).
    """

    def __init__(self, tgv: Tgv, gradient: Tensor, ndim: int) -> None:
        self.symmetric = SymmetricGradient(ndim)
        self.axes, self.grid = tuple(range(-ndim, 0)), gradient.shape[-ndim:]
        first, second = max(tgv.first, FAINTEST), max(tgv.second, FAINTEST)
        self.r1, self.r0 = first / THRESHOLD, second / THRESHOLD
        self.d = difference_symbols(gradient[0], ndim)
        self.s = [-symbol.conj() for symbol in self.d]
        self.length2 = sum((d.abs().square() for d in self.d[1:]), start=self.d[0].abs().square())
        self.a = self.r1 + self.r0 / 2 * self.length2
        self.inverse_a = self.a.reciprocal()
        self.c = (self.r0 / 2) / (self.a + self.r0 / 2 * self.length2)
        self.tp, self.tq = gradient.clone(), torch.zeros_like(self.symmetric(gradient))
        self.p, self.q = torch.empty_like(self.tp), torch.empty_like(self.tq)
        self.shrink()

    def shrink(self) -> None:
        """Put ``p - b_p`` into p and leave ``(1 - a) p + b_p`` in t_p, to which a step is added."""
        for t, p in ((self.tp, self.p), (self.tq, self.q)):
            LENGTH.prox(t, THRESHOLD, out=p)
            t.sub_(p, alpha=RELAXATION)
            p.mul_(2 - RELAXATION).sub_(t)

    def pull(self) -> Tensor:
        """Return ``r0 E'(q - b_q) - r1 (p - b_p)``, the right-hand side for w."""
        return self.symmetric.adjoint(self.q).mul_(self.r0).sub_(self.p, alpha=self.r1)

    def inverse(self, r: Tensor) -> Tensor:
        """Return ``A^-1 r`` of a stacked half spectrum."""
        along = _dot(self.s, r) * self.c
        return torch.stack(
            [(x - s * along).mul_(self.inverse_a) for s, x in zip(self.s, r, strict=True)]
        )

    def best(self, gradient: Tensor) -> Tensor:
        """Return the best w for an image of that gradient."""
        pull = self.pull().add_(gradient, alpha=self.r1)
        spectrum = self.inverse(torch.fft.rfftn(pull, dim=self.axes))
        w: Tensor = torch.fft.irfftn(spectrum, s=self.grid, dim=self.axes)
        return w

    def schur(self) -> Tensor:
        """Return ``r1 |d|^2 - r1^2 d* A^-1 d``, what is left for the image."""
        across = _dot(self.s, self.d).abs().square()
        return self.r1 * self.length2 - self.r1**2 * (self.length2 - self.c * across) / self.a

    def update(self, gradient: Tensor, w: Tensor) -> None:
        """Relax, update the duals and shrink; uses up the gradient."""
        self.tp.add_(gradient.sub_(w), alpha=RELAXATION)
        self.tq.add_(self.symmetric(w), alpha=RELAXATION)
        self.shrink()


def _dot(symbols: Sequence[Tensor], r: Tensor | Sequence[Tensor]) -> Tensor:
    """Return ``symbols* r``, summed over the components."""
    total = symbols[0].conj() * r[0]
    for symbol, component in zip(symbols[1:], r[1:], strict=True):
        total = total + symbol.conj() * component
    return total
