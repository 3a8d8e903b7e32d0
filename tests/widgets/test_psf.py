"""The PSF dock in a real viewer: boxes drawn and dragged, figures, layers, sentences."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.layers import Image
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QPushButton,
    QWidget,
)
from scipy.ndimage import gaussian_filter
from scipy.special import ndtr

from napari_deconv import io
from napari_deconv.psf.directed import EllipticPsf
from napari_deconv.psf.shapes import GaussianPsf
from napari_deconv.widgets.deblur import DeblurWidget
from napari_deconv.widgets.layer_choice import ORIGIN
from napari_deconv.widgets.psf import PsfWidget

from .mouse import LEFT, NO_KEY, drag, on_canvas

SHAPE = (160, 200)
SUB = 5
SIGMA = "\N{GREEK SMALL LETTER SIGMA}"
ACROSS = [[40, 70], [40, 140], [120, 140], [120, 70]]
"""A box across the edge of `edge`, which runs through the middle of the picture."""


def averaged(value: Callable[[Any, Any], Any], shape: tuple[int, int] = SHAPE) -> Any:
    """Return a function of (row, column) averaged over 5 x 5 places in each pixel, with noise."""
    rows, columns = np.indices(shape, float)
    offsets = (np.arange(SUB) - (SUB - 1) / 2) / SUB
    mean = sum(value(rows + down, columns + right) for down in offsets for right in offsets)
    noise = np.random.default_rng(3).normal(0, 0.007, shape)
    return 0.2 + 0.7 * mean / SUB**2 + noise


def edge(sigma: float = 2.0, angle: float = 3.0) -> Any:
    """Return an edge whose normal is turned off the columns' axis."""
    turn = np.deg2rad(angle)
    middle = (np.array(SHAPE) - 1) / 2

    def rise(row: Any, column: Any) -> Any:
        t = (column - middle[1]) * np.cos(turn) + (row - middle[0]) * np.sin(turn)
        return ndtr(t / sigma)

    return averaged(rise)


@pytest.fixture
def desk(make_napari_viewer: Any, qtbot: Any) -> Callable[..., tuple[Any, PsfWidget]]:
    """Return what opens a viewer with the dock and perhaps an image."""

    def opened(data: Any = None, show: bool = False, **options: Any) -> tuple[Any, PsfWidget]:
        viewer = make_napari_viewer(show=show)
        if show:
            viewer.window._qt_window.resize(1280, 800)
        dock = PsfWidget(viewer)
        viewer.window.add_dock_widget(dock, name="PSF", area="right")
        if data is not None:
            viewer.add_image(data, name="scan", **options)
        settle(qtbot, dock)
        return viewer, dock

    return opened


def settle(qtbot: Any, dock: PsfWidget) -> None:
    qtbot.waitUntil(lambda: not dock.busy, timeout=20_000)


def value(dock: PsfWidget, name: str = "sigma") -> float:
    assert dock.blur is not None, dock.panel.status.text()
    return {figure.name: figure.value for figure in dock.blur.figures}[name]


def click(dock: QWidget, name: str) -> None:
    QTest.mouseClick(dock.findChild(QPushButton, name), LEFT)


