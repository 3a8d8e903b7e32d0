"""A choice rendered as a magicgui container, both ways: the declaration is all it knows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from magicgui.widgets import CheckBox, ComboBox, Container, Label, LineEdit, SpinBox
from pydantic.fields import FieldInfo
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLineEdit

from napari_deconv.core.params import Choice, Declared, OneOf
from napari_deconv.registry import choices
from napari_deconv.widgets.column import LABEL_WIDTH, shrinking
from napari_deconv.widgets.number import Number
from napari_deconv.widgets.strength import Strength

LARGEST = 2**31 - 1


class Fields(Container):  # type: ignore[type-arg]
    """Some fields of a declaration, a row each.

    Parameters
    ----------
    declared : type of Declared
        Class whose fields are rendered.
    names : iterable of str
        Which of them.
    key : str
        Beginning of the fields' object names.
    """

    def __init__(self, declared: type[Declared], names: Iterable[str], key: str) -> None:
        self._declared = declared
        self._fields = {n: _field(declared, n, declared.model_fields[n]) for n in names}
        rows = [_row(f, declared.model_fields[n], f"{key}.{n}") for n, f in self._fields.items()]
        super().__init__(widgets=rows, labels=False, name=key)
        self.margins = (0, 0, 0, 0)
        _spacing(self, 5)

    @property
    def parameters(self) -> dict[str, Any]:
        """Name -> value of every field.

        Raises
        ------
        ValueError
            With a sentence, if a field holds what it can't.
        """
        return {name: field.value for name, field in self._fields.items()}

    @parameters.setter
    def parameters(self, values: Mapping[str, Any]) -> None:
        with self.changed.blocked():
            for name, value in values.items():
                if name in self._fields:
                    self._fields[name].value = "" if value is None else value
        self.changed.emit(self)

    @property
    def on_auto(self) -> list[str]:
        """Names of the fields that are left to the method."""
        strengths = {n: f for n, f in self._fields.items() if isinstance(f, Strength)}
        return [name for name, field in strengths.items() if field.auto]

    def show_found(self, values: Mapping[str, Any]) -> None:
        """Show the numbers that fields on "auto" came to."""
        for name, field in self._fields.items():
            if isinstance(field, Strength) and name in values:
                field.show_found(values[name])


class Form(Fields):
    """A choice's parameters; ``value`` is the choice, ``changed`` tells of any edit.

    Parameters
    ----------
    choice : type of Choice
        What is rendered.
    omit : collection of str
        Fields that are left out and keep their default or what was last set.
    """

    def __init__(self, choice: type[Choice], omit: Collection[str] = ()) -> None:
        self._choice = choice
        self._omitted: dict[str, Any] = {}
        self._omit = omit
        own = set(choice.__annotations__)  # what it shares with its family comes last
        names = sorted(choice.parameters(), key=lambda name: name not in own)
        super().__init__(choice, (n for n in names if n not in omit), choice.key())

    @property
    def value(self) -> Choice:
        """The choice that the fields say.

        Raises
        ------
        ValueError
            With a sentence, if a field holds what it can't.
        """
        return self._choice(**self._omitted, **self.parameters)

    @value.setter
    def value(self, choice: Choice) -> None:
        values = {name: getattr(choice, name) for name in self._choice.parameters()}
        self._omitted = {name: values[name] for name in self._omit if name in values}
        self.parameters = values


class Forms(Container):  # type: ignore[type-arg]
    """The forms of a family, of which the one named by ``key`` is shown.

    Each is made when it is first asked for: a choice may hold another of its own family.
    """

    def __init__(self, family: str, key: str | None = None, omit: Collection[str] = ()) -> None:
        self._classes, self._omit = choices(family), omit
        self._forms: dict[str, Form] = {}
        self._key = next(iter(self._classes)) if key is None else key
        super().__init__(widgets=[], labels=False, name=f"{family}.forms")
        self.margins = (0, 0, 0, 0)
        _spacing(self, 0)
        self.key = self._key

    @property
    def key(self) -> str:
        """Name of the choice whose form is shown; setting an unknown one shows none."""
        return self._key

    @key.setter
    def key(self, key: str) -> None:
        self._key = key
        shown = self._form(key) if key in self._classes else None
        for form in self._forms.values():
            form.visible = form is shown and len(form) > 0
        empty = shown is None or len(shown) == 0
        if empty or self.native.parent() is not None:  # or else it would be a window for a moment
            self.visible = not empty

    @property
    def value(self) -> Choice:
        """The choice that is shown; setting it shows its form."""
        return self._form(self._key).value

    @value.setter
    def value(self, choice: Choice) -> None:
        self._form(choice.key()).value = choice
        self.key = choice.key()

    def _form(self, name: str) -> Form:
        if name not in self._forms:
            self._forms[name] = form = Form(self._classes[name], self._omit)
            form.visible = False
            self.append(form)
        return self._forms[name]

    @property
    def on_auto(self) -> list[str]:
        """Names of the shown form's fields that are left to the method."""
        return self._form(self._key).on_auto

    def show_found(self, values: Mapping[str, Any]) -> None:
        """Show the numbers that fields on "auto" came to."""
        self._form(self._key).show_found(values)


