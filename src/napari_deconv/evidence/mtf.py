"""The modulation transfer function, from a slanted edge or the round edge of a disk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from napari_deconv.evidence.reading import Axis, Curve, Graph, Mark, Reading
from napari_deconv.psf.edge import fit_edge
from napari_deconv.psf.figures import FINE, Figure
from napari_deconv.psf.round_edge import fit_round_edge
from napari_deconv.psf.spread_curves import SpreadCurves, crossing

if TYPE_CHECKING:
    from napari_deconv.psf.edge_fit import EdgeFit

Floats = npt.NDArray[np.float64]

LEVELS = (0.5, 0.2, 0.1)
"""Modulations that are marked; 0.2 is the limit of a duplex wire gauge."""
NYQUIST = 0.5
AROUND = 2
"""Pixels around a box that are kept with it."""


@dataclass(frozen=True)
class Mtf:
    """A modulation transfer function, the pixel's aperture included (presampled).

    Attributes
    ----------
    frequency, modulation : ndarray, shape (K,)
        Cycles per pixel, from 0 to 1.
    error : ndarray, shape (K,)
        Standard error; NaN where it is not known.
    limits : tuple of (float, float)
        Frequency at which the modulation first falls to each of `LEVELS`, and its standard error.
    measured : bool
        Whether the curve is the edge's own, not only that of the fitted model.
    angle : float
        Of the normal of a straight edge in degrees; NaN of a round edge.
    """

    frequency: Floats
    modulation: Floats
    error: Floats
    limits: tuple[tuple[float, float], ...]
    measured: bool
    angle: float

    @classmethod
    def of(cls, fit: EdgeFit) -> Self:
        """Return the MTF of an edge that was fitted."""
        modelled, doubt = _model(fit)
        try:
            curves = SpreadCurves.of(fit)
        except ValueError:
            return cls._with(modelled, doubt, False, fit.angle)
        whole, raw, noise = (
            np.interp(FINE, curves.frequency, values)
            for values in (curves.modulation, curves.raw, curves.error)
        )
        beyond = raw - modelled
        share = np.divide(whole - modelled, beyond, out=np.zeros_like(beyond), where=beyond != 0)
        return cls._with(whole, np.hypot(doubt, np.clip(share, 0, 1) * noise), True, fit.angle)

    @classmethod
    def _with(cls, modulation: Floats, error: Floats, measured: bool, angle: float) -> Self:
        """Return a curve on `FINE` with its limits and their errors, to first order."""
        at = np.array([crossing(FINE, modulation, level) for level in LEVELS])
        slope = np.abs(np.gradient(modulation, FINE))
        errors = np.interp(at, FINE, error) / np.interp(at, FINE, slope)
        limits = tuple((float(f), float(e)) for f, e in zip(at, errors, strict=True))
        return cls(FINE, modulation, error, limits, measured, angle)

    def reading(self, title: str) -> Reading:
        """Return MTF50, MTF20, MTF10, and the curve up to the Nyquist frequency."""
        unit = "cycles/px"
        shown = self.frequency <= NYQUIST
        error = None if np.isnan(self.error[shown]).all() else self.error[shown]
        marks = tuple(
            Mark(value, level, f"MTF{100 * level:.0f}")
            for (value, _), level in zip(self.limits, LEVELS, strict=True)
            if np.isfinite(value) and value <= NYQUIST
        )
        return Reading(
            tuple(
                Figure(f"MTF{100 * level:.0f}", value, error_of, unit)
                for (value, error_of), level in zip(self.limits, LEVELS, strict=True)
            ),
            Graph(
                title,
                Axis("frequency", unit),
                Axis("MTF"),
                (Curve("MTF", self.frequency[shown], self.modulation[shown], error),),
                marks,
            ),
            self._notes(),
        )

    def _notes(self) -> tuple[str, ...]:
        if self.limits[0][0] > NYQUIST:
            return (
                "This edge is sharper than the pixels can show: MTF50 lies beyond the Nyquist "
                "frequency, as it does where a method has made the edge a step.",
            )
        if self.measured:
            return ()
        return (
            "Every row samples this edge at the same places, so that only the model's MTF is "
            "known; turn the part by 2° to 10° for a measured one.",
        )


def edge_mtf(image: npt.ArrayLike, corners: npt.ArrayLike) -> Mtf:
    """Measure the MTF across a slanted edge.

    The edge's place is fitted, all pixels together give an oversampled edge spread by their
    distance from it, its derivative is the line spread, and the line spread's Fourier transform
    the MTF (manner of ISO 12233 and IEC 62220-1). In place of bins there is a least-squares
    spline, and a Gaussian edge is taken off before the derivative and added afterwards, so that
    noise far from the edge does not count. Errors are those of the fitted model, and of the noise
    where the curve leaves it. For a Gaussian blur of a sigma of 0.7 to 3 px and noise of 1 % of
    the step or less, the MTF is within 0.02 of ``exp(-2 pi^2 sigma^2 f^2) sinc`` to Nyquist, and
    MTF50 within 2 %.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values proportional to dose: counts or transmission.
    corners : array_like, shape (4, 2)
        Of a rectangle across one straight edge, as (row, column) in pixels.

    Raises
    ------
    ValueError
        In one sentence that says what to draw instead.

    References
    ----------
    ISO 12233:2017; IEC 62220-1-1:2015; E. Samei, M. J. Flynn, D. A. Reimann, Med.
    Phys. 25, 1998.
    """
    return Mtf.of(fit_edge(*_part_of(image, corners)))


def disk_mtf(image: npt.ArrayLike, corners: npt.ArrayLike) -> Mtf:
    """Measure the MTF across the round edge of a disk, averaged over all directions.

    As `edge_mtf`, with each pixel's distance from a fitted circle (manner of ASTM E1695, which
    takes it from the centre of mass). The tolerance is that of `edge_mtf`, for radii of 15 px or
    more and a sigma of 0.7 to 2 px.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values proportional to dose, or a CT slice.
    corners : array_like, shape (4, 2)
        Of a rectangle around the disk and some even grey outside, as (row, column) in pixels.

    Raises
    ------
    ValueError
        In one sentence that says what to draw instead.

    References
    ----------
    ASTM E1695, section on spatial resolution.
    """
    return Mtf.of(fit_round_edge(*_part_of(image, corners)))


def _part_of(image: npt.ArrayLike, corners: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return the part of a picture that holds a box, and the box within it.

    A large picture is not turned into numbers of 64 bits for a small box. What of the box lies
    outside the picture lies outside the part.
    """
    picture, box = np.asarray(image), np.asarray(corners, float)
    if picture.ndim != 2 or box.shape != (4, 2) or not np.isfinite(box).all():
        return np.asarray(picture, float), box
    low = np.clip(np.floor(box.min(0)).astype(int) - AROUND, 0, picture.shape)
    high = np.clip(np.ceil(box.max(0)).astype(int) + AROUND, 0, picture.shape)
    part = picture[low[0] : high[0], low[1] : high[1]]
    return (np.asarray(part, float), box - low) if part.size else (np.asarray(picture, float), box)


def _model(fit: EdgeFit) -> tuple[Floats, Floats]:
    """Return the MTF of the fitted model at the frequencies `FINE`, and its standard error."""
    values = np.asarray(fit.values, float)
    told = np.where(np.isfinite(fit.errors), fit.errors, 0.0)
    here, slopes = fit.modulation(FINE), []
    for index in range(values.size):
        step = 1e-3 * max(values[index], 0.01)
        moved = replace(fit, values=tuple(values + step * np.eye(values.size)[index]))
        slopes.append((moved.modulation(FINE) - here) / step)
    gradient = np.stack(slopes, 1)
    covariance = fit.correlation * told[:, None] * told
    return here, np.sqrt(np.einsum("ki,ij,kj->k", gradient, covariance, gradient))
