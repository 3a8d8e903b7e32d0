"""Find the pairs of wires along a profile, and measure how far each is told apart."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from napari_deconv.phantom.gauges import DUPLEX

Floats = npt.NDArray[np.float64]

CLEAR = 6.0
"""Sigma of the noise that a wire stands out by."""
SPLIT = 3.0
"""Sigma of the noise that the lowest place between two wires lies below them."""
RIPPLE = 0.03
"""Share of their height by which it does so at least."""
LOWER = 0.5
"""Share of the height of a later, thinner wire below which nothing is taken for a wire."""
TALL = 0.3
"""Share of the tallest wire's height from which wires say which way the gauge lies."""
LEAST = 0.01
"""Share of the tallest wire's height below which nothing is taken for a wire."""
CLOSER = 1.05
"""Times the distance of the wires of a pair that those of the next, thinner one may lie apart."""
SLACK = 3
"""Samples by which pixels may draw the wires of a fine pair apart."""
EDGE = 0.25
"""Share of the gap between two pairs, around its middle, where the background is read."""
DEEP = 0.6
"""Share of a dip from which it is plain to see, and read from the samples."""
BEYOND = 1.15
"""Half distances of the wires on either side of the middle through which a shallow one is fitted.
"""
FEWEST = 5
"""Samples for that."""
ALIKE = 0.1
"""Part by which the wires may lie closer or farther apart than the pixel size says."""
FARTHER = 1.3
"""Distances of two pairs beyond the last one within which another pair would lie."""
REACH = 1.5
"""Distances of the wires of a pair, beside it, where the ends of a line lie at least."""
NO_PAIR = (
    "No pair of wires is told apart on this line; draw it across the gauge, from beside the "
    "thickest pair to beyond the thinnest."
)


@dataclass(frozen=True)
class Pair:
    """Where the wires of a pair lie along a profile, in samples, and what was measured of them.

    Attributes
    ----------
    wires : tuple of int
        Their tops; twice the same place where noise leaves one only.
    background : tuple of slice
        Where the background is read, before and after.
    sign : float
        -1 for wires darker than the background, else 1.
    half : float
        Half of the distance in samples that the wires should have, by those of thicker pairs.
    dip : float
        Percent; 0 where the two are one.
    middle, level : float
        Distance of the lowest place between the wires, in pixels, and its grey value.
    """

    wires: tuple[int, int]
    background: tuple[slice, slice]
    sign: float
    half: float = 0.0
    dip: float = 0.0
    middle: float = 0.0
    level: float = 0.0

    def measured(self, profile: Floats, step: float) -> Pair:
        """Return the pair with its dip in a profile."""
        ends = [0.5 * (part.start + part.stop - 1) for part in self.background]
        levels = [float(np.median(profile[part])) for part in self.background]
        place = np.arange(profile.size)
        height = self.sign * (profile - np.interp(place, ends, levels))
        first, second = self.wires
        middle = first + int(np.argmin(height[first : second + 1]))
        tops = float(height[first] + height[second])
        dip = 1 - 2 * float(height[middle]) / tops if tops > 0 else 0.0
        if dip < DEEP:
            middle, dip = self._shallow(height)
        return replace(
            self,
            dip=float(np.clip(100 * dip, 0, 100)),
            middle=middle * step,
            level=float(profile[middle]),
        )

    def _shallow(self, height: Floats) -> tuple[int, float]:
        """Return the middle of a pair, and the share of its dip, by an even polynomial.

        It is of fourth order, through wires as far apart as they should be: single samples would
        follow the noise, and lie beside the true tops. Dips of 1 to 58 % of Gaussian wires that lie
        6 px or more apart are met to 2 (of 100), from 10 px on to 1.1, wherever the samples fall.
        """
        first, second = self.wires
        centre = 0.5 * (first + second)
        if first == second:
            reach = round(3 * self.half)
            around = np.arange(max(first - reach, 0), min(first + reach + 1, height.size))
            mass = np.maximum(height[around] - 0.5 * height[first], 0.0)
            centre = float((around * mass).sum() / mass.sum()) if mass.any() else centre
        middle = int(np.clip(round(centre), 0, height.size - 1))
        reach_of = BEYOND * self.half
        near = np.arange(
            max(int(np.ceil(centre - reach_of)), 0),
            min(int(np.floor(centre + reach_of)) + 1, height.size),
        )
        if near.size < FEWEST:
            return middle, 0.0
        u2 = ((near - centre) / reach_of) ** 2
        a, b, c = np.linalg.lstsq(np.stack([u2**0, u2, u2**2], 1), height[near], rcond=None)[0]
        if not (b > 0 > c and a > 0):
            return middle, 0.0
        highest = a - b**2 / (4 * c) if -b / (2 * c) < 1 else a + b + c
        return middle, float(1 - a / highest)


def find_pairs(profile: Floats) -> tuple[tuple[Pair, ...], bool]:
    """Return the pairs along a profile from the thickest on, and whether it runs backwards.

    Two tops are the wires of a pair if they lie no farther apart than those of the pair before:
    each pair is thinner than the last one, and pairs lie farther apart than their wires. A top
    that has no partner is a pair that is not told apart.

    Parameters
    ----------
    profile : ndarray, shape (N,)
        Grey values, dark or bright wires.

    Raises
    ------
    ValueError
        In one sentence, if there is no pair.
    """
    height, sign = _height(profile)
    backwards = _rises(height)
    if backwards:
        height = height[::-1]
    tops = _tops(height)
    # Wires stand the lower the thinner they are: what is far lower than one after it is none.
    later = np.maximum.accumulate(height[tops][::-1])[::-1]
    groups = _grouped(tops[height[tops] >= LOWER * later])
    if not groups:
        raise ValueError(NO_PAIR)
    return tuple(_with_background(groups, sign, profile.size)), backwards


