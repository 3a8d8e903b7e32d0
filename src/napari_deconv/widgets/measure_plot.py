"""The curve of one shape in every image: MTF, wires with their dips, noise by frequency."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_deconv.evidence.reading import Curve, Graph
from napari_deconv.psf.edge_fit import CONFIDENCE
from napari_deconv.widgets.profile_curve_items import HEIGHTS
from napari_deconv.widgets.profile_planes import Plane
from napari_deconv.widgets.profile_style import LayerColors, Theme

if TYPE_CHECKING:
    from qtpy.QtGui import QResizeEvent

HEIGHT = 230
BELOW = 38
"""Pixels of the lower axis with its label."""
FEW = 4
"""Marks beyond which their names stand upright, so that they do not overprint each other."""
HAZE = 60
"""Opacity of the band of 95 %, of 255."""
HEADROOM = {False: 0.12, True: 0.65}
"""Share of the plot's height above the curves, for names that lie and that stand."""

Seen = tuple[Plane, Graph]


class MeasurePlot(QWidget):
    """One plot, a curve for each layer in the layer's colour, with bands of 95 %.

    Parameters
    ----------
    colors : LayerColors
        Which layer has which colour.
    """

    def __init__(self, colors: LayerColors) -> None:
        super().__init__()
        self.setObjectName("measure_plot")
        self.setAccessibleName("curve of the selected shape")
        self._colors, self._theme = colors, Theme.named("dark")
        self._seen: Sequence[Seen] = ()
        self.legend = QLabel()
        self.legend.setObjectName("measure_legend")
        self.legend.setWordWrap(True)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self._view = pg.PlotWidget(self, enableMenu=False)
        self.item = self._view.getPlotItem()
        # Made even if it is never shown; without a parent it would outlive the dock.
        self.item.ctrlMenu.setParent(self._view, Qt.WindowType.Popup)
        self.item.hideButtons()
        self.item.showGrid(x=True, y=True, alpha=0.15)
        self._view.setMouseEnabled(x=False, y=False)  # the wheel scrolls the dock
        self._view.setFixedHeight(HEIGHT)
        for side in ("left", "bottom"):
            self.item.getAxis(side).enableAutoSIPrefix(False)
        self.item.getAxis("bottom").setHeight(BELOW)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.legend)
        layout.addWidget(self._view)
        self.hide()

    @property
    def graphs(self) -> list[Graph]:
        """What is drawn, a graph for each layer."""
        return [graph for _, graph in self._seen]

    def paint(self, theme: Theme) -> None:
        """Use the colours of a napari theme."""
        self._theme = theme
        self._view.setBackground(QColor(theme.background))
        for side in ("left", "bottom"):
            axis = self.item.getAxis(side)
            axis.setPen(QColor(theme.quiet))
            axis.setTextPen(QColor(theme.text))
        self.draw(self._seen)

    def draw(self, seen: Sequence[Seen]) -> None:
        """Draw the graphs of one shape in several layers, or nothing."""
        self._seen = seen
        self.item.clear()
        self.setVisible(bool(seen))
        if not seen:
            return
        first = seen[0][1]
        self.item.setLogMode(first.logarithmic, first.logarithmic)
        self.item.setLabel("bottom", str(first.across), color=self._theme.text)
        self.item.setLabel("left", str(first.up), color=self._theme.text)
        self.legend.setText(self._legend(first.title))
        self._reserve()
        for plane, graph in seen:
            for curve in graph.curves:
                self._add(curve, plane)
        marked = next((each for each in reversed(seen) if each[1].marks), seen[-1])
        upright = len(marked[1].marks) > FEW
        box = self.item.getViewBox()
        box.enableAutoRange()
        box.updateAutoRange()
        (left, right), (low, high) = box.viewRange()
        self._mark(*marked, high if upright else None)
        top = high + HEADROOM[upright] * (high - low)
        self.item.setRange(xRange=(left, right), yRange=(low, top), padding=0)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Ask for the rows that the legend needs: a dock asks its layout for one only."""
        super().resizeEvent(event)
        self._reserve()

    def _reserve(self) -> None:
        self.setMinimumHeight(HEIGHT + self.legend.heightForWidth(max(self.width(), 1)) + 16)

    def _legend(self, title: str) -> str:
        names = [
            f'<span style="color:{self._colors.color(plane, self._theme)}">'
            f"<b>──</b> {escape(plane.name)}</span>"
            for plane, _ in self._seen
        ]
        return "&nbsp;&nbsp; ".join((f"<b>{escape(title)}</b>", *names))

    def _add(self, curve: Curve, plane: Plane) -> None:
        pen = self._colors.pen(plane, self._theme)
        symbol = "o" if curve.x.size == 1 else None
        drawn = self.item.plot(
            curve.x, curve.y, pen=pen, symbol=symbol, antialias=True, connect="finite"
        )
        drawn.setZValue(HEIGHTS[plane.role])
        if curve.error is None or not np.isfinite(curve.error).all():
            return
        bar = CONFIDENCE * curve.error
        haze = QColor(self._colors.color(plane, self._theme))
        haze.setAlpha(HAZE)
        low, high = curve.y - bar, curve.y + bar
        x = curve.x
        if self._logarithmic:
            x, low, high = (np.log10(v) for v in (x, np.maximum(low, 0.1 * curve.y), high))
        ends = [pg.PlotCurveItem(x, y, pen=None) for y in (low, high)]
        self.item.addItem(pg.FillBetweenItem(*ends, brush=haze), ignoreBounds=True)

    def _mark(self, plane: Plane, graph: Graph, top: float | None) -> None:
        """Name the points of one layer's curve: those of all would overprint each other.

        Where there are many, their names stand upright side by side at the top.
        """
        upright = top is not None
        color = self._colors.color(plane, self._theme)
        for mark in graph.marks:
            place = (mark.x, mark.y)
            if self._logarithmic:
                place = (float(np.log10(mark.x)), float(np.log10(mark.y)))
            text = pg.TextItem(
                mark.text,
                self._theme.text,
                anchor=(0.0, 0.5) if upright else (-0.05, 1.0),
                angle=90 if upright else 0,
            )
            text.setPos(place[0], place[1] if top is None else top)
            self.item.addItem(text, ignoreBounds=True)
            self.item.plot(
                [mark.x], [mark.y], pen=None, symbol="o", symbolSize=5, symbolBrush=color
            )

    @property
    def _logarithmic(self) -> bool:
        return bool(self._seen) and self._seen[0][1].logarithmic
