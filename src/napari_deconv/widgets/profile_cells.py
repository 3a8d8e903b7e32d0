"""Cells of the figures' table that are edited: a line's width and its colour."""

from __future__ import annotations

from qtpy.QtCore import QModelIndex
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QColorDialog,
    QSpinBox,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from napari_deconv.widgets.profile_widths import NARROWEST, WIDEST

LINE, WIDTH = 0, 1
"""Columns."""


class WidthCells(QStyledItemDelegate):
    """Edits a line's width in a spin box."""

    def createEditor(
        self, parent: QWidget | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> QWidget | None:
        """Return the spin box, as wide as a number of three digits needs."""
        box = QSpinBox(parent)
        box.setObjectName("profile-line-width")
        box.setAccessibleName("Width of this line in pixels")
        box.setRange(NARROWEST, WIDEST)
        box.setMinimumWidth(76)
        return box


def width_cells(parent: QWidget) -> WidthCells:
    """Return what edits the widths in a table."""
    return WidthCells(parent)


def ask_color(parent: QWidget, color: str) -> str | None:
    """Return the colour that the user chooses in place of one, or None."""
    chosen = QColorDialog.getColor(QColor(color), parent, "Colour of the line")
    return chosen.name() if chosen.isValid() else None
