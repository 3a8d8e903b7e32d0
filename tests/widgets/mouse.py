"""The mouse of a user who draws on napari's canvas."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

LEFT = Qt.MouseButton.LeftButton
NO_KEY = Qt.KeyboardModifier.NoModifier


def on_canvas(viewer: Any, world: Any) -> QPoint:
    size = np.array(viewer.window._qt_viewer.canvas.size, float)
    camera = viewer.scene.camera
    y, x = (np.asarray(world) - camera.center[-2:]) * camera.zoom + size / 2
    return QPoint(round(x), round(y))


def mouse(viewer: Any, what: str, world: Any) -> None:
    """Press, move, release, click or double-click the mouse at a place (y, x) of the world."""
    canvas = viewer.window._qt_viewer.canvas.native
    if what == "move":
        QTest.mouseMove(canvas, on_canvas(viewer, world))
        return
    act = {
        "press": QTest.mousePress,
        "release": QTest.mouseRelease,
        "click": QTest.mouseClick,
        "double": QTest.mouseDClick,
    }[what]
    act(canvas, LEFT, NO_KEY, on_canvas(viewer, world))


def drag(viewer: Any, start: Any, end: Any) -> None:
    """Drag on the canvas between two places of the world."""
    mouse(viewer, "press", start)
    for share in (0.3, 0.7, 1.0):
        mouse(viewer, "move", np.asarray(start) + share * np.subtract(end, start))
        QApplication.processEvents()
    mouse(viewer, "release", end)
    QApplication.processEvents()