def test_a_box_drawn_by_hand_gives_the_width(desk: Any, qtbot: Any) -> None:
    viewer, dock = desk(edge(), show=True)
    qtbot.wait(100)
    assert "Draw box" in dock.panel.status.text()
    click(dock, "draw_box")
    assert "drag on the picture" in dock.panel.status.text()
    drag(viewer, (40, 70), (120, 140))
    settle(qtbot, dock)
    assert value(dock) == pytest.approx(2.0, rel=0.02)
    layer = viewer.layers["psf boxes"]
    assert layer.nshapes == 1
    assert layer.mode == "select"  # the next drag moves it
    assert dock.panel.figures.text().startswith(f"{SIGMA}\u00a0")
    assert "MTF50" in dock.panel.figures.text()
    assert "± is 95 %" in dock.panel.figures.text()
    assert "edge at 87" in dock.panel.found.text()
    label = str(dock._measuring.boxes.labels[0])
    assert label.startswith(f"{SIGMA} ")
    assert label.endswith(" px")
    click(dock, "draw_box")  # in place of the first
    drag(viewer, (50, 65), (130, 135))
    settle(qtbot, dock)
    assert layer.nshapes == 1
    assert layer.data[0][:, 0].min() == pytest.approx(50, abs=1)
    click(dock, "add_box")
    drag(viewer, (10, 65), (48, 135))
    settle(qtbot, dock)
    assert layer.nshapes == 2
    assert len(dock.blur.fits) == 2
    assert str(dock._measuring.boxes.labels[1]).startswith(f"2: {SIGMA} ")


def test_plots_and_figures_follow_a_box_that_is_dragged(desk: Any, qtbot: Any) -> None:
    wide, narrow = edge(3.5, 4), edge(1.5, 4)
    viewer, dock = desk(np.concatenate([narrow, wide]), show=True)
    dock.add_box([[30, 60], [30, 150], [100, 150], [100, 60]])
    settle(qtbot, dock)
    before = dock.panel.plots.drawing
    assert value(dock) == pytest.approx(1.5, rel=0.02)
    layer = viewer.layers["psf boxes"]
    viewer.layers.selection.active = layer
    layer.mode = "select"
    layer.selected_data = {0}
    told = []
    layer.events.data.connect(lambda event: told.append(str(event.action.value)))
    canvas = viewer.window._qt_viewer.canvas.native
    QTest.mousePress(canvas, LEFT, NO_KEY, on_canvas(viewer, (65, 75)))
    for row in (120, 180, 230):
        QTest.mouseMove(canvas, on_canvas(viewer, (row, 75)))
        QApplication.processEvents()
    qtbot.waitUntil(lambda: dock.blur is not None and value(dock) > 3.4, timeout=10_000)
    assert "changed" not in told  # napari has told of no new place yet: the button is still down
    QTest.mouseRelease(canvas, LEFT, NO_KEY, on_canvas(viewer, (230, 75)))
    settle(qtbot, dock)
    assert value(dock) == pytest.approx(3.5, rel=0.02)
    after = dock.panel.plots.drawing
    assert after.marks[0][0] < 0.6 * before.marks[0][0]
    assert after.marks[0] == (pytest.approx(0.1874 / 3.5, rel=0.03), 0.5)


def test_figures_and_layer_are_in_the_layer_s_unit(desk: Any, qtbot: Any) -> None:
    _viewer, dock = desk(edge(), scale=(0.05, 0.05), units=("mm", "mm"), translate=(3, -2))
    dock.add_box(ACROSS)
    settle(qtbot, dock)
    assert value(dock) == pytest.approx(2.0, rel=0.02)  # in pixels
    text = dock.panel.figures.text()
    assert text.startswith(f"{SIGMA}\u00a00.")
    assert "cycles/mm" in text
    assert "px" not in text
    assert str(dock._measuring.boxes.labels[0]).endswith(" mm")
    layer = dock.make_layer()
    np.testing.assert_allclose(layer.scale, (0.05, 0.05))
    assert [str(unit) for unit in layer.units] == ["millimeter"] * 2
    assert not layer.visible
    middle = layer.data_to_world((np.array(layer.data.shape) - 1) / 2)
    expected = np.mean(ACROSS, 0) * 0.05 + (3, -2)
    np.testing.assert_allclose(middle, expected, atol=0.01)
    assert layer.data.sum() == pytest.approx(1, abs=1e-4)
    said = layer.metadata[ORIGIN]
    assert said["kind"] == "edge"
    assert said["model"] == "gaussian"
    assert said["image"] == "scan"
    assert said["figures"][0]["value"] == pytest.approx(2.0, rel=0.02)
    np.testing.assert_allclose(said["boxes"], [ACROSS], atol=0.1)
    assert dock.make_layer().name == "psf [1]"


