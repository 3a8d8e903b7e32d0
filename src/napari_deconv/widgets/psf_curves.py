"""Curves of a measured or made PSF as they are plotted, worked out away from the screen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_deconv.psf.measure import CURVE
from napari_deconv.psf.spread_curves import SpreadCurves, crossing
from napari_deconv.widgets.psf_words import Scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_deconv.psf.edge_fit import EdgeFit
    from napari_deconv.psf.measure import MeasuredBlur

    Floats = NDArray[np.float64]

Style = Literal["measured", "model", "other"]

DOTS = 1500
"""Points of an edge spread that are drawn: more make a blot and take time."""
BIN = 0.5
"""Pixels over which points are averaged to a mean with its error."""
NYQUIST = 0.5
LEVELS = (0.5, 0.1)
"""Modulations that are marked."""
FARTHEST = 0.002
"""Share of the edge spread beyond which nothing is drawn."""
WIDER = 1.6
ROUND_TO = 5.0
"""Pixels to which a plot's reach is rounded, so that it stands still during a drag."""


@dataclass(frozen=True)
class Trace:
    """A curve: places, values, and what it stands for."""

    x: Floats
    y: Floats
    style: Style
    name: str


@dataclass(frozen=True)
class Points:
    """Means with the half length of their 95 % bars."""

    x: Floats
    y: Floats
    bar: Floats


@dataclass(frozen=True)
class Drawing:
    """All that is plotted, in pixels and cycles per pixel times the scale.

    Attributes
    ----------
    across, whole : str
        What the first plot shows, empty if there is none; and what its residual is a share of.
    dots : tuple of ndarray
        Distance and value of single pixels.
    spread, lines, modulations : list of Trace
    means, residual : Points or None
    marks : list of (frequency, level)
    reach, highest : float
        Ends of the axes.
    """

    scale: Scale = field(default_factory=Scale)
    across: str = ""
    whole: str = "step"
    dots: tuple[Floats, Floats] | None = None
    spread: list[Trace] = field(default_factory=list)
    means: Points | None = None
    residual: Points | None = None
    lines: list[Trace] = field(default_factory=list)
    modulations: list[Trace] = field(default_factory=list)
    marks: list[tuple[float, float]] = field(default_factory=list)
    reach: float = 10.0
    highest: float = NYQUIST


def of_fit(blur: MeasuredBlur, number: int, kind: str, model: str, scale: Scale) -> Drawing:
    """Return the curves of one box of a measurement."""
    fit = blur.fits[min(number, len(blur.fits) - 1)]
    wire = kind == "wire"
    curves = None if wire else _curves(blur, fit)
    reach = _reach(fit, wire)
    inside = np.abs(fit.distance) <= reach
    t, share, fitted = (x[inside] for x in (fit.distance, fit.share, fit.fitted))
    peak = float(fitted.max()) if wire else 1.0
    share, fitted = share / peak, fitted / peak
    few = np.random.default_rng(0).permutation(t.size)[:DOTS]
    means = binned(t, share)
    residual = binned(t, 100 * (share - fitted))
    frequency = np.linspace(0, NYQUIST, 201)
    modelled = Trace(frequency / scale.factor, fit.modulation(frequency), "model", "fit")
    lines = [_model_line(fit, reach, scale)]
    modulations = [modelled]
    if curves is not None:
        near = np.abs(curves.distance) <= reach
        own = curves.distance[near] * scale.factor
        lines.insert(0, Trace(own, curves.line[near] / scale.factor, "measured", "measured"))
        low = curves.frequency <= NYQUIST
        shown = curves.modulation if model == CURVE else curves.raw
        own = curves.frequency[low] / scale.factor
        modulations.insert(0, Trace(own, shown[low], "measured", "measured"))
    marked = curves.modulation if curves is not None and model == CURVE else None
    marks = marked_levels(
        curves.frequency if curves is not None and marked is not None else frequency,
        marked if marked is not None else fit.modulation(frequency),
        scale,
    )
    return Drawing(
        scale=scale,
        across="Across the wire" if wire else "Edge spread",
        whole="peak" if wire else "step",
        dots=(t[few] * scale.factor, share[few]),
        spread=[Trace(t * scale.factor, fitted, "model", "fit")],
        means=scaled(means, scale),
        residual=scaled(residual, scale),
        lines=lines,
        modulations=modulations,
        marks=marks,
        reach=reach * scale.factor,
        highest=highest(marks, scale),
    )


