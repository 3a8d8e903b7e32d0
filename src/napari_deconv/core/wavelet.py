"""Wavelet transforms with ``W'W = I``: orthonormal and decimated, or shift-invariant.

Both are periodic, act on the last axes of float tensors, and stack their coefficients on a new
axis 0 whose first entry is what is left at the coarsest level: the approximation.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

if TYPE_CHECKING:
    from torch import Tensor


class _Bank(NamedTuple):
    """Low- and high-pass filter of an orthonormal basis, and the place of their origin."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    origin: int


@cache
def _bank(basis: str) -> _Bank:
    import pywt

    wavelet = pywt.Wavelet(basis)
    low, high = tuple(wavelet.dec_lo), tuple(wavelet.dec_hi)
    return _Bank(low, high, len(low) // 2)


class OrthonormalWavelet:
    """Decimated transform, ``(L x)[n] = sum_k l[k] x[2 n + K/2 - k]``, and the same with h.

    As many coefficients as pixels. The convention is that of PyWavelets' ``periodization``.

    Parameters
    ----------
    basis : str
        An orthonormal basis as PyWavelets names it, such as ``"haar"`` or ``"db4"``.
    levels : int
        How often what is left is split again. Every side must be a multiple of ``2**levels``.
    ndim : int
        Number of last axes it acts on: 2 or 3.

    References
    ----------
    S. Mallat, "A Wavelet Tour of Signal Processing", 3rd ed., 2009, sec. 7.3.1 and 7.7.
    """

    def __init__(self, basis: str, levels: int, ndim: int) -> None:
        self.bank, self.levels, self.ndim = _bank(basis), levels, ndim

    def __call__(self, x: Tensor, out: Tensor | None = None) -> Tensor:
        """Return W x, shape ``(2**(levels * ndim), ..., *sides / 2**levels)``.

        Raises
        ------
        ValueError
            If a side is no multiple of ``2**levels``.
        """
        multiple = 2**self.levels
        if any(n % multiple for n in x.shape[-self.ndim :]):
            raise ValueError(f"{self.levels} wavelet levels need sides that {multiple} divides.")
        batch = x.shape[: x.ndim - self.ndim]
        coarse = [n // multiple for n in x.shape[-self.ndim :]]
        out = x.new_empty((multiple**self.ndim, *batch, *coarse)) if out is None else out
        for level in range(1, self.levels + 1):
            bands = [x]
            for axis in range(-self.ndim, 0):
                bands = [half for band in bands for half in self._split(band, axis)]
            x = bands[0]
            for band, place in zip(bands[1:], self._details(out, level), strict=True):
                place.copy_(band)
        out[0] = x
        return out

    def adjoint(self, y: Tensor, out: Tensor | None = None) -> Tensor:
        """Return W' y, the image of coefficients."""
        x = y[0]
        for level in range(self.levels, 0, -1):
            bands = [x, *self._details(y, level)]
            for axis in range(-1, -self.ndim - 1, -1):
                pairs = zip(bands[::2], bands[1::2], strict=True)
                bands = [self._merge(low, high, axis) for low, high in pairs]
            x = bands[0]
        return x if out is None else out.copy_(x)

    def power(self, like: Tensor) -> Tensor:
        """Return 1: W'W = I."""
        return like.new_ones(())

    def _details(self, y: Tensor, level: int) -> list[Tensor]:
        """Return views of a level's detail bands in the stack of coefficients."""
        each = 2 ** (self.ndim * (self.levels - level))
        batch = y.shape[1 : y.ndim - self.ndim]
        shape = [n * 2 ** (self.levels - level) for n in y.shape[-self.ndim :]]
        starts = range(each, each * 2**self.ndim, each)
        return [y[start : start + each].view(*batch, *shape) for start in starts]

    def _split(self, x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
        """Return the lower and the upper half band of an axis, each of half its length."""
        half = x.shape[axis] // 2
        taps = self._taps(half)
        before = -min(start for start, _, _, _ in taps)
        after = max(start for start, _, _, _ in taps)
        phases = [_wrapped(_every_other(x, axis, p), axis, before, after) for p in (0, 1)]
        low = high = None
        for start, phase, l_k, h_k in taps:
            window = phases[phase].narrow(axis, before + start, half)
            low = window * l_k if low is None else low.add_(window, alpha=l_k)
            high = window * h_k if high is None else high.add_(window, alpha=h_k)
        assert low is not None
        assert high is not None
        return low, high

    def _merge(self, low: Tensor, high: Tensor, axis: int) -> Tensor:
        """Return the signal of two half bands: the adjoint of `_split`."""
        half = low.shape[axis]
        taps = self._taps(half)
        before = max(start for start, _, _, _ in taps)
        after = -min(start for start, _, _, _ in taps)
        bands = [_wrapped(band, axis, before, after) for band in (low, high)]
        shape = list(low.shape)
        shape[axis] *= 2
        x = low.new_empty(shape)
        written = [False, False]
        for start, phase, l_k, h_k in taps:
            place = _every_other(x, axis, phase)
            for band, factor in zip(bands, (l_k, h_k), strict=True):
                window = band.narrow(axis, before - start, half)
                if written[phase]:
                    place.add_(window, alpha=factor)
                else:
                    torch.mul(window, factor, out=place)
                    written[phase] = True
        return x

    def _taps(self, half: int) -> list[tuple[int, int, float, float]]:
        """Return (shift, phase, l, h) of every tap: it reads ``x[2 (n + shift) + phase]``.

        Shifts are kept within half a period, so that a filter longer than a coarse level wraps.
        """
        bank, taps = self.bank, []
        for k, (l_k, h_k) in enumerate(zip(bank.low, bank.high, strict=True)):
            shift, phase = divmod(bank.origin - k, 2)
            shift = (shift + half // 2) % half - half // 2
            taps.append((shift, phase, l_k, h_k))
        return taps


class UndecimatedWavelet:
    """Shift-invariant tight frame: the decimated transform of every shift, scaled so that W'W = I.

    At level j the filters are spread by ``2**(j-1)`` and divided by sqrt 2 on each axis.

    Parameters
    ----------
    basis, levels, ndim
        As in `OrthonormalWavelet`; sides may be of any length.

    References
    ----------
    R. R. Coifman, D. L. Donoho, "Translation-invariant de-noising", Wavelets and Statistics, 1995.
    """

    def __init__(self, basis: str, levels: int, ndim: int) -> None:
        self.bank, self.levels, self.ndim = _bank(basis), levels, ndim

    def __call__(self, x: Tensor, out: Tensor | None = None) -> Tensor:
        """Return W x, shape ``(1 + levels * (2**ndim - 1), ..., *sides)``, finest level last."""
        each = 2**self.ndim - 1
        out = x.new_empty((1 + self.levels * each, *x.shape)) if out is None else out
        for level in range(1, self.levels + 1):
            bands = [x]
            for axis in range(-self.ndim, 0):
                bands = [half for band in bands for half in self._split(band, axis, level)]
            x = bands[0]
            first = 1 + (self.levels - level) * each
            for band, place in zip(bands[1:], out[first : first + each], strict=True):
                place.copy_(band)
        out[0] = x
        return out

    def adjoint(self, y: Tensor, out: Tensor | None = None) -> Tensor:
        """Return W' y, the image of coefficients."""
        each = 2**self.ndim - 1
        x = y[0]
        for level in range(self.levels, 0, -1):
            first = 1 + (self.levels - level) * each
            bands = [x, *y[first : first + each]]
            for axis in range(-1, -self.ndim - 1, -1):
                pairs = zip(bands[::2], bands[1::2], strict=True)
                bands = [self._merge(low, high, axis, level) for low, high in pairs]
            x = bands[0]
        return x if out is None else out.copy_(x)

    def power(self, like: Tensor) -> Tensor:
        """Return 1: W'W = I."""
        return like.new_ones(())

    def _split(self, x: Tensor, axis: int, level: int) -> tuple[Tensor, Tensor]:
        n = x.shape[axis]
        low, high = torch.zeros_like(x), torch.zeros_like(x)
        for shift, l_k, h_k in self._taps(n, level):
            for start, source, length in _turned(n, shift):
                window = x.narrow(axis, source, length)
                low.narrow(axis, start, length).add_(window, alpha=l_k)
                high.narrow(axis, start, length).add_(window, alpha=h_k)
        return low, high

    def _merge(self, low: Tensor, high: Tensor, axis: int, level: int) -> Tensor:
        n = low.shape[axis]
        x = torch.zeros_like(low)
        for shift, l_k, h_k in self._taps(n, level):
            for start, source, length in _turned(n, shift):
                place = x.narrow(axis, source, length)
                place.add_(low.narrow(axis, start, length), alpha=l_k)
                place.add_(high.narrow(axis, start, length), alpha=h_k)
        return x

    def _taps(self, n: int, level: int) -> list[tuple[int, float, float]]:
        """Return (shift, l, h) of every tap of a level: it reads ``x[i + shift]``, wrapped."""
        spread, bank = 2 ** (level - 1), self.bank
        return [
            (spread * (bank.origin - k) % n, l_k / math.sqrt(2), h_k / math.sqrt(2))
            for k, (l_k, h_k) in enumerate(zip(bank.low, bank.high, strict=True))
        ]


def _turned(n: int, shift: int) -> list[tuple[int, int, int]]:
    """Return (place, source, length) of the two pieces of a cyclic shift by 0 to n - 1."""
    pieces = [(0, shift, n - shift), (n - shift, 0, shift)]
    return [piece for piece in pieces if piece[2]]


def _every_other(x: Tensor, axis: int, phase: int) -> Tensor:
    """Return a view of the even (0) or odd (1) places of an axis."""
    index: tuple[Any, ...] = (..., slice(phase, None, 2), *[slice(None)] * (-axis - 1))
    return x[index]


def _wrapped(x: Tensor, axis: int, before: int, after: int) -> Tensor:
    """Return `x` continued periodically by a few places; a view if by none."""
    if before == after == 0:
        return x
    n = x.shape[axis]
    parts = [x.narrow(axis, n - before, before), x, x.narrow(axis, 0, after)]
    return torch.cat(parts, axis)
