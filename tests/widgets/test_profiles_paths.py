"""Paths, and a width and a colour for each line, as a user draws and sets them."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QPushButton, QSpinBox

from napari_deconv.evidence.profile import line_profile
from napari_deconv.widgets import profile_table

from .mouse import mouse
from .profile_desk import SHAPE, edge, settle, shown


def test_a_path_is_clicked_and_plotted_along_all_its_legs(profile_dock, qtbot):
    viewer, widget = profile_dock(show=True)
    viewer.window._qt_window.resize(1100, 850)
    viewer.add_image(np.add.outer(1000.0 * np.arange(120), np.arange(160.0)), name="ramp")
    widget.findChild(QPushButton, "profile-add-path").click()
    settle(qtbot, widget)
    layer = viewer.layers["profiles"]
    assert layer.mode == "add_polyline"
    corners = [(20, 20), (20, 120), (90, 120)]
    for corner in corners:
        mouse(viewer, "move", corner)
        mouse(viewer, "click", corner)
        qtbot.wait(30)
    mouse(viewer, "double", corners[-1])
    qtbot.waitUntil(lambda: layer.nshapes == 1 and not layer._is_creating, timeout=5000)
    settle(qtbot, widget)
    assert list(layer.shape_type) == ["path"]
    distance, values = shown(widget)["ramp"]
    assert distance[-1] == pytest.approx(170, abs=2)
    half = np.interp(50, distance, values), np.interp(135, distance, values)
    assert half[0] == pytest.approx(20_070, abs=900)
    assert half[1] == pytest.approx(55_120, abs=1500)
    layer.data = [np.array([[20, 20], [20, 120], [90, 150]])]  # a corner is dragged
    settle(qtbot, widget)
    assert shown(widget)["ramp"][1][-1] == pytest.approx(90_150, abs=500)


def test_a_path_is_averaged_across_each_leg(profile_dock, qtbot):
    viewer, widget = profile_dock()
    picture = edge(2.0)
    viewer.add_image(picture, name="scan")
    path = [[20, 20], [20, 120], [90, 120]]
    widget.add_path(path, width=9)
    settle(qtbot, widget)
    expected = line_profile(picture, path, width=9)
    np.testing.assert_allclose(shown(widget)["scan"][1], expected.values)
    leg = line_profile(picture, path[:2], width=9)
    np.testing.assert_allclose(expected.values[:150], leg.values[:150])
    with pytest.raises(ValueError, match="two or more points"):
        widget.add_path([[1, 1]])


@pytest.fixture
def two_lines(profile_dock, qtbot):
    viewer, widget = profile_dock()
    noise = np.random.default_rng(0).normal(1, 0.2, SHAPE)
    viewer.add_image(noise, name="noise")
    widget.add_line((40, 20), (40, 140), width=1)
    widget.add_line((80, 20), (80, 140), width=1)
    settle(qtbot, widget)
    return viewer, widget


def test_each_line_has_its_width_edited_in_the_table(two_lines, qtbot):
    viewer, widget = two_lines
    narrow = shown(widget, 1)["noise"][1].std()
    table = widget._table
    index = table.figures.index(1, 1)
    assert table.figures.data(index) == "1"
    table.setCurrentIndex(index)
    table.edit(index)
    box = table.findChild(QSpinBox, "profile-line-width")
    box.setValue(25)
    table.itemDelegateForColumn(1).commitData.emit(box)
    settle(qtbot, widget)
    assert [row["width_px"] for row in widget.table_rows()] == [1, 25]
    assert shown(widget, 1)["noise"][1].std() == narrow
    assert shown(widget, 2)["noise"][1][::2].std() < narrow / 3
    viewer.layers["profiles"].selected_data = {0}
    viewer.layers["profiles"].remove_selected()  # its width goes with a line, others keep theirs
    settle(qtbot, widget)
    assert [row["width_px"] for row in widget.table_rows()] == [25]
    widget.line_width = 7
    widget.add_line((20, 20), (20, 140))
    assert [row["width_px"] for row in widget.table_rows()] == [7, 7]


def test_a_line_drawn_by_hand_gets_the_width_of_new_lines(two_lines, qtbot):
    viewer, widget = two_lines
    widget._lines.widths.set_usual(11)
    viewer.layers["profiles"].add_lines([[[60, 20], [60, 140]]])
    settle(qtbot, widget)
    assert [row["width_px"] for row in widget.table_rows()] == [1, 1, 11]


def test_the_colour_is_chosen_by_a_double_click(two_lines, qtbot, monkeypatch):
    viewer, widget = two_lines
    monkeypatch.setattr(profile_table, "ask_color", lambda parent, color: "#123456")
    widget._table.doubleClicked.emit(widget._table.figures.index(1, 0))
    settle(qtbot, widget)
    border = widget._plots.plots[1].getViewBox().border.color().name()
    assert border == "#123456"
    figures = widget._table.figures
    assert figures.data(figures.index(1, 0), Qt.ItemDataRole.DecorationRole).name() == "#123456"
    assert viewer.layers["profiles"].edge_color[0].tolist() != [0x12 / 255, 0x34 / 255, 0.3, 1]
