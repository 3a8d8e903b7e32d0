"""The strength's three parts say the same thing, and the slider never rounds a typed number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QCheckBox, QLineEdit, QSlider

from napari_deconv.psf.shapes import GaussianPsf
from napari_deconv.recipe import Recipe
from napari_deconv.widgets.form import Form
from napari_deconv.widgets.number import shortest
from napari_deconv.widgets.strength import HIGHEST, LOWEST, STEPS, Strength
from napari_deconv.widgets.strength_curve import _ticks

from .conftest import blurred, part


def checked(text: str) -> float:
    number = float(text)
    if number < 0:
        raise ValueError("Strength should be 0 or more.")
    return number


@pytest.fixture
def strength(qtbot: Any) -> Strength:
    field = Strength(checked, "auto", label="Strength")
    field.name_parts("strength")
    return field


def parts(field: Strength) -> tuple[QCheckBox, QSlider, QLineEdit]:
    native = field.native
    return (
        native.findChild(QCheckBox, "strength.auto"),
        native.findChild(QSlider),
        native.findChild(QLineEdit, "strength.number"),
    )


def test_auto_is_a_value_and_holds_the_number_still(strength: Strength) -> None:
    auto, slider, number = parts(strength)
    assert strength.value == "auto"
    assert not slider.isEnabled()
    assert not number.isEnabled()
    auto.setChecked(False)
    assert number.isEnabled()
    assert strength.value == float(number.text())


@pytest.mark.parametrize("value", [0.0, 1.5e-5, 0.0123456789, 1e-9, 50.0])
def test_a_typed_number_is_kept_while_the_slider_follows(strength: Strength, value: float) -> None:
    strength.value = value
    _, slider, _ = parts(strength)
    assert strength.value == value
    if value <= LOWEST:
        assert slider.value() == 0
    if value >= HIGHEST:
        assert slider.value() == STEPS


def test_the_slider_is_logarithmic(strength: Strength) -> None:
    strength.value = 1.0
    _, slider, _ = parts(strength)
    decades = []
    for position in (0, 100, 200, 300, 600):
        slider.setValue(position)
        decades.append(strength.value)
    assert decades == pytest.approx([1e-6, 1e-5, 1e-4, 1e-3, 1.0])
    for position in range(0, STEPS + 1, 7):  # a drag is not pulled back by its own number
        slider.setValue(position)
        assert slider.value() == position


def test_the_number_is_told_after_it_changed(strength: Strength) -> None:
    strength.value = 1.0
    told: list[Any] = []
    strength.changed.connect(lambda: told.append(strength.value))
    _, slider, _ = parts(strength)
    slider.setValue(200)
    assert told[-1] == pytest.approx(1e-4)


def test_what_auto_came_to_is_shown_but_not_chosen(strength: Strength) -> None:
    _, _, number = parts(strength)
    told: list[Any] = []
    strength.changed.connect(told.append)
    strength.show_found(0.00143229065640492)
    assert number.text() == "0.00143"
    assert strength.value == "auto"
    assert not told
    strength.value = 0.5
    strength.show_found(0.1)
    assert strength.value == 0.5


def test_a_wrong_number_is_refused_unless_auto_is_chosen(strength: Strength) -> None:
    auto, _, number = parts(strength)
    auto.setChecked(False)
    number.setText("-3")
    assert strength.error == "Strength should be 0 or more."
    with pytest.raises(ValueError, match="0 or more"):
        _ = strength.value
    auto.setChecked(True)
    assert strength.error == ""
    assert strength.value == "auto"


def test_every_strength_of_a_method_is_rendered_so(qtbot: Any) -> None:
    from napari_deconv.registry import choices

    for name, field in (("tv", "weight"), ("tikhonov", "weight"), ("wiener", "noise")):
        form = Form(choices("method")[name])
        assert form.native.findChild(QCheckBox, f"{name}.{field}.auto").isChecked()
        assert form.on_auto == [field]


@pytest.mark.parametrize("number", [0.0, 2.0, 1e-7, 1 / 3, 1.1e22, 0.1 + 0.2])
def test_the_shortest_text_stands_for_exactly_the_number(number: float) -> None:
    assert float(shortest(number)) == number
    assert len(shortest(number)) <= len(repr(number))


def curve_of(desk: Any) -> Any:
    return desk.dock.panel.curve


def test_the_curve_is_shown_where_a_strength_was_found_and_only_there(desk: Any) -> None:
    assert curve_of(desk).isHidden()
    desk.use("tv", iterations=20)
    result = desk.run_to_end()
    found = result.metadata["napari-deconv"]
    assert not curve_of(desk).isHidden()
    assert curve_of(desk).curve.plain() == found["curve"]
    assert 10 ** curve_of(desk).marker.value() == pytest.approx(found["method"]["weight"])
    said = curve_of(desk).line.text()
    assert f"from {len(found['curve']['weights'])} trials" in said
    assert "Steadied GCV" in said
    assert "noise" in desk.dock.panel.method_line.text()
    desk.use("ridge")
    assert curve_of(desk).isHidden()


def test_dragging_the_line_types_the_strength_in_place_of_auto(desk: Any) -> None:
    desk.use("tv", iterations=20)
    desk.run_to_end()
    curve = curve_of(desk)
    assert desk.dock.method.weight == "auto"
    curve.marker.setValue(math.log10(0.0123))
    curve.marker.sigDragged.emit(curve.marker)
    assert desk.dock.method.weight == 0.0123
    assert "0.0123 by hand" in curve.line.text()
    assert "found" not in desk.dock.panel.method_line.text()
    assert "noise" in desk.dock.panel.method_line.text()
    desk.dock.method = desk.dock.method.replace(weight=0.02)  # and typing moves the line
    assert 10 ** curve.marker.value() == pytest.approx(0.02)
    desk.dock.method = desk.dock.method.replace(weight="auto")
    assert 10 ** curve.marker.value() == pytest.approx(curve.curve.chosen)
    assert "Chosen by" in curve.line.text()


def test_the_curve_is_forgotten_with_its_image(desk: Any) -> None:
    desk.use("tv", iterations=20)
    desk.run_to_end()
    desk.dock.image = desk.layers["reference"]
    assert curve_of(desk).isHidden()
    assert curve_of(desk).curve is None


def test_a_search_says_where_it_is_and_stop_takes_back_what_is_no_result(desk: Any) -> None:
    desk.use("tv", iterations=100_000)
    said: list[str] = []
    status = desk.dock.panel.controls.status
    plain = status.say

    def noted(text: str, tone: Any = "quiet") -> None:
        said.append(text)
        plain(text, tone)
        if text.startswith("choosing the strength"):
            desk.dock.stop()

    status.say = noted
    assert desk.dock.run()
    assert desk.wait_for_end() == "stopped"
    assert "choosing the strength: 1 of 5 …" in said
    assert desk.status == "Stopped before a strength was chosen."
    assert desk.dock.result_layer is None
    assert [layer.name for layer in desk.layers] == ["reference", "psf", "scan"]
    assert curve_of(desk).isHidden()
    assert desk.dock.panel.psf_width.isHidden()


def test_a_strength_moved_during_a_run_goes_on_warm_and_ends_as_a_cold_run(desk: Any) -> None:
    """The real thread, told by the real slider's number."""
    scan, psf = desk.layers["scan"].data, desk.layers["psf"].data
    desk.use("tv", iterations=400, weight=0.05)
    assert desk.dock.run()
    desk.wait(lambda: desk.dock.result_layer is not None)
    desk.dock.method = desk.dock.method.replace(weight=0.004)
    desk.wait(lambda: bool(desk.endings))
    assert desk.endings == ["done"], desk.status
    layer = desk.dock.result_layer
    assert layer.metadata["napari-deconv"]["method"]["weight"] == 0.004
    recipe = Recipe(method={"name": "tv", "weight": 0.004, "iterations": 400})
    cold = recipe.begin(scan, psf, device="cpu").image()
    assert np.sqrt(np.mean((layer.data - cold) ** 2)) < 1e-3 * np.ptp(scan)
    other = Recipe(method={"name": "tv", "weight": 0.05, "iterations": 400})
    first = other.begin(scan, psf, device="cpu").image()
    assert np.sqrt(np.mean((layer.data - first) ** 2)) > 5e-3 * np.ptp(scan)


