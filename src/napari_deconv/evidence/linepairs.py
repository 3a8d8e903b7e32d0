"""Find groups of line pairs along a profile and measure how strongly they are modulated."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from napari_deconv.evidence.profile import Profile

if TYPE_CHECKING:
    from numpy.typing import NDArray

SWINGS = ((5.0, 9), (8.0, 5))
"""Sigma of the noise that the swings of a group stand out by, and how many swings that takes: nine
even swings in a row are not noise, five low ones may be."""

REGULAR = 0.2
"""Part by which the periods of a group may differ from their median."""

ALIKE_SWINGS = 2.0
"""Factor by which the swings of a group may differ from their median."""

ALIKE_WIDTHS = 1.5
"""Factor by which the lines of a group, and the spaces, may differ in width from their median."""

SAME_PERIOD = 0.1
"""Part by which the periods of two stretches in touch may differ if they are one group."""

TELLING = 0.05
"""Share of a fit's largest singular value below which a term is not told from the others: lines
that the pixels meet at two places only show no parabola."""

CERTAIN = 4.0
"""Standard errors by which bright must exceed dark for a group to count as resolved."""


@dataclass(frozen=True)
class LineGroup:
    """Where a group of line pairs lies.

    Attributes
    ----------
    centres : tuple of float
        Centres of the lines and of the spaces between them in turn, in world units.
    first_is_bright : bool
        Whether the first of the centres is a bright one.
    period : float
        Length of one line pair in world units.
    """

    centres: tuple[float, ...]
    first_is_bright: bool
    period: float

    def overlaps(self, other: LineGroup) -> bool:
        """Return whether another group lies on the same stretch of the line."""
        return self.centres[0] <= other.centres[-1] and other.centres[0] <= self.centres[-1]


def modulation(profile: Profile) -> float | None:
    """Return the modulation of the one group of line pairs along a profile.

    ``(bright - dark) / (bright + dark)`` with the mean grey values at the centres of the bright
    and of the dark lines. Below six pixels a line pair the sampling takes away a part of it: a
    tenth to a sixth at four pixels, a quarter at three.

    Parameters
    ----------
    profile : Profile
        A line profile of grey values that count from zero, across the lines.

    Returns
    -------
    float or None
        0 to 1; None where there is no group, more than one, or one that noise hides.
    """
    groups = find_groups(profile)
    return group_modulation(profile, groups[0]) if len(groups) == 1 else None


def find_groups(profile: Profile) -> list[LineGroup]:
    """Return the groups of line pairs along a profile, in the order of the line.

    A group is a stretch of swings of like height with like distances between each crossing of the
    middle level and the next but one: five swings of 8 sigma of the noise, or nine of 5 sigma.
    Where more swings of that height belong to no group than there are lines in it, chance made it
    regular: the noise of a restored picture is coloured and swings like lines do.

    Parameters
    ----------
    profile : Profile
        A line profile.

    Returns
    -------
    list of LineGroup
        Empty where nothing regular stands out of the noise.
    """
    run = profile.run
    if run is None:
        return []
    sigma, least = run.noise, 0.01 * float(np.ptp(run.values))
    groups: list[LineGroup] = []
    for over, count in SWINGS:
        found = _find_groups(run, max(over * sigma, least), count)
        groups += [new for new in found if not any(new.overlaps(old) for old in groups)]
    believed = [group for group in groups if _strays(run, group, groups) <= len(group.centres)]
    return sorted(believed, key=lambda group: group.centres[0])


def group_modulation(profile: Profile, group: LineGroup) -> float | None:
    """Return the modulation of a profile at the lines of a group, found in it or elsewhere.

    Parameters
    ----------
    profile : Profile
        A line profile of grey values that count from zero.
    group : LineGroup
        Where the lines are.

    Returns
    -------
    float or None
        0 to 1; None if bright does not exceed dark by more than noise explains, or the grey
        values reach below zero.
    """
    levels = _resolved(profile, group)
    if levels is None or levels[1] < 0:
        return None
    bright, dark = levels
    return (bright - dark) / (bright + dark)


def group_contrast(profile: Profile, group: LineGroup) -> float | None:
    """Return how much brighter the bright lines of a group are than the dark ones.

    Parameters
    ----------
    profile : Profile
        A line profile.
    group : LineGroup
        Where the lines are.

    Returns
    -------
    float or None
        In grey values; None if it is no more than noise explains.
    """
    levels = _resolved(profile, group)
    return None if levels is None else levels[0] - levels[1]


def _resolved(profile: Profile, group: LineGroup) -> tuple[float, float] | None:
    """Return the grey values of the bright and the dark lines if noise does not explain them."""
    levels = _levels(profile, group)
    if levels is None:
        return None
    bright, dark, error = levels
    return (bright, dark) if bright - dark > CERTAIN * error else None


def _find_groups(run: Profile, least: float, count: int) -> list[LineGroup]:
    """Return the groups of at least a number of swings of at least a height."""
    turns = _turns(run.values, least)
    swings = np.diff(run.values[turns])
    middles = _middles(run, turns)
    groups = []
    for start, stop in _joined(_regular(middles, np.abs(swings), count), middles):
        group = _group(middles[start:stop], bool(swings[start] > 0))
        if group_modulation(run, group) is not None and _stands_out(run, group):
            groups.append(group)
    return groups


def _strays(run: Profile, group: LineGroup, groups: list[LineGroup]) -> int:
    """Return how many swings at least half as high as a group's belong to no group."""
    levels = _levels(run, group)
    if levels is None:
        return run.values.size
    middles = _middles(run, _turns(run.values, 0.5 * (levels[0] - levels[1])))
    stray = np.ones(middles.size, dtype=bool)
    for other in groups:
        reach = other.centres[0] - other.period, other.centres[-1] + other.period
        stray &= (middles < reach[0]) | (middles > reach[1])
    return int(stray.sum())


