"""The live plot of objective and PSNR against the iteration."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_deconv.widgets.tone import colours

HEIGHT = 150
TOP = 8
"""Pixels above the plot, so that the number at the top of an axis is whole."""
OBJECTIVE, PSNR = "#d99c3a", "#4f94e8"
"""Colours that can be read on the backgrounds of both themes."""


class ConvergencePlot(QWidget):
    """Objective on the left axis; PSNR on the right one, if there is a reference."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("convergence")
        self.setAccessibleName("objective and PSNR against the iteration")
        self._points: list[tuple[int, float, float | None]] = []
        self._plot = pg.PlotWidget(self, enableMenu=False)
        item = self._plot.getPlotItem()
        # Made even if it is never shown; it must end with the dock, and stay a window of its own.
        item.ctrlMenu.setParent(self, Qt.WindowType.Popup)
        self._axes = {name: item.getAxis(name) for name in ("left", "bottom", "right")}
        for axis in self._axes.values():
            axis.enableAutoSIPrefix(False)
        item.hideButtons()
        item.setContentsMargins(0, TOP, 0, 0)
        self._plot.setMouseEnabled(x=False, y=False)
        self._objective = item.plot()
        self._right = pg.ViewBox(enableMenu=False, enableMouse=False)
        self._psnr = pg.PlotDataItem()
        self._right.addItem(self._psnr)
        item.scene().addItem(self._right)
        self._axes["right"].linkToView(self._right)
        self._right.setXLink(item.getViewBox())
        item.getViewBox().sigResized.connect(self._align)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        self.setFixedHeight(HEIGHT)
        self.hide()

    @property
    def points(self) -> list[tuple[int, float, float | None]]:
        """What is drawn: iteration, objective, PSNR in dB (None without a reference)."""
        return list(self._points)

    def paint(self, theme: str) -> None:
        """Use the colours of a napari theme."""
        colour = colours(theme)
        self._plot.setBackground(colour["background"])
        for name, axis in self._axes.items():
            axis.setPen(colour["quiet"])
            axis.setTextPen({"left": OBJECTIVE, "right": PSNR}.get(name, colour["quiet"]))
        self._axes["bottom"].setLabel("iteration")
        self._axes["left"].setLabel("objective")
        self._axes["right"].setLabel("PSNR (dB)")

    def begin(self, total: int, *, with_psnr: bool) -> None:
        """Start anew; a method of one step has no curve, so nothing is shown for it."""
        self._points.clear()
        item = self._plot.getPlotItem()
        item.showAxis("right", with_psnr)
        item.setXRange(0, total, padding=0.02)
        self._draw()
        self.setVisible(total > 1)

    def add(self, iteration: int, objective: float, psnr: float | None) -> None:
        """Add a point to the curves."""
        self._points.append((iteration, objective, psnr))
        self._draw()

    def _draw(self) -> None:
        x = [point[0] for point in self._points]
        self._curve(self._objective, OBJECTIVE, x, [point[1] for point in self._points])
        known = [(point[0], point[2]) for point in self._points if point[2] is not None]
        self._curve(self._psnr, PSNR, [k[0] for k in known], [k[1] for k in known])
        self._right.enableAutoRange(axis="y")

    def _curve(self, curve: Any, colour: str, x: list[int], y: list[float]) -> None:
        symbol = "o" if len(x) == 1 else None
        curve.setData(x, y, pen=pg.mkPen(colour, width=2), symbol=symbol, symbolBrush=colour)

    def _align(self) -> None:
        """Lay the right axis' view over the left one's."""
        self._right.setGeometry(self._plot.getPlotItem().getViewBox().sceneBoundingRect())
