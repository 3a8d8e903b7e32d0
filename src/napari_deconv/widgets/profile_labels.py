"""Write labels beside the shapes of a layer that can be read on black and on white."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers.utils.string_encoding import ManualStringEncoding

if TYPE_CHECKING:
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
