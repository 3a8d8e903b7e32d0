"""The plot of one line: its curves, what they differ by, and the cursors over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtGui import QColor

from napari_deconv.evidence.reference import format_level
from napari_deconv.widgets.profile_band import BandItems
from napari_deconv.widgets.profile_cursor import Cursor, Markers
from napari_deconv.widgets.profile_curve_items import CurveItems
from napari_deconv.widgets.profile_curves import LineTraces
from napari_deconv.widgets.profile_difference import differences
from napari_deconv.widgets.profile_range import PlotRange
from napari_deconv.widgets.profile_style import LayerColors, Theme

TITLE_HEIGHT = 20

SIDES = ("left", "bottom")

AXIS_WIDTH = 58
"""Pixels of an axis with its numbers and a label."""


class LinePlot:
    """Frame and title in the colour of the line, a curve for each layer.

    Parameters
    ----------
    item : pyqtgraph.PlotItem
        For curves.
    below : pyqtgraph.PlotItem or None
        For what they differ by.
    theme : Theme
        napari's colours.
    moved : callable
        Called with this plot while one of its markers is dragged.

    Attributes
    ----------
    items : list of pyqtgraph.PlotItem
        Both, or the first.
    line : LineTraces or None
        What is shown.
    curves : CurveItems
        The curves of the layers.
    differences : CurveItems or None
        What they differ by.
    bands : BandItems
        What the curves lie in.
    """

    def __init__(
        self,
        item: pg.PlotItem,
        below: pg.PlotItem | None,
        theme: Theme,
        moved: Callable[[LinePlot], None],
    ) -> None:
        self.item = item
        self._theme = theme
        self.items = [plot for plot in (item, below) if plot is not None]
        self._written = ("", "")
        self.line: LineTraces | None = None
        for plot in self.items:
            _dress(plot, theme)
        if below is not None:
            zero = pg.InfiniteLine(0.0, angle=0, pen=QColor(theme.quiet))
            below.addItem(zero, ignoreBounds=True)
            below.setXLink(item)
            below.setLabel("left", "difference", color=theme.text)
            item.getAxis("bottom").setStyle(showValues=False)
            for plot in self.items:  # so that one lies right below the other
                plot.getAxis("left").setWidth(AXIS_WIDTH)
        self.curves = CurveItems(item, theme)
        self.differences = None if below is None else CurveItems(below, theme)
        self.bands = BandItems(item)
        self.cursor = Cursor(item, theme)
        self.markers = Markers(item, theme, lambda: moved(self))
        self._ranges = [PlotRange(plot) for plot in self.items]
        self._empty = pg.TextItem("", color=theme.text, anchor=(0.5, 0.5))
        item.addItem(self._empty, ignoreBounds=True)

    def draw(self, line: LineTraces, unit: str, colors: LayerColors) -> None:
        """Move the curves to what a line shows now."""
        if self.line is None or self.line.line.color != line.line.color:
            for plot in self.items:
                plot.getViewBox().setBorder(pg.mkPen(line.line.color, width=2))
        self.line = line
        self._write(line, unit)
        self.curves.keep([trace.plane for trace in line.traces])
        for trace in line.traces:
            values = trace.profile.values
            self.curves.move(trace, line.factor, ((trace.profile,), values), colors)
        if self.differences is not None:
            found = differences(line)
            self.differences.keep([one.trace.plane for one in found])
            for one in found:
                self.differences.move(one.trace, line.factor, (one.key, one.values), colors)
        self.bands.draw(line, lambda plane: colors.color(plane, self._theme))
        self.markers.fit(line.length)
        self._fit(line)

    def close(self) -> None:
        """End the widgets of the plots' menus, which would stay as long as the dock."""
        for plot in self.items:
            plot.ctrlMenu.deleteLater()

    @property
    def axes(self) -> list[pg.AxisItem]:
        """Those with numbers."""
        return [plot.getAxis(side) for plot in self.items for side in SIDES]

    def values(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return the points of each curve by the name of its layer."""
        return self.curves.values()

    def _write(self, line: LineTraces, unit: str) -> None:
        title = (
            f'<span style="color:{line.line.color}">■</span> '
            f"<b>{line.line.number}</b> · {format_level(line.length)} {unit}"
        )
        if (title, unit) != self._written:  # pyqtgraph lays a plot out anew at each new text
            self._written = (title, unit)
            self.item.setTitle(title, color=self._theme.text, size="9pt")
            self.item.layout.setRowFixedHeight(0, TITLE_HEIGHT)
            self.items[-1].setLabel("bottom", f"distance ({unit})", color=self._theme.text)

    def _fit(self, line: LineTraces) -> None:
        """Fit the axes to the curves, or say that there are none."""
        self._empty.setVisible(not line.traces)
        if not line.traces:
            self._empty.setText("This line crosses no visible image.")
            self.item.setRange(xRange=(0, 1), yRange=(0, 1))
            self._empty.setPos(0.5, 0.5)
            return
        shown = [[*self.curves.bounds, *self.bands.bounds]]
        if self.differences is not None:
            shown.append([(0.0, 0.0), *self.differences.bounds])
        for axes, spans in zip(self._ranges, shown, strict=True):
            axes.fit(line.length, spans)


def _dress(plot: pg.PlotItem, theme: Theme) -> None:
    plot.hideButtons()
    plot.showGrid(x=False, y=True, alpha=0.25)
    for side in SIDES:
        axis = plot.getAxis(side)
        axis.enableAutoSIPrefix(False)
        axis.setPen(QColor(theme.quiet))
        axis.setTextPen(QColor(theme.text))
        axis.setStyle(tickLength=4)
        # An axis reaches under its curves with its grid, and would be painted with each of them.
        axis.setCacheMode(axis.CacheMode.DeviceCoordinateCache)
