"""A sampled PSF at other pixels, or another width: integrated over areas, sum and centroid kept.

A PSF's pixel holds what falls onto its area. The running sum along an axis is therefore known
exactly at the borders of pixels; a spline through it tells what falls between any two borders.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_deconv.psf.kernel import MOST_PIXELS, check_psf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari_deconv.core.units import PixelSize

Floats = npt.NDArray[np.float64]

AROUND = 4
"""Empty pixels around a PSF, in which its spline comes to rest."""
RINGING = 0.005
"""Share of negative values that a spline may add before a tamer one is taken."""
NEGLIGIBLE = 1e-6
"""Share of the sum that may be left out at either end."""


def resampled(psf: npt.ArrayLike, given: PixelSize, wanted: PixelSize) -> Floats:
    """Return a PSF as pixels of another size see it.

    Parameters
    ----------
    psf : array_like, 2-D or 3-D
        Each pixel holds what falls onto it; its origin is index ``(n - 1) // 2``.
    given, wanted : PixelSize
        At which it is sampled, and at which it should be; slices first, any unit of length.

    Returns
    -------
    ndarray of float64
        Of odd sizes and the same sum. The centroid lies as far from index ``(n - 1) // 2`` as
        before, in units of length.

    Raises
    ------
    ValueError
        If the array is no PSF, a size states too few axes, or the result would be too large.
    """
    array = check_psf(np.asarray(psf))
    old, new = given.along(array.ndim, "nm"), wanted.along(array.ndim, "nm")
    ratios = [a / b for a, b in zip(old, new, strict=True)]
    sizes = [n * ratio for n, ratio in zip(array.shape, ratios, strict=True)]
    if math.prod(sizes) > MOST_PIXELS:
        raise ValueError(
            f"A PSF sampled at {given} would have {' × '.join(f'{n:.0f}' for n in sizes)} pixels "
            f"of {wanted}, more than can be worked with ({MOST_PIXELS:.2g}); check both sizes."
        )
    return _stretched(array, ratios, ratios)


def widened(psf: npt.ArrayLike, factor: float) -> Floats:
    """Return a PSF made wider (or narrower) about its centroid, which stays where it is.

    Parameters
    ----------
    psf : array_like, 2-D or 3-D
        Each pixel holds what falls onto it.
    factor : float
        1.1 for a PSF that is 10 % wider.

    Raises
    ------
    ValueError
        If the array is no PSF.
    """
    array = check_psf(np.asarray(psf))
    return _stretched(array, [factor] * array.ndim, [1.0] * array.ndim)


def _stretched(psf: Floats, factors: Sequence[float], moves: Sequence[float]) -> Floats:
    """Stretch by a factor along each axis; the centroid's distance from the origin by another."""
    for axis, (factor, move) in enumerate(zip(factors, moves, strict=True)):
        psf = _along(psf, axis, factor, move)
    return psf


def _along(psf: Floats, axis: int, factor: float, move: float) -> Floats:
    """Stretch along one axis: pixels become `factor` pixels wide."""
    from scipy.optimize import brentq

    lines = np.moveaxis(psf, axis, -1)
    n, total, signed = lines.shape[-1], lines.sum(), bool((psf < 0).any())
    places = factor * (np.arange(n) - (n - 1) // 2)
    centroid = float(lines.reshape(-1, n).sum(axis=0) @ places / total)
    goal = centroid * move / factor
    reach = math.ceil(max(-places[0], places[-1]) + AROUND * factor + abs(goal - centroid) + 1)
    borders = np.arange(-reach, reach + 2) - 0.5
    running = _running(lines, factor)

    def fallen(shift: float) -> Floats:
        """Return what falls onto each pixel, the picture moved by `shift` pixels."""
        each = np.diff(running(borders - shift), axis=-1)
        return each if signed else _positive(each)

    def off(shift: float) -> float:
        """Return how far the centroid then is from where it belongs."""
        mass = fallen(shift).reshape(-1, 2 * reach + 1).sum(axis=0)
        return float(mass @ np.arange(-reach, reach + 1) / total) - goal

    # Pixels round where mass lies, and the centroid with it: the grid is moved until it is right.
    shift = brentq(off, goal - centroid - 1, goal - centroid + 1, xtol=1e-6)
    return np.moveaxis(_trimmed(fallen(shift)), -1, axis)


def _running(lines: Floats, factor: float) -> Callable[[Floats], Floats]:
    """Return the running sum along the last axis, at any place in new pixels from the origin."""
    n = lines.shape[-1]
    around = np.pad(lines, [(0, 0)] * (lines.ndim - 1) + [(AROUND, AROUND)])
    sums = np.concatenate([np.zeros((*lines.shape[:-1], 1)), around.cumsum(axis=-1)], axis=-1)
    borders = factor * (np.arange(-AROUND, n + AROUND + 1) - (n - 1) // 2 - 0.5)
    halves = np.linspace(borders[0], borders[-1], 2 * len(borders) - 1)
    bearable = _lobes(lines) + RINGING * np.abs(lines).sum()
    spline = next(s for s in _splines(borders, sums) if _lobes(np.diff(s(halves))) <= bearable)
    return lambda places: np.asarray(spline(np.clip(places, borders[0], borders[-1])))


def _splines(borders: Floats, sums: Floats) -> Iterator[Callable[[Floats], Floats]]:
    """Yield splines through running sums: the closest to smooth PSFs first, the tamest last."""
    from scipy.interpolate import CubicSpline, PchipInterpolator, make_interp_spline

    zeros = np.zeros(sums.shape[:-1])
    rest = [(1, zeros), (2, zeros)]
    yield make_interp_spline(borders, sums, k=5, bc_type=(rest, rest), axis=-1)
    yield CubicSpline(borders, sums, axis=-1, bc_type="clamped")
    yield PchipInterpolator(borders, sums, axis=-1)


def _lobes(lines: Floats) -> float:
    return float(-lines[lines < 0].sum())


def _positive(lines: Floats) -> Floats:
    """Set to zero what a spline rang below it, the sum of each line kept."""
    totals = lines.sum(axis=-1, keepdims=True)
    cut = np.maximum(lines, 0)
    left = cut.sum(axis=-1, keepdims=True)
    return np.asarray(cut * np.divide(totals, left, out=np.zeros_like(left), where=left > 0))


def _trimmed(lines: Floats) -> Floats:
    """Leave out ends that hold next to nothing, the same on both sides."""
    total = lines.sum()
    held = np.abs(lines).reshape(-1, lines.shape[-1]).sum(axis=0)
    middle = (len(held) - 1) // 2
    ends = (held.cumsum(), held[::-1].cumsum())
    first, last = (int(np.argmax(sums > NEGLIGIBLE * held.sum())) for sums in ends)
    half = max(middle - first, len(held) - 1 - last - middle)
    kept = lines[..., middle - half : middle + half + 1]
    return np.asarray(kept * (total / kept.sum()))
