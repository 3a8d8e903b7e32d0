"""The lines and paths that were drawn for the Profiles dock, as any other dock reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Shapes
from qtpy.QtWidgets import QSpinBox

from napari_deconv.appraisal import LINE_WIDTH
from napari_deconv.report.contents import Line
from napari_deconv.widgets.profile_lines import KINDS, LAYER_NAME
from napari_deconv.widgets.profile_planes import units_per_layer_unit

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_deconv.widgets.source import Source


def lines_layer(viewer: ViewerModel) -> Shapes | None:
    """Return the layer of lines, or None."""
    found = (i for i in viewer.layers if isinstance(i, Shapes) and i.name == LAYER_NAME)
    return next(found, None)


def drawn_lines(viewer: ViewerModel, source: Source) -> list[Line]:
    """Return the lines and paths of the Profiles dock, in the pixels of a plane.

    They are drawn in the viewer's last two axes; where the plane lies across others, there are
    none. Each has its number on the canvas; one without length, as while it is begun, is left out.
    """
    layer = lines_layer(viewer)
    if layer is None or source.axes != (len(source.index) - 2, len(source.index) - 1):
        return []
    here = units_per_layer_unit(viewer, layer)
    there = units_per_layer_unit(viewer, source.layer)
    origin = np.asarray(source.layer.data_to_world(source.index), np.float64)
    colors = np.round(255 * np.reshape(layer.edge_color, (-1, 4))).astype(int)
    drawn = [index for index, kind in enumerate(layer.shape_type) if kind in KINDS]
    found: list[Line] = []
    for number, index in enumerate(drawn, start=1):
        path = []
        for corner in layer.data[index]:
            world = origin.copy()
            world[-2:] = (np.asarray(layer.data_to_world(corner)) / here)[-2:] * there[-2:]
            row, column = np.asarray(source.layer.world_to_data(world))[-2:]
            path.append((float(row), float(column)))
        red, green, blue = colors[index][:3]
        line = Line(number, f"#{red:02x}{green:02x}{blue:02x}", tuple(path))
        if line.length > 0:
            found.append(line)
    return found


def line_width(viewer: ViewerModel) -> float:
    """Return the width in pixels that the Profiles dock averages over; the usual one without it."""
    window: Any = getattr(viewer, "window", None)
    dock = None if window is None else window._qt_window  # noqa: SLF001
    box = None if dock is None else dock.findChild(QSpinBox, "profile-width")
    return LINE_WIDTH if box is None else float(box.value())
