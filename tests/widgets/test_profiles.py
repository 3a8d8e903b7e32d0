"""The Profiles dock in a real viewer: lines dragged with the mouse, layers that change and go."""

from __future__ import annotations

import csv
import gc
import io
import threading
import time
import weakref

import dask.array as da
import numpy as np
import pytest
from napari.layers import Shapes
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage
from qtpy.QtWidgets import (
    QApplication,
    QComboBox,
    QLabel,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QWidget,
)

from napari_deconv.evidence.profile import line_profile
from napari_deconv.evidence.reference import psnr
from napari_deconv.widgets.profiles import ProfilesWidget

from .mouse import mouse
from .profile_desk import SHAPE, edge, settle, shown


@pytest.fixture
def dock(profile_dock):
    return profile_dock


@pytest.fixture
def compared(dock):
    """Return a viewer with reference, input and result, and a line across their edge."""
    viewer, widget = dock()
    viewer.add_image(edge(0.8), name="reference", visible=False)
    viewer.add_image(edge(4.0, seed=1), name="scan")
    viewer.add_image(edge(1.6, seed=2), name="scan tv", metadata={"napari-deconv": {}})
    widget.add_line((60, 20), (60, 140))
    return viewer, widget


def status(widget):
    return widget.findChild(QLabel, "profile-status").text()


def hint(widget):
    return widget.findChild(QLabel, "profile-hint").text()


def test_empty_states_say_what_to_do(dock, qtbot):
    viewer, widget = dock()
    settle(qtbot, widget)
    assert "Open an image first" in hint(widget)
    image = viewer.add_image(edge(1.0))
    settle(qtbot, widget)
    assert "press Add line" in hint(widget)
    image.visible = False
    settle(qtbot, widget)
    assert "eye" in hint(widget)
    image.visible = True
    widget.findChild(QPushButton, "profile-add").click()
    settle(qtbot, widget)
    assert hint(widget) == ""
    viewer.dims.ndisplay = 3
    settle(qtbot, widget)
    assert "2-D view" in hint(widget)


def test_the_button_puts_three_lines_and_then_lets_one_be_drawn(dock, qtbot):
    viewer, widget = dock()
    viewer.add_image(edge(1.0), scale=(0.1, 0.1), translate=(7, -3), units=("mm", "mm"))
    button = widget.findChild(QPushButton, "profile-add")
    button.click()
    settle(qtbot, widget)
    layer = viewer.layers["profiles"]
    assert isinstance(layer, Shapes)
    assert viewer.layers.selection.active is layer
    assert layer.nshapes == len(widget._plots.plots) == 3
    assert len({tuple(c) for c in layer.edge_color}) == 3
    for number in (1, 2, 3):
        assert np.isfinite(next(iter(shown(widget, number).values()))).all()
    button.click()
    assert layer.mode == "add_line"
    assert layer.nshapes == 3


def test_the_first_lines_lie_on_the_image_and_not_on_the_psf(dock, qtbot):
    viewer, widget = dock()
    viewer.add_image(edge(1.0), name="scan")
    viewer.add_image(np.ones((15, 15)), name="psf")
    assert viewer.layers.selection.active.name == "psf"
    widget.findChild(QPushButton, "profile-add").click()
    settle(qtbot, widget)
    assert set(shown(widget, 2)) == {"scan"}
    assert np.ptp(viewer.layers["profiles"].data[0][:, 1]) > 100


def test_without_an_image_the_button_says_so(dock):
    _, widget = dock()
    widget.findChild(QPushButton, "profile-add").click()
    assert "open one first" in status(widget)
    with pytest.raises(ValueError, match="open one first"):
        widget.add_line((0, 0), (1, 1))


def test_each_layer_is_plotted_as_evidence_samples_it(compared, qtbot):
    viewer, widget = compared
    settle(qtbot, widget)
    curves = shown(widget)
    assert set(curves) == {"reference", "scan", "scan tv"}
    for name, (distance, values) in curves.items():
        expected = line_profile(viewer.layers[name].data, [[60, 20], [60, 140]], width=3)
        np.testing.assert_allclose(distance, expected.distance)
        np.testing.assert_allclose(values, expected.values)


