"""What most people never change, folded under one line that says what is chosen."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from napari.qt.threading import create_worker
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QSizePolicy, QToolButton, QVBoxLayout, QWidget
from superqt.utils import FunctionWorker

from napari_deconv.core.device import available
from napari_deconv.recipe import Recipe
from napari_deconv.widgets.column import Column, shrinking
from napari_deconv.widgets.form import FamilyForm, Fields

if TYPE_CHECKING:
    from napari_deconv.methods.method import Method
    from napari_deconv.widgets.layer_choice import LayerChoice

FIELDS = ("centre", "offset")
"""Fields of the recipe that are no family."""
WITHOUT_TORCH = ("auto", "cpu")
OTHERS = "look for others…"
"""Entry of the devices that loads PyTorch, which alone knows what other devices there are."""


class More(QWidget):
    """Border, noise model, centre, offset, pixel weights and device.

    Parameters
    ----------
    weights : LayerChoice
        Which layer says how much each pixel counts; None as its value if all count alike.

    Attributes
    ----------
    changed : Signal
        Any of them was edited.
    said : Signal(str)
        What the search for devices has to say.
    """

    changed = Signal()
    said = Signal(str)

    def __init__(self, weights: LayerChoice) -> None:
        super().__init__()
        default = Recipe()
        self.weights = weights
        self.boundary = FamilyForm("boundary", "Border", default.boundary)
        self.fidelity = FamilyForm("fidelity", "Noise model", default.fidelity)
        self.fields = Fields(Recipe, FIELDS, "recipe")
        self.devices = self._device_list()
        self.fold = self._fold()
        self._content = Column()
        self._content.wide(self.boundary.native)
        self._content.wide(self.fidelity.native)
        self._content.wide(self.fields.native)
        self._content.row("Weights", self.weights)
        self._content.row("Device", self.devices)
        self._content.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.fold)
        layout.addWidget(self._content)
        for part in (self.boundary, self.fidelity, self.fields):
            part.changed.connect(self._tell)
        self.weights.picked.connect(self._tell)
        self._say()

    @property
    def parts(self) -> dict[str, Any]:
        """The recipe's parts that are chosen here, by name.

        Raises
        ------
        ValueError
            With a sentence, if a field holds what it can't.
        """
        return {
            "boundary": self.boundary.value,
            "fidelity": self.fidelity.value,
            **self.fields.parameters,
        }

    def show_parts(self, recipe: Recipe) -> None:
        """Show a recipe's parts."""
        self.boundary.value = recipe.boundary
        self.fidelity.value = recipe.fidelity
        self.fields.parameters = {name: getattr(recipe, name) for name in FIELDS}

    @property
    def device(self) -> str:
        """The chosen device; setting it adds it to the list."""
        return str(self.devices.currentText())

    @device.setter
    def device(self, name: str) -> None:
        if self.devices.findText(name) < 0:
            self.devices.insertItem(len(WITHOUT_TORCH), name)
        self.devices.setCurrentText(name)

    def fit(self, method: type[Method]) -> None:
        """Offer only the noise models that a method follows."""
        self.fidelity.offer(method.fidelities)
        self._say()

    def list_devices(self) -> None:
        """List every device, now that PyTorch is loaded; nothing happens before."""
        if "torch" not in sys.modules:
            return
        chosen = self.device
        names = list(dict.fromkeys((*WITHOUT_TORCH, *available())))
        were_blocked = self.devices.blockSignals(True)  # nothing is chosen anew
        self.devices.clear()
        self.devices.addItems(names)
        self.devices.setCurrentText(chosen if chosen in names else WITHOUT_TORCH[0])
        self.devices.blockSignals(were_blocked)
        self._say()

    def _device_list(self) -> QComboBox:
        devices = shrinking(QComboBox())
        devices.addItems([*WITHOUT_TORCH, OTHERS])
        devices.setObjectName("device")
        devices.setAccessibleName("device")
        devices.setToolTip("Where to compute; auto takes CUDA, else MPS, else the CPU.")
        devices.activated.connect(self._pick_device)
        devices.currentTextChanged.connect(self._tell)
        return devices

    def _fold(self) -> QToolButton:
        fold = QToolButton()
        fold.setObjectName("fold")
        fold.setCheckable(True)
        fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        fold.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        fold.toggled.connect(self._open)
        return fold

    def _open(self, opened: bool) -> None:
        self._content.setVisible(opened)
        self._say()

    def _pick_device(self, row: int) -> None:
        if self.devices.itemText(row) != OTHERS:
            return
        self.devices.setCurrentIndex(0)
        self.devices.setEnabled(False)
        self.said.emit("Loading PyTorch …")
        create_worker(
            available,
            _worker_class=FunctionWorker,
            _connect={"returned": self._found, "errored": self._not_found},
        )

    def _found(self, names: list[str]) -> None:
        self.devices.setEnabled(True)
        self.list_devices()
        self.said.emit(f"Devices: {', '.join(names)}.")

    def _not_found(self, error: Exception) -> None:
        self.devices.setEnabled(True)
        self.said.emit(f"PyTorch could not be loaded ({error}).")

    def _tell(self, *_: Any) -> None:
        self._say()
        self.changed.emit()

    def _say(self) -> None:
        """Say on the fold what is chosen."""
        chosen = [
            f"{self.boundary.key} border",
            f"{self.fidelity.key} noise",
            f"device {self.device}",
        ]
        if self.weights.value is not None:
            chosen.append(f"weighed by {self.weights.value.name}")
        self.fold.setArrowType(
            Qt.ArrowType.DownArrow if self.fold.isChecked() else Qt.ArrowType.RightArrow
        )
        self.fold.setText("More: " + " · ".join(chosen))
        self.fold.setToolTip(
            "Border, noise model, centre of the PSF, offset, pixel weights and device."
        )
        self.fold.setAccessibleName(self.fold.text())
