"""The Compare dock as a user drives it: choose, run, stop, sort, click a row, swipe, report."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt, QThreadPool
from qtpy.QtWidgets import (
    QApplication,
    QCheckBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QToolButton,
    QWidget,
)
from scipy.ndimage import gaussian_filter

from napari_deconv.psf.shapes import GaussianPsf
from napari_deconv.recipe import Recipe
from napari_deconv.widgets import compare_results, report_bar
from napari_deconv.widgets.compare import CompareWidget
from napari_deconv.widgets.compare_table import COLUMNS
from napari_deconv.widgets.profiles import ProfilesWidget
from napari_deconv.widgets.result import recipe_of

SHAPE = (96, 128)
PIXEL = 0.1
EDGE = ((48.0, 8.0), (48.0, 40.0))
"""Across the left edge of the plate, in pixels."""
LEFT = Qt.MouseButton.LeftButton


def truth() -> np.ndarray:
    picture = np.ones(SHAPE, np.float32)
    picture[20:76, 24:100] = 0.6
    picture[36:52, 60:76] = 0.9
    return picture


@dataclass
class Bench:
    """A viewer with the Compare dock and the layers of a blurred plate."""

    viewer: Any
    dock: CompareWidget
    qtbot: Any
    endings: list[str]

    @property
    def layers(self) -> Any:
        return self.viewer.layers

    @property
    def status(self) -> str:
        return str(self.dock.controls.status.text())

    @property
    def table(self) -> Any:
        return self.dock.results.table

    @property
    def names(self) -> list[str]:
        return [row.outcome.label for row in self.table.order]

    def find(self, kind: type[Any], name: str) -> Any:
        found = self.dock.findChild(kind, name)
        assert found is not None, name
        return found

    def press(self, name: str) -> None:
        self.qtbot.mouseClick(self.find(QPushButton, name), LEFT)

    def check(self, *names: str) -> None:
        """Click the boxes of the list until these methods and no other are checked."""
        listed = self.find(QListWidget, "methods")
        for row in range(listed.count()):
            item = listed.item(row)
            wanted = item.data(Qt.ItemDataRole.UserRole) in names
            if (item.checkState() == Qt.CheckState.Checked) != wanted:
                listed.scrollToItem(item)
                box = listed.visualItemRect(item)
                place = QPoint(box.left() + 10, box.center().y())
                self.qtbot.mouseClick(listed.viewport(), LEFT, pos=place)

    def run_to_end(self) -> None:
        self.press("run")
        self.wait(lambda: bool(self.endings))
        assert self.endings == ["done"], self.status

    def click_row(self, name: str) -> None:
        place = self.table.model().index(self.names.index(name), 0)
        at = self.table.visualRect(place).center()
        self.qtbot.mouseClick(self.table.viewport(), LEFT, pos=at)

    def click_header(self, title: str) -> None:
        """Click the header of a column."""
        titles = [column.title.split("\n")[0] for column in COLUMNS]
        header = self.table.horizontalHeader()
        section = 1 + titles.index(title)
        x = header.sectionViewportPosition(section) + header.sectionSize(section) // 2
        self.qtbot.mouseClick(header.viewport(), LEFT, pos=QPoint(x, header.height() // 2))

    def visible(self) -> set[str]:
        return {layer.name for layer in self.layers if layer.visible}

    def wait(self, condition: Callable[[], bool], timeout: int = 60_000) -> None:
        self.qtbot.waitUntil(condition, timeout=timeout)


@pytest.fixture
def empty(make_napari_viewer: Any, qtbot: Any) -> Iterator[Bench]:
    viewer = make_napari_viewer()
    dock = CompareWidget(viewer)
    viewer.window.add_dock_widget(dock, name="Compare", area="right")
    endings: list[str] = []
    dock.finished.connect(endings.append)
    yield Bench(viewer, dock, qtbot, endings)
    # What a test left behind ends before the next test's viewer opens.
    assert QThreadPool.globalInstance().waitForDone(30_000)


@pytest.fixture
def bench(empty: Bench) -> Bench:
    blurred = gaussian_filter(truth(), 1.5, mode="nearest")
    scan = blurred + np.random.default_rng(5).normal(0, 0.004, SHAPE)
    placed = {"scale": (PIXEL, PIXEL), "units": ("mm", "mm")}
    empty.viewer.add_image(truth(), name="reference", visible=False, **placed)
    kernel = GaussianPsf(sigma=1.5).kernel()
    empty.viewer.add_image(kernel, name="psf", visible=False, **placed)
    empty.viewer.add_image(
        scan.astype(np.float32), name="scan", contrast_limits=(0.4, 1.1), **placed
    )
    return empty


def draw_edge(bench: Bench) -> ProfilesWidget:
    profiles = ProfilesWidget(bench.viewer)
    bench.viewer.window.add_dock_widget(profiles, name="Profiles", area="bottom")
    profiles.add_line(*(PIXEL * np.array(EDGE)))
    return profiles


def test_a_queue_gives_a_layer_and_a_row_for_each_method(bench: Bench) -> None:
    bench.check("wiener", "tv")
    assert "2 methods, 2 runs" in bench.find(QLabel, "methods_line").text()
    before = bench.layers["scan"].data.copy()
    bench.run_to_end()
    assert [row.outcome.label for row in bench.table.figures.rows] == ["scan", "wiener", "tv"]
    assert bench.status == "done · 2 of 2 pictures"
    np.testing.assert_array_equal(bench.layers["scan"].data, before)
    for name in ("wiener", "tv"):
        layer = bench.layers[f"scan {name}"]
        again = recipe_of(layer).run(before, device="cpu").image
        np.testing.assert_allclose(layer.data, again, atol=1e-5)
        assert tuple(layer.scale) == (PIXEL, PIXEL)
    rows = {row.outcome.label: row.outcome.figures for row in bench.table.figures.rows}
    assert rows["tv"].psnr.value > rows["scan"].psnr.value + 3
    assert rows["tv"].ssim > rows["scan"].ssim
    assert rows["tv"].noise < rows["scan"].noise


def test_results_appear_as_they_finish(bench: Bench) -> None:
    bench.check("wiener", "tgv")
    bench.press("run")
    bench.wait(lambda: "wiener" in bench.names)
    assert "tgv" not in bench.names
    assert "scan wiener" in bench.layers
    bench.wait(lambda: "tgv" in bench.names)
    bench.wait(lambda: bool(bench.endings))


def test_stop_keeps_what_is_finished(bench: Bench) -> None:
    bench.check("wiener", "gradient-descent", "tgv")
    bench.press("run")
    assert bench.find(QPushButton, "run").text() == "Stop"
    bench.wait(lambda: "wiener" in bench.names)
    bench.press("run")
    assert bench.status == "stopping …"
    bench.wait(lambda: bool(bench.endings))
    assert bench.endings == ["stopped"]
    assert bench.status.startswith("stopped · ")
    assert "scan wiener" in bench.layers
    assert "scan tgv" not in bench.layers
    assert bench.find(QPushButton, "run").text() == "Run"


def test_strengths_around_the_automatic_one(bench: Bench) -> None:
    bench.check("tv")
    box = bench.find(QCheckBox, "around")
    bench.qtbot.mouseClick(box, LEFT, pos=QPoint(10, box.height() // 2))
    assert "1 method, 3 runs" in bench.find(QLabel, "methods_line").text()
    bench.run_to_end()
    names = ["tv x1/3", "tv", "tv x3"]
    assert set(bench.names) == {"scan", *names}
    weights = [recipe_of(bench.layers[f"scan {name}"]).method.weight for name in names]
    assert weights == pytest.approx([weights[1] / 3, weights[1], 3 * weights[1]])


def test_a_typed_strength_is_run(bench: Bench) -> None:
    bench.check("tv")
    bench.dock.methods.strength.value = 0.02
    bench.run_to_end()
    assert recipe_of(bench.layers["scan tv"]).method.weight == 0.02


def test_all_methods_at_automatic_strength(bench: Bench) -> None:
    bench.dock.methods.strength.value = 0.02
    bench.press("all_methods")
    assert bench.dock.methods.strength.value == "auto"
    names = bench.dock.methods.names
    assert {"tv", "tgv", "wiener", "richardson-lucy"} <= set(names)
    assert not any(name.startswith("pylops") for name in names)
    bench.press("no_methods")
    assert "Nothing is chosen" in bench.find(QLabel, "methods_line").text()
    bench.press("run")
    assert "Nothing is chosen" in bench.status


def test_a_click_on_a_header_sorts_by_it(bench: Bench) -> None:
    bench.check("wiener", "tv", "ridge")
    bench.run_to_end()
    header = bench.table.horizontalHeader()
    assert header.sectionResizeMode(0) == QHeaderView.ResizeMode.Stretch
    values = {row.outcome.label: row.outcome.figures.psnr.value for row in bench.table.order}
    rising = sorted(values, key=values.__getitem__)
    assert bench.names == rising[::-1]
    bench.click_header("PSNR")
    assert bench.names == rising
    bench.click_header("SSIM")  # the best first
    similar = [row.outcome.figures.ssim for row in bench.table.order]
    assert similar == sorted(similar, reverse=True)
    for _ in range(2):  # what has no figure stays last, whichever way
        bench.click_header("χ²")
        assert bench.names[-1] == "scan"


def test_a_click_on_a_row_shows_its_layer_alone(bench: Bench) -> None:
    bench.check("wiener", "tv")
    bench.run_to_end()
    bench.click_row("wiener")
    assert bench.visible() == {"scan wiener"}
    assert bench.layers.selection.active is bench.layers["scan wiener"]
    assert "chi-square" in bench.find(QLabel, "row_line").text()
    bench.click_row("scan")
    assert bench.visible() == {"scan"}
    bench.table.setFocus()
    bench.qtbot.keyClick(bench.table, Qt.Key.Key_Up)
    assert bench.visible() == {f"scan {bench.names[-2]}"}


def test_the_grid_shows_data_and_results_under_their_names(bench: Bench) -> None:
    bench.check("wiener", "tv")
    bench.run_to_end()
    draw_edge(bench)
    grid = bench.viewer.canvas.grid
    zoom = bench.viewer.scene.camera.zoom
    bench.press("view_grid")
    assert grid.enabled
    assert bench.visible() == {"scan", "scan wiener", "scan tv"}
    assert grid.actual_shape(list(bench.layers)) == (2, 2)
    assert bench.viewer.scene.camera.zoom == pytest.approx(zoom / 2)
    assert bench.layers["scan tv"].name_overlay.visible
    bench.press("view_one")
    assert not grid.enabled
    assert bench.viewer.scene.camera.zoom == pytest.approx(zoom)
    assert "profiles" in bench.visible()
    assert not bench.layers["scan tv"].name_overlay.visible


def shown(bench: Bench) -> np.ndarray:
    QApplication.processEvents()
    return bench.viewer.screenshot(canvas_only=True, flash=False)[..., 0].astype(float)


def test_the_swipe_parts_the_canvas_and_follows_the_mouse(bench: Bench) -> None:
    bench.check("wiener")
    bench.run_to_end()
    scan, result = bench.layers["scan"], bench.layers["scan wiener"]
    copy = scan.data.copy()
    bench.viewer.window._qt_window.resize(1200, 800)
    bench.viewer.window._qt_window.show()
    QApplication.processEvents()
    bench.viewer.reset_view()
    result.data = np.full(SHAPE, 1.1, np.float32)  # white, to be told apart on the screen
    scan.data = np.full(SHAPE, 0.4, np.float32)  # black
    bench.press("view_swipe")
    swipe = bench.dock.results.view.swipe
    assert swipe.on
    assert bench.visible() == {"scan", "scan wiener"}
    labels = [
        bench.viewer.window._qt_window.findChild(QLabel, f"swipe_{s}") for s in ("left", "right")
    ]
    assert [label.text() for label in labels] == ["scan", "scan wiener"]
    middle = shown(bench)
    row, width = middle[middle.shape[0] // 2], middle.shape[1]
    assert row[: width // 2 - 2].max() < 10
    assert row[width // 2 + 2 : width // 2 + 30].min() > 245
    centre = swipe.line.rect().center()
    bench.qtbot.mousePress(swipe.line, LEFT, pos=centre)
    bench.qtbot.mouseMove(swipe.line, centre - QPoint(60, 0))
    bench.qtbot.mouseRelease(swipe.line, LEFT, pos=centre)
    assert swipe.position < 0.5
    row = shown(bench)[middle.shape[0] // 2]
    edge = round(swipe.position * width)
    assert row[edge + 3 : width // 2].min() > 245
    assert row[: edge - 2].max() < 10
    before = swipe.position
    bench.qtbot.keyClick(swipe.line, Qt.Key.Key_Right)
    assert swipe.position == pytest.approx(before + 0.02, abs=0.005)
    assert scan.data.shape == copy.shape  # the data were looked at, never replaced
    bench.press("view_one")
    assert not swipe.on
    lines = bench.viewer.window._qt_window.findChildren(QWidget, "swipe_line")
    assert not any(line.isVisible() for line in lines)
    assert shown(bench)[middle.shape[0] // 2, width // 2 - 20] > 245


def test_a_row_clicked_while_swiping_is_the_one_on_the_right(bench: Bench) -> None:
    bench.check("wiener", "tv")
    bench.run_to_end()
    bench.press("view_swipe")
    bench.click_row("wiener")
    assert bench.visible() == {"scan", "scan wiener"}
    bench.click_row("tv")
    assert bench.visible() == {"scan", "scan tv"}


def test_a_swipe_ends_when_its_result_is_deleted(bench: Bench) -> None:
    bench.check("wiener", "ridge")
    bench.run_to_end()
    bench.press("view_swipe")
    bench.click_row("ridge")
    swipe = bench.dock.results.view.swipe
    bench.layers.remove("scan ridge")
    assert [layer.name for layer in swipe.pair] == ["scan", "scan wiener"]
    assert bench.visible() == {"scan", "scan wiener"}
    bench.layers["scan"].name = "part"
    window = bench.viewer.window._qt_window
    assert window.findChild(QLabel, "swipe_left").text() == "part"
    assert set(bench.names) == {"part", "wiener"}
    bench.layers.remove("scan wiener")
    assert not swipe.on
    assert swipe.pair == ()
    assert bench.names == ["part"]


def test_a_picture_that_comes_later_does_not_cover_the_swipe(bench: Bench) -> None:
    bench.check("wiener", "tgv")
    bench.press("run")
    bench.wait(lambda: "wiener" in bench.names)
    bench.click_row("wiener")
    bench.press("view_swipe")
    assert "tgv" not in bench.names
    bench.wait(lambda: bool(bench.endings))
    assert bench.visible() == {"scan", "scan wiener"}
    bench.click_row("tgv")
    assert bench.visible() == {"scan", "scan tgv"}


def test_views_need_results(bench: Bench) -> None:
    for view in ("view_grid", "view_swipe"):
        bench.dock.controls.status.say("")
        bench.press(view)
        assert "press Run" in bench.status
        assert bench.find(QPushButton, "view_one").isChecked()


def test_the_edge_under_a_line_is_measured_in_every_picture(bench: Bench) -> None:
    bench.check("wiener", "tv")
    bench.run_to_end()
    assert "Draw a line" in bench.find(QLabel, "edge_line").text()
    profiles = draw_edge(bench)
    rows = bench.table.figures.rows
    bench.wait(lambda: all(row.edge is not None for row in bench.table.figures.rows))
    rows = {row.outcome.label: row.edge.width for row in bench.table.figures.rows}
    assert rows["scan"] == pytest.approx(PIXEL * 2.563 * 1.5, rel=0.1)
    assert rows["tv"] < rows["scan"]
    for layer in bench.layers:
        layer.visible = layer.name in ("scan", "scan wiener", "scan tv")
    told = {row["layer"]: row["edge_10_90"] for row in profiles.table_rows()}
    assert told["scan tv"] == pytest.approx(rows["tv"], rel=1e-3)
    bench.layers["profiles"].data = [np.array(EDGE) + np.array((0, 200))]
    bench.wait(lambda: all(row.edge is None for row in bench.table.figures.rows))
    profiles.add_path(PIXEL * np.array([(30.0, 8.0), *EDGE]))
    bench.wait(lambda: all(row.edge is not None for row in bench.table.figures.rows))
    assert bench.table.figures.rows[0].edge.width == pytest.approx(rows["scan"], rel=0.02)


def test_a_reference_that_fits_no_more_is_named_beside_the_edges(bench: Bench) -> None:
    bench.check("wiener")
    bench.run_to_end()
    bench.layers["reference"].data = truth()[:-1]
    draw_edge(bench)
    said = bench.find(QLabel, "edge_line").text()
    assert said.startswith("The reference has shape")


def test_results_say_what_was_odd_of_the_psf_and_where_they_were_computed(bench: Bench) -> None:
    bench.layers["psf"].scale = (PIXEL / 2, PIXEL / 2)
    bench.check("wiener")
    bench.run_to_end()
    ran = bench.layers["scan wiener"].metadata["napari-deconv"]["ran"]
    assert any("used pixel by pixel" in note for note in ran["notes"])
    assert ran["device"] != "auto"


def test_a_refused_method_is_named_and_the_others_go_on(bench: Bench) -> None:
    from napari_deconv.registry import choices

    bench.dock.inputs.more.fidelity.value = choices("fidelity")["huber"]()
    bench.check("richardson-lucy", "wiener", "tv")
    bench.run_to_end()
    assert bench.status == "done · 1 of 3 pictures · 2 refused"
    bench.click_row("richardson-lucy")
    assert "huber" in bench.find(QLabel, "row_line").text()


def test_the_table_is_saved(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.check("wiener")
    bench.run_to_end()
    for name in ("t.csv", "t.json"):
        answer = (tmp_path / name, "")
        monkeypatch.setattr(compare_results, "ask_path", lambda *_, answer=answer: answer)
        bench.press("save_table")
    rows = list(csv.DictReader((tmp_path / "t.csv").read_text().splitlines()))
    assert [row["name"] for row in rows] == ["scan", "wiener"]
    assert json.loads((tmp_path / "t.json").read_text())[1]["psnr_k"] == 1
    assert not bench.dock.results.save_table(tmp_path / "no" / "t.csv")
    assert "Nothing was saved" in bench.find(QLabel, "table_saved").text()


def test_the_report_holds_every_result_and_the_limits(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.check("wiener", "tv")
    bench.run_to_end()
    draw_edge(bench)
    report = bench.dock.results.report
    report.limits.fold.click()
    field = bench.find(QLineEdit, "limits.edge_width_below")
    bench.qtbot.keyClicks(field, "0.3")
    assert report.limits.fold.text() == "Limits of the report: 1"
    done: list[bool] = []
    report.finished.connect(done.append)
    monkeypatch.setattr(report_bar, "ask_path", lambda *_: (tmp_path / "r.html", ""))
    (tmp_path / "r.csv").write_text("mine")
    bench.press("report")
    assert "no table of a report" in report.line.text()
    assert not done
    (tmp_path / "r.csv").unlink()
    bench.layers["scan"].name = "part"  # it is still known what the results were made of
    bench.press("report")
    bench.wait(lambda: bool(done))
    assert done == [True], report.line.text()
    assert "Saved" in bench.find(QLabel, "report_line").text()
    rows = list(csv.DictReader((tmp_path / "r.csv").read_text().splitlines()))
    # In the order of the table; what is called by the image's old name is called so in full.
    assert [row["name"] for row in rows] == ["part", "scan tv", "scan wiener"]
    assert report.write(tmp_path / "r.html")  # its own table it replaces
    bench.wait(lambda: len(done) == 2)
    assert done[1], report.line.text()
    told = {r.outcome.label: r.outcome.figures.psnr.value for r in bench.table.figures.rows}
    assert float(rows[1]["psnr_db"]) == pytest.approx(told["tv"], abs=1e-3)
    assert rows[1]["limits"] == "pass"
    page = (tmp_path / "r.html").read_text()
    assert "Line 1" in page
    assert "Recipe of scan tv" in page


def test_limits_that_are_none_are_named(bench: Bench, tmp_path: Path) -> None:
    report = bench.dock.results.report
    report.limits.fold.click()
    bench.qtbot.keyClicks(bench.find(QLineEdit, "limits.chi2_within"), "2, 1")
    assert "least value first" in bench.find(QLabel, "limits_line").text()
    assert not report.write(tmp_path / "r.html")
    (tmp_path / "limits.yaml").write_text("dip_above: 20\nchi2_within: [0.85, 1.1]\n")
    report.limits.load(tmp_path / "limits.yaml")
    assert report.limits.value.stated == ["chi2_within", "dip_above"]
    assert not report.write(tmp_path / "r.html")
    assert "no result" in bench.find(QLabel, "report_line").text()


def test_an_empty_dock_offers_the_sample(empty: Bench) -> None:
    assert empty.find(QPushButton, "open_sample").isVisibleTo(empty.dock)
    empty.press("run")
    assert "no image" in empty.status
    empty.press("open_sample")
    empty.wait(lambda: len(empty.layers) == 3)
    assert empty.dock.inputs.image.value is empty.layers["radiograph"]
    assert empty.dock.inputs.reference.value is empty.layers["reference"]


def test_the_recipe_is_the_one_of_the_fields(bench: Bench) -> None:
    bench.dock.inputs.more.boundary.value = Recipe(boundary="reflect").boundary
    bench.check("wiener")
    bench.run_to_end()
    recipe = recipe_of(bench.layers["scan wiener"])
    assert recipe.boundary.key() == "reflect"
    assert recipe.pixel_size == "0.1 mm"


def test_a_dock_that_is_closed_stops_and_lets_go(bench: Bench) -> None:
    bench.check("gradient-descent")
    bench.press("run")
    bench.wait(lambda: "scan" in bench.names)
    bench.viewer.window.remove_dock_widget(bench.dock)
    assert not bench.dock.running
    bench.viewer.add_image(np.zeros(SHAPE), name="later")
    bench.viewer.window.add_dock_widget(bench.dock, name="Compare", area="right")
    assert bench.dock.inputs.image.value is not None


def test_everything_that_is_clicked_has_a_name(bench: Bench) -> None:
    kinds = (QPushButton, QToolButton, QCheckBox, QListWidget)
    for kind in kinds:
        for widget in bench.dock.findChildren(kind):
            assert widget.objectName(), widget
            assert widget.toolTip() or widget.accessibleName() or widget.text(), widget.objectName()


def test_nothing_is_cut_off_at_1280_by_800(bench: Bench) -> None:
    bench.check("wiener")
    bench.run_to_end()
    bench.click_row("wiener")
    window = bench.viewer.window._qt_window
    window.resize(1280, 800)
    window.show()
    bench.wait(lambda: window.height() == 800 and bench.dock.height() > 400)
    for theme in ("light", "dark"):
        bench.viewer.theme = theme
        QApplication.processEvents()
        assert_in_place(bench)


def assert_in_place(bench: Bench) -> None:
    results = bench.dock.results
    places = [results.table, results.row_line, results.view, results.report]
    shapes = [place.geometry() for place in places]
    for above, below in pairwise(shapes):
        assert above.bottom() < below.top()
    header = bench.table.horizontalHeader()
    assert header.length() <= bench.table.viewport().width()
