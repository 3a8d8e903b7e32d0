"""The Deblur dock at work: real runs, watched, held, stopped and repeated in a real viewer."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from typing import Any

import numpy as np
import pytest
from napari.layers import Image
from napari.utils import notifications
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QProgressBar, QPushButton, QScrollArea, QToolButton, QWidget

from napari_deconv import __version__
from napari_deconv.recipe import Recipe
from napari_deconv.registry import choices
from napari_deconv.widgets.before_after import KEY
from napari_deconv.widgets.deblur import DeblurWidget


def button(desk: Any, name: str) -> QPushButton:
    return desk.dock.findChild(QPushButton, name)


def press(desk: Any, name: str) -> None:
    desk.qtbot.mouseClick(button(desk, name), Qt.MouseButton.LeftButton)


def test_a_run_gives_the_library_s_result_in_a_new_layer(desk: Any) -> None:
    scan = desk.layers["scan"]
    before = scan.data.copy()
    desk.use("tv", iterations=40)
    press(desk, "run")
    desk.wait_for_end()
    result = desk.dock.result_layer
    assert result.name == "scan tv"
    assert list(desk.layers)[-1] is result
    recipe = Recipe(method={"name": "tv", "iterations": 40})
    expected = recipe.run(before, desk.layers["psf"].data).image
    np.testing.assert_allclose(result.data, expected, atol=1e-5)
    np.testing.assert_array_equal(scan.data, before)
    assert result.data.dtype == np.float32


def test_the_layer_changes_before_the_end_and_in_place(desk: Any) -> None:
    result = desk.run_on()
    first = result.data.copy()
    desk.wait(lambda: not np.array_equal(result.data, first))
    assert desk.dock.running
    assert desk.dock.result_layer is result
    assert len(desk.layers) == 4
    desk.dock.stop()
    assert desk.wait_for_end() == "stopped"


def test_the_status_line_says_where_the_run_is(desk: Any) -> None:
    assert desk.dock.reference is desk.layers["reference"]
    desk.use("tv", iterations=30, weight=0.001)
    desk.run_to_end()
    for part in ("done · iteration 30 of 30", "objective", "PSNR", "dB (K = 1)", " s · cpu"):
        assert part in desk.status
    assert desk.dock.findChild(QProgressBar, "progress").value() == 30
    plotted = desk.dock.panel.plot.points
    assert plotted[0][0] == 1
    assert plotted[-1][0] == 30
    assert plotted[-1][2] > plotted[0][2]
    assert "chi-square" in desk.dock.panel.verdict.text()


def test_stop_answers_at_once_and_keeps_the_last_estimate(desk: Any) -> None:
    result = desk.run_on()
    first = result.data.copy()
    desk.wait(lambda: not np.array_equal(result.data, first))
    assert button(desk, "run").text() == "Stop"
    press(desk, "run")
    assert desk.status == "stopping …"
    assert not button(desk, "run").isEnabled()
    assert desk.wait_for_end() == "stopped"
    assert button(desk, "run").text() == "Run"
    assert button(desk, "run").isEnabled()
    assert desk.status.startswith("stopped · iteration")
    assert result in desk.layers
    done = result.metadata["napari-deconv"]["ran"]["iteration"]
    recipe = Recipe(method={"name": "tv", "iterations": done, "weight": 0.001})
    expected = recipe.run(desk.layers["scan"].data, desk.layers["psf"].data).image
    np.testing.assert_allclose(result.data, expected, atol=1e-4)


def test_pause_holds_the_run_and_resume_lets_it_go_on(desk: Any) -> None:
    result = desk.run_on()
    press(desk, "pause")
    assert button(desk, "pause").text() == "Resume"
    desk.qtbot.wait(400)
    held, said = result.data.copy(), desk.status
    desk.qtbot.wait(400)
    np.testing.assert_array_equal(result.data, held)
    assert desk.status == said
    press(desk, "pause")
    assert button(desk, "pause").text() == "Pause"
    desk.wait(lambda: not np.array_equal(result.data, held))
    press(desk, "run")
    assert desk.wait_for_end() == "stopped"


def test_stop_ends_a_run_on_hold(desk: Any) -> None:
    desk.run_on()
    press(desk, "pause")
    press(desk, "run")
    assert desk.wait_for_end() == "stopped"
    assert not button(desk, "pause").isEnabled()


def test_a_second_run_is_refused_while_one_is_under_way(desk: Any) -> None:
    desk.run_on()
    assert not desk.dock.run()
    assert desk.dock.running
    desk.dock.stop()
    desk.wait_for_end()
    assert len(desk.layers) == 4


def test_each_run_makes_a_new_layer(desk: Any) -> None:
    desk.use("tikhonov")
    first = desk.run_to_end()
    second = desk.run_to_end()
    desk.use("wiener")
    third = desk.run_to_end()
    assert first.name == "scan tikhonov"
    assert second is not first
    assert second.name != first.name
    assert third.name == "scan wiener"
    assert desk.dock.image is desk.layers["scan"]  # no result is taken for the image


def test_every_method_runs_from_its_form(desk: Any) -> None:
    for name, method in choices("method").items():
        learned = "iterations" in method.model_fields and method.learned
        desk.use(name, **({"iterations": 2} if learned else {}))  # a network each iteration
        result = desk.run_to_end()
        assert np.isfinite(result.data).all(), name
        assert result.metadata["napari-deconv"]["method"]["name"] == name
        desk.layers.remove(result)


def test_metadata_are_the_recipe_and_what_ran(desk: Any) -> None:
    desk.use("tv", iterations=5)
    result = desk.run_to_end()
    kept = dict(result.metadata["napari-deconv"])
    ran = kept.pop("ran")
    recipe = Recipe(**kept)
    assert isinstance(recipe.method.weight, float)  # type: ignore[attr-defined]
    assert recipe.measured is not None
    again = recipe.run(desk.layers["scan"].data).image
    np.testing.assert_allclose(again, result.data, atol=1e-5)
    assert ran["version"] == __version__
    assert ran["source"] == "scan"
    assert ran["region"] is None
    assert ran["slice"] is None
    assert ran["device"] == "cpu"
    assert (ran["iteration"], ran["of"]) == (5, 5)


def test_what_auto_came_to_is_shown(desk: Any) -> None:
    desk.use("tv", iterations=3)
    result = desk.run_to_end()
    weight = result.metadata["napari-deconv"]["method"]["weight"]
    said = desk.dock.panel.method_line.text()
    assert f"weight {weight:.3g} found" in said
    assert "of the grey range" in said
    assert desk.dock.method.weight == "auto"


def test_a_failure_is_one_sentence_and_the_next_run_works(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(notifications.notification_manager, "dispatch", told.append)
    with monkeypatch.context() as broken:
        broken.setattr(Recipe, "begin", lambda *_, **__: 1 / 0)
        assert desk.dock.run()
        assert desk.wait_for_end() == "failed"
    assert desk.status == (
        "The computation failed (ZeroDivisionError: division by zero); the log has the details."
    )
    assert not told  # nothing pops up
    assert desk.dock.result_layer is None
    desk.use("tikhonov")
    desk.run_to_end()


def test_holding_a_key_shows_the_input(desk: Any) -> None:
    desk.use("tikhonov")
    result = desk.run_to_end()
    scan = desk.layers["scan"]
    scan.visible = False
    keys = desk.viewer.window._qt_viewer._key_map_handler
    for selected in (result, desk.viewer.add_shapes(name="profiles")):
        desk.layers.selection.active = selected
        keys.press_key(KEY)
        assert (scan.visible, result.visible) == (True, False)
        keys.release_key(KEY)
        assert (scan.visible, result.visible) == (False, True)


def test_attenuation_is_asked_about_once(desk: Any) -> None:
    scan = desk.layers["scan"]
    scan.data = (-np.log(np.clip(scan.data, 0.01, None))).astype(np.float32)
    desk.use("tikhonov")
    assert desk.dock.run()
    assert desk.wait_for_end() == "asked"
    question = desk.dock.panel.question
    assert question.isVisibleTo(desk.dock)
    assert "look like attenuation" in question.findChild(QLabel).text()
    bar = desk.dock.findChild(QProgressBar, "progress")
    assert (bar.value(), bar.maximum()) == (0, 1)  # not a bar that says something is under way
    assert desk.dock.result_layer is None
    press(desk, "attenuation_no")
    assert not question.isVisibleTo(desk.dock)
    assert desk.status == "Cancelled."
    desk.dock.run()
    desk.wait(lambda: len(desk.endings) == 2)
    press(desk, "attenuation_yes")
    desk.wait(lambda: len(desk.endings) == 3)
    assert desk.endings == ["asked", "asked", "done"]
    desk.run_to_end()  # it is not asked again


def test_the_plugin_s_menu_opens_the_same_dock(make_napari_viewer: Any, qtbot: Any) -> None:
    viewer = make_napari_viewer()
    _, dock = viewer.window.add_plugin_dock_widget("napari-deconv", "Deblur")
    assert isinstance(dock, DeblurWidget)
    rng = np.random.default_rng(0)
    layer = viewer.add_image(rng.random((40, 40)).astype(np.float32) + 1, name="scan")
    assert dock.image is layer  # not a proxy of it
    dock.method = choices("method")["tikhonov"]()
    with qtbot.waitSignal(dock.finished, timeout=60_000) as ended:
        assert dock.run()
    assert ended.args == ["done"]
    assert isinstance(dock.result_layer, Image)


def test_everything_has_a_name_and_the_tab_key_follows_the_eye(empty_desk: Any) -> None:
    desk = empty_desk(show=True)
    desk.viewer.add_image(np.random.default_rng(0).random((64, 64)), name="scan")
    desk.dock.panel.more.fold.setChecked(True)
    desk.qtbot.wait(300)
    visited = []
    widget = desk.dock.panel.image
    while True:
        reached = widget.isVisibleTo(desk.dock) and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        if reached and not isinstance(widget, QLabel):
            visited.append(widget)
        widget = widget.nextInFocusChain()
        if widget is desk.dock.panel.image or not desk.dock.isAncestorOf(widget):
            break
    names = [widget.objectName() for widget in visited]
    content = desk.dock.findChild(QScrollArea).widget()

    def middle(widget: QWidget) -> int:
        """Return the height in the scrolled column; what is pinned stands beneath all of it."""
        if content.isAncestorOf(widget):
            return widget.mapTo(content, widget.rect().center()).y()
        return content.height() + widget.mapTo(desk.dock, widget.rect().center()).y()

    middles = [middle(widget) for widget in visited]
    rows = [round(middle / 10) for middle in middles]
    assert rows == sorted(rows), list(zip(names, middles, strict=True))
    assert {"image", "psf", "gaussian.sigma", "tv.weight.auto", "fold", "run"} <= set(names)
    for widget in visited:
        inner = widget.objectName().startswith("qt_")  # Qt's own, named by the field around it
        if not inner and not isinstance(widget, QToolButton | QPushButton):
            assert widget.objectName(), widget
            assert widget.accessibleName(), widget.objectName()


def test_both_themes_paint_the_dock(empty_desk: Any) -> None:
    desk = empty_desk()
    for theme in ("dark", "light"):
        desk.viewer.theme = theme
        assert "QPushButton" in desk.dock.styleSheet()
        desk.dock.panel.controls.status.say("wrong", "error")
        colour = desk.dock.panel.controls.status.palette().windowText().color()
        assert colour.red() > colour.green()
        desk.dock.panel.controls.status.say("right", "plain")


def test_the_dock_opens_with_torch_blocked_and_says_when_it_is_loaded() -> None:
    code = """
