"""Fit a model's edge spread to pixels around an edge: place, blur, and their standard errors.

``a + c E(t)`` of the distance t from the edge (with sloping plateaus, ``a + c E(t) + b t (1 - E(t))
+ d t E(t)``) is fitted to all pixels at once; E is the model's edge spread with the pixel's
aperture, so that what is found is the blur without the pixel. Levels and slopes are linear and
projected out (variable projection; G. H. Golub, V. Pereyra, SIAM J. Numer. Anal. 10, 1973).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_deconv.psf.edge_geometry import Geometry
from napari_deconv.psf.line_spread import SpreadModel, aperture

if TYPE_CHECKING:
    from napari_deconv.psf.sampling import Psf

Floats = npt.NDArray[np.float64]
RESAMPLES = 400
"""Bootstrap samples of the rows."""
CONFIDENCE = 1.96
"""Standard errors on either side of an estimate that hold the truth in 95 % of cases."""
OUTLIER = 5.0
"""Residuals beyond this many sigma are spots, not noise."""
NOTHING = 2e-3
"""A parameter at its lower end, of which only that is known."""
UNKNOWN = 10.0
"""Errors this many times a parameter leave it unknown, the more so near its lower end."""
LEAST = 1e-4
"""Share of a parameter below which no error is stated: what sampling a model leaves."""
ALIKE = 31
"""Pixels at about one distance from the edge whose median no spot moves."""
FEW = 30
"""Pixels from which the noise of a side can be told."""
ROUNDS = 3
"""Fits, each with the noise and the spots that the last one left."""
CURVED = 0.25
"""Sigmas of the blur by which parts of an edge may lie off a straight line (rms): 3 % of width."""
PARTS = 8
"""Parts of an edge whose places are compared with the straight line."""
SHORTEST = 3.0
"""Sigmas on either side of the edge that a box must hold to tell its levels."""


@dataclass(frozen=True)
class EdgeFit:
    """Blur as an edge shows it.

    Attributes
    ----------
    model : SpreadModel
    values, errors : tuple of float
        Parameters of the model in pixels (a share for ``tail``), and their standard errors by
        bootstrap over the rows.
    correlation : ndarray
        Of the errors of the model's parameters with each other.
    place : tuple of float
        The geometry's place parameters, as found.
    normals : tuple of float
        Directions across the edge in radians, from the columns' axis towards higher rows.
    levels : tuple of float
        Grey values on the low and the high side, at the edge.
    noise : float
        Standard deviation of the residuals.
    structure : float
        Lag-1 correlation of the residuals averaged along the edge, 0 if the model fits.
    rows : int
        How many rows across the edge were taken.
    distance, share, fitted : ndarray
        Distance from the edge, measured and fitted edge spread of each pixel taken, 0 on the low
        and 1 on the high side, sorted by distance.
    """

    model: SpreadModel
    values: tuple[float, ...]
    errors: tuple[float, ...]
    correlation: Floats
    place: tuple[float, ...]
    normals: tuple[float, ...]
    levels: tuple[float, float]
    noise: float
    structure: float
    rows: int
    distance: Floats
    share: Floats
    fitted: Floats

    @property
    def psf(self) -> Psf:
        """The PSF that the model stands for."""
        psf: Psf = self.model.psf(*self.values)
        return psf

    def modulation(self, frequency: Floats) -> Floats:
        """Return the model's MTF across the edge, the pixel's aperture included.

        Parameters
        ----------
        frequency : ndarray
            In cycles per pixel.
        """
        return self.model.transfer(frequency, *self.values) * aperture(frequency, self.normals)

    def interval(self, index: int = 0) -> tuple[float, float]:
        """Return the 95 % confidence interval of a parameter."""
        value, error = self.values[index], self.errors[index]
        return value - CONFIDENCE * error, value + CONFIDENCE * error

    @property
    def angle(self) -> float:
        """Angle of a straight edge's normal in degrees, -90 to 90; NaN of a round edge."""
        if len(self.normals) > 1:
            return float("nan")
        return float((np.rad2deg(self.normals[0]) + 90) % 180 - 90)


def fit(geometry: Geometry, model: SpreadModel, sloping: bool = False) -> EdgeFit:
    """Fit a model to the edge of a geometry.

    Raises
    ------
    ValueError
        In one sentence, if the edge lies too near the end of the pixels, or is not as straight
        (or round) as it should be.
    """
    work = _Fit(geometry, model, sloping)
    for _ in range(ROUNDS):
        work.solve()
        work.reweigh()
    work.check()
    return work.result()


