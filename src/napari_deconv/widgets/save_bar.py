"""The buttons that save a result or its recipe, and the line that says where it went."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from napari.layers import Image
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_deconv.widgets.column import Line
from napari_deconv.widgets.layer_choice import METADATA
from napari_deconv.widgets.saving import FILTERS, save_recipe, save_result

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_deconv.storing import StoredType


class SaveBar(QWidget):
    """Saves the selected result, or else the last one.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    last : callable
        Returns the layer of the last run, or None.
    """

    def __init__(self, viewer: ViewerModel, last: Callable[[], Image | None]) -> None:
        super().__init__()
        self._viewer, self._last = viewer, last
        self.result = QPushButton("Save result…")
        self.result.setObjectName("save_result")
        self.result.setToolTip("Write the result as float32 or uint16, with pixel size and recipe.")
        self.result.clicked.connect(self._choose_result_file)
        self.recipe = QPushButton("Save recipe…")
        self.recipe.setObjectName("save_recipe")
        self.recipe.setToolTip("Write how the result was made as YAML, the PSF beside it.")
        self.recipe.clicked.connect(self._choose_recipe_file)
        self.line = Line("saved")
        buttons = QHBoxLayout()
        buttons.addWidget(self.result)
        buttons.addWidget(self.recipe)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addLayout(buttons)
        layout.addWidget(self.line)

    def save_result(self, path: str, dtype: StoredType = "float32") -> bool:
        """Write the result; the line says where it went and what was lost, or why not."""
        return self._save(lambda layer: save_result(layer, path, dtype))

    def save_recipe(self, path: str) -> bool:
        """Write the recipe as YAML; the line says where it went, or why not."""
        return self._save(lambda layer: save_recipe(layer, path))

    def _save(self, write: Callable[[Image], str]) -> bool:
        selected = self._viewer.layers.selection.active
        chosen = isinstance(selected, Image) and METADATA in selected.metadata
        layer = selected if chosen else self._last()
        try:
            if layer is None:
                raise ValueError("There is no result to save; press Run first.")
            self.line.say(write(layer))
        except ValueError as error:
            self.line.say(str(error), "error")
            return False
        return True

    def _choose_result_file(self) -> None:
        path, kind = QFileDialog.getSaveFileName(self, "Save result", "", ";;".join(FILTERS))
        if path:
            ending = ".npy" if "npy" in kind else ".tif"
            self.save_result(_with_ending(path, ending), FILTERS[kind])

    def _choose_recipe_file(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save recipe", "", "YAML (*.yaml)")
        if path:
            self.save_recipe(_with_ending(path, ".yaml"))


def _with_ending(path: str, ending: str) -> str:
    """Return the path; with an ending if the user typed none."""
    return path if Path(path).suffix else path + ending
