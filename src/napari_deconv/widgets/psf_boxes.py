"""The boxes that a PSF is measured in: rectangles of a layer, read in pixels of an image."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from napari_deconv.widgets.drawn_shapes import DrawnShapes
from napari_deconv.widgets.profile_planes import units_per_layer_unit
from napari_deconv.widgets.profile_style import LINE_COLORS

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Shapes
    from numpy.typing import ArrayLike, NDArray

    from napari_deconv.widgets.source import Source

    Corners = NDArray[np.float64]

NAME = "psf boxes"
CORNERS = 4


class PsfBoxes(DrawnShapes):
    """Finds, makes, reads and labels the boxes of a viewer.

    Parameters
    ----------
    viewer : napari.Viewer
    changed : callable
        A bound method to call at each move of a box, kept by a weak reference.
    """

    def __init__(self, viewer: Viewer, changed: Callable[[], None]) -> None:
        super().__init__(viewer, changed, NAME, LINE_COLORS[0])

    def draw(self, source: Source, *, anew: bool = False) -> None:
        """Let the next drag on the canvas draw a box, in place of all others or beside them."""
        self._made(source)
        self.begin("add_rectangle", anew=anew)

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
        layer.add_rectangles([np.asarray(points)], edge_width=self._width(), edge_color=self._color)

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

    def number(self) -> None:
        """Write beside each of several boxes which one it is."""
        count = len(self._indices())
        self.label([str(n) for n in range(1, count + 1)] if count > 1 else [])

    def _made(self, source: Source) -> Shapes:
        """Return the layer of boxes; a new one lies over the image, pixel on pixel."""
        return self.make(**source.over())

    def _indices(self) -> list[int]:
        if self.layer is None:
            return []
        return [i for i, data in enumerate(self.layer.data) if len(data) == CORNERS]
