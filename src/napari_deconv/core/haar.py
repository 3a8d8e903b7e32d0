"""Filters of two taps, the Haar wavelet's, as sums and differences of views, without a scale.

A step over one axis of the orthonormal basis is `halves` over sqrt 2, of the invariant frame
`neighbours` over 2: whoever calls divides once for all axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor

Pair = tuple["Tensor | None", "Tensor | None"]
"""Where low and high pass are to be written; None for a new place."""


def halves(x: Tensor, axis: int, out: Pair = (None, None)) -> tuple[Tensor, Tensor]:
    """Return ``x[2 n] + x[2 n + 1]`` and ``x[2 n] - x[2 n + 1]``, half as long."""
    even, odd = every_other(x, axis, 0), every_other(x, axis, 1)
    return torch.add(even, odd, out=out[0]), torch.sub(even, odd, out=out[1])


def joined(low: Tensor, high: Tensor, axis: int, out: Tensor | None = None) -> Tensor:
    """Return what the adjoint of `halves` makes of two half bands."""
    shape = list(low.shape)
    shape[axis] *= 2
    x = low.new_empty(shape) if out is None else out
    torch.add(low, high, out=every_other(x, axis, 0))
    torch.sub(low, high, out=every_other(x, axis, 1))
    return x


def neighbours(x: Tensor, axis: int, step: int, out: Pair = (None, None)) -> tuple[Tensor, Tensor]:
    """Return ``x[i] + x[i + step]`` and ``x[i] - x[i + step]``, periodic."""
    low, high = (torch.empty_like(x) if place is None else place for place in out)
    for start, source, length in turned(x.shape[axis], step):
        here, there = x.narrow(axis, start, length), x.narrow(axis, source, length)
        torch.add(here, there, out=low.narrow(axis, start, length))
        torch.sub(here, there, out=high.narrow(axis, start, length))
    return low, high


def gathered(low: Tensor, high: Tensor, axis: int, step: int, out: Tensor | None = None) -> Tensor:
    """Return what the adjoint of `neighbours` makes of two bands."""
    x = torch.add(low, high, out=out)
    for start, source, length in turned(x.shape[axis], step):
        place = x.narrow(axis, source, length)
        place.add_(low.narrow(axis, start, length)).sub_(high.narrow(axis, start, length))
    return x


def turned(n: int, shift: int) -> list[tuple[int, int, int]]:
    """Return (place, source, length) of the two pieces of a cyclic shift."""
    shift %= n
    pieces = [(0, shift, n - shift), (n - shift, 0, shift)]
    return [piece for piece in pieces if piece[2]]


def every_other(x: Tensor, axis: int, phase: int) -> Tensor:
    """Return a view of the even (0) or odd (1) places of an axis."""
    index: tuple[Any, ...] = (..., slice(phase, None, 2), *[slice(None)] * (-axis - 1))
    return x[index]
