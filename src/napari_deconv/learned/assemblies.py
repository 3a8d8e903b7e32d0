"""Random assemblies of industrial parts in a parallel beam, drawn with exact edges.

Thicknesses of simple solids add up, ``u = exp(-sum mu t)`` (Beer and Lambert).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_deconv.phantom.solids import (
    Place,
    Rays,
    ball,
    block,
    cone,
    covered,
    disk,
    hexagon,
    plate,
    ring,
    rod,
    span,
    stroke,
)

Array = NDArray[np.floating[Any]]
Rng = np.random.Generator
FEWEST, MOST = 4, 14
"""Solids of an assembly."""


def assembly(rng: Rng, side: int) -> Array:
    """Return the transmission of a random assembly, shape (side, side), above 0 to 1."""
    rays = Rays.grid((side, side), 1.0, (-side / 2, -side / 2))
    total: Array = np.zeros((side, side))
    for _ in range(int(rng.integers(FEWEST, MOST + 1))):
        solid = SOLIDS[int(rng.integers(len(SOLIDS)))]
        x, y = rng.uniform(-side / 2, side / 2, 2)
        place = Place(float(x), float(y), _turn(rng))
        total = total + rng.uniform(0.05, 1.0) * solid(rng, rays.at(place))
    flaw = FLAWS[int(rng.integers(len(FLAWS)))]
    total = np.maximum(total + flaw(rng, rays), 0.0)
    result: Array = np.exp(-total * rng.uniform(0.4, 1.6)) * _beam(rng, rays)
    return result


def _turn(rng: Rng) -> float:
    return 0.0 if rng.random() < 0.3 else float(rng.uniform(0, 180))


def _beam(rng: Rng, rays: Rays) -> Array:
    """Return a beam that falls off slowly from some point."""
    x, y = rays.x + rng.uniform(-99, 99), rays.y + rng.uniform(-99, 99)
    fall: Array = 1 - rng.uniform(0, 0.25) * (x**2 + y**2) / (x**2 + y**2).max()
    return fall


def _size(rng: Rng, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _plate(rng: Rng, rays: Rays) -> Array:
    width, height = _size(rng, 12, 240), _size(rng, 12, 240)
    return plate(rays, width, height, rng.uniform(0, 0.4) * min(width, height))


def _disk(rng: Rng, rays: Rays) -> Array:
    return disk(rays, _size(rng, 2, 90))


def _ring(rng: Rng, rays: Rays) -> Array:
    outer = _size(rng, 6, 100)
    return ring(rays, outer * rng.uniform(0.4, 0.95), outer)


def _ball(rng: Rng, rays: Rays) -> Array:
    radius = _size(rng, 2, 80)
    return ball(rays, radius) / radius


def _hexagon(rng: Rng, rays: Rays) -> Array:
    across = _size(rng, 8, 120)
    return hexagon(rays, across) - rng.integers(2) * disk(rays, across / rng.uniform(2.5, 5))


def _cone(rng: Rng, rays: Rays) -> Array:
    top = _size(rng, 2, 60)
    return cone(rays, top, top * rng.uniform(1.1, 2.5))


def _rod(rng: Rng, rays: Rays) -> Array:
    radius = _size(rng, 1.5, 40)
    return rod(rays, radius, _size(rng, 30, 300)) / radius


def _tube(rng: Rng, rays: Rays) -> Array:
    radius, length = _size(rng, 4, 50), _size(rng, 40, 300)
    bore = radius * rng.uniform(0.5, 0.95)
    return (rod(rays, radius, length) - rod(rays, bore, length)) / radius


def _thread(rng: Rng, rays: Rays) -> Array:
    """Return a rod whose outline is a screw's."""
    radius, pitch, length = _size(rng, 6, 40), rng.uniform(3, 12), _size(rng, 40, 200)
    depth = rng.uniform(0.3, 0.8) * pitch
    tooth = np.abs((rays.y / pitch + 0.25 * np.sign(rays.x)) % 1 - 0.5) * 2
    local = radius - depth * tooth
    chord = np.sqrt(np.maximum(local**2 - rays.x**2, 0)) / radius
    return 2 * chord * span(rays.y, -length / 2, length / 2, rays.pixel)


def _wires(rng: Rng, rays: Rays) -> Array:
    """Return wires side by side, some of them thinner than a pixel."""
    total: Array = np.zeros(np.broadcast_shapes(rays.x.shape, rays.y.shape))
    radius, spacing, length = rng.uniform(0.15, 2.5), _size(rng, 4, 20), _size(rng, 40, 200)
    for number in range(int(rng.integers(1, 8))):
        wire = rays.at(Place((number - 3) * spacing, 0.0))
        total = total + rod(wire, radius * 0.85**number, length) / 2
    return 3 * total


