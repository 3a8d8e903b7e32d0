"""Which slices of a stack are restored: the one on display, or all of them from there on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QVBoxLayout, QWidget

from napari_deconv.widgets.burst_source import BurstSource
from napari_deconv.widgets.column import Column, shrinking
from napari_deconv.widgets.stack_source import StackSource

if TYPE_CHECKING:
    from napari_deconv.widgets.source import Source

ONE = "only the one on display"


class SlicesChoice(QWidget):
    """A list of two ways, which takes no room over a plain image or a burst.

    Attributes
    ----------
    changed : Signal
        The other way was chosen.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.menu = shrinking(QComboBox())
        self.menu.setObjectName("slices")
        self.menu.setAccessibleName("slices")
        self.menu.setToolTip(
            "Of all slices the one on display comes first, and wherever you move the slider; "
            "Stop keeps what is done, Run goes on. A scan too large for that: the Batch dock."
        )
        self.menu.addItems([ONE, "all"])
        self.menu.activated.connect(self._tell)
        column = Column()
        column.row("Slices", self.menu)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(column)
        self.hide()

    @property
    def all(self) -> bool:
        """Whether all slices are wanted; setting it is the user's choice."""
        return self.menu.currentIndex() == 1

    @all.setter
    def all(self, wanted: bool) -> None:
        self.menu.setCurrentIndex(int(wanted))
        self._tell()

    def look(self, source: Source | None) -> None:
        """Offer the choice where there are several slices."""
        stack = source is not None and not isinstance(source, BurstSource)
        stack = stack and source is not None and bool(source.slice_index)
        self.setVisible(stack)
        if stack and source is not None:
            self.menu.setItemText(1, f"all {StackSource.around(source).count}, this one first")

    def of(self, source: Source) -> Source:
        """Return the plane on display, or the stack that it is part of."""
        if not self.all or isinstance(source, BurstSource) or not source.slice_index:
            return source
        return StackSource.around(source)

    def _tell(self) -> None:
        self.changed.emit()
