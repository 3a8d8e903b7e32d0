"""A long text gives way where a dock is low: no button beside it is squeezed."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_deconv.widgets.column import Line, Yielding

LONG = "Nothing but noise is left where the result is blurred again. " * 8


@pytest.fixture
def dock(qtbot):
    """Return a dock of a button, a text that yields and another button, and its text."""
    dock = QWidget()
    qtbot.addWidget(dock)
    text = Line("long")
    layout = QVBoxLayout(dock)
    for widget in (QPushButton("Run"), Yielding(text), QPushButton("Map")):
        layout.addWidget(widget)
    layout.addStretch(1)
    dock.resize(300, 600)
    dock.show()
    qtbot.waitExposed(dock)
    return dock, text


def test_all_of_it_is_seen_where_there_is_room(dock, qtbot):
    shown, text = dock
    area = shown.findChild(Yielding)
    text.say(LONG)
    qtbot.waitUntil(lambda: area.height() >= text.heightForWidth(area.width()))
    qtbot.waitUntil(lambda: not area.verticalScrollBar().isVisible())


def test_it_scrolls_where_there_is_none(dock, qtbot):
    shown, text = dock
    text.say(LONG)
    area, button = shown.findChild(Yielding), shown.findChild(QPushButton)
    whole = button.height()
    shown.resize(300, 130)
    qtbot.waitUntil(lambda: area.verticalScrollBar().isVisible())
    assert button.height() == whole


def test_it_takes_no_room_while_it_says_nothing(dock, qtbot):
    shown, text = dock
    area = shown.findChild(Yielding)
    assert area.isHidden()
    text.say(LONG)
    assert not area.isHidden()
    text.say("")
    assert area.isHidden()