def test_boxes_lie_on_the_pixels_of_a_turned_image(desk: Any, qtbot: Any) -> None:
    viewer, dock = desk(edge(), scale=(0.5, 0.5), rotate=30, translate=(10, 20))
    dock.add_box(ACROSS)
    settle(qtbot, dock)
    assert value(dock) == pytest.approx(2.0, rel=0.02)
    np.testing.assert_allclose(viewer.layers["psf boxes"].data[0], ACROSS, atol=0.01)
    dock.make_layer()
    viewer.layers["scan"].rotate = 0  # the box stays where it is in the world
    settle(qtbot, dock)
    assert dock.blur is None or value(dock) != pytest.approx(2.0, rel=1e-6)


def test_another_slice_and_other_data_are_measured_at_once(desk: Any, qtbot: Any) -> None:
    viewer, dock = desk(np.stack([edge(1.5), edge(3.0)]))
    viewer.dims.set_current_step(0, 0)
    dock.add_box(ACROSS)
    settle(qtbot, dock)
    assert value(dock) == pytest.approx(1.5, rel=0.02)
    viewer.dims.set_current_step(0, 1)
    settle(qtbot, dock)
    assert value(dock) == pytest.approx(3.0, rel=0.02)
    layer = dock.make_layer()
    assert layer.ndim == 2
    assert layer.metadata[ORIGIN]["slice"] == [1]
    viewer.layers["scan"].data = np.stack([edge(1.5), edge(2.5)])
    qtbot.waitUntil(lambda: dock.busy)
    settle(qtbot, dock)
    assert value(dock) == pytest.approx(2.5, rel=0.02)


@pytest.mark.parametrize(
    ("box", "sentence"),
    [
        ([[40, 10], [40, 70], [120, 70], [120, 10]], "There is no edge in the box"),
        ([[40, 95], [40, 98], [120, 98], [120, 95]], "3 pixels narrow"),
        ([[40, 150], [40, 260], [120, 260], [120, 150]], "reaches beyond the image"),
        ([[40, 96], [40, 140], [120, 140], [120, 96]], "draw"),
    ],
)
def test_a_bad_box_gets_a_sentence(desk: Any, qtbot: Any, box: Any, sentence: str) -> None:
    _viewer, dock = desk(edge())
    dock.add_box(ACROSS)
    settle(qtbot, dock)
    assert dock.findChild(QPushButton, "make_psf").isEnabled()
    dock.add_box(box)
    settle(qtbot, dock)
    said = dock.panel.status.text()
    assert said.startswith("Box 2: ")
    assert sentence in said
    assert list(dock._measuring.boxes.labels) == ["1", "2"]
    assert dock.blur is None
    assert dock.panel.figures.text() == ""
    assert dock.panel.plots.drawing.lines == []
    for name in ("make_psf", "save_psf", "copy_figures"):
        assert not dock.findChild(QPushButton, name).isEnabled()


def test_saturation_and_two_edges_get_a_sentence(desk: Any, qtbot: Any) -> None:
    viewer, dock = desk(np.minimum(edge(), 0.88))
    dock.add_box(ACROSS)
    settle(qtbot, dock)
    assert "saturated" in dock.panel.status.text()
    both = edge()
    viewer.layers["scan"].data = np.where(np.arange(200) < 115, both, both[:, ::-1])
    qtbot.waitUntil(lambda: dock.busy)
    settle(qtbot, dock)
    assert "two edges" in dock.panel.status.text()


