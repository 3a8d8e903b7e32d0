"""Measure the one dip or peak of a line profile, and refuse where it shows none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_deconv.evidence.profile import Profile, largest, median, smoothed

if TYPE_CHECKING:
    from numpy.typing import NDArray

BUMP_OVER_NOISE = 10.0
"""A dip or peak lower than this many sigma of the noise is not measured."""

APART = 5.0
"""Widths of a dip or peak from the middle of its background on one side to that on the other."""

RIVAL_OVER_NOISE = 7.0
"""Sigma of the noise that a top must stand out by so as not to be noise."""

RIVAL = 0.5
"""A second dip or peak of this part of the first one's height makes the first ambiguous."""


@dataclass(frozen=True)
class Bump:
    """One dip or peak between two stretches of background.

    Attributes
    ----------
    position : float
        Middle between the points of half height, from the start of the line in world units.
    width : float
        Full width at half maximum, in world units.
    height : float
        Grey values above the background; below zero for a dip.
    background : float
        Grey value of the background at the position.
    """

    position: float
    width: float
    height: float
    background: float


def fwhm(profile: Profile) -> float | None:
    """Return the full width at half maximum of the one dip or peak, in world units.

    The distance between the points where the profile passes the middle between the extremum and
    the straight line through the background on both sides. A Gaussian gives 2.355 sigma.

    Parameters
    ----------
    profile : Profile
        A line profile.

    Returns
    -------
    float or None
        None where no dip or peak stands alone and out of the noise.
    """
    bump = find_bump(profile)
    return None if bump is None else bump.width


def dip_depth(profile: Profile) -> float | None:
    """Return the depth of the one dip relative to the background around it.

    ``(background - minimum) / background``.

    Parameters
    ----------
    profile : Profile
        A line profile of grey values that count from zero.

    Returns
    -------
    float or None
        0 to 1; None where `fwhm` finds no dip, or the grey values do not count from zero.
    """
    bump = find_bump(profile)
    return None if bump is None else relative_depth(bump)


def relative_depth(bump: Bump) -> float | None:
    """Return a dip's depth relative to its background.

    Parameters
    ----------
    bump : Bump
        What `find_bump` found.

    Returns
    -------
    float or None
        0 to 1; None for a peak, or where the dip reaches below zero.
    """
    if bump.height >= 0 or bump.background + bump.height < 0:
        return None
    return -bump.height / bump.background


def find_bump(profile: Profile) -> Bump | None:
    """Return the one dip or peak that stands alone and out of the noise.

    Parameters
    ----------
    profile : Profile
        A line profile.

    Returns
    -------
    Bump or None
        The highest one; None if a second is half as high, or the background differs by more than
        half of the height from one side to the other.
    """
    from scipy.signal import find_peaks

    run = profile.run
    if run is None:
        return None
    sigma = run.noise
    least = max(BUMP_OVER_NOISE * sigma, 1e-9 * float(np.abs(run.values).max()))
    smooth = smoothed(run)
    bumps = []
    for sign in (1.0, -1.0):
        tops, found = find_peaks(sign * smooth, prominence=0.25 * least, width=0, rel_height=0.5)
        width = dict(zip(tops.tolist(), found["widths"], strict=True))
        for top in largest(tops, found["prominences"]):
            bump = _bump_at(run, sign, top, float(width[top]) * run.step)
            if bump is not None and abs(bump.height) >= least:
                bumps.append(bump)
    highest = max(bumps, key=lambda bump: abs(bump.height), default=None)
    return None if highest is None or _has_rival(run, highest, sigma) else highest


def _has_rival(run: Profile, bump: Bump, sigma: float) -> bool:
    """Whether another top on the same side of the profile stands out half as much."""
    from scipy.signal import find_peaks

    enough = max(RIVAL * abs(bump.height), RIVAL_OVER_NOISE * sigma)
    tops, _ = find_peaks(np.sign(bump.height) * run.values, prominence=enough)
    return bool(np.any(np.abs(run.distance[tops] - bump.position) > bump.width))


def _bump_at(run: Profile, sign: float, top: int, wide: float) -> Bump | None:
    """Return the peak of ``sign * values`` around a sample, or None without background."""
    y = sign * run.values
    x = run.distance - run.distance[top]
    width = max(wide, run.pixel)
    centre = base = height = 0.0
    for _ in range(3):
        line = _background(x - centre, y, width)
        if line is None:
            return None
        slope, base = line
        above = y - base - slope * (x - centre)
        height = _vertex(x - centre, above, width)
        half = _half_width(x - centre, above / height) if height > 0 else None
        if half is None:
            return None
        width, centre = half[1] - half[0], centre + 0.5 * (half[0] + half[1])
        if abs(slope) * APART * width > RIVAL * height:
            return None
    return Bump(float(run.distance[top] + centre), width, sign * height, sign * base)


def _background(
    x: NDArray[np.float64], y: NDArray[np.float64], width: float
) -> tuple[float, float] | None:
    """Return slope and level of the line through the medians on both sides of a peak."""
    left = (x > -4 * width) & (x < -1.5 * width)
    right = (x > 1.5 * width) & (x < 4 * width)
    near = abs(x[1] - x[0])
    if min(left.sum(), right.sum()) * near < width or min(left.sum(), right.sum()) < 3:
        return None
    points = [(median(x[side]), median(y[side])) for side in (left, right)]
    (xl, yl), (xr, yr) = points
    slope = (yr - yl) / (xr - xl)
    return slope, yl - slope * xl


def _vertex(x: NDArray[np.float64], y: NDArray[np.float64], width: float) -> float:
    """Return the height of a peak at 0 from the parabola through its top."""
    part = np.abs(x) <= 0.25 * width
    if part.sum() < 4:
        return float(y[np.argmin(np.abs(x))])
    return float(np.polyfit(x[part], y[part], 2)[2])


def _half_width(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float] | None:
    """Return where a peak of height one at 0 passes one half on its left and on its right."""
    below = y < 0.5
    left, right = np.flatnonzero(below & (x < 0)), np.flatnonzero(below & (x > 0))
    if not (left.size and right.size):
        return None
    i, j = int(left[-1]), int(right[0])
    if j - i < 2:
        return None
    rise = (0.5 - y[i]) / (y[i + 1] - y[i])
    fall = (0.5 - y[j]) / (y[j - 1] - y[j])
    return float(x[i] + rise * (x[i + 1] - x[i])), float(x[j] - fall * (x[j] - x[j - 1]))