def test_the_table_holds_the_figures(compared):
    viewer, widget = compared
    rows = {row["layer"]: row for row in widget.table_rows()}
    truth = viewer.layers["reference"].data
    assert rows["reference"]["profile_psnr_db"] is None
    for name, sigma in (("scan", 4.0), ("scan tv", 1.6)):
        row, data = rows[name], viewer.layers[name].data
        assert row["image_psnr_db"] == pytest.approx(psnr(data, truth).value)
        line = [[60, 20], [60, 140]]
        curve, true = (line_profile(a, line, width=3).values for a in (data, truth))
        assert row["profile_psnr_db"] == pytest.approx(psnr(curve, true, truth.max()).value)
        assert row["psnr_k"] == truth.max()
        assert row["edge_10_90"] == pytest.approx(2.563 * sigma, rel=0.05)
        assert row["unit"] == "px"
        assert row["fwhm"] is None


def test_k_is_in_sight(compared, qtbot):
    _, widget = compared
    settle(qtbot, widget)
    assert "K = 0.80" in status(widget) or "K = 0.81" in status(widget)
    assert "10 log10(K²/MSE)" in status(widget)


def test_labels_stand_beside_the_lines(compared, qtbot):
    _viewer, widget = compared
    widget.add_line((20, 20), (100, 20))
    settle(qtbot, widget)
    first, second = widget._lines.labels
    rows = [row for row in widget.table_rows() if row["line"] == 1]
    assert first.startswith("1 ")
    assert second.startswith("2 ")
    for row in rows:
        if row["profile_psnr_db"] is not None:
            assert f"{row['layer']}  {row['profile_psnr_db']:.2f} dB" in first
    widget.reference = None
    settle(qtbot, widget)
    assert widget._lines.labels == ["1", "2"]


def test_labels_have_a_dark_rim(dock, qtbot):
    viewer, widget = dock(show=True)
    viewer.window._qt_window.resize(1000, 800)
    viewer.add_image(np.full(SHAPE, 255, np.uint8), contrast_limits=(0, 255))
    widget.add_line((60, 20), (60, 140))
    settle(qtbot, widget)
    qtbot.wait(100)
    picture = viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(int)
    assert (picture[5:-5, 5:-5].max(axis=-1) > 200).mean() > 0.3  # the white image is there
    # On white, the label (just "1") would have no dark pixel near it but for its rim.
    orange = np.abs(picture - (255, 159, 64)).sum(axis=-1) < 30
    rows, columns = np.nonzero(orange)
    top, left = rows.min(), columns.min()
    label = picture[top - 4 : top + 25, left - 3 : left + 15]
    assert (label.max(axis=-1) < 90).sum() > 10


@pytest.fixture
def on_screen(dock, qtbot):
    viewer, widget = dock(show=True)
    viewer.window._qt_window.resize(1100, 850)
    # A ramp tells from the curve where the line is.
    viewer.add_image(np.add.outer(1000.0 * np.arange(120), np.arange(160.0)), name="ramp")
    widget.add_line((60, 20), (60, 140))
    settle(qtbot, widget)
    qtbot.wait(50)
    return viewer, widget


def test_curves_follow_while_an_end_is_dragged(on_screen, qtbot):
    viewer, widget = on_screen
    viewer.layers.remove("profiles")
    widget.findChild(QPushButton, "profile-add").click()
    settle(qtbot, widget)
    layer = viewer.layers["profiles"]
    (y, x), end = layer.data[0]
    done = []
    layer.events.data.connect(lambda event: done.append(event.action))
    mouse(viewer, "press", (y, x))
    for row in (50, 60, 70, 90):
        mouse(viewer, "move", (row, x))
        expected = pytest.approx(1000 * row + x, abs=700)
        qtbot.waitUntil(
            lambda expected=expected: shown(widget)["ramp"][1][0] == expected, timeout=3000
        )
    assert done == []  # napari has told of nothing yet: the button is still down
    mouse(viewer, "release", (90, x))
    settle(qtbot, widget)
    assert shown(widget)["ramp"][1][0] == pytest.approx(90_000 + x, abs=700)
    assert shown(widget)["ramp"][1][-1] == pytest.approx(1000 * end[0] + end[1], abs=700)
    assert shown(widget, 2)["ramp"][1][0] == pytest.approx(1000 * 0.45 * 119 + 0.3 * 159, abs=1)


