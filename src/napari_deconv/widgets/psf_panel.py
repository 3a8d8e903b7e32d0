"""What the PSF dock shows: one column, read from top to bottom as one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QVBoxLayout,
    QWidget,
)

from napari_deconv.psf.line_spread import MODELS
from napari_deconv.psf.measure import models
from napari_deconv.psf.sampling import Sampled
from napari_deconv.registry import choices
from napari_deconv.widgets.column import CalmFields, Column, Line, Scroll, shrinking
from napari_deconv.widgets.form import Forms
from napari_deconv.widgets.invitation import Invitation
from napari_deconv.widgets.layer_choice import LayerChoice, images, likely_image
from napari_deconv.widgets.naming import name_widget, push_button
from napari_deconv.widgets.psf_curves import Drawing
from napari_deconv.widgets.psf_plot import SpreadPlots
from napari_deconv.widgets.psf_source import GUESS
from napari_deconv.widgets.psf_words import (
    KIND_LABELS,
    MODEL_LABELS,
    REFINE,
    SHAPE,
    Scale,
    found,
    notes,
)
from napari_deconv.widgets.tone import Tone, set_tone, sheet

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_deconv.widgets.psf_task import Answer
    from napari_deconv.widgets.source import Source

WIDEST = 1000.0
"""Pixels of the widest wire."""


class PsfPanel(QWidget):
    """The fields, plots, buttons and lines of the PSF dock.

    Attributes
    ----------
    changed : Signal
        Anything that the PSF depends on was edited.
    """

    changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._scale = Scale()
        self.invitation = Invitation(viewer)
        self._make_sources()
        self._make_models()
        self._make_answers()
        self._lay_out()
        self._connect()
        self._list_models()

    def _make_sources(self) -> None:
        self.kind = _menu("psf_from", "What in the picture tells the blur.")
        for name, label in KIND_LABELS.items():
            self.kind.addItem(label, name)
        self.image = LayerChoice("psf_image", self._image_options, self._guess_image)
        self.image.explain("The image whose blur is looked for; of a stack, the slice on display.")
        self.image_line = Line("psf_image_line")

    def _make_models(self) -> None:
        self.draw = push_button(
            "Draw box", "draw_box", "Draw a box on the picture, in place of those there are."
        )
        self.another = push_button("Add another", "add_box", "Draw one more box; all count.")
        self.model = _menu("psf_model", "What is fitted to the grey values in the box.")
        self.sloping = QCheckBox("Grey beside it rises or falls")
        name_widget(
            self.sloping,
            "sloping",
            "For uneven light or thickness beside the edge; what is taken for a slope is no "
            "longer taken for the blur's tail.",
        )
        self.wire_width = QDoubleSpinBox()
        name_widget(
            self.wire_width, "wire_width", "Width of the wire or slit itself; 0 if very thin."
        )
        self.wire_width.setDecimals(4)
        self.wire_width.setRange(0, WIDEST)
        self.wire_width.setSuffix(" px")
        self.shape = _menu("psf_shape", "The formula of the blur, from a data sheet or a guess.")
        for name, shape in choices("psf").items():
            if issubclass(shape, Sampled):  # not an array, nor one that changes: one is made here
                self.shape.addItem(shape.label, name)
        self.shape.setCurrentIndex(self.shape.findData(GUESS))
        self.forms = Forms("psf", key=GUESS, omit=("dimensions",))
        self.refine = push_button(
            "Refine",
            "refine",
            "Find the sharp edges of the picture, or of the box, and make the shape as wide as "
            "they show it.",
        )
        set_tone(self.refine, "run")

    def _make_answers(self) -> None:
        self.found = Line("psf_found")
        self.plots = SpreadPlots()
        self.notes = Line("psf_notes")
        self.better = push_button(
            "Find best",
            "better_model",
            "Try all models, with sloping grey beside the edge and without, and choose the one "
            "that fits best.",
        )
        self.status = Line("psf_status")
        self.figures = Line("psf_figures")
        self.make = push_button(
            "Make PSF layer and use it",
            "make_psf",
            "Add the PSF as a layer with the image's pixels, chosen in the Deblur dock.",
        )
        set_tone(self.make, "run")
        self.save = push_button(
            "Save PSF…", "save_psf", "Write the PSF as TIFF with its pixel size."
        )
        self.copy = push_button("Copy figures", "copy_figures", "Copy all figures, a row each.")

    @property
    def kind_name(self) -> str:
        """Name of what the PSF comes from."""
        return str(self.kind.currentData())

    @property
    def model_name(self) -> str | None:
        """Name of the model; None for a shape."""
        data = self.model.currentData()
        return None if data is None else str(data)

    @property
    def options(self) -> dict[str, Any]:
        """What is measured with, in pixels."""
        if self.kind_name == REFINE:
            return {"kind": REFINE, "given": self.forms.value.plain()}
        found: dict[str, Any] = {"kind": self.kind_name, "model": self.model_name}
        if self.kind_name != "point":
            found["sloping"] = self.sloping.isChecked()
        if self.kind_name == "wire":
            found["width"] = self.wire_width.value() / self._scale.factor
        return found

    def choose(self, menu: QComboBox, name: str) -> None:
        """Choose by name.

        Raises
        ------
        ValueError
            If the menu offers no such thing.
        """
        row = menu.findData(name)
        if row < 0:
            known = ", ".join(str(menu.itemData(i)) for i in range(menu.count()))
            raise ValueError(f"{name!r} can't be chosen; choose one of: {known}.")
        menu.setCurrentIndex(row)

    def fit_by(self, model: str, sloping: bool) -> None:
        """Choose a model, and whether grey values beside the edge may slope."""
        blocked = self.sloping.blockSignals(True)
        self.sloping.setChecked(sloping)
        self.sloping.blockSignals(blocked)
        self.choose(self.model, model)
        self.changed.emit()

    def measure_in(self, scale: Scale) -> None:
        """Take lengths in this unit from now on."""
        if scale == self._scale:
            return
        pixels = self.wire_width.value() / self._scale.factor
        self._scale = scale
        self.wire_width.setSuffix(f" {scale.unit}")
        self.wire_width.setMaximum(WIDEST * scale.factor)
        self.wire_width.setSingleStep(scale.factor)
        self.wire_width.setValue(pixels * scale.factor)

    def paint(self, theme: str) -> None:
        """Use the colours of a napari theme."""
        self.setStyleSheet(sheet(theme))
        self.plots.paint(theme)

    def show_source(self, source: Source | None, boxes: int) -> None:
        """Say what is measured, and offer what can be done."""
        self.invitation.setVisible(source is None)
        self.draw.setEnabled(source is not None)
        self.another.setEnabled(boxes > 0)
        self.refine.setEnabled(source is not None)
        self.image_line.say("" if source is None else source.summary())
        if source is None:
            self.invitation.line.say("No image yet: drop one on the window, or")
        else:
            self.measure_in(Scale.of(source.pixel_size))

    def show_answer(self, answer: Answer) -> None:
        """Show a PSF: its curves, its figures, what has to be known of it."""
        blur = answer.blur
        self.plots.show_drawing(answer.drawing)
        self.status.say("")
        self.figures.say(answer.said, "plain")
        self.found.say("" if blur is None else found(blur, self.kind_name, answer.drawing.scale))
        tone: Tone = "quiet" if self.kind_name == "point" else "question"
        self.notes.say("" if blur is None else notes(blur, self.kind_name), tone)
        self.better.setEnabled(self.model_name in MODELS)
        for button in (self.make, self.save):
            button.setEnabled(True)
        self.copy.setEnabled(blur is not None)

    def show_refining(self, under_way: bool) -> None:
        """Let the button begin a refinement, or stop the one under way."""
        self.refine.setText("Stop" if under_way else "Refine")
        set_tone(self.refine, "stop" if under_way else "run")

    def clear(self, scale: Scale) -> None:
        """Take back what was shown of a PSF."""
        self.plots.show_drawing(Drawing(scale=scale))
        for line in (self.found, self.notes, self.figures):
            line.say("")
        for button in (self.better, self.make, self.save, self.copy):
            button.setEnabled(False)

    def _image_options(self) -> list[tuple[str, Any]]:
        grey = (layer for layer in images(self._viewer.layers) if not layer.rgb)
        return [(layer.name, layer) for layer in grey]

    def _guess_image(self, _: Any) -> Any:
        return likely_image(self._viewer.layers)

    def _list_models(self) -> None:
        """Offer what fits what is in the boxes, and show only the fields that matter for it."""
        kind, before = self.kind_name, self.model_name
        measured = kind not in (SHAPE, REFINE)
        blocked = self.model.blockSignals(True)
        self.model.clear()
        for name in models(kind) if measured else ():
            self.model.addItem(MODEL_LABELS[name], name)
        self.model.setCurrentIndex(max(0, self.model.findData(before)) if measured else -1)
        self.model.blockSignals(blocked)
        self._measuring.setVisible(kind != SHAPE)
        self.another.setVisible(measured)
        self._fitting.setVisible(measured and kind != "point")
        self._wire.setVisible(kind == "wire")
        self._shaping.setVisible(not measured)
        self._refining.setVisible(kind == REFINE)

    def _on_kind(self) -> None:
        self._list_models()
        self.changed.emit()

    def _on_shape(self) -> None:
        self.forms.key = str(self.shape.currentData())
        self.changed.emit()

    def _tell(self, *_: Any) -> None:
        self.changed.emit()

    def _connect(self) -> None:
        self.kind.currentIndexChanged.connect(self._on_kind)
        self.shape.currentIndexChanged.connect(self._on_shape)
        self.model.currentIndexChanged.connect(self._tell)
        self.sloping.toggled.connect(self._tell)
        self.wire_width.valueChanged.connect(self._tell)
        self.forms.changed.connect(self._tell)
        self.image.picked.connect(self._tell)
        self.image.altered.connect(self._tell)
        self.invitation.failed.connect(lambda text: self.status.say(text, "error"))

    def _lay_out(self) -> None:
        blocks = [Column() for _ in range(5)]
        self._measuring, self._fitting, self._wire, self._shaping, self._refining = blocks
        self._measuring.wide(self.draw, self.another)
        self._fitting.row("Model", self.model)
        self._fitting.row("", self.sloping, self.better)
        self._wire.row("Wire width", self.wire_width)
        self._shaping.row("Shape", self.shape)
        self._shaping.wide(self.forms.native)
        self._refining.wide(self.refine)
        column = Column(margin=6)
        column.wide(self.invitation)
        column.row("PSF from", self.kind)
        column.row("Image", self.image)
        column.beneath(self.image_line)
        for block in blocks:
            column.wide(block)
        for widget in (self.found, self.notes, self.plots):
            column.wide(widget)
        column.end()
        pinned = Column(margin=6)  # in sight however low the dock is
        pinned.wide(self.status)
        pinned.wide(self.figures)
        pinned.wide(self.make)
        pinned.wide(self.save, self.copy)
        self._calm = CalmFields(column)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(Scroll(column), 1)
        layout.addWidget(pinned)


def _menu(name: str, tip: str) -> QComboBox:
    menu = shrinking(QComboBox())
    name_widget(menu, name, tip)
    return menu
