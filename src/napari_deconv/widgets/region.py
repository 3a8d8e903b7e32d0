"""Which part of the image is restored: all of it, what the canvas shows, or a drawn rectangle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from napari.layers import Shapes
from qtpy.QtCore import QObject, QTimer, Signal

from napari_deconv.widgets.column import Line
from napari_deconv.widgets.layer_choice import LayerChoice

if TYPE_CHECKING:
    import numpy.typing as npt
    from napari.components import ViewerModel

    from napari_deconv.widgets.source import Region, Source

WHOLE, VISIBLE, DRAW = "whole", "visible", "draw"
NAME = "region"
"""Name of the Shapes layer that the dock makes."""
PAUSE = 50
"""Milliseconds from a move of the camera to a look at what the canvas shows then."""
ROUNDING = 0.01
"""Pixels that a corner may be off: napari keeps those of shapes in single precision."""


class RegionChoice(QObject):
    """The region's list and the quiet line under it.

    Attributes
    ----------
    menu : LayerChoice
        The whole image, the visible canvas, every Shapes layer, or a new one.
    line : Line
    looked : Signal
        The region may be another one: it was drawn, or the canvas moved.
    """

    changed = Signal()
    looked = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._source: Source | None = None
        self.line = Line("region_line")
        self.menu = LayerChoice("region", self._options, lambda _: WHOLE)
        self.menu.explain("Which part of the image is restored.")
        self.menu.picked.connect(self._pick)
        self._watched: Shapes | None = None
        self._moved = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE)
        self._timer.timeout.connect(self._look)
        self.line.destroyed.connect(self.leave)

    @property
    def value(self) -> Literal["whole", "visible"] | Shapes:
        """What is chosen; setting it counts as the user's choice."""
        chosen = self.menu.value
        return WHOLE if chosen in (None, DRAW) else chosen

    @value.setter
    def value(self, value: Literal["whole", "visible"] | Shapes) -> None:
        self.menu.value = value

    def of(self, source: Source) -> Region | None:
        """Return the chosen region of a source; None for all of it.

        Raises
        ------
        ValueError
            In one sentence, if nothing of the image is shown, drawn or inside the rectangle.
        """
        chosen = self.value
        if chosen == WHOLE:
            return None
        corners = visible(source) if chosen == VISIBLE else drawn(chosen, source)
        region = inside(corners, source.shape)
        whole = all(p.stop - p.start == n for p, n in zip(region, source.shape, strict=True))
        return None if whole else region

    def explain(self, source: Source | None) -> None:
        """Say how large the region is, or what to do."""
        self._source = source
        self.line.say("" if source is None or self.value == WHOLE else self._words(source))
        self.looked.emit()

    def _words(self, source: Source) -> str:
        try:
            region = self.of(source)
        except ValueError as error:
            return str(error)
        return described(region, source) if region else "The region is the whole image."

    def join(self) -> None:
        """Follow what the canvas shows, and the rectangle."""
        for emitter in self._cameras():
            emitter.connect(self._follow_camera)
        self._watch(self.value)

    def leave(self) -> None:
        """Follow no camera and no rectangle more."""
        self._timer.stop()
        for emitter in self._cameras():
            emitter.disconnect(self._follow_camera)
        self._watch(None)

    def _options(self) -> list[tuple[str, Any]]:
        shapes = [layer for layer in reversed(self._viewer.layers) if isinstance(layer, Shapes)]
        drawn_ones = [(f"rectangle in '{layer.name}'", layer) for layer in shapes]
        new = [] if any(s.name == NAME for s in shapes) else [("draw a rectangle…", DRAW)]
        return [("whole image", WHOLE), ("visible canvas", VISIBLE), *drawn_ones, *new]

    def _pick(self) -> None:
        if self.menu.value == DRAW:
            self._draw()
            return
        self._watch(self.value)
        self.explain(self._source)
        self.changed.emit()

    def _draw(self) -> None:
        """Make the layer to draw in, ready for a rectangle."""
        source = self._source
        layer = self._viewer.add_shapes(
            name=NAME,
            ndim=2,
            face_color="transparent",
            edge_color="#ffb000",
            edge_width=self._pen(),
            units=None if source is None else [source.layer.units[axis] for axis in source.axes],
        )
        layer.mode = "add_rectangle"
        self.menu.refresh()
        self.menu.value = layer

    def _pen(self) -> float:
        """Return a line's width that can be seen at any scale of the image."""
        if self._source is None:
            return 1.0
        size = self._source.layer.extent.world
        return float(np.max(size[1] - size[0])) / 250 or 1.0

    def _watch(self, chosen: Any) -> None:
        """Follow the rectangle while it is drawn and dragged."""
        if self._watched is not None:
            self._watched.events.set_data.disconnect(self._follow)
        self._watched = chosen if isinstance(chosen, Shapes) else None
        if self._watched is not None:
            self._watched.events.set_data.connect(self._follow)

    def _follow(self, event: Any = None) -> None:
        self.explain(self._source)

    def _cameras(self) -> list[Any]:
        """Return the events after which the canvas shows another part of the image."""
        camera = getattr(self._viewer, "scene", self._viewer).camera.events
        canvas = getattr(self._viewer, "canvas", None)  # napari before 0.9 has none
        resized = [] if canvas is None else [canvas.events.size]
        return [camera.center, camera.zoom, *resized]

    def _follow_camera(self, event: Any = None) -> None:
        if self.value != VISIBLE:
            return
        self._moved = self._timer.isActive()
        if not self._moved:
            self._timer.start()

    def _look(self) -> None:
        """Look at what is drawn by now, and once more if the camera has moved meanwhile."""
        if self._moved:
            self._moved = False
            self._timer.start()
        self.explain(self._source)