class _Fit:
    """The fit under way: nonlinear parameters are the place's, then the model's."""

    def __init__(self, geometry: Geometry, model: SpreadModel, sloping: bool) -> None:
        self._geometry, self._model, self._sloping = geometry, model, sloping
        self._spread = geometry.spread(model)
        self._places = geometry.start.size
        self._p = np.array([*geometry.start, *model.start(geometry.sigma)])
        self._weights = np.ones(geometry.grey.size)

    def solve(self) -> None:
        """Minimise the weighted squared residuals."""
        from scipy.optimize import least_squares

        place, slack = self._p[: self._places], self._geometry.slack
        lower = [*(place - slack), *[NOTHING / 2] * len(self._model.upper)]
        upper = [*(place + slack), *self._model.upper]
        inside = np.clip(self._p, np.add(lower, 1e-6), np.subtract(upper, 1e-6))
        found = least_squares(
            self._residual,
            inside,
            bounds=(lower, upper),
            x_scale=[*slack / 10, *inside[self._places :]],
        )
        self._p = found.x

    def reweigh(self) -> None:
        """Weigh pixels by the noise of their side, and leave out spots."""
        design, coefficients = self._linear(self._p)
        residual = self._geometry.grey - design @ coefficients
        rise = design[:, 1]
        floor = 1e-4 * max(abs(float(coefficients[1])), 1e-30)
        sides = [residual[side] for side in (rise < 0.3, rise > 0.7)]
        sides = [side if side.size >= FEW else residual for side in sides]
        low, high = (max(float(np.median(np.abs(r))) / 0.6745, floor) ** 2 for r in sides)
        variance = low + (high - low) * np.clip(rise, 0, 1)
        off = residual - _misfit(self._geometry.distance(self._place), residual)
        keep = off**2 < OUTLIER**2 * variance
        self._weights = np.where(keep, 1 / np.sqrt(variance), 0.0)

    def check(self) -> None:
        """Refuse an edge too near the box's ends, or one that is not where it should be."""
        width = self._width()
        if self._geometry.room(self._place) < SHORTEST * width:
            raise ValueError(
                f"The blur of about {width:.1f} px sigma needs {SHORTEST * width:.0f} px of even "
                "grey on both sides of the edge: draw a wider box, with the edge in its middle."
            )
        spread, error = self._waviness()
        if spread > max(CURVED * max(width, 0.5), 3 * error):
            raise ValueError(
                f"The edge is not {self._geometry.form}: its parts lie {spread:.1f} px off; draw "
                "a box around what is, or choose the other kind of edge."
            )

    def _waviness(self) -> tuple[float, float]:
        """Return how far parts of the edge lie off its fit (rms), and the error of a part.

        A part's place is one Gauss-Newton step from the whole's, spots included: those of a bend
        are what is looked for.
        """
        design, coefficients = self._linear(self._p)
        near = self._p.copy()
        near[self._geometry.shift] += 1e-3
        slope = (self._design(near) - design) @ coefficients / 1e-3
        residual = self._geometry.grey - design @ coefficients
        rows = self._geometry.rows(self._place)
        part = np.floor((rows - rows.min()) / (np.ptp(rows) + 1) * PARTS).astype(int)
        power = np.bincount(part, slope**2, PARTS)
        told = power > 0.25 * np.median(power)
        places = np.bincount(part, slope * residual, PARTS)[told] / power[told]
        error = residual.std() / np.sqrt(np.median(power))
        return float(np.sqrt(np.mean(places**2))), float(error)

    def result(self) -> EdgeFit:
        """Return the fit with its errors."""
        design, coefficients = self._linear(self._p)
        distance = self._geometry.distance(self._place)
        kept = self._weights > 0
        order = np.argsort(distance[kept], kind="stable")
        residual = (self._geometry.grey - design @ coefficients)[kept]
        rise = design[kept, 1]
        low, high = coefficients[0], coefficients[0] + coefficients[1]
        steps = self._resampled()[:, self._places :]
        rows = self._geometry.rows(self._place)[kept]
        return EdgeFit(
            model=self._model,
            values=tuple(float(v) for v in self._p[self._places :]),
            errors=self._stated_errors(steps.std(0, ddof=1)),
            correlation=_correlation(steps),
            place=tuple(float(v) for v in self._place),
            normals=self._geometry.normals(self._place),
            levels=(float(min(low, high)), float(max(low, high))),
            noise=float(residual.std()),
            structure=structure(distance[kept], residual),
            rows=int(np.unique(rows).size),
            distance=distance[kept][order],
            share=(rise + residual / coefficients[1])[order],
            fitted=rise[order],
        )

    @property
    def _place(self) -> Floats:
        return self._p[: self._places]

    def _design(self, p: Floats) -> Floats:
        place, values = p[: self._places], p[self._places :]
        t = self._geometry.distance(place)
        rise = self._spread(t, self._geometry.normals(place), *values)
        columns = [np.ones_like(t), rise]
        if self._sloping:
            columns += [t * (1 - rise) / self._geometry.reach, t * rise / self._geometry.reach]
        return np.stack(columns, axis=1)

    def _linear(self, p: Floats) -> tuple[Floats, Floats]:
        design = self._design(p)
        w = self._weights[:, None]
        found, *_ = np.linalg.lstsq(design * w, self._geometry.grey * self._weights, rcond=None)
        return design, np.asarray(found, float)

    def _residual(self, p: Floats) -> Floats:
        design, coefficients = self._linear(p)
        return (design @ coefficients - self._geometry.grey) * self._weights

    def _stated_errors(self, errors: Floats) -> tuple[float, ...]:
        """Return the errors of the model's parameters; infinite where one came to nothing."""
        values = self._p[self._places :]
        errors = np.hypot(errors, LEAST * values)
        return tuple(
            float(error) if value > NOTHING and error < UNKNOWN * value else float("inf")
            for value, error in zip(values, errors, strict=True)
        )

    def _resampled(self) -> Floats:
        """Return how parameters change as rows are drawn again: a Gauss-Newton step each time.

        The step from the optimum is exact to first order in the errors, and takes one matrix for
        each row, so that hundreds of resamples cost no more than one fit.
        """
        residual = self._residual(self._p)
        jacobian = self._jacobian(residual)
        rows = self._geometry.rows(self._place)
        _, rows = np.unique(rows, return_inverse=True)
        count, size = int(rows.max()) + 1, jacobian.shape[1]
        products = jacobian[:, :, None] * jacobian[:, None, :]
        matrices = np.zeros((count, size, size))
        vectors = np.zeros((count, size))
        np.add.at(matrices, rows, products)
        np.add.at(vectors, rows, jacobian * residual[:, None])
        rng = np.random.default_rng(0)
        times = rng.multinomial(count, np.full(count, 1 / count), RESAMPLES)
        left = np.tensordot(times, matrices, 1) + 1e-9 * matrices.sum(0)
        right = times @ vectors
        steps = np.linalg.solve(left, -right[..., None])[..., 0]
        return np.asarray(steps[:, : len(self._p)])

    def _jacobian(self, residual: Floats) -> Floats:
        """Return derivatives of the weighted residuals: nonlinear parameters, then linear."""
        design, coefficients = self._linear(self._p)
        columns = []
        for index, value in enumerate(self._p):
            step = 1e-4 * max(abs(value), 0.1)
            near = self._p.copy()
            near[index] += step
            moved = (self._design(near) @ coefficients - self._geometry.grey) * self._weights
            columns.append((moved - residual) / step)
        return np.concatenate([np.stack(columns, 1), design * self._weights[:, None]], axis=1)

    def _width(self) -> float:
        """Return the sigma of a Gaussian whose MTF is 0.5 at the same frequency as the model's."""
        frequency = np.linspace(0, 2, 4001)
        modulation = self._model.transfer(frequency, *self._p[self._places :])
        half = frequency[np.argmax(modulation < 0.5)] or 2.0
        return float(np.sqrt(np.log(2) / 2) / np.pi / half)


def _misfit(distance: Floats, residual: Floats) -> Floats:
    """Return what pixels as far from the edge leave in the median: a model's misfit is no spot."""
    from scipy.ndimage import median_filter

    order = np.argsort(distance, kind="stable")
    misfit = np.empty_like(residual)
    misfit[order] = median_filter(residual[order], ALIKE, mode="nearest")
    return misfit


def _correlation(samples: Floats) -> Floats:
    """Return the correlations of a sample's columns, 0 where one does not vary."""
    covariance = np.atleast_2d(np.cov(samples.T))
    spread = np.sqrt(np.diag(covariance))
    safe = np.where(spread > 0, spread, 1.0)
    return np.asarray(covariance / safe[:, None] / safe)


def structure(distance: Floats, residual: Floats) -> float:
    """Return the lag-1 correlation of residuals averaged in bins of a quarter pixel."""
    bins = np.floor(distance * 4).astype(int)
    bins -= bins.min()
    count = np.bincount(bins)
    mean = np.bincount(bins, residual) / np.maximum(count, 1)
    mean = mean[count >= 4]
    if mean.size < 8 or not mean.any():
        return 0.0
    return float((mean[1:] * mean[:-1]).sum() / (mean**2).sum())
