"""The lines that profiles are taken along: shapes of a layer, read in world coordinates."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakMethod

import numpy as np
from napari.layers import Shapes

from napari_deconv.widgets.profile_figures import Line
from napari_deconv.widgets.profile_labels import lifted, rim_labels, write_labels
from napari_deconv.widgets.profile_planes import Plane, units_per_layer_unit
from napari_deconv.widgets.profile_style import free_color

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image, Layer
    from numpy.typing import ArrayLike, NDArray

LAYER_NAME = "profiles"

FIRST_LINES = (
    ((0.30, 0.15), (0.30, 0.85)),
    ((0.45, 0.30), (0.90, 0.30)),
    ((0.50, 0.50), (0.85, 0.85)),
)
"""Where the first lines lie, as (y, x) relative to the picture: across, down and aslant."""

THICKNESS = 3.0
"""Pixels of the screen that a line is drawn wide, at any zoom."""

GAP = 5.0
"""Pixels of the screen between a line and its label."""


class ProfileLines:
    """Finds, makes, reads and labels the lines of a viewer.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer.
    changed : callable
        A bound method to call at each move of a line, kept by a weak reference.
    """

    def __init__(self, viewer: Viewer, changed: Callable[[], None]) -> None:
        self._viewer = viewer
        self._changed = WeakMethod(changed)
        self._seen = 0
        self.layer: Shapes | None = None

    def find(self) -> None:
        """Watch the layer of lines if there is one now, and let go of one that is gone."""
        if self.layer is not None and self.layer in self._viewer.layers:
            return
        self.release()
        for layer in self._viewer.layers:
            if isinstance(layer, Shapes) and layer.name == LAYER_NAME:
                self._hold(layer)

    def release(self) -> None:
        """Stop watching the layer of lines; its labels lose their figures, which would grow old."""
        layer, self.layer = self.layer, None
        if layer is None:
            return
        for event in (layer.events.data, layer.events.edge_color):
            event.disconnect(self._on_event)
        if self._on_drag in layer.mouse_drag_callbacks:
            layer.mouse_drag_callbacks.remove(self._on_drag)

    def make(self, image: Image) -> Shapes:
        """Return the layer of lines; a new one has the pixels and the units of an image."""
        self.find()
        if self.layer is None:
            layer = Shapes(
                ndim=2,
                name=LAYER_NAME,
                scale=np.abs(image.scale[-2:]),
                units=image.units[-2:],
                axis_labels=image.axis_labels[-2:],
                opacity=1.0,
            )
            layer.text.size = 10
            layer.text.anchor = "upper_left"
            self._viewer.add_layer(layer)
            self._hold(layer)
        assert self.layer is not None
        return self.layer

    def add(self, ends: ArrayLike) -> None:
        """Add a line between two points (y, x) of the world."""
        assert self.layer is not None
        world = np.asarray(ends, np.float64)
        factors = units_per_layer_unit(self._viewer, self.layer)[-2:]
        data = [self.layer.world_to_data(point * factors) for point in world]
        color = free_color(self._colors())
        self.layer.add_lines([np.asarray(data)], edge_color=[color], edge_width=[self._width()])

    def add_first(self, plane: Plane) -> None:
        """Add lines across, down and aslant over a plane."""
        height, width = plane.shape
        to_world = np.linalg.inv(plane.world_to_data)
        for relative in FIRST_LINES:
            data = np.asarray(relative) * (height - 1, width - 1)
            self.add(data @ to_world[:2, :2].T + to_world[:2, 2])

    def read(self) -> list[Line]:
        """Return the lines as they are now, also in the middle of a drag."""
        if self.layer is None:
            return []
        colors = self._colors()
        factors = units_per_layer_unit(self._viewer, self.layer)
        lines: list[Line] = []
        for index in self._indices():
            ends = [
                (np.asarray(self.layer.data_to_world(end)) / factors)[-2:]
                for end in self.layer.data[index]
            ]
            lines.append(Line(len(lines) + 1, colors[index], np.asarray(ends, np.float64)))
        return lines

    def others(self) -> int:
        """Return how many shapes of the layer are no lines."""
        return 0 if self.layer is None else self.layer.nshapes - len(self._indices())

    def label(self, texts: Sequence[str]) -> None:
        """Write a text beside each line."""
        layer = self.layer
        if layer is None:
            return
        labels = [""] * layer.nshapes
        for index, text in zip(self._indices(), texts, strict=False):
            labels[index] = text
        labels = lifted(labels, self._corners(), float(layer.text.size))
        write_labels(layer, labels, self._colors())

    def fit(self) -> None:
        """Draw lines and gaps as wide as ever on the screen, whatever the zoom; colour new ones."""
        layer = self.layer
        if layer is None:
            return
        self._color_new()
        width = self._width()
        if any(abs(drawn - width) > 0.02 * width for drawn in layer.edge_width):
            layer.edge_width = width
            layer.events.edge_width()
        gap = -GAP / THICKNESS * width
        if abs(float(np.ravel(layer.text.translation)[0]) - gap) > 0.02 * abs(gap):
            layer.text.translation = np.array([gap, 0.0])

    def draw(self) -> None:
        """Let the next drag on the canvas draw a line."""
        if self.layer is not None:
            self._viewer.layers.selection.active = self.layer
            self.layer.mode = "add_line"

    def grasp(self) -> None:
        """Show a handle at every end, for the next drag on the canvas to move it."""
        if self.layer is not None:
            self._viewer.layers.selection.active = self.layer
            self.layer.mode = "direct"
            self.layer.selected_data = set(self._indices())

    def _hold(self, layer: Shapes) -> None:
        self.layer = layer
        self._seen = layer.nshapes
        for event in (layer.events.data, layer.events.edge_color):
            event.connect(self._on_event)
        layer.mouse_drag_callbacks.append(self._on_drag)
        rim_labels(self._viewer, layer)

    def _on_event(self, event: Any = None) -> None:
        changed = self._changed()
        if changed is not None:
            changed()

    def _on_drag(self, layer: Layer, event: Any) -> Generator[None, None, None]:
        # napari tells of a shape's new place only when the button is let go; here it is asked
        # for at every move. The press may have started a new line already.
        self._on_event()
        yield
        while event.type == "mouse_move":
            self._on_event()
            yield
        self._on_event()

    def _indices(self) -> list[int]:
        if self.layer is None:
            return []
        return [i for i, kind in enumerate(self.layer.shape_type) if kind == "line"]

    def _colors(self) -> list[str]:
        if self.layer is None or not self.layer.nshapes:
            return []
        shades: NDArray[np.int_] = np.round(255 * np.asarray(self.layer.edge_color)).astype(int)
        return [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue, *_ in shades]

    def _color_new(self) -> None:
        """Give lines drawn by hand a colour of their own; all others keep theirs."""
        layer = self.layer
        assert layer is not None
        seen, self._seen = self._seen, layer.nshapes
        colors = self._colors()
        if layer.nshapes <= seen:
            return
        for index in range(seen, layer.nshapes):
            if colors.count(colors[index]) > 1 or colors[index] == "#777777":
                colors[index] = free_color(colors[:index])
        layer.edge_color = colors

    def _width(self) -> float:
        assert self.layer is not None
        return float(THICKNESS / np.mean(self._pixels()))

    def _corners(self) -> NDArray[np.float64]:
        """Return the upper left corner of each shape in pixels of the screen, less an offset."""
        assert self.layer is not None
        corners = [np.asarray(data)[:, -2:].min(axis=0) for data in self.layer.data]
        return np.reshape(corners, (-1, 2)) * self._pixels()

    def _pixels(self) -> NDArray[np.float64]:
        """Return how many pixels of the screen a step in the layer's data is, down and across."""
        assert self.layer is not None
        scene = getattr(self._viewer, "scene", self._viewer)
        return np.asarray(scene.camera.zoom * np.abs(self.layer.scale[-2:]))
