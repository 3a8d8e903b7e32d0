"""Cursors read place and value; two markers are dragged and read a distance and a difference."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QLabel, QPushButton

from .profile_desk import settle


@pytest.fixture
def ramp(profile_dock, qtbot):
    viewer, widget = profile_dock(show=True)
    viewer.window._qt_window.resize(1200, 900)
    ramp = np.tile(10.0 * np.arange(160), (120, 1))
    viewer.add_image(ramp, name="ramp", scale=(0.1, 0.1), units=("mm", "mm"))
    world = 1.0 if str(viewer.dims.units[-1]) == "millimeter" else 1000.0
    widget.add_line((6 * world, 2 * world), (6 * world, 14 * world))
    settle(qtbot, widget)
    qtbot.wait(200)
    return viewer, widget


def readout(widget):
    return widget.findChild(QLabel, "profile-readout").text().replace("&nbsp;", " ")


def on_plot(widget, x, y):
    """Return where a point of the first plot is on the viewport of all plots."""
    box = widget._plots.plots[0].getViewBox()
    scene = box.mapViewToScene(QPointF(x, y))
    return widget._plots.canvas.mapFromScene(scene)


def test_the_mouse_reads_place_and_value(ramp, qtbot):
    _, widget = ramp
    heard = []
    widget._plots.hovered.connect(lambda number, x: heard.append((number, x)))
    assert "Point at a curve" in readout(widget)
    port = widget._plots.canvas.viewport()
    QTest.mouseMove(port, on_plot(widget, 5.0, 700))
    qtbot.waitUntil(lambda: bool(heard), timeout=3000)
    number, x = heard[-1]
    assert number == 1
    assert x == pytest.approx(5.0, abs=0.2)
    text = readout(widget)
    assert f"{x:.4g} mm (y 6, x {2 + x:.4g})" in text
    # 10 grey values a pixel, from pixel 20 on
    value = float(text.split("ramp</span> ")[1].split()[0])
    assert value == pytest.approx(10 * (20 + 10 * x), abs=1)
    QApplication.sendEvent(port, QEvent(QEvent.Type.Leave))
    assert "Point at a curve" in readout(widget)


def test_markers_are_dragged(ramp, qtbot):
    _, widget = ramp
    widget.findChild(QPushButton, "profile-markers").click()
    qtbot.wait(100)
    markers = widget._plots._plots[0].markers
    a, b = markers.places
    assert (a, b) == (pytest.approx(3.6), pytest.approx(8.4))
    assert "distance 4.8 mm" in readout(widget)
    assert "ramp</span> 560 → 1040 (Δ 480)" in readout(widget)
    port = widget._plots.canvas.viewport()
    start, end = on_plot(widget, b, 500), on_plot(widget, 10.6, 500)
    QTest.mouseMove(port, start)
    QTest.mousePress(port, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    for share in np.linspace(0, 1, 12):
        point = start + (end - start) * float(share)
        QTest.mouseMove(port, QPoint(point.x(), point.y()))
        qtbot.wait(15)
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, end)
    assert markers.places[0] == pytest.approx(3.6)
    assert markers.places[1] == pytest.approx(10.6, abs=0.3)
    assert f"distance {markers.places[1] - 3.6:.4g} mm" in readout(widget)


def test_markers_stay_when_theme_or_differences_change(ramp, qtbot):
    viewer, widget = ramp
    widget.findChild(QPushButton, "profile-markers").click()
    widget._plots._plots[0].markers.put((1.0, 2.5))
    viewer.theme = "light"
    settle(qtbot, widget)
    widget.findChild(QPushButton, "profile-difference").click()
    settle(qtbot, widget)
    assert widget._plots._plots[0].markers.places == (1.0, 2.5)
    assert "distance 1.5 mm" in readout(widget)
    widget.findChild(QPushButton, "profile-markers").click()
    assert "Point at a curve" in readout(widget)