def test_the_layer_is_chosen_in_deblur_and_sharpens(desk: Any, qtbot: Any) -> None:
    viewer, dock = desk(edge().astype(np.float32))
    deblur = DeblurWidget(viewer)
    viewer.window.add_dock_widget(deblur, name="Deblur", area="right")
    assert not isinstance(deblur.psf, Image)
    dock.add_box(ACROSS)
    settle(qtbot, dock)
    click(dock, "make_psf")
    assert deblur.psf is viewer.layers["psf"]
    assert deblur.image is viewer.layers["scan"]
    assert "chosen in Deblur" in dock.panel.status.text()
    ended: list[str] = []
    deblur.finished.connect(ended.append)
    assert deblur.run()
    qtbot.waitUntil(lambda: bool(ended), timeout=120_000)
    assert ended == ["done"]
    result = deblur.result_layer.data
    assert deblur.result_layer.metadata["napari-deconv"]["ran"]["psf"]["kind"] == "edge"
    steepest = [np.abs(np.diff(a.mean(0))).max() for a in (result, viewer.layers["scan"].data)]
    assert np.abs(np.diff(result[60:100], axis=1)).max() > 2 * 0.7 * 0.4 / 2.0
    assert steepest[0] > steepest[1]


def test_deblur_opens_where_it_is_not_and_offers_to_measure(desk: Any, qtbot: Any) -> None:
    viewer, dock = desk(edge())
    dock.add_box(ACROSS)
    settle(qtbot, dock)
    layer = dock.make_layer()
    assert "Deblur (Deconvolution)" in viewer.window.dock_widgets
    (deblur,) = viewer.window._qt_window.findChildren(DeblurWidget)
    assert deblur.psf is layer
    assert deblur.panel.psf.measure.isHidden()
    deblur.psf = GaussianPsf()
    assert not deblur.panel.psf.measure.isHidden()
    click(deblur, "measure_psf")
    assert viewer.window._qt_window.findChildren(PsfWidget) == [dock]  # no second one
    viewer.window.remove_dock_widget(dock)
    click(deblur, "measure_psf")
    assert "PSF (Deconvolution)" in viewer.window.dock_widgets  # as napari's menu calls it


def test_several_edges_give_an_ellipse(desk: Any, qtbot: Any) -> None:
    picture = np.concatenate([edge(1.5, 3), edge(3.0, 87)])
    _, dock = desk(picture)
    dock.add_box(ACROSS)
    dock.model = "ellipse"
    settle(qtbot, dock)
    assert "run the same way" in dock.panel.status.text()
    dock.add_box([[200, 60], [200, 140], [280, 140], [280, 60]])
    settle(qtbot, dock)
    assert isinstance(dock.psf, EllipticPsf)
    assert value(dock, "sigma long") == pytest.approx(3.0, rel=0.03)
    assert value(dock, "sigma short") == pytest.approx(1.5, rel=0.03)
    assert "edges at" in dock.panel.found.text()


def test_every_model_draws_its_curves(desk: Any, qtbot: Any) -> None:
    _, dock = desk(edge())
    dock.add_box(ACROSS)
    drawn: list[Any] = []
    for model in ("core-tail", "disk-gaussian", "curve"):
        dock.model = model
        settle(qtbot, dock)
        assert dock.blur is not None, dock.panel.status.text()
        shown = dock.panel.plots.drawing
        assert all(shown is not other for other in drawn), model
        drawn.append(shown)
        assert [trace.style for trace in shown.modulations] == ["measured", "model"]
        assert shown.marks[0][0] == pytest.approx(0.0925, rel=0.05)
        for trace in (*shown.spread, *shown.lines, *shown.modulations):
            assert np.isfinite(trace.y).all()
        assert np.abs(shown.residual.y).max() < 3  # percent


