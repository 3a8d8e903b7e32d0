"""The shapes that measures are taken in: boxes, circles, lines of a layer, each with its kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_deconv.evidence.measures import MEASURES
from napari_deconv.widgets.drawn_shapes import DrawnShapes
from napari_deconv.widgets.profile_planes import units_per_layer_unit
from napari_deconv.widgets.profile_style import LINE_COLORS

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Image, Shapes
    from numpy.typing import ArrayLike, NDArray

NAME = "Measures"
COLUMN = "measure"
"""Column of the layer's features that holds the kind of each shape, saved with the layer."""
TYPES = {"box": "rectangle", "circle": "ellipse", "line": "line"}
"""What is drawn -> what napari calls it."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A shape as it was drawn.

    Attributes
    ----------
    number : int
        From 1.
    kind : str
        Name of its measure; empty if no measure takes such a shape.
    points : ndarray, shape (2, 2) or (4, 2)
        Ends or corners as (y, x) in world coordinates.
    """

    number: int
    kind: str
    points: NDArray[np.float64]


class MeasureShapes(DrawnShapes):
    """Finds, makes, reads and labels the shapes of a viewer.

    Parameters
    ----------
    viewer : napari.Viewer
    changed : callable
        A bound method to call at each move of a shape, kept by a weak reference.
    """

    def __init__(self, viewer: Viewer, changed: Callable[[], None]) -> None:
        super().__init__(viewer, changed, NAME, LINE_COLORS[1])

    def draw(self, kind: str, image: Image) -> None:
        """Let the next drag on the canvas draw what a measure needs."""
        self._ready(kind, image)
        self.begin(f"add_{TYPES[MEASURES[kind].shape]}")

    def add(self, kind: str, points: ArrayLike, image: Image) -> None:
        """Add a shape by its ends or corners, as (y, x) in world coordinates."""
        layer = self._ready(kind, image)
        factors = units_per_layer_unit(self._viewer, layer)[-2:]
        data = [layer.world_to_data(p * factors) for p in np.asarray(points, np.float64)]
        layer.add(
            [np.asarray(data)],
            shape_type=TYPES[MEASURES[kind].shape],
            edge_width=self._width(),
            edge_color=self._color,
        )
        self.choose(layer.nshapes - 1)

    def read(self) -> list[Drawn]:
        """Return the shapes as they are now, also in the middle of a drag."""
        layer = self.layer
        if layer is None:
            return []
        factors = units_per_layer_unit(self._viewer, layer)
        kinds = list(layer.features[COLUMN]) if COLUMN in layer.features else []
        kinds += [""] * (layer.nshapes - len(kinds))
        drawn = []
        for number, (data, kind) in enumerate(zip(layer.data, kinds, strict=False), 1):
            points = [np.asarray(layer.data_to_world(p))[-2:] / factors[-2:] for p in data]
            fits = kind in MEASURES and layer.shape_type[number - 1] == TYPES[MEASURES[kind].shape]
            drawn.append(Drawn(number, kind if fits else "", np.asarray(points, np.float64)))
        return drawn

    def choose(self, row: int) -> None:
        """Select a shape, counted from 0."""
        if self.layer is not None and row < self.layer.nshapes:
            self.layer.selected_data = {row}

    def remove(self, row: int) -> None:
        """Take a shape away, counted from 0."""
        if self.layer is not None and row < self.layer.nshapes:
            self.layer.selected_data = {row}
            self.layer.remove_selected()

    def _ready(self, kind: str, image: Image) -> Shapes:
        """Return the layer, whose next shape is of a kind."""
        layer = self.make(
            scale=np.abs(image.scale[-2:]),
            units=image.units[-2:],
            axis_labels=image.axis_labels[-2:],
        )
        if COLUMN not in layer.features:
            layer.features = {COLUMN: np.array([""] * layer.nshapes, object)}
        layer.selected_data = set()  # napari takes the next shape's features from the selected one
        layer.feature_defaults = {COLUMN: kind}
        return layer
