"""Draw bands behind the curves of a plot, in the colours of their layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtGui import QColor

from napari_deconv.widgets.profile_readout import unbroken

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_deconv.widgets.profile_curves import LineTraces, Trace
    from napari_deconv.widgets.profile_planes import Plane

BEHIND = -10
"""Height in the plot: under all curves."""
OPACITY = 70
"""Of 255: curves and grid are seen through a band, and so is another band."""
SWATCH = "▒▒"
"""How a band looks in a legend made of text."""


class BandItems:
    """The bands of one plot; they stay alive, so that a drag only moves their edges.

    Parameters
    ----------
    item : pyqtgraph.PlotItem
        The plot.
    """

    def __init__(self, item: pg.PlotItem) -> None:
        self._item = item
        self._fills: dict[tuple[Any, str], pg.FillBetweenItem] = {}

    @property
    def edges(self) -> dict[tuple[str, str], tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
        """Lower and upper edge of each band, (2, n) arrays, by its layer's name and its words."""
        return {
            (layer.name, words): (_points(fill.curves[0]), _points(fill.curves[1]))
            for (layer, words), fill in self._fills.items()
        }

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """Least and greatest value of each band."""
        found = (np.concatenate([lower[1], upper[1]]) for lower, upper in self.edges.values())
        return [(float(v.min()), float(v.max())) for v in found if v.size]

    def draw(self, line: LineTraces, color: Callable[[Plane], str]) -> None:
        """Draw what a line shows now; `color` gives the colour of a plane's curves."""
        shown = {
            (trace.plane.layer, band.words): (trace, band)
            for trace in line.traces
            for band in trace.bands
        }
        for key in set(self._fills) - set(shown):
            self._item.removeItem(self._fills.pop(key))
        for key, (trace, band) in shown.items():
            distance = trace.profile.distance * line.factor
            there = np.isfinite(band.lower) & np.isfinite(band.upper)
            if key not in self._fills:
                self._fills[key] = self._new_fill()
            fill = self._fills[key]
            fill.curves[0].setData(distance[there], band.lower[there])
            fill.curves[1].setData(distance[there], band.upper[there])
            colour = QColor(color(trace.plane))
            colour.setAlpha(OPACITY)
            fill.setBrush(colour)

    def _new_fill(self) -> pg.FillBetweenItem:
        ends = pg.PlotCurveItem([0.0], [0.0]), pg.PlotCurveItem([0.0], [0.0])
        fill = pg.FillBetweenItem(*ends)
        fill.setZValue(BEHIND)
        self._item.addItem(fill)
        return fill


def legend(trace: Trace, color: str) -> str:
    """Return what a legend says of the bands of a layer, as rich text; nothing without one."""
    return "".join(
        f'&nbsp;<span style="color:{color}">{SWATCH}</span>&nbsp;{unbroken(band.words)}'
        for band in trace.bands
    )


def _points(curve: pg.PlotCurveItem) -> np.ndarray[Any, Any]:
    return np.asarray(curve.getData())
