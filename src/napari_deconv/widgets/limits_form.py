"""Limits that a report judges by, typed or read from a file; folded away until wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QFileDialog,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_deconv.report.limits import Limits
from napari_deconv.widgets.column import Column, Line
from napari_deconv.widgets.number import shortest

HINTS = {"chi2_within": "such as 0.85, 1.1"}
"""What an empty field says, where one number is not enough."""


class LimitsForm(QWidget):
    """A line that says how many limits are set, and folded under it a field for each."""

    def __init__(self) -> None:
        super().__init__()
        self.fold = QToolButton()
        self.fold.setObjectName("fold")
        self.fold.setCheckable(True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.fold.setToolTip("What a result must hold to; the report says whether it does.")
        self.fold.toggled.connect(self._open)
        self._fields: dict[str, QLineEdit] = {}
        self.line = Line("limits_line")
        self._load = QPushButton("Load limits…")
        self._load.setObjectName("load_limits")
        self._load.setToolTip("Read limits from a YAML file.")
        self._load.clicked.connect(self._choose_file)
        column = self._content = Column()
        for name, info in Limits.model_fields.items():
            field = QLineEdit()
            field.setObjectName(f"limits.{name}")
            field.setAccessibleName(str(info.title))
            field.setPlaceholderText(HINTS.get(name, "no limit"))
            field.setToolTip(str(info.description))
            field.textChanged.connect(self._tell)
            extra: Any = info.json_schema_extra or {}
            column.row(_short(str(info.title)), field, QLabel(str(extra.get("unit", ""))))
            self._fields[name] = field
        column.row("", self._load)
        column.beneath(self.line)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.fold)
        layout.addWidget(column)
        column.hide()
        self._tell()

    @property
    def value(self) -> Limits:
        """The limits that are typed; setting it fills the fields.

        Raises
        ------
        ValueError
            With a sentence, if a field holds what it can't.
        """
        stated: dict[str, Any] = {}
        for name, field in self._fields.items():
            text = field.text().strip()
            if text:
                parts = [
                    part.strip() for part in text.strip("[]()").replace(" to ", ",").split(",")
                ]
                stated[name] = parts if name in HINTS else text
        return Limits(**stated)

    @value.setter
    def value(self, limits: Limits) -> None:
        for name, field in self._fields.items():
            bound = getattr(limits, name)
            several = bound if isinstance(bound, tuple) else (bound,)
            field.setText("" if bound is None else ", ".join(map(shortest, several)))

    def load(self, path: str | Path) -> None:
        """Fill the fields from a YAML file; the line says what is wrong with it."""
        try:
            self.value = Limits.load(path)
        except ValueError as error:
            self.line.say(str(error), "error")

    def _tell(self) -> None:
        """Say on the fold how many limits are set, and under the fields what is wrong."""
        try:
            said = f"{len(self.value.stated) or 'none'}"
            self.line.say("")
        except ValueError as error:
            said = "not understood"
            self.line.say(str(error), "error")
        opened = self.fold.isChecked()
        self.fold.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self.fold.setText(f"Limits of the report: {said}")
        self.fold.setAccessibleName(self.fold.text())

    def _open(self, opened: bool) -> None:
        self._content.setVisible(opened)
        self._tell()

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Load limits", "", "YAML (*.yaml *.yml)")
        if path:
            self.load(path)


def _short(title: str) -> str:
    """Return a title that fits the labels' column."""
    return title.replace("Chi-square", "χ²").replace("Edge width", "Edge")
