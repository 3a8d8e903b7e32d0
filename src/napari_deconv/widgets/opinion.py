"""One box under a learned method: whether TV is restored beside it, and where the two differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QCheckBox

if TYPE_CHECKING:
    from napari_deconv.methods.method import Method


class OpinionBox(QCheckBox):
    """The box, there while a learned method is chosen."""

    def __init__(self) -> None:
        super().__init__("Second opinion: TV beside it")
        self.setObjectName("second_opinion")
        self.setChecked(True)
        self.setToolTip(
            "After the run, restore by TV as well, with its strength found by itself: a hidden "
            "layer, and marks where the two differ more than edges explain. There the data did "
            "not decide, and what you see may be the model's guess."
        )
        self.hide()

    def fit(self, method: type[Method]) -> None:
        """Show the box for learned methods."""
        self.setVisible(method.learned)

    def wanted(self, method: Method) -> bool:
        """Return whether a result of a method is to have one."""
        return method.learned and self.isChecked()
