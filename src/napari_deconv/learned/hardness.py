"""What makes a patch hard, measured while a model learns, so that such ones are drawn more often.

Patches are told apart by what the blur takes from them (contrast at the PSF's scale) and by their
noise (dose). The mean loss of each kind is kept, and of several candidates one is drawn with a
probability that grows with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_deconv.learned.degradation import Degradation
    from napari_deconv.learned.scenes import Crop

Rng = np.random.Generator

CONTRASTS = (1e-3, 3e-3, 0.01, 0.03, 0.1)
"""Borders between kinds: rms of what the blur takes away, of the grey range."""
NOISES = (1e-4, 8e-4, 3e-3, 0.01, 0.03)
"""Borders between kinds: noise of a usual pixel, of the grey range."""
CANDIDATES = 4
"""Patches of which one is drawn."""
KEPT = 0.97
"""Share of a kind's mean loss that stays when another patch of it was learned from."""
APART = 100_000
"""Places between two candidates of one place, in the numbering of random numbers."""
STEEPNESS = 1.5
"""Power of the mean loss that a candidate's chance grows with."""


class Kind(NamedTuple):
    """Which of the kinds a patch is of: row by contrast, column by noise."""

    contrast: int
    noise: int


class Hardness:
    """Mean loss of each kind of patch.

    Attributes
    ----------
    losses : ndarray, shape (6, 6)
        NaN where nothing of the kind was learned from yet.
    """

    def __init__(self, losses: Sequence[Sequence[float]] | None = None) -> None:
        shape = len(CONTRASTS) + 1, len(NOISES) + 1
        self.losses = np.full(shape, np.nan) if losses is None else np.array(losses, float)

    def plain(self) -> list[list[float]]:
        """Return the mean losses as plain data."""
        rows: list[list[float]] = self.losses.tolist()
        return rows

    def learn(self, kinds: Sequence[Kind], losses: Sequence[float]) -> None:
        """Take note of what patches cost."""
        for kind, loss in zip(kinds, losses, strict=True):
            if np.isfinite(loss):
                known = self.losses[kind]
                self.losses[kind] = loss if np.isnan(known) else KEPT * known + (1 - KEPT) * loss

    def pick(self, kinds: Sequence[Kind], rng: Rng) -> int:
        """Return which of the candidates to draw; alike chances while nothing is known."""
        if np.isnan(self.losses).all():
            return int(rng.integers(len(kinds)))
        expected = np.array([self.losses[kind] for kind in kinds])
        expected = np.where(np.isnan(expected), np.nanmean(self.losses), expected)
        chances = np.maximum(expected, 1e-12) ** STEEPNESS
        return int(rng.choice(len(kinds), p=chances / chances.sum()))

    def told(self) -> str:
        """Return in words what was hard; empty while too little is known."""
        rows, columns = (self._along(axis) for axis in (1, 0))
        if np.isfinite(rows).sum() < 2 or np.isfinite(columns).sum() < 2:
            return ""
        mean = np.nanmean(self.losses)
        contrast, noise = int(np.nanargmax(rows)), int(np.nanargmax(columns))
        return (
            f"hardest: patches that lose {_between(CONTRASTS, contrast)} of the grey range to the "
            f"blur ({rows[contrast] / mean:.1f} times the usual loss), and noise of "
            f"{_between(NOISES, noise)} ({columns[noise] / mean:.1f} times)"
        )

    def _along(self, axis: int) -> NDArray[np.float64]:
        known = np.isfinite(self.losses)
        total = np.where(known, self.losses, 0).sum(axis)
        count = known.sum(axis)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def candidates(place: int, several: bool) -> list[int]:
    """Return the places whose patches may be drawn for a place of a batch."""
    return [place + k * APART for k in range(CANDIDATES if several else 1)]


def kind_of(crop: Crop, degradation: Degradation, rng: Rng) -> Kind:
    """Return the kind of patch that a crop becomes by these random numbers.

    Parameters
    ----------
    crop : Crop
        Larger than the frame by ``support - 1``.
    degradation : Degradation
    rng : Generator
        As the one that degrades it, at its start.
    """
    from scipy.signal import fftconvolve

    kernel = degradation.kernel(rng)
    gain, read = degradation.noise(crop, rng)
    edge = degradation.support // 2
    blurred = fftconvolve(crop.values, kernel, "valid")
    lost: NDArray[Any] = crop.values[edge:-edge, edge:-edge] - blurred
    noise = float(np.sqrt(gain * max(float(blurred.mean()), 0) + read**2)) / crop.scale
    contrast = float(lost.std()) / crop.scale
    return Kind(int(np.searchsorted(CONTRASTS, contrast)), int(np.searchsorted(NOISES, noise)))


def _between(borders: Sequence[float], index: int) -> str:
    """Return a range of shares in words."""
    if index == 0:
        return f"less than {borders[0]:.2%}"
    if index == len(borders):
        return f"more than {borders[-1]:.3g}"
    return f"{borders[index - 1]:.2g} to {borders[index]:.2g}"
