"""Measured numbers with their errors: widths, shares, and where an MTF falls to 50 % and 10 %."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from napari_deconv.psf.line_spread import aperture
from napari_deconv.psf.spread_curves import crossing

if TYPE_CHECKING:
    from napari_deconv.psf.edge_fit import EdgeFit
    from napari_deconv.psf.spread_curves import SpreadCurves

Floats = npt.NDArray[np.float64]

FINE = np.linspace(0, 1, 401)
"""Frequencies at which MTF50 and MTF10 are looked for, in cycles per pixel."""
DECIMALS = 5
"""Decimals beyond which a number is written with its power of ten."""
LEVELS = (50, 10)
"""Modulations in % that are looked for."""


class Figure(NamedTuple):
    """A measured number: name, value, standard error (NaN if not known), unit."""

    name: str
    value: float
    error: float
    unit: str

    def plain(self) -> dict[str, str | float | None]:
        """Return it as plain data for JSON, which knows no NaN."""
        value, error = (x if np.isfinite(x) else None for x in (self.value, self.error))
        return {"name": self.name, "value": value, "error": error, "unit": self.unit}

    def __str__(self) -> str:
        """Return it with its 95 % interval."""
        unit = f" {self.unit}" if self.unit else ""
        if not np.isfinite(self.error):
            return f"{self.name} {self.value:.3g}{unit}"
        bar = float(f"{max(1.96 * self.error, 1e-6):.1g}")  # one digit of it, two if it is a 1
        digits = -int(np.floor(np.log10(bar))) + (1 if f"{bar:e}"[0] == "1" else 0)
        if digits > DECIMALS:
            return f"{self.name} {self.value:.3g} ± {1.96 * self.error:.1g}{unit}"
        value, bar = round(self.value, digits), round(1.96 * self.error, digits)
        digits = max(0, digits)
        return f"{self.name} {value:.{digits}f} ± {bar:.{digits}f}{unit}"


def mtf_of_model(fit: EdgeFit, values: Floats, errors: Floats) -> tuple[Figure, ...]:
    """Return MTF50 and MTF10 of a model, the pixel's aperture included.

    Parameters
    ----------
    fit : EdgeFit
        Whose model, direction and correlations are taken.
    values, errors : ndarray
        Parameters of the model and their standard errors; of infinite ones nothing is said.
    """
    told = np.isfinite(errors)
    spread = np.where(told, errors, 0.0)
    covariance = fit.correlation * spread[:, None] * spread

    def places(parameters: Floats) -> Floats:
        return _places(lambda f: fit.model.transfer(f, *parameters) * aperture(f, fit.normals))

    at = places(values)
    if not told.any():
        return _figures(at, np.full(len(LEVELS), np.nan))
    slopes = []
    for index in range(values.size):
        step = np.zeros(values.size)
        step[index] = 1e-3 * max(values[index], 0.01)
        slopes.append((places(values + step) - at) / step[index])
    gradient = np.stack(slopes, 1)
    return _figures(at, np.sqrt(np.einsum("ki,ij,kj->k", gradient, covariance, gradient)))


def mtf_of_curve(curves: SpreadCurves) -> tuple[Figure, ...]:
    """Return MTF50 and MTF10 as measured, with the errors of a curve that knows no model."""
    at = _places(lambda f: np.interp(f, curves.frequency, curves.modulation))
    slope = np.abs(np.gradient(curves.modulation, curves.frequency))
    errors = [
        np.interp(x, curves.frequency, curves.error) / np.interp(x, curves.frequency, slope)
        for x in at
    ]
    return _figures(at, errors)


def _places(modulation: Callable[[Floats], Floats]) -> Floats:
    values = modulation(FINE)
    return np.array([crossing(FINE, values, level / 100) for level in LEVELS])


def _figures(at: Floats, errors: Sequence[float] | Floats) -> tuple[Figure, ...]:
    return tuple(
        Figure(f"MTF{level}", float(value), float(error), "cycles/px")
        for level, value, error in zip(LEVELS, at, errors, strict=True)
    )
