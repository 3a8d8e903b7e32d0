"""Live plots of a PSF: edge spread with its residual, line spread, MTF."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QFrame, QVBoxLayout, QWidget

from napari_deconv.widgets.psf_curves import Drawing, Points, Style, Trace
from napari_deconv.widgets.tone import colours

COLORS: dict[Style, str] = {"measured": "#d99c3a", "model": "#4f94e8", "other": "#3fae8c"}
"""Colours that can be read on the backgrounds of both themes."""
WIDTHS: dict[Style, float] = {"measured": 4.0, "model": 1.5, "other": 1.5}
"""Pixels of the curves: what was measured shows on both sides of the fit that lies on it."""
AXIS_WIDTH = 40
"""Pixels of the left axes, so that all plots stand under each other."""
TITLE_HEIGHT = 17
HEIGHTS = {"spread": 112, "residual": 62, "line": 112, "mtf": 120}
BELOW = 34
"""Pixels of an axis with its label."""
"""Pixels of the plots; those with an axis below are as much higher."""
HEADROOM = 1.6
"""Room above and below a number at the end of an axis: without it, it is not written."""
ROOM = 0.7
"""Share of the MTF's axis beyond which a mark is named at its left."""
LEAST_RESIDUAL = 1.0
"""Percent that a residual's axis shows at least: less is noise blown up."""


