"""The Measures dock in a real viewer: shapes drawn and dragged, new results, tables, export."""

from __future__ import annotations

import csv
import gc
import weakref
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractSpinBox, QApplication, QLabel, QPushButton, QWidget
from scipy.ndimage import gaussian_filter

from napari_deconv import Recipe
from napari_deconv.evidence.measures import MEASURES
from napari_deconv.psf.shapes import GaussianPsf
from napari_deconv.widgets import measures as dock_module
from napari_deconv.widgets.layer_choice import METADATA
from napari_deconv.widgets.measures import MeasuresWidget

from .mouse import LEFT, NO_KEY, drag, on_canvas

SHAPE = (160, 200)
ACROSS = [[40, 70], [40, 130], [120, 130], [120, 70]]
"""A box across the edge of `scan`."""
EVEN = [[20, 120], [20, 190], [140, 190], [140, 120]]
"""A box beside it."""


def scan(sigma: float = 1.5) -> np.ndarray:
    """Return a slanted edge through the middle, blurred, with noise."""
    rows, columns = np.indices(SHAPE)
    turn = np.deg2rad(5)
    distance = (columns - 99.5) * np.cos(turn) + (rows - 79.5) * np.sin(turn)
    sharp = np.clip(distance + 0.5, 0, 1)
    noise = np.random.default_rng(0).normal(0, 0.005, SHAPE)
    return (0.2 + 0.7 * gaussian_filter(sharp, sigma) + noise).astype(np.float32)


@pytest.fixture
def desk(make_napari_viewer: Any, qtbot: Any) -> Callable[..., tuple[Any, MeasuresWidget]]:
    """Return what opens a viewer with the dock and perhaps an image."""

    def opened(data: Any = None, show: bool = False, **options: Any) -> tuple[Any, MeasuresWidget]:
        viewer = make_napari_viewer(show=show)
        if show:
            viewer.window._qt_window.resize(1280, 800)
        dock = MeasuresWidget(viewer)
        viewer.window.add_dock_widget(dock, name="Measures", area="right")
        if data is not None:
            viewer.add_image(data, name="scan", **options)
        settle(qtbot, dock)
        return viewer, dock

    return opened


def settle(qtbot: Any, dock: MeasuresWidget) -> None:
    qtbot.waitUntil(lambda: not dock.busy, timeout=30_000)


def click(dock: QWidget, name: str) -> None:
    QTest.mouseClick(dock.findChild(QPushButton, name), LEFT)


def cells(dock: MeasuresWidget) -> list[list[str]]:
    return dock.panel.table.texts()


def figure(dock: MeasuresWidget, row: int = 0, column: int = 0) -> float:
    answer = dock.results.answers[row][column]
    assert not isinstance(answer, str), answer
    return answer.figures[0].value


def status(dock: MeasuresWidget) -> str:
    return str(dock.findChild(QLabel, "measure_status").text())


def test_a_box_drawn_by_hand_is_measured_and_dragged(desk: Any, qtbot: Any) -> None:
    viewer, dock = desk(scan(), show=True)
    qtbot.wait(100)
    assert "Draw a box" in status(dock)
    click(dock, "draw_shape")
    assert "straight edge" in status(dock)
    drag(viewer, (40, 70), (120, 130))
    settle(qtbot, dock)
    layer = viewer.layers["Measures"]
    assert layer.nshapes == 1
    assert layer.mode == "select"  # the next drag moves it
    assert cells(dock)[0][0] == "MTF50\n(cycles/px)"
    assert figure(dock) == pytest.approx(0.12, rel=0.06)
    assert " ± " in cells(dock)[0][1]
    assert dock.panel.plot.isVisible()
    assert dock._shapes.labels == ["1 MTF"]
    before = dock.results
    canvas = viewer.window._qt_viewer.canvas.native
    QTest.mousePress(canvas, LEFT, NO_KEY, on_canvas(viewer, (80, 100)))
    for column in (110, 130, 150):
        QTest.mouseMove(canvas, on_canvas(viewer, (80, column)))
        QApplication.processEvents()
        qtbot.wait(60)
    qtbot.waitUntil(lambda: dock.results is not before, timeout=20_000)  # while it is dragged
    QTest.mouseRelease(canvas, LEFT, NO_KEY, on_canvas(viewer, (80, 150)))
    settle(qtbot, dock)
    assert cells(dock)[0][1] == "–"  # noqa: RUF001
    assert "no edge in the box" in status(dock)
    assert not dock.panel.plot.isVisible()


