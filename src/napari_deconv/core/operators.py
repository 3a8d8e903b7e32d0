"""Linear maps with exact adjoints: blur, gradient, identity.

All act on the last two or three axes of float tensors, keep device and dtype, and are diagonal
in Fourier space on the periodic grid, which is what makes the solvers quick.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from copy import copy
from functools import cached_property
from typing import Any, Protocol, Self

import torch
from torch import Tensor


class LinearMap(Protocol):
    """What the solvers ask of a linear map K: K x, K' y and the spectrum of K'K."""

    def __call__(self, x: Tensor, out: Tensor | None = None) -> Tensor:
        """Return K x."""

    def adjoint(self, y: Tensor, out: Tensor | None = None) -> Tensor:
        """Return K' y."""

    def power(self, like: Tensor) -> Tensor:
        """Return the eigenvalues of K'K on the half spectrum of the grid of `like`."""


class _Differentiable(torch.autograd.Function):
    """A linear map whose derivative is its adjoint, in-place arithmetic inside or not."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, linear: LinearMap) -> Tensor:
        """Return K x."""
        ctx.linear = linear
        return linear(x)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Return K' of the gradient."""
        return ctx.linear.adjoint(grads[0].contiguous()), None


def differentiable(linear: LinearMap, x: Tensor) -> Tensor:
    """Return K x so that autograd can differentiate it, once, with respect to x."""
    if not x.requires_grad:
        return linear(x)
    y: Tensor = _Differentiable.apply(x, linear)  # type: ignore[no-untyped-call]
    return y


class Identity:
    """The map that leaves an image as it is."""

    def __call__(self, x: Tensor, out: Tensor | None = None) -> Tensor:
        """Return `x`."""
        return x if out is None else out.copy_(x)

    def adjoint(self, y: Tensor, out: Tensor | None = None) -> Tensor:
        """Return `y`."""
        return y if out is None else out.copy_(y)

    def power(self, like: Tensor) -> Tensor:
        """Return 1: the identity passes every frequency alike."""
        return like.new_ones(())


class Blur:
    """Convolution with a PSF, circulant on its grid: ``H x = F^-1[h * F[x]]``.

    Parameters
    ----------
    kernel : Tensor
        PSF, 2-D or 3-D, normally of sum 1. Its centre is index ``(n - 1) // 2`` on each axis, as
        in ``scipy.signal.convolve(mode="same")``.
    grid : tuple of int
        Shape of the last axes that it acts on. A kernel wider than the grid is folded onto it.

    Attributes
    ----------
    spectrum : Tensor
        Transfer function h on the half spectrum of ``torch.fft.rfftn``.
    """

    def __init__(self, kernel: Tensor, grid: tuple[int, ...]) -> None:
        self.kernel = kernel
        self.grid = tuple(grid)
        self.axes = tuple(range(-len(grid), 0))
        self.spectrum: Tensor = torch.fft.rfftn(_folded(kernel, self.grid), dim=self.axes)
        self._last: tuple[object, Tensor] | None = None
        self._shared = False

    def share(self) -> Self:
        """Return the same, which from now on keeps what `once` made: many pictures share it."""
        self._shared = True
        return self

    def once(self, key: object, make: Callable[[], Tensor]) -> Tensor:
        """Return what `make` makes of the blur alone, the last of it kept where it is shared."""
        last = self._last  # another thread may put another in its place meanwhile
        if last is not None and last[0] == key:
            return last[1]
        self._last = last = None  # not two at a time
        made = make()
        if self._shared:
            self._last = key, made
        return made

    @classmethod
    def stacked(cls, kernels: Sequence[Tensor], grid: tuple[int, ...]) -> Blur:
        """Return the blur of a batch (B, 1, *grid), a PSF for each picture of it."""
        blurs = [cls(kernel, grid) for kernel in kernels]
        blur = blurs[0]
        if len(blurs) > 1:
            blur.spectrum = torch.stack([each.spectrum for each in blurs]).unsqueeze(1)
        return blur

    def to(self, device: torch.device) -> Blur:
        """Return the same on another device."""
        moved = copy(self)
        moved.kernel, moved.spectrum = self.kernel.to(device), self.spectrum.to(device)
        vars(moved).pop("_conjugate", None)
        vars(moved)["_last"] = None
        return moved

    def __call__(self, x: Tensor) -> Tensor:
        """Return H x, shape of `x`."""
        return self.inverse(self.forward(x).mul_(self.spectrum))

    def adjoint(self, y: Tensor) -> Tensor:
        """Return H' y, the correlation of `y` with the PSF."""
        return self.inverse(self.forward(y).mul_(self._conjugate))

    @cached_property
    def _conjugate(self) -> Tensor:
        return self.spectrum.conj().resolve_conj()

    def throughput(self) -> Tensor:
        """Return what H and H' make of a picture of ones: the sum of the PSF, 0-dimensional."""
        return self.spectrum.flatten()[0].real

    def power(self) -> Tensor:
        """Return ``|h|^2``, the eigenvalues of H'H on the half spectrum."""
        power: Tensor = self.spectrum.real.square() + self.spectrum.imag.square()
        return power

    def forward(self, x: Tensor) -> Tensor:
        """Return the half spectrum of `x` over the axes of the grid."""
        spectrum: Tensor = torch.fft.rfftn(x, dim=self.axes)
        return spectrum

    def inverse(self, spectrum: Tensor) -> Tensor:
        """Return the real image of a half spectrum."""
        if spectrum.device.type == "cpu" and self.grid[-2] % _COLLIDING == 0:
            first = torch.fft.ifftn(spectrum, dim=self.axes[:-1]).contiguous()
            image: Tensor = torch.fft.irfft(first, n=self.grid[-1])
            return image
        image = torch.fft.irfftn(spectrum, s=self.grid, dim=self.axes)
        return image


