"""How results are looked at: one at a time, all in a grid, or swiped over the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QWidget

from napari_deconv.widgets.before_after import show_only
from napari_deconv.widgets.swipe import Swipe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.components import ViewerModel

Mode = Literal["one", "grid", "swipe"]

SPACING = 4
"""Pixels of the screen between two pictures of the grid."""

NAME_POINTS = 8
"""Size of the names in the boxes of the grid."""

BUTTONS: dict[Mode, tuple[str, str]] = {
    "one": ("One", "Show the picture of the row, and hide the others."),
    "grid": ("Grid", "Show all side by side; they move and zoom together."),
    "swipe": ("Swipe", "A line to drag: the data left of it, the picture of the row right."),
}


class CompareView(QWidget):
    """Three buttons, of which one is down, and what they do to the layers.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    layers : callable
        Returns the layers that are compared, the data first.

    Attributes
    ----------
    failed : Signal(str)
        Why a view can't be had.
    """

    failed = Signal(str)

    def __init__(self, viewer: ViewerModel, layers: Callable[[], Sequence[Image]]) -> None:
        super().__init__()
        self._viewer, self._layers = viewer, layers
        self._seen: Image | None = None
        self._hidden: list[Any] = []
        self._mode: Mode = "one"
        self._across = 1
        self.swipe = Swipe(viewer, self)
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self._buttons: dict[Mode, QPushButton] = {}
        for mode, (text, tip) in BUTTONS.items():
            button = QPushButton(text)
            button.setObjectName(f"view_{mode}")
            button.setCheckable(True)
            button.setToolTip(tip)
            button.clicked.connect(lambda _, mode=mode: self.look(mode))
            self._group.addButton(button)
            self._buttons[mode] = button
            row.addWidget(button)
        self._buttons["one"].setChecked(True)

    @property
    def mode(self) -> Mode:
        """How they are looked at."""
        return self._mode

    def see(self, layer: Image) -> None:
        """Show a layer, in the way that is chosen."""
        self._seen = layer
        if layer in self._viewer.layers:
            self._viewer.layers.selection.active = layer
        self.look(self._mode)

    def look(self, mode: Mode) -> None:
        """Look at the results in another way."""
        if mode != self._mode:
            self._leave_mode()
        self._mode = mode
        self._buttons[mode].setChecked(True)
        try:
            self._show()
        except ValueError as error:
            self._leave_mode()
            self._mode = "one"
            self._buttons["one"].setChecked(True)
            self.failed.emit(str(error))

    def update_layers(self) -> None:
        """Show what has come, or do without what is gone."""
        if self._seen not in self._viewer.layers:
            self._seen = None
        there = self._there()
        if self._mode == "grid" and there:
            self._show()
        elif len(there) < 2:
            self.leave()
        elif self._mode == "swipe":
            self._show()

    def leave(self) -> None:
        """Take line and grid away: the dock is closing."""
        self._leave_mode()
        self._mode = "one"
        self._buttons["one"].setChecked(True)

    def _there(self) -> list[Image]:
        return [layer for layer in self._layers() if layer in self._viewer.layers]

    def _images(self) -> list[Image]:
        return [layer for layer in self._viewer.layers if isinstance(layer, Image)]

    def _show(self) -> None:
        layers = self._there()
        if not layers:
            if self._mode == "one":
                return
            raise ValueError("There is nothing to compare yet; press Run.")
        seen = self._seen if self._seen in layers else layers[-1]
        if self._mode == "one":
            show_only(self._images(), [seen])
        elif self._mode == "grid":
            self._show_grid(layers)
        elif len(layers) == 1:
            raise ValueError("A swipe needs a result beside the data; press Run.")
        else:
            after = seen if seen is not layers[0] else layers[-1]
            self.swipe.show(layers[0], after)

    def _show_grid(self, layers: list[Image]) -> None:
        """Put each picture into a box of napari's grid, under its name."""
        others = [i for i in self._viewer.layers if i.visible and not isinstance(i, Image)]
        for layer in others:  # lines would take boxes of their own
            layer.visible = False
        self._hidden += others
        show_only(self._images(), layers)
        grid = _grid(self._viewer)
        grid.stride, grid.shape, grid.spacing = 1, (-1, -1), SPACING
        grid.enabled = True
        for layer in layers:
            _name(layer, True)
        self._shrink(max(grid.actual_shape(list(self._viewer.layers))))

    def _shrink(self, across: int) -> None:
        """Show in each box what was in sight before, smaller by as many as stand side by side."""
        camera = getattr(self._viewer, "scene", self._viewer).camera  # moved in napari 0.9
        camera.zoom *= self._across / across
        self._across = across

    def _leave_mode(self) -> None:
        self.swipe.hide()
        if self._mode != "grid":
            return
        _grid(self._viewer).enabled = False
        self._shrink(1)
        for layer in self._images():
            _name(layer, False)
        for layer in self._hidden:
            if layer in self._viewer.layers:
                layer.visible = True
        self._hidden = []


def _grid(viewer: ViewerModel) -> Any:
    return getattr(viewer, "canvas", viewer).grid  # moved in napari 0.9


def _name(layer: Image, shown: bool) -> None:
    """Write a layer's name into its box of the grid; napari before 0.9 can't."""
    overlay: Any = getattr(layer, "name_overlay", None)
    if overlay is not None:
        overlay.visible, overlay.box, overlay.font_size = shown, True, NAME_POINTS