def test_every_measure_draws_its_shape(desk: Any, qtbot: Any) -> None:
    viewer, dock = desk(scan())
    modes = {"box": "add_rectangle", "circle": "add_ellipse", "line": "add_line"}
    for row, (kind, measure) in enumerate(MEASURES.items()):
        dock.kind = kind
        assert measure.drawing in dock.panel.standard.text()
        assert measure.standard in dock.panel.standard.text()
        click(dock, "draw_shape")
        layer = viewer.layers["Measures"]
        assert layer.mode == modes[measure.shape]
        assert viewer.layers.selection.active is layer
        dock.add_shape([[80, 20], [80, 180]] if measure.shape == "line" else EVEN)
        settle(qtbot, dock)
        assert list(layer.features["measure"])[row:] == [kind]
        answer = dock.results.answers[row][0]
        if isinstance(answer, str):
            assert answer in status(dock)
            assert answer.endswith(".")
            assert dock.panel.table.item(row, 1).toolTip() == answer


def test_a_picture_that_can_t_be_measured_is_named(desk: Any) -> None:
    _, dock = desk(np.zeros((*SHAPE, 3), np.uint8), rgb=True)
    assert status(dock) == "Not measured: scan (RGB)."
    with pytest.raises(ValueError, match="RGB"):
        dock.add_shape(ACROSS, "edge-mtf")


def test_a_new_result_is_measured_in_the_shapes_that_are_there(desk: Any, qtbot: Any) -> None:
    viewer, dock = desk(scan(), scale=(0.1, 0.1), units=("mm", "mm"))
    dock.add_shape(ACROSS, "edge-mtf")
    dock.add_shape(EVEN, "snr")
    settle(qtbot, dock)
    assert [row[0] for row in cells(dock)] == ["MTF50\n(lp/mm)", "SNR · SNRn"]
    blurred = figure(dock)
    assert blurred == pytest.approx(1.2, rel=0.06)
    recipe = Recipe(psf={"name": "gaussian", "sigma": 1.5}, method="tikhonov")
    restored = recipe.run(scan(), device="cpu").image
    place = {"scale": (0.1, 0.1), "units": ("mm", "mm"), "metadata": {METADATA: {}}}
    layer = viewer.add_image(restored, name="restored", **place)
    settle(qtbot, dock)
    assert [dock.panel.table.horizontalHeaderItem(c).text() for c in (1, 2)] == ["scan", "restored"]
    assert figure(dock, 0, 0) == blurred
    assert figure(dock, 0, 1) > 1.3 * blurred
    assert len(dock.panel.plot.graphs) == 0  # the chosen row, SNR, has no curve
    dock.panel.table.chosen.emit(0)
    assert len(dock.panel.plot.graphs) == 2
    assert dock.panel.plot.graphs[0].across.unit == "lp/mm"
    snr = figure(dock, 1, 1)
    layer.data = gaussian_filter(restored, 1.0)
    settle(qtbot, dock)
    assert figure(dock, 1, 1) > snr
    layer.visible = False
    settle(qtbot, dock)
    assert dock.panel.table.columnCount() == 2


def test_a_run_of_the_deblur_dock_is_measured_when_it_is_done(empty_desk: Any, qtbot: Any) -> None:
    made = empty_desk()
    made.viewer.add_image(GaussianPsf(sigma=1.5).kernel(), name="psf", visible=False)
    made.viewer.add_image(scan(), name="scan")
    dock = MeasuresWidget(made.viewer)
    made.viewer.window.add_dock_widget(dock, name="Measures", area="right")
    dock.add_shape(ACROSS, "edge-mtf")
    settle(qtbot, dock)
    blurred = figure(dock)
    made.use("tv", iterations=40)
    result = made.run_to_end()
    settle(qtbot, dock)
    assert [plane.layer for plane in dock.results.planes] == [made.viewer.layers["scan"], result]
    assert dock.results.planes[1].role == "result"
    assert figure(dock, 0, 1) > 1.3 * blurred


