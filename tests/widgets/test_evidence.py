"""The light beside the verdict, the residual's map and the doubts, as a user meets them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from napari.layers import Image
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QLabel, QPushButton

from napari_deconv.recipe import Recipe
from napari_deconv.widgets.bands import bands_of
from napari_deconv.widgets.verdict_line import COLOURS

ROOM = 20


def button(desk: Any, name: str) -> QPushButton:
    return desk.dock.findChild(QPushButton, name)


def press(desk: Any, name: str) -> None:
    """Press a button, and wait until what it began has ended."""
    endings: list[str] = []
    desk.dock.varied.connect(endings.append)
    button(desk, name).click()
    desk.wait(lambda: bool(endings))
    desk.dock.varied.disconnect(endings.append)


def layer(desk: Any, suffix: str) -> Image:
    return desk.layers[f"scan {desk.dock.method.key()}: {suffix}"]


def colour_of_the_light(desk: Any) -> str:
    """Return the colour that is drawn before the verdict."""
    line = desk.dock.panel.verdict
    middle = line.fontMetrics().height() // 2
    return QColor(line.grab().toImage().pixel(6, middle)).name()


def test_a_good_result_has_a_green_light_and_what_that_means(desk: Any) -> None:
    assert not button(desk, "residual_map").isVisibleTo(desk.dock)
    desk.use("tv", iterations=60)
    desk.run_to_end()
    line = desk.dock.panel.verdict
    assert line.light == "green"
    assert colour_of_the_light(desk) == COLOURS["green"]
    assert "agrees with the data" in line.text()
    assert "Green rules out gross errors only" in line.text()
    assert "Green light" in line.toolTip()
    assert line.accessibleDescription() == "green light"


def test_far_too_strong_a_prior_has_a_red_light_and_the_next_run_none(desk: Any) -> None:
    desk.use("tv", iterations=60, weight=0.1)
    desk.run_to_end()
    line = desk.dock.panel.verdict
    assert line.light == "red"
    assert colour_of_the_light(desk) == COLOURS["red"]
    assert "Red: the data contradict the result" in line.text()
    desk.run_on()
    assert line.light == ""
    desk.dock.stop()
    desk.wait(lambda: len(desk.endings) == 2)


def test_a_psf_that_covers_the_picture_has_a_grey_light(desk: Any) -> None:
    desk.layers["psf"].data = np.pad(desk.layers["psf"].data, 50)
    desk.use("tikhonov")
    desk.run_to_end()
    assert desk.dock.panel.verdict.light == "grey"
    press(desk, "residual_map")
    assert "wider than the picture" in desk.status
    assert not any("residual" in one.name for one in desk.layers)


def test_the_residual_is_shown_over_the_result(desk: Any) -> None:
    desk.layers["scan"].scale = (0.5, 0.5)
    desk.use("tikhonov")
    result = desk.run_to_end()
    desk.layers.selection.active = result
    press(desk, "residual_map")
    shown = layer(desk, "residual (sigma)")
    assert desk.layers.index(shown) == desk.layers.index(result) + 1
    assert desk.layers.selection.active is result
    np.testing.assert_array_equal(shown.scale, (0.5, 0.5))
    recipe = Recipe(**{k: v for k, v in result.metadata["napari-deconv"].items() if k != "ran"})
    expected = recipe.begin(desk.layers["scan"].data).residual(result.data)
    np.testing.assert_allclose(shown.data, expected, atol=1e-3)
    assert np.isnan(shown.data[0, 0])
    inner = shown.data[ROOM:-ROOM, ROOM:-ROOM]
    assert np.std(inner) == pytest.approx(0.95, abs=0.1)
    press(desk, "residual_map")
    assert sum("residual" in one.name for one in desk.layers) == 1


def test_how_sure_marks_where_results_differ_and_gives_profiles_a_band(desk: Any) -> None:
    desk.use("tv", iterations=30, weight=0.002)
    result = desk.run_to_end()
    press(desk, "how_sure")
    shown = layer(desk, "doubt")
    assert shown.data.shape == result.data.shape
    (band,) = bands_of(result)
    assert (band.lower <= result.data).all()
    assert (result.data <= band.upper).all()
    assert "strength" in band.words
    assert "PSF" in band.words
    said = desk.dock.findChild(QLabel, "sure_line").text()
    assert said.startswith("6 results (")
    assert "cycles a pixel" in said or "every frequency" in said
    assert "iteration" in desk.status


def test_how_sure_can_be_stopped_and_a_new_run_takes_it_back(desk: Any) -> None:
    desk.use("tv", iterations=30, weight=0.002)
    desk.run_to_end()
    endings: list[str] = []
    desk.dock.varied.connect(endings.append)
    button(desk, "how_sure").click()
    assert not button(desk, "how_sure").isEnabled()
    desk.dock.stop()
    desk.wait(lambda: bool(endings))
    assert not any("doubt" in one.name for one in desk.layers)
    press(desk, "how_sure")
    desk.run_to_end()
    assert desk.dock.findChild(QLabel, "sure_line").text() == ""


def test_a_region_of_a_slice_is_mapped_where_it_lies(desk: Any) -> None:
    scan = desk.layers["scan"].data
    desk.layers.remove("scan")
    desk.viewer.add_image(np.stack([scan, scan[::-1]]), name="scan")
    desk.viewer.dims.set_current_step(0, 1)
    desk.dock.image = desk.layers["scan"]
    corners = [[20, 20], [20, 79], [59, 79], [59, 20]]
    desk.dock.region = desk.viewer.add_shapes([corners], shape_type="rectangle", name="part")
    desk.use("tikhonov")
    result = desk.run_to_end()
    for name, suffix in (("residual_map", "residual (sigma)"), ("how_sure", "doubt")):
        press(desk, name)
        shown = layer(desk, suffix)
        assert shown.data.shape == result.data.shape
        np.testing.assert_array_equal(shown.translate, result.translate)
