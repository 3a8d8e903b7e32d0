"""Edge spread, line spread and MTF as measured, without a model.

The edge spread is the least-squares cubic spline through all pixels, its derivative the line
spread, whose Fourier transform is the MTF: what ISO 12233 does by bins, without their smoothing.
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
        not raise it, negative where contrast is inverted.
    """

    distance: Floats
    edge: Floats
    line: Floats
    frequency: Floats
    modulation: Floats

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
        knot = max(KNOT, _half_width(fit) / KNOTS)
        inner = np.arange(-reach + 2 * knot, reach - 2 * knot, knot)
        knots = np.concatenate([[t[0]] * 4, inner, [t[-1]] * 4])
        spline = make_lsq_spline(t, share, knots, k=3)
        count = int(reach / STEP)
        distance = np.arange(-count, count + 1) * STEP
        distance = distance[(distance >= t[0]) & (distance <= t[-1])]
        line = spline.derivative()(distance)
        frequency = np.linspace(0, HIGHEST, 201)
        modelled = np.gradient(np.interp(distance, fit.distance, fit.fitted), distance)
        near = min(REACH * _half_width(fit), reach)
        rest = _transform(distance, line - modelled, near, frequency)
        modulation = fit.modulation(frequency) + rest
        return cls(distance, spline(distance), line, frequency, modulation)

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


def _transform(distance: Floats, rest: Floats, reach: float, frequency: Floats) -> Floats:
    """Return the real Fourier transform of what a line spread has beyond its model's."""
    x = np.clip((np.abs(distance) / reach - 1 + TAPER) / TAPER, 0, 1)
    faded = rest * (0.5 + 0.5 * np.cos(np.pi * x))
    return np.asarray(np.cos(2 * np.pi * np.outer(frequency, distance)) @ faded * STEP)


def _slant(angle: float) -> float:
    """Return the angle between an edge's normal and the nearest of rows and columns."""
    return float(abs((angle + 45) % 90 - 45))