def _turns(y: NDArray[np.float64], least: float) -> NDArray[np.intp]:
    """Return the turning points between swings of at least a height, in turn high and low."""
    turns: list[int] = []
    values = y.tolist()  # far faster to walk over than an array
    high = low = 0
    way = 0
    for i, value in enumerate(values):
        if value > values[high]:
            high = i
        if value < values[low]:
            low = i
        if way >= 0 and value < values[high] - least:
            turns.append(high)
            way, low = -1, i
        elif way <= 0 and value > values[low] + least:
            turns.append(low)
            way, high = 1, i
    turns.append(high if way > 0 else low)
    return np.asarray(turns, dtype=np.intp)


def _middles(run: Profile, turns: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return where each swing passes its middle level: a flat top does not blur this place."""
    middles = []
    for first, last in pairwise(turns):
        part = run.values[first : last + 1]
        level = 0.5 * (part[0] + part[-1])
        above = (part > level) == (part[-1] > part[0])
        i = int(np.argmax(above))
        share = (level - part[i - 1]) / (part[i] - part[i - 1])
        middles.append(run.distance[first + i - 1] + share * run.step)
    return np.asarray(middles)


def _regular(
    middles: NDArray[np.float64], swings: NDArray[np.float64], count: int
) -> list[tuple[int, int]]:
    """Return the stretches of swings with like periods and like heights, the longest possible."""
    stretches = []
    start = 0
    while start + count <= middles.size:
        stop = start + count
        while stop <= middles.size and _is_regular(middles[start:stop], swings[start:stop]):
            stop += 1
        if stop - 1 - start >= count:
            stretches.append((start, stop - 1))
            start = stop - 2
        else:
            start += 1
    return stretches


def _joined(
    stretches: list[tuple[int, int]], middles: NDArray[np.float64]
) -> list[tuple[int, int]]:
    """Return the stretches, those in one that are in touch and have one period.

    Where the pixels beat with a fine pattern its swings vary, and one group falls apart.
    """
    joined: list[tuple[int, int]] = []
    for start, stop in stretches:
        if joined and start <= joined[-1][1] + 1:
            first, last = joined[-1]
            before, after = np.diff(middles[first:last]), np.diff(middles[start:stop])
            if abs(before.mean() - after.mean()) < SAME_PERIOD * before.mean():
                joined[-1] = (first, stop)
                continue
        joined.append((start, stop))
    return joined


def _is_regular(middles: NDArray[np.float64], swings: NDArray[np.float64]) -> bool:
    periods = middles[2:] - middles[:-2]
    period = float(np.median(periods))
    if not np.all(np.abs(periods - period) <= REGULAR * period):
        return False
    lines = np.diff(middles)
    widths = _alike(lines[0::2], ALIKE_WIDTHS) and _alike(lines[1::2], ALIKE_WIDTHS)
    return widths and _alike(swings, ALIKE_SWINGS)


def _alike(sizes: NDArray[np.float64], factor: float) -> bool:
    median = float(np.median(sizes))
    return bool(np.all((sizes <= factor * median) & (sizes * factor >= median)))


def _group(middles: NDArray[np.float64], rising: bool) -> LineGroup:
    """Return the group between crossings of the middle level; the first one rises or falls."""
    centres = 0.5 * (middles[1:] + middles[:-1])
    period = float(np.mean(middles[2:] - middles[:-2]))
    return LineGroup(tuple(float(c) for c in centres), rising, period)


def _levels(profile: Profile, group: LineGroup) -> tuple[float, float, float] | None:
    """Return the grey values of the bright and the dark lines, and their standard error.

    Each is the value at the centre of the parabola through all lines of a kind, laid over each
    other: exact for a sine as for flat lines, and the noise is averaged.
    """
    bright, dark = (_centre_level(profile, group.centres[kind::2], group.period) for kind in (0, 1))
    if bright is None or dark is None:
        return None
    if not group.first_is_bright:
        bright, dark = dark, bright
    return bright[0], dark[0], float(np.hypot(bright[1], dark[1]))


def _centre_level(
    profile: Profile, centres: tuple[float, ...], period: float
) -> tuple[float, float] | None:
    offset = profile.distance[:, None] - np.asarray(centres)[None, :]
    here = (np.abs(offset) <= period / 8 + 1e-9) & np.isfinite(profile.values)[:, None]
    if here.sum() < 4:
        return None
    u = offset[here] / (period / 8)
    y = np.broadcast_to(profile.values[:, None], offset.shape)[here]
    terms = np.stack([np.ones_like(u), u, u * u], axis=1)
    solution, _, rank, _ = np.linalg.lstsq(terms, y, rcond=TELLING)
    if rank < 3:
        return float(y.mean()), float(y.std() / np.sqrt(y.size))
    pixels = max(1.0, y.size * profile.step / profile.pixel)
    # The factor 2.25 is how much more a parabola's centre varies than a mean does.
    spread = float(np.std(y - terms @ solution)) * np.sqrt(y.size / max(1, y.size - 3))
    return float(solution[0]), 1.5 * spread / np.sqrt(pixels)


def _stands_out(run: Profile, group: LineGroup) -> bool:
    """Whether the lines lie on each other closely enough not to be a run of noise."""
    levels = _levels(run, group)
    if levels is None:
        return False
    bright, dark, _ = levels
    at = np.interp(group.centres, run.distance, run.values)
    ideal = np.where((np.arange(at.size) % 2 == 0) == group.first_is_bright, bright, dark)
    return float(np.std(at - ideal)) < (bright - dark) / 4
