"""Every declaration through its form and back, exactly; a wrong entry gets a sentence."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated, Any, Literal, get_args

import numpy as np
import pytest
from pydantic import Field
from qtpy.QtWidgets import QAbstractSpinBox, QLineEdit

from napari_deconv.core.params import Choice, OneOf
from napari_deconv.core.priors import Prior, RidgePrior, TotalVariation
from napari_deconv.psf.changing import PsfGrid
from napari_deconv.psf.measured import MeasuredPsf
from napari_deconv.recipe import Recipe
from napari_deconv.registry import MODULES, choices
from napari_deconv.widgets.form import FamilyForm, Fields, Form, Forms

EVERY = [(family, name) for family in MODULES for name in choices(family)]
SMALL = 1.5e-5
PSF = np.random.default_rng(0).random((61, 61))


def default(cls: type[Choice]) -> Choice:
    if cls is PsfGrid:
        return PsfGrid.of(PSF[None, None], rows=[5.5], columns=[7])
    return MeasuredPsf.of(PSF) if cls is MeasuredPsf else cls()


def line(form: Any, name: str) -> QLineEdit:
    """Return the line that a number is typed into, wherever it is inside the form."""
    for known in (name, f"{name}.number"):
        found = form.native.findChild(QLineEdit, known)
        if found is not None:
            return found
    raise LookupError(name)


def takes(cls: type[Choice], field: str) -> bool:
    """Return whether a field may be as small, or as small as 0, the others at their defaults."""
    try:
        cls(**{field: 0.0 if allows(cls.model_fields[field], 0.0) else SMALL})
    except ValueError:
        return False
    return True


def numbers() -> list[tuple[str, str, str]]:
    """Return every field of every choice that takes a number which is not whole."""
    found = []
    for family, name in EVERY:
        for field, info in choices(family)[name].parameters().items():
            parts = (info.annotation, *get_args(info.annotation))
            number = float in parts or any(float in get_args(part) for part in parts)
            if number and takes(choices(family)[name], field):
                found.append((family, name, field))
    return found


def allows(info: Any, number: float) -> bool:
    return all(
        not (getattr(bound, "ge", None) is not None and number < bound.ge)
        and not (getattr(bound, "gt", None) is not None and number <= bound.gt)
        for bound in info.metadata
    )


@pytest.mark.parametrize(("family", "name"), EVERY)
def test_defaults_come_back(qtbot: Any, family: str, name: str) -> None:
    choice = default(choices(family)[name])
    form = Form(type(choice))
    form.value = choice
    assert form.value == choice


def test_there_are_numbers_to_try() -> None:
    assert len(numbers()) > 8


@pytest.mark.parametrize(("family", "name", "field"), numbers())
def test_a_small_number_is_read_back_exactly(
    qtbot: Any, family: str, name: str, field: str
) -> None:
    cls = choices(family)[name]
    assert allows(cls.model_fields[field], SMALL)
    form = Form(cls)
    if getattr(default(cls), field) == "auto":
        form.value = default(cls).replace(**{field: 1.0})
    entry = line(form, f"{name}.{field}")
    entry.clear()
    qtbot.keyClicks(entry, "1.5e-5")
    assert getattr(form.value, field) == SMALL


@pytest.mark.parametrize("number", [0.0015, 1e-12, 1 / 3, 987.654321, 2.0])
def test_any_number_is_shown_so_that_it_comes_back(qtbot: Any, number: float) -> None:
    form = Form(choices("method")["tv"])
    form.value = choices("method")["tv"](weight=number)
    assert form.value.weight == number  # type: ignore[attr-defined]


def test_ranges_of_whole_numbers_bind(qtbot: Any) -> None:
    form = Form(choices("method")["tv"])
    iterations = form.native.findChild(QAbstractSpinBox, "tv.iterations")
    assert (iterations.minimum(), iterations.maximum()) == (1, 100_000)
    iterations.setValue(77)
    assert form.value.iterations == 77  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("family", "name", "field", "text", "wrong"),
    [
        ("psf", "gaussian", "sigma", "-1", "greater than 0"),
        ("psf", "gaussian", "sigma", "abc", "should be a number, not 'abc'"),
        ("psf", "gaussian", "sigma", "", "should be a number, not ''"),
        ("psf", "gaussian", "sigma", "nan", "finite"),
        ("psf", "core-tail", "tail", "1", "less than 1"),
        ("fidelity", "poisson", "gain", "0", "greater than 0"),
        ("method", "wiener", "exponent", "5", "less than or equal to 4"),
    ],
)
def test_a_wrong_entry_gets_a_sentence(
    qtbot: Any, family: str, name: str, field: str, text: str, wrong: str
) -> None:
    form = Form(choices(family)[name])
    entry = line(form, f"{name}.{field}")
    entry.setText(text)
    with pytest.raises(ValueError, match=wrong) as refused:
        _ = form.value
    assert str(refused.value).endswith(".")
    assert entry.property("tone") == "error"
    assert entry.toolTip() == str(refused.value)
    entry.setText("0.5")
    assert entry.property("tone") == "plain"
    assert getattr(form.value, field) == 0.5


def test_labels_tooltips_and_units_are_the_declaration(qtbot: Any) -> None:
    form = Form(choices("fidelity")["poisson"])
    entry = line(form, "poisson.background")
    declared = choices("fidelity")["poisson"].model_fields["background"]
    assert entry.toolTip() == declared.description
    assert entry.accessibleName() == "Background"
    texts = [child.text() for child in form.native.findChildren(type(form[0][0].native))]
    assert "grey values" in texts


def test_any_edit_is_told(qtbot: Any) -> None:
    form = Form(choices("method")["tv"])
    told: list[Any] = []
    form.changed.connect(told.append)
    form.native.findChild(QAbstractSpinBox, "tv.iterations").setValue(5)
    assert told
    told.clear()
    form.value = choices("method")["tv"](iterations=9)
    assert len(told) == 1


def test_omitted_fields_keep_what_was_set(qtbot: Any) -> None:
    cls = choices("psf")["gaussian"]
    form = Form(cls, omit=("dimensions",))
    assert form.value == cls()
    form.value = cls(dimensions=3, sigma=4.0)
    assert form.value == cls(dimensions=3, sigma=4.0)


def test_fields_of_a_recipe(qtbot: Any) -> None:
    fields = Fields(Recipe, ("centre", "offset"), "recipe")
    assert fields.parameters == {"centre": "middle", "offset": 0.0}
    fields.parameters = {"centre": "peak"}
    assert fields.parameters == {"centre": "peak", "offset": 0.0}


class Wavy(Choice):
    """A toy with a family inside, and every kind of bound; it is never registered."""

    name: Literal["wavy"] = "wavy"
    prior: Annotated[Prior, OneOf("prior")] = RidgePrior()
    count: int = Field(3, gt=1, lt=9)
    mode: Literal["fast", 2] = "fast"


class Unrenderable(Choice):
    """A toy of a type that no form knows."""

    name: Literal["unrenderable"] = "unrenderable"
    values: list[float] = []  # noqa: RUF012  (pydantic copies defaults)


def test_a_family_inside_a_choice(qtbot: Any) -> None:
    form = Form(Wavy)
    assert form.value == Wavy()
    wish = Wavy(prior=TotalVariation(isotropic=False), count=8, mode=2)
    form.value = wish
    assert form.value == wish
    spin = form.native.findChild(QAbstractSpinBox, "wavy.count")
    assert (spin.minimum(), spin.maximum()) == (2, 8)


def test_a_type_that_no_form_renders_is_refused(qtbot: Any) -> None:
    with pytest.raises(TypeError, match=r"Unrenderable\.values"):
        Form(Unrenderable)


def test_forms_of_a_family_remember_what_was_typed(qtbot: Any) -> None:
    forms = Forms("psf", "gaussian")
    forms.value = choices("psf")["gaussian"](sigma=3.5)
    forms.key = "disk"
    assert forms.value == choices("psf")["disk"]()
    forms.key = "gaussian"
    assert forms.value == choices("psf")["gaussian"](sigma=3.5)


def test_a_family_offers_only_what_fits_and_remembers_the_wish(qtbot: Any) -> None:
    form = FamilyForm("fidelity", "Noise model", choices("fidelity")["gaussian"]())
    form.offer(("poisson",))
    assert form.key == form.value.key() == "poisson"
    form.offer(("gaussian", "poisson"))
    assert form.key == form.value.key() == "gaussian"


def test_forms_open_with_torch_blocked() -> None:
    code = """
import sys
sys.modules["torch"] = None
from qtpy.QtWidgets import QApplication
application = QApplication([])
from napari_deconv.registry import MODULES, choices
from napari_deconv.widgets.form import FamilyForm, Form
for family in MODULES:
    FamilyForm(family, family)
    for name, cls in choices(family).items():
        form = Form(cls)
        if not getattr(cls, "stored", False):
            assert form.value == cls(), name
print("opened")
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.stdout.strip() == "opened", ran.stderr
