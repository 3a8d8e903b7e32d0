"""A PSF from what a picture shows: edges, disks, points, wires in boxes that a user drew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_deconv.psf.edge import fit_edge
from napari_deconv.psf.figures import Figure, mtf_of_curve, mtf_of_model
from napari_deconv.psf.isotropic import elliptic_psf, isotropic_psf
from napari_deconv.psf.line_spread import MODELS
from napari_deconv.psf.measured import MeasuredPsf
from napari_deconv.psf.model_choice import best_fit
from napari_deconv.psf.point import fit_points
from napari_deconv.psf.round_edge import fit_round_edge
from napari_deconv.psf.spread_curves import SpreadCurves
from napari_deconv.psf.wire import fit_wire

if TYPE_CHECKING:
    from napari_deconv.psf.edge_fit import EdgeFit
    from napari_deconv.psf.sampling import Psf

Floats = npt.NDArray[np.float64]

CURVE = "curve"
"""Model that is none: the measured curve itself, turned around its centre."""
ELLIPSE = "ellipse"
"""Model of several edges: a Gaussian whose width differs with direction."""
STRUCTURE = 0.5
"""Correlation of the averaged residuals from which a model does not fit."""
FITS: dict[str, Callable[..., EdgeFit]] = {
    "edge": fit_edge,
    "disk": fit_round_edge,
    "wire": fit_wire,
}
KINDS = (*FITS, "point")
"""What can be in a box."""


@dataclass(frozen=True)
class MeasuredBlur:
    """A PSF with what was measured of it.

    Attributes
    ----------
    psf : Psf
        A shape, or an array as a choice, in pixels.
    figures : tuple of Figure
        Widths and other parameters in pixels, MTF50 and MTF10 in cycles per pixel.
    fits : tuple of EdgeFit
        One for each box; empty for points.
    curves : SpreadCurves or None
        Of the first box, where its edge can be measured without a model.
    notes : tuple of str
        What has to be known of it, a sentence each.
    """

    psf: Psf
    figures: tuple[Figure, ...]
    fits: tuple[EdgeFit, ...] = ()
    curves: SpreadCurves | None = None
    notes: tuple[str, ...] = ()

    def summary(self) -> str:
        """Return one quiet line of all figures; intervals are of 95 %."""
        return " · ".join(map(str, self.figures))


def models(kind: str) -> tuple[str, ...]:
    """Return the names of the models that fit what is in the boxes."""
    if kind == "point":
        return (CURVE,)
    return (*MODELS, CURVE, ELLIPSE) if kind == "edge" else tuple(MODELS)


def measure(
    image: npt.ArrayLike,
    boxes: Sequence[npt.ArrayLike],
    kind: str = "edge",
    model: str | None = None,
    *,
    sloping: bool = False,
    width: float = 0.0,
) -> MeasuredBlur:
    """Measure the PSF of a picture.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values proportional to dose (counts or transmission), or a CT slice.
    boxes : sequence of array_like, shape (4, 2)
        Corners of a rectangle, (row, column) in pixels, around each edge, disk, wire or point.
    kind : {"edge", "disk", "wire", "point"}
        What is in the boxes.
    model : str, optional
        One of `models`; the first if not given.
    sloping : bool
        Whether grey values beside an edge or wire may rise or fall.
    width : float
        Width of the wire in pixels.

    Returns
    -------
    MeasuredBlur
        Of several edges of one direction, disks or wires: their mean, weighted by their errors.

    Raises
    ------
    ValueError
        In one sentence that says what to draw or choose instead.
    """
    if kind not in KINDS:
        raise ValueError(f"A PSF is not measured from {kind!r}; choose one of: {', '.join(KINDS)}.")
    model = models(kind)[0] if model is None else model
    if model not in models(kind):
        known = ", ".join(models(kind))
        raise ValueError(f"{model!r} is no model of a {kind}; choose one of: {known}.")
    if not len(boxes):
        raise ValueError(f"There is no box; draw one around the {kind}.")
    if kind == "point":
        return _from_points(image, boxes)
    take = FITS[kind]
    more = {"width": width} if kind == "wire" else {}
    if model == CURVE:
        if len(boxes) > 1:
            raise ValueError("A PSF without a model is measured from one box; remove the others.")
        fitted = partial(take, image, boxes[0], sloping=sloping, **more)
        return _as_curve(best_fit(fitted, sloping))
    name = "gaussian" if model == ELLIPSE else model
    fits = tuple(take(image, box, name, sloping=sloping, **more) for box in boxes)
    return _as_ellipse(fits) if model == ELLIPSE else _as_model(fits, kind)


def _from_points(image: npt.ArrayLike, boxes: Sequence[npt.ArrayLike]) -> MeasuredBlur:
    points = fit_points(image, boxes)
    names = ("FWHM rows", "FWHM columns")
    figures = tuple(
        Figure(name, width, error, "px")
        for name, width, error in zip(names, points.widths, points.errors, strict=True)
    )
    count = len(points.centres)
    said = f"The PSF is the mean of {count} points" if count > 1 else "The PSF is one point's"
    return MeasuredBlur(
        MeasuredPsf.of(points.array),
        figures,
        notes=(f"{said}, with the pixel's aperture and the size of the point in it.",),
    )


def _as_model(fits: tuple[EdgeFit, ...], kind: str) -> MeasuredBlur:
    """Return the mean of the fits' parameters, weighted by their errors."""
    first = fits[0]
    weights = np.array([[max(error, 1e-6) ** -2 for error in fit.errors] for fit in fits])
    values = np.array([fit.values for fit in fits])
    known = weights.sum(0) > 0  # an error may be infinite: the parameter came to nothing
    weights[:, ~known] = 1.0
    mean = (weights * values).sum(0) / weights.sum(0)
    errors = np.where(known, weights.sum(0) ** -0.5, np.inf)
    notes = (*_structure(fits), *_nothing(fits))
    if len(fits) > 1:
        scatter = values.std(0, ddof=1) / np.sqrt(len(fits))
        if (scatter > 2 * errors).any():
            notes += (
                "The boxes differ by more than their errors: the blur changes with place or "
                "direction; the error is that of the boxes' scatter.",
            )
        errors = np.maximum(errors, scatter)
    units = {"tail": ""}
    figures = tuple(
        Figure(name, float(value), float(error), units.get(name, "px"))
        for name, value, error in zip(first.model.parameters, mean, errors, strict=True)
    )
    psf = first.model.psf(*(float(value) for value in mean))
    modulation = mtf_of_model(first, mean, errors)
    return MeasuredBlur(psf, (*figures, *modulation), fits, _curves(first, kind), notes)