_COLLIDING = 256
"""Columns whose length is a multiple of this share a few places of a core's cache. torch leaves
them as columns after the first transforms; laid into rows, the last takes a fifth less time."""


class Gradient:
    """Periodic forward differences, ``(D x)_k[i] = x[i + e_k] - x[i]``, stacked on a new axis 0.

    Parameters
    ----------
    ndim : int
        Number of last axes it differentiates: 2 or 3.
    """

    def __init__(self, ndim: int) -> None:
        self.axes = tuple(range(-ndim, 0))

    def __call__(self, x: Tensor, out: Tensor | None = None) -> Tensor:
        """Return D x, shape ``(ndim, *x.shape)``."""
        out = x.new_empty((len(self.axes), *x.shape)) if out is None else out
        for axis, component in zip(self.axes, out, strict=True):
            n = x.shape[axis]
            torch.sub(
                x.narrow(axis, 1, n - 1),
                x.narrow(axis, 0, n - 1),
                out=component.narrow(axis, 0, n - 1),
            )
            torch.sub(
                x.narrow(axis, 0, 1), x.narrow(axis, n - 1, 1), out=component.narrow(axis, n - 1, 1)
            )
        return out

    def adjoint(self, y: Tensor, out: Tensor | None = None) -> Tensor:
        """Return D' y, the negative divergence, shape ``y.shape[1:]``."""
        out = torch.empty_like(y[0]) if out is None else out
        torch.neg(y[0], out=out)
        for component in y[1:]:
            out.sub_(component)
        for axis, component in zip(self.axes, y, strict=True):
            n = component.shape[axis]
            out.narrow(axis, 1, n - 1).add_(component.narrow(axis, 0, n - 1))
            out.narrow(axis, 0, 1).add_(component.narrow(axis, n - 1, 1))
        return out

    def power(self, like: Tensor) -> Tensor:
        """Return the eigenvalues of D'D, ``sum_k 4 sin^2(pi f_k)``, on the half spectrum."""
        total = like.new_zeros(())
        for axis in self.axes:
            total = total + 4 * torch.sin(math.pi * _frequency(like, axis)).square()
        return total