def visible(source: Source) -> npt.NDArray[Any]:
    """Return first and last index, along the plane's axes, of what the canvas shows."""
    layer = source.layer
    corners = np.asarray(layer.corner_pixels)[:, source.axes]
    if (corners[1] <= corners[0]).any():
        raise ValueError("The canvas shows nothing of the image; move the image into view.")
    if layer.multiscale:
        factors = layer.downsample_factors[layer.data_level][list(source.axes)]
        corners = np.stack([corners[0] * factors, (corners[1] + 1) * factors - 1])
    return corners


def drawn(shapes: Shapes, source: Source) -> npt.NDArray[Any]:
    """Return first and last index of the selected, or else the last, shape of a layer."""
    if len(shapes.data) == 0:
        raise ValueError(f"Draw a rectangle in the layer '{shapes.name}'.")
    chosen = min(shapes.selected_data) if len(shapes.selected_data) == 1 else -1
    ndim = len(source.index)
    corners = []
    for vertex in shapes.data[chosen]:
        world = np.zeros(max(ndim, shapes.ndim))
        world[-shapes.ndim :] = shapes.data_to_world(vertex)
        corners.append(source.layer.world_to_data(world[-ndim:]))
    along = np.asarray(corners)[:, source.axes]
    # A pixel is part of the region if its centre is inside the rectangle or on its edge.
    first, last = along.min(axis=0) - ROUNDING, along.max(axis=0) + ROUNDING
    return np.stack([np.ceil(first), np.floor(last)])


def inside(corners: npt.NDArray[Any], shape: tuple[int, int]) -> Region:
    """Return the part of a picture between two corners.

    Raises
    ------
    ValueError
        In one sentence, if that is less than two pixels along an axis.
    """
    first = np.clip(corners[0], 0, shape).astype(int)
    last = np.clip(corners[1] + 1, 0, shape).astype(int)
    if (last - first < 2).any():
        raise ValueError("The region does not cover the image; draw it over the image.")
    return slice(int(first[0]), int(last[0])), slice(int(first[1]), int(last[1]))


def described(region: Region, source: Source) -> str:
    """Return a region's size and how it is cut."""
    size = " × ".join(str(part.stop - part.start) for part in region)
    whole = " × ".join(map(str, source.shape))
    return f"{size} of {whole} px, computed with a margin so that it equals the whole image's."
