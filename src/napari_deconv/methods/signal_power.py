"""Sums over the half spectrum of a whole picture, without its FFT: for methods in tiles."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

ROWS = 64
"""Rows of the spectrum handled at once."""


def power(data: Tensor) -> float:
    """Return the periodogram's sum over the half spectrum of ``torch.fft.rfftn``.

    By Parseval: half of all frequencies, and half of those whose last one is 0 or Nyquist's.
    """
    x = data.double()
    x -= x.mean()
    last = x.shape[-1]
    edges = x.sum(-1).square().sum()
    if last % 2 == 0:
        edges += (x[..., ::2].sum(-1) - x[..., 1::2].sum(-1)).square().sum()
    return float((x.square().sum() + edges / last) / 2)


def passed(kernel: Tensor, grid: tuple[int, ...], weigh: Callable[[Tensor], Tensor]) -> float:
    """Return the sum over the half spectrum of ``|h|^2`` times a weight.

    Parameters
    ----------
    kernel : Tensor
        PSF.
    grid : tuple of int
    weigh : callable
        Returns the weight at squared frequencies (cycles a pixel).
    """
    rest = torch.fft.rfftn(kernel.double(), s=grid[1:], dim=tuple(range(1, kernel.ndim)))
    squares = _squares(grid[1:])
    total = 0.0
    for first in range(0, grid[0], ROWS):
        f = torch.fft.fftfreq(grid[0], dtype=torch.float64)[first : first + ROWS]
        places = torch.arange(kernel.shape[0], dtype=torch.float64)
        turns = torch.exp(-2j * math.pi * f[:, None] * places)
        h = torch.tensordot(turns, rest, 1)
        fall = f.square().reshape(-1, *[1] * len(grid[1:])) + squares
        total += float((h.abs().square() * weigh(fall)).sum())
    return total


def _squares(grid: tuple[int, ...]) -> Tensor:
    """Return squared frequencies on the half spectrum of the axes after the first."""
    total = torch.zeros((), dtype=torch.float64)
    for axis, n in enumerate(grid):
        last = axis == len(grid) - 1
        f = (torch.fft.rfftfreq if last else torch.fft.fftfreq)(n, dtype=torch.float64)
        total = total + f.square().reshape(-1, *[1] * (len(grid) - 1 - axis))
    return total
