"""Solids in the beam: their mass and centre hold, however they lie on the pixel grid."""

from __future__ import annotations

import math

import numpy as np
import pytest

from napari_deconv.phantom.solids import (
    Place,
    Rays,
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

PIXEL = 0.1
RAYS = Rays.grid((120, 140), PIXEL, (-7.0, -6.0))


def mass(thickness):
    """Sum over the picture, in mm^2 or mm^3."""
    return float(np.broadcast_to(thickness, (120, 140)).sum()) * PIXEL**2


def centroid(thickness):
    """Centre of mass in mm."""
    weight = np.broadcast_to(thickness, (120, 140))
    x, y = np.broadcast_to(RAYS.x, weight.shape), np.broadcast_to(RAYS.y, weight.shape)
    return float((x * weight).sum() / weight.sum()), float((y * weight).sum() / weight.sum())


SOLIDS = {
    "block": (lambda r: block(r, 3.0, 1.7), 3.0 * 1.7),
    "thin block": (lambda r: block(r, 0.03, 2.0), 0.03 * 2.0),
    "plate": (lambda r: plate(r, 4.0, 3.0, 0.8), 12.0 - (4 - math.pi) * 0.8**2),
    "disk": (lambda r: disk(r, 2.3), math.pi * 2.3**2),
    "ring": (lambda r: ring(r, 1.0, 2.3), math.pi * (2.3**2 - 1.0)),
    "cone": (lambda r: cone(r, 1.0, 3.0), math.pi * 2.0 * (9 + 3 + 1) / (3 * 2)),
    "hexagon": (lambda r: hexagon(r, 4.0), math.sqrt(0.75) * 16.0),
    "ball": (lambda r: ball(r, 2.0), 4 / 3 * math.pi * 8.0),
    "rod": (lambda r: rod(r, 1.0, 3.0), math.pi * 3.0),
    "hair": (lambda r: rod(r, 0.025, 3.0), math.pi * 0.025**2 * 3.0),
}


@pytest.mark.parametrize("name", SOLIDS)
@pytest.mark.parametrize("place", [(0.0, 0.0), (0.513, -0.287), (-1.04, 0.951)])
@pytest.mark.parametrize("degrees", [0.0, 3.0, 45.0, -90.0])
def test_mass_and_centre_hold_wherever_a_solid_lies(name, place, degrees):
    draw, expected = SOLIDS[name]
    thickness = draw(RAYS.at(Place(*place, degrees)))
    # The ends of a line that is less than a pixel wide are counted to a few hundredths of a pixel.
    thin = name in ("hair", "thin block")
    assert mass(thickness) == pytest.approx(expected, rel=0.015 if thin else 5e-3)
    # What is thinner than a pixel and lies along the grid can't show where in the pixel it lies.
    hidden = thin and degrees != 3.0
    assert centroid(thickness) == pytest.approx(place, abs=(0.5 if hidden else 0.05) * PIXEL)
    assert float(thickness.min()) >= -1e-12


def test_a_turned_solid_keeps_its_points():
    place = Place(1.2, -0.4, 30.0)
    spot = place.point(2.0, 0.5)
    own = RAYS.at(place)
    there = np.hypot(own.x - 2.0, own.y - 0.5)
    row, column = np.unravel_index(int(there.argmin()), there.shape)
    assert RAYS.x[0, column] == pytest.approx(spot[0], abs=PIXEL)
    assert RAYS.y[row, 0] == pytest.approx(spot[1], abs=PIXEL)


def test_positive_degrees_turn_clockwise_on_the_screen():
    # Rows run downwards: a quarter turn takes the own x axis to the way down.
    assert Place(0.0, 0.0, 90.0).point(1.0, 0.0) == pytest.approx((0.0, 1.0))


def test_a_chord_of_a_rod_is_its_diameter():
    thickness = rod(RAYS.at(Place(0.05, 0.0)), 1.0, 3.0)
    assert float(thickness.max()) == pytest.approx(2.0, rel=1e-3)


@pytest.mark.parametrize("width", [0.04, 0.1, 0.5])
def test_a_stroke_covers_its_area(width):
    share = stroke(RAYS, [(-3.0, -2.0), (0.0, 1.0), (3.0, 1.0)], width)
    area = (math.hypot(3.0, 3.0) + 3.0) * width + math.pi * width**2 / 4  # with round ends
    assert mass(share) == pytest.approx(area, rel=0.03)
    assert float(share.max()) <= 1.0
