"""The edge under a line or path of Profiles, in every picture of a comparison, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from qtpy.QtCore import QObject

from napari_deconv.appraisal import edges
from napari_deconv.widgets.drawn_lines import drawn_lines, line_width, lines_layer
from napari_deconv.widgets.profile_jobs import Latest
from napari_deconv.widgets.source import Source

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image
    from numpy.typing import NDArray

    from napari_deconv.core.units import PixelSize
    from napari_deconv.evidence.edges import Edge
    from napari_deconv.report.contents import Line
    from napari_deconv.widgets.compare_results import CompareResults

PAUSE = 0.2
"""Least seconds between two measurements of all pictures."""
DATA: Literal["data"] = "data"
"""Stands for the data among the pictures; None for one that was refused."""
NO_LINE = "Draw a line or a path over an edge in Profiles to compare edge widths."
NO_EDGE = "No line of Profiles lies over an edge that reference or data show clearly."


@dataclass(frozen=True)
class Found:
    """The edge in every picture.

    Attributes
    ----------
    edges : list of Edge or None
        One for each row of the table; widths in `unit`.
    unit : str
    number : int
        Which line of Profiles; 0 if none lies over an edge.
    """

    edges: list[Edge | None]
    unit: str
    number: int


class EdgeWatch(QObject):
    """Measures anew when a line is drawn or moved, and when a picture comes.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    results : CompareResults
        Whose table gets the widths.
    executor : Executor
        Where they are measured.
    parent : QObject
    """

    def __init__(
        self,
        viewer: ViewerModel,
        results: CompareResults,
        executor: Executor,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._viewer, self._results = viewer, results
        self._source: Source | None = None
        self._reference: Image | None = None
        self._watched: Any = None
        self._latest = Latest(self, executor, self._show, self._fail, PAUSE)

    @property
    def idle(self) -> bool:
        """Whether nothing is being measured."""
        return self._latest.idle

    def begin(self, source: Source | None, reference: Image | None) -> None:
        """Take another image and reference; what was measured before is forgotten."""
        self._latest.drop()
        self._source, self._reference = source, reference

    def look(self, event: Any = None) -> None:
        """Measure again, in a thread."""
        self._watch(lines_layer(self._viewer))
        rows = self._results.table.figures.rows
        if self._source is None or not rows:
            return
        lines = drawn_lines(self._viewer, self._source)
        if not lines:
            self._latest.drop()
            self._results.table.figures.set_edges([None] * len(rows), "px")
            self._results.edge_line.say(NO_LINE)
            return
        try:
            reference = self._source.companion(self._reference, "reference", self._viewer.dims)
        except ValueError as error:  # its data are other ones by now
            self._latest.drop()
            self._results.edge_line.say(str(error), "error")
            return
        fetch = [self._source.fetch] if reference is None else [reference.fetch, self._source.fetch]
        pictures = [DATA if row.data else row.outcome.image for row in rows]
        width, size = line_width(self._viewer), self._source.pixel_size
        self._latest.submit(partial(_measured, lines, fetch, pictures, width, size))

    def leave(self) -> None:
        """Follow lines no more."""
        self._latest.drop()
        self._watch(None)

    def _watch(self, layer: Any) -> None:
        if layer is self._watched:
            return
        if self._watched is not None:
            self._watched.events.data.disconnect(self.look)
        self._watched = layer
        if layer is not None:
            layer.events.data.connect(self.look)

    def _show(self, found: Found) -> None:
        if len(self._results.table.figures.rows) != len(found.edges):
            return  # a row came or went since; it is being measured anew
        self._results.table.figures.set_edges(found.edges, found.unit)
        self._results.edge_line.say("" if found.number else NO_EDGE)

    def _fail(self, error: BaseException) -> None:
        self._results.edge_line.say(f"The edges could not be measured: {error}", "error")


def _measured(
    lines: Sequence[Line],
    fetch: Sequence[Any],
    pictures: Sequence[NDArray[Any] | Literal["data"] | None],
    width: float,
    size: PixelSize | None,
) -> Found:
    """Return the edge of the first line that lies over one, in every picture."""
    trusted = [one() for one in fetch]
    results = [one for one in pictures if isinstance(one, np.ndarray)]
    unit = "px" if size is None else size.unit
    for line in lines:
        found = edges(line.path, [*trusted, *results], len(trusted), width=width)
        if not any(found):
            continue
        measure = line.pixel(size)
        rest = iter(found[len(trusted) :])
        rows = [
            next(rest) if isinstance(one, np.ndarray) else found[len(trusted) - 1] if one else None
            for one in pictures
        ]
        scaled = [None if e is None else replace(e, width=e.width * measure) for e in rows]
        return Found(scaled, unit, line.number)
    return Found([None] * len(pictures), unit, 0)