def test_the_first_view_after_a_move_is_near_the_last_estimate() -> None:
    """Warm: it begins where the run was, not at the blurred data's Tikhonov estimate."""
    truth = part()
    image = blurred(truth)
    recipe = Recipe(method={"name": "tv", "weight": 0.02, "iterations": 150})
    ready = recipe.begin(image, GaussianPsf(sigma=1.5).kernel(), device="cpu")
    *_, before = ready.steps()
    cold = next(iter(recipe.begin(image, GaussianPsf(sigma=1.5).kernel(), device="cpu").steps()))
    ready.retune(ready.recipe.method.replace(weight=0.015))
    warm = next(iter(ready.steps()))
    gap = [np.sqrt(np.mean((step.image() - before.image()) ** 2)) for step in (warm, cold)]
    assert gap[0] < 0.6 * gap[1]


def test_a_change_that_is_no_strength_does_not_touch_the_run(desk: Any) -> None:
    desk.use("tv", iterations=60, weight=0.01)
    assert desk.dock.run()
    desk.dock.method = desk.dock.method.replace(isotropic=False)
    assert desk.wait_for_end() == "done"
    assert desk.dock.result_layer.metadata["napari-deconv"]["method"]["isotropic"] is True


@pytest.mark.parametrize("ends", [(4.6e-4, 4.6e-3), (1e-6, 1e2), (0.02, 0.03)])
def test_the_axis_of_the_curve_has_few_labels(ends: tuple[float, float]) -> None:
    inside = [t for t, _ in _ticks(*ends) if math.log10(ends[0]) <= t <= math.log10(ends[1])]
    assert len(inside) <= 6
    assert all(float(text) == pytest.approx(10**tick) for tick, text in _ticks(*ends))
