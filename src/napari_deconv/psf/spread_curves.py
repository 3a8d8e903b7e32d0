"""Edge spread, line spread and MTF as measured, without a model.

The edge spread is the least-squares cubic spline through all pixels, its derivative the line
spread, whose Fourier transform is the MTF: what ISO 12233 does by bins, without their smoothing.
Where the measured MTF differs from the fitted model's by no more than noise does, it is drawn to
the model's (James-Stein shrinkage: W. James, C. Stein, Proc. Fourth Berkeley Symp. 1, 1961; over
neighbouring frequencies T. T. Cai, Ann. Statist. 27, 1999).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from napari_deconv.psf.edge_fit import EdgeFit

Floats = npt.NDArray[np.float64]

KNOT = 0.5
"""Least pixels between the spline's knots: twice as fine as Nyquist asks."""
KNOTS = 2.0
"""Knots to half a width at half maximum: what is finer than that, a blur so wide does not pass."""
STEP = 1 / 16
"""Pixels between the samples of a curve."""
GAP = 0.3
"""Pixels without a sample beyond which nothing between pixels is known."""
TAPER = 0.5
"""Share of the line spread's window that fades to nothing, so that its noise ends softly."""
REACH = 8.0
"""Half widths at half maximum on either side of the edge beyond which there is only noise, and
the model says what tails there are."""
HIGHEST = 1.0
"""Cycles per pixel up to which an MTF is given."""
LEVEL = 2e-3
"""Share of the step by which a fitted edge lies off its levels where the levels are read anew."""
FEWEST = 50
"""Pixels of a level, at least."""
CELLS = 4.0
"""Frequencies that a window tells apart, over which its noise and what exceeds it are averaged."""
NOISY = 3.0
"""What differs from the model by less than this many times the noise's power is taken for noise."""


@dataclass(frozen=True)
class SpreadCurves:
    """Curves across an edge, the pixel's aperture included.

    Attributes
    ----------
    distance : ndarray
        In pixels from the edge.
    edge, line : ndarray
        Edge spread from 0 to 1, and its derivative per pixel.
    frequency : ndarray
        In cycles per pixel.
    modulation : ndarray
        MTF, 1 at frequency 0; the real part, for a blur alike on both sides, so that noise does
        not raise it, negative where contrast is inverted. Equal to the model's where it differs
        from it by noise alone.
    raw : ndarray
        The same with all its noise.
    error : ndarray
        Standard error of `raw`.
    """

    distance: Floats
    edge: Floats
    line: Floats
    frequency: Floats
    modulation: Floats
    raw: Floats
    error: Floats

    @classmethod
    def of(cls, fit: EdgeFit) -> Self:
        """Return the curves that an edge's pixels draw.

        Raises
        ------
        ValueError
            In one sentence, if the edge runs along the pixels or at 45 degrees, so that all rows
            sample it at the same few places: the model's curves are all there is.
        """
        from scipy.interpolate import make_lsq_spline

        reach = float(min(-fit.distance[0], fit.distance[-1]))
        inside = np.abs(fit.distance) <= reach
        t, share = fit.distance[inside], fit.share[inside]
        gaps = np.diff(t)
        if gaps[np.abs(t[1:]) < reach / 2].max() > GAP:
            raise ValueError(
                f"At {_slant(fit.angle):.1f}° every row samples the edge at the same places, so "
                "that only the model's MTF is known; turn the part by 2° to 10° for a measured one."
            )
        fitted = fit.fitted[inside]
        rest = _levelled(share, fitted) - fitted
        half = _half_width(fit)
        knot = max(KNOT, half / KNOTS)
        inner = np.arange(-reach + 2 * knot, reach - 2 * knot, knot)
        knots = np.concatenate([[t[0]] * 4, inner, [t[-1]] * 4])
        spline = make_lsq_spline(t, rest, knots, k=3)
        noise = float(np.std(rest - spline(t))) * np.sqrt(t.size / (t.size - inner.size - 4))
        count = int(reach / STEP)
        distance = np.arange(-count, count + 1) * STEP
        distance = distance[(distance >= t[0]) & (distance <= t[-1])]
        modelled = np.interp(distance, fit.distance, fit.fitted)
        line = spline.derivative()(distance)
        window = _Window(distance, min(REACH * half, reach))
        frequency = np.linspace(0, HIGHEST, 201)
        more = window.transform(line, frequency)
        error = noise * window.error(t, frequency)
        kept = _kept(more, error, CELLS / (2 * window.reach))
        model = fit.modulation(frequency)
        return cls(
            distance,
            modelled + spline(distance),
            np.gradient(modelled, distance) + line,
            frequency,
            model + kept * more,
            model + more,
            error,
        )

    def at(self, level: float) -> float:
        """Return the frequency at which the MTF first falls to a level, in cycles per pixel."""
        return crossing(self.frequency, self.modulation, level)


