"""The plots of all lines side by side, one plot a line, the same style for a layer in all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QEvent, QObject, QPointF, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from napari_deconv.widgets.profile_band import legend
from napari_deconv.widgets.profile_curves import Curves, Trace
from napari_deconv.widgets.profile_line_plot import LinePlot
from napari_deconv.widgets.profile_planes import Plane
from napari_deconv.widgets.profile_readout import INVITATION, cursor_text, marker_text, unbroken
from napari_deconv.widgets.profile_style import DASHES, LayerColors, Theme

PLOT_WIDTH = 200
"""Pixels below which a plot is not squeezed; a row of more plots than fit is scrolled."""

PLOT_HEIGHT = 160

DIFFERENCE_HEIGHT = 24
"""Pixels that a plot of differences adds at least."""

SHARES = (2, 1)
"""How a plot and its differences share the room that there is."""


class ProfilePlots(QWidget):
    """Shows curves; keeps plots and curves alive, so that a drag only moves their points.

    Parameters
    ----------
    colors : LayerColors
        Which layer has which colour.

    Attributes
    ----------
    legend, readout : QLabel
        What the curves are, and what the cursors read.
    hovered : Signal
        The mouse is in the plot of a line, at a distance from its start, both given; or in none,
        and the number is 0.
    """

    hovered = Signal(int, float)

    def __init__(self, colors: LayerColors) -> None:
        super().__init__()
        self.setObjectName("profile-plots")
        self._colors = colors
        self._theme = Theme.named("dark")
        self._curves = Curves()
        self._plots: list[LinePlot] = []
        self._places: list[tuple[float, float]] = []
        self._marked: LinePlot | None = None
        self._with_markers = self._with_differences = False
        self.legend = _text("profile-legend", "Legend of the profile plots")
        self.readout = _text("profile-readout", "What the cursors read")
        self.readout.setMinimumHeight(2 * self.readout.fontMetrics().lineSpacing())
        self._row = pg.GraphicsLayoutWidget()
        self._row.setObjectName("profile-plot-row")
        self._row.setAccessibleName("Profiles, one plot a line")
        self._row.setFrameShape(QFrame.Shape.NoFrame)
        self._row.ci.layout.setContentsMargins(4, 0, 4, 0)
        self._row.ci.layout.setHorizontalSpacing(10)
        self._row.ci.layout.setVerticalSpacing(2)
        self._row.scene().sigMouseMoved.connect(self._follow)
        self._row.viewport().installEventFilter(self)
        self._scroll = QScrollArea()
        self._scroll.setObjectName("profile-plot-scroll")
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidget(self._row)
        self._scroll.setMinimumSize(PLOT_WIDTH, PLOT_HEIGHT)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.legend)
        layout.addWidget(self._scroll, 1)

    @property
    def plots(self) -> list[pg.PlotItem]:
        """The plots, one a line."""
        return [plot.item for plot in self._plots]

    @property
    def canvas(self) -> pg.GraphicsLayoutWidget:
        """What all plots are drawn on."""
        return self._row

    @contextmanager
    def sharp(self) -> Iterator[None]:
        """Draw axes as such, not as the pictures of them that the screen keeps: for a file."""
        axes = [axis for plot in self._plots for axis in plot.axes]
        for axis in axes:
            axis.setCacheMode(axis.CacheMode.NoCache)
        try:
            yield
        finally:
            for axis in axes:
                axis.setCacheMode(axis.CacheMode.DeviceCoordinateCache)

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of one of napari's themes."""
        self._theme = theme
        self._row.setBackground(QColor(theme.background))
        self._rebuild()
        self.show_curves(self._curves)

    def show_differences(self, wanted: bool) -> None:
        """Show or hide the plots of what the curves differ by."""
        self._with_differences = wanted
        self._scroll.setMinimumHeight(PLOT_HEIGHT + DIFFERENCE_HEIGHT * wanted)
        self._rebuild()
        self.show_curves(self._curves)

    def show_markers(self, wanted: bool) -> None:
        """Show or hide two markers in each plot."""
        self._with_markers = wanted
        for plot in self._plots:
            plot.markers.show(wanted)
        if wanted and self._plots and self._marked not in self._plots:
            self._marked = self._plots[0]
        self._read_markers()

    def show_curves(self, curves: Curves) -> None:
        """Draw the curves of all lines."""
        self._curves = curves
        if len(self._plots) != len(curves.lines):
            self._fit(len(curves.lines))
        for plot, line in zip(self._plots, curves.lines, strict=True):
            plot.draw(line, curves.unit, self._colors)
        for plot, places in zip(self._plots, self._places, strict=False):
            plot.markers.put(places)
        self._places = []
        legend = self.legend_text()
        if legend != self.legend.text():
            self.legend.setText(legend)
        if self._with_markers:
            self._read_markers()

    def values(self, number: int) -> dict[str, np.ndarray[Any, Any]]:
        """Return what a plot shows now, as (2, n) arrays by the names of the layers."""
        return self._plots[number - 1].values()

    def bands(self, number: int) -> dict[tuple[str, str], tuple[Any, Any]]:
        """Return the edges of the bands in a plot, by their layers' names and their words."""
        return self._plots[number - 1].bands.edges

    def differences(self, number: int) -> dict[str, np.ndarray[Any, Any]]:
        """Return what the plot below shows now, as (2, n) arrays by the names of the layers."""
        curves = self._plots[number - 1].differences
        return {} if curves is None else curves.values()

    def legend_text(self) -> str:
        """Return what the curves are, as rich text."""
        shown: dict[Any, Trace] = {}
        for line in self._curves.lines:
            shown = {**{trace.plane.curve: trace for trace in line.traces}, **shown}
        entries = ((trace, self._color(trace.plane)) for trace in shown.values())
        return "&nbsp;&nbsp;&nbsp; ".join(
            f'<span style="color:{color}; font-weight:bold">{DASHES[trace.plane.role]}</span>'
            f"&nbsp;{unbroken(trace.plane.name)}{legend(trace, color)}"
            for trace, color in entries
        )

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Take the cross away when the mouse leaves the plots."""
        if event is not None and event.type() == QEvent.Type.Leave:
            self._leave()
        return super().eventFilter(watched, event)

    def _rebuild(self) -> None:
        """Take all plots away; they are made anew, with the markers where they were."""
        kept = [plot.markers.places for plot in self._plots]
        self._places = kept or self._places
        self._fit(0)
        for row, share in enumerate(SHARES):
            used = row == 0 or self._with_differences  # an empty row takes its share all the same
            self._row.ci.layout.setRowStretchFactor(row, share * used)

    def _fit(self, count: int) -> None:
        """Have as many plots as there are lines; a plot takes far longer to make than to draw."""
        while len(self._plots) > count:
            plot = self._plots.pop()
            for item in plot.items:
                self._row.removeItem(item)
            plot.close()
        self._plots += [self._new_plot(column) for column in range(len(self._plots), count)]
        self._row.setMinimumWidth(PLOT_WIDTH * count)
        if self._marked not in self._plots:
            self._marked = None
        self.show_markers(self._with_markers)

    def _new_plot(self, column: int) -> LinePlot:
        items = [
            self._row.addPlot(row=row, col=column, enableMenu=False)
            for row in range(1 + self._with_differences)
        ]
        for item in items:
            item.setMinimumWidth(PLOT_WIDTH - 20)
            # A plot's menu holds its settings, so it is made even if it is never shown; without a
            # parent it would outlive the dock.
            item.ctrlMenu.setParent(self._row, Qt.WindowType.Popup)
        below = items[1] if len(items) > 1 else None
        return LinePlot(items[0], below, self._theme, self._on_marker)

    def _color(self, plane: Plane) -> str:
        return self._colors.color(plane, self._theme)

    def _follow(self, point: QPointF) -> None:
        """Read the curves under the mouse."""
        for plot in self._plots:
            place = plot.cursor.at(point)
            if place is None or plot.line is None or not plot.line.traces:
                plot.cursor.hide()
                continue
            plot.cursor.show(*place)
            x = min(max(place[0], 0.0), plot.line.length)
            self.readout.setText(cursor_text(plot.line, x, self._curves.unit, self._color))
            self.hovered.emit(plot.line.line.number, x)

    def _leave(self) -> None:
        for plot in self._plots:
            plot.cursor.hide()
        self._read_markers()
        self.hovered.emit(0, 0.0)

    def _on_marker(self, plot: LinePlot) -> None:
        self._marked = plot
        self._read_markers()

    def _read_markers(self) -> None:
        """Read the curves at the markers that were moved last."""
        plot = self._marked
        if not self._with_markers or plot is None or plot.line is None:
            self.readout.setText(INVITATION)
            return
        places = plot.markers.places
        self.readout.setText(marker_text(plot.line, places, self._curves.unit, self._color))


def _text(name: str, spoken: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setAccessibleName(spoken)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.RichText)
    return label