def test_of_a_stack_the_slice_on_display_is_measured(desk: Any, qtbot: Any) -> None:
    viewer, dock = desk(np.stack([scan(1.5), scan(3.0)]))
    dock.add_shape(ACROSS, "edge-mtf")
    viewer.dims.set_current_step(0, 0)
    settle(qtbot, dock)
    sharp = figure(dock)
    viewer.dims.set_current_step(0, 1)
    settle(qtbot, dock)
    assert figure(dock) == pytest.approx(sharp / 1.9, rel=0.1)


def test_a_row_and_its_shape_are_chosen_together(desk: Any, qtbot: Any) -> None:
    viewer, dock = desk(scan())
    dock.add_shape(ACROSS, "edge-mtf")
    dock.add_shape(EVEN, "nps")
    settle(qtbot, dock)
    layer = viewer.layers["Measures"]
    dock.panel.table.chosen.emit(0)
    assert layer.selected_data == {0}
    assert dock.panel.plot.graphs[0].title == "MTF across the edge"
    layer.selected_data = {1}
    dock._schedule()
    settle(qtbot, dock)
    assert dock.panel.row == 1
    assert dock.panel.plot.graphs[0].title == "Noise power spectrum"
    click(dock, "remove_shape")
    settle(qtbot, dock)
    assert [drawn.kind for drawn in dock.results.drawn] == ["edge-mtf"]


def test_terms_are_the_dock_s_fields_and_belong_to_their_measure(desk: Any, qtbot: Any) -> None:
    _, dock = desk(scan(), scale=(0.1, 0.1), units=("mm", "mm"))
    dock.add_shape(EVEN, "snr")
    settle(qtbot, dock)
    assert "SNRn takes SRb for a pixel" in status(dock)
    dock.panel.fields["resolution"].parameters = {"resolution": 0.0886}
    settle(qtbot, dock)
    snr, snrn = dock.results.answers[0][0].figures[:2]
    assert snrn.value == pytest.approx(snr.value)
    assert status(dock) == ""
    shown = {n for n, f in dock.panel.fields.items() if not f.native.isHidden()}
    assert shown == {"resolution"}
    dock.kind = "duplex"
    shown = {n for n, f in dock.panel.fields.items() if not f.native.isHidden()}
    assert shown == {"width", "first"}


def test_the_first_box_of_a_cnr_is_its_background(desk: Any, qtbot: Any) -> None:
    _, dock = desk(scan())
    dock.add_shape(EVEN, "cnr")
    settle(qtbot, dock)
    assert "second box" in status(dock)
    dock.add_shape([[20, 10], [20, 80], [140, 80], [140, 10]], "cnr")
    settle(qtbot, dock)
    assert figure(dock, 1) == pytest.approx(0.7 / 0.005, rel=0.05)
    assert cells(dock)[1][0] == "CNR"


def test_a_shape_of_another_tool_is_told_what_to_do(desk: Any, qtbot: Any) -> None:
    viewer, dock = desk(scan())
    dock.add_shape(ACROSS, "edge-mtf")
    viewer.layers["Measures"].add_lines([np.array([[10, 10], [100, 100]])])
    settle(qtbot, dock)
    dock.panel.table.chosen.emit(1)
    assert "has no measure" in status(dock)
    assert cells(dock)[1][0] == "no measure"


