"""Two machined parts with their gauges, 51.2 mm across and going on past every border."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_deconv.phantom.gauges import (
    ATTENUATION,
    Part,
    duplex_wires,
    letters,
    line_pairs,
    single_wires,
    step_wedge,
)
from napari_deconv.phantom.solids import (
    Place,
    ball,
    block,
    cone,
    disk,
    hexagon,
    plate,
    ring,
    rod,
    stroke,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_deconv.phantom.solids import Array, Rays

FIELD = 51.2
"""Side of the square that a part is laid out in, mm."""


def bearing(rays: Rays) -> Part:
    """Return a ball bearing in a flanged steel housing, a tube, and every gauge beside them."""
    gauges = (
        line_pairs(rays, Place(1.6, 1.6))
        + duplex_wires(rays, Place(50.9, 18.4, 92.0))
        + step_wedge(rays, Place(40.6, 18.2), steps=[3.0 * k for k in range(1, 9)], tread=4.4)
        + letters(rays, Place(34.6, 12.6), "ND", 2.4)
    )
    return gauges + _tube(rays, Place(44.2, 6.8, -48.0)) + _housing(rays, Place(16.4, 35.2, 8.0))


def _tube(rays: Rays, place: Place) -> Part:
    """Return a steel tube lying across, with single wires over it."""
    own = rays.at(place)
    wall = rod(own, 4.0, 80.0) - rod(own, 2.9, 80.0)
    wires = single_wires(
        rays, Place(place.x, place.y, place.degrees + 90.0), length=10.4, spacing=1.8
    )
    return Part(ATTENUATION["steel"] * wall) + wires


def _housing(rays: Rays, place: Place) -> Part:
    """Return the housing: a tilted flange with bolts, a boss, and the bearing in its bore."""
    own = rays.at(place)
    steel = 5.0 * plate(own, 34.0, 34.0, 3.5)
    steel = steel + 9.0 * cone(own, 13.6, 14.4)
    steel = steel - 14.0 * disk(own, 11.2)
    for u, v, bolted in ((13, -13, True), (-13, -13, False), (13, 13, False), (-13, 13, True)):
        hole = rays.at(Place(*place.point(u, v), 20.0 * u))
        steel = steel - 5.0 * disk(hole, 1.7)
        if bolted:
            steel = steel + 6.0 * disk(hole, 1.5) + 3.0 * hexagon(hole, 5.2)
        else:
            steel = steel - 2.0 * ring(hole, 1.7, 2.7)
    # A lubrication channel drilled from the rim to the bore, seen from above.
    channel = rays.at(Place(*place.point(0.0, -14.1), place.degrees))
    steel = steel - rod(channel, 0.6, 5.8)
    steel = np.maximum(steel, 0.0) + _races(rays, place)
    edge = place.point(14.9, 1.2), place.point(19.1, 1.2)
    return Part(ATTENUATION["steel"] * steel, {"edge": edge}, {"edge": (place.degrees,)})


def _races(rays: Rays, place: Place) -> Array:
    """Return the steel of a ball bearing: two races, nine balls, a hollow shaft with a keyway."""
    own = rays.at(place)
    steel = 7.0 * ring(own, 9.4, 11.2) + 7.0 * ring(own, 4.4, 6.2)
    steel = steel - 1.6 * ring(own, 9.4, 9.9) - 1.6 * ring(own, 5.7, 6.2)
    for k in range(9):
        angle = np.deg2rad(40.0 * k + 13.0)
        u, v = 7.8 * float(np.cos(angle)), 7.8 * float(np.sin(angle))
        steel = steel + ball(rays.at(Place(*place.point(u, v))), 1.95)
    shaft = 12.0 * ring(own, 2.0, 4.4)
    key = block(rays.at(Place(*place.point(0.0, -3.9), place.degrees)), 1.6, 1.3)
    result: Array = steel + shaft * (1.0 - key)
    return result


def weld(rays: Rays) -> Part:
    """Return a butt weld of two steel plates with pores, slag, a crack, and its gauges."""
    wedge = Place(5.6, 34.0, -2.0)
    gauges = (
        duplex_wires(rays, Place(3.0, 3.2, 2.0))
        + line_pairs(rays, Place(17.6, 36.4, 1.0))
        + step_wedge(rays, wedge, steps=[1.5, 3.0, 4.5, 6.0, 7.5], tread=4.2)
        + single_wires(rays, Place(36.0, 24.6, -3.0), length=17.0, spacing=2.2)
        + letters(rays, Place(40.5, 3.4), "W17", 3.0)
    )
    edge = wedge.point(1.0, 6.3), wedge.point(5.0, 6.3)
    side = Part(0.0 * gauges.attenuation, {"edge": edge}, {"edge": (wedge.degrees,)})
    return gauges + side + _seam(rays, Place(25.6, 25.0, -3.0))


def _seam(rays: Rays, place: Place) -> Part:
    """Return two plates, 8 and 9 mm thick, joined by a bead with the flaws that welds have."""
    own = rays.at(place)
    pixel = rays.pixel
    side = np.clip(0.5 + own.y / pixel, 0.0, 1.0)
    steel = 8.0 + side * 1.0
    # The bead: a flat parabola, rippled by the arc's progress, wider or narrower along the way.
    width = 5.2 + 0.25 * np.sin(0.9 * own.x) + 0.15 * np.sin(2.3 * own.x + 1.0)
    profile = np.clip(1.0 - (own.y / width) ** 4, 0.0, None)
    ripple = np.cos(2.0 * np.pi * (own.x + 0.11 * own.y**2) / 1.9)
    steel = steel + profile * (2.4 + 0.4 * ripple)
    steel = steel + 1.1 * np.clip(1.0 - ((own.y - 0.2) / 1.9) ** 2, 0.0, None)
    flaws = _flaws(own)
    bead = place.point(-15.0, -9.0), place.point(-15.0, 9.0)
    return Part(ATTENUATION["steel"] * (steel - flaws), {"bead": bead})


def _flaws(own: Rays) -> Array:
    """Return the missing steel: a nest of pores, a slag line and a crack."""
    pores = (
        (-7.0, 0.9, 0.9), (-5.2, -0.8, 0.7), (-4.6, 1.6, 0.5), (-6.2, -2.2, 0.4), (-3.2, 0.3, 0.8),
        (-8.4, -0.8, 0.5), (-2.8, -2.0, 0.35), (-4.2, 3.0, 0.3), (-9.2, 1.6, 0.3), (21.0, 0.7, 1.0),
    )  # fmt: skip
    missing: Array = 0.0 * (own.x + own.y)
    for u, v, radius in pores:
        missing = missing + ball(own.at(Place(u, v)), radius)
    slag = [(-19.0, 1.5), (-17.4, 1.7), (-15.2, 1.45), (-13.6, 1.6)]
    crack = [(0.6, 2.7), (1.0, 1.9), (1.1, 1.1), (1.5, 0.5), (1.5, -0.3), (1.9, -1.1), (1.8, -2.6)]
    missing = missing + 1.6 * stroke(own, slag, 0.5) + 3.2 * stroke(own, crack, 0.13)
    return missing


PARTS: dict[str, Callable[[Rays], Part]] = {"bearing": bearing, "weld": weld}
