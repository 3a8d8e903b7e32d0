"""The table of the Measures dock: a row for each shape, a column for each visible image."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from napari_deconv.widgets.measure_task import Results
from napari_deconv.widgets.measure_words import cell, heading, tooltip
from napari_deconv.widgets.profile_style import LayerColors, Theme

HEIGHT, MOST = 90, 260
"""Pixels of its height at least and at most; between them it shows all rows."""
WIDEST = 128
"""Pixels beyond which a name or a row of figures is elided; its tooltip tells the whole."""


class MeasureTable(QTableWidget):
    """Shows results; one row is chosen.

    Attributes
    ----------
    chosen : Signal
        A row was clicked; its number from 0.
    """

    chosen = Signal(int)

    def __init__(self, colors: LayerColors) -> None:
        super().__init__()
        self.setObjectName("measure_table")
        self.setAccessibleName("figures of all shapes in all visible images")
        self._colors, self._theme = colors, Theme.named("dark")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        rows = self.verticalHeader()
        if rows is not None:
            rows.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.cellClicked.connect(lambda row, column: self.chosen.emit(row))
        self.hide()

    def paint(self, theme: Theme) -> None:
        """Use the colours of a napari theme."""
        self._theme = theme

    def show_results(self, results: Results, row: int) -> None:
        """Show figures, and which row is chosen."""
        self.setVisible(bool(results.drawn))
        self.setRowCount(len(results.drawn))
        self.setColumnCount(1 + len(results.planes))
        self.setHorizontalHeaderItem(0, QTableWidgetItem("measure"))
        for column, plane in enumerate(results.planes, 1):
            head = QTableWidgetItem(plane.name)
            head.setForeground(QColor(self._colors.color(plane, self._theme)))
            head.setToolTip(plane.name)
            self.setHorizontalHeaderItem(column, head)
        for index, drawn in enumerate(results.drawn):
            self.setVerticalHeaderItem(index, QTableWidgetItem(str(drawn.number)))
            self._put(index, 0, heading(results, index), "")
            for column, answer in enumerate(results.answers[index], 1):
                self._put(index, column, cell(answer, drawn.kind), tooltip(answer))
        self._fit()
        if results.drawn:
            self.selectRow(min(row, len(results.drawn) - 1))

    def texts(self) -> list[list[str]]:
        """Return what the cells say, row by row."""
        return [
            [self.item(row, column).text() for column in range(self.columnCount())]  # type: ignore[union-attr]
            for row in range(self.rowCount())
        ]

    def _put(self, row: int, column: int, text: str, tip: str) -> None:
        item = QTableWidgetItem(text)
        item.setToolTip(tip)
        if column:
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setItem(row, column, item)

    def _fit(self) -> None:
        self.resizeColumnsToContents()
        for column in range(1, self.columnCount()):
            self.setColumnWidth(column, min(self.columnWidth(column), WIDEST))
        self.resizeRowsToContents()
        header, bar = self.horizontalHeader(), self.horizontalScrollBar()
        assert header is not None
        assert bar is not None
        needed = header.sizeHint().height() + 2 * self.frameWidth() + bar.sizeHint().height()
        needed += sum(self.rowHeight(row) for row in range(self.rowCount()))
        self.setFixedHeight(min(max(needed, HEIGHT), MOST))