def first_number(pairs: tuple[Pair, ...], step: float, side: float | None) -> tuple[int, bool]:
    """Return the number of the first pair by the distance of its wires, and if that is certain.

    Wires of a diameter d lie 2 d apart.
    """
    if side is None:
        return 1, True
    told = np.array([p.wires[1] - p.wires[0] for p in pairs if p.wires[1] > p.wires[0]], float)
    told = told[: max(1, told.size - 1)] * step * side / 2  # blur draws the last pair together
    misses = []
    for first in range(len(DUPLEX) + 1 - told.size):
        wires = np.array(DUPLEX[first : first + told.size])
        misses.append(abs(float(np.median(np.log(told / wires)))))
    best = int(np.argmin(misses))
    return (best + 1, True) if misses[best] < ALIKE else (1, False)


def goes_on(pairs: tuple[Pair, ...], size: int) -> bool:
    """Return whether a line goes on beyond the last pair by more than pairs lie apart."""
    middles = [0.5 * sum(pair.wires) for pair in pairs[-2:]]
    return len(middles) > 1 and size - middles[1] > FARTHER * (middles[1] - middles[0])


def expected(pairs: tuple[Pair, ...], wires: Floats) -> tuple[Pair, ...]:
    """Return the pairs with the distance that their wires should have, by those told apart.

    Parameters
    ----------
    pairs : tuple of Pair
    wires : ndarray
        Their diameters in mm.
    """
    apart = np.array([pair.wires[1] - pair.wires[0] for pair in pairs], float)
    scale = float(np.median((apart / wires)[apart > 0]))
    return tuple(
        replace(pair, half=scale * wire / 2) for pair, wire in zip(pairs, wires, strict=True)
    )


def _height(profile: Floats) -> tuple[Floats, float]:
    """Return how far the profile stands above or below its background, a parabola."""
    place = np.linspace(-1, 1, profile.size)
    kept = np.ones(profile.size, bool)
    rest = profile - np.median(profile)
    sign = 1.0 if abs(rest.max()) > abs(rest.min()) else -1.0
    for _ in range(20):
        base = np.polynomial.Polynomial.fit(place[kept], profile[kept], 2)(place)
        rest = sign * (profile - base)
        spread = 1.4826 * float(np.median(np.abs(rest[kept] - np.median(rest[kept]))))
        fewer = rest < max(1.5 * spread, 1e-9)
        if (fewer == kept).all() or fewer.sum() < 0.2 * profile.size:
            break
        kept = fewer
    return rest, sign


def _rises(height: Floats) -> bool:
    """Return whether the tallest wires stand at the end rather than at the beginning."""
    tops = _tops(height)
    tops = tops[height[tops] > TALL * height.max()]
    return len(tops) > 1 and float(np.polyfit(tops / height.size, height[tops], 1)[0]) > 0


def _tops(height: Floats) -> npt.NDArray[np.intp]:
    """Return where wires, or pairs that are one, stand highest."""
    from scipy.signal import find_peaks

    lag = 2
    bend = np.abs(height[: -2 * lag] - 2 * height[lag:-lag] + height[2 * lag :])
    noise = float(np.median(bend)) / (0.6745 * np.sqrt(6.0))
    least = max(CLEAR * noise, LEAST * float(height.max()))
    apart = max(SPLIT * noise, 1e-9 * float(height.max()))
    tops, found = find_peaks(height, prominence=apart, height=least)
    # What ripples on a thick wire, as restored ones do, makes no two of it.
    return np.asarray(tops[found["prominences"] >= RIPPLE * height[tops]])


def _grouped(tops: npt.NDArray[np.intp]) -> list[tuple[int, int]]:
    """Return the tops in pairs; a lone one twice."""
    gaps = np.diff(tops)
    # What stands before the first two that are nearer to each other than to the next is no pair.
    start = next((k for k in range(len(gaps) - 1) if CLOSER * gaps[k] < gaps[k + 1]), None)
    if start is None:
        return [(int(tops[0]), int(tops[1]))] if len(tops) == 2 else []
    groups = [(int(tops[start]), int(tops[start + 1]))]
    apart = float(gaps[start])
    k = start + 2
    while k < len(tops):
        if k + 1 < len(tops) and gaps[k] <= CLOSER * apart + SLACK:
            groups.append((int(tops[k]), int(tops[k + 1])))
            apart = float(gaps[k])
            k += 2
        else:
            groups.append((int(tops[k]), int(tops[k])))
            k += 1
    return groups


def _with_background(groups: list[tuple[int, int]], sign: float, size: int) -> list[Pair]:
    """Return pairs with the stretches beside them where the background is read."""
    first, last = groups[0], groups[-1]
    reach = max(round(REACH * (first[1] - first[0])), 4)
    ends = [(0, max(first[0] - reach // 2, 1))]
    ends += [(a[1], b[0]) for a, b in pairwise(groups)]
    ends.append((last[1], min(last[1] + 2 * reach, size)))
    parts = [_middle(a, b) for a, b in ends]
    return [Pair(wires, (parts[k], parts[k + 1]), sign) for k, wires in enumerate(groups)]


def _middle(start: int, stop: int) -> slice:
    """Return the samples around the middle of a gap."""
    half = max(round(EDGE * (stop - start) / 2), 1)
    centre = (start + stop) // 2
    return slice(max(centre - half, 0), centre + half + 1)
