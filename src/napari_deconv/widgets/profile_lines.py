"""The lines that profiles are taken along: shapes of a layer, read in world coordinates."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakMethod

import numpy as np
from napari.layers import Shapes

from napari_deconv.widgets.profile_curves import Line
from napari_deconv.widgets.profile_labels import Box
from napari_deconv.widgets.profile_overlay import CanvasLabels
from napari_deconv.widgets.profile_planes import Plane, units_per_layer_unit
from napari_deconv.widgets.profile_style import free_color
from napari_deconv.widgets.profile_widths import LineWidths

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

KINDS = ("line", "path")
"""Shapes of napari that have a profile."""


class ProfileLines:
    """Finds, makes, reads and labels the lines and paths of a viewer.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer.
    changed : callable
        A bound method to call at each move of a line, kept by a weak reference.

    Attributes
    ----------
    layer : napari.layers.Shapes or None
        The layer that is watched.
    widths : LineWidths
        What each line is averaged over.
    """

    def __init__(self, viewer: Viewer, changed: Callable[[], None]) -> None:
        self._viewer = viewer
        self._changed = WeakMethod(changed)
        self._seen = 0
        self._labels: CanvasLabels | None = None
        self.widths = LineWidths()
        self.layer: Shapes | None = None

    @property
    def labels(self) -> list[str]:
        """What stands beside each line."""
        texts = [] if self._labels is None else self._labels.texts
        return [texts[i] for i in self._indices() if i < len(texts)]

    @property
    def boxes(self) -> list[Box | None]:
        """Where the label of each line stands on the canvas."""
        boxes = [] if self._labels is None else self._labels.boxes
        return [boxes[i] for i in self._indices() if i < len(boxes)]

    def find(self) -> None:
        """Watch the layer of lines if there is one now, and let go of one that is gone."""
        if self.layer is not None and self.layer in self._viewer.layers:
            return
        self.release()
        for layer in self._viewer.layers:
            if isinstance(layer, Shapes) and layer.name == LAYER_NAME:
                self._hold(layer)

    def release(self) -> None:
        """Stop watching the layer of lines, and take the labels off the canvas."""
        layer, self.layer = self.layer, None
        self.widths.release()
        if self._labels is not None:
            self._labels.close()
            self._labels = None
        if layer is None:
            return
        for event in _events(layer):
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
            self._viewer.add_layer(layer)
            self._hold(layer)
        assert self.layer is not None
        return self.layer

    def add(self, points: ArrayLike, width: float | None = None) -> None:
        """Add a line between two points (y, x) of the world, or a path through more."""
        assert self.layer is not None
        world = np.asarray(points, np.float64)
        factors = units_per_layer_unit(self._viewer, self.layer)[-2:]
        data = np.asarray([self.layer.world_to_data(point * factors) for point in world])
        color = free_color(self._colors())
        add = self.layer.add_lines if len(data) == 2 else self.layer.add_paths
        add([data], edge_color=[color], edge_width=[self._thickness()])
        if width is not None:
            self.widths.set(width, [self.layer.nshapes - 1])

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
        colors, widths = self._colors(), self.widths.read()
        origin, axes = self._placed(self.layer)
        lines: list[Line] = []
        for index in self._indices():
            path = np.asarray(origin + np.asarray(self.layer.data[index]) @ axes, np.float64)
            lines.append(Line(len(lines) + 1, colors[index], path, widths[index]))
        return lines

    def others(self) -> int:
        """Return how many shapes of the layer are neither line nor path."""
        return 0 if self.layer is None else self.layer.nshapes - len(self._indices())

    def set_width(self, pixels: float, number: int | None = None) -> None:
        """Average over another width: one line by its number, or all of them."""
        chosen = self._indices()
        self.widths.set(pixels, chosen if number is None else [chosen[number - 1]])

    def set_color(self, color: str, number: int) -> None:
        """Give a line another colour."""
        assert self.layer is not None
        colors = self._colors()
        colors[self._indices()[number - 1]] = color
        self.layer.edge_color = colors

    def label(self, texts: Sequence[str]) -> None:
        """Write a text beside each line."""
        if self.layer is None or self._labels is None:
            return
        labels = [""] * self.layer.nshapes
        for index, text in zip(self._indices(), texts, strict=False):
            labels[index] = text
        self._labels.write(labels, self._colors())

    def place_labels(self) -> None:
        """Let the labels follow the camera."""
        if self._labels is not None:
            self._labels.place()

    def fit(self) -> None:
        """Draw lines as wide as ever on the screen, whatever the zoom; colour new ones."""
        layer = self.layer
        if layer is None:
            return
        self._color_new()
        width = self._thickness()
        if any(abs(drawn - width) > 0.02 * width for drawn in layer.edge_width):
            layer.edge_width = width
            layer.events.edge_width()

    def draw(self, mode: str) -> None:
        """Let what is drawn next on the canvas be a line or a path: a mode of napari's."""
        if self.layer is not None:
            self._viewer.layers.selection.active = self.layer
            self.layer.mode = mode

    def grasp(self) -> None:
        """Show a handle at every end, for the next drag on the canvas to move it."""
        if self.layer is not None:
            self._viewer.layers.selection.active = self.layer
            self.layer.mode = "direct"
            self.layer.selected_data = set(self._indices())

    def _hold(self, layer: Shapes) -> None:
        self.layer = layer
        self._seen = layer.nshapes
        self.widths.hold(layer)
        for event in _events(layer):
            event.connect(self._on_event)
        layer.mouse_drag_callbacks.append(self._on_drag)
        self._labels = CanvasLabels(self._viewer, layer)

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

    def _placed(self, layer: Shapes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return where the layer's origin and its axes lie in the plane: asking takes its time."""
        factors = units_per_layer_unit(self._viewer, layer)
        points = np.vstack([np.zeros(layer.ndim), np.eye(layer.ndim)])
        world = np.asarray([layer.data_to_world(point) for point in points]) / factors
        return world[0, -2:], (world[1:] - world[0])[:, -2:]

    def _indices(self) -> list[int]:
        if self.layer is None:
            return []
        return [i for i, kind in enumerate(self.layer.shape_type) if kind in KINDS]

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

    def _thickness(self) -> float:
        assert self.layer is not None
        scene = getattr(self._viewer, "scene", self._viewer)
        return float(THICKNESS / np.mean(scene.camera.zoom * np.abs(self.layer.scale[-2:])))


def _events(layer: Shapes) -> tuple[Any, ...]:
    return layer.events.data, layer.events.edge_color, layer.events.features, layer.events.visible
