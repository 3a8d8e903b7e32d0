"""A small casting in three dimensions: density per voxel, going on past every face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv.phantom.solids import covered, span

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.floating[Any]]
    Voxel = tuple[float, float, float]

AIR, ALLOY, STEEL = 0.05, 0.6, 1.0
"""Densities relative to steel; air is kept above zero for the noise's sake."""


@dataclass(frozen=True, eq=False)
class Casting:
    """What a scanner without blur would give, and where to look at it.

    Parameters
    ----------
    density : array, shape (D, H, W)
        Density relative to steel, 0 to 1.
    lines : mapping of str to ((z0, y0, x0), (z1, y1, x1))
        Named lines across a feature, in voxels from the middle of the volume.
    nominal : mapping of str to tuple of float
        Pitches under the line of the same name, in voxels.
    """

    density: Array
    lines: dict[str, tuple[Voxel, Voxel]]
    nominal: dict[str, tuple[float, ...]]


def casting(shape: tuple[int, int, int], scale: float) -> Casting:
    """Return a tilted bush with a ball in it, two stacks of plates and a thin wire.

    Parameters
    ----------
    shape : tuple of int
        Voxels ``(D, H, W)``; the layout is centred, and air or the bush go on beyond it.
    scale : float
        Size of the layout, 1 for one that fills 24 x 48 x 48 voxels.
    """
    grid = np.ogrid[tuple(slice(0, n) for n in shape)]
    z, y, x = ((g - (n - 1) / 2) / scale for g, n in zip(grid, shape, strict=True))
    edge = 1.0 / scale
    density: Array = np.full(shape, AIR)
    density = _paint(density, _bush(z, y, x, edge), STEEL)
    density = _paint(density, _ball((z, y, x + 9.0), 4.5, edge), ALLOY)
    density = _paint(density, _ball((z - 1.0, y - 1.0, x + 8.0), 1.6, edge), AIR)
    standing = _plates(x, 5.5, edge) * span(y, 5.0, 19.0, edge) * span(z, -8.0, 8.0, edge)
    density = _paint(density, standing, STEEL)
    lying = _plates(z, -9.0, edge) * span(y, -19.0, -5.0, edge) * span(x, 8.0, 20.0, edge)
    density = _paint(density, lying, STEEL)
    wire = np.hypot(y - 0.25 * (x - 14.0), z - 0.4 * (x - 14.0)) - 0.6
    density = _paint(density, covered(wire, edge) * span(x, 7.0, 21.0, edge), ALLOY)
    lines = {
        "line pairs": ((0.0, 12.0, 4.0), (0.0, 12.0, 22.5)),
        "line pairs z": ((-10.5, -12.0, 14.0), (8.0, -12.0, 14.0)),
        "edge": ((0.0, 5.5, -9.0), (0.0, 15.0, -9.0)),
    }
    scaled = {
        name: (_scaled(first, scale), _scaled(last, scale)) for name, (first, last) in lines.items()
    }
    pitches = tuple(scale * p for p in (6.0, 4.0))
    return Casting(density, scaled, {"line pairs": pitches, "line pairs z": pitches})


def _paint(density: Array, share: Array, value: float) -> Array:
    """Return the density with a material put in place of what was there."""
    return density + (value - density) * share


def _bush(z: Array, y: Array, x: Array, edge: float) -> Array:
    """Return the share of each voxel in a tube along ``z`` that leans by six degrees."""
    radius = np.hypot(y, x + 9.0 - np.tan(np.deg2rad(6.0)) * z)
    return covered(radius - 12.0, edge) - covered(radius - 8.5, edge)


def _ball(position: tuple[Array, Array, Array], radius: float, edge: float) -> Array:
    """Return the share of each voxel in a ball about the origin."""
    z, y, x = position
    return covered(np.sqrt(z**2 + y**2 + x**2) - radius, edge)


def _plates(position: Array, start: float, edge: float) -> Array:
    """Return the share of each voxel in two plates of pitch 6 followed by two of pitch 4."""
    share: Array = span(position, start, start + 3.0, edge)
    for low, thickness in ((6.0, 3.0), (11.5, 2.0), (15.5, 2.0)):
        share = share + span(position, start + low, start + low + thickness, edge)
    return share


def _scaled(voxel: Voxel, scale: float) -> Voxel:
    """Return a point of the layout in voxels."""
    z, y, x = voxel
    return scale * z, scale * y, scale * x
