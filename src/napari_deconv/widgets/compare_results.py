"""What came of a comparison: the table, a line on the chosen row, how to look, what to save."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_deconv.appraisal import as_csv
from napari_deconv.widgets.column import Line
from napari_deconv.widgets.compare_table import CompareTable, Row
from napari_deconv.widgets.compare_view import CompareView
from napari_deconv.widgets.profile_saving import ask_path
from napari_deconv.widgets.report_bar import ReportBar

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_deconv.appraisal import Outcome

KINDS = ("Table (*.csv)", "JSON (*.json)")


class CompareResults(QWidget):
    """The lower half of the Compare dock.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self.table = CompareTable()
        self.edge_line, self.row_line = Line("edge_line"), Line("row_line")
        self.saved = Line("table_saved")
        self.view = CompareView(viewer, self.layers)
        self.save = QPushButton("Save table…")
        self.save.setObjectName("save_table")
        self.save.setToolTip("Write the table as CSV or JSON.")
        self.save.clicked.connect(self._choose_file)
        self.report = ReportBar(viewer, self._reported)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 0, 6, 6)
        layout.setSpacing(5)
        layout.addWidget(self.table, 1)
        views = QHBoxLayout()
        views.addWidget(self.view)
        views.addWidget(self.save)
        for widget in (self.edge_line, self.row_line):
            layout.addWidget(widget)
        layout.addLayout(views)
        layout.addWidget(self.saved)
        layout.addWidget(self.report)
        self.table.picked.connect(self._show_row)

    def layers(self) -> list[Image]:
        """Return the layers of the table, the data first."""
        return [row.layer for row in self.table.figures.rows if row.layer is not None]

    def begin(self) -> None:
        """Clear what the last comparison left; its layers stay."""
        self.view.leave()
        self.table.figures.clear()
        for line in (self.row_line, self.edge_line, self.saved):
            line.say("")

    def add(self, row: Row) -> None:
        """Add a picture, and show it in the way that is chosen."""
        self.table.figures.add(row)
        self.view.update_layers()

    def drop(self, layer: Any) -> None:
        """Do without a layer that was deleted."""
        self.table.figures.drop(layer)
        self.view.update_layers()

    def rename(self) -> None:
        """Call the data and what is swiped as their layers are called now."""
        self.table.figures.rename_data()
        self.view.swipe.rename()

    def save_table(self, path: str | Path) -> bool:
        """Write the table; the line says where it went, or why not."""
        records, target = self.table.figures.records(), Path(path)
        as_json = target.suffix.lower() == ".json"
        text = json.dumps(records, indent=1) if as_json else as_csv(records)
        try:
            if not records:
                raise ValueError("There is nothing to save yet; press Run.")
            target.write_text(text, encoding="utf-8", newline="")
        except (OSError, ValueError) as error:
            self.saved.say(f"Nothing was saved: {error}", "error")
            return False
        self.saved.say(f"Saved {path}.")
        return True

    def _show_row(self, row: Row) -> None:
        outcome = row.outcome
        if row.layer is None:
            self.row_line.say(f"{outcome.label} was refused: {outcome.complaint}", "error")
            return
        check = outcome.figures.check
        said = [str(check)] if check is not None else ["The data as they were measured."]
        self.row_line.say(" ".join([*said, *outcome.notes]))
        self.view.see(row.layer)

    def _reported(self) -> tuple[list[Image], dict[Image, Outcome]]:
        """Return every result of the table, with what was measured of it."""
        rows = [r for r in self.table.order if r.layer is not None and not r.data]
        known = {row.layer: row.outcome for row in rows if row.layer is not None}
        return list(known), known

    def _choose_file(self) -> None:
        asked = ask_path(self, "Save table", KINDS)
        if asked is not None:
            self.save_table(asked[0])
