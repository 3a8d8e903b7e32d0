"""Shapes that a user draws for a dock: a layer found, made and watched, its shapes labelled."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakMethod

import numpy as np
from napari.layers import Shapes
from qtpy.QtCore import QTimer

from napari_deconv.widgets.profile_overlay import CanvasLabels

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Layer

THICKNESS = 2.5
"""Pixels of the screen that a shape is drawn wide, at any zoom."""


class DrawnShapes:
    """Finds, makes, watches and labels the shapes of one layer of a viewer.

    Parameters
    ----------
    viewer : napari.Viewer
    changed : callable
        A bound method to call at each move of a shape, kept by a weak reference.
    name, color : str
        Of the layer, and of its shapes.
    """

    def __init__(self, viewer: Viewer, changed: Callable[[], None], name: str, color: str) -> None:
        self._viewer = viewer
        self._changed = WeakMethod(changed)
        self._name, self._color = name, color
        self._before: int | None = None
        self._mode = ""
        self._labels: CanvasLabels | None = None
        self.layer: Shapes | None = None

    @property
    def drawing(self) -> bool:
        """Whether the next drag on the canvas draws a shape."""
        return self.layer is not None and str(self.layer.mode).startswith("add_")

    @property
    def labels(self) -> list[str]:
        """What stands beside each shape of the layer."""
        return [] if self._labels is None else self._labels.texts

    def find(self) -> None:
        """Watch the layer of shapes if there is one now, and let go of one that is gone."""
        if self.layer is not None and self.layer in self._viewer.layers:
            return
        self.release()
        for layer in self._viewer.layers:
            if isinstance(layer, Shapes) and layer.name == self._name:
                self._hold(layer)

    def release(self) -> None:
        """Stop watching the layer of shapes."""
        layer, self.layer = self.layer, None
        if self._labels is not None:
            self._labels.close()
            self._labels = None
        if layer is None:
            return
        layer.events.visible.disconnect(self.place_labels)
        layer.events.data.disconnect(self._on_event)
        if self._on_drag in layer.mouse_drag_callbacks:
            layer.mouse_drag_callbacks.remove(self._on_drag)

    def begin(self, mode: str, *, anew: bool = False) -> None:
        """Let the next drag draw a shape, in place of all others or beside them."""
        layer = self.layer
        assert layer is not None
        self._before = layer.nshapes if anew else 0
        self._mode = mode
        self._viewer.layers.selection.active = layer
        layer.visible = True
        layer.mode = mode

    def chosen(self) -> int:
        """Return which shape is selected, counted from 0; the first unless just one is."""
        if self.layer is None or len(self.layer.selected_data) != 1:
            return 0
        indices = self._indices()
        index = min(self.layer.selected_data)
        return indices.index(index) if index in indices else 0

    def label(self, texts: Sequence[str]) -> None:
        """Write a text beside each shape."""
        if self.layer is None or self._labels is None:
            return
        labels = [""] * self.layer.nshapes
        for index, text in zip(self._indices(), texts, strict=False):
            labels[index] = text
        self._labels.write(labels, [self._color] * len(labels))

    def place_labels(self, event: Any = None) -> None:
        """Let the labels follow the camera."""
        if self._labels is not None:
            self._labels.place()

    def fit(self) -> None:
        """Draw sides as wide as ever on the screen, whatever the zoom."""
        layer = self.layer
        if layer is None:
            return
        width = self._width()
        if any(abs(drawn - width) > 0.02 * width for drawn in layer.edge_width):
            layer.edge_width = width
            layer.events.edge_width()
        layer.current_edge_width = width

    def make(self, **place: Any) -> Shapes:
        """Return the layer of shapes; a new one lies where the arguments of a layer say."""
        self.find()
        if self.layer is None:
            layer = Shapes(
                ndim=2,
                name=self._name,
                edge_color=self._color,
                face_color="transparent",
                opacity=1.0,
                **place,
            )
            self._viewer.add_layer(layer)
            self._hold(layer)
            self.fit()
        assert self.layer is not None
        return self.layer

    def _hold(self, layer: Shapes) -> None:
        self.layer = layer
        layer.events.data.connect(self._on_event)
        layer.mouse_drag_callbacks.append(self._on_drag)
        layer.events.visible.connect(self.place_labels)
        self._labels = CanvasLabels(self._viewer, layer)

    def _on_event(self, event: Any = None) -> None:
        changed = self._changed()
        if changed is not None:
            changed()

    def _on_drag(self, layer: Layer, event: Any) -> Generator[None, None, None]:
        # napari tells of a shape's new place only when the button is let go; here it is asked
        # for at every move. The press may have started a new shape already.
        self._on_event()
        yield
        while event.type == "mouse_move":
            self._on_event()
            yield
        if self._before is not None:
            QTimer.singleShot(0, self._drawn)  # the drawing mode has its own end to come to first
        self._on_event()

    def _drawn(self) -> None:
        """Take away what the new shape replaces, and let the next drag move it."""
        layer, before = self.layer, self._before
        if layer is None or before is None or layer.mode != self._mode:
            return
        if layer.nshapes > before:
            self._before = None
            last = layer.nshapes - 1 - before
            if before:
                layer.selected_data = set(range(before))
                layer.remove_selected()
            layer.mode = "select"
            layer.selected_data = {last}
            self._on_event()

    def _indices(self) -> list[int]:
        """Return which of the layer's shapes count."""
        return [] if self.layer is None else list(range(self.layer.nshapes))

    def _width(self) -> float:
        """Return the width of a side in the layer's data."""
        assert self.layer is not None
        scene = getattr(self._viewer, "scene", self._viewer)
        return float(THICKNESS / np.mean(scene.camera.zoom * np.abs(self.layer.scale[-2:])))
