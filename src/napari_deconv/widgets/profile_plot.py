"""Plot the curves of all lines side by side, one plot a line, the same style for a layer in all."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QImage, QPainter, QTextDocument
from qtpy.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from napari_deconv.evidence.reference import format_level
from napari_deconv.widgets.profile_band import BandItems, legend
from napari_deconv.widgets.profile_figures import Curves, LineTraces, Trace
from napari_deconv.widgets.profile_planes import Plane
from napari_deconv.widgets.profile_style import DASHES, LayerColors, Theme

PLOT_WIDTH = 180
"""Pixels below which a plot is not squeezed; a row of more plots than fit is scrolled."""

PLOT_HEIGHT = 160

HEIGHTS = {"reference": 1, "result": 2, "input": 3}
"""Which curves lie on top: the fine one on the strong one, and the reference shows where it is
not reached."""

TITLE_HEIGHT = 20

FINER = 2
"""Pixels of a saved picture for each of the screen's."""


class ProfilePlots(QWidget):
    """Shows curves; keeps plots and curves alive, so that a drag only moves their points.

    Parameters
    ----------
    colors : LayerColors
        Which layer has which colour.
    """

    def __init__(self, colors: LayerColors) -> None:
        super().__init__()
        self.setObjectName("profile-plots")
        self._colors = colors
        self._theme = Theme.named("dark")
        self._curves = Curves()
        self._plots: list[_LinePlot] = []
        self.legend = QLabel()
        self.legend.setObjectName("profile-legend")
        self.legend.setAccessibleName("Legend of the profile plots")
        self.legend.setWordWrap(True)
        self.legend.setTextFormat(Qt.TextFormat.RichText)
        self._row = pg.GraphicsLayoutWidget()
        self._row.setObjectName("profile-plot-row")
        self._row.setAccessibleName("Profiles, one plot a line")
        self._row.setFrameShape(QFrame.Shape.NoFrame)
        self._row.ci.layout.setContentsMargins(4, 0, 4, 0)
        self._row.ci.layout.setHorizontalSpacing(10)
        scroll = QScrollArea()
        scroll.setObjectName("profile-plot-scroll")
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(self._row)
        scroll.setMinimumSize(PLOT_WIDTH, PLOT_HEIGHT)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.legend)
        layout.addWidget(scroll, 1)

    @property
    def plots(self) -> list[pg.PlotItem]:
        """The plots, one a line."""
        return [plot.item for plot in self._plots]

    def set_theme(self, theme: Theme) -> None:
        """Take the colours of one of napari's themes."""
        self._theme = theme
        self._row.setBackground(QColor(theme.background))
        self._rebuild(0)
        self.show_curves(self._curves)

    def show_curves(self, curves: Curves) -> None:
        """Draw the curves of all lines."""
        self._curves = curves
        if len(self._plots) != len(curves.lines):
            self._rebuild(len(curves.lines))
        for plot, line in zip(self._plots, curves.lines, strict=True):
            plot.draw(line, curves.unit, self._colors)
        legend = self._legend()
        if legend != self.legend.text():
            self.legend.setText(legend)

    def values(self, number: int) -> dict[str, np.ndarray[Any, Any]]:
        """Return what a plot shows now, as (2, n) arrays by the names of the layers."""
        return self._plots[number - 1].values()

    def bands(self, number: int) -> dict[tuple[str, str], tuple[Any, Any]]:
        """Return the edges of the bands in a plot, by their layers' names and their words."""
        return self._plots[number - 1].bands.edges

    def save(self, path: Path) -> None:
        """Write legend and plots as a PNG, also those that are scrolled out of sight."""
        legend = QTextDocument()
        legend.setDefaultFont(self.legend.font())
        legend.setHtml(f'<span style="color:{self._theme.text}">{self._legend()}</span>')
        width, height = self._row.width(), self._row.height()
        legend.setTextWidth(width)
        top = int(legend.size().height())
        image = QImage(FINER * width, FINER * (height + top), QImage.Format.Format_RGB32)
        image.fill(QColor(self._theme.background))
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(FINER, FINER)
        legend.drawContents(painter)
        self._row.render(painter, QRectF(0, top, width, height), self._row.viewport().rect())
        painter.end()
        if not image.save(str(path), "PNG"):
            raise ValueError(f"{path} cannot be written; choose another folder.")

    def _rebuild(self, count: int) -> None:
        self._row.clear()
        self._plots = [_LinePlot(self._new_plot(column), self._theme) for column in range(count)]
        self._row.setMinimumWidth(PLOT_WIDTH * count)

    def _new_plot(self, column: int) -> pg.PlotItem:
        item = self._row.addPlot(row=0, col=column, enableMenu=False)
        # A plot's menu holds its settings, so it is made even if it is never shown; without a
        # parent it would outlive the dock.
        item.ctrlMenu.setParent(self._row, Qt.WindowType.Popup)
        return item

    def _legend(self) -> str:
        shown: dict[Plane, Trace] = {}
        for line in self._curves.lines:
            shown.update((trace.plane, trace) for trace in line.traces)
        return "&nbsp;&nbsp;&nbsp; ".join(
            f'<span style="color:{self._colors.color(plane, self._theme)}; font-weight:bold">'
            f"{DASHES[plane.role]}</span>&nbsp;{escape(plane.name).replace(' ', '&nbsp;')}"
            + legend(trace, self._colors.color(plane, self._theme))
            for plane, trace in shown.items()
        )


