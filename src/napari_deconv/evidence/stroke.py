"""Where a line or a path of some width runs: even distances along it, places across it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

SAMPLES_PER_PIXEL = 2
"""Samples along a line for each pixel that it crosses, where no step is given."""


@dataclass(frozen=True, eq=False)
class Stroke:
    """The places at which a line or path is sampled.

    Attributes
    ----------
    distance : ndarray of float64, (n,)
        From the start along the path, in world units.
    places : ndarray of float64, (rows, n, 2)
        Places (y, x) in the world: beside each other across the path, a pixel or less apart.
    pixel : float
        Length along the path that one pixel takes, in world units; its mean over the segments.
    """

    distance: NDArray[np.float64]
    places: NDArray[np.float64]
    pixel: float


def segments(path: ArrayLike) -> NDArray[np.float64]:
    """Return the corners of a path, those left out that repeat the one before.

    Parameters
    ----------
    path : array_like, (k, 2)
        Corners as (y, x).

    Returns
    -------
    ndarray of float64, (m, 2)

    Raises
    ------
    ValueError
        If the path has no length.
    """
    corners = np.asarray(path, np.float64)
    if corners.ndim != 2 or corners.shape[1] != 2 or not np.isfinite(corners).all():
        raise ValueError("A line needs two or more points (y, x) of finite numbers.")
    apart = np.concatenate([[True], np.any(np.diff(corners, axis=0) != 0, axis=1)])
    corners = np.asarray(corners[apart])
    if len(corners) < 2:
        raise ValueError("The line has no length; drag its ends apart.")
    return corners


def path_length(path: ArrayLike) -> float:
    """Return the length of a path; 0 for one that stays where it is."""
    steps = np.diff(np.asarray(path, np.float64), axis=0)
    return float(np.hypot(*steps.T).sum())


def stroke(
    path: ArrayLike,
    world_to_data: NDArray[np.float64],
    width: float | None = None,
    step: float | None = None,
) -> Stroke:
    """Return the places at which a path is sampled.

    Parameters
    ----------
    path : array_like, (k, 2)
        Corners as (y, x) in the world: two for a line.
    world_to_data : ndarray, (3, 3)
        Affine map from (y, x, 1) in the world to (row, column, 1).
    width : float, optional
        Width to average over, in world units; one pixel if left out.
    step : float, optional
        Distance of the samples, in world units; half a pixel if left out.

    Returns
    -------
    Stroke
        The samples; across a corner each belongs to the segment that it lies on.

    Raises
    ------
    ValueError
        If the path has no length.
    """
    corners = segments(path)
    legs = np.diff(corners, axis=0)
    lengths = np.hypot(*legs.T)
    along = legs / lengths[:, None]
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    pixel = float(np.average([pixel_along(world_to_data, a) for a in along], weights=lengths))
    pitch = float(np.average([pixel_along(world_to_data, a) for a in across], weights=lengths))
    spacing = pixel / SAMPLES_PER_PIXEL if step is None else float(step)
    wide = pitch if width is None else float(width)
    ends = np.cumsum(lengths)
    count = int(ends[-1] / spacing * (1 + 1e-9)) + 1
    distance: NDArray[np.float64] = np.arange(count, dtype=np.float64) * spacing
    leg = np.minimum(np.searchsorted(ends, distance, side="right"), len(legs) - 1)
    within = distance - (ends - lengths)[leg]
    centre = corners[leg] + within[:, None] * along[leg]
    rows = max(1, round(wide / pitch))
    offset = (np.arange(rows) - (rows - 1) / 2) * (wide / rows)
    return Stroke(distance, centre + offset[:, None, None] * across[leg], pixel)


def pixel_along(world_to_data: NDArray[np.float64], direction: ArrayLike) -> float:
    """Return how far one pixel reaches in a direction of the world.

    Parameters
    ----------
    world_to_data : ndarray, (3, 3)
        Affine map from (y, x, 1) to (row, column, 1).
    direction : array_like, (2,)
        A direction in the world as (y, x), of length one.

    Returns
    -------
    float
        World units for one step of length one in data coordinates.
    """
    return 1.0 / float(np.linalg.norm(world_to_data[:2, :2] @ np.asarray(direction, np.float64)))
