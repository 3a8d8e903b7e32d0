"""The row of buttons and fields above the profiles."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QSpinBox, QWidget
from superqt.utils import QFlowLayout

from napari_deconv.widgets.layer_choice import METADATA, REFERENCES, LayerChoice, images
from napari_deconv.widgets.profile_widths import NARROWEST, USUAL, WIDEST

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image
    from qtpy.QtGui import QResizeEvent

_ADD = (
    "Put three lines on the image. Once there are lines: draw another one by a drag on the canvas. "
    "Lines are moved and removed like all shapes, in the layer 'profiles'."
)
_PATH = "Draw a path on the canvas: a click for each corner, a double click for the last one."
_WIDTH = (
    "Width that all profiles are averaged over, in pixels of the finest image on the line; "
    "the table has one for each line."
)
_REFERENCE = "Layer that the others are compared with: PSNR in the table and beside the lines."
_REBLURRED = (
    "Blur each result with its PSF again, along the lines: where it explains the data, "
    "the dotted curve lies on them."
)
_DIFFERENCE = (
    "Plot below what curves differ by: each layer less the reference, or without one each result "
    "less its data; a re-blurred result always less its data."
)
_MARKERS = "Show two markers in each plot; drag them to read a distance and what values differ by."
_COPY = "Copy the table, the curves or the plots to the clipboard."
_SAVE = "Write the table or all curves as CSV, or the plots as PNG or SVG."


class ProfileControls(QWidget):
    """Asks for lines, their width, the reference and what is plotted; offers to copy and to save.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers are offered as the reference.
    """

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        self.setObjectName("profile-controls")
        self._viewer = viewer
        self.add = _button("Add line", "profile-add", _ADD)
        self.path = _button("Add path", "profile-add-path", _PATH)
        self.width_box = QSpinBox()
        _name(self.width_box, "profile-width", "Line width in pixels", _WIDTH)
        self.width_box.setRange(NARROWEST, WIDEST)
        self.width_box.setSuffix(" px")
        self.width_box.setValue(USUAL)
        self.reference_box = LayerChoice("profile-reference", self._options, self._guess)
        self.reference_box.setAccessibleName("Reference layer")
        self.reference_box.setFixedWidth(150)
        self.reblurred = _switch("Re-blurred", "profile-reblurred", _REBLURRED)
        self.reblurred.setChecked(True)
        self.difference = _switch("Difference", "profile-difference", _DIFFERENCE)
        self.markers = _switch("Markers", "profile-markers", _MARKERS)
        self.copy = _button("Copy", "profile-copy", _COPY)
        self.copies = QMenu(self.copy)
        self.copy.setMenu(self.copies)
        self.save = _button("Save…", "profile-save", _SAVE)
        row = QFlowLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.add)
        row.addWidget(self.path)
        row.addWidget(_labelled("Width", self.width_box, _WIDTH))
        row.addWidget(_labelled("Reference", self.reference_box, _REFERENCE))
        for button in (self.reblurred, self.difference, self.markers, self.copy, self.save):
            row.addWidget(button)

    def offer_copies(self, copies: Mapping[str, Callable[[], None]]) -> None:
        """Fill the menu of what can be copied."""
        for name, slot in copies.items():
            self.copies.addAction(name, slot)

    @property
    def reference(self) -> Image | None:
        """The layer that all others are compared with."""
        layer: Image | None = self.reference_box.value
        return layer

    @reference.setter
    def reference(self, layer: Image | None) -> None:
        if layer is not None and layer not in self._viewer.layers:
            raise ValueError(f"The reference {layer} is no layer of this viewer.")
        if layer is not None and layer not in self._grey():
            raise ValueError(f"The reference must be a grey-value image, unlike {layer.name!r}.")
        self.reference_box.value = layer

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Ask for the rows that the width needs: a dock asks its layout for one only."""
        super().resizeEvent(event)
        if (layout := self.layout()) is not None:
            self.setMinimumHeight(layout.heightForWidth(self.width()))

    def _grey(self) -> list[Image]:
        return [layer for layer in images(self._viewer.layers) if not layer.rgb]

    def _options(self) -> list[tuple[str, Any]]:
        return [("none", None), *((layer.name, layer) for layer in self._grey())]

    def _guess(self, _: Any) -> Image | None:
        # Whole words only, and no result of ours: "unsharp" is no sharp truth.
        found = (layer for layer in self._grey() if METADATA not in layer.metadata)
        words = ((layer, re.split("[^a-z]+", layer.name.lower())) for layer in found)
        return next((layer for layer, name in words if set(name) & set(REFERENCES)), None)


def _name(widget: QWidget, name: str, spoken: str, tip: str) -> None:
    widget.setObjectName(name)
    widget.setAccessibleName(spoken)
    widget.setToolTip(tip)


def _button(text: str, name: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    _name(button, name, text.removesuffix("…"), tip)
    return button


def _switch(text: str, name: str, tip: str) -> QPushButton:
    button = _button(text, name, tip)
    button.setCheckable(True)
    return button


def _labelled(text: str, field: QWidget, tip: str) -> QWidget:
    pair = QWidget()
    label = QLabel(text)
    label.setBuddy(field)
    label.setToolTip(tip)
    row = QHBoxLayout(pair)
    row.setContentsMargins(0, 0, 0, 0)
    row.addWidget(label)
    row.addWidget(field)
    return pair