class _LinePlot:
    """One plot: frame and title in the colour of its line, a curve for each layer."""

    def __init__(self, item: pg.PlotItem, theme: Theme) -> None:
        self.item = item
        self.bands = BandItems(item)
        self._theme = theme
        self._curves: dict[Any, pg.PlotDataItem] = {}
        self._names: dict[Any, str] = {}
        self._written = ("", "")
        item.setMinimumWidth(PLOT_WIDTH - 20)
        item.hideButtons()
        item.showGrid(x=False, y=True, alpha=0.25)
        item.setClipToView(False)
        for side in ("left", "bottom"):
            axis = item.getAxis(side)
            axis.enableAutoSIPrefix(False)
            axis.setPen(QColor(theme.quiet))
            axis.setTextPen(QColor(theme.text))
            axis.setStyle(tickLength=4)
        self._empty = pg.TextItem("", color=theme.text, anchor=(0.5, 0.5))
        item.addItem(self._empty, ignoreBounds=True)

    def draw(self, line: LineTraces, unit: str, colors: LayerColors) -> None:
        """Move the curves to what a line shows now."""
        self.item.getViewBox().setBorder(pg.mkPen(line.line.color, width=2))
        self._write(line, unit)
        shown = {trace.plane.layer for trace in line.traces}
        for layer in set(self._curves) - shown:
            self.item.removeItem(self._curves.pop(layer))
        self._names = {trace.plane.layer: trace.plane.name for trace in line.traces}
        for trace in line.traces:
            layer = trace.plane.layer
            if layer not in self._curves:
                # NaN marks where a line leaves the picture: a gap, not a stroke across.
                self._curves[layer] = self.item.plot(connect="finite", antialias=True)
            curve = self._curves[layer]
            curve.setPen(colors.pen(trace.plane, self._theme))
            curve.setZValue(HEIGHTS[trace.plane.role])
            curve.setData(trace.profile.distance * line.factor, trace.profile.values)
        self.bands.draw(line, lambda plane: colors.color(plane, self._theme))
        self._show_empty(line)

    def _write(self, line: LineTraces, unit: str) -> None:
        title = (
            f'<span style="color:{line.line.color}">■</span> '
            f"<b>{line.line.number}</b> · {format_level(line.length)} {unit}"
        )
        if (title, unit) != self._written:  # pyqtgraph lays a plot out anew at each new text
            self._written = (title, unit)
            self.item.setTitle(title, color=self._theme.text, size="9pt")
            self.item.layout.setRowFixedHeight(0, TITLE_HEIGHT)
            self.item.setLabel("bottom", f"distance ({unit})", color=self._theme.text)

    def values(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return the points of each curve by the name of its layer."""
        return {
            self._names[layer]: np.asarray(curve.getOriginalDataset())
            for layer, curve in self._curves.items()
        }

    def _show_empty(self, line: LineTraces) -> None:
        self._empty.setVisible(not line.traces)
        if not line.traces:
            self._empty.setText("This line crosses no visible image.")
            self.item.setRange(xRange=(0, 1), yRange=(0, 1))
            self._empty.setPos(0.5, 0.5)
        else:
            self.item.enableAutoRange()