class FamilyForm(Container):  # type: ignore[type-arg]
    """Any choice of a family: a list of labels, and the chosen one's form below.

    Parameters
    ----------
    family : str
        Name of the family.
    label : str
        What stands before the list.
    value : Choice, optional
        What is chosen at first; the family's first if left out.
    """

    def __init__(self, family: str, label: str, value: Choice | None = None) -> None:
        self._classes = choices(family)
        first = next(iter(self._classes)) if value is None else value.key()
        self._wish = first
        self._menu = ComboBox(
            choices=_labelled(self._classes, self._classes), value=first, label=label
        )
        shrinking(self._menu.native)
        self._forms = Forms(family, first)
        row = _row(self._menu, FieldInfo(description=f"Choose a {family}."), family)
        super().__init__(widgets=[row, self._forms], labels=False, name=family)
        self.margins = (0, 0, 0, 0)
        _spacing(self, 5)
        self._menu.changed.connect(self._show)
        if value is not None:
            self.value = value

    @property
    def key(self) -> str:
        """Name of what is chosen."""
        return str(self._menu.value)

    @property
    def value(self) -> Choice:
        """The choice; reading it raises ValueError if a field holds what it can't."""
        return self._forms.value

    @value.setter
    def value(self, choice: Choice) -> None:
        with self.changed.blocked():
            self._forms.value = choice
            self._menu.value = choice.key()
        self._wish = choice.key()
        self.changed.emit(self)

    def offer(self, names: Collection[str]) -> None:
        """Offer only some of the choices; what was wished for comes back with its name."""
        wish = self._wish
        with self._menu.changed.blocked():
            self._menu.choices = _labelled(self._classes, names)
            self._menu.value = wish if wish in names else next(iter(names))
        self._forms.key = self.key

    @property
    def on_auto(self) -> list[str]:
        """Names of the fields that are left to the method."""
        return self._forms.on_auto

    def show_found(self, values: Mapping[str, Any]) -> None:
        """Show the numbers that fields on "auto" came to."""
        self._forms.show_found(values)

    def _show(self, key: str) -> None:
        self._wish = key
        self._forms.key = key
        self.changed.emit(self)


def _labelled(classes: Mapping[str, type[Choice]], names: Collection[str]) -> list[tuple[str, str]]:
    return [(cls.label or name, name) for name, cls in classes.items() if name in names]


def _field(declared: type[Declared], name: str, info: FieldInfo) -> Any:
    """Return the widget that a declared field is edited with."""
    annotation, default = _bare(info.annotation), info.default
    options: dict[str, Any] = {
        "name": name,
        "label": info.title or name.replace("_", " ").capitalize(),
        "tooltip": info.description or "",
    }
    check = partial(_checked, declared, name)
    for extra in info.metadata:
        if isinstance(extra, OneOf):
            return FamilyForm(extra.family, options["label"], default)
    if _may_be_auto(annotation):
        return Strength(check, default, **options)
    if annotation is bool:
        return CheckBox(value=default, text=options["label"], **{**options, "label": ""})
    if annotation is int:
        return SpinBox(value=default, **options, **_limits(info))
    if annotation is float:
        return Number(check, default, **options)
    if get_origin(annotation) is Literal:
        combo = ComboBox(choices=get_args(annotation), value=default, **options)
        shrinking(combo.native)
        return combo
    if annotation in (str, str | None, tuple[float, ...] | None):
        line = LineEdit(value=default if isinstance(default, str) else "", **options)
        line.native.setMaxLength(LARGEST)  # an array as text is long
        return line
    raise TypeError(f"{declared.__name__}.{name} is of a type that no form renders.")


def _row(field: Any, info: FieldInfo, name: str) -> Any:
    """Return a field behind its label and before its unit."""
    if isinstance(field, FamilyForm):
        return field
    field.native.setObjectName(name)
    spoken = field.label or getattr(field, "text", "")
    for native in (field.native, *field.native.findChildren(QLineEdit)):  # that of a spin box too
        native.setAccessibleName(spoken)
    if isinstance(field, Strength):
        field.name_parts(name)
    text = "" if isinstance(field, CheckBox) else field.label  # a box says it itself
    caption = Label(value=text, tooltip=info.description or "")
    caption.min_width = caption.max_width = LABEL_WIDTH
    _to_the_right(caption)
    extra = info.json_schema_extra
    unit = str(extra.get("unit", "")) if isinstance(extra, dict) else ""
    row = Container(
        widgets=[caption, field, *([Label(value=unit)] if unit else [])],
        layout="horizontal",
        labels=False,
        name=f"{name}.row",
    )
    row.margins = (0, 0, 0, 0)
    return row


def _to_the_right(caption: Label) -> None:
    caption.native.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


def _spacing(container: Container[Any], pixels: int) -> None:
    container.native.layout().setSpacing(pixels)


def _checked(declared: type[Declared], name: str, text: str) -> float:
    """Return the number that a text stands for in a field, as the declaration sees it."""
    try:
        float(text)
    except ValueError:
        raise ValueError(
            f"{name.replace('_', ' ').capitalize()} should be a number, not {text!r}."
        ) from None
    return float(getattr(declared(**{name: text}), name))


def _bare(annotation: Any) -> Any:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation


def _may_be_auto(annotation: Any) -> bool:
    parts = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else ()
    return Literal["auto"] in parts and any(_bare(part) is float for part in parts)


def _limits(info: FieldInfo) -> dict[str, Any]:
    """Return the range of a whole number as its declaration states it."""
    limits = {"min": -LARGEST, "max": LARGEST}
    for bound in info.metadata:
        if (least := getattr(bound, "ge", None)) is not None:
            limits["min"] = int(least)
        if (above := getattr(bound, "gt", None)) is not None:
            limits["min"] = int(above) + 1
        if (most := getattr(bound, "le", None)) is not None:
            limits["max"] = int(most)
        if (below := getattr(bound, "lt", None)) is not None:
            limits["max"] = int(below) - 1
    return limits
