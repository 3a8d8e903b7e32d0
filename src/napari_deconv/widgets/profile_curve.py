"""One curve of a plot, drawn at a mouse's pace: no more points than pixels, in thin strokes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QPainter, QPainterPath, QPen, QTransform
from qtpy.QtWidgets import QWidget

if TYPE_CHECKING:
    from numpy.typing import NDArray

STROKES = (
    (2.0, ((0.0, -0.7), (0.6, 0.35), (-0.6, 0.35))),
    (1.5, ((-0.3, -0.3), (0.3, 0.3))),
    (0.0, ((0.0, 0.0),)),
)
"""From which width of a pen on a curve is which strokes, each shifted by (x, y) in pixels; three
are about as wide in all directions."""

SPARE = 3.0
"""Pixels around the points that a stroke may cover."""


class Curve(pg.GraphicsObject):  # type: ignore[misc]
    """A curve with a gap wherever a value is not finite.

    Qt draws pens of one pixel more than ten times as fast as wider ones; on the screen a stronger
    curve is two or three of them. Pictures for a file, and finer screens, get the pen as it is.

    Attributes
    ----------
    points : ndarray, (2, n)
        Distances, which rise evenly, and values.
    pen : QPen
    bounds : tuple of float or None
        Least and greatest value; None without a finite one.
    """

    def __init__(self) -> None:
        super().__init__()
        self.points: NDArray[np.float64] = np.empty((2, 0))
        self.bounds: tuple[float, float] | None = None
        self.pen = self._thin = QPen()
        self._strokes: tuple[tuple[float, float], ...] = STROKES[-1][1]
        self._rect: QRectF | None = None
        self._path = QPainterPath()
        self._each = 0

    def setPen(self, pen: QPen) -> None:
        """Take another colour, width and pattern."""
        self.pen, self._thin = pen, QPen(pen)
        self._thin.setWidthF(1.0)
        if pen.style() == Qt.PenStyle.CustomDashLine:  # a pattern is in widths of the pen
            self._thin.setDashPattern([pen.widthF() * part for part in pen.dashPattern()])
        self._strokes = next(places for width, places in STROKES if pen.widthF() >= width)
        self.update()

    def setData(self, distance: NDArray[np.float64], values: NDArray[np.float64]) -> None:
        """Show other points."""
        self.prepareGeometryChange()
        self.points = np.stack([distance, values])
        finite = values[np.isfinite(values)]
        self.bounds = (float(finite.min()), float(finite.max())) if finite.size else None
        self._rect, self._each = None, 0
        self.update()

    def boundingRect(self) -> QRectF:
        """Return what it covers, in the units of the plot; Qt asks over and over."""
        if self._rect is None:
            self._rect = self._covered()
        return self._rect

    def _covered(self) -> QRectF:
        box = self.getViewBox()
        if self.bounds is None or box is None:
            return QRectF()
        (left, right), (bottom, top) = box.viewRange()
        wide = SPARE * (right - left) / max(box.width(), 1.0)
        high = SPARE * (top - bottom) / max(box.height(), 1.0)
        (start, end), (low, most) = self.points[0, [0, -1]], self.bounds
        rect = QRectF(start, low, end - start, most - low)
        return rect.adjusted(-wide, -high, wide, high)

    def viewTransformChanged(self) -> None:
        """Follow another size or range of the plot."""
        self.prepareGeometryChange()
        self._rect = None

    def paint(self, painter: QPainter, option: Any, widget: QWidget | None = None) -> None:
        """Draw it: on a screen in thin strokes, else with its pen."""
        if self.bounds is None:
            return
        self._thin_out()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if widget is None or widget.devicePixelRatioF() != 1:
            painter.setPen(self.pen)
            painter.drawPath(self._path)
            return
        painter.setPen(self._thin)
        here = painter.worldTransform()
        for x, y in self._strokes:
            painter.setWorldTransform(here * QTransform.fromTranslate(x, y))
            painter.drawPath(self._path)
        painter.setWorldTransform(here)

    def _thin_out(self) -> None:
        """Make the path anew if the points or what a pixel holds of them are others."""
        distance, values = self.points
        box = self.getViewBox()
        left, right = box.viewRange()[0]
        share = (right - left) / max(float(distance[-1] - distance[0]), 1e-300)
        each = max(1, int(share * distance.size / max(box.width(), 1.0)))
        if each != self._each:
            self._each = each
            found = extremes(distance, values, each) if each > 1 else (distance, values)
            connect = "all" if np.isfinite(found[1]).all() else "finite"
            self._path = pg.arrayToQPath(*found, connect=connect, finiteCheck=False)


def extremes(
    distance: NDArray[np.float64], values: NDArray[np.float64], each: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the least and the greatest value of every few samples, at their middle.

    Parameters
    ----------
    distance, values : ndarray, (n,)
        The samples; a group with one that is not finite is NaN.
    each : int
        How many make a group; the last group may be smaller.

    Returns
    -------
    distance, values : ndarray, (2 * ceil(n / each),)
    """
    starts = np.arange(0, values.size, each)
    middles = distance[np.minimum(starts + each // 2, values.size - 1)]
    least, most = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    return np.repeat(middles, 2), np.stack([least, most], axis=1).ravel()
