"""The edge spread of any PSF in every direction, also of the PSF made wider or narrower."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

STEP = 1 / 16
"""Pixels between two places of an edge spread."""
DIRECTIONS = 48
"""Directions in which it is known, all around."""


def directions() -> Floats:
    """Return the directions in radians, from the columns' axis towards higher rows."""
    return np.asarray(np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS))


class FinePsf(NamedTuple):
    """Samples of a PSF, finer than its pixels.

    Attributes
    ----------
    samples : ndarray, shape (h, w)
        Of sum 1, centred on the middle.
    pitch : float
        Pixels between two of them.
    apertures : int
        How often they are still to be averaged over a pixel to be what a detector sees: once, or
        not at all for an array that is so already.
    round : bool
        Whether it is the same in every direction.
    """

    samples: Floats
    pitch: float
    apertures: int
    round: bool

    def line(self) -> tuple[Floats, Floats]:
        """Return places in pixels and the line spread there, the mean of all directions."""
        half = int(np.hypot(*self.samples.shape) / 2 * self.pitch / STEP) + 2
        places = np.arange(-half, half + 1, dtype=np.float64) * STEP
        return np.asarray(places), np.asarray(self.lines(half).mean(0))

    def lines(self, half: int) -> Floats:
        """Return its line spreads, shape (1 or DIRECTIONS, 2 half + 1), in steps of `STEP`."""
        rows, columns = (
            (np.arange(n) - (n - 1) / 2) * (self.pitch / STEP) for n in self.samples.shape
        )
        found = []
        for angle in directions()[:1] if self.round else directions():
            place = (columns * np.cos(angle) + rows[:, None] * np.sin(angle)).ravel()
            low = np.floor(place).astype(int)
            share = (place - low) * self.samples.ravel()
            index = np.clip(low + half, 0, 2 * half - 1)
            line = np.bincount(index, self.samples.ravel() - share, 2 * half + 1)
            found.append(line + np.bincount(index + 1, share, 2 * half + 1))
        return np.stack(found)


class Spreads(NamedTuple):
    """Edge spreads of a PSF.

    Attributes
    ----------
    rises : ndarray of float32, shape (S, DIRECTIONS, T)
        From 0 to 1, for each of S widths, direction and distance from the edge.
    scales : ndarray, shape (S,)
        Logarithms of the widths, relative to the PSF's own; evenly spaced.
    """

    rises: npt.NDArray[np.float32]
    scales: Floats

    @classmethod
    def of(cls, psf: FinePsf, reach: float, scales: npt.ArrayLike = (0.0,)) -> Self:
        """Work them out for distances up to `reach` pixels.

        Parameters
        ----------
        psf : FinePsf
        reach : float
        scales : array_like, shape (S,)
            Logarithms of the factors by which it is made wider.
        """
        half = int(np.ceil(reach / STEP))
        logs = np.atleast_1d(np.asarray(scales, float))
        wide = int(np.ceil(half / np.exp(min(0.0, float(logs.min())))))
        lines = psf.lines(wide)
        below = np.cumsum(lines, 1) - lines / 2
        places = np.arange(-half, half + 1)
        rises = np.empty((logs.size, DIRECTIONS, places.size), np.float32)
        count = 2 * places.size
        smooth = _apertures(count, psf.apertures)
        for number, log in enumerate(logs):
            at = places / np.exp(log)
            own = [np.interp(at, np.arange(-wide, wide + 1), rise) for rise in below]
            rises[number] = _averaged(np.stack(own), smooth, count)
        return cls(rises, logs)

    def at(
        self, distance: Floats, angle: Floats, scale: Floats | None = None
    ) -> tuple[Floats, Floats, Floats]:
        """Return the rise, its slope per pixel and its change with the logarithm of the width.

        Parameters
        ----------
        distance : ndarray, shape (N, P)
            From the edge, towards the bright side, in pixels.
        angle : ndarray, shape (N,)
            Directions to the bright side, in radians.
        scale : ndarray, shape (N,), optional
            Logarithm of the width of each.
        """
        half = (self.rises.shape[2] - 1) // 2
        turn = np.round(angle * (DIRECTIONS / (2 * np.pi))).astype(int) % DIRECTIONS
        place = np.clip(distance / STEP + half, 0, 2 * half - 1e-3)
        low = place.astype(int)
        share = place - low
        if self.scales.size == 1 or scale is None:
            rise, slope = _between(self.rises[0], turn[:, None], low, share)
            return rise, slope, np.zeros_like(rise)
        spacing = self.scales[1] - self.scales[0]
        step = np.clip((scale - self.scales[0]) / spacing, 0, self.scales.size - 1.001)
        first = step.astype(int)
        part = (step - first)[:, None]
        sharp = _between(self.rises, first[:, None], turn[:, None], low, share)
        soft = _between(self.rises, first[:, None] + 1, turn[:, None], low, share)
        rise, slope = (a + part * (b - a) for a, b in zip(sharp, soft, strict=True))
        return rise, slope, (soft[0] - sharp[0]) / spacing


def _between(
    table: npt.NDArray[np.float32], *where: npt.NDArray[np.generic]
) -> tuple[Floats, Floats]:
    """Return values between two places of a table's last axis, and their slope."""
    *index, low, share = where
    before, after = table[(*index, low)], table[(*index, low + 1)]
    return before + (after - before) * share, np.asarray((after - before) / STEP, float)


def _apertures(count: int, times: int) -> Floats:
    """Return the transfer of square pixels in every direction, shape (DIRECTIONS, frequencies)."""
    frequency = np.fft.rfftfreq(count, STEP)
    each = [np.sinc(frequency * np.cos(a)) * np.sinc(frequency * np.sin(a)) for a in directions()]
    return np.asarray(np.stack(each) ** times)


def _averaged(rises: Floats, smooth: Floats, count: int) -> Floats:
    """Return edge spreads averaged over pixels; beyond both ends they are 0 and 1."""
    size = rises.shape[1]
    # A rise that falls again is periodic: nothing wraps into the half that is kept.
    there_and_back = np.concatenate([rises, rises[:, ::-1]], 1)
    spectrum = np.fft.rfft(there_and_back, count) * smooth
    return np.fft.irfft(spectrum, count)[:, :size]