import sys
sys.modules["torch"] = None
import napari, numpy as np
from qtpy.QtWidgets import QApplication
from napari_deconv.widgets.deblur import DeblurWidget
viewer = napari.Viewer(show=False)
dock = DeblurWidget(viewer)
viewer.window.add_dock_widget(dock)
viewer.add_image(np.random.default_rng(0).random((32, 32)), name="scan")
for _ in range(50):
    QApplication.processEvents()
dock.panel.more.fold.setChecked(True)
assert [dock.panel.more.devices.itemText(i) for i in range(2)] == ["auto", "cpu"]
del sys.modules["torch"]
assert dock.run()
print(dock.panel.controls.status.text())
ended = []
dock.finished.connect(ended.append)
while not ended:
    QApplication.processEvents()
print(ended[0], "torch" in sys.modules, dock.panel.more.devices.itemText(2))
viewer.close()
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=False
    )
    assert ran.stdout.splitlines()[0] == "Loading PyTorch …", ran.stderr
    assert ran.stdout.splitlines()[1].startswith("done True "), ran.stderr
    assert "look for others" not in ran.stdout


def test_a_closed_dock_is_not_kept(empty_desk: Any) -> None:
    desk = empty_desk()
    desk.viewer.window.remove_dock_widget(desk.dock)
    gone = weakref.ref(desk.dock)
    desk.dock.deleteLater()
    desk.dock = None
    for _ in range(40):  # napari's frame around it ends first
        desk.qtbot.wait(50)
        gc.collect()
        if gone() is None:
            break
    assert gone() is None