def test_the_model_that_fits_best_is_found(desk: Any, qtbot: Any) -> None:
    def glare(row: Any, column: Any) -> Any:
        t = column + 0.05 * row - 104
        return 0.7 * ndtr(t / 1.5) + 0.3 * ndtr(t / 6.0)

    _, dock = desk(averaged(glare))
    dock.add_box([[30, 45], [30, 155], [130, 155], [130, 45]])
    settle(qtbot, dock)
    assert "structure" in dock.panel.notes.text()
    assert dock.panel.notes.property("tone") == "question"
    assert dock.panel.notes.y() < dock.panel.plots.y()  # in sight, however low the dock is
    better = dock.findChild(QPushButton, "better_model")
    assert "imperfect fit" in dock.panel.found.text()
    assert better.isEnabled()
    click(dock, "better_model")
    settle(qtbot, dock)
    assert dock.model == "core-tail"
    assert value(dock) == pytest.approx(1.5, rel=0.1)
    click(dock, "better_model")
    settle(qtbot, dock)
    assert "No other model" in dock.panel.status.text()
    dock.add_box([[30, 95], [30, 98], [130, 98], [130, 95]])
    settle(qtbot, dock)
    assert not better.isEnabled()


def test_a_round_edge(desk: Any, qtbot: Any) -> None:
    def hole(row: Any, column: Any) -> Any:
        return ndtr((np.hypot(row - 80, column - 100) - 40) / 2.0)

    _, dock = desk(averaged(hole))
    dock.kind = "disk"
    dock.add_box([[20, 40], [20, 160], [140, 160], [140, 40]])
    settle(qtbot, dock)
    assert value(dock) == pytest.approx(2.0, rel=0.02)
    assert dock.panel.found.text().startswith("radius 40")


def test_a_wire_less_its_own_width(desk: Any, qtbot: Any) -> None:
    turn = np.deg2rad(4)

    def wire(row: Any, column: Any) -> Any:
        t = (column - 100) * np.cos(turn) + (row - 80) * np.sin(turn)
        return 1 - (ndtr((t + 1.5) / 1.8) - ndtr((t - 1.5) / 1.8))

    _, dock = desk(averaged(wire), scale=(0.2, 0.2), units=("mm", "mm"))
    dock.kind = "wire"
    dock.add_box(ACROSS)
    settle(qtbot, dock)
    assert value(dock) > 1.9
    assert dock.panel.wire_width.suffix() == " mm"
    dock.panel.wire_width.setValue(0.6)
    settle(qtbot, dock)
    assert value(dock) == pytest.approx(1.8, rel=0.03)
    assert dock.panel.plots.drawing.whole == "peak"
    assert "ellipse" not in [dock.panel.model.itemData(i) for i in range(dock.panel.model.count())]


def test_points_are_averaged(desk: Any, qtbot: Any) -> None:
    picture = np.zeros(SHAPE)
    picture[40::40, 40::50] = 40.0
    picture = gaussian_filter(picture, 2.0) + 0.2
    picture += np.random.default_rng(0).normal(0, 0.005, SHAPE)
    _viewer, dock = desk(picture)
    dock.kind = "point"
    for row, column in ((40, 40), (80, 90), (120, 140)):
        low, high, left, right = row - 14, row + 14, column - 14, column + 14
        dock.add_box([[low, left], [low, right], [high, right], [high, left]])
    settle(qtbot, dock)
    assert value(dock, "FWHM rows") == pytest.approx(4.71, rel=0.03)
    assert "mean of 3 points" in dock.panel.notes.text()
    assert list(dock._measuring.boxes.labels) == ["1", "2", "3"]
    shown = dock.panel.plots.drawing
    assert shown.marks[0][0] == pytest.approx(0.1874 / 2, rel=0.03)
    layer = dock.make_layer()
    assert layer.data.sum() == pytest.approx(1, abs=1e-4)


def test_a_shape_is_made_without_a_box(desk: Any, qtbot: Any) -> None:
    viewer, dock = desk(edge(), scale=(0.1, 0.1), units=("mm", "mm"))
    dock.psf = GaussianPsf(sigma=0.3, unit="mm")
    settle(qtbot, dock)
    assert dock.panel.figures.text().startswith("29 × 29 px")
    assert dock.panel.plots.drawing.marks[0][0] == pytest.approx(0.1874 / 0.3, rel=0.02)
    layer = dock.make_layer()
    np.testing.assert_allclose(layer.data, GaussianPsf(sigma=3.0).kernel(), atol=1e-6)
    assert layer.metadata[ORIGIN]["psf"]["sigma"] == 0.3
    viewer.layers["scan"].units = ("pixel", "pixel")
    settle(qtbot, dock)
    assert "pixel size" in dock.panel.status.text()
    assert dock.psf is None


