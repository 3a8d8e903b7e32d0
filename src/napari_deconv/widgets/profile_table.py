"""Show the figures of all lines and layers as one table, and write them as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from napari_deconv.evidence.reference import Psnr, format_decibel
from napari_deconv.widgets.profile_figures import Curves, Row

if TYPE_CHECKING:
    from napari.layers import Image

ABSENT = "–"  # noqa: RUF001 (an en dash is what a table shows for a figure that is not there)

COLUMNS = (
    ("line", "Number of the line, in its colour on the canvas."),
    ("layer", "Layer that the curve is taken from."),
    ("PSNR dB\nprofile", "Of the curve against the reference's, 10 log10(K²/MSE)."),
    ("PSNR dB\nimage", "Of the whole image against the reference, 10 log10(K²/MSE)."),
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
)


WIDEST_NAME = 140
"""Pixels beyond which a layer's name is elided; its tooltip tells the whole."""


class FiguresModel(QAbstractTableModel):
    """The rows of the table; figures change in place, so that a selection stays."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []
        self._images: Mapping[Image, Psnr | None] = {}
        self._unit = "px"

    def set_rows(self, rows: Sequence[Row], unit: str) -> None:
        """Show other figures."""
        if len(rows) != len(self._rows):
            self.beginResetModel()
            self._rows, self._unit = list(rows), unit
            self.endResetModel()
        else:
            self._rows, self._unit = list(rows), unit
            self._tell()
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(COLUMNS) - 1)

    def set_images(self, images: Mapping[Image, Psnr | None]) -> None:
        """Show other PSNRs of whole images."""
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
            return self._texts(row)[column]
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            return QColor(row.line.color)
        if role == Qt.ItemDataRole.TextAlignmentRole and column > 1:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._explanation(row, column)
        return None

    def _tell(self) -> None:
        if self._rows:
            last = self.index(len(self._rows) - 1, len(COLUMNS) - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def _texts(self, row: Row) -> tuple[str, ...]:
        image = self._images.get(row.layer)
        return (
            str(row.line.number),
            row.name,
            ABSENT if row.psnr is None else format_decibel(row.psnr.value),
            ABSENT if image is None else format_decibel(image.value),
            _digits(row.edge),
            _digits(row.fwhm),
            _percent(row.dip),
            " · ".join(_percent(contrast) for _, contrast in row.groups) or ABSENT,
        )

    def _explanation(self, row: Row, column: int) -> str:
        image = self._images.get(row.layer)
        if column == 1:
            return row.name
        if column == 2 and row.psnr is not None:
            return f"Profile: {row.psnr}"
        if column == 3 and image is not None:
            return f"Image: {image}"
        if column == 7 and row.groups:
            return "\n".join(
                f"{_digits(period)} {self._unit} a line pair: {_percent(contrast)} %"
                for period, contrast in row.groups
            )
        return COLUMNS[column][1]

    def _record(self, row: Row) -> dict[str, Any]:
        image = self._images.get(row.layer)
        k = next((p.data_range for p in (row.psnr, image) if p is not None), None)
        return {
            "line": row.line.number,
            "layer": row.name,
            "profile_psnr_db": None if row.psnr is None else row.psnr.value,
            "image_psnr_db": None if image is None else image.value,
            "psnr_k": k,
            "edge_10_90": row.edge,
            "fwhm": row.fwhm,
            "unit": self._unit,
            "dip_percent": row.dip,
            "modulation_percent": [contrast for _, contrast in row.groups],
            "line_pair_period": [period for period, _ in row.groups],
        }


class FiguresTable(QTableView):
    """The table; cells are copied with the keyboard, columns fit their contents."""

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
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Interactive)
        header.setMinimumSectionSize(34)
        self.figures.modelReset.connect(self._fit_names)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
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
        self.setColumnWidth(1, min(WIDEST_NAME, max(60, self.sizeHintForColumn(1) + 8)))


def write_csv(records: Sequence[Mapping[str, Any]]) -> str:
    """Return records as CSV with a header; several values in a cell are parted by semicolons.

    Parameters
    ----------
    records : sequence of mapping
        What `FiguresModel.records` returns.

    Returns
    -------
    str
        Lines that end with a line feed; a figure that is not there is an empty cell.
    """
    names = list(FIELDS)
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(record[name]) for name in names} for record in records)
    return out.getvalue()


def write_curves_csv(curves: Curves) -> str:
    """Return every sample of every curve as CSV, one sample a row.

    Parameters
    ----------
    curves : Curves
        What is plotted.

    Returns
    -------
    str
        Line, layer, distance, its unit, and grey value.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("line", "layer", "distance", "unit", "value"))
    for line in curves.lines:
        for trace in line.traces:
            for distance, value in zip(trace.profile.distance, trace.profile.values, strict=True):
                at = repr(float(distance * line.factor))
                cell = repr(float(value)) if value == value else ""
                writer.writerow((line.line.number, trace.plane.name, at, curves.unit, cell))
    return out.getvalue()


FIELDS = (
    "line",
    "layer",
    "profile_psnr_db",
    "image_psnr_db",
    "psnr_k",
    "edge_10_90",
    "fwhm",
    "unit",
    "dip_percent",
    "modulation_percent",
    "line_pair_period",
)


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return ";".join("" if part is None else f"{part:.6g}" for part in value)
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else value


def _digits(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"


def _percent(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.1f}" if value < 10 else f"{value:.0f}"
