"""Write labels beside the shapes of a layer that can be read on black and on white."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from napari.layers.utils.string_encoding import ManualStringEncoding
from qtpy.QtGui import QFont, QFontMetricsF, QGuiApplication

if TYPE_CHECKING:
    import numpy.typing as npt
    from napari import Viewer
    from napari.layers import Shapes

RIM_SHADER = """
    // The atlas holds the distance to the glyph's outline: 0.5 on it, less outside.
    uniform sampler2D u_font_atlas;
    uniform vec2 u_font_atlas_shape;
    uniform float u_npix;
    varying vec4 v_color;
    varying vec2 v_texcoord;

    void main(void) {
        float distance = texture2D(u_font_atlas, v_texcoord).r;
        float soft = max(0.7 * fwidth(distance), 0.01);
        float glyph = smoothstep(0.5 - soft, 0.5 + soft, distance);
        // Each glyph is 64 texels high and the atlas falls by 0.5 over 8 of them.
        float reach = 0.5 - 0.5 * min(0.9, 1.7 / u_npix * 64.0 / 8.0);
        float rim = smoothstep(reach - soft, reach + soft, distance);
        gl_FragColor = vec4(v_color.rgb * glyph, v_color.a * rim);
    }
"""


ENLARGED = 96 / 72
"""Pixels of the canvas that napari draws a text high for each that Qt would."""

LIFT = "\n "
"""What lifts a label by a row: napari has one offset for all labels of a layer."""

LEADING = 1.15
"""Height of a row on the canvas for each height of Qt's font: vispy sets its rows wider."""


def lifted(labels: Sequence[str], corners: npt.NDArray[Any], points: float) -> list[str]:
    """Return labels that stand above a corner each, with empty rows that keep them apart.

    The lowest label stays where it is; each one that would overprint those below it is lifted by
    as few rows as free it.

    Parameters
    ----------
    labels : sequence of str
        One for each shape; an empty label takes no room.
    corners : ndarray, (n, 2)
        Lower left corner of each label as (y, x), in pixels of the screen.
    points : float
        Size of the text.
    """
    row, sizes = _sizes(labels, points)
    placed: list[Box] = []
    apart = list(labels)
    for index in sorted(range(len(labels)), key=lambda i: -corners[i][0]):
        if not labels[index]:
            continue
        (bottom, left), (height, width) = corners[index], sizes[index]
        rows, box = 0, Box(bottom - height, bottom, left, left + width)
        while any(box.meets(other) for other in placed):
            rows += 1
            lower = bottom - row * rows
            box = Box(lower - height, lower, left, left + width)
        placed.append(box)
        apart[index] = labels[index] + rows * LIFT
    return apart


class Box(NamedTuple):
    """Where a label is, in pixels of the screen."""

    top: float
    bottom: float
    left: float
    right: float

    def meets(self, other: Box) -> bool:
        """Whether two labels overprint each other."""
        above = self.bottom <= other.top or other.bottom <= self.top
        beside = self.right <= other.left or other.right <= self.left
        return not (above or beside)


def _sizes(labels: Sequence[str], points: float) -> tuple[float, list[tuple[float, float]]]:
    """Return the height of a row, and height and width of each label, in pixels."""
    metrics = QFontMetricsF(QFont(QGuiApplication.font().family(), round(points)))
    row = LEADING * ENLARGED * metrics.height()
    return row, [
        (
            row * (1 + label.count("\n")),
            ENLARGED * max(map(metrics.horizontalAdvance, label.split("\n"))),
        )
        for label in labels
    ]


def write_labels(layer: Shapes, labels: list[str], colors: list[str]) -> None:
    """Write one label a shape, in a colour each.

    Parameters
    ----------
    layer : napari.layers.Shapes
        The layer.
    labels, colors : list of str
        One for each shape; an empty label is not drawn.
    """
    written = layer.text.string
    if not isinstance(written, ManualStringEncoding) or list(written.array) != labels:
        layer.text.string = ManualStringEncoding(array=labels, default="")
    if labels:
        layer.text.color = colors


def rim_labels(viewer: Viewer, layer: Shapes) -> bool:
    """Give the labels of a layer a dark rim.

    napari offers no rim for text, so its text visual gets another fragment shader. Where a version
    of napari keeps that visual elsewhere, the labels stay as they are.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer that shows the layer.
    layer : napari.layers.Shapes
        The layer.

    Returns
    -------
    bool
        Whether the labels have a rim.
    """
    try:
        visuals: Any = viewer.window._qt_viewer.canvas.layer_to_visual  # noqa: SLF001
        program = visuals[layer].node.text.shared_program
    except (AttributeError, KeyError, RuntimeError):
        return False
    program.frag = RIM_SHADER
    return True