def test_curves_follow_while_a_whole_line_is_dragged(on_screen, qtbot):
    viewer, widget = on_screen
    layer = viewer.layers["profiles"]
    viewer.layers.selection.active = layer
    layer.mode = "select"
    mouse(viewer, "press", (60, 50))
    for row in (63, 70, 80):
        mouse(viewer, "move", (row, 50))
        qtbot.wait(20)
    qtbot.waitUntil(
        lambda: (
            np.ptp(shown(widget)["ramp"][1]) == pytest.approx(120, abs=1)
            and shown(widget)["ramp"][1][0] == pytest.approx(80_020, abs=700)
        ),
        timeout=3000,
    )
    mouse(viewer, "release", (80, 50))


def test_a_line_is_plotted_while_it_is_drawn(on_screen, qtbot):
    viewer, widget = on_screen
    widget.findChild(QPushButton, "profile-add").click()
    mouse(viewer, "press", (100, 30))
    mouse(viewer, "move", (100, 90))
    mouse(viewer, "move", (100, 100))
    qtbot.waitUntil(lambda: len(widget._plots.plots) == 2, timeout=3000)
    qtbot.waitUntil(lambda: abs(shown(widget, 2)["ramp"][1][-1] - 100_100) < 700, timeout=3000)
    mouse(viewer, "release", (100, 100))
    settle(qtbot, widget)
    colors = viewer.layers["profiles"].edge_color
    assert not np.array_equal(colors[0], colors[1])
    assert [row["line"] for row in widget.table_rows()] == [1, 2]


def test_curves_follow_while_a_deconvolution_runs(compared, qtbot):
    viewer, widget = compared
    settle(qtbot, widget)
    drawn = []
    show = widget._plots.show_curves
    widget._plots.show_curves = lambda curves: (drawn.append(time.monotonic()), show(curves))
    layer = viewer.layers["scan tv"]
    start = time.monotonic()
    for step in range(60):
        layer.data = edge(4.0 - 0.05 * step)
        qtbot.wait(10)
    settle(qtbot, widget)
    took = time.monotonic() - start
    assert len(drawn) >= 4
    assert len(drawn) <= 25 * took + 2
    np.testing.assert_allclose(
        shown(widget)["scan tv"][1],
        line_profile(layer.data, [[60, 20], [60, 140]], width=3).values,
    )
    rows = {row["layer"]: row for row in widget.table_rows()}
    assert rows["scan tv"]["image_psnr_db"] == pytest.approx(
        psnr(layer.data, viewer.layers["reference"].data).value
    )


def test_arrays_that_are_written_into_are_read_again(compared, qtbot):
    viewer, widget = compared
    before = widget.table_rows()[1]["image_psnr_db"]
    layer = viewer.layers["scan"]
    layer.data[:] = edge(6.0)
    layer.refresh()
    settle(qtbot, widget)
    assert widget.table_rows()[1]["image_psnr_db"] < before - 0.5
    assert shown(widget)["scan"][1][60] == pytest.approx(edge(6.0)[59:62, 50].mean(), abs=1e-3)


def test_layers_of_other_scale_and_place_line_up(dock, qtbot):
    viewer, widget = dock()
    y, x = np.mgrid[:200, :200] * 0.1
    fine = np.sin(x) + 0.3 * y
    cy, cx = np.mgrid[:60, :70] * 0.25
    coarse = np.sin(cx + 3.0) + 0.3 * (cy + 2.0)
    um = ("µm", "µm")
    viewer.add_image(fine, name="fine", scale=(0.1, 0.1), units=("mm", "mm"))
    viewer.add_image(
        coarse, name="coarse", scale=(250, 250), translate=(2000, 3000), units=um, opacity=0.5
    )
    world = 1.0 if str(viewer.dims.units[-1]) == "millimeter" else 1000.0
    widget.add_line(np.array((6.0, 5.0)) * world, np.array((12.0, 18.0)) * world)
    settle(qtbot, widget)
    curves = shown(widget)
    np.testing.assert_allclose(curves["fine"][0], curves["coarse"][0])
    both = np.isfinite(curves["fine"][1]) & np.isfinite(curves["coarse"][1])
    assert both.sum() > 200
    assert np.abs(curves["fine"][1] - curves["coarse"][1])[both].max() < 0.01
    length = np.hypot(6, 13) * world
    assert curves["fine"][0][-1] == pytest.approx(length, rel=0.01)
    rows = widget.table_rows()
    assert {row["unit"] for row in rows} == {"mm" if world == 1 else "µm"}
    assert "SI" not in str(widget._plots.plots[0].getAxis("bottom").labelUnits)
    assert widget._plots.plots[0].getAxis("bottom").autoSIPrefixScale == 1


