"""The line of a swipe: dragged by the mouse, or moved by the arrow keys."""

from __future__ import annotations

from qtpy.QtCore import QPointF, Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QWidget

WIDTH = 22
"""Pixels of the screen across which the line can be taken hold of."""
GRIP = 9.0
"""Radius of the knob in its middle."""
KEY_STEP = 0.02
"""Part of the canvas' width by which an arrow key moves the line."""


class SwipeLine(QWidget):
    """A vertical line with a knob, over the canvas.

    Attributes
    ----------
    dragged : Signal(float)
        Where it is wanted, in pixels from the left of the canvas.
    """

    dragged = Signal(float)

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._offset: float | None = None
        self.setObjectName("swipe_line")
        self.setAccessibleName("Line between before and after")
        self.setToolTip("Drag, or use the arrow keys: before on the left, after on the right.")
        self.setCursor(Qt.CursorShape.SplitHCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def place(self, x: int, height: int) -> None:
        """Put the line at a distance from the left of the canvas, over all its height."""
        self.setGeometry(x - WIDTH // 2, 0, WIDTH, height)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw a white line with a dark rim, and a knob with two arrows."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle, centre = WIDTH / 2, self.height() / 2
        for colour, width in (("#000000", 4), ("#ffffff", 2)):
            painter.setPen(QPen(QColor(colour), width))
            painter.drawLine(QPointF(middle, 0), QPointF(middle, self.height()))
        painter.setPen(QPen(QColor("#4da3ff" if self.hasFocus() else "#000000"), 1.5))
        painter.setBrush(QColor("#ffffff"))
        painter.drawEllipse(QPointF(middle, centre), GRIP, GRIP)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("#222222"))
        for way in (-1, 1):
            tip, back = middle + way * 6.5, middle + way * 2
            points = [QPointF(tip, centre), QPointF(back, centre - 4), QPointF(back, centre + 4)]
            painter.drawPolygon(QPolygonF(points))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Take hold of the line."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self._offset = event.position().x() - WIDTH / 2
            event.accept()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Let the line follow the mouse."""
        if event is not None and self._offset is not None:
            self.dragged.emit(self.x() + event.position().x() - self._offset)
            event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Let go of the line."""
        self._offset = None

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Move the line by an arrow key, or to an end."""
        canvas = self.parentWidget()
        if event is None or canvas is None:
            return
        step = KEY_STEP * canvas.width()
        now = self.x() + WIDTH / 2
        places = {
            Qt.Key.Key_Left: now - step,
            Qt.Key.Key_Right: now + step,
            Qt.Key.Key_Home: 0.0,
            Qt.Key.Key_End: float(canvas.width()),
        }
        where = places.get(Qt.Key(event.key()))
        if where is None:
            super().keyPressEvent(event)
        else:
            self.dragged.emit(where)
