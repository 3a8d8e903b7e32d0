"""Measure the edges of a line profile, and refuse where it shows none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_deconv.evidence.profile import Profile, largest, median, smoothed

if TYPE_CHECKING:
    from numpy.typing import NDArray

EDGE_OVER_NOISE = 25.0
"""A step lower than this many sigma of the noise is not measured."""

LEVEL_TOLERANCE = 0.2
"""Part of the step by which a plateau may ripple (overshoot, noise) and still be a plateau."""

PLATEAU_OVER_WIDTH = 1.5
"""How much longer than the edge is wide a plateau must be; a sine's crests are 1.0."""

PLATEAU_PIXELS = 3.0
"""Pixels that a plateau must have at least: fewer cannot be told from the crest of a pattern."""


@dataclass(frozen=True)
class Edge:
    """A step between two plateaus.

    Attributes
    ----------
    position : float
        Where the profile passes half height, from the start of the line in world units.
    width : float
        Distance from 10 % to 90 % of the step, in world units.
    height : float
        Step from plateau to plateau in grey values, above zero.
    """

    position: float
    width: float
    height: float


def edge_width(profile: Profile) -> float | None:
    """Return the 10-90 % width of the highest edge, in world units.

    The distance between the points where the profile passes 10 % and 90 % of the step between
    the levels (medians) of the plateaus beside it. A Gaussian blur gives 2.563 sigma.

    Parameters
    ----------
    profile : Profile
        A line profile.

    Returns
    -------
    float or None
        None where no step stands out of the noise between two plateaus.
    """
    edges = find_edges(profile)
    return max(edges, key=lambda edge: edge.height).width if edges else None


def find_edges(profile: Profile) -> list[Edge]:
    """Return every step that stands out of the noise between two plateaus.

    Parameters
    ----------
    profile : Profile
        A line profile.

    Returns
    -------
    list of Edge
        In the order of the line.
    """
    from scipy.signal import find_peaks

    run = profile.run
    if run is None:
        return []
    sigma = run.noise
    smooth = smoothed(run)
    slope = np.gradient(smooth)
    least = max(EDGE_OVER_NOISE * sigma, 1e-9 * float(np.abs(run.values).max()))
    steep, _ = find_peaks(np.abs(slope))
    edges = []
    for centre in largest(steep, np.abs(slope[steep])):
        sign = float(np.sign(slope[centre]))
        edge = _edge_at(run, sign * run.values, sign * smooth, centre)
        if edge is not None and edge.height >= least:
            edges.append(edge)
    return sorted(_distinct(edges), key=lambda edge: edge.position)


def _distinct(edges: list[Edge]) -> list[Edge]:
    """Return the edges without those that lie within a higher one."""
    kept: list[Edge] = []
    for edge in sorted(edges, key=lambda edge: -edge.height):
        if all(abs(edge.position - other.position) > other.width for other in kept):
            kept.append(edge)
    return kept


def _edge_at(
    run: Profile, y: NDArray[np.float64], smooth: NDArray[np.float64], centre: int
) -> Edge | None:
    """Return the rising edge around a sample, or None if a plateau is missing beside it."""
    foot = _descend(smooth, centre, -1)
    head = _descend(-smooth, centre, 1)
    reach = y.size
    # The first pass takes the whole plateaus; the second only what is near, so that a slope of
    # the background far away does not shift the levels.
    for _ in range(2):
        height = smooth[head] - smooth[foot]
        low = _plateau(smooth, foot, -1, (LEVEL_TOLERANCE * height, reach))
        high = _plateau(smooth, head, 1, (LEVEL_TOLERANCE * height, reach))
        levels = median(y[low]), median(y[high])
        crossings = _crossings(run, y, slice(low.start, high.stop), levels)
        if crossings is None:
            return None
        position, width = float(crossings[1]), float(crossings[2] - crossings[0])
        reach = max(round(3 * width / run.step), round(4 * run.pixel / run.step))
    enough = max(PLATEAU_OVER_WIDTH * width, PLATEAU_PIXELS * run.pixel)
    if min(low.stop - low.start, high.stop - high.start) * run.step < enough:
        return None
    return Edge(position, width, levels[1] - levels[0])


def _descend(smooth: NDArray[np.float64], index: int, way: int) -> int:
    """Return where the profile stops falling when walked from a sample to one side."""
    while 0 <= index + way < smooth.size and smooth[index + way] < smooth[index]:
        index += way
    return index


def _plateau(smooth: NDArray[np.float64], index: int, way: int, limits: tuple[float, int]) -> slice:
    """Return the stretch around a sample that stays at its level, no longer than the reach."""
    tolerance, reach = limits
    off = np.flatnonzero(np.abs(smooth - smooth[index]) > tolerance)
    after = int(np.searchsorted(off, index))
    start = int(off[after - 1]) + 1 if after else 0
    stop = int(off[after]) - 1 if after < off.size else smooth.size - 1
    return (
        slice(max(start, stop + 1 - reach), stop + 1)
        if way < 0
        else slice(start, min(stop + 1, start + reach))
    )


def _crossings(
    run: Profile, y: NDArray[np.float64], part: slice, levels: tuple[float, float]
) -> NDArray[np.float64] | None:
    """Return where a rising flank passes 10, 50 and 90 % of the way between two levels.

    The flank is first made monotone (least squares), so that noise at its foot does not decide.
    """
    from scipy.optimize import isotonic_regression

    low, high = levels
    if part.stop - part.start < 3 or high <= low:
        return None
    monotone = isotonic_regression(y[part]).x
    goals = low + np.array([0.1, 0.5, 0.9]) * (high - low)
    if monotone[0] >= goals[0] or monotone[-1] <= goals[-1]:
        return None
    return _pass(run.distance[part], monotone, goals)


def _pass(
    x: NDArray[np.float64], monotone: NDArray[np.float64], goals: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return where a rising curve passes values, linear between its samples."""
    after = np.searchsorted(monotone, goals)
    before = after - 1
    part = (goals - monotone[before]) / (monotone[after] - monotone[before])
    return np.asarray(x[before] + part * (x[after] - x[before]), np.float64)
