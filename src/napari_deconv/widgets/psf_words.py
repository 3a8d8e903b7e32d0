"""What the PSF dock says: figures in the layer's unit, what was found in a box, what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_deconv.psf.edge_fit import CONFIDENCE
from napari_deconv.psf.figures import Figure
from napari_deconv.psf.line_spread import MODELS
from napari_deconv.psf.measure import CURVE, ELLIPSE, STRUCTURE
from napari_deconv.psf.refined_blur import RefinedBlur

if TYPE_CHECKING:
    from napari_deconv.core.units import PixelSize
    from napari_deconv.psf.edge_fit import EdgeFit
    from napari_deconv.psf.measure import MeasuredBlur

SHAPE = "shape"
REFINE = "refine"
KIND_LABELS = {
    "edge": "an edge in the image",
    "disk": "a round edge: hole, cylinder",
    "wire": "a wire or slit",
    "point": "points: beads, pinholes",
    REFINE: "the image's own edges",
    SHAPE: "a shape, without measuring",
}
"""Kind -> what the user sees of it in the image."""

MODEL_LABELS = {name: model.label for name, model in MODELS.items()} | {
    CURVE: "Curve: as measured, turned around",
    ELLIPSE: "Ellipse: edges across each other",
}
"""Model -> what it is for."""

TODO = {
    "edge": "Press “Draw box” and drag a box across a straight edge: its middle on the edge, "
    "even grey on both sides.",
    "disk": "Press “Draw box” and drag a box around a whole hole, cylinder or disk, with even "
    "grey around it.",
    "wire": "Press “Draw box” and drag a box across one straight wire or slit.",
    "point": "Press “Draw box” and drag a box around one bead or pinhole; “Add another” for more, "
    "which are averaged.",
    REFINE: "Choose the shape to begin with and press “Refine”: on the whole picture, or on a box "
    "around a part with sharp edges.",
}
DRAWING = {
    "edge": "Now drag on the picture: from one side of the edge to the other.",
    "disk": "Now drag on the picture: from outside one corner to outside the opposite one.",
    "wire": "Now drag on the picture: from one side of the wire to the other.",
    "point": "Now drag on the picture, around one point.",
    REFINE: "Now drag on the picture, around a part with many sharp edges.",
}
NAMES = {
    "sigma": "\N{GREEK SMALL LETTER SIGMA}",
    "sigma long": "\N{GREEK SMALL LETTER SIGMA} long",
    "sigma short": "\N{GREEK SMALL LETTER SIGMA} short",
    "tail_length": "tail length",
}
FWHM = 2.354820
"""Full width at half maximum of a Gaussian, in sigmas."""
NEVER_BROKEN = "\N{NO-BREAK SPACE}"
BESIDE = 1
"""Figures above a box: more would reach beyond the picture."""


@dataclass(frozen=True)
class Scale:
    """How long a pixel is, for figures in the unit that the layer knows."""

    factor: float = 1.0
    unit: str = "px"

    @classmethod
    def of(cls, size: PixelSize | None) -> Scale:
        """Return the scale of square pixels of known size; others stay pixels."""
        if size is None or isinstance(size.value, tuple):
            return cls()
        return cls(float(size.value), size.unit)

    def figure(self, figure: Figure) -> Figure:
        """Return a figure in this unit, by the name that is shown."""
        name = NAMES.get(figure.name, figure.name)
        if figure.unit == "px":
            value, error = figure.value * self.factor, figure.error * self.factor
            return Figure(name, value, error, self.unit)
        if figure.unit == "cycles/px":
            value, error = figure.value / self.factor, figure.error / self.factor
            return Figure(name, value, error, f"cycles/{self.unit}")
        return Figure(name, figure.value, figure.error, figure.unit)


def figures(blur: MeasuredBlur, scale: Scale) -> list[Figure]:
    """Return all figures in the layer's unit; a Gaussian's full width beside its sigma."""
    found = list(blur.figures)
    if blur.psf.key() == "gaussian":
        sigma = found[0]
        found.insert(1, Figure("FWHM", FWHM * sigma.value, FWHM * sigma.error, sigma.unit))
    return [scale.figure(figure) for figure in found if np.isfinite(figure.value)]


def summary(blur: MeasuredBlur, scale: Scale) -> str:
    """Return all figures in a line, and in a second one what ± means."""
    told = figures(blur, scale)
    line = " · ".join(str(figure).replace(" ", NEVER_BROKEN) for figure in told)
    if not any(np.isfinite(figure.error) for figure in told):
        return line
    way = "bootstrap over rows" if blur.fits else "from the noise or the points' scatter"
    if isinstance(blur, RefinedBlur):
        way = "bootstrap over the edges"
    return f"{line}\n± is 95 %, {way}."


def as_table(blur: MeasuredBlur, scale: Scale, told: Mapping[str, str]) -> str:
    """Return all figures as lines of name, value, 95 % interval and unit, with tabs between."""
    rows = ["figure\tvalue\t± 95 %\tunit"]
    for figure in figures(blur, scale):
        bar = f"{CONFIDENCE * figure.error:.6g}" if np.isfinite(figure.error) else ""
        rows.append(f"{figure.name}\t{figure.value:.6g}\t{bar}\t{figure.unit}")
    rows += [f"{name}\t{value}" for name, value in told.items()]
    return "\n".join([*rows, *blur.notes])


def found(blur: MeasuredBlur, kind: str, scale: Scale) -> str:
    """Return one line on what was seen in the boxes."""
    if isinstance(blur, RefinedBlur):
        counted = f"{len(blur.places)} pieces of edges count, {blur.left_out} left out"
        return f"{counted} · {blur.wider:.2f} times as wide as given"
    if not blur.fits:
        return ""
    shown = blur.fits[0]
    parts = [_place(blur.fits, kind, scale), f"{sum(fit.rows for fit in blur.fits)} rows"]
    low, high = shown.levels
    whole = "peak" if kind == "wire" else "step"
    step = (high - low) * (float(shown.fitted.max()) if kind == "wire" else 1.0)
    if step > 0:
        parts.append(f"noise {100 * shown.noise / step:.1f} % of the {whole}")
    if max(fit.structure for fit in blur.fits) >= STRUCTURE:
        parts.append("imperfect fit")
    return " · ".join(parts)


def _place(fits: Sequence[EdgeFit], kind: str, scale: Scale) -> str:
    if kind == "disk":
        radii = ", ".join(f"{fit.place[2] * scale.factor:.4g}" for fit in fits)
        return f"radius {radii} {scale.unit}"
    # Rows fall towards the top, where angles are seen to grow.
    angles = ", ".join(f"{(90 - fit.angle) % 180:.1f}°" for fit in fits)
    return f"{kind}{'s' if len(fits) > 1 else ''} at {angles}"


def notes(blur: MeasuredBlur, kind: str) -> str:
    """Return what has to be known, a sentence a line."""
    alike = kind == "edge" and blur.curves is None
    more = (
        "Every row samples this edge at the same places, so that only the model's MTF is known; "
        "turn the part by 2° to 10° for a measured one."
    )
    return "\n".join((*blur.notes, *([more] if alike else [])))


def box_label(fit: EdgeFit, scale: Scale) -> str:
    """Return what stands beside a box: the blur's parameters with their 95 % interval."""
    units = {"tail": ""}
    told = [
        scale.figure(Figure(name, value, error, units.get(name, "px")))
        for name, value, error in zip(fit.model.parameters, fit.values, fit.errors, strict=True)
    ]
    return " · ".join(map(str, told[:BESIDE]))


def box_labels(blur: MeasuredBlur, count: int, scale: Scale, *, curve: bool) -> list[str]:
    """Return a label for each box; numbered, if there are several."""
    if blur.fits and not curve:
        labels = [box_label(fit, scale) for fit in blur.fits]
    elif count == 1:
        labels = ["\n".join(map(str, figures(blur, scale)[:2]))]
    else:
        labels = [""] * count
    if count == 1:
        return labels
    return [
        f"{number}: {label}" if label else f"{number}" for number, label in enumerate(labels, 1)
    ]