def test_a_reference_of_other_pixels_gives_a_profile_psnr_but_no_image_psnr(dock):
    viewer, widget = dock()
    image = edge(2.0)
    viewer.add_image(image[:, ::2], name="truth", scale=(1, 2))
    viewer.add_image(image, name="scan")
    widget.add_line((60, 20), (60, 140))
    row = next(r for r in widget.table_rows() if r["layer"] == "scan")
    assert row["image_psnr_db"] is None
    assert row["profile_psnr_db"] > 20


def test_a_shifted_reference_of_the_same_shape_gives_no_image_psnr(dock, qtbot):
    viewer, widget = dock()
    truth = viewer.add_image(edge(2.0), name="truth", translate=(0, 5))
    viewer.add_image(edge(2.0, seed=1), name="scan")
    widget.add_line((60, 20), (60, 140))

    def figure():
        return next(r for r in widget._table.figures.records() if r["layer"] == "scan")

    settle(qtbot, widget)
    assert figure()["image_psnr_db"] is None
    truth.translate = (0, 0)
    settle(qtbot, widget)
    assert figure()["image_psnr_db"] == pytest.approx(psnr(edge(2.0, seed=1), edge(2.0)).value)


def test_distances_are_in_pixels_where_no_unit_is_known(dock, qtbot):
    viewer, widget = dock()
    viewer.add_image(edge(2.0), scale=(0.05, 0.05), name="scan")
    widget.add_line((3, 1), (3, 7))
    (row,) = widget.table_rows()
    assert row["unit"] == "px"
    assert row["edge_10_90"] == pytest.approx(2.563 * 2, rel=0.05)
    assert shown(widget)["scan"][0][-1] == pytest.approx(120, abs=1)


def test_a_small_layer_beside_the_line_does_not_appear(compared, qtbot):
    viewer, widget = compared
    viewer.add_image(np.ones((15, 15)), name="psf")
    settle(qtbot, widget)
    assert "psf" not in shown(widget)
    assert "psf" not in {row["layer"] for row in widget.table_rows()}
    widget.add_line((5, 0), (5, 100))
    settle(qtbot, widget)
    assert "psf" in shown(widget, 2)
    assert np.isfinite(shown(widget, 2)["psf"][1]).sum() == 30


def test_hidden_layers_go_and_come_back_in_their_colour(compared, qtbot):
    viewer, widget = compared
    settle(qtbot, widget)
    pens = {k: v.pen.color().name() for k, v in curve_items(widget).items()}
    viewer.layers["scan"].visible = False
    settle(qtbot, widget)
    assert set(shown(widget)) == {"reference", "scan tv"}
    viewer.add_image(edge(3.0), name="other")
    viewer.layers["scan"].visible = True
    settle(qtbot, widget)
    again = {k: v.pen.color().name() for k, v in curve_items(widget).items()}
    assert {k: again[k] for k in pens} == pens
    assert len(set(again.values())) == 4


def curve_items(widget, number=1):
    return widget._plots._plots[number - 1].curves.by_name


def test_reference_is_dashed_input_thin_result_thick(compared, qtbot):
    _, widget = compared
    settle(qtbot, widget)
    pens = {name: item.pen for name, item in curve_items(widget).items()}
    assert pens["reference"].style() == Qt.PenStyle.CustomDashLine
    assert pens["scan"].style() == pens["scan tv"].style() == Qt.PenStyle.SolidLine
    assert pens["scan tv"].widthF() >= 2 * pens["scan"].widthF()
    legend = widget.findChild(QLabel, "profile-legend").text()
    assert all(name in legend.replace("&nbsp;", " ") for name in pens)


