"""What the Batch dock shows: recipe, scans, where results go, the plan, and how far it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_deconv.batch.engine import cores
from napari_deconv.widgets.batch_plan import Results
from napari_deconv.widgets.batch_table import BatchTable
from napari_deconv.widgets.column import CalmFields, Column, Line, Scroll, shrinking
from napari_deconv.widgets.tone import set_tone

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_deconv.storing import StoredType

DOCK, FILE = "as in the Deblur dock", "from a file"
KINDS = {"OME-Zarr": ".zarr", "HDF5": ".h5", "TIFF": ".tif", "NumPy": ".npy"}
"""Formats of results, and the endings of their names."""


class BatchPanel(QWidget):
    """The fields, buttons and lines of the Batch dock.

    Attributes
    ----------
    changed : Signal
        Anything that a batch depends on was edited.
    pressed : Signal
        Run, Go on or Stop.
    """

    changed = Signal()
    pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.origin = shrinking(QComboBox())
        self.origin.addItems([DOCK, FILE])
        self.file, self.folder = QLineEdit(), QLineEdit()
        self.file.setPlaceholderText("recipe.yaml")
        self.folder.setPlaceholderText("a folder, made if missing")
        self.choose_file, self.choose_folder = QPushButton("…"), QPushButton("…")
        self.recipe_line, self.plan_line = Line("recipe_line"), Line("plan_line")
        self.scans = BatchTable()
        self.add_files, self.add_folder = QPushButton("Add files…"), QPushButton("Add folder…")
        self.remove = QPushButton("Remove")
        self.kind, self.stored = shrinking(QComboBox()), shrinking(QComboBox())
        self.kind.addItems(list(KINDS))
        self.stored.addItems(["float32", "uint16"])
        self.workers = QSpinBox()
        self.workers.setRange(1, max(64, cores()))
        self.workers.setValue(cores())
        self.overwrite = QCheckBox("Replace results that are there")
        self.live = QCheckBox("Show the last slice while it runs")
        self.live.setChecked(True)
        self.run_button, self.show_results = QPushButton("Run"), QPushButton("Show results")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.status = Line("batch_status")
        self._name()
        self._lay_out()
        self._connect()
        self.show_running(False, False)

    @property
    def results(self) -> Results:
        """Where results go, and how they are stored."""
        stored: StoredType = "uint16" if self.stored.currentText() == "uint16" else "float32"
        folder = Path(self.folder.text().strip()).expanduser()
        return Results(folder, KINDS[self.kind.currentText()], stored)

    @property
    def from_file(self) -> bool:
        """Whether the recipe is a file's, not the Deblur dock's; setting it chooses."""
        return self.origin.currentText() == FILE

    @from_file.setter
    def from_file(self, wanted: bool) -> None:
        self.origin.setCurrentText(FILE if wanted else DOCK)
        self._choose_origin()

    def show_running(self, running: bool, begun: bool) -> None:
        """Turn Run into Stop and back; the fields rest while a batch runs."""
        self.run_button.setText("Stop" if running else "Go on" if begun else "Run")
        self.run_button.setAccessibleName(self.run_button.text())
        self.run_button.setEnabled(True)
        self.run_button.setToolTip(
            "End now; what is done stays, and Go on computes the rest."
            if running
            else "Restore all scans, each from where an earlier run was cut off."
        )
        set_tone(self.run_button, "stop" if running else "run")
        for field in self._fields():
            field.setEnabled(not running)

    def _fields(self) -> list[QWidget]:
        chosen = [self.origin, self.file, self.choose_file, self.scans, self.add_files]
        kept = [self.folder, self.choose_folder, self.kind, self.stored, self.workers]
        return [*chosen, self.add_folder, self.remove, *kept, self.overwrite]

    def _name(self) -> None:
        named = {
            "recipe_origin": (self.origin, "That of the Deblur dock, or of a file."),
            "recipe_file": (self.file, "A recipe that was saved as YAML."),
            "choose_recipe": (self.choose_file, "Choose a recipe file."),
            "add_files": (self.add_files, "TIFF, HDF5, npy, EDF, DICOM … each file is a scan."),
            "add_folder": (self.add_folder, "A zarr store, or a folder of pictures, a slice each."),
            "remove_scans": (self.remove, "Take the selected scans out of the list."),
            "results_folder": (self.folder, "Where results go, each with its recipe beside it."),
            "choose_results": (self.choose_folder, "Choose the folder for the results."),
            "result_kind": (self.kind, "The format of the results; NumPy keeps no pixel size."),
            "stored_as": (self.stored, "uint16 rounds to whole grey values and clips."),
            "workers": (self.workers, "Processes that share the slices: one a processor."),
            "overwrite": (self.overwrite, "Begin anew, whatever is there."),
            "live": (self.live, "A layer that shows the slice that was finished last."),
            "run_batch": (self.run_button, ""),
            "show_results": (self.show_results, "Open what is restored; slices are read as shown."),
            "batch_progress": (self.bar, ""),
        }  # fmt: skip
        for name, (widget, tip) in named.items():
            widget.setObjectName(name)
            widget.setAccessibleName(name.replace("_", " "))
            widget.setToolTip(tip)

    def _lay_out(self) -> None:
        column = Column(margin=6)
        column.row("Recipe", self.origin)
        column.row("", self.file, self.choose_file)
        column.beneath(self.recipe_line)
        column.wide(self.scans)
        column.wide(self.add_files, self.add_folder, self.remove)
        column.row("Results in", self.folder, self.choose_folder)
        column.row("Format", self.kind, self.stored)
        column.row("Processes", self.workers)
        column.wide(self.overwrite)
        column.wide(self.live)
        column.end()
        pinned = Column(margin=6)
        for widget in (self.plan_line, self.run_button, self.bar, self.status, self.show_results):
            pinned.wide(widget)
        self._calm = CalmFields(column)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(Scroll(column), 1)
        layout.addWidget(pinned)

    def _connect(self) -> None:
        self.origin.activated.connect(self._choose_origin)
        for edit in (self.file, self.folder):
            edit.textChanged.connect(self._tell)
        for combo in (self.kind, self.stored):
            combo.currentIndexChanged.connect(self._tell)
        self.overwrite.toggled.connect(self._tell)
        self.scans.changed.connect(self._tell)
        self.run_button.clicked.connect(self.pressed)
        self.remove.clicked.connect(self.scans.remove_selected)
        self.add_files.clicked.connect(self._ask_files)
        self.add_folder.clicked.connect(lambda: self._ask_folder(self._add))
        self.choose_folder.clicked.connect(lambda: self._ask_folder(self.folder.setText))
        self.choose_file.clicked.connect(self._ask_recipe)
        self._choose_origin()

    def _choose_origin(self, *_: object) -> None:
        for widget in (self.file, self.choose_file):
            widget.setVisible(self.from_file)
        self.changed.emit()

    def _tell(self, *_: object) -> None:
        self.changed.emit()

    def _add(self, path: str) -> None:
        self.scans.add([Path(path)])

    def _ask_files(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, "Add scans")
        self.scans.add([Path(path) for path in paths])

    def _ask_folder(self, take: Callable[[str], None]) -> None:
        if path := QFileDialog.getExistingDirectory(self, "Choose a folder"):
            take(path)

    def _ask_recipe(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Recipe", "", "YAML (*.yaml *.yml)")
        if path:
            self.file.setText(path)
