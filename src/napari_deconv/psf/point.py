"""Measure a PSF from points: beads, pinholes, each in a box, aligned and averaged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from napari_deconv.psf.edge_box import rectangle

Floats = npt.NDArray[np.float64]

SMALLEST = 7
"""Pixels of a box's side, at least: the point and some background."""
CLEAR = 8.0
"""Sigmas of the background that a point's peak stands out, at least."""
RIM = 0.2
"""Share of a box's side, at each end, that is background."""


class _Point(NamedTuple):
    """A point without its background: picture, centre, peak and noise."""

    picture: Floats
    centre: Floats
    noise: float


@dataclass(frozen=True)
class PointFit:
    """A PSF as points show it, the pixel's aperture included.

    Attributes
    ----------
    array : ndarray, odd sides
        Mean of the aligned points, not negative, of sum 1, centred on its middle pixel.
    widths, errors : tuple of float
        Full widths at half maximum along rows and columns in pixels, and their standard errors:
        from the scatter of the points, or of one, from its noise.
    centres : ndarray, shape (N, 2)
        Row and column of every point in the image.
    """

    array: Floats
    widths: tuple[float, float]
    errors: tuple[float, float]
    centres: Floats


def fit_points(image: npt.ArrayLike, boxes: Sequence[npt.ArrayLike]) -> PointFit:
    """Measure the PSF from one point or several.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values; points are brighter or darker than what is around them.
    boxes : sequence of array_like, shape (4, 2)
        Corners of a rectangle along the axes around each point, as (row, column).

    Returns
    -------
    PointFit

    Raises
    ------
    ValueError
        In one sentence that says what to draw instead: no point, several, at the rim, too small.
    """
    if not len(boxes):
        raise ValueError("There is no box; draw one around a point.")
    picture = np.asarray(image, float)
    corners = [np.asarray(box, float) for box in boxes]
    points = [_point(picture, rectangle(picture, each, SMALLEST), each) for each in corners]
    half = min(min(point.picture.shape) for point in points) // 2 - 1
    aligned = [_aligned(point, half) for point in points]
    mean = np.mean(aligned, axis=0)
    array = np.clip(mean, 0, None)
    widths = _widths(array)
    if len(points) > 1:
        each = np.array([_widths(np.clip(one, 0, None)) for one in aligned])
        errors = each.std(0, ddof=1) / np.sqrt(len(points))
    else:
        errors = _errors(array, points[0].noise / points[0].picture.sum())
    low = [np.asarray(box, float).min(0).round() for box in corners]
    centres = np.array([point.centre + origin for point, origin in zip(points, low, strict=True)])
    return PointFit(
        array / array.sum(),
        (float(widths[0]), float(widths[1])),
        (float(errors[0]), float(errors[1])),
        centres,
    )


def _point(image: Floats, part: tuple[slice, slice], corners: Floats) -> _Point:
    """Take a point out of its background."""
    picture = image[part]
    rows, columns = picture.shape
    rim = np.ones(picture.shape, bool)
    wide, tall = max(1, int(RIM * rows)), max(1, int(RIM * columns))
    rim[wide:-wide, tall:-tall] = False
    background = float(np.median(picture[rim]))
    noise = 1.4826 * float(np.median(np.abs(picture[rim] - background)))
    above = picture - background
    if -above.min() > above.max():  # a dark point on a bright ground
        above = -above
    if above.max() <= CLEAR * noise or above.max() <= 0:
        raise ValueError("There is no point in the box; draw it around one bright or dark spot.")
    peak = np.unravel_index(int(np.argmax(above)), above.shape)
    if rim[peak]:
        raise ValueError(
            "The point lies at the rim of the box; draw the box with it in its middle."
        )
    if _another(above, peak, noise):
        raise ValueError("There are several points in the box; draw a box around each.")
    return _Point(above, _centroid(above, peak), noise)


def _another(above: Floats, peak: tuple[np.intp, ...], noise: float) -> bool:
    """Return whether a second spot stands out, clear of the first."""
    from scipy.ndimage import label

    bright = above > max(0.3 * above.max(), CLEAR * noise)
    spots, _ = label(bright, np.ones((3, 3)))
    return bool((bright & (spots != spots[peak])).any())


def _centroid(above: Floats, peak: tuple[np.intp, ...]) -> Floats:
    """Return the centroid of what lies above a tenth of the peak, from its own spot."""
    from scipy.ndimage import label

    spots, _ = label(above > 0.1 * above.max(), np.ones((3, 3)))
    weight = np.where(spots == spots[peak], above, 0.0)
    places = np.indices(above.shape)
    return np.asarray((places * weight).sum((1, 2)) / weight.sum())


def _aligned(point: _Point, half: int) -> Floats:
    """Return a point moved to the middle of an odd square, of sum 1."""
    from scipy.ndimage import shift

    near = np.rint(point.centre).astype(int)
    low, high = near - half, near + half + 1
    room = min(*near, *(np.array(point.picture.shape) - 1 - near))
    if room < half:
        pad = half - int(room)
        padded = np.pad(point.picture, pad)
        part = padded[tuple(slice(a + pad, b + pad) for a, b in zip(low, high, strict=True))]
    else:
        part = point.picture[tuple(slice(a, b) for a, b in zip(low, high, strict=True))]
    moved = shift(part, near - point.centre, order=3, mode="constant")
    return np.asarray(moved / moved.sum())


def _widths(array: Floats) -> Floats:
    """Return the full widths at half maximum through the peak along rows and columns."""
    middle = array.shape[0] // 2
    return np.array([_full_width(array[:, middle]), _full_width(array[middle])])


def _full_width(curve: Floats) -> float:
    """Return the full width at half maximum of a curve, of a parabola's peak."""
    from scipy.interpolate import CubicSpline

    fine = np.linspace(0, curve.size - 1, 40 * curve.size)
    values = CubicSpline(np.arange(curve.size), curve)(fine)
    above = np.flatnonzero(values >= values.max() / 2)
    return float(fine[above[-1]] - fine[above[0]])


def _errors(array: Floats, noise: float) -> Floats:
    """Return the scatter of the widths when the noise falls otherwise."""
    rng = np.random.default_rng(0)
    again = [_widths(array + rng.normal(0, noise, array.shape)) for _ in range(50)]
    return np.asarray(np.std(again, axis=0, ddof=1))
