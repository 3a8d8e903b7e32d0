"""Sample a picture along a line that is given in world coordinates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from napari_deconv.evidence.blocks import Blocks
from napari_deconv.evidence.interpolation import ArrayPixels, Pixels, Taps, between, taps
from napari_deconv.evidence.stroke import Stroke, stroke

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

CANDIDATES = 10
"""How many edges, dips and peaks of a profile are measured, the steepest or highest first."""

LONGEST_LAG = 12
"""Pixels up to which the noise estimate looks for the period of a pattern."""


@dataclass(frozen=True, eq=False)
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

    @cached_property
    def run(self) -> Profile | None:
        """The longest stretch without gaps, its distances kept; None if below eight samples."""
        finite = np.concatenate(([0], np.isfinite(self.values).astype(np.int8), [0]))
        starts, stops = (np.flatnonzero(np.diff(finite) == sign) for sign in (1, -1))
        if not starts.size:
            return None
        longest = int(np.argmax(stops - starts))
        stretch = slice(int(starts[longest]), int(stops[longest]))
        if stretch.stop - stretch.start < 8:
            return None
        return Profile(self.distance[stretch], self.values[stretch], self.pixel)

    @cached_property
    def noise(self) -> float:
        """Standard deviation of a sample's noise, told from the structure of a run without gaps.

        ``median |y(x-l) - 2 y(x) + y(x+l)| / (0.6745 sqrt 6)`` at the lag l, one pixel or more,
        that makes it least: at the period of a pattern, the pattern is not taken for noise. 0 for
        a profile too short to tell.
        """
        pixel = max(1, round(self.pixel / self.step))
        longest = min(LONGEST_LAG * pixel, (self.values.size - 1) // 3)
        y = self.values
        least = [
            median(np.abs(y[: -2 * lag] - 2 * y[lag:-lag] + y[2 * lag :]))
            for lag in range(pixel, longest + 1)
        ]
        return min(least, default=0.0) / float(0.6745 * np.sqrt(6.0))


def line_profile(
    image: ArrayLike | Pixels,
    line: ArrayLike,
    world_to_data: ArrayLike | None = None,
    width: float | None = None,
    step: float | None = None,
) -> Profile:
    """Return the grey values of a picture along a line or a path.

    Values between pixels come from bicubic convolution (Keys, a = -1/2), limited to the range of
    the four pixels around, so that a step shows no overshoot that the picture does not hold.
    Where a pixel nearby is not finite they are bilinear, and NaN if one of the four is not.
    Around a corner of a path each sample is averaged across the segment that it lies on.

    Parameters
    ----------
    image : array_like, (H, W), or Pixels
        The picture; its pixel centres are the whole numbers of data coordinates.
    line : array_like, (k, 2)
        Start, corners if any, and end as (y, x) in world coordinates.
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
    picture = as_pixels(image)
    affine = np.eye(3) if world_to_data is None else np.asarray(world_to_data, np.float64)
    run = stroke(line, affine, width, step)
    return profile_at(picture, run, stroke_taps(picture.shape, run, affine))


def as_pixels(image: ArrayLike | Pixels) -> Pixels:
    """Return a picture that values are taken of.

    Raises
    ------
    ValueError
        If an array is not 2-D, is complex, or is empty.
    """
    if isinstance(image, Blocks | ArrayPixels):
        return image
    picture = np.asarray(image)
    if picture.ndim != 2 or picture.dtype.kind == "c" or not picture.size:
        raise ValueError("A profile needs a real picture of two dimensions.")
    return ArrayPixels(picture)


def stroke_taps(shape: tuple[int, int], run: Stroke, world_to_data: NDArray[np.float64]) -> Taps:
    """Return the taps of a stroke in all pictures of a shape that lie at one place."""
    data = run.places @ world_to_data[:2, :2].T + world_to_data[:2, 2]
    return taps(shape, data[..., 0], data[..., 1])


def profile_at(picture: Pixels, run: Stroke, at: Taps) -> Profile:
    """Return the grey values of a picture along a stroke, averaged over its width.

    Parameters
    ----------
    picture : Pixels
        The picture.
    run : Stroke
        Where it is sampled.
    at : Taps
        The stroke's taps in the picture.
    """
    return Profile(run.distance, _mean_of_finite(between(picture, at)), run.pixel)


def median(values: NDArray[np.float64]) -> float:
    """Return the median of one or more finite values: for few of them NumPy's takes far longer."""
    middle = values.size // 2
    if values.size % 2:
        return float(np.partition(values, middle)[middle])
    parted = np.partition(values, (middle - 1, middle))
    return float(0.5 * (parted[middle - 1] + parted[middle]))


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


def _mean_of_finite(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over the first axis where at least half of the samples are finite."""
    finite = np.isfinite(samples)
    if finite.all():
        return np.asarray(samples.mean(axis=0), np.float64)
    count = finite.sum(axis=0)
    total = np.where(finite, samples, 0.0).sum(axis=0)
    return np.where(2 * count >= samples.shape[0], total / np.maximum(count, 1), np.nan)
