"""Random scenes of large plain fields and full contrast: what sparse priors render exactly.

Silhouettes, collimator edges, regular lattices, few small parts on an empty field, letters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_deconv.phantom.solids import Place, Rays, ball, block, covered, disk, plate, span

Array = NDArray[np.floating[Any]]
Rng = np.random.Generator


def stark(rng: Rng, side: int) -> Array:
    """Return a random scene of few grey levels between 0 and 1, shape (side, side)."""
    rays = Rays.grid((side, side), 1.0, (-side / 2, -side / 2))
    turn = 0.0 if rng.random() < 0.5 else rng.uniform(0, 90)
    turned = rays.at(_somewhere(rng, 40, lambda: turn))
    share = KINDS[int(rng.integers(len(KINDS)))](rng, turned)
    if rng.random() < 0.25:
        share = share * KINDS[int(rng.integers(len(KINDS)))](rng, rays)
    dark = rng.choice([0.0, 0.02, rng.uniform(0.02, 0.6)])
    light = rng.choice([1.0, rng.uniform(0.7, 1.0)])
    ground, figure = (dark, light) if rng.random() < 0.5 else (light, dark)
    scene = ground + (figure - ground) * np.clip(share, 0, 1)
    if rng.random() < 0.35:
        scene = _collimated(rng, rays, scene)
    result: Array = np.clip(scene, 0.0, 1.0)
    return result


def _collimated(rng: Rng, rays: Rays, scene: Array) -> Array:
    """Return a scene seen through a sharp opening, all but dark beyond it."""
    width, height = rng.uniform(80, 330, 2)
    opening = rays.at(_somewhere(rng, 90, lambda: rng.choice([0.0, rng.uniform(0, 90)])))
    share = disk(opening, width / 2) if rng.random() < 0.2 else block(opening, width, height)
    result: Array = scene * (rng.choice([0.0, 0.01, 0.05]) + (1 - 0.05) * share)
    return result


def _somewhere(rng: Rng, reach: float, turn: Callable[[], float]) -> Place:
    """Return a random place within `reach` of the middle."""
    x, y = rng.uniform(-reach, reach, 2)
    return Place(float(x), float(y), float(turn()))


def _empty(rays: Rays) -> Array:
    return np.zeros(np.broadcast_shapes(rays.x.shape, rays.y.shape))


def _silhouette(rng: Rng, rays: Rays) -> Array:
    """Return what lies above a level of a smooth random field: outlines of any curvature."""
    shape = _empty(rays).shape
    fine = rng.uniform(3, 30)
    field = gaussian_filter(rng.normal(size=shape), fine, mode="wrap")
    field = field / field.std() + gaussian_filter(rng.normal(size=shape), 40) * 60
    level = rng.uniform(-0.6, 1.4)
    slope = np.hypot(*np.gradient(field)) + 1e-6
    return covered((level - field) / slope, 1.0)


def _lattice(rng: Rng, rays: Rays) -> Array:
    """Return squares, disks or a grid in regular rows."""
    pitch = float(np.exp(rng.uniform(np.log(4), np.log(48))))
    ratio = rng.choice([1.0, rng.uniform(0.6, 1.6)])
    cell = Rays(
        (rays.x + 500 * pitch) % pitch - pitch / 2,
        (rays.y + 500 * pitch * ratio) % (pitch * ratio) - pitch * ratio / 2,
        rays.pixel,
    )
    size = pitch * rng.uniform(0.25, 0.75)
    kind = rng.integers(4)
    if kind == 0:
        return block(cell, size, size * ratio)
    if kind == 1:
        return disk(cell, size / 2 * min(1.0, ratio))
    if kind == 2:
        return span(cell.x, -size / 2, size / 2, rays.pixel) + 0 * rays.y
    board = np.sign(np.sin(np.pi * rays.x / pitch) * np.sin(np.pi * rays.y / pitch))
    near = np.minimum(
        np.abs((rays.x / pitch + 0.5) % 1 - 0.5), np.abs((rays.y / pitch + 0.5) % 1 - 0.5)
    )
    result: Array = 0.5 + 0.5 * board * np.clip(2 * near * pitch, 0, 1)
    return result


def _bounded(rng: Rng, rays: Rays) -> Array:
    """Return a lattice that fills only a part of an empty field."""
    window = rays.at(_somewhere(rng, 90, lambda: 0.0))
    return _lattice(rng, rays) * block(window, *rng.uniform(30, 200, 2))


def _few(rng: Rng, rays: Rays) -> Array:
    """Return a handful of small parts on an empty field."""
    total = _empty(rays)
    for _ in range(int(rng.integers(2, 45))):
        own = rays.at(_somewhere(rng, 150, lambda: rng.uniform(0, 180)))
        size, grey = float(np.exp(rng.uniform(0, np.log(25)))), rng.uniform(0.2, 1)
        kind = rng.integers(4)
        if kind == 0:
            share = ball(own, size) / (2 * size)
        elif kind == 1:
            share = disk(own, size)
        elif kind == 2:
            share = plate(own, 2 * size, size * rng.uniform(0.2, 2), 0.0)
        else:
            share = block(own, rng.uniform(0.5, 4), 3 * size)
        total = total + grey * share
    return total


def _half(rng: Rng, rays: Rays) -> Array:
    """Return a plain field behind one straight or round edge."""
    if rng.random() < 0.5:
        return covered(rays.x + 0 * rays.y, rays.pixel)
    return disk(rays, rng.uniform(30, 140))


def _ellipses(rng: Rng, rays: Rays) -> Array:
    """Return plain ellipses whose greys add up, one within a large one."""
    total = _empty(rays)
    for number in range(int(rng.integers(3, 12))):
        place = _somewhere(rng, 70, lambda: rng.uniform(0, 180))
        own = rays.at(place if number else Place(0.0, 0.0, place.degrees))
        size = rng.uniform(90, 140) if number == 0 else float(np.exp(rng.uniform(1, 4)))
        squeezed = Rays(own.x, own.y / rng.uniform(0.4, 1), own.pixel)
        total = total + rng.uniform(-0.3, 0.6) * disk(squeezed, size)
    result: Array = total - total.min()
    return result


def _strokes(rng: Rng, rays: Rays) -> Array:
    """Return straight lines at any angle, like letters and wires."""
    total = _empty(rays)
    for _ in range(int(rng.integers(3, 25))):
        own = rays.at(_somewhere(rng, 140, lambda: rng.choice([0.0, 90.0, rng.uniform(0, 180)])))
        total = np.maximum(total, block(own, rng.uniform(0.7, 8), rng.uniform(10, 90)))
    return total


KINDS: tuple[Callable[[Rng, Rays], Array], ...] = (
    _silhouette, _silhouette, _lattice, _bounded, _few, _few, _half, _ellipses, _strokes,
)  # fmt: skip