def _pairs(rng: Rng, rays: Rays) -> Array:
    """Return bars whose pitch falls from group to group."""
    height, pitch, left = _size(rng, 12, 60), rng.uniform(5, 14), -60.0
    total: Array = np.zeros(np.broadcast_shapes(rays.x.shape, rays.y.shape))
    for _ in range(int(rng.integers(2, 6))):
        for _ in range(int(rng.integers(3, 6))):
            total = total + span(rays.x, left, left + pitch / 2, rays.pixel)
            left += pitch
        left += pitch
        pitch *= rng.uniform(0.65, 0.85)
    return total * span(rays.y, -height / 2, height / 2, rays.pixel)


def _steps(rng: Rng, rays: Rays) -> Array:
    tread, height = rng.uniform(5, 30), _size(rng, 15, 80)
    number = int(rng.integers(3, 8))
    parts = [
        span(rays.x, k * tread, number * tread, rays.pixel) * rng.uniform(0.1, 0.5)
        for k in range(number)
    ]
    return sum(parts) * span(rays.y, -height / 2, height / 2, rays.pixel)


def _ramp(rng: Rng, rays: Rays) -> Array:
    width, height = _size(rng, 30, 200), _size(rng, 30, 200)
    result: Array = block(rays, width, height) * np.clip(rays.x / width + 0.5, 0, 1)
    return result


def _star(rng: Rng, rays: Rays) -> Array:
    """Return a Siemens star."""
    spokes, radius = int(rng.integers(8, 36)), _size(rng, 15, 70)
    distance, angle = np.hypot(rays.x, rays.y), np.arctan2(rays.y, rays.x)
    phase = (angle * spokes / (2 * np.pi)) % 1 - 0.5
    across = (0.25 - np.abs(phase)) * 2 * np.pi / spokes * distance
    return covered(-across, rays.pixel) * disk(rays, radius)


def _holes(rng: Rng, rays: Rays) -> Array:
    """Return a plate with a lattice of holes."""
    pitch, rows = rng.uniform(6, 30), int(rng.integers(2, 9))
    side = pitch * rows
    x = (rays.x + side / 2) % pitch - pitch / 2
    y = (rays.y + side / 2) % pitch - pitch / 2
    hole = disk(Rays(x, y, rays.pixel), pitch * rng.uniform(0.12, 0.42))
    return block(rays, side, side) * (1 - hole)


def _weld(rng: Rng, rays: Rays) -> Array:
    """Return a bead with ripples across a seam."""
    width = _size(rng, 8, 40)
    bead = np.maximum(1 - (rays.y / width) ** 2, 0)
    ripple = 1 + rng.uniform(0.02, 0.2) * np.sin(
        2 * np.pi * (rays.x + (rays.y / width) ** 2 * width / 2) / rng.uniform(4, 12)
    )
    result: Array = bead * ripple
    return result


SOLIDS: tuple[Callable[[Rng, Rays], Array], ...] = (
    _plate, _plate, _disk, _disk, _ring, _ball, _ball, _hexagon, _cone, _rod, _tube, _thread,
    _wires, _wires, _pairs, _pairs, _steps, _ramp, _star, _holes, _holes, _weld,
)  # fmt: skip


def _none(rng: Rng, rays: Rays) -> Array:
    return np.zeros(np.broadcast_shapes(rays.x.shape, rays.y.shape))


def _pores(rng: Rng, rays: Rays) -> Array:
    total = _none(rng, rays)
    middle, spread = rng.uniform(-100, 100, 2), rng.uniform(8, 120)
    for _ in range(int(rng.integers(5, 40))):
        radius = _size(rng, 0.6, 7)
        place = Place(*rng.normal(middle, spread))
        total = total - ball(rays.at(place), radius) / 2
    return total * rng.uniform(0.02, 0.2)


def _cracks(rng: Rng, rays: Rays) -> Array:
    """Return random walks that keep their direction for a while."""
    total = _none(rng, rays)
    for _ in range(int(rng.integers(1, 4))):
        angle = rng.uniform(0, 2 * np.pi) + rng.normal(0, 0.5, 12).cumsum()
        steps = rng.uniform(3, 9, 12)
        points = np.stack((steps * np.cos(angle), steps * np.sin(angle)), 1).cumsum(0)
        path = points + rng.uniform(-100, 100, 2)
        drawn = stroke(rays, [(float(x), float(y)) for x, y in path], rng.uniform(0.2, 2.5))
        total = total - drawn * rng.uniform(0.05, 0.5)
    return total


def _grain(rng: Rng, rays: Rays) -> Array:
    """Return the texture of a cast or sintered part."""
    from scipy.ndimage import gaussian_filter

    noise = rng.normal(size=_none(rng, rays).shape)
    smooth = gaussian_filter(noise, rng.uniform(0.6, 3), mode="wrap")
    result: Array = smooth / smooth.std() * rng.uniform(0.003, 0.06)
    return result


FLAWS: tuple[Callable[[Rng, Rays], Array], ...] = (_none, _none, _pores, _cracks, _grain)
"""What is wrong with an assembly: two in five have no flaw."""
