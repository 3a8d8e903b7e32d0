"""Wavelet transforms with ``W'W = I``: orthonormal and decimated, or shift-invariant.

Both are periodic, act on the last axes of float tensors, and stack their coefficients on a new
axis 0 whose first entry is what is left at the coarsest level: the approximation.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import torch

from napari_deconv.core import haar
from napari_deconv.core.haar import every_other, turned

if TYPE_CHECKING:
    from torch import Tensor


class _Bank(NamedTuple):
    """Low- and high-pass filter of an orthonormal basis, and the place of their origin."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    origin: int

    @property
    def is_haar(self) -> bool:
        """Whether sums and differences do."""
        return len(self.low) == 2


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
        self.scale = 2 ** (-ndim / 2) if self.bank.is_haar else 1.0  # of all axes of a level

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
            bands = [x if self.scale == 1 else x * self.scale]
            for axis in range(-self.ndim, -1):
                bands = [half for band in bands for half in self._split(band, axis)]
            coarse_place = out[0] if level == self.levels else None
            places = [coarse_place, *self._details(out, level)]
            for band, *pair in zip(bands, places[::2], places[1::2], strict=True):
                low, _ = self._split(band, -1, (pair[0], pair[1]))
                x = low if band is bands[0] else x
        return out

    def adjoint(self, y: Tensor, out: Tensor | None = None) -> Tensor:
        """Return W' y, the image of coefficients."""
        x = y[0]
        for level in range(self.levels, 0, -1):
            bands = [x, *self._details(y, level)]
            for axis in range(-1, -self.ndim - 1, -1):
                pairs = zip(bands[::2], bands[1::2], strict=True)
                bands = [self._merge(low, high, axis) for low, high in pairs]
            x = bands[0] if self.scale == 1 else bands[0].mul_(self.scale)
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

    def _split(self, x: Tensor, axis: int, out: haar.Pair = (None, None)) -> tuple[Tensor, Tensor]:
        """Return the lower and the upper half band of an axis, each of half its length."""
        if self.bank.is_haar:
            return haar.halves(x, axis, out)
        half = x.shape[axis] // 2
        taps = self._taps(half)
        before = -min(start for start, _, _, _ in taps)
        after = max(start for start, _, _, _ in taps)
        phases = [_wrapped(every_other(x, axis, p), axis, before, after) for p in (0, 1)]
        bands: list[Tensor] = []
        for start, phase, *factors in taps:
            window = phases[phase].narrow(axis, before + start, half)
            if not bands:
                bands = [torch.mul(window, f, out=o) for f, o in zip(factors, out, strict=True)]
                continue
            for band, factor in zip(bands, factors, strict=True):
                band.add_(window, alpha=factor)
        return bands[0], bands[1]

    def _merge(self, low: Tensor, high: Tensor, axis: int) -> Tensor:
        """Return the signal of two half bands: the adjoint of `_split`."""
        if self.bank.is_haar:
            return haar.joined(low, high, axis)
        half = low.shape[axis]
        taps = self._taps(half)
        before = max(start for start, _, _, _ in taps)
        after = -min(start for start, _, _, _ in taps)
        bands = [_wrapped(band, axis, before, after) for band in (low, high)]
        phases: list[Tensor | None] = [None, None]
        for start, phase, *factors in taps:
            for band, factor in zip(bands, factors, strict=True):
                window, place = band.narrow(axis, before - start, half), phases[phase]
                if place is None:
                    phases[phase] = window * factor
                else:
                    place.add_(window, alpha=factor)
        return torch.stack([p for p in phases if p is not None], axis).flatten(axis - 1, axis)

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
        self.scale = 2.0**-ndim if self.bank.is_haar else 1.0  # of all axes of a level

    def __call__(self, x: Tensor, out: Tensor | None = None) -> Tensor:
        """Return W x, shape ``(1 + levels * (2**ndim - 1), ..., *sides)``, finest level last."""
        each = 2**self.ndim - 1
        out = x.new_empty((1 + self.levels * each, *x.shape)) if out is None else out
        for level in range(1, self.levels + 1):
            bands = [x if self.scale == 1 else x * self.scale]
            for axis in range(-self.ndim, -1):
                bands = [half for band in bands for half in self._split(band, axis, level)]
            first = 1 + (self.levels - level) * each
            coarse_place = out[0] if level == self.levels else None
            places = [coarse_place, *out[first : first + each]]
            for band, *pair in zip(bands, places[::2], places[1::2], strict=True):
                low, _ = self._split(band, -1, level, (pair[0], pair[1]))
                x = low if band is bands[0] else x
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
            x = bands[0] if self.scale == 1 else bands[0].mul_(self.scale)
        return x if out is None else out.copy_(x)

    def power(self, like: Tensor) -> Tensor:
        """Return 1: W'W = I."""
        return like.new_ones(())

    def _split(
        self, x: Tensor, axis: int, level: int, out: haar.Pair = (None, None)
    ) -> tuple[Tensor, Tensor]:
        """Return the lower and the upper band of an axis, each as long as `x`."""
        if self.bank.is_haar:
            return haar.neighbours(x, axis, 2 ** (level - 1), out)
        low, high = (torch.empty_like(x) if place is None else place for place in out)
        for number, (shift, *factors) in enumerate(self._taps(x.shape[axis], level)):
            for start, source, length in turned(x.shape[axis], shift):
                window = x.narrow(axis, source, length)
                for band, factor in zip((low, high), factors, strict=True):
                    place = band.narrow(axis, start, length)
                    if number:
                        place.add_(window, alpha=factor)
                    else:
                        torch.mul(window, factor, out=place)
        return low, high

    def _merge(self, low: Tensor, high: Tensor, axis: int, level: int) -> Tensor:
        """Return the signal of two bands: the adjoint of `_split`."""
        if self.bank.is_haar:
            return haar.gathered(low, high, axis, 2 ** (level - 1))
        x = torch.zeros_like(low)
        for shift, l_k, h_k in self._taps(low.shape[axis], level):
            for start, source, length in turned(low.shape[axis], shift):
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


def _wrapped(x: Tensor, axis: int, before: int, after: int) -> Tensor:
    """Return `x` continued periodically by a few places; a view if by none."""
    if before == after == 0:
        return x
    n = x.shape[axis]
    parts = [x.narrow(axis, n - before, before), x, x.narrow(axis, 0, after)]
    return torch.cat(parts, axis)
