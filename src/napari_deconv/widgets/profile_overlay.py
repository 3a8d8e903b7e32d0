"""Write labels over the canvas, in pixels of the screen, readable on black and on white."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv.widgets.profile_labels import Box, label_size, placed

if TYPE_CHECKING:
    import numpy.typing as npt
    from napari import Viewer
    from napari.layers import Shapes

POINTS = 12.0
"""Size of the text."""

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

ON_TOP = 10_000
"""Drawing order: above pictures and shapes."""


class CanvasLabels:
    """The labels of one layer of lines.

    napari has one offset and no rim for all texts of a layer, so labels are a text of their own on
    the canvas. Where a version of napari keeps its canvas elsewhere, there are none.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose canvas shows the layer.
    layer : napari.layers.Shapes
        The layer of lines.
    """

    def __init__(self, viewer: Viewer, layer: Shapes) -> None:
        self._layer = layer
        self._texts: list[str] = []
        self._colors: list[str] = []
        self._drawn: tuple[Any, ...] = ()
        self._set: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self._canvas = _canvas(viewer)
        self._node: Any = None
        if self._canvas is not None:
            from vispy.scene.visuals import Text

            self._node = Text(
                parent=self._canvas.central_widget, anchor_x="left", anchor_y="bottom"
            )
            self._node.order = ON_TOP
            self._node.visible = False
            self._node.shared_program.frag = RIM_SHADER

    @property
    def texts(self) -> list[str]:
        """What stands beside each shape of the layer."""
        return list(self._texts)

    @property
    def boxes(self) -> list[Box | None]:
        """Where each label stands, in pixels of the canvas; None for one that is not drawn."""
        if self._canvas is None or self._layer not in self._canvas.layer_to_visual:
            return [None] * len(self._texts)
        if not self._layer.visible:
            return [None] * len(self._texts)
        paths = [self._on_canvas(np.asarray(data)[:, -2:]) for data in self._layer.data]
        sizes = [label_size(text, POINTS) for text in self._texts]
        return placed(paths[: len(sizes)], sizes[: len(paths)], self._canvas.size)

    def write(self, texts: Sequence[str], colors: Sequence[str]) -> None:
        """Write a text beside each shape, in a colour each; an empty text is not drawn."""
        self._texts, self._colors = list(texts), list(colors)
        self.place()

    def place(self) -> None:
        """Follow lines, zoom and the canvas' size."""
        if self._node is None:
            return
        shown = [
            (text, color, box)
            for text, color, box in zip(self._texts, self._colors, self.boxes, strict=False)
            if box is not None
        ]
        if tuple(shown) == self._drawn:
            return
        self._drawn = tuple(shown)
        self._node.visible = bool(shown)
        if not shown:
            return
        texts, colors, boxes = zip(*shown, strict=True)
        if (texts, colors) != self._set:  # slow: each glyph is laid out anew
            self._set = texts, colors
            self._node.text = list(texts)
            self._node.color = list(colors)
            self._node.font_size = POINTS
        self._node.pos = np.array([(box.left, box.top) for box in boxes])

    def close(self) -> None:
        """Take the labels off the canvas."""
        if self._node is not None:
            self._node.parent = None
            self._node = self._canvas = None

    def _on_canvas(self, points: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return points (y, x) of the layer's data in pixels of the canvas."""
        node = self._canvas.layer_to_visual[self._layer].node
        there = node.get_transform("visual", "canvas").map(points[:, ::-1])
        flat: npt.NDArray[Any] = (there[:, :2] / there[:, 3:])[:, ::-1]
        return flat


def _canvas(viewer: Viewer) -> Any:
    try:
        canvas: Any = viewer.window._qt_viewer.canvas  # noqa: SLF001
        canvas.central_widget, canvas.layer_to_visual, canvas.size  # noqa: B018
    except (AttributeError, RuntimeError):
        return None
    return canvas