def of_kernel(kernel: Floats, scale: Scale) -> Drawing:
    """Return the line spreads of an array along its columns and rows, and their MTF."""
    plane = kernel if kernel.ndim == 2 else kernel.sum(0)
    lines, modulations = [], []
    marks: list[tuple[float, float]] = []
    frequency = np.linspace(0, NYQUIST, 201)
    names: tuple[tuple[str, Style], ...] = (("across columns", "model"), ("across rows", "other"))
    for axis, (name, style) in enumerate(names):
        line = plane.sum(axis)
        places = np.arange(line.size) - (line.size - 1) // 2
        centre = float((line * places).sum() / line.sum())
        waves = np.exp(-2j * np.pi * np.outer(frequency, places - centre))
        modulation = np.abs(waves @ line) / line.sum()
        lines.append(Trace(places * scale.factor, line / scale.factor, style, name))
        modulations.append(Trace(frequency / scale.factor, modulation, style, name))
        marks = marks or marked_levels(frequency, modulation, scale)
    return Drawing(
        scale=scale,
        lines=lines,
        modulations=modulations,
        marks=marks,
        reach=max(map(float, (max(plane.shape) // 2, 3))) * scale.factor,
        highest=highest(marks, scale),
    )


def _curves(blur: MeasuredBlur, fit: EdgeFit) -> SpreadCurves | None:
    """Return the measured curves of a fit; None where only the model is known."""
    if fit is blur.fits[0]:
        return blur.curves
    try:
        return SpreadCurves.of(fit)
    except ValueError:
        return None


def _reach(fit: EdgeFit, wire: bool) -> float:
    """Return how far from the edge something is to be seen, rounded."""
    if wire:
        rises = np.abs(fit.fitted) > FARTHEST * np.abs(fit.fitted).max()
    else:
        rises = (fit.fitted > FARTHEST) & (fit.fitted < 1 - FARTHEST)
    far = np.abs(fit.distance[rises]).max(initial=1.0)
    there = float(min(-fit.distance[0], fit.distance[-1]))
    return min(float(np.ceil(WIDER * far / ROUND_TO) * ROUND_TO), there)


def binned(distance: Floats, values: Floats) -> Points:
    """Return means of points near each other, and twice their standard errors."""
    bins = np.floor(distance / BIN).astype(int)
    bins -= bins.min()
    count = np.bincount(bins)
    enough = count >= 4
    safe = np.maximum(count, 1)
    mean = np.bincount(bins, values) / safe
    spread = np.sqrt(np.maximum(np.bincount(bins, values**2) / safe - mean**2, 0))
    place = np.bincount(bins, distance) / safe
    bar = 1.96 * spread / np.sqrt(np.maximum(count - 1, 1))
    return Points(place[enough], mean[enough], bar[enough])


def scaled(points: Points, scale: Scale) -> Points:
    """Return points with their places in the layer's unit."""
    return Points(points.x * scale.factor, points.y, points.bar)


def _model_line(fit: EdgeFit, reach: float, scale: Scale) -> Trace:
    """Return the model's line spread, the inverse transform of its MTF."""
    distance = np.linspace(-reach, reach, 241)
    frequency = np.linspace(0, 2, max(400, int(24 * reach)))
    step = frequency[1]
    modulation = fit.modulation(frequency)
    modulation[0] /= 2
    line = 2 * step * np.cos(2 * np.pi * np.outer(distance, frequency)) @ modulation
    return Trace(distance * scale.factor, line / scale.factor, "model", "fit")


def marked_levels(frequency: Floats, modulation: Floats, scale: Scale) -> list[tuple[float, float]]:
    """Return the frequencies of the modulations that are marked, where they are known."""
    found = [(crossing(frequency, modulation, level), level) for level in LEVELS]
    return [(at / scale.factor, level) for at, level in found if np.isfinite(at)]


def highest(marks: list[tuple[float, float]], scale: Scale) -> float:
    """Return where the MTF's axis ends: a little beyond MTF10, in tenths of Nyquist."""
    if len(marks) < len(LEVELS):
        return NYQUIST / scale.factor
    return min(0.5, float(np.ceil(WIDER * marks[-1][0] * scale.factor * 10) / 10)) / scale.factor
