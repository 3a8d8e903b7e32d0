"""The strength's three parts say the same thing, and the slider never rounds a typed number."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtWidgets import QCheckBox, QLineEdit, QSlider

from napari_deconv.widgets.form import Form
from napari_deconv.widgets.number import shortest
from napari_deconv.widgets.strength import HIGHEST, LOWEST, STEPS, Strength


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
