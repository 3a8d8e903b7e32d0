"""Show the figures of all lines and layers as one table, and write them as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from napari_deconv.evidence.reference import format_decibel
from napari_deconv.widgets.profile_cells import LINE, WIDTH, ask_color, width_cells
from napari_deconv.widgets.profile_figures import Row
from napari_deconv.widgets.profile_store import ImageFigures

if TYPE_CHECKING:
    from napari.layers import Image

ABSENT = "–"  # noqa: RUF001 (an en dash is what a table shows for a figure that is not there)

COLUMNS = (
    ("line", "Number of the line, in its colour on the canvas; a double click changes the colour."),
    (
        "width\npx",
        "What the line is averaged over, in pixels of the finest image on it; a double click "
        "changes it.",
    ),
    ("layer", "Layer that the curve is taken from."),
    ("PSNR dB\nprofile", "Of the curve against the reference's, 10 log10(K²/MSE)."),
    ("PSNR dB\nimage", "Of the whole image against the reference, 10 log10(K²/MSE)."),
    ("SSIM\nprofile", "Structural similarity of the curve with the reference's, at every pixel."),
    ("SSIM\nimage", "Structural similarity of the whole image with the reference."),
    (
        "edge\n{unit}",
        "10-90 % width of the line's highest edge. It needs a flat stretch on both sides, half as "
        "long again as the edge, and 25 sigma of noise; a wider line has less noise.",
    ),
    (
        "FWHM\n{unit}",
        "Full width at half maximum of the one dip or peak that stands alone on the line.",
    ),
    (
        "dip\n%",
        "Between two wires: how far apart they are (ISO 19232-5). One dip: its relative depth.",
    ),
    (
        "modulation\n%",
        "(bright - dark) / (bright + dark) of each group of two and a half line pairs or more "
        "along the line, found in reference or input; a dash where this layer does not resolve it.",
    ),
    ("contrast\ngrey", "bright - dark of the same groups, in grey values."),
)

NAME = 2
"""Column of the layer's name."""

WIDEST_NAME = 140
"""Pixels beyond which a layer's name is elided; its tooltip tells the whole."""


