"""Cursors in the plot of a line: one follows the mouse, two are dragged to measure between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor

from napari_deconv.widgets.profile_style import Theme

FIRST = (0.3, 0.7)
"""Where the markers stand at first, as shares of the line's length."""

NAMES = ("A", "B")


class Cursor:
    """A vertical line under the mouse.

    Parameters
    ----------
    item : pyqtgraph.PlotItem
        The plot.
    theme : Theme
        napari's colours.
    """

    def __init__(self, item: pg.PlotItem, theme: Theme) -> None:
        self._item = item
        pen = pg.mkPen(QColor(theme.quiet), width=1)
        self._lines = [pg.InfiniteLine(angle=angle, pen=pen) for angle in (90, 0)]
        for line in self._lines:
            line.setZValue(50)
            line.hide()
            item.addItem(line, ignoreBounds=True)

    def at(self, scene: QPointF) -> tuple[float, float] | None:
        """Return distance and grey value under a point of the scene; None outside the plot."""
        box = self._item.getViewBox()
        if not box.sceneBoundingRect().contains(scene):
            return None
        point = box.mapSceneToView(scene)
        return point.x(), point.y()

    def show(self, x: float, y: float) -> None:
        """Cross the plot at a point."""
        for line, value in zip(self._lines, (x, y), strict=True):
            line.setValue(value)
            line.show()

    def hide(self) -> None:
        """Take the cross away."""
        for line in self._lines:
            line.hide()


class Markers:
    """Two vertical lines, A and B, that are dragged.

    Parameters
    ----------
    item : pyqtgraph.PlotItem
        The plot.
    theme : Theme
        napari's colours.
    moved : callable
        Called while one of them is dragged.
    """

    def __init__(self, item: pg.PlotItem, theme: Theme, moved: Callable[[], None]) -> None:
        self._length = 0.0
        self._lines: list[Any] = []
        for name in NAMES:
            line = pg.InfiniteLine(
                angle=90,
                movable=True,
                pen=pg.mkPen(QColor(theme.text), width=1, style=Qt.PenStyle.DashDotLine),
                hoverPen=pg.mkPen(QColor(theme.text), width=3),
                label=name,
                labelOpts={"position": 0.93, "color": theme.text, "fill": theme.background},
            )
            line.setZValue(60)
            line.hide()
            line.sigDragged.connect(moved)
            item.addItem(line, ignoreBounds=True)
            self._lines.append(line)

    @property
    def places(self) -> tuple[float, float]:
        """Distances of A and B from the start of the line, in the unit shown."""
        a, b = (float(line.value()) for line in self._lines)
        return a, b

    def put(self, places: tuple[float, float]) -> None:
        """Put A and B somewhere."""
        for line, place in zip(self._lines, places, strict=True):
            line.setValue(place)

    def show(self, visible: bool) -> None:
        """Show or hide both."""
        for line in self._lines:
            line.setVisible(visible)

    def fit(self, length: float) -> None:
        """Keep both on the line: a new one has them at its thirds."""
        if length == self._length:
            return
        if self._length == 0.0 and length > 0:
            self.put((FIRST[0] * length, FIRST[1] * length))
        self._length = length
        for line in self._lines:
            line.setBounds((0.0, length))


def value_at(distance: np.ndarray[Any, Any], values: np.ndarray[Any, Any], x: float) -> float:
    """Return a curve's value at a distance, between its samples; NaN beyond its ends.

    Parameters
    ----------
    distance, values : ndarray, (n,)
        The curve.
    x : float
        In the unit of the distances.
    """
    return float(np.interp(x, distance, values, left=np.nan, right=np.nan))