class SymmetricGradient:
    """Symmetrised periodic backward differences of a vector field w, ``E w = (B w + (B w)') / 2``.

    Off-diagonal entries are stored once, times sqrt 2, so that norms are those of the matrix.

    Parameters
    ----------
    ndim : int
        Number of last axes it differentiates, and of components: 2 or 3.

    References
    ----------
    K. Bredies, K. Kunisch, T. Pock, "Total generalized variation", SIAM J. Imaging Sci. 3, 2010.
    """

    def __init__(self, ndim: int) -> None:
        self.ndim = ndim
        self.pairs = [(k, m) for k in range(ndim) for m in range(k, ndim)]

    def __call__(self, w: Tensor) -> Tensor:
        """Return E w, shape ``(ndim * (ndim + 1) / 2, ...)`` for w of shape ``(ndim, ...)``."""
        entries = []
        for k, m in self.pairs:
            if k == m:
                entries.append(_backward(w[k], k - self.ndim))
            else:
                mixed = _backward(w[m], k - self.ndim).add_(_backward(w[k], m - self.ndim))
                entries.append(mixed.mul_(math.sqrt(0.5)))
        return torch.stack(entries)

    def adjoint(self, y: Tensor) -> Tensor:
        """Return E' y, shape ``(ndim, ...)``."""
        w = y.new_zeros((self.ndim, *y.shape[1:]))
        for (k, m), entry in zip(self.pairs, y, strict=True):
            if k == m:
                w[k].sub_(_forward(entry, k - self.ndim))
            else:
                w[m].sub_(_forward(entry, k - self.ndim), alpha=math.sqrt(0.5))
                w[k].sub_(_forward(entry, m - self.ndim), alpha=math.sqrt(0.5))
        return w


def _forward(x: Tensor, axis: int) -> Tensor:
    return x.roll(-1, axis).sub_(x)


def _backward(x: Tensor, axis: int) -> Tensor:
    return x - x.roll(1, axis)


def difference_symbols(like: Tensor, ndim: int) -> list[Tensor]:
    """Return the transfer functions ``exp(2 pi i f) - 1`` of forward differences, axis by axis.

    Those of backward differences are their negative conjugates.
    """
    angles = [2 * math.pi * _frequency(like, axis) for axis in range(-ndim, 0)]
    return [torch.polar(torch.ones_like(angle), angle) - 1 for angle in angles]


def squared_frequency(like: Tensor, ndim: int) -> Tensor:
    """Return ``|f|^2`` (cycles per pixel) on the half spectrum of the last `ndim` axes."""
    total = like.new_zeros(())
    for axis in range(-ndim, 0):
        total = total + _frequency(like, axis).square()
    return total


def _frequency(like: Tensor, axis: int) -> Tensor:
    """Return the frequencies of an axis, shaped to broadcast over the half spectrum."""
    frequencies = torch.fft.rfftfreq if axis == -1 else torch.fft.fftfreq
    f: Tensor = frequencies(like.shape[axis], device=like.device, dtype=like.dtype)
    return f.reshape(-1, *[1] * (-axis - 1))


def fast_length(n: int, multiple: int = 1) -> int:
    """Return the smallest 7-smooth multiple of 8 and `multiple`, a power of 2, from `n` on.

    Even, smooth lengths are where FFTs are quick: an odd or prime length costs two to five times
    as much.
    """
    step = max(8, multiple)
    length = max(1, -(-n // step)) * step
    while not _is_smooth(length):
        length += step
    return length


def _is_smooth(n: int) -> bool:
    for factor in (2, 3, 5, 7):
        while n % factor == 0:
            n //= factor
    return n == 1


def _folded(kernel: Tensor, grid: tuple[int, ...]) -> Tensor:
    """Return the kernel on the periodic grid, its centre at the origin."""
    folded = kernel
    for axis, n in enumerate(grid):
        size = kernel.shape[axis]
        repeats = -(-size // n)
        pads = [0] * (2 * folded.ndim)
        pads[2 * (folded.ndim - 1 - axis) + 1] = repeats * n - size
        folded = torch.nn.functional.pad(folded, pads)
        folded = folded.reshape(*folded.shape[:axis], repeats, n, *folded.shape[axis + 1 :]).sum(
            axis
        )
        folded = folded.roll(-((size - 1) // 2), axis)
    return folded