def test_names_and_removals_are_followed(compared, qtbot):
    viewer, widget = compared
    settle(qtbot, widget)
    viewer.layers["scan"].name = "radiograph"
    settle(qtbot, widget)
    assert "radiograph" in shown(widget)
    box = widget.findChild(QComboBox, "profile-reference")
    assert "radiograph" in [box.itemText(i) for i in range(box.count())]
    viewer.layers.remove("radiograph")
    viewer.layers.remove("reference")
    settle(qtbot, widget)
    assert set(shown(widget)) == {"scan tv"}
    assert widget.reference is None
    viewer.layers.remove("profiles")
    settle(qtbot, widget)
    assert widget.table_rows() == []
    assert "Add line" in hint(widget)
    widget.add_line((60, 20), (60, 140))
    assert len(widget.table_rows()) == 1


def test_layers_removed_in_the_middle_of_an_update(compared, qtbot):
    viewer, widget = compared
    for _ in range(5):
        layer = viewer.add_image(edge(1.0), name="short-lived")
        qtbot.wait(20)
        viewer.layers.remove(layer)
    viewer.layers.clear()
    settle(qtbot, widget)
    assert "Open an image first" in hint(widget)


def test_a_line_keeps_its_colour_when_another_goes(dock, qtbot):
    viewer, widget = dock()
    viewer.add_image(edge(1.0))
    for row in (20, 40, 60):
        widget.add_line((row, 20), (row, 140))
    settle(qtbot, widget)
    layer = viewer.layers["profiles"]
    kept = layer.edge_color[1:].copy()
    layer.selected_data = {0}
    layer.remove_selected()
    settle(qtbot, widget)
    np.testing.assert_array_equal(layer.edge_color, kept)
    assert len(widget._plots.plots) == 2
    border = widget._plots.plots[0].getViewBox().border.color().getRgbF()
    np.testing.assert_allclose(border, kept[0], atol=0.01)
    layer.edge_color = ["#ffffff", "#808080"]
    settle(qtbot, widget)
    assert widget._plots.plots[0].getViewBox().border.color().name() == "#ffffff"
    model = widget._table.figures
    decoration = model.data(model.index(0, 0), Qt.ItemDataRole.DecorationRole)
    assert decoration.name() == "#ffffff"


def test_shapes_that_are_no_lines_are_named(compared, qtbot):
    viewer, widget = compared
    viewer.layers["profiles"].add_rectangles([[[5, 5], [30, 30]]])
    settle(qtbot, widget)
    assert len(widget._plots.plots) == 1
    assert "1 of the shapes" in status(widget)


def test_a_layer_of_lines_that_is_there_already_is_used(dock, qtbot):
    viewer, widget = dock()
    viewer.add_image(edge(1.0))
    viewer.add_shapes([[[60, 20], [60, 140]]], shape_type="line", name="profiles")
    settle(qtbot, widget)
    assert len(widget._plots.plots) == 1
    widget.add_line((20, 20), (20, 140))
    assert [layer.name for layer in viewer.layers].count("profiles") == 1
    assert len(widget.table_rows()) == 2


def test_the_current_slice_of_a_stack_is_shown(dock, qtbot):
    viewer, widget = dock()
    stack = np.stack([edge(1.0 + k, seed=k) for k in range(4)])
    viewer.add_image(stack, name="stack")
    viewer.add_image(edge(1.0), name="reference")
    viewer.dims.set_point(0, 0)
    widget.add_line((60, 20), (60, 140))
    for k in (0, 3, 1):
        viewer.dims.set_point(0, k)
        settle(qtbot, widget)
        expected = line_profile(stack[k], [[60, 20], [60, 140]], width=3).values
        np.testing.assert_allclose(shown(widget)["stack"][1], expected)
        row = next(r for r in widget.table_rows() if r["layer"] == "stack")
        assert row["image_psnr_db"] == pytest.approx(psnr(stack[k], edge(1.0)).value)


