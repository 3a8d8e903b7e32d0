"""What the Deblur dock guesses and says follows the viewer: layers, slices and the camera."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_deconv.psf.shapes import GaussianPsf

from .conftest import blurred, part
from .test_deblur_choices import entries, noise, pick


def test_a_guess_stays_a_guess_after_a_run(desk: Any) -> None:
    desk.use("tikhonov")
    desk.run_to_end()
    assert desk.dock.psf is desk.layers["psf"]
    smaller = desk.viewer.add_image(GaussianPsf(sigma=1).kernel(), name="better psf")
    assert smaller.data.size < desk.layers["psf"].data.size
    assert desk.dock.psf is smaller
    larger = desk.viewer.add_image(noise(300, 300), name="next scan")
    assert desk.dock.image is larger


def test_a_choice_stays_a_choice_after_a_run(desk: Any) -> None:
    pick(desk, "psf", "psf")
    desk.use("tikhonov")
    desk.run_to_end()
    desk.viewer.add_image(GaussianPsf(sigma=1).kernel(), name="better psf")
    assert desk.dock.psf is desk.layers["psf"]


def test_no_result_is_taken_for_the_psf(desk: Any) -> None:
    desk.viewer.add_image(noise(9, 9), name="scan tv", metadata={"napari-deconv": {}})
    assert desk.dock.psf is desk.layers["psf"]


@pytest.mark.parametrize("chosen", [False, True], ids=["guessed", "chosen"])
def test_a_psf_does_not_become_the_image_when_the_image_goes(desk: Any, chosen: bool) -> None:
    desk.layers.remove("reference")
    if chosen:
        pick(desk, "psf", "psf")
    desk.layers.remove("scan")
    assert desk.dock.image is None
    assert desk.dock.psf is desk.layers["psf"]
    assert desk.dock.panel.invitation.isVisibleTo(desk.dock)
    desk.layers["psf"].name = "kernel"  # the lists are made anew
    assert desk.dock.image is None
    scan = desk.viewer.add_image(blurred(part()), name="scan")
    assert desk.dock.image is scan
    assert desk.dock.psf is desk.layers["kernel"]


def test_what_the_user_chose_as_the_psf_is_not_offered_as_the_image(desk: Any) -> None:
    assert "psf" in entries(desk, "image")  # a guess may be wrong
    pick(desk, "psf", "psf")
    assert "psf" not in entries(desk, "image")
    pick(desk, "psf", GaussianPsf.label)
    assert "psf" in entries(desk, "image")


def test_what_was_guessed_to_be_the_psf_can_be_chosen_as_the_image(desk: Any) -> None:
    pick(desk, "image", "psf")
    assert desk.dock.image is desk.layers["psf"]
    assert desk.dock.psf is not desk.layers["psf"]


def lines(desk: Any) -> list[str]:
    panel = desk.dock.panel
    return [line.text() for line in (panel.method_line, panel.notes, panel.verdict)]


def remove(desk: Any) -> None:
    desk.layers.remove("scan")


def choose(desk: Any) -> None:
    desk.dock.image = desk.viewer.add_image(noise(96, 128), name="other")


def overwrite(desk: Any) -> None:
    desk.layers["scan"].data = noise(96, 128)


@pytest.mark.parametrize("change", [remove, choose, overwrite])
def test_what_was_measured_is_taken_back_with_its_image(desk: Any, change: Any) -> None:
    desk.use("tikhonov")
    desk.run_to_end()
    desk.wait(lambda: bool(desk.dock.panel.verdict.text()))
    assert desk.dock.panel.method_line.text().startswith("noise")
    desk.viewer.add_points(np.zeros((1, 2)))  # other layers don't matter
    assert all(lines(desk)[::2])
    change(desk)
    assert lines(desk) == ["", "", ""]


def test_what_was_measured_of_a_slice_is_taken_back_with_it(desk: Any) -> None:
    stack = np.stack([blurred(part())] * 3)
    desk.dock.reference = None
    desk.dock.image = desk.viewer.add_image(stack, name="series")
    desk.use("tikhonov")
    desk.run_to_end()
    assert desk.dock.panel.method_line.text().startswith("noise")
    desk.viewer.dims.set_current_step(0, 0 if desk.viewer.dims.current_step[0] else 1)
    assert lines(desk) == ["", "", ""]


@pytest.fixture
def looking(empty_desk: Any) -> Any:
    """Return a desk on the screen whose region is what the canvas shows."""
    desk = empty_desk(show=True)
    desk.viewer.window._qt_window.resize(1000, 600)
    desk.viewer.add_image(blurred(part()), name="scan")
    desk.qtbot.wait(300)
    desk.dock.region = "visible"
    return desk


def says_what_is_shown(desk: Any) -> bool:
    first, last = desk.layers["scan"].corner_pixels
    rows, columns = last - first + 1
    return desk.dock.panel.region.line.text().startswith(f"{rows} × {columns} of 96 × 128 px")


def test_the_region_s_line_follows_the_camera(looking: Any) -> None:
    line = looking.dock.panel.region.line
    camera = getattr(looking.viewer, "scene", looking.viewer).camera
    before = line.text()
    camera.center = (0, 40.0, 60.0)
    for _ in range(4):
        camera.zoom *= 1.5
    looking.wait(lambda: line.text() != before and says_what_is_shown(looking), 3000)
    before = line.text()
    camera.center = (0, 0.0, 60.0)
    looking.wait(lambda: line.text() != before and says_what_is_shown(looking), 3000)
    camera.center = (0, 9000.0, 60.0)
    looking.wait(lambda: "shows nothing of the image" in line.text(), 3000)


def test_the_region_s_line_follows_the_canvas_s_size(looking: Any) -> None:
    camera = getattr(looking.viewer, "scene", looking.viewer).camera
    camera.zoom *= 5
    line = looking.dock.panel.region.line
    looking.wait(lambda: says_what_is_shown(looking), 3000)
    before = line.text()
    looking.viewer.window._qt_window.resize(1300, 850)
    looking.wait(lambda: line.text() != before and says_what_is_shown(looking), 3000)


def test_a_region_that_is_not_the_canvas_leaves_the_camera_alone(looking: Any) -> None:
    looking.dock.region = "whole"
    getattr(looking.viewer, "scene", looking.viewer).camera.zoom *= 4
    looking.qtbot.wait(200)
    assert looking.dock.panel.region.line.text() == ""


def test_a_dock_that_is_put_back_follows_the_camera_again(looking: Any) -> None:
    dock = looking.dock
    looking.viewer.window.remove_dock_widget(dock)
    looking.viewer.window.add_dock_widget(dock, name="Deblur", area="right")
    looking.qtbot.wait(100)
    assert dock.region == "visible"
    getattr(looking.viewer, "scene", looking.viewer).camera.zoom *= 4
    looking.wait(lambda: says_what_is_shown(looking), 3000)


def test_what_was_said_of_a_run_goes_with_its_image(desk: Any) -> None:
    desk.use("tikhonov")
    desk.run_to_end()
    assert desk.status.startswith("done")
    desk.viewer.add_image(np.ones((200, 180), np.float32), name="another")
    desk.dock.image = desk.layers["another"]
    assert desk.status == ""
    assert desk.dock.panel.controls.bar.value() == 0
    assert desk.dock.panel.verdict.text() == ""
