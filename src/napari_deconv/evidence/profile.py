"""Sample a picture along a line that is given in world coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

SAMPLES_PER_PIXEL = 2
"""Samples along a line for each pixel that it crosses, where no step is given."""

CANDIDATES = 10
"""How many edges, dips and peaks of a profile are measured, the steepest or highest first."""

LONGEST_LAG = 12
"""Pixels up to which the noise estimate looks for the period of a pattern."""


@dataclass(frozen=True)
class Profile:
    """Grey values along a line, at even distances from its start.

    Attributes
    ----------
    distance : ndarray of float64, (n,)
        From the start of the line, in world units.
    values : ndarray of float64, (n,)
        Grey values, averaged over the line's width; NaN outside the picture.
    pixel : float
        Length along the line that one pixel of the picture takes, in world units.
    """

    distance: NDArray[np.float64]
    values: NDArray[np.float64]
    pixel: float

    @property
    def step(self) -> float:
        """Distance between two samples in world units."""
        return float(self.distance[1] - self.distance[0]) if self.distance.size > 1 else self.pixel

    @property
    def crosses(self) -> bool:
        """Whether the line runs over the picture: two finite samples or more."""
        return int(np.isfinite(self.values).sum()) > 1


def line_profile(
    image: ArrayLike,
    line: ArrayLike,
    world_to_data: ArrayLike | None = None,
    width: float | None = None,
    step: float | None = None,
) -> Profile:
    """Return the grey values of a picture along a line.

    Values between pixels come from bicubic convolution (Keys, a = -1/2), limited to the range of
    the four pixels around, so that a step shows no overshoot that the picture does not hold.
    Where a pixel nearby is not finite they are bilinear, and NaN if one of the four is not.

    Parameters
    ----------
    image : array_like, (H, W)
        The picture; its pixel centres are the whole numbers of data coordinates.
    line : array_like, (2, 2)
        Start and end as (y, x) in world coordinates.
    world_to_data : array_like, (3, 3), optional
        Affine map from (y, x, 1) in the world to (row, column, 1); the identity if left out.
    width : float, optional
        Width to average over, in world units; one pixel if left out.
    step : float, optional
        Distance of the samples, in world units; half a pixel if left out.

    Returns
    -------
    Profile
        Distances and values.

    Raises
    ------
    ValueError
        If the picture is not 2-D or is complex, or the line has no length.

    References
    ----------
    Keys, IEEE Trans. Acoust. Speech Signal Process. 29 (1981) 1153, eq. 15.
    """
    picture = np.asarray(image)
    if picture.ndim != 2 or picture.dtype.kind == "c" or not picture.size:
        raise ValueError("A profile needs a real picture of two dimensions.")
    start, end = np.asarray(line, np.float64)
    length = float(np.hypot(*(end - start)))
    if not (np.isfinite(length) and length > 0):
        raise ValueError("The line has no length; drag its ends apart.")
    affine = np.eye(3) if world_to_data is None else np.asarray(world_to_data, np.float64)
    along = (end - start) / length
    across = np.array([-along[1], along[0]])
    pixel = pixel_along(affine, along)
    pitch = pixel_along(affine, across)
    spacing = pixel / SAMPLES_PER_PIXEL if step is None else float(step)
    wide = pitch if width is None else float(width)
    count = int(length / spacing * (1 + 1e-9)) + 1
    distance: NDArray[np.float64] = np.arange(count, dtype=np.float64) * spacing
    rows = max(1, round(wide / pitch))
    offset = (np.arange(rows) - (rows - 1) / 2) * (wide / rows)
    world = (
        start
        + distance[None, :, None] * along[None, None, :]
        + offset[:, None, None] * across[None, None, :]
    )
    data = world @ affine[:2, :2].T + affine[:2, 2]
    values = _mean_of_finite(sample(picture, data[..., 0], data[..., 1]))
    return Profile(distance, values, pixel)


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


def sample(
    image: NDArray[Any], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the values of a picture between its pixels, limited to those of the pixels around.

    Parameters
    ----------
    image : ndarray, (H, W)
        The picture.
    rows, columns : ndarray
        Positions in data coordinates, of one shape.

    Returns
    -------
    ndarray of float64
        Values of that shape; NaN more than half a pixel outside the picture.
    """
    height, width = image.shape
    inside = (rows >= -0.5) & (rows <= height - 0.5) & (columns >= -0.5) & (columns <= width - 0.5)
    r, wr, br = _taps(np.where(inside, rows, 0.0), height)
    c, wc, bc = _taps(np.where(inside, columns, 0.0), width)
    patch = np.asarray(image[r[:, None], c[None, :]], np.float64)
    patch[~np.isfinite(patch)] = np.nan
    cell = patch[1:3, 1:3]
    cubic = np.einsum("i...,j...,ij...->...", wr, wc, patch)
    linear = np.einsum("i...,j...,ij...->...", br, bc, cell)
    value = np.clip(cubic, cell.min(axis=(0, 1)), cell.max(axis=(0, 1)))
    value = np.where(np.isfinite(value), value, linear)
    return np.where(inside, value, np.nan)