def test_the_psf_is_saved_and_its_figures_copied(desk: Any, qtbot: Any, tmp_path: Path) -> None:
    _, dock = desk(edge(), scale=(0.1, 0.1), units=("mm", "mm"))
    assert not dock.save_psf(str(tmp_path / "none.tif"))
    dock.add_box(ACROSS)
    settle(qtbot, dock)
    assert dock.save_psf(str(tmp_path / "psf.tif"))
    picture = io.read(tmp_path / "psf.tif")
    assert picture.pixel_size == pytest.approx(0.1)
    assert picture.unit == "mm"
    np.testing.assert_allclose(picture.array, dock.psf.kernel(), atol=1e-6)
    click(dock, "copy_figures")
    lines = QApplication.clipboard().text().splitlines()
    name, number, bar, unit = lines[1].split("\t")
    assert (name, unit) == (SIGMA, "mm")
    assert float(number) == pytest.approx(0.2, rel=0.02)
    assert 0 < float(bar) < 0.01
    assert not dock.save_psf(str(tmp_path / "missing" / "psf.tif"))
    assert "no folder" in dock.panel.status.text()


def test_empty_states_say_what_to_do(desk: Any, qtbot: Any) -> None:
    viewer, dock = desk()
    assert not dock.panel.invitation.isHidden()
    assert not dock.findChild(QPushButton, "draw_box").isEnabled()
    with pytest.raises(ValueError, match="open one first"):
        dock.add_box(ACROSS)
    viewer.add_image(edge())
    settle(qtbot, dock)
    assert dock.panel.invitation.isHidden()
    for kind, word in (("edge", "edge"), ("disk", "hole"), ("wire", "wire"), ("point", "bead")):
        dock.kind = kind
        settle(qtbot, dock)
        assert word in dock.panel.status.text()
    dock.add_box(ACROSS)
    viewer.layers["psf boxes"].add_lines([[[0, 0], [9, 9]]])
    viewer.layers["psf boxes"].selected_data = {0}
    viewer.layers["psf boxes"].remove_selected()
    settle(qtbot, dock)
    assert "1 of the shapes in 'psf boxes' are no boxes" in dock.panel.status.text()
    viewer.dims.ndisplay = 3
    settle(qtbot, dock)
    assert "in 2-D" in dock.panel.status.text()


def test_the_viewer_closes_in_the_middle_of_a_measurement(desk: Any) -> None:
    viewer, dock = desk(edge())
    dock.add_box(ACROSS)
    dock._measuring.look()
    assert dock.busy
    viewer.close()


def test_a_closed_dock_lets_go_of_the_viewer(desk: Any, qtbot: Any) -> None:
    viewer, dock = desk(edge())
    dock.add_box(ACROSS)
    settle(qtbot, dock)
    layer = viewer.layers["psf boxes"]
    viewer.window.remove_dock_widget(dock)
    qtbot.wait(20)
    layer.data = [np.array(ACROSS) + 1.0]
    viewer.layers.remove("scan")
    viewer.theme = "light"
    assert not dock.busy
    gone = weakref.ref(dock)
    dock.deleteLater()
    del dock
    for _ in range(40):
        qtbot.wait(50)
        gc.collect()
        if gone() is None:
            break
    assert gone() is None


