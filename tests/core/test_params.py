"""Declarations: plain data, YAML and choice are one; what is unknown is refused in a sentence."""

from __future__ import annotations

import json
import math
from typing import Any, Literal

import numpy as np
import pytest
import yaml
from pydantic import Field

import napari_deconv as nd
from napari_deconv.core.params import Choice, Declared, from_plain
from napari_deconv.psf.changing import PsfGrid
from napari_deconv.psf.measured import MeasuredPsf
from napari_deconv.recipe import Recipe
from napari_deconv.registry import MODULES

EVERY = [(family, name) for family in MODULES for name in nd.choices(family)]


def instance(family: str, name: str) -> Choice:
    if name == "measured":
        return MeasuredPsf.of([[0.0, 1.0], [1.0, 1.0]])
    if name == "grid":
        return PsfGrid.of(np.ones((2, 2, 3, 3)), rows=(10, 90))
    return nd.choices(family)[name]()


def turned(choice: Choice) -> Choice:
    """Return the choice with every number away from its default, as small as a user may type."""
    changes: dict[str, Any] = {}
    for name, field in choice.parameters().items():
        if field.annotation is bool:
            changes[name] = not field.default
        elif field.annotation is int:
            changes[name] = field.default + 3
        elif isinstance(field.default, float) or field.default == "auto":
            least = max((getattr(bound, "ge", 0) for bound in field.metadata), default=0)
            changes[name] = 1.5e-5 + least
    return choice.replace(**changes)


@pytest.mark.parametrize(("family", "name"), EVERY)
def test_plain_yaml_choice_is_the_identity(family: str, name: str) -> None:
    for choice in (instance(family, name), turned(instance(family, name))):
        text = yaml.safe_dump(choice.plain())
        assert from_plain(family, yaml.safe_load(text)) == choice
        assert from_plain(family, json.loads(json.dumps(choice.plain()))) == choice


@pytest.mark.parametrize(("family", "name"), EVERY)
def test_every_choice_is_declared_in_full(family: str, name: str) -> None:
    choice = nd.choices(family)[name]
    assert next(iter(choice.model_fields)) == "name"
    assert choice.__doc__
    assert choice.label
    for parameter, field in choice.parameters().items():
        assert field.description, parameter
    schema = choice.model_json_schema()
    assert schema["properties"]["name"]["const"] == name


@pytest.mark.parametrize(("family", "name"), EVERY)
def test_unknown_parameters_are_refused_in_one_sentence(family: str, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} has no parameter 'wieght'; it knows: ") as error:
        from_plain(family, {**instance(family, name).plain(), "wieght": 1})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("family", MODULES)
def test_unknown_names_are_refused_and_the_known_listed(family: str) -> None:
    with pytest.raises(ValueError, match=f"There is no {family} named 'nonsense'; choose") as error:
        from_plain(family, "nonsense")
    assert all(name in str(error.value) for name in nd.choices(family))


@pytest.mark.parametrize("value", [-1, -1e-9, math.nan, math.inf, "much", None, "-1e-3"])
def test_a_weight_is_a_number_from_zero_or_auto(value: object) -> None:
    with pytest.raises(ValueError, match="weight should be") as error:
        Recipe(method={"name": "tv", "weight": value})
    assert "\n" not in str(error.value)


def test_numbers_as_people_write_them_in_yaml() -> None:
    """Plain YAML reads 1e-3 as text."""
    recipe = Recipe.from_yaml("method: {name: tv, weight: 1e-3, iterations: 1e2}")
    assert recipe.method == nd.choices("method")["tv"](weight=0.001, iterations=100)


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"methd": "tv"}, "recipe has no parameter 'methd'; it knows: psf, centre, boundary"),
        ({"method": 3}, "A method is given by its name or by a mapping with a 'name'"),
        ({"method": {"weight": 1}}, "A method is given by its name or by a mapping"),
        ({"method": "edge"}, "There is no method named 'edge'"),
        ({"boundary": {"name": "tv"}}, "There is no boundary named 'tv'"),
        ({"centre": "left"}, "recipe: centre should be 'middle', 'centroid' or 'peak'"),
        ({"psf": {"name": "gaussian", "sigma": 0}}, "gaussian: sigma should be greater than 0"),
        ({"measured": {"scale": 1}}, "measurement needs a value for 'noise'"),
        ({"method": "wiener", "fidelity": "poisson"}, "wiener does not follow the noise model"),
    ],
)
def test_wrong_recipes_get_one_sentence(parts: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as error:
        Recipe(**parts)
    assert "\n" not in str(error.value)


def test_a_choice_of_another_family_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a method; choose one of"):
        Recipe(method=nd.choices("boundary")["edge"]())


def test_choices_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        nd.choices("method")["tv"]().weight = 1


class Held(Declared):
    """What may hold an array."""

    psf: MeasuredPsf | None = None


def test_what_differs_is_named() -> None:
    one = Recipe(psf={"name": "gaussian", "sigma": 2.0}, method="wiener")
    assert one.unlike(one) == []
    assert one.unlike(one.replace(psf={"name": "gaussian", "sigma": 3.0})) == [
        "psf.sigma: 2.0, not 3.0"
    ]
    assert "psf.name: gaussian, not disk" in one.unlike(one.replace(psf="disk"))
    array = MeasuredPsf.of(np.eye(9))
    measured, other = Held(psf=array), Held(psf=MeasuredPsf.of(np.ones((9, 9))))
    assert measured.unlike(other) == ["psf.data is another"]
    assert measured.unlike(Held()) == Held().unlike(measured) == ["psf is another"]


def test_json_schema_of_a_recipe_lists_every_choice() -> None:
    schema = json.dumps(Recipe.model_json_schema())
    assert all(f'"{name}"' in schema for family, name in EVERY if family != "prior")


def test_registering_the_same_name_again_replaces_it() -> None:
    from napari_deconv.core.params import register, registered

    class First(Choice):
        name: Literal["toy"] = "toy"

    class Second(Choice):
        name: Literal["toy"] = "toy"
        size: int = Field(1)

    register("toys of this test")(First)
    register("toys of this test")(Second)
    assert registered("toys of this test") == {"toy": Second}
