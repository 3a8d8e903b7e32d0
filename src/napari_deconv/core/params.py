"""Declare once: a `Choice` is a named, frozen model that forms, YAML and the command line render.

A family ("method", "prior", "psf", ...) is the set of choices that were registered under its
name. This module knows only what is registered; `napari_deconv.registry` knows what exists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
)
from pydantic_core import ErrorDetails, core_schema

Weight = Annotated[float, Field(ge=0, le=1000)] | Literal["auto"]
"""A strength: 0 to 1000 (where nothing is left of a picture), or "auto" to let it be found."""

SHORT = 40
"""Characters of a value, at most, that is told where it differs from another."""


class Declared(BaseModel):
    """A frozen model whose fields are the only declaration of their parameters.

    Raises
    ------
    ValueError
        With one plain sentence, if a field is unknown, missing or out of its range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def __init__(self, /, **parameters: Any) -> None:
        try:
            super().__init__(**parameters)
        except ValidationError as error:
            raise ValueError(_sentence(type(self), error.errors()[0])) from None

    def plain(self) -> dict[str, Any]:
        """Return the model as plain data (numbers, text, lists, mappings)."""
        return self.model_dump(mode="json")

    def replace(self, **changes: Any) -> Any:
        """Return a validated copy in which the named fields are changed."""
        return type(self)(**{**self.plain(), **changes})

    def unlike(self, other: Declared) -> list[str]:
        """Return what differs in another one, such as ``"rate: 0.1, not 0.2"`` (0.2 is its).

        What is long, such as an array, is named alone.
        """
        return _unlike(self.plain(), other.plain())


def _unlike(one: Any, other: Any, name: str = "") -> list[str]:
    """Return what differs between plain data, each with its dotted name."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        keys = dict.fromkeys((*one, *other))
        return [
            found
            for key in keys
            for found in _unlike(one.get(key), other.get(key), f"{name}.{key}".lstrip("."))
        ]
    if one == other:
        return []
    short = max(len(str(one)), len(str(other))) <= SHORT
    return [f"{name}: {one}, not {other}" if short else f"{name} is another"]


class Choice(Declared):
    """A named member of a family; its first field is ``name: Literal["..."] = "..."``."""

    name: str
    label: ClassVar[str] = ""
    """What it is for, in the user's words; forms and tables show it."""

    @classmethod
    def key(cls) -> str:
        """Return the name that recipes and users call this choice by."""
        return str(cls.model_fields["name"].default)

    @classmethod
    def parameters(cls) -> dict[str, Any]:
        """Return the declared fields (pydantic ``FieldInfo``) without ``name``."""
        return {name: field for name, field in cls.model_fields.items() if name != "name"}


C = TypeVar("C", bound=type[Choice])
_families: dict[str, dict[str, type[Choice]]] = {}


def register(family: str) -> Callable[[C], C]:
    """Return a class decorator that adds a choice to `family`, replacing one of the same name."""

    def add(choice: C) -> C:
        _families.setdefault(family, {})[choice.key()] = choice
        return choice

    return add


def registered(family: str) -> dict[str, type[Choice]]:
    """Return name -> class of the choices registered so far, in the order of registration."""
    return dict(_families.get(family, {}))


def from_plain(family: str, value: Any) -> Choice:
    """Return the choice of `family` that a name, a mapping or a choice stands for.

    Raises
    ------
    ValueError
        In one sentence, if the name is unknown (known ones are listed) or a parameter is wrong.
    """
    known = registered(family)
    if isinstance(value, Choice):
        if value.key() in known:
            return value
        raise ValueError(f"{value.key()!r} is not a {family}; choose one of: {', '.join(known)}.")
    if isinstance(value, str):
        value = {"name": value}
    if not isinstance(value, Mapping) or not all(
        isinstance(key, str) for key in (*value, value.get("name"))
    ):
        raise ValueError(
            f"A {family} is given by its name or by a mapping with a 'name'; "
            f"the names are: {', '.join(known)}."
        )
    if value["name"] not in known:
        raise ValueError(
            f"There is no {family} named {value['name']!r}; choose one of: {', '.join(known)}."
        )
    return known[value["name"]](**value)


@dataclass(frozen=True)
class OneOf:
    """Annotation of a field that holds any registered choice of a family.

    It is resolved when a value arrives, so that a choice registered later is accepted too.
    """

    family: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        """Validate by `from_plain`, serialise to plain data."""
        return core_schema.no_info_plain_validator_function(
            lambda value: from_plain(self.family, value),
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda choice: choice.plain()
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe it by name alone: a choice may hold another of its own family, without end."""
        names = list(registered(self.family))
        mapping = {"type": "object", "properties": {"name": {"enum": names}}, "required": ["name"]}
        return {"family": self.family, "anyOf": [{"enum": names}, mapping]}


def _sentence(model: type[Declared], error: ErrorDetails) -> str:
    """Turn the first of pydantic's complaints into one plain sentence."""
    owner = model.key() if issubclass(model, Choice) else model.__name__.lower()
    parameter = ".".join(str(part) for part in error["loc"] if _is_field(part))
    if error["type"] == "extra_forbidden":
        known = ", ".join(name for name in model.model_fields if name != "name")
        return f"{owner} has no parameter {parameter!r}; it knows: {known or 'none'}."
    if error["type"] == "missing":
        return f"{owner} needs a value for {parameter!r}."
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    wish = error["msg"].removeprefix("Input should be ")
    return f"{owner}: {parameter} should be {wish}, not {error['input']!r}."


def _is_field(part: int | str) -> bool:
    """Return whether a part of pydantic's location names a field, not a branch of a union."""
    return isinstance(part, int) or part.replace("_", "").isalnum()
