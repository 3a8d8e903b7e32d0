"""What the cursors read, in words: place, values, distance and difference."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

from napari_deconv.widgets.profile_cursor import value_at

if TYPE_CHECKING:
    from napari_deconv.widgets.profile_curves import LineTraces, Trace
    from napari_deconv.widgets.profile_planes import Plane

    Color = Callable[[Plane], str]

INVITATION = "Point at a curve to read it; the two markers measure between two places."


def cursor_text(line: LineTraces, x: float, unit: str, color: Color) -> str:
    """Return place and values under the mouse, as rich text.

    Parameters
    ----------
    line : LineTraces
        The line whose plot the mouse is in.
    x : float
        Distance from the line's start, in the unit shown.
    unit : str
        The unit shown.
    color : callable
        Returns the colour of a plane.
    """
    y_world, x_world = line.place(x)
    where = f"{_number(x)} {unit} (y {_number(y_world)}, x {_number(x_world)})"
    values = [
        f"{_name(trace, color)}&nbsp;{_value(_read(line, trace, x))}" for trace in line.traces
    ]
    return _sentence(line, where, values)


def marker_text(line: LineTraces, places: tuple[float, float], unit: str, color: Color) -> str:
    """Return what lies between the markers of a line, as rich text.

    Parameters
    ----------
    line : LineTraces
        The line.
    places : tuple of float
        Distances of A and B from its start, in the unit shown.
    unit : str
        The unit shown.
    color : callable
        Returns the colour of a plane.
    """
    a, b = places
    where = f"A {_number(a)}, B {_number(b)}: distance {_number(abs(b - a))} {unit}"
    values = []
    for trace in line.traces:
        one, other = _read(line, trace, a), _read(line, trace, b)
        step = f"{_value(one)}&nbsp;→&nbsp;{_value(other)}&nbsp;(Δ&nbsp;{_value(other - one)})"
        values.append(f"{_name(trace, color)}&nbsp;{step}")
    return _sentence(line, where, values)


def _sentence(line: LineTraces, where: str, values: list[str]) -> str:
    number = f'<span style="color:{line.line.color}">■</span> <b>{line.line.number}</b>'
    return f"{number} · {where} · " + " &nbsp; ".join(values)


def _read(line: LineTraces, trace: Trace, x: float) -> float:
    return value_at(trace.profile.distance * line.factor, trace.profile.values, x)


def _name(trace: Trace, color: Color) -> str:
    name = escape(trace.plane.name).replace(" ", "&nbsp;")
    return f'<span style="color:{color(trace.plane)}">{name}</span>'


def _number(value: float) -> str:
    return f"{value:.4g}"


def _value(value: float) -> str:
    return "–" if value != value else f"{value:.4g}"  # noqa: RUF001 (as in the table)