class SpreadPlots(QWidget):
    """Four plots under each other; they stay in place while their curves move."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("psf_plots")
        self.setAccessibleName("edge spread, residual, line spread and MTF")
        self._theme = "dark"
        self._drawing = Drawing()
        self._view = pg.GraphicsLayoutWidget()
        self._view.setObjectName("psf_plot_column")
        self._view.setFrameShape(QFrame.Shape.NoFrame)
        self._view.enableMouse(False)  # the wheel scrolls the dock
        self._view.ci.layout.setContentsMargins(0, 2, 6, 0)
        self._view.ci.layout.setVerticalSpacing(2)
        self.plots = {name: self._plot(row, name) for row, name in enumerate(HEIGHTS)}
        for name in ("residual", "line"):
            self.plots[name].setXLink(self.plots["spread"])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._view)
        self.show_drawing(Drawing())

    @property
    def drawing(self) -> Drawing:
        """What is shown."""
        return self._drawing

    def paint(self, theme: str) -> None:
        """Use the colours of a napari theme."""
        self._theme = theme
        colour = colours(theme)
        self._view.setBackground(QColor(colour["background"]))
        for plot in self.plots.values():
            for side in ("left", "bottom"):
                axis = plot.getAxis(side)
                axis.setPen(QColor(colour["quiet"]))
                axis.setTextPen(QColor(colour["quiet"]))
        self.show_drawing(self._drawing)

    def show_drawing(self, drawing: Drawing) -> None:
        """Draw curves, or empty plots."""
        self._drawing = drawing
        for plot in self.plots.values():
            for item in [i for i in plot.items if i is not None]:
                plot.removeItem(item)
        spread = bool(drawing.across) or not drawing.lines
        self._fit_rows(spread)
        unit = drawing.scale.unit
        if spread:
            self._draw_spread(drawing)
        self._draw_lines(drawing, unit)
        self._draw_mtf(drawing, unit)

    def _plot(self, row: int, name: str) -> pg.PlotItem:
        item = self._view.addPlot(row=row, col=0, enableMenu=False)
        # Made even if it is never shown; without a parent it would outlive the dock.
        item.ctrlMenu.setParent(self._view, Qt.WindowType.Popup)
        item.hideButtons()
        item.setMouseEnabled(x=False, y=False)
        item.showGrid(x=True, y=True, alpha=0.15)
        item.setFixedHeight(HEIGHTS[name])
        for side in ("left", "bottom"):
            axis = item.getAxis(side)
            axis.enableAutoSIPrefix(False)
            axis.setStyle(tickLength=4, hideOverlappingLabels=False)
        item.getAxis("left").setWidth(AXIS_WIDTH)
        if name in ("spread", "residual"):
            item.getAxis("bottom").setStyle(showValues=False)
            item.getAxis("bottom").setHeight(6)
        return item

    def _fit_rows(self, spread: bool) -> None:
        """Show the first two plots or not, and take as much room as is drawn in."""
        shown = {name: spread or name in ("line", "mtf") for name in HEIGHTS}
        for row, (name, plot) in enumerate(self.plots.items()):
            plot.setVisible(shown[name])
            plot.setFixedHeight(HEIGHTS[name] if shown[name] else 0)
            self._view.ci.layout.setRowFixedHeight(row, HEIGHTS[name] if shown[name] else 0)
        self._view.setFixedHeight(sum(HEIGHTS[n] + 2 for n, there in shown.items() if there) + 12)

    def _title(self, name: str, text: str, traces: tuple[Trace, ...] = ()) -> None:
        """Write what a plot shows, and its curves' names in their colours."""
        colour = colours(self._theme)
        named = dict.fromkeys((trace.name, trace.style) for trace in traces)
        legend = " · ".join(
            f'<span style="color:{COLORS[style]}">{escape(label)}</span>' for label, style in named
        )
        html = f"<b>{escape(text)}</b>" + (f"&nbsp; {legend}" if legend else "")
        plot = self.plots[name]
        plot.setTitle(html, color=colour["text"], size="9pt", justify="left")
        plot.layout.setRowFixedHeight(0, TITLE_HEIGHT)

    def _draw_spread(self, drawing: Drawing) -> None:
        spread, residual = self.plots["spread"], self.plots["residual"]
        named = (Trace(_NONE, _NONE, "measured", "measured ± 95 %"), *drawing.spread)
        self._title("spread", drawing.across or "Edge spread", named if drawing.across else ())
        self._title("residual", f"Residual (% of the {drawing.whole})")
        if drawing.dots is not None:
            faint = QColor(COLORS["measured"])
            faint.setAlpha(80)
            dots = pg.ScatterPlotItem(*drawing.dots, size=2.5, pen=None, brush=faint)
            spread.addItem(dots)
        self._bars(spread, drawing.means)
        for trace in drawing.spread:
            self._curve(spread, trace)
        residual.addItem(pg.InfiniteLine(0, angle=0, pen=pg.mkPen(COLORS["model"], width=1)))
        self._bars(residual, drawing.residual)
        spread.setXRange(-drawing.reach, drawing.reach, padding=0.01)
        high = max((float(np.max(trace.y)) for trace in drawing.spread), default=1.0)
        spread.setYRange(-0.12 * high, 1.12 * high, padding=0)
        _ticks(spread, 0, high / 2, high)
        far = LEAST_RESIDUAL
        if drawing.residual is not None and drawing.residual.y.size:
            inside = np.abs(drawing.residual.x) <= drawing.reach
            tops = np.abs(drawing.residual.y) + drawing.residual.bar
            far = max(far, float(np.quantile(tops[inside], 0.98)))
        residual.setYRange(-HEADROOM * far, HEADROOM * far, padding=0)
        _ticks(residual, -far, 0, far)

    def _draw_lines(self, drawing: Drawing, unit: str) -> None:
        plot = self.plots["line"]
        self._title("line", f"Line spread (per {unit})", tuple(drawing.lines))
        for trace in drawing.lines:
            self._curve(plot, trace)
        plot.setXRange(-drawing.reach, drawing.reach, padding=0.01)
        high = max((float(np.max(trace.y)) for trace in drawing.lines), default=1.0)
        plot.setYRange(-0.2 * high, 1.3 * high, padding=0)
        _ticks(plot, 0, high)
        self._below(plot, f"distance ({unit})")

    def _draw_mtf(self, drawing: Drawing, unit: str) -> None:
        plot = self.plots["mtf"]
        self._title("mtf", "MTF", tuple(drawing.modulations))
        for trace in drawing.modulations:
            self._curve(plot, trace)
        colour = colours(self._theme)
        for at, level in drawing.marks:
            pen = pg.mkPen(colour["quiet"], width=1, style=Qt.PenStyle.DashLine)
            plot.addItem(pg.PlotCurveItem([at, at], [0, level], pen=pen))
            text = pg.TextItem(f"MTF{level:.0%} {at:.3g}".replace("%", ""), colour["text"])
            text.setAnchor((-0.05, 0.9) if at < ROOM * drawing.highest else (1.0, 1.1))
            text.setPos(at, level)
            plot.addItem(text, ignoreBounds=True)
        plot.setXRange(-0.02 * drawing.highest, drawing.highest, padding=0)
        plot.setYRange(-0.15, 1.15, padding=0)
        _ticks(plot, 0, 0.5, 1)
        self._below(plot, f"spatial frequency (cycles/{unit})")

    def _below(self, plot: pg.PlotItem, text: str) -> None:
        plot.getAxis("bottom").setHeight(BELOW)
        plot.setLabel("bottom", text, color=colours(self._theme)["quiet"])

    def _curve(self, plot: pg.PlotItem, trace: Trace) -> None:
        pen = pg.mkPen(COLORS[trace.style], width=WIDTHS[trace.style])
        if trace.style == "other":
            pen.setStyle(Qt.PenStyle.DashLine)
        plot.addItem(pg.PlotDataItem(trace.x, trace.y, pen=pen, antialias=True))

    def _bars(self, plot: pg.PlotItem, points: Points | None) -> None:
        if points is None or not points.x.size:
            return
        colour = COLORS["measured"]
        bars: dict[str, Any] = {"x": points.x, "y": points.y, "height": 2 * points.bar}
        plot.addItem(pg.ErrorBarItem(**bars, pen=pg.mkPen(colour, width=1)))
        plot.addItem(pg.ScatterPlotItem(points.x, points.y, size=3.5, pen=None, brush=colour))


def _ticks(plot: pg.PlotItem, *values: float) -> None:
    """Write few numbers at the left axis, rounded to where they can be read."""
    brief = [float(f"{value:.2g}") for value in values]
    plot.getAxis("left").setTicks([[(value, f"{value:g}") for value in brief]])


_NONE = np.zeros(0)