def _as_curve(fit: EdgeFit) -> MeasuredBlur:
    curves = SpreadCurves.of(fit)
    psf = MeasuredPsf.of(isotropic_psf(curves, fit))
    note = "The PSF is the measured curve turned around its centre: it is taken for round."
    return MeasuredBlur(psf, mtf_of_curve(curves), (fit,), curves, (note,))


def _as_ellipse(fits: tuple[EdgeFit, ...]) -> MeasuredBlur:
    found = elliptic_psf(fits)
    figures = (
        Figure("sigma long", found.psf.sigma_long, found.errors[0], "px"),
        Figure("sigma short", found.psf.sigma_short, found.errors[1], "px"),
        Figure("angle", found.psf.angle, float("nan"), "°"),
    )
    notes = _structure(fits)
    if len(fits) == 2:
        notes += (
            "Two edges tell an ellipse only if its axes run across them; a third one, between "
            "their directions, tells any.",
        )
    return MeasuredBlur(found.psf, figures, fits, _curves(fits[0], "edge"), notes)


def _curves(fit: EdgeFit, kind: str) -> SpreadCurves | None:
    """Return the curves of an edge; None where every row samples it alike, or of a wire."""
    if kind == "wire":
        return None
    try:
        return SpreadCurves.of(fit)
    except ValueError:
        return None


def _structure(fits: tuple[EdgeFit, ...]) -> tuple[str, ...]:
    """Say so if a model leaves more than noise."""
    worst = max(fits, key=lambda fit: fit.structure)
    if worst.structure < STRUCTURE:
        return ()
    return (
        f"The {worst.model.name} model leaves structure in the residuals "
        f"({worst.structure:.2f}): its errors are too small; try another model, or sloping levels.",
    )


def _nothing(fits: tuple[EdgeFit, ...]) -> tuple[str, ...]:
    """Say so if a parameter came to nothing, or none can be told from the others."""
    gone: set[str] = set()
    for fit in fits:
        names = fit.model.parameters
        if np.isinf(fit.errors).all():
            told = " and ".join(names)
            return (f"The {told} can't be told apart by this edge; choose a simpler model.",)
        gone |= {name for name, error in zip(names, fit.errors, strict=True) if np.isinf(error)}
    return tuple(
        f"The {name} came to nothing: the edge does not need it; choose a simpler model."
        for name in sorted(gone)
    )