def crossing(frequency: Floats, modulation: Floats, level: float) -> float:
    """Return where a curve first falls to a level; NaN if it does not."""
    below = np.flatnonzero(modulation <= level)
    if below.size == 0 or below[0] == 0:
        return float("nan")
    right = int(below[0])
    left = right - 1
    share = (modulation[left] - level) / (modulation[left] - modulation[right])
    return float(frequency[left] + share * (frequency[right] - frequency[left]))


def _half_width(fit: EdgeFit) -> float:
    """Return half the width of the line spread at half its maximum, by the model."""
    rise = fit.fitted
    quarter, middle = (float(fit.distance[np.searchsorted(rise, level)]) for level in (0.12, 0.5))
    return max(middle - quarter, 0.5)


def _levelled(share: Floats, fitted: Floats) -> Floats:
    """Return an edge spread between the levels that it has where the model has come to an end."""
    low, high = share[fitted < LEVEL], share[fitted > 1 - LEVEL]
    if min(low.size, high.size) < FEWEST:
        return share
    return np.asarray((share - low.mean()) / (high.mean() - low.mean()))


@dataclass(frozen=True)
class _Window:
    """The part of a line spread that is transformed, and how it fades to nothing."""

    distance: Floats
    reach: float

    @property
    def fade(self) -> Floats:
        x = np.clip((np.abs(self.distance) / self.reach - 1 + TAPER) / TAPER, 0, 1)
        return np.asarray(0.5 + 0.5 * np.cos(np.pi * x))

    def transform(self, line: Floats, frequency: Floats) -> Floats:
        """Return the real Fourier transform of a line spread."""
        waves = np.cos(2 * np.pi * np.outer(frequency, self.distance))
        return np.asarray(waves @ (line * self.fade) * STEP)

    def error(self, places: Floats, frequency: Floats) -> Floats:
        """Return the transform's standard error where every pixel has a noise of 1.

        The transform of a derivative is that of the edge spread times the derivative of what it is
        multiplied by; each pixel takes part as far as others are from it.
        """
        density = (np.abs(places) < self.reach / 2).sum() / self.reach
        turn = 2 * np.pi * np.outer(frequency, self.distance)
        slope = np.gradient(self.fade, self.distance)
        each = 2 * np.pi * frequency[:, None] * self.fade * np.sin(turn) - slope * np.cos(turn)
        return np.asarray(np.sqrt((each**2).sum(1) * STEP / density))


def _kept(more: Floats, error: Floats, width: float) -> Floats:
    """Return the share of what exceeds a model that is not noise, at every frequency.

    Parameters
    ----------
    more, error : ndarray
        What was measured beyond the model, and its standard error.
    width : float
        Cycles per pixel over which their powers are averaged.
    """
    count = max(3, round(width * (more.size - 1) / HIGHEST) | 1)

    def mean(power: Floats) -> Floats:
        padded = np.pad(power, count // 2, mode="reflect")
        return np.convolve(padded, np.full(count, 1 / count), "valid")

    excess = mean(more**2)
    return np.clip(1 - NOISY * mean(error**2) / np.maximum(excess, 1e-300), 0, 1)


def _slant(angle: float) -> float:
    """Return the angle between an edge's normal and the nearest of rows and columns."""
    return float(abs((angle + 45) % 90 - 45))