def test_every_field_has_a_name_and_a_tip(desk: Any) -> None:
    _, dock = desk(edge())
    for kind in (QPushButton, QComboBox, QAbstractSpinBox, QCheckBox):
        for field in dock.findChildren(kind):
            if field.window() is not dock.window() or field.objectName().startswith("qt_"):
                continue  # pyqtgraph's menu, which is never shown, and parts of spin boxes
            if field.parentWidget() is not None:
                assert field.objectName(), field
                assert field.toolTip() or "." in field.objectName(), field.objectName()
    assert all(label.objectName() for label in dock.findChildren(QLabel) if label.wordWrap())


def test_nothing_is_cut_off_at_the_dock_s_usual_width(desk: Any, qtbot: Any) -> None:
    _, dock = desk(edge(), show=True)
    for kind in ("edge", "disk", "wire", "point", "shape"):
        dock.kind = kind
        if kind == "shape":
            dock.panel.choose(dock.panel.shape, "xray-system")
        settle(qtbot, dock)
        qtbot.wait(100)
        assert_not_cut_off(dock)


def assert_not_cut_off(dock: PsfWidget) -> None:
    for widget in (*dock.findChildren(QPushButton), *dock.findChildren(QLabel)):
        if widget.isVisible() and widget.text():
            needed = 0 if isinstance(widget, QLabel) and widget.wordWrap() else widget.sizeHint()
            assert not needed or needed.width() <= widget.width() + 1, widget.text()
            assert widget.height() >= widget.minimumSizeHint().height() - 1, widget.text()


def test_the_dock_opens_and_measures_with_torch_blocked() -> None:
    code = """
import sys
sys.modules["torch"] = None
import napari, numpy as np
from qtpy.QtWidgets import QApplication
from napari_deconv.widgets.layer_choice import ORIGIN
from napari_deconv.widgets.psf import PsfWidget
viewer = napari.Viewer(show=False)
dock = PsfWidget(viewer)
viewer.window.add_dock_widget(dock)
columns = np.arange(64) - np.arange(64)[:, None] / 16
viewer.add_image(1 / (1 + np.exp(-(columns - 30))))
dock.add_box([[4, 4], [4, 59], [59, 59], [59, 4]])
while dock.busy:
    QApplication.processEvents()
print(dock.panel.figures.text())
viewer.close()
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=False
    )
    assert ran.stdout.startswith(SIGMA), ran.stderr


def test_a_shape_is_refined_on_the_image(desk: Any, qtbot: Any) -> None:
    rows, columns = np.indices((200, 200))
    away = np.hypot(rows - 100.3, columns - 99.6)
    sharp = np.where(np.hypot(np.maximum(abs(rows - 40), 0), columns - 160) < 25, 0.5, 0.9)
    sharp[away < 60] = 0.3
    scan = gaussian_filter(sharp, 2.0) + np.random.default_rng(0).normal(0, 0.004, sharp.shape)
    _viewer, dock = desk(scan)
    dock.kind = "refine"
    dock.panel.forms.value = GaussianPsf(sigma=1.5)
    settle(qtbot, dock)
    assert "press “Refine”" in dock.panel.status.text()
    assert dock.psf is None
    dock.panel.refine.click()
    assert dock.panel.refine.text() == "Stop"
    settle(qtbot, dock)
    assert dock.panel.refine.text() == "Refine"
    assert value(dock) == pytest.approx(2.0, rel=0.06)
    assert "pieces of edges count" in dock.panel.found.text()
    assert "can't know" in dock.panel.notes.text()
    assert {trace.name for trace in dock.panel.plots.drawing.lines} == {"given", "refined"}
    layer = dock.make_layer()
    assert layer is not None
    assert layer.metadata[ORIGIN]["given"]["sigma"] == 1.5
    dock.panel.forms.value = GaussianPsf(sigma=1.8)  # what was refined is not what is asked now
    settle(qtbot, dock)
    assert dock.psf is None
    dock.panel.refine.click()
    dock.panel.refine.click()  # stopped: it answers nothing
    settle(qtbot, dock)
    assert dock.psf is None
    assert dock.panel.refine.text() == "Refine"
