"""Labels stand beside their lines, inside the canvas and apart, by reckoning and on the canvas."""

from __future__ import annotations

import numpy as np
import pytest

from napari_deconv.widgets.profile_labels import GAP, label_size, placed

from .profile_desk import edge, settle

CANVAS = (600.0, 800.0)
SIZE = (40.0, 180.0)


def boxes(*paths, sizes=None):
    arrays = [np.array(path, float) for path in paths]
    return placed(arrays, [SIZE] * len(paths) if sizes is None else sizes, CANVAS)


@pytest.mark.parametrize(
    "path",
    [
        [(300, 100), (300, 500)],
        [(100, 100), (400, 500)],
        [(400, 100), (100, 500)],
        [(400, 100), (100, 300), (400, 500)],
    ],
)
def test_a_label_stands_right_above_the_upper_end(path):
    (box,) = boxes(path)
    y, x = min(path)
    assert box.bottom == y - GAP
    assert box.left == x


@pytest.mark.parametrize(
    "path", [[(10, 100), (10, 500)], [(5, 700), (300, 795)], [(-50, 300), (700, 350)]]
)
def test_a_label_stays_inside_the_canvas_and_near_its_line(path):
    (box,) = boxes(path)
    assert box.top >= 0
    assert box.left >= 0
    assert box.bottom <= CANVAS[0]
    assert box.right <= CANVAS[1]


def test_a_label_beside_the_border_does_not_lie_on_its_line():
    (box,) = boxes([(10, 100), (10, 500)])
    assert box.top > 10  # beneath it, for there is no room above


def test_neighbours_do_not_overprint_each_other():
    many = [[(200 + 7 * i, 100 + 11 * i), (230, 400)] for i in range(8)]
    found = boxes(*many)
    for i, one in enumerate(found):
        assert not any(one.meets(other) for other in found[:i])


def test_no_label_for_an_empty_text_or_a_line_out_of_sight():
    assert boxes([(100, 100), (200, 200)], sizes=[(0.0, 0.0)]) == [None]
    assert boxes([(-300, 100), (-200, 200)]) == [None]
    assert boxes() == []


@pytest.mark.usefixtures("qapp")
def test_an_empty_label_takes_no_room():
    assert label_size("", 12.0) == (0.0, 0.0)
    assert label_size("1\n2", 12.0)[0] == 2 * label_size("1", 12.0)[0]


@pytest.fixture
def on_canvas(profile_dock, qtbot):
    viewer, widget = profile_dock(show=True)
    viewer.window._qt_window.resize(1100, 850)
    viewer.add_image(edge(1.0), name="reference", contrast_limits=(-9, -8))  # all white
    viewer.add_image(edge(2.0, seed=1), name="scan", contrast_limits=(-9, -8))
    widget.add_line((100, 20), (30, 120))  # aslant: its upper end is the right one
    settle(qtbot, widget)
    qtbot.wait(200)
    return viewer, widget


def colored(viewer):
    """Return where the canvas has the colour of the first line's label, on a white picture."""
    picture = viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)
    return np.abs(picture - (255, 159, 64)).sum(axis=-1) < 40


def test_the_label_of_a_slanted_line_is_drawn_at_its_upper_end(on_canvas, qtbot):
    viewer, widget = on_canvas
    (box,) = widget._lines.boxes
    before = colored(viewer)
    widget._lines.label([""])
    qtbot.wait(100)
    rows, columns = np.nonzero(before & ~colored(viewer))  # the label, without the line
    assert rows.size > 30
    inside = (rows >= box.top - 3) & (rows <= box.bottom + 3)
    inside &= (columns >= box.left - 3) & (columns <= box.right + 3)
    assert inside.mean() > 0.98
    assert columns.max() - columns.min() > 0.7 * box.width  # the box is not much too wide


def test_labels_follow_the_camera(on_canvas, qtbot):
    viewer, widget = on_canvas
    (before,) = widget._lines.boxes
    center = viewer.scene.camera.center
    viewer.scene.camera.center = (center[0], center[1] + 10, center[2] + 15)
    qtbot.wait(100)
    (after,) = widget._lines.boxes
    zoom = viewer.scene.camera.zoom
    moved = after.top - before.top, after.left - before.left
    assert moved == (pytest.approx(-10 * zoom, abs=1), pytest.approx(-15 * zoom, abs=1))
    assert widget._lines._labels._node.pos[0][:2] == pytest.approx([after.left, after.top])
    viewer.layers["profiles"].visible = False
    settle(qtbot, widget)
    assert not widget._lines._labels._node.visible
