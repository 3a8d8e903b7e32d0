"""Layers that go, docks and viewers that close while a run is under way: nothing is lost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from napari._app_model import get_app_model
from napari.utils import progress
from qtpy.QtCore import QThreadPool
from qtpy.QtWidgets import QApplication, QPushButton

from napari_deconv.widgets.before_after import KEY


def idle() -> bool:
    return QThreadPool.globalInstance().waitForDone(20_000)


def test_a_deleted_result_stops_its_run_quietly(desk: Any) -> None:
    result = desk.run_on()
    desk.layers.remove(result)
    assert desk.wait_for_end() == "stopped"
    assert desk.status == "The result layer was deleted, so the run was stopped."
    assert len(desk.layers) == 3
    desk.use("tikhonov")
    desk.run_to_end()


@pytest.mark.parametrize("name", ["scan", "psf", "reference"])
def test_a_deleted_source_costs_nothing(desk: Any, name: str) -> None:
    result = desk.run_on()
    desk.layers.remove(name)
    first = result.data.copy()
    desk.wait(lambda: not np.array_equal(result.data, first))
    assert desk.dock.running
    desk.dock.stop()
    assert desk.wait_for_end() == "stopped"
    assert result in desk.layers
    assert desk.status.startswith("stopped · iteration")


def test_all_layers_deleted_at_once(desk: Any) -> None:
    desk.run_on()
    desk.layers.clear()
    assert desk.wait_for_end() == "stopped"
    assert len(desk.layers) == 0
    assert desk.dock.panel.invitation.isVisibleTo(desk.dock)


def test_a_layer_deleted_while_the_run_begins(desk: Any) -> None:
    desk.use("tv", iterations=5)
    assert desk.dock.run()
    desk.layers.remove("scan")
    assert desk.wait_for_end() == "done"
    assert desk.dock.result_layer in desk.layers


def test_the_viewer_closes_while_a_run_is_under_way(desk: Any) -> None:
    desk.run_on()
    desk.viewer.close()
    assert idle()
    QApplication.processEvents()


@pytest.mark.parametrize("paused", [False, True])
def test_the_window_closes_while_a_run_is_under_way(desk: Any, paused: bool) -> None:
    desk.run_on()
    if paused:
        desk.dock.pause()
    desk.viewer.window.close()
    assert idle()
    QApplication.processEvents()


def test_the_dock_closes_while_a_run_is_under_way(desk: Any) -> None:
    bars = len(progress._all_instances)
    result = desk.run_on()
    dock = desk.dock
    desk.viewer.window.remove_dock_widget(dock)
    assert idle()
    desk.qtbot.wait(100)
    assert result in desk.layers  # no lost layer
    assert not dock.running
    assert len(progress._all_instances) == bars
    kept = result.data.copy()
    desk.qtbot.wait(200)
    np.testing.assert_array_equal(result.data, kept)
    assert KEY not in {str(key) for key in desk.viewer.keymap}
    desk.viewer.add_image(np.ones((9, 9)))  # nothing listens any more
    dock.deleteLater()
    desk.qtbot.wait(50)


def test_a_dock_that_is_put_back_works_again(desk: Any) -> None:
    dock = desk.dock
    desk.viewer.window.remove_dock_widget(dock)
    later = desk.viewer.add_image(np.random.default_rng(0).random((200, 200)), name="later")
    desk.viewer.window.add_dock_widget(dock, name="Deblur again")
    assert dock.image is later
    dock.image = desk.layers["scan"]
    desk.use("tikhonov")
    desk.run_to_end()
    assert {str(key) for key in desk.viewer.keymap} == {KEY}


def test_a_floating_dock_goes_on(desk: Any) -> None:
    result = desk.run_on()
    outer = desk.dock.parent()
    outer.setFloating(True)
    outer.setFloating(False)
    first = result.data.copy()
    desk.wait(lambda: not np.array_equal(result.data, first))
    assert desk.dock.running
    desk.dock.findChild(QPushButton, "run").click()
    assert desk.wait_for_end() == "stopped"


def test_a_hidden_dock_goes_on(desk: Any) -> None:
    desk.use("tv", iterations=30)
    desk.dock.parent().hide()
    desk.run_to_end()


def test_a_second_result_lies_over_the_first(desk: Any) -> None:
    desk.use("tikhonov", weight=1e-3)
    first = desk.run_to_end()
    desk.use("tikhonov", weight=1e-1)
    second = desk.run_to_end()
    layers = desk.layers
    assert layers.index(layers["scan"]) < layers.index(first) < layers.index(second)


def test_the_key_shows_the_input_under_every_result(desk: Any) -> None:
    desk.use("tikhonov", weight=1e-3)
    first, second = desk.run_to_end(), desk.run_to_end()
    scan = desk.layers["scan"]
    hold = desk.dock._before_after._hold(desk.viewer)
    next(hold)
    assert scan.visible
    assert not first.visible
    assert not second.visible
    desk.layers.remove(second)
    next(hold, None)
    assert first.visible
    assert not second.visible  # it is gone, and drawing it would crash


def test_who_draws_goes_on_drawing(desk: Any) -> None:
    lines = desk.viewer.add_shapes([[[10, 10], [50, 50]]], shape_type="line", name="profiles")
    desk.layers.selection.active = lines
    desk.use("tikhonov")
    desk.run_to_end()
    assert desk.layers.selection.active is lines
    desk.layers.selection.active = desk.layers["scan"]
    result = desk.run_to_end()
    assert desk.layers.selection.active is result


def test_an_rgb_picture_alone_is_told_why(empty_desk: Any) -> None:
    made = empty_desk()
    made.viewer.add_image(np.zeros((20, 30, 3), np.uint8), rgb=True, name="photo")
    assert "RGB" in made.dock.panel.image_line.text()
    assert not made.dock.run()
    assert "RGB" in made.status


def test_an_rgb_scan_is_not_replaced_by_its_psf(empty_desk: Any) -> None:
    made = empty_desk()
    photo = made.viewer.add_image(np.zeros((60, 80, 3), np.uint8), rgb=True, name="photo")
    made.viewer.add_image(np.ones((9, 9)), name="psf")
    dock = made.dock
    assert (dock.image, dock.psf) == (photo, made.layers["psf"])
    assert not dock.run()
    assert "choose Split RGB" in made.status
    made.layers.selection.active = photo
    app = get_app_model()
    app.commands.execute_command("napari.layer.split_rgb").result()
    assert not dock.image.rgb
    assert dock.run()
    assert made.wait_for_end() == "done"


def test_a_photo_beside_the_scan_is_not_taken_for_it(empty_desk: Any) -> None:
    made = empty_desk()
    scan = made.viewer.add_image(np.zeros((150, 150)), name="scan")
    made.viewer.add_image(np.zeros((600, 800, 3), np.uint8), rgb=True, name="photo")
    assert made.dock.image is scan