def test_only_the_current_slice_of_a_lazy_stack_is_read_and_only_once(dock, qtbot):
    viewer, widget = dock()
    read = []
    main = threading.get_ident()

    def block(block_info=None):
        k = block_info[None]["chunk-location"][0]
        read.append((k, threading.get_ident() == main))
        return edge(1.0 + k)[None]

    lazy = da.map_blocks(block, chunks=((1,) * 5, SHAPE[:1], SHAPE[1:]), dtype=float)
    viewer.add_image(lazy, name="lazy", contrast_limits=(0, 1), cache=False)
    widget.add_line((60, 20), (60, 140))
    viewer.dims.set_point(0, 2)
    settle(qtbot, widget)
    np.testing.assert_allclose(
        shown(widget)["lazy"][1], line_profile(edge(3.0), [[60, 20], [60, 140]], width=3).values
    )
    read.clear()
    for row in range(30, 50):
        widget._lines.layer.data = [np.array([[row, 20], [row, 140]])]
        qtbot.wait(5)
    settle(qtbot, widget)
    assert read == []
    assert (
        np.abs(
            shown(widget)["lazy"][1]
            - line_profile(edge(3.0), [[49, 20], [49, 140]], width=3).values
        ).max()
        < 1e-6
    )


def test_a_slow_layer_does_not_hold_up_the_screen(dock, qtbot):
    viewer, widget = dock()
    gate = threading.Event()
    image = edge(1.0)

    class Slow:
        shape, ndim, dtype = SHAPE, 2, image.dtype

        def __getitem__(self, key):
            if threading.current_thread() is not threading.main_thread():
                gate.wait(10)
            return image[key]

        def __array__(self, dtype=None, copy=None):
            return self[()]

    viewer.add_image(Slow(), name="slow", contrast_limits=(0, 1), multiscale=False)
    start = time.monotonic()
    widget.add_line((60, 20), (60, 140))
    qtbot.wait(300)
    assert time.monotonic() - start < 3
    assert widget.busy
    gate.set()
    settle(qtbot, widget)
    assert "slow" in shown(widget)


def test_a_multiscale_layer_is_read_at_full_resolution(dock, qtbot):
    viewer, widget = dock()
    image = edge(2.0)
    viewer.add_image([image, image[::2, ::2], image[::4, ::4]], name="pyramid", multiscale=True)
    widget.add_line((60, 20), (60, 140))
    settle(qtbot, widget)
    expected = line_profile(image, [[60, 20], [60, 140]], width=3).values
    np.testing.assert_allclose(shown(widget)["pyramid"][1], expected)


@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")
def test_what_has_no_profile_is_left_out_and_named(compared, qtbot):
    viewer, widget = compared
    viewer.add_image(np.zeros((*SHAPE, 3), np.uint8), name="photo", rgb=True)
    viewer.add_image(np.ones((5, *SHAPE)), name="tilted", affine=tilt())
    settle(qtbot, widget)
    assert "Left out: photo (RGB), tilted (tilted out of the plane)." in status(widget)
    assert set(shown(widget)) == {"reference", "scan", "scan tv"}
    with pytest.raises(ValueError, match="grey-value"):
        widget.reference = "photo"


def tilt():
    affine = np.eye(4)
    affine[:2, :2] = [[0.8, -0.6], [0.6, 0.8]]
    return affine


def test_a_line_outside_every_image_says_so(compared, qtbot):
    _viewer, widget = compared
    widget.add_line((500, 500), (600, 600))
    settle(qtbot, widget)
    assert shown(widget, 2) == {}
    assert {row["line"] for row in widget.table_rows()} == {1}
    assert widget._lines.labels[1] == "2"


def test_the_reference_is_guessed_chosen_and_kept(dock, qtbot):
    viewer, widget = dock()
    first = viewer.add_image(edge(2.0), name="scan")
    viewer.add_image(edge(2.0), name="scan unsharp")
    viewer.add_image(edge(2.0), name="truth tv", metadata={"napari-deconv": {}})
    assert widget.reference is None
    truth = viewer.add_image(edge(1.0), name="Ground truth")
    assert widget.reference is truth
    widget.reference = "scan"
    viewer.add_image(edge(1.0), name="reference")
    assert widget.reference is first
    widget.reference = None
    assert widget.findChild(QComboBox, "profile-reference").currentText() == "none"
    with pytest.raises(ValueError, match="no layer 'nowhere'"):
        widget.reference = "nowhere"
    with pytest.raises(ValueError, match="no layer of this viewer"):
        widget.reference = Shapes(name="elsewhere")


