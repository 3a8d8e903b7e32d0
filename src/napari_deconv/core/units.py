"""Pixel sizes with their unit: read from what people and files write, and converted."""

from __future__ import annotations

import math
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

UNITS: Mapping[str, int] = MappingProxyType(
    {
        "nm": 1,
        "um": 1_000,
        "mm": 1_000_000,
        "cm": 10_000_000,
        "m": 1_000_000_000,
        "in": 25_400_000,
    }
)
"""Lengths that a pixel size can be given in, in nanometres."""

# The micro sign, the Greek letter and ImageJ's escape of it all stand for "u".
_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "micron": "um",
        "microns": "um",
        "inch": "in",
        "inches": "in",
        **{
            f"{prefix}{metre}{plural}": symbol
            for prefix, symbol in (
                ("nano", "nm"),
                ("micro", "um"),
                ("milli", "mm"),
                ("centi", "cm"),
                ("", "m"),
            )
            for metre in ("meter", "metre")
            for plural in ("", "s")
        },
    }
)

SQUARE = 1e-3
"""Part by which the sides of a pixel may differ and still be one."""

_NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_TIMES = "[x\u00d7]"
_TEXT = re.compile(rf"({_NUMBER}(?:\s*{_TIMES}\s*{_NUMBER})*)\s*(.*)")


class PixelSize(NamedTuple):
    """Size of a pixel, in one length for square pixels or one per axis.

    Parameters
    ----------
    value : float or tuple of float
        Length of a side, or lengths in array order (rows before columns, slices first).
    unit : str
        One of `UNITS`.
    """

    value: float | tuple[float, ...]
    unit: str

    @classmethod
    def parse(cls, text: str) -> PixelSize:
        """Return the size that a text states, see `parse_pixel_size`."""
        return parse_pixel_size(text)

    def __str__(self) -> str:
        """Return the text that `parse` reads, such as ``0.1 mm``."""
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        return f"{' x '.join(f'{value!r}' for value in values)} {self.unit}"

    def to(self, unit: str) -> PixelSize:
        """Return the same size in another unit.

        Raises
        ------
        ValueError
            If either unit is not a known length.
        """
        target = canonical_unit(unit)
        if isinstance(self.value, tuple):
            return PixelSize(tuple(convert(v, self.unit, target) for v in self.value), target)
        return PixelSize(convert(self.value, self.unit, target), target)

    def square_side(self, unit: str) -> float | None:
        """Return the side of square pixels in a unit; None if the last two sides differ.

        Raises
        ------
        ValueError
            If the unit is not a known length.
        """
        first, second = self.along(2, unit)
        return first if abs(first - second) <= SQUARE * first else None

    def along(self, dimensions: int, unit: str) -> tuple[float, ...]:
        """Return the sides along the last axes of a picture, in a unit.

        Raises
        ------
        ValueError
            If sizes are given for fewer axes, or the unit is not a known length.
        """
        value = self.to(unit).value
        if not isinstance(value, tuple):
            return (value,) * dimensions
        if len(value) < dimensions:
            raise ValueError(
                f"The pixel size {self} has {len(value)} lengths, but {dimensions} are needed: "
                "give one for every axis, slices first."
            )
        return value[len(value) - dimensions :]


def canonical_unit(unit: str) -> str:
    """Return the name in `UNITS` of a length unit as people and files spell it.

    Raises
    ------
    ValueError
        If it is not a known length.
    """
    text = unit.strip().replace("\\u00B5", "u").replace("\\u00b5", "u")
    text = text.replace("µ", "u").replace("μ", "u")
    name = _ALIASES.get(text.lower(), text if text in UNITS else text.lower())
    if name not in UNITS:
        raise ValueError(f"Unknown unit {unit!r}: give a length in {', '.join(UNITS)}.")
    return name


def convert(value: float, unit: str, target: str) -> float:
    """Return a length in another unit.

    Raises
    ------
    ValueError
        If either unit is not a known length.
    """
    source, target = canonical_unit(unit), canonical_unit(target)
    if source == target:
        return value
    return value * UNITS[source] / UNITS[target]


def parse_pixel_size(text: str) -> PixelSize:
    """Return the pixel size that a text such as ``"0.1 mm"`` or ``"0.5 x 0.1 x 0.1 mm"`` states.

    Parameters
    ----------
    text : str
        One length, or one per axis in array order with an ``x`` between, and a unit of `UNITS`.

    Returns
    -------
    PixelSize
        Value and unit; it unpacks as ``value, unit``.

    Raises
    ------
    ValueError
        If number or unit is missing, unknown, or not above zero.
    """
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f'The pixel size {text!r} has no number: write for example "0.1 mm".')
    numbers, unit = match[1], match[2].strip()
    if not unit:
        raise ValueError(f'The pixel size {text!r} has no unit: write for example "0.1 mm".')
    if unit.startswith(","):
        raise ValueError(f'The pixel size {text!r} has a comma: write for example "0.1 mm".')
    if unit.lower() in ("px", "pixel", "pixels"):
        raise ValueError(
            f"The pixel size {text!r} is no length: give it in {', '.join(UNITS)}, or leave it out."
        )
    name = canonical_unit(unit)
    values = tuple(float(number) for number in re.split(_TIMES, numbers))
    if not all(math.isfinite(value) and value > 0 for value in values):
        raise ValueError(f"The pixel size {text!r} must be above zero and finite.")
    return PixelSize(values[0] if len(values) == 1 else values, name)
