"""The boxes that a PSF is measured in: rectangles of a layer, read in pixels of an image."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakMethod

import numpy as np
from napari.layers import Shapes
from qtpy.QtCore import QTimer

from napari_deconv.widgets.profile_overlay import CanvasLabels
from napari_deconv.widgets.profile_planes import units_per_layer_unit
from napari_deconv.widgets.profile_style import LINE_COLORS

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Layer
    from numpy.typing import ArrayLike, NDArray

    from napari_deconv.widgets.source import Source

    Corners = NDArray[np.float64]

NAME = "psf boxes"
COLOR = LINE_COLORS[0]
THICKNESS = 2.5
"""Pixels of the screen that a box's side is drawn wide, at any zoom."""
CORNERS = 4


class PsfBoxes:
    """Finds, makes, reads and labels the boxes of a viewer.

    Parameters
    ----------
    viewer : napari.Viewer
    changed : callable
        A bound method to call at each move of a box, kept by a weak reference.
    """

    def __init__(self, viewer: Viewer, changed: Callable[[], None]) -> None:
        self._viewer = viewer
        self._changed = WeakMethod(changed)
        self._before: int | None = None
        self._labels: CanvasLabels | None = None
        self.layer: Shapes | None = None

    @property
    def drawing(self) -> bool:
        """Whether the next drag on the canvas draws a box."""
        return self.layer is not None and self.layer.mode == "add_rectangle"

    @property
    def labels(self) -> list[str]:
        """What stands beside each shape of the layer."""
        return [] if self._labels is None else self._labels.texts

    def find(self) -> None:
        """Watch the layer of boxes if there is one now, and let go of one that is gone."""
        if self.layer is not None and self.layer in self._viewer.layers:
            return
        self.release()
        for layer in self._viewer.layers:
            if isinstance(layer, Shapes) and layer.name == NAME:
                self._hold(layer)

    def release(self) -> None:
        """Stop watching the layer of boxes."""
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

    def draw(self, source: Source, *, anew: bool = False) -> None:
        """Let the next drag on the canvas draw a box, in place of all others or beside them."""
        layer = self._made(source)
        self._before = layer.nshapes if anew else 0
        self._viewer.layers.selection.active = layer
        layer.visible = True
        layer.mode = "add_rectangle"

    def add(self, source: Source, corners: ArrayLike) -> None:
        """Add a box whose corners are given as (row, column) in pixels of an image."""
        layer = self._made(source)
        factors = units_per_layer_unit(self._viewer, layer)
        across = units_per_layer_unit(self._viewer, source.layer)
        points = []
        for row, column in np.asarray(corners, np.float64):
            place = list(source.index)
            place[source.axes[0]], place[source.axes[1]] = row, column
            world = np.asarray(source.layer.data_to_world(place)) / across
            points.append(layer.world_to_data(world[-2:] * factors[-2:]))
        layer.add_rectangles([np.asarray(points)], edge_width=self._width(), edge_color=COLOR)

    def read(self, source: Source) -> list[Corners]:
        """Return corners of each box as (row, column) in pixels, also in the middle of a drag."""
        if self.layer is None:
            return []
        factors = units_per_layer_unit(self._viewer, self.layer)[-2:]
        across = units_per_layer_unit(self._viewer, source.layer)
        place = np.asarray(source.layer.data_to_world(source.index)) / across
        boxes = []
        for index in self._indices():
            points = []
            for vertex in self.layer.data[index]:
                place[-2:] = np.asarray(self.layer.data_to_world(vertex))[-2:] / factors
                points.append(source.layer.world_to_data(place * across))
            boxes.append(np.asarray(points, np.float64)[:, source.axes])
        return boxes

    def others(self) -> int:
        """Return how many shapes of the layer are no boxes."""
        return 0 if self.layer is None else self.layer.nshapes - len(self._indices())

    def chosen(self) -> int:
        """Return which box is selected, counted from 0; the first unless just one is."""
        if self.layer is None or len(self.layer.selected_data) != 1:
            return 0
        indices = self._indices()
        index = min(self.layer.selected_data)
        return indices.index(index) if index in indices else 0

    def label(self, texts: Sequence[str]) -> None:
        """Write a text beside each box."""
        if self.layer is None or self._labels is None:
            return
        labels = [""] * self.layer.nshapes
        for index, text in zip(self._indices(), texts, strict=False):
            labels[index] = text
        self._labels.write(labels, [COLOR] * len(labels))

    def place_labels(self, event: Any = None) -> None:
        """Let the labels follow the camera."""
        if self._labels is not None:
            self._labels.place()

    def number(self) -> None:
        """Write beside each of several boxes which one it is."""
        count = len(self._indices())
        self.label([str(n) for n in range(1, count + 1)] if count > 1 else [])

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

    def _made(self, source: Source) -> Shapes:
        """Return the layer of boxes; a new one lies over the image, pixel on pixel."""
        self.find()
        if self.layer is None:
            layer = Shapes(
                ndim=2,
                name=NAME,
                edge_color=COLOR,
                face_color="transparent",
                opacity=1.0,
                **source.over(),
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
        # for at every move. The press may have started a new box already.
        self._on_event()
        yield
        while event.type == "mouse_move":
            self._on_event()
            yield
        if self._before is not None:
            QTimer.singleShot(0, self._drawn)  # the drawing mode has its own end to come to first
        self._on_event()

    def _drawn(self) -> None:
        """Take away what the new box replaces, and let the next drag move it."""
        layer, before = self.layer, self._before
        if layer is None or before is None or layer.mode != "add_rectangle":
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
        if self.layer is None:
            return []
        return [i for i, data in enumerate(self.layer.data) if len(data) == CORNERS]

    def _width(self) -> float:
        """Return the width of a side in the layer's data."""
        assert self.layer is not None
        scene = getattr(self._viewer, "scene", self._viewer)
        return float(THICKNESS / np.mean(scene.camera.zoom * np.abs(self.layer.scale[-2:])))
