"""What the Measures dock shows: what to measure, figures, the curve of one shape, saving."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QVBoxLayout, QWidget

from napari_deconv.evidence.measures import MEASURES, Terms
from napari_deconv.evidence.reading import Reading
from napari_deconv.widgets.column import CalmFields, Column, Line, Scroll, shrinking
from napari_deconv.widgets.form import Fields
from napari_deconv.widgets.invitation import Invitation
from napari_deconv.widgets.measure_plot import MeasurePlot
from napari_deconv.widgets.measure_table import MeasureTable
from napari_deconv.widgets.measure_task import Results
from napari_deconv.widgets.measure_words import CALLED, sentences
from napari_deconv.widgets.naming import name_widget, push_button
from napari_deconv.widgets.profile_style import LayerColors, Theme
from napari_deconv.widgets.tone import set_tone, sheet

if TYPE_CHECKING:
    from napari.components import ViewerModel


class MeasurePanel(QWidget):
    """The fields, table, plot, buttons and lines of the Measures dock.

    Attributes
    ----------
    changed : Signal
        Anything that the figures depend on was edited.
    """

    changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._results = Results()
        self.colors = LayerColors()
        self.invitation = Invitation(viewer)
        self.kind = shrinking(QComboBox())
        name_widget(self.kind, "measure_kind", "What is measured by the next shape that is drawn.")
        for name, measure in MEASURES.items():
            self.kind.addItem(measure.label, name)
        self.standard = Line("measure_standard")
        self.fields = {name: Fields(Terms, (name,), "measure") for name in Terms.model_fields}
        self.draw = push_button("Draw", "draw_shape", "Draw a shape on the picture.")
        set_tone(self.draw, "run")
        self.remove = push_button("Remove", "remove_shape", "Take the chosen shape away.")
        self.status = Line("measure_status")
        self.table = MeasureTable(self.colors)
        self.plot = MeasurePlot(self.colors)
        self.copy = push_button("Copy CSV", "copy_measures", "Copy all figures, a row each.")
        self.save = push_button("Save CSV…", "save_measures", "Write all figures, or all curves.")
        self._lay_out()
        self.kind.currentIndexChanged.connect(self._on_kind)
        for field in self.fields.values():
            field.changed.connect(lambda *_: self.changed.emit())
        self.invitation.failed.connect(lambda text: self.status.say(text, "error"))
        self._on_kind()

    @property
    def kind_name(self) -> str:
        """Name of the measure that the next shape is for."""
        return str(self.kind.currentData())

    @property
    def terms(self) -> Terms:
        """What measures have to know.

        Raises
        ------
        ValueError
            With a sentence, if a field holds what it can't.
        """
        parameters: dict[str, Any] = {}
        for field in self.fields.values():
            parameters.update(field.parameters)
        return Terms(**parameters)

    @property
    def row(self) -> int:
        """Which row is chosen, counted from 0."""
        return max(self.table.currentRow(), 0)

    def paint(self, theme: str) -> None:
        """Use the colours of a napari theme."""
        self.setStyleSheet(sheet(theme))
        self.table.paint(Theme.named(theme))
        self.plot.paint(Theme.named(theme))
        self.show_results(self._results, self.row)

    def show_results(self, results: Results, row: int) -> None:
        """Show figures, and the curve of one row."""
        self._results = results
        row = min(row, max(len(results.drawn) - 1, 0))
        self.table.show_results(results, row)
        there = bool(results.drawn)
        self.remove.setEnabled(there)
        for button in (self.copy, self.save):
            button.setEnabled(there and bool(results.planes))
        graphs = []
        if there:
            for plane, answer in zip(results.planes, results.answers[row], strict=True):
                if isinstance(answer, Reading) and answer.graph is not None:
                    graphs.append((plane, answer.graph))
            text, wrong = sentences(results, row)
            self.status.say(text, "error" if wrong else "quiet")
        self.plot.draw(graphs)

    def _on_kind(self) -> None:
        measure = MEASURES[self.kind_name]
        self.standard.say(f"{measure.standard}. {measure.drawing}")
        self.draw.setText(CALLED[measure.shape])
        self.draw.setAccessibleName(CALLED[measure.shape])
        for name, block in self._blocks.items():
            block.setVisible(name in measure.terms)

    def _lay_out(self) -> None:
        self._blocks = {name: field.native for name, field in self.fields.items()}
        column = Column(margin=6)
        column.wide(self.invitation)
        column.row("Measure", self.kind)
        column.beneath(self.standard)
        for block in self._blocks.values():
            column.wide(block)
        column.wide(self.draw, self.remove)
        column.wide(self.table)
        column.wide(self.status)
        column.wide(self.plot)
        column.end()
        pinned = Column(margin=6)
        pinned.wide(self.copy, self.save)
        self._calm = CalmFields(column)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(Scroll(column), 1)
        layout.addWidget(pinned)