def test_figures_and_curves_are_exported(
    desk: Any, qtbot: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, dock = desk(scan())
    dock.add_shape(ACROSS, "edge-mtf")
    dock.add_shape(ACROSS, "snr")
    settle(qtbot, dock)
    click(dock, "copy_measures")
    rows = list(csv.DictReader(StringIO(QApplication.clipboard().text())))
    assert [row["figure"] for row in rows[:3]] == ["MTF50", "MTF20", "MTF10"]
    assert float(rows[0]["value"]) == pytest.approx(figure(dock), rel=1e-5)
    assert float(rows[0]["error_95"]) > 0
    assert rows[0]["standard"] == "ISO 12233, IEC 62220-1"
    assert "structure" in rows[-1]["note"]
    target = tmp_path / "curves.csv"
    monkeypatch.setattr(dock_module, "ask_path", lambda *_: (target, dock_module.KINDS[1]))
    click(dock, "save_measures")
    points = list(csv.DictReader(StringIO(target.read_text(encoding="utf-8"))))
    assert points[0]["curve"] == "MTF"
    assert float(points[0]["y"]) == pytest.approx(1, abs=0.02)
    assert f"Saved {target}" in status(dock)
    assert not dock.save_csv(tmp_path / "no" / "where.csv")
    assert "can't be written" in status(dock)


def test_without_an_image_it_offers_the_sample(desk: Any, qtbot: Any) -> None:
    viewer, dock = desk()
    assert not dock.panel.invitation.isHidden()
    assert not dock.panel.draw.isEnabled()
    with pytest.raises(ValueError, match="open one first"):
        dock.add_shape(EVEN)
    viewer.add_image(scan())
    settle(qtbot, dock)
    assert dock.panel.invitation.isHidden()
    assert dock.panel.draw.isEnabled()
    viewer.dims.ndisplay = 3
    settle(qtbot, dock)
    assert "2-D view" in status(dock)


def test_a_psf_and_a_hidden_layer_are_not_measured_but_a_small_region_is(
    desk: Any, qtbot: Any
) -> None:
    viewer, dock = desk(scan())
    viewer.add_image(np.ones((9, 9)), name="psf")
    part = {"translate": (10, 110), "metadata": {METADATA: {}}}
    viewer.add_image(scan()[10:50, 110:160], name="small region", **part)
    viewer.add_image(scan(3.0), name="hidden", visible=False)
    dock.add_shape([[15, 120], [15, 150], [45, 150], [45, 120]], "snr")
    settle(qtbot, dock)
    assert [plane.name for plane in dock.results.planes] == ["scan", "small region"]
    assert figure(dock, 0, 1) == pytest.approx(figure(dock, 0, 0))


def test_what_is_known_is_not_measured_again(desk: Any, qtbot: Any) -> None:
    viewer, dock = desk(scan())
    dock.add_shape(ACROSS, "edge-mtf")
    settle(qtbot, dock)
    first = dock.results.answers[0][0]
    viewer.add_image(scan(2.5), name="other")
    dock.add_shape(EVEN, "nps")
    settle(qtbot, dock)
    assert dock.results.answers[0][0] is first


def test_both_themes_paint_it(desk: Any, qtbot: Any) -> None:
    viewer, dock = desk(scan())
    dock.add_shape(ACROSS, "edge-mtf")
    settle(qtbot, dock)
    viewer.theme = "light"
    settle(qtbot, dock)
    assert dock.panel.plot.graphs
    background = dock.panel.plot._view.backgroundBrush().color()
    assert background.lightness() > 180


def test_a_dock_that_is_closed_lets_go_and_comes_back(desk: Any, qtbot: Any) -> None:
    viewer, dock = desk(scan())
    dock.add_shape(ACROSS, "edge-mtf")
    settle(qtbot, dock)
    before = dock.results
    viewer.window.remove_dock_widget(dock)
    viewer.layers["scan"].data = scan(3.0)
    qtbot.wait(150)
    assert dock.results is before
    viewer.window.add_dock_widget(dock, name="Measures", area="right")
    qtbot.waitUntil(lambda: dock.results is not before, timeout=20_000)
    settle(qtbot, dock)
    assert figure(dock) < 0.08


def test_a_dock_that_is_gone_leaves_nothing_behind(desk: Any, qtbot: Any) -> None:
    viewer, dock = desk(scan())
    dock.add_shape(ACROSS, "edge-mtf")
    settle(qtbot, dock)
    gone = weakref.ref(dock._shapes)
    viewer.window.remove_dock_widget(dock)
    dock.deleteLater()
    del dock
    for _ in range(3):
        QApplication.sendPostedEvents(None, 52)  # deferred deletions
        QApplication.processEvents()
        gc.collect()
    assert gone() is None


def test_every_field_is_named_for_screen_readers(desk: Any) -> None:
    _, dock = desk(scan())
    panel = dock.panel
    named = (panel.kind, panel.draw, panel.remove, panel.table, panel.plot, panel.copy, panel.save)
    assert len({widget.objectName() for widget in named}) == len(named)
    assert all(widget.accessibleName() for widget in named)
    fields = [field.native.findChildren(QAbstractSpinBox) for field in panel.fields.values()]
    assert all(box.accessibleName() for boxes in fields for box in boxes)
