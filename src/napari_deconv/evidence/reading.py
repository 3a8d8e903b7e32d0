"""What a measure says of a picture: figures, a graph, and what has to be known of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_deconv.psf.figures import Figure

Floats = npt.NDArray[np.float64]

POWERS = {"px": 1, "cycles/px": -1, "grey² px²": 2}
"""Unit in pixels -> power of the pixel's side that turns it into the other."""
IN_MM = {"px": "mm", "cycles/px": "lp/mm", "grey² px²": "grey² mm²"}
"""Unit in pixels -> the same in millimetres; a line pair is a cycle."""


@dataclass(frozen=True)
class Axis:
    """What an axis of a graph shows, and its unit; empty for a plain number."""

    name: str
    unit: str = ""

    def __str__(self) -> str:
        """Return what stands beside it."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


@dataclass(frozen=True)
class Curve:
    """A curve: places, values, and the standard error of each value if it is known."""

    name: str
    x: Floats
    y: Floats
    error: Floats | None = None


@dataclass(frozen=True)
class Mark:
    """A point of a graph that has a name."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Graph:
    """Curves over one axis; on logarithmic axes if they span decades."""

    title: str
    across: Axis
    up: Axis
    curves: tuple[Curve, ...]
    marks: tuple[Mark, ...] = ()
    logarithmic: bool = False

    def in_mm(self, side: float) -> Graph:
        """Return the graph of a picture whose pixels have a side in mm."""
        along, upwards = (_factor(axis.unit, side) for axis in (self.across, self.up))
        return replace(
            self,
            across=replace(self.across, unit=IN_MM.get(self.across.unit, self.across.unit)),
            up=replace(self.up, unit=IN_MM.get(self.up.unit, self.up.unit)),
            curves=tuple(
                Curve(c.name, c.x * along, c.y * upwards, _times(c.error, upwards))
                for c in self.curves
            ),
            marks=tuple(Mark(m.x * along, m.y * upwards, m.text) for m in self.marks),
        )


@dataclass(frozen=True)
class Reading:
    """The outcome of a measure.

    Attributes
    ----------
    figures : tuple of Figure
        The one that counts first; each with its standard error, NaN where it is not known.
    graph : Graph or None
    notes : tuple of str
        What has to be known of the figures, a sentence each.
    """

    figures: tuple[Figure, ...]
    graph: Graph | None = None
    notes: tuple[str, ...] = ()

    def in_mm(self, side: float | None) -> Reading:
        """Return the reading with lengths in mm instead of pixels.

        Parameters
        ----------
        side : float or None
            Of a pixel, in mm; None leaves everything in pixels.
        """
        if side is None:
            return self
        figures = tuple(
            Figure(
                f.name,
                f.value * _factor(f.unit, side),
                f.error * _factor(f.unit, side),
                IN_MM.get(f.unit, f.unit),
            )
            for f in self.figures
        )
        graph = None if self.graph is None else self.graph.in_mm(side)
        return Reading(figures, graph, self.notes)

    def plain(self) -> dict[str, Any]:
        """Return it as plain data for JSON, curves included."""
        found: dict[str, Any] = {
            "figures": [figure.plain() for figure in self.figures],
            "notes": list(self.notes),
        }
        if self.graph is not None:
            found["graph"] = {
                "title": self.graph.title,
                "across": str(self.graph.across),
                "up": str(self.graph.up),
                "curves": [
                    {"name": c.name, "x": _plain(c.x), "y": _plain(c.y)} for c in self.graph.curves
                ],
                "marks": [
                    {"x": float(m.x), "y": float(m.y), "text": m.text} for m in self.graph.marks
                ],
            }
        return found


def _factor(unit: str, side: float) -> float:
    return float(side ** POWERS.get(unit, 0))


def _times(values: Floats | None, factor: float) -> Floats | None:
    return None if values is None else values * factor


def _plain(values: Floats) -> list[float | None]:
    return [float(f"{v:.6g}") if np.isfinite(v) else None for v in values]
