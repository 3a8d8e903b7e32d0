"""Fields of a dock are turned by whoever means to: not by scrolling, not by a held key."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication, QComboBox, QSpinBox

from napari_deconv.widgets.before_after import KEY


@pytest.fixture
def shown(desk: Any) -> Any:
    """Return the desk on the screen: what is made later is laid out only there."""
    desk.viewer.window._qt_window.show()
    return desk


def said(field: Any) -> str:
    return str(field.text() if isinstance(field, QSpinBox) else field.currentText())


def turn(field: Any) -> None:
    """Turn the wheel by one notch over a field."""
    down = QWheelEvent(
        QPointF(5, 5),
        QPointF(field.mapToGlobal(QPoint(5, 5))),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(field, down)


def test_the_key_passes_a_list_that_has_the_focus(shown: Any, qtbot: Any) -> None:
    desk = shown
    desk.viewer.add_image(np.ones((96, 128)), name="haze", visible=False)
    desk.use("tgv")  # its own fields are made only now
    desk.use("tikhonov")
    result = desk.run_to_end()
    scan, panel = desk.layers["scan"], desk.dock.panel
    menus = [menu for menu in panel.findChildren(QComboBox) if menu.count() > 1]
    assert len(menus) > 6
    for menu in menus:
        chosen = menu.currentIndex()
        qtbot.keyPress(menu, KEY)
        assert menu.currentIndex() == chosen, menu.objectName()
        assert (scan.visible, result.visible) == (True, False), menu.objectName()
        qtbot.keyRelease(menu, KEY)
        assert result.visible, menu.objectName()


def test_the_wheel_turns_no_field_that_it_scrolls_over(shown: Any) -> None:
    desk = shown
    for method in ("wavelet", "tgv"):
        desk.use(method)  # fields of a method are made when it is first chosen
        desk.qtbot.wait(20)
        panel = desk.dock.panel
        fields = [f for kind in (QSpinBox, QComboBox) for f in panel.findChildren(kind)]
        before = [said(field) for field in fields]
        for field in fields:
            turn(field)
        assert [said(field) for field in fields] == before
