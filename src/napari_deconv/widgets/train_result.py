"""The finished model in plain words: its card, a table beside others, Save and Use in Deblur."""

from __future__ import annotations

import shutil
from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_deconv.training_events import BLURRED, OWN, Done
from napari_deconv.widgets.column import Column, Line
from napari_deconv.widgets.naming import push_button
from napari_deconv.widgets.train_words import card, verdict

ROW_HEIGHT = 22


class TrainResult(QWidget):
    """What came of a training, hidden until there is a model.

    Attributes
    ----------
    use_asked : Signal(str)
        The user wants a model file chosen in Deblur.
    model : Path or None
        The best model so far.
    """

    use_asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.model: Path | None = None
        self.verdict, self.card = Line("train_verdict"), Line("train_card")
        self.table = _table()
        self.save_button = push_button("Save model…", "save_model", "Write a copy of the model.")
        self.use_button = push_button(
            "Use in Deblur", "use_model", "Choose this model for the scan in the Deblur dock."
        )
        self.save_button.clicked.connect(self._choose_file)
        self.use_button.clicked.connect(self._use)
        self.line = Line("train_saved")
        column = Column()
        for widget in (self.verdict, self.table, self.card):
            column.wide(widget)
        column.wide(self.use_button, self.save_button)
        column.wide(self.line)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(column)
        self.begin()

    def begin(self) -> None:
        """Show nothing."""
        self.model = None
        for widget in (self.verdict, self.card, self.line):
            widget.say("")
        self.table.hide()
        self.hide()

    def offer(self, model: Path, said: str) -> None:
        """Offer the best model so far of a training that goes on."""
        self.model = model
        self.verdict.say(said, "plain")
        self.show()

    def show_done(self, done: Done) -> None:
        """Show what came of it."""
        self.model = Path(done.model)
        self.verdict.say(verdict(done), "plain")
        hard = f"\nMeasured on the way: {done.hard}." if done.hard else ""
        self.card.say(card(done.card) + hard)
        _fill(self.table, done)
        self.table.show()
        self.show()

    def save(self, path: str | Path) -> bool:
        """Write a copy of the model; the line says where it went, or why not."""
        target = Path(path)
        if self.model is None or not self.model.is_file():
            self.line.say("There is no model to save; train first.", "error")
            return False
        if target.suffix != ".safetensors":
            target = target.with_name(target.name + ".safetensors")
        try:
            shutil.copyfile(self.model, target)
        except OSError as error:
            self.line.say(f"{target} can't be written: {error.strerror}.", "error")
            return False
        self.model = target
        self.line.say(f"Saved {target}.")
        return True

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save model", "", "Model (*.safetensors)")
        if path:
            self.save(path)

    def _use(self) -> None:
        if self.model is not None:
            self.use_asked.emit(str(self.model))


def _table() -> QTableWidget:
    table = QTableWidget(0, 3)
    table.setObjectName("train_table")
    table.setAccessibleName("the model beside others on pictures kept apart")
    table.setHorizontalHeaderLabels(["on pictures kept apart", "PSNR dB", "over blurred"])
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    if (rows := table.verticalHeader()) is not None:
        rows.hide()
        rows.setDefaultSectionSize(ROW_HEIGHT)
    if (heading := table.horizontalHeader()) is not None:
        heading.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in ((1, 74), (2, 92)):
            heading.resizeSection(column, width)
    return table


def _fill(table: QTableWidget, done: Done) -> None:
    rows = sorted(done.table.items(), key=lambda row: row[1])
    table.setRowCount(len(rows))
    for number, (name, value) in enumerate(rows):
        gain = "" if name == BLURRED else f"{value - done.table[BLURRED]:+.2f}"
        for column, text in enumerate((name, f"{value:.2f}", gain)):
            item = QTableWidgetItem(text)
            font = item.font()
            font.setBold(name == OWN)
            item.setFont(font)
            if column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            table.setItem(number, column, item)
    heading = table.horizontalHeader()
    height = 0 if heading is None else heading.sizeHint().height()
    table.setFixedHeight(height + len(rows) * ROW_HEIGHT + 2 * table.frameWidth())
