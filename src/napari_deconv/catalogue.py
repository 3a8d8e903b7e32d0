"""Every choice of every family and its parameters, as a table and as JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from napari_deconv import registry

if TYPE_CHECKING:
    from rich.table import Table

TITLES = {
    "method": "How the image is restored",
    "strength": "How strengths on auto are found",
    "prior": "What is believed of images",
    "fidelity": "How the noise is modelled",
    "boundary": "What is assumed beyond the border",
    "psf": "What the blur looks like",
    "burst": "How frames of one scene become one picture",
    "recipe": "What else a recipe states",
}
"""Families in the order of the table, and what each is about."""

WIDEST = 22
"""Characters of a column before it folds: a parameter of many names leaves its help no room."""

_TYPES = {
    "number": "number",
    "integer": "whole number",
    "string": "text",
    "boolean": "true or false",
    "array": "list",
}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


class Parameter(NamedTuple):
    """One declared parameter, in words."""

    name: str
    type: str
    range: str
    default: str
    unit: str
    help: str


def parameters(schema: dict[str, Any]) -> Iterator[Parameter]:
    """Yield the parameters that the JSON Schema of a choice declares."""
    for name, field in schema["properties"].items():
        if name != "name":
            yield Parameter(
                name,
                _type(field),
                _range(field),
                _word(field["default"]) if "default" in field else "needed",
                field.get("unit", ""),
                field.get("description", ""),
            )


def tables() -> Iterator[Table]:
    """Yield a table for each family, one for bursts, and one for what else a recipe states."""
    for family in sorted(registry.MODULES, key=list(TITLES).index):
        table = _table(family)
        for name, choice in registry.choices(family).items():
            table.add_row(name, *[""] * 4, choice.label, style="bold")
            _add(table, choice.model_json_schema())
        yield table
    table = _table("burst")
    _add(table, _burst_schema())
    yield table
    table = _table("recipe")
    _add(table, _recipe_schema())
    yield table


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a recipe, each family under its name in ``$defs``."""
    from napari_deconv.recipe import Recipe

    families = {family: _family_schema(family) for family in registry.MODULES}
    recipe = Recipe.model_json_schema()
    for family in registry.MODULES:
        if family in recipe["properties"]:
            title = TITLES[family]
            recipe["properties"][family] = {"$ref": f"#/$defs/{family}", "description": title}
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **recipe,
        "$defs": {**recipe.get("$defs", {}), **families},
    }
    referred: dict[str, Any] = _referred(whole)
    return referred


def _referred(schema: Any) -> Any:
    """Return a schema in which choices within choices refer to their family."""
    if isinstance(schema, list):
        return [_referred(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(family := schema.get("family"), str):
        kept = {key: value for key, value in schema.items() if key not in ("family", "anyOf")}
        return {"$ref": f"#/$defs/{family}", **kept}
    return {key: _referred(part) for key, part in schema.items()}


def _family_schema(family: str) -> dict[str, Any]:
    """Return what stands for a choice: its name, or a mapping with its name and parameters."""
    choices = registry.choices(family)
    mappings = [
        {**choice.model_json_schema(), "required": ["name", *_needed(choice.model_json_schema())]}
        for choice in choices.values()
    ]
    return {"title": TITLES[family], "anyOf": [{"enum": list(choices)}, *mappings]}


def _needed(schema: dict[str, Any]) -> list[str]:
    return [name for name in schema.get("required", ()) if name != "name"]


def _recipe_schema() -> dict[str, Any]:
    """Return the recipe's own parameters: those that are neither a choice nor measured."""
    from napari_deconv.recipe import Recipe

    fields = Recipe.model_json_schema()["properties"]
    known = {*registry.MODULES, "burst", "measured", "curve"}
    return {"properties": {name: field for name, field in fields.items() if name not in known}}


def _burst_schema() -> dict[str, Any]:
    """Return the parameters of a burst without what was found of its frames."""
    from napari_deconv.core.burst import Burst

    fields = Burst.model_json_schema()["properties"]
    return {"properties": {name: field for name, field in fields.items() if name != "found"}}


def _table(family: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(
        title=f"[bold]{family}[/bold]: {TITLES[family]}",
        title_justify="left",
        title_style="",
        box=box.SIMPLE_HEAD,
        expand=True,
        pad_edge=False,
    )
    for heading, width in (("name", 20), ("type", 14), ("range", 12), ("default", 7), ("unit", 11)):
        table.add_column(heading, min_width=width, max_width=WIDEST)
    table.add_column("help", ratio=1)
    return table


def _add(table: Table, schema: dict[str, Any]) -> None:
    from rich.markup import escape

    for parameter in parameters(schema):
        table.add_row(f"  {parameter.name}", *map(escape, parameter[1:]))


def _type(field: dict[str, Any]) -> str:
    if "family" in field:
        return f"a {field['family']}"
    if "anyOf" in field:
        return " or ".join(_type(part) for part in field["anyOf"] if part.get("type") != "null")
    if "const" in field:
        return _word(field["const"])
    if "enum" in field:
        return "one of"
    return _TYPES[field["type"]]


def _range(field: dict[str, Any]) -> str:
    if "family" in field:
        return ""
    if "anyOf" in field:
        return ", ".join(filter(None, map(_range, field["anyOf"])))
    if "enum" in field:
        return ", ".join(map(_word, field["enum"]))
    return ", ".join(f"{sign} {field[key]:g}" for key, sign in _BOUNDS.items() if key in field)


def _word(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, dict):
        return str(value["name"])
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
