"""Names and tooltips of widgets: for tests, screen readers, and whoever hovers over them."""

from __future__ import annotations

from qtpy.QtWidgets import QPushButton, QWidget


def name_widget(widget: QWidget, name: str, tip: str) -> None:
    """Give a widget its object name, the same as its spoken name, and a tooltip."""
    widget.setObjectName(name)
    widget.setAccessibleName(name.replace("_", " "))
    widget.setToolTip(tip)


def push_button(text: str, name: str, tip: str) -> QPushButton:
    """Return a button whose spoken name is its text."""
    made = QPushButton(text)
    name_widget(made, name, tip)
    made.setAccessibleName(text.removesuffix("…"))
    return made
