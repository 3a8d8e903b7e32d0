"""The table of a comparison: a row each picture, sorted by a click on what it is judged by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt, Signal
from qtpy.QtGui import QFont
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from napari_deconv.appraisal import record
from napari_deconv.evidence.reference import format_decibel
from napari_deconv.evidence.residual import ResidualCheck
from napari_deconv.widgets.profile_table import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.layers import Image

    from napari_deconv.appraisal import Outcome
    from napari_deconv.evidence.edges import Edge

SORT = Qt.ItemDataRole.UserRole
"""Role under which a cell gives the number that it is sorted by; None where it has none."""


@dataclass(frozen=True, eq=False)
class Row:
    """A picture in the table.

    Attributes
    ----------
    outcome : Outcome
    layer : Image or None
        None if it was refused.
    edge : Edge or None
    data : bool
        Whether it is the data, not a result.
    """

    outcome: Outcome
    layer: Image | None
    edge: Edge | None = None
    data: bool = False


def _psnr(row: Row) -> float | None:
    psnr = row.outcome.figures.psnr
    return None if psnr is None else psnr.value


def _edge(row: Row) -> float | None:
    return None if row.edge is None else row.edge.width


def _digits(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


@dataclass(frozen=True)
class Column:
    """What a column shows.

    Attributes
    ----------
    title : str
        With a place for the unit of lengths.
    meaning : str
        Its tooltip.
    value : callable
        Takes a row and returns a number or None.
    text : callable
        Takes the number and returns what is shown.
    best : callable or None
        Picks the best of several numbers; None where there is no best.
    width : int
        Pixels; the names take what is left.
    """

    title: str
    meaning: str
    value: Callable[[Row], float | None]
    text: Callable[[float], str] = _digits
    best: Callable[[list[float]], float] | None = None
    width: int = 48


COLUMNS = (
    Column("PSNR\ndB", "Against the reference, 10 log10(K²/MSE).", _psnr, format_decibel, max, 52),
    Column(
        "SSIM",
        "Structural similarity to the reference; 1 for equal pictures.",
        lambda row: row.outcome.figures.ssim,
        lambda value: f"{value:.3f}",
        max,
    ),
    Column(
        "χ²",
        "Reduced chi-square of the picture, blurred again, against the data: about 1 where only "
        "noise is left, much more where it contradicts them. ✓ if it agrees.",
        lambda row: row.outcome.figures.chi2,
        lambda value: f"{value:.2f}" if value < 100 else f"{value:.3g}",
        width=54,
    ),
    Column(
        "edge\n{unit}",
        "10-90 % width of the edge under the first line of Profiles that lies over one.",
        _edge,
        _digits,
        min,
    ),
    Column(
        "noise",
        "Deviation in flat areas, in grey values: how restless flat parts look. Low noise alone "
        "is no merit: a blur has it too.",
        lambda row: row.outcome.figures.noise,
        lambda value: f"{value:.2g}" if value < 100 else f"{value:.0f}",
        width=56,
    ),
    Column(
        "s",
        "Seconds for strength and picture; at x1/3 and x3 for the picture alone.",
        lambda row: row.outcome.figures.seconds,
        lambda value: f"{value:.1f}" if value < 10 else f"{value:.0f}",
        min,
        width=36,
    ),
)


class CompareModel(QAbstractTableModel):
    """The rows as they came."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []
        self._unit = "px"

    def clear(self) -> None:
        """Show nothing."""
        self.beginResetModel()
        self.rows = []
        self.endResetModel()

    def add(self, row: Row) -> None:
        """Add a row at the end."""
        self.beginInsertRows(QModelIndex(), len(self.rows), len(self.rows))
        self.rows.append(row)
        self.endInsertRows()
        self._tell()

    def drop(self, layer: Any) -> None:
        """Take away the row of a layer that is gone."""
        for index, row in enumerate(self.rows):
            if row.layer is layer:
                self.beginRemoveRows(QModelIndex(), index, index)
                del self.rows[index]
                self.endRemoveRows()
                return

    def rename_data(self) -> None:
        """Call the data as their layer is called now."""
        self.rows = [
            replace(row, outcome=replace(row.outcome, label=row.layer.name))
            if row.data and row.layer is not None
            else row
            for row in self.rows
        ]
        self._tell()

    def set_edges(self, edges: Sequence[Edge | None], unit: str) -> None:
        """Show other edge widths, one a row."""
        self.rows = [replace(row, edge=edge) for row, edge in zip(self.rows, edges, strict=True)]
        self._unit = unit
        self._tell()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS))

    def records(self) -> list[dict[str, Any]]:
        """Return the rows as plain data."""
        return [record(row.outcome, row.edge, self._unit) for row in self.rows]

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of rows."""
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of columns: the name, and what it is judged by."""
        return 0 if parent is not None and parent.isValid() else 1 + len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return name or meaning of a column."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if section == 0:
            return "picture" if role == Qt.ItemDataRole.DisplayRole else None
        column = COLUMNS[section - 1]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title.format(unit=self._unit)
        return f"{column.meaning} Click to sort." if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, number, look or explanation of a cell."""
        row, section = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, section)
        if role == SORT:
            return row.outcome.label if section == 0 else COLUMNS[section - 1].value(row)
        if role == Qt.ItemDataRole.TextAlignmentRole and section:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.FontRole:
            return self._font(row, section)
        return _explanation(row, section) if role == Qt.ItemDataRole.ToolTipRole else None

    def _text(self, row: Row, section: int) -> str:
        if section == 0:
            return row.outcome.label
        if row.outcome.complaint:
            return "refused" if section == 1 else ""
        column = COLUMNS[section - 1]
        value = column.value(row)
        check = row.outcome.figures.check
        agrees = isinstance(check, ResidualCheck) and check.agrees
        mark = " ✓" if column.title == COLUMNS[2].title and agrees else ""
        return ABSENT if value is None else column.text(value) + mark

    def _font(self, row: Row, section: int) -> QFont | None:
        font = QFont()
        if row.data or row.outcome.complaint:
            font.setItalic(True)
        elif section and self._is_best(row, COLUMNS[section - 1]):
            font.setBold(True)
        else:
            return None
        return font

    def _is_best(self, row: Row, column: Column) -> bool:
        value = column.value(row)
        if column.best is None or value is None:
            return False
        rivals = [column.value(one) for one in self.rows if not one.data]
        return value == column.best([rival for rival in rivals if rival is not None])

    def _tell(self) -> None:
        if self.rows:
            last = self.index(len(self.rows) - 1, len(COLUMNS))
            self.dataChanged.emit(self.index(0, 0), last)


class _Order(QSortFilterProxyModel):
    """Sorts by numbers; what has none stays at the end, whichever way."""

    def lessThan(self, one: QModelIndex, other: QModelIndex) -> bool:
        values = one.data(SORT), other.data(SORT)
        if None in values:
            last_is_other = values[0] is not None
            falling = self.sortOrder() == Qt.SortOrder.DescendingOrder
            return last_is_other != falling if values != (None, None) else False
        return bool(values[0] < values[1])


class CompareTable(QTableView):
    """The table.

    Attributes
    ----------
    picked : Signal(object)
        A row was clicked, or reached by the keyboard: a `Row`.
    """

    picked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("compare_table")
        self.setAccessibleName("Pictures that are compared, and their measures")
        self.figures = CompareModel(self)
        self._order = _Order(self)
        self._order.setSourceModel(self.figures)
        self._order.setDynamicSortFilter(True)
        self.setModel(self._order)
        rows, header = self.verticalHeader(), self.horizontalHeader()
        assert rows is not None
        assert header is not None
        rows.hide()
        rows.setDefaultSectionSize(22)
        header.setMinimumSectionSize(26)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for section, column in enumerate(COLUMNS, start=1):
            header.resizeSection(section, column.width)
        header.setStyleSheet("QHeaderView::section { padding: 2px 1px; }")  # room for the figures
        self._sorted_by = 1
        header.setSortIndicator(1, Qt.SortOrder.DescendingOrder)  # the best PSNR first
        self.setSortingEnabled(True)
        header.sortIndicatorChanged.connect(self._turn)  # after the table's own sorting
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setMinimumSize(200, 96)
        selection = self.selectionModel()
        assert selection is not None
        selection.currentRowChanged.connect(self._pick)

    @property
    def order(self) -> list[Row]:
        """The rows as they are sorted now."""
        places = [self._order.index(i, 0) for i in range(self._order.rowCount())]
        return [self.figures.rows[self._order.mapToSource(place).row()] for place in places]

    @property
    def current(self) -> Row | None:
        """The row that is selected."""
        place = self.currentIndex()
        if not place.isValid():
            return None
        return self.figures.rows[self._order.mapToSource(place).row()]

    def _turn(self, section: int, order: Qt.SortOrder) -> None:
        """Let the first click on a column show its best first, where more is better."""
        new, self._sorted_by = section != self._sorted_by, section
        more_is_better = section > 0 and COLUMNS[section - 1].best is max
        header = self.horizontalHeader()
        if new and more_is_better and order == Qt.SortOrder.AscendingOrder and header is not None:
            header.setSortIndicator(section, Qt.SortOrder.DescendingOrder)

    def _pick(self, now: QModelIndex, before: QModelIndex) -> None:
        if now.isValid():
            self.picked.emit(self.figures.rows[self._order.mapToSource(now).row()])


def _explanation(row: Row, section: int) -> str:
    """Return what the pointer is told over a cell."""
    outcome = row.outcome
    if outcome.complaint:
        return outcome.complaint
    figures = outcome.figures
    if section == 1 and figures.psnr is not None:
        return str(figures.psnr)
    if section == 3 and figures.check is not None:
        return str(figures.check)
    if section == 0:
        return "\n".join((outcome.label, record(outcome)["strength"], *outcome.notes)).strip()
    return COLUMNS[section - 1].meaning
