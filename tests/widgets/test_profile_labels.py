"""Labels of profile lines stand apart, by reckoning and on the canvas."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Shapes

from napari_deconv.widgets.profile_labels import LIFT, lifted, rim_labels, write_labels

POINTS = 10
NAMES = "1   scan  31.20 dB\n     scan tv  38.10 dB"


def rows(labels, corners):
    apart = lifted(labels, np.array(corners, float), POINTS)
    assert [label.rstrip() for label in apart] == labels
    return [
        (len(after) - len(before)) // len(LIFT) for after, before in zip(apart, labels, strict=True)
    ]


@pytest.mark.usefixtures("qapp")
def test_labels_that_are_apart_stay_beside_their_lines():
    assert rows([NAMES, NAMES, NAMES], [(100, 0), (200, 0), (100, 500)]) == [0, 0, 0]


@pytest.mark.usefixtures("qapp")
def test_the_label_of_the_lower_line_stays_and_the_upper_is_lifted():
    low, high = rows([NAMES, NAMES], [(110, 0), (100, 20)])
    assert low == 0
    assert high >= 2
    assert rows([NAMES, NAMES], [(100, 20), (110, 0)]) == [high, low]


@pytest.mark.usefixtures("qapp")
def test_an_empty_label_lifts_none():
    assert rows(["", NAMES], [(100, 0), (100, 0)]) == [0, 0]


@pytest.mark.usefixtures("qapp")
def test_no_label_at_all():
    assert lifted([], np.zeros((0, 2)), POINTS) == []


def test_labels_of_neighbours_do_not_overprint_each_other(make_napari_viewer, qtbot):
    """Each label alone covers some pixels; all together must cover as many of each colour."""
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1000, 800)
    viewer.add_image(np.zeros((100, 100)), contrast_limits=(0, 1))
    ends = [[[y, 20 + x], [y, 70]] for y, x in ((60, 0), (62, 3), (66, 0), (61, 10), (64, 4))]
    layer = Shapes(ends, shape_type="line", edge_width=0.01, edge_color="black", opacity=1)
    layer.text.size, layer.text.anchor = POINTS, "upper_left"
    viewer.add_layer(layer)
    layer.selected_data = set()
    viewer.layers.selection.active = viewer.layers[0]
    rim_labels(viewer, layer)
    colors = ["#ff0000", "#00ff00", "#0000ff", "#ffff00", "#00ffff"]
    corners = np.array([np.min(line, axis=0) for line in ends]) * viewer.scene.camera.zoom

    def drawn(labels):
        write_labels(layer, labels, colors)
        qtbot.wait(100)
        picture = viewer.screenshot(canvas_only=True, flash=False)[..., :3] / 255
        bright = picture.max(axis=-1, keepdims=True)
        hues = picture / np.maximum(bright, 0.2)
        pure = [[c[i : i + 2] == "ff" for i in (1, 3, 5)] for c in colors]
        alike = [np.abs(hues - hue).max(axis=-1) < 0.1 for hue in np.array(pure, float)]
        return np.array([bright[..., 0][here].sum() for here in alike])

    alone = sum(drawn([NAMES if i == at else "" for i in range(5)]) for at in range(5))
    assert (alone > 100).all()
    crowded = drawn([NAMES] * 5)
    assert (crowded < 0.8 * alone).any()  # nothing is proved where nothing overlaps
    np.testing.assert_allclose(drawn(lifted([NAMES] * 5, corners, POINTS)), alone, rtol=0.1)