class FiguresModel(QAbstractTableModel):
    """The rows of the table; figures change in place, so that a selection stays.

    Attributes
    ----------
    widened : Signal
        Another width was typed for a line: its number and the pixels.
    """

    widened = Signal(int, float)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self._cells: list[tuple[str, ...]] = []
        self._images: Mapping[Image, ImageFigures | None] = {}
        self._unit = "px"

    def set_rows(self, rows: Sequence[Row], unit: str) -> None:
        """Show other figures."""
        other = unit != self._unit
        if len(rows) != len(self._rows):
            self.beginResetModel()
            self._rows, self._unit = list(rows), unit
            self._cells = [self._texts(row) for row in self._rows]
            self.endResetModel()
        else:
            self._rows, self._unit = list(rows), unit
            self._tell()
        if other:
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS) - 1)

    def set_images(self, images: Mapping[Image, ImageFigures | None]) -> None:
        """Show other figures of whole images."""
        self._images = images
        self._tell()

    def records(self) -> list[dict[str, Any]]:
        """Return the rows as plain data, widths in the unit named and ratios in percent."""
        return [self._record(row) for row in self._rows]

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of rows."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return name or meaning of a column."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        name, meaning = COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return name.format(unit=self._unit)
        return meaning if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, colour or explanation of a cell."""
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._cells[index.row()][column]
        if role == Qt.ItemDataRole.EditRole and column == WIDTH:
            return round(row.line.width)
        if role == Qt.ItemDataRole.DecorationRole and column == LINE:
            return QColor(row.line.color)
        if role == Qt.ItemDataRole.TextAlignmentRole and column not in (LINE, NAME):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._explanation(row, column)
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        """Return what can be done with a cell: a line's width is edited."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == WIDTH else flags

    def setData(self, index: QModelIndex, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Take a line's width that was typed."""
        if role != Qt.ItemDataRole.EditRole or index.column() != WIDTH:
            return False
        self.widened.emit(self.line(index.row()), float(value))
        return True

    def line(self, row: int) -> int:
        """Return the number of the line in a row."""
        return self._rows[row].line.number

    def color(self, row: int) -> str:
        """Return the colour of the line in a row."""
        return self._rows[row].line.color

    def _tell(self) -> None:
        """Tell of the columns that hold another text: each is measured and drawn anew."""
        before, self._cells = self._cells, [self._texts(row) for row in self._rows]
        changed = {
            column
            for old, new in zip(before, self._cells, strict=True)
            for column, (one, other) in enumerate(zip(old, new, strict=True))
            if one != other
        }
        for column in {LINE, *changed} if self._rows else ():
            last = self.index(len(self._rows) - 1, column)
            self.dataChanged.emit(self.index(0, column), last)

    def _texts(self, row: Row) -> tuple[str, ...]:
        image = self._images.get(row.layer)
        return (
            str(row.line.number),
            f"{row.line.width:g}",
            row.name,
            ABSENT if row.psnr is None else format_decibel(row.psnr.value),
            ABSENT if image is None else format_decibel(image.psnr.value),
            _similarity(row.ssim),
            ABSENT if image is None else _similarity(image.ssim),
            _digits(row.edge),
            _digits(row.fwhm),
            _percent(row.dip),
            " · ".join(_percent(group.modulation) for group in row.groups) or ABSENT,
            " · ".join(_digits(group.contrast) for group in row.groups) or ABSENT,
        )

    def _explanation(self, row: Row, column: int) -> str:
        image = self._images.get(row.layer)
        if column == NAME:
            return row.name
        if column == 3 and row.psnr is not None:
            return f"Profile: {row.psnr}"
        if column == 4 and image is not None:
            return f"Image: {image.psnr}"
        if column > 9 and row.groups:
            return "\n".join(
                f"{_digits(group.period)} {self._unit} a line pair: "
                f"{_percent(group.modulation)} %, {_digits(group.contrast)} grey values"
                for group in row.groups
            )
        return COLUMNS[column][1]

    def _record(self, row: Row) -> dict[str, Any]:
        image = self._images.get(row.layer)
        ratios = (row.psnr, None if image is None else image.psnr)
        return {
            "line": row.line.number,
            "width_px": row.line.width,
            "layer": row.name,
            "profile_psnr_db": None if row.psnr is None else row.psnr.value,
            "image_psnr_db": None if image is None else image.psnr.value,
            "psnr_k": next((ratio.data_range for ratio in ratios if ratio is not None), None),
            "profile_ssim": row.ssim,
            "image_ssim": None if image is None else image.ssim,
            "edge_10_90": row.edge,
            "fwhm": row.fwhm,
            "unit": self._unit,
            "dip_percent": row.dip,
            "modulation_percent": [group.modulation for group in row.groups],
            "contrast": [group.contrast for group in row.groups],
            "line_pair_period": [group.period for group in row.groups],
        }


class FiguresTable(QTableView):
    """The table; cells are copied with the keyboard, columns fit their contents.

    Attributes
    ----------
    recolored : Signal
        Another colour was chosen for a line: its number and ``#rrggbb``.
    """

    recolored = Signal(int, str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("profile-table")
        self.setAccessibleName("Figures of all lines and layers")
        self.figures = FiguresModel(self)
        self.setModel(self.figures)
        rows, header = self.verticalHeader(), self.horizontalHeader()
        assert rows is not None
        assert header is not None
        rows.hide()
        rows.setDefaultSectionSize(22)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Interactive)
        header.setMinimumSectionSize(34)
        self.figures.modelReset.connect(self._fit_names)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.AnyKeyPressed
        )
        self.setItemDelegateForColumn(WIDTH, width_cells(self))
        self.doubleClicked.connect(self._ask_color)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setWordWrap(False)  # a name that is too long is elided, not broken off after a word
        self.setTabKeyNavigation(False)
        self.setMinimumSize(200, 90)

    @property
    def whole_width(self) -> int:
        """Pixels of width in which no column is cut off."""
        header = self.horizontalHeader()
        assert header is not None
        return header.length() + 2 * self.frameWidth() + 18  # and a scroll bar

    def _fit_names(self) -> None:
        self.setColumnWidth(NAME, min(WIDEST_NAME, max(60, self.sizeHintForColumn(NAME) + 8)))

    def _ask_color(self, index: QModelIndex) -> None:
        if index.column() == LINE:
            color = ask_color(self, self.figures.color(index.row()))
            if color is not None:
                self.recolored.emit(self.figures.line(index.row()), color)


def _digits(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _similarity(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.3f}"


def _percent(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.1f}" if value < 10 else f"{value:.0f}"