def test_the_line_width_averages(dock, qtbot):
    viewer, widget = dock()
    noise = np.random.default_rng(0).normal(1, 0.2, SHAPE)
    viewer.add_image(noise, name="noise")
    widget.add_line((60, 20), (60, 140))
    widget.line_width = 1
    settle(qtbot, widget)
    narrow = shown(widget)["noise"][1][::2].std()
    widget.line_width = 25
    settle(qtbot, widget)
    assert shown(widget)["noise"][1][::2].std() == pytest.approx(narrow / 5, rel=0.25)
    assert widget.findChild(QSpinBox, "profile-width").value() == widget.line_width == 25
    with pytest.raises(ValueError, match="1 to 999 pixels, not 0"):
        widget.line_width = 0


def test_the_csv_is_the_table(compared):
    _, widget = compared
    rows = list(csv.DictReader(io.StringIO(widget.csv())))
    records = widget.table_rows()
    assert [row["layer"] for row in rows] == [record["layer"] for record in records]
    assert list(rows[0]) == list(records[0])
    assert rows[0]["profile_psnr_db"] == ""
    assert float(rows[1]["profile_psnr_db"]) == pytest.approx(records[1]["profile_psnr_db"], 1e-5)
    assert float(rows[1]["edge_10_90"]) == pytest.approx(records[1]["edge_10_90"], 1e-5)


def test_the_curves_are_written_too(compared):
    _, widget = compared
    rows = list(csv.DictReader(io.StringIO(widget.csv(curves=True))))
    for name, (distance, values) in shown(widget).items():
        mine = [row for row in rows if row["layer"] == name]
        np.testing.assert_array_equal([float(row["distance"]) for row in mine], distance)
        np.testing.assert_array_equal([float(row["value"]) for row in mine], values)


def test_the_picture_holds_legend_and_curves(compared, tmp_path):
    _, widget = compared
    widget.save_plot(tmp_path / "plot.png")
    image = QImage(str(tmp_path / "plot.png")).convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits().asstring(image.sizeInBytes()), np.uint8)
    pixels = pixels.reshape(image.height(), image.width(), 4)[..., 2::-1].astype(int)
    pen = curve_items(widget)["scan tv"].pen.color()
    near = np.abs(pixels - (pen.red(), pen.green(), pen.blue())).sum(axis=-1) < 40
    top = near[:40].sum()
    assert top > 20  # the stroke in the legend
    assert near[40:].sum() > 300
    with pytest.raises(ValueError, match=r"as \.png or \.svg, not '\.jpg'"):
        widget.save_plot(tmp_path / "plot.jpg")
    with pytest.raises(ValueError, match="cannot be written"):
        widget.save_plot(tmp_path / "nowhere" / "plot.png")


def test_themes_are_followed(compared, qtbot):
    viewer, widget = compared
    settle(qtbot, widget)
    dark = widget._plots._row.backgroundBrush().color().lightness()
    before = shown(widget)["scan"][1]
    viewer.theme = "light"
    settle(qtbot, widget)
    assert widget._plots._row.backgroundBrush().color().lightness() > dark + 100
    np.testing.assert_array_equal(shown(widget)["scan"][1], before)
    axis = widget._plots.plots[0].getAxis("bottom")
    assert axis.textPen().color().lightness() < 100


def test_plots_that_are_made_anew_leave_no_widgets_behind(compared, qtbot):
    viewer, widget = compared
    settle(qtbot, widget)
    difference = widget.findChild(QPushButton, "profile-difference")

    def widgets():
        for _ in range(3):
            qtbot.wait(20)
            gc.collect()
        return len(widget._plots.canvas.findChildren(QWidget))

    before = widgets()
    for _ in range(4):
        difference.click()
        viewer.theme = "light" if viewer.theme == "dark" else "dark"
    settle(qtbot, widget)
    assert widgets() == before


def test_everything_has_a_name_and_a_tooltip(compared):
    _, widget = compared
    for kind in (QPushButton, QSpinBox, QComboBox):
        for child in widget._controls.findChildren(kind):
            assert child.objectName()
            assert child.accessibleName()
            assert child.toolTip()
    for part in (widget._table, widget._plots._row):
        assert part.accessibleName()
        assert part.objectName()


def test_tab_follows_the_eye(on_screen):
    _, widget = on_screen
    order = ["profile-add", "profile-add-path", "profile-width", "profile-reference"]
    order += ["profile-reblurred", "profile-difference", "profile-markers"]
    order += ["profile-copy", "profile-save", "profile-table"]
    at, met = widget.findChild(QWidget, order[0]), []
    for _ in range(60):
        if at.objectName() in order and at.objectName() not in met:
            met.append(at.objectName())
        at = at.nextInFocusChain()
    assert met == order


