"""What a radiographer lays beside a part: line pairs, wires, steps and lead letters."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from napari_deconv.phantom.solids import Place, Rays, plate, rod, span, stroke

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_deconv.phantom.solids import Array, Point

    Line = tuple[Point, Point]

# Linear attenuation at 300 keV, 1/mm (NIST XCOM mass attenuation times density).
ATTENUATION: Mapping[str, float] = MappingProxyType(
    {"acrylic": 0.0137, "aluminium": 0.0281, "steel": 0.0865, "lead": 0.4575, "tungsten": 0.625}
)

# Pitches of the line-pair groups, mm: bar and gap together.
PITCHES = (1.6, 1.2, 0.9, 0.7, 0.6, 0.5, 0.4)

# Wire and gap of the pairs D1 to D13 of a duplex gauge, mm (ISO 19232-5).
DUPLEX = (0.80, 0.63, 0.50, 0.40, 0.32, 0.25, 0.20, 0.16, 0.13, 0.10, 0.08, 0.063, 0.05)

# Wires W6 to W12 of a single-wire gauge, mm (ISO 19232-1).
WIRES = (1.0, 0.8, 0.63, 0.5, 0.4, 0.32, 0.25)

# Capital letters and digits as strokes on a grid 2 wide and 4 high.
_LETTERS: Mapping[str, tuple[tuple[Point, ...], ...]] = MappingProxyType(
    {
        "D": (((0, 0), (1.2, 0), (2, 1), (2, 3), (1.2, 4), (0, 4), (0, 0)),),
        "N": (((0, 4), (0, 0), (2, 4), (2, 0)),),
        "W": (((0, 0), (0.5, 4), (1, 1.5), (1.5, 4), (2, 0)),),
        "1": (((0.3, 0.9), (1.2, 0), (1.2, 4)),),
        "2": (((0, 0.8), (0.5, 0), (1.5, 0), (2, 0.8), (2, 1.5), (0, 4), (2, 4)),),
        "7": (((0, 0), (2, 0), (0.7, 4)),),
    }
)


@dataclass(frozen=True, eq=False)
class Part:
    """What lies in the beam, and where to look at it.

    Parameters
    ----------
    attenuation : array, shape (H, W)
        Attenuation coefficient times length summed along each ray, without unit.
    lines : mapping of str to ((x0, y0), (x1, y1))
        Named lines across a feature, in mm.
    nominal : mapping of str to tuple of float
        What is known of the feature under the line of the same name, in the line's order.
    """

    attenuation: Array
    lines: Mapping[str, Line] = field(default_factory=dict)
    nominal: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def __add__(self, other: Part) -> Part:
        """Return both parts one behind the other."""
        return Part(
            self.attenuation + other.attenuation,
            {**self.lines, **other.lines},
            {**self.nominal, **other.nominal},
        )


def line_pairs(rays: Rays, place: Place) -> Part:
    """Return an aluminium plate with two rows of tungsten bars, 1 mm thick, of falling pitch.

    Groups of four bars each, `PITCHES` apart; bars of the upper row stand, of the lower row lie.
    The origin is the plate's top left corner; the plate is 31 mm wide and 13 mm high.
    """
    own = rays.at(place)
    centre = Place(*place.point(15.5, 6.5), place.degrees)
    attenuation = 2.0 * ATTENUATION["aluminium"] * plate(rays.at(centre), 31.0, 13.0, 0.6)
    lines: dict[str, Line] = {}
    left, top, bars, gap = 1.1, 1.0, 4, 1.05
    for pitch in PITCHES:
        width = (bars - 0.5) * pitch
        standing = span(own.y, top, top + 4.4, rays.pixel) * _bars(own.x, left, pitch, rays.pixel)
        lying = span(own.x, left, left + max(width, 2.2), rays.pixel)
        lying = lying * _bars(own.y, top + 5.6, pitch, rays.pixel)
        attenuation = attenuation + ATTENUATION["tungsten"] * (standing + lying)
        ends = left - 0.45, left + width + 0.45
        lines[f"line pairs {pitch:g} mm"] = _line(place, ends[0], ends[1], top + 2.2)
        left += max(width, 2.2) + gap
    lines["line pairs"] = _line(place, 0.6, left - gap + 0.5, top + 2.2)
    nominal = {f"line pairs {pitch:g} mm": (pitch,) for pitch in PITCHES}
    return Part(attenuation, lines, {"line pairs": PITCHES, **nominal})


def _bars(position: Array, start: float, pitch: float, pixel: float) -> Array:
    """Return the share of each pixel in four bars half a pitch wide."""
    shares = [span(position, start + k * pitch, start + (k + 0.5) * pitch, pixel) for k in range(4)]
    return sum(shares[1:], shares[0])


def duplex_wires(rays: Rays, place: Place) -> Part:
    """Return an acrylic plate with the 13 pairs of tungsten wires of ISO 19232-5.

    Wire, gap and wire of a pair are equally wide, `DUPLEX`. The origin is the plate's top left
    corner; pairs follow each other along ``x``, wires are 4.4 mm long.
    """
    gap, length, height = 1.45, 4.4, 5.6
    total = sum(3 * d + gap for d in DUPLEX) + gap
    centre = Place(*place.point(total / 2, height / 2), place.degrees)
    attenuation = 3.0 * ATTENUATION["acrylic"] * plate(rays.at(centre), total, height, 0.6)
    lines: dict[str, Line] = {}
    left = gap
    for number, width in enumerate(DUPLEX, start=1):
        for middle in (left + width / 2, left + 2.5 * width):
            wire = Place(*place.point(middle, height / 2), place.degrees)
            attenuation = attenuation + ATTENUATION["tungsten"] * rod(
                rays.at(wire), width / 2, length
            )
        ends = left - 0.9, left + 3 * width + 0.9
        lines[f"wire pair D{number}"] = _line(place, *ends, height / 2)
        left += 3 * width + gap
    nominal = {f"wire pair D{n}": (d,) for n, d in enumerate(DUPLEX, start=1)}
    # The finest pair that the sample's blur leaves clearly apart stands for all of them.
    lines["wire pair"], nominal["wire pair"] = lines["wire pair D4"], nominal["wire pair D4"]
    lines["duplex wires"] = _line(place, 0.5, total - 0.5, height / 2)
    return Part(attenuation, lines, {"duplex wires": DUPLEX, **nominal})


def single_wires(rays: Rays, place: Place, *, length: float, spacing: float) -> Part:
    """Return the seven steel wires `WIRES`, side by side along ``x`` about the origin."""
    attenuation: Array = 0.0 * (rays.x + rays.y)
    first = -spacing * (len(WIRES) - 1) / 2
    for number, diameter in enumerate(WIRES):
        wire = Place(*place.point(first + number * spacing, 0.0), place.degrees)
        attenuation = attenuation + ATTENUATION["steel"] * rod(rays.at(wire), diameter / 2, length)
    return Part(attenuation)


def step_wedge(rays: Rays, place: Place, *, steps: Sequence[float], tread: float) -> Part:
    """Return a steel wedge 6 mm wide whose steps follow each other along ``y``.

    The origin is the middle of the thin end. The line ``step`` crosses one step, the line
    ``wedge`` all but the last; nominal values are thicknesses in mm.
    """
    own = rays.at(place)
    thickness = sum(
        t * span(own.y, k * tread, (k + 1) * tread, rays.pixel) for k, t in enumerate(steps)
    )
    attenuation = ATTENUATION["steel"] * thickness * span(own.x, -3.0, 3.0, rays.pixel)
    middle = 2 * tread
    lines = {
        "step": (place.point(0.0, middle - 0.6 * tread), place.point(0.0, middle + 0.6 * tread)),
        "wedge": (place.point(0.0, 0.3), place.point(0.0, (len(steps) - 1) * tread - 0.3)),
    }
    return Part(attenuation, lines, {"step": tuple(steps[1:3]), "wedge": tuple(steps[:-1])})


def letters(rays: Rays, place: Place, text: str, height: float) -> Part:
    """Return lead letters 1 mm thick; the origin is the top left corner of the first."""
    attenuation: Array = 0.0 * (rays.x + rays.y)
    scale = height / 4
    for number, letter in enumerate(text):
        own = rays.at(Place(*place.point(number * 3.6 * scale, 0.0), place.degrees))
        for points in _LETTERS.get(letter, ()):
            path = [(scale * x, scale * y) for x, y in points]
            attenuation = attenuation + ATTENUATION["lead"] * stroke(own, path, height / 7)
    return Part(attenuation)


def _line(place: Place, start: float, end: float, v: float) -> Line:
    """Return a line along the own ``x`` of a gauge."""
    return place.point(start, v), place.point(end, v)