def finite_run(profile: Profile) -> Profile | None:
    """Return the longest stretch of a profile without gaps.

    Parameters
    ----------
    profile : Profile
        A profile that may hold NaN.

    Returns
    -------
    Profile or None
        The stretch, its distances kept; None if it is shorter than eight samples.
    """
    finite = np.concatenate(([0], np.isfinite(profile.values).astype(np.int8), [0]))
    starts, stops = (np.flatnonzero(np.diff(finite) == sign) for sign in (1, -1))
    if not starts.size:
        return None
    longest = int(np.argmax(stops - starts))
    run = slice(int(starts[longest]), int(stops[longest]))
    if run.stop - run.start < 8:
        return None
    return Profile(profile.distance[run], profile.values[run], profile.pixel)


def noise_sigma(run: Profile) -> float:
    """Return the noise of a profile without gaps, told from its structure.

    ``median |y(x-l) - 2 y(x) + y(x+l)| / (0.6745 sqrt 6)`` at the lag l, one pixel or more, that
    makes it least: at the period of a pattern, the pattern is not taken for noise.

    Parameters
    ----------
    run : Profile
        A profile without NaN.

    Returns
    -------
    float
        Standard deviation of one sample; 0 for a profile too short to tell.
    """
    pixel = max(1, round(run.pixel / run.step))
    longest = min(LONGEST_LAG * pixel, (run.values.size - 1) // 3)
    y = run.values
    least = [
        float(np.median(np.abs(y[: -2 * lag] - 2 * y[lag:-lag] + y[2 * lag :])))
        for lag in range(pixel, longest + 1)
    ]
    return min(least, default=0.0) / float(0.6745 * np.sqrt(6.0))


def smoothed(run: Profile) -> NDArray[np.float64]:
    """Return a profile blurred by a pixel: to find features in noise, never to measure them.

    Parameters
    ----------
    run : Profile
        A profile without NaN.

    Returns
    -------
    ndarray of float64, (n,)
        The values after a Gaussian of a sigma of one pixel.
    """
    from scipy.ndimage import gaussian_filter1d

    return np.asarray(gaussian_filter1d(run.values, run.pixel / run.step, mode="nearest"))


def largest(indices: NDArray[np.intp], sizes: NDArray[np.float64]) -> list[int]:
    """Return the indices with the largest sizes, few enough to measure at each mouse move.

    Parameters
    ----------
    indices : ndarray of int, (n,)
        Samples of a profile.
    sizes : ndarray, (n,)
        What ranks them.

    Returns
    -------
    list of int
        Ten or fewer, the largest first.
    """
    return [int(i) for i in indices[np.argsort(-sizes)][:CANDIDATES]]


def _taps(
    position: NDArray[np.float64], size: int
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Return indices (4, ...), cubic weights (4, ...) and linear weights (2, ...) of an axis."""
    within = np.clip(position, 0, size - 1)
    base = np.floor(within).astype(np.intp)
    t = within - base
    # On a pixel's centre the neighbour has no weight, so that its NaN must not be met either.
    beyond = (t > 0).astype(np.intp)
    index = np.clip(np.stack([base - beyond, base, base + beyond, base + 2 * beyond]), 0, size - 1)
    cubic = np.stack(
        [
            ((-0.5 * t + 1.0) * t - 0.5) * t,
            (1.5 * t - 2.5) * t * t + 1.0,
            ((-1.5 * t + 2.0) * t + 0.5) * t,
            (0.5 * t - 0.5) * t * t,
        ]
    )
    return index, cubic, np.stack([1.0 - t, t])


def _mean_of_finite(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over the first axis where at least half of the samples are finite."""
    finite = np.isfinite(samples)
    count = finite.sum(axis=0)
    total = np.where(finite, samples, 0.0).sum(axis=0)
    return np.where(2 * count >= samples.shape[0], total / np.maximum(count, 1), np.nan)
