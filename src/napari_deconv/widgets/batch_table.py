"""The scans of a batch, a row each: what they are, and how far they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from napari_deconv.widgets.batch_plan import Planned

HEADINGS = ("Scan", "Slices", "State")
ROW_HEIGHT = 22
"""Pixels of a row."""


class BatchTable(QTableWidget):
    """A table that files and folders can be dropped on.

    Attributes
    ----------
    changed : Signal
        Scans were added or taken out.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__(0, len(HEADINGS))
        self.setObjectName("scans")
        self.setAccessibleName("scans")
        self.setToolTip("Files and folders to restore; drop them here.")
        self.setHorizontalHeaderLabels(HEADINGS)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAcceptDrops(True)
        self.setMinimumHeight(ROW_HEIGHT * 6)
        self.setWordWrap(False)
        if (rows := self.verticalHeader()) is not None:
            rows.hide()
            rows.setDefaultSectionSize(ROW_HEIGHT)
        if (columns := self.horizontalHeader()) is not None:
            columns.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            columns.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self._paths: list[Path] = []
        self._ran: set[int] = set()

    @property
    def paths(self) -> list[Path]:
        """The scans; setting them replaces all."""
        return list(self._paths)

    @paths.setter
    def paths(self, paths: Sequence[Path]) -> None:
        self._paths, self._ran = list(dict.fromkeys(paths)), set()
        self.setRowCount(len(self._paths))
        for row, path in enumerate(self._paths):
            self._put(row, 0, path.name, str(path))
            self._put(row, 1, "")
            self._put(row, 2, "")
        self.changed.emit()

    def add(self, paths: Sequence[Path]) -> None:
        """Add scans that are not there yet."""
        self.paths = [*self._paths, *paths]

    def remove_selected(self) -> None:
        """Take the selected scans out."""
        gone = {index.row() for index in self.selectedIndexes()}
        self.paths = [path for row, path in enumerate(self._paths) if row not in gone]

    def show_plan(self, scans: Sequence[Planned]) -> None:
        """Say of each scan what it is; what a run said of one stays."""
        for row, scan in enumerate(scans):
            if row >= self.rowCount() or self._paths[row] != scan.source:
                return
            self._put(row, 1, f"{scan.shape[0]}" if scan.shape else "")
            done = f"{scan.done} of {scan.shape[0]} slices done" if scan.done else "waits"
            if row not in self._ran:
                self._put(row, 2, scan.problem or done, scan.problem)

    def say(self, row: int, text: str) -> None:
        """Say how far a run is with a scan."""
        self._ran.add(row)
        self._put(row, 2, text, text)

    def forget(self) -> None:
        """Let a plan speak again where a run did."""
        self._ran.clear()

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        """Take files."""
        _take(event)

    def dragMoveEvent(self, event: Any) -> None:
        """Take files anywhere on the table."""
        _take(event)

    def dropEvent(self, event: QDropEvent | None) -> None:
        """Add what was dropped."""
        data = None if event is None else event.mimeData()
        if event is None or data is None or not self.isEnabled():
            return
        self.add([Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()])
        event.acceptProposedAction()

    def _put(self, row: int, column: int, text: str, tip: str = "") -> None:
        item = QTableWidgetItem(text)
        item.setToolTip(tip)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        self.setItem(row, column, item)


def _take(event: Any) -> None:
    if event is not None and event.mimeData().hasUrls():
        event.acceptProposedAction()