def test_lines_are_as_thick_at_any_zoom(compared, qtbot):
    viewer, widget = compared
    settle(qtbot, widget)
    camera = viewer.scene.camera
    thick = viewer.layers["profiles"].edge_width[0] * camera.zoom
    camera.zoom *= 6
    settle(qtbot, widget)
    assert viewer.layers["profiles"].edge_width[0] * camera.zoom == pytest.approx(thick, rel=0.05)


def test_the_viewer_may_be_closed_while_updates_are_pending(dock, qtbot):
    viewer, widget = dock()
    image = viewer.add_image(edge(1.0, shape=(600, 800)), name="scan")
    viewer.add_image(edge(1.0, shape=(600, 800)), name="reference")
    for row in range(50, 550, 50):
        widget.add_line((row, 20), (row + 30, 700))
    qtbot.waitUntil(lambda: not widget._work.idle, timeout=3000)
    image.data = edge(2.0, shape=(600, 800))
    viewer.close()
    qtbot.wait(200)
    image.data = edge(3.0, shape=(600, 800))  # a layer that outlives its viewer wakes nobody
    qtbot.wait(50)


def test_a_closed_dock_rests_and_lets_go_of_the_viewer(compared, qtbot):
    viewer, widget = compared
    settle(qtbot, widget)
    lines = viewer.layers["profiles"]
    drags = len(lines.mouse_drag_callbacks)
    viewer.window.remove_dock_widget(widget)
    assert len(lines.mouse_drag_callbacks) == drags - 1
    assert widget._lines.labels == []  # a PSNR that is no longer kept up would mislead
    viewer.layers["scan"].data = edge(1.0)
    assert not widget._timer.isActive()
    viewer.window.add_dock_widget(widget, area="bottom")
    settle(qtbot, widget)
    np.testing.assert_allclose(
        shown(widget)["scan"][1], line_profile(edge(1.0), [[60, 20], [60, 140]], width=3).values
    )
    assert len(lines.mouse_drag_callbacks) == drags


def test_a_dock_that_is_gone_leaves_nothing_behind(make_napari_viewer, qtbot):
    viewer = make_napari_viewer()
    viewer.add_image(edge(1.0))
    widget = ProfilesWidget(viewer)
    viewer.window.add_dock_widget(widget, area="bottom")
    widget.add_line((60, 20), (60, 140))
    settle(qtbot, widget)
    lines = viewer.layers["profiles"]
    known = weakref.ref(widget)
    viewer.window.remove_dock_widget(widget)
    del widget
    for _ in range(5):
        QApplication.processEvents()
        gc.collect()
    assert known() is None
    assert lines.mouse_drag_callbacks == []
    viewer.layers[0].data = edge(2.0)
    viewer.theme = "light"


def test_a_low_dock_shows_plots_and_scrolls_to_the_table(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    viewer.window._qt_window.resize(1280, 800)
    viewer.add_image(edge(2.0), name="scan")
    above = QWidget()  # as the Deblur dock over it
    above.setMinimumHeight(370)
    viewer.window.add_dock_widget(above, area="right")
    widget = ProfilesWidget(viewer)
    viewer.window.add_dock_widget(widget, area="right", name="Profiles")
    widget.add_line((60, 20), (60, 140))
    settle(qtbot, widget)
    qtbot.wait(200)
    plots, table = (widget.findChild(QWidget, n) for n in ("profile-plots", "profile-table"))
    row = widget.findChild(QWidget, "profile-plot-row")
    assert row.visibleRegion().boundingRect().height() >= 80
    assert row.height() >= 140  # nothing is squeezed, the rest is a scroll away
    for button in widget.findChildren(QPushButton):
        assert button.visibleRegion().boundingRect().size() == button.size(), button.text()
    scroll = widget.findChild(QScrollArea, "profile-scroll")
    scroll.ensureWidgetVisible(table)
    qtbot.wait(50)
    assert table.visibleRegion().boundingRect().height() == table.height() >= 90
    assert abs(plots.width() - table.width()) <= 4  # a scroll bar may have come
