"""Simple solids in a parallel beam: how much of each one a pixel's ray crosses, in millimetres.

Edges are anti-aliased by the covered share of a pixel, so that solids thinner than a pixel keep
their mass and positions are exact to a small fraction of a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]
    Point = tuple[float, float]


@dataclass(frozen=True)
class Place:
    """Where a solid lies and how it is turned.

    Parameters
    ----------
    x, y : float
        Position of the solid's own origin, in mm to the right and downwards.
    degrees : float
        Rotation, clockwise on the screen.
    """

    x: float
    y: float
    degrees: float = 0.0

    def point(self, u: float, v: float) -> Point:
        """Return where the solid's own point ``(u, v)`` lies, in mm."""
        angle = np.deg2rad(self.degrees)
        cos, sin = float(np.cos(angle)), float(np.sin(angle))
        return self.x + cos * u - sin * v, self.y + sin * u + cos * v


@dataclass(frozen=True, eq=False)
class Rays:
    """One ray per pixel, by the coordinates of its pixel's centre.

    Parameters
    ----------
    x, y : array
        Coordinates in mm that broadcast to the picture's shape ``(H, W)``; ``(1, W)`` and
        ``(H, 1)`` as long as nothing is turned.
    pixel : float
        Width in mm that a pixel covers across an edge along ``x`` or ``y``: its side, or less
        where the coordinates are turned (see `at`).
    """

    x: Array
    y: Array
    pixel: float

    @classmethod
    def grid(cls, shape: tuple[int, int], pixel: float, corner: Point = (0.0, 0.0)) -> Rays:
        """Return the rays of a ``(H, W)`` picture whose top left corner lies at ``corner``."""
        height, width = shape
        x = corner[0] + pixel * (np.arange(width) + 0.5)
        y = corner[1] + pixel * (np.arange(height) + 0.5)
        return cls(x[None, :], y[:, None], pixel)

    def at(self, place: Place) -> Rays:
        """Return the same rays in the own coordinates of a solid at ``place``."""
        x, y = self.x - place.x, self.y - place.y
        if not place.degrees:
            return Rays(x, y, self.pixel)
        angle = np.deg2rad(place.degrees)
        cos, sin = float(np.cos(angle)), float(np.sin(angle))
        return Rays(cos * x + sin * y, cos * y - sin * x, self.pixel * _across(cos, sin))


def _across(cos: float, sin: float) -> float:
    """Return the distance of two neighbouring pixels of a row, or of a column, across an edge.

    With this width each row (or column) of pixels shares a line out without gap or overlap, so
    that a turned line thinner than a pixel keeps its mass.
    """
    return max(abs(cos), abs(sin))


def covered(distance: Array, pixel: float) -> Array:
    """Return the share of each pixel inside an outline, ``clip(0.5 - d / pixel, 0, 1)``.

    Parameters
    ----------
    distance : array
        Signed distance ``d`` of the pixel's centre to the outline in mm, negative inside.
    pixel : float
        Side of a pixel in mm.
    """
    share: Array = np.clip(0.5 - distance / pixel, 0.0, 1.0)
    return share


def span(position: Array, low: float, high: float, pixel: float) -> Array:
    """Return the share of each pixel between two parallel edges, exact for any distance of them."""
    past_low: Array = np.clip((position - low) / pixel + 0.5, 0.0, 1.0)
    past_high: Array = np.clip((position - high) / pixel + 0.5, 0.0, 1.0)
    return past_low - past_high


def block(rays: Rays, width: float, height: float) -> Array:
    """Return the share of each pixel in a rectangle about the origin, exact when not turned."""
    across = span(rays.x, -width / 2, width / 2, rays.pixel)
    return across * span(rays.y, -height / 2, height / 2, rays.pixel)


def plate(rays: Rays, width: float, height: float, corner: float) -> Array:
    """Return the share of each pixel in a rectangle with round corners about the origin."""
    x = np.abs(rays.x) - width / 2 + corner
    y = np.abs(rays.y) - height / 2 + corner
    outside = np.hypot(np.maximum(x, 0.0), np.maximum(y, 0.0))
    return covered(outside + np.minimum(np.maximum(x, y), 0.0) - corner, rays.pixel)


def disk(rays: Rays, radius: float) -> Array:
    """Return the share of each pixel in a disk about the origin."""
    return covered(np.hypot(rays.x, rays.y) - radius, rays.pixel)


def ring(rays: Rays, inner: float, outer: float) -> Array:
    """Return the share of each pixel between two circles about the origin."""
    return disk(rays, outer) - disk(rays, inner)


def cone(rays: Rays, top: float, bottom: float) -> Array:
    """Return the height, 0 to 1, of a blunt cone from its foot circle to its top circle."""
    distance = np.hypot(rays.x, rays.y)
    return np.clip((bottom - distance) / (bottom - top), 0.0, 1.0)


def hexagon(rays: Rays, across_flats: float) -> Array:
    """Return the share of each pixel in a regular hexagon about the origin."""
    x, y = np.abs(rays.x), np.abs(rays.y)
    return covered(np.maximum(x, x / 2 + y * np.sqrt(0.75)) - across_flats / 2, rays.pixel)


def stroke(rays: Rays, points: Sequence[Point], width: float) -> Array:
    """Return the share of each pixel under a line of a given width through ``points``."""
    share: Array = np.zeros(np.broadcast_shapes(rays.x.shape, rays.y.shape))
    for (x0, y0), (x1, y1) in pairwise(points):
        length = float(np.hypot(x1 - x0, y1 - y0))
        cos, sin = (x1 - x0) / length, (y1 - y0) / length
        along = np.clip((rays.x - x0) * cos + (rays.y - y0) * sin, 0.0, length)
        distance = np.hypot(rays.x - x0 - along * cos, rays.y - y0 - along * sin)
        pixel = rays.pixel * _across(cos, sin)
        share = np.maximum(share, span(distance, -width / 2, width / 2, pixel))
    return share


def ball(rays: Rays, radius: float) -> Array:
    """Return the length of the ray inside a ball about the origin, in mm."""
    square: Array = radius**2 - rays.x**2 - rays.y**2
    return 2.0 * np.sqrt(np.maximum(square, 0.0))


def rod(rays: Rays, radius: float, length: float) -> Array:
    r"""Return the length of the ray inside a round rod lying along ``y``, in mm.

    The chord is averaged over the pixel, so that a wire thinner than a pixel keeps its mass:

    .. math:: \frac{1}{p} \int_{x - p/2}^{x + p/2} 2 \sqrt{r^2 - s^2} \, ds .
    """
    across = _half_disk(rays.x + rays.pixel / 2, radius) - _half_disk(
        rays.x - rays.pixel / 2, radius
    )
    return across / rays.pixel * span(rays.y, -length / 2, length / 2, rays.pixel)


def _half_disk(position: Array, radius: float) -> Array:
    """Return the area of a disk to the left of a position, up to a constant."""
    x = np.clip(position, -radius, radius)
    area: Array = x * np.sqrt(np.maximum(radius**2 - x**2, 0.0)) + radius**2 * np.arcsin(x / radius)
    return area
