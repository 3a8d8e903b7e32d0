"""The duplex wire gauge: which of 13 pairs of wires are told apart, and the resolution from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_deconv.evidence.duplex_pairs import Pair, expected, find_pairs, first_number, goes_on
from napari_deconv.evidence.jackknife import jackknife
from napari_deconv.evidence.profile import line_profile
from napari_deconv.evidence.reading import Axis, Curve, Graph, Mark, Reading
from napari_deconv.phantom.gauges import DUPLEX
from napari_deconv.psf.figures import Figure

Floats = npt.NDArray[np.float64]

LIMIT = 20.0
"""Percent of dip between two wires that tells them apart."""
BAND = 21
"""Pixels of the band that a profile is averaged over, as the standard has it at least."""
SLANT = 0.15
"""Most that the wires may lie off the line's perpendicular, as a slope: 8.5 degrees."""
SLANTS = 61
"""Slopes tried."""
BOTH_SIDES = 2
"""Pairs on either side of the limit that the parabola is laid through."""


@dataclass(frozen=True)
class Duplex:
    """What a duplex wire gauge shows.

    Attributes
    ----------
    distance, profile : ndarray, shape (N,)
        Along the line, in pixels; grey values averaged over the band.
    pairs : tuple of Pair
        From the thickest on.
    first : int
        Number of the first of them, from 1.
    resolution, error : float
        Interpolated basic spatial resolution in mm at the gauge, NaN if the limit is not within
        the gauge, and its standard error.
    certain : bool
        Whether the wires lie as far apart as the pixel size says of these pairs.
    hidden : bool
        Whether the line goes on to a thinner pair that noise hides: its dip counts as 0.
    """

    distance: Floats
    profile: Floats
    pairs: tuple[Pair, ...]
    first: int
    resolution: float
    error: float
    certain: bool
    hidden: bool

    @property
    def dips(self) -> Floats:
        """Dips in percent."""
        return _dips(self.pairs, self.hidden)

    @property
    def limiting(self) -> int | None:
        """Number of the first pair that is not told apart; None if all are."""
        return limiting(self.dips, self.first)

    def reading(self) -> Reading:
        """Return iSRb, the limiting pair, all dips, and the profile with its dips marked."""
        unknown, limit = float("nan"), self.limiting
        figures = [Figure("iSRb", self.resolution, self.error, "mm")]
        if limit is not None:
            figures.append(Figure(f"SRb (D{limit})", DUPLEX[limit - 1], unknown, "mm"))
        figures += [
            Figure(f"dip D{self.first + k}", pair.dip, unknown, "%")
            for k, pair in enumerate(self.pairs)
        ]
        marks = tuple(
            Mark(pair.middle, pair.level, f"D{self.first + k}: {pair.dip:.0f} %")
            for k, pair in enumerate(self.pairs)
        )
        graph = Graph(
            "Duplex wires",
            Axis("distance", "px"),
            Axis("grey value"),
            (Curve("profile", self.distance, self.profile),),
            marks,
        )
        return Reading(tuple(figures), graph, self._notes(limit))

    def _notes(self, limit: int | None) -> tuple[str, ...]:
        notes = []
        last = self.first + len(self.pairs) - 1
        if self.hidden and limit is not None and limit > last:
            notes.append(f"Noise hides the pairs beyond D{last}; their dip counts as 0.")
        if limit is None:
            notes.append(
                f"All {len(self.pairs)} pairs on the line are told apart: draw it on to thinner "
                "wires, if there are any."
            )
        elif limit == self.first:
            notes.append("No pair has a dip of 20 %: the resolution is coarser than the gauge.")
        if not self.certain:
            notes.append(
                f"The first pair on the line is taken for D{self.first}, though the wires do not "
                "lie as far apart as the pixel size says: say which it is, or mind that the gauge "
                "is magnified."
            )
        return tuple(notes)


def duplex_wires(
    image: npt.ArrayLike,
    line: npt.ArrayLike,
    *,
    side: float | None = None,
    width: float = BAND,
    first: int | None = None,
) -> Duplex:
    """Measure a duplex wire gauge along a line.

    The profile is averaged over a band of `width` pixels, sheared until the wires stand upright in
    it. A pair's dip is ``100 (A + B - 2 C) / (A + B)`` with the heights A and B of the two wires
    and C of the lowest place between them over the background; 20 % tells it apart. The
    interpolated basic spatial resolution iSRb is the wire diameter at which the parabola through
    the dips of two pairs above 20 % and two below (those above 0; else the next one with 0) passes
    20 % (manner of ISO 19232-5 and ASTM E2002). Without noise, dips of wires that a Gaussian of
    2.5 px or more blurred are met to 3 % (of 100); iSRb lies within 4 % of the diameter whose dip
    is 20 %.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values proportional to dose: counts or transmission.
    line : array_like, shape (2, 2)
        From the thickest pair towards the thinnest, or back, as (row, column) in pixels.
    side : float, optional
        Of a pixel in mm at the gauge: tells which pair is the first on the line.
    width : float
        Pixels of the band; it must lie within the wires' length.
    first : int, optional
        Number of the first pair on the line, 1 to 13; found from `side`, or 1, if not given.

    Raises
    ------
    ValueError
        In one sentence that says what to draw instead.

    References
    ----------
    ISO 19232-5:2018; ASTM E2002-15; U. Ewert, U. Zscherpel, M. Jechow, "Essential parameters and
    conditions for optimum image quality in digital radiology", 18th WCNDT, 2012.
    """
    if first is not None and not 1 <= first <= len(DUPLEX):
        raise ValueError(f"Pairs are numbered 1 to {len(DUPLEX)}; there is no D{first}.")
    distance, rows = _upright(*_band(image, np.asarray(line, float), width))
    profile = rows.mean(0)
    found, backwards = find_pairs(profile)
    if backwards:
        rows, profile = rows[:, ::-1], profile[::-1]
    step = float(distance[1] - distance[0])
    number, certain = first_number(found, step, side)
    number = number if first is None else first
    found = found[: len(DUPLEX) + 1 - number]
    found = expected(found, diameters(number, len(found)))
    hidden = number + len(found) <= len(DUPLEX) and goes_on(found, profile.size)

    def measured(values: Floats) -> tuple[tuple[Pair, ...], float]:
        pairs = tuple(pair.measured(values, step) for pair in found)
        dips = _dips(pairs, hidden)
        return pairs, interpolated(dips, diameters(number, dips.size))

    def estimate(used: npt.NDArray[np.bool_]) -> Floats:
        return np.array([measured(rows[used].mean(0))[1]])

    pairs, resolution = measured(profile)
    error = float(jackknife(np.arange(len(rows)), estimate)[0])
    certain = certain or first is not None
    return Duplex(distance, profile, pairs, number, resolution, error, certain, hidden)


def limiting(dips: Floats, first: int) -> int | None:
    """Return the number of the first pair with a dip below the limit; None if there is none."""
    below = np.flatnonzero(dips < LIMIT)
    return first + int(below[0]) if below.size else None


def interpolated(dips: Floats, wires: Floats) -> float:
    """Return the diameter at which the dips pass the limit; NaN if they do not."""
    below = np.flatnonzero(dips < LIMIT)
    if not below.size or below[0] == 0:
        return float("nan")
    after = int(below[0])
    others = [k for k in range(after, min(after + BOTH_SIDES, dips.size)) if dips[k] > 0]
    near = [*range(max(after - BOTH_SIDES, 0), after), *(others or [after])]
    x, y = wires[near], dips[near] - LIMIT
    low, high = wires[after], wires[after - 1]
    if len(near) > 2:
        roots = np.roots(np.polyfit(x, y, 2))
        real = roots.real[np.abs(roots.imag) < 1e-9]
        inside = real[(real > 0.9 * low) & (real < 1.1 * high)]
        if inside.size:
            return float(inside[np.argmin(np.abs(inside - (low + high) / 2))])
    share = (LIMIT - dips[after]) / (dips[after - 1] - dips[after])
    return float(low + share * (high - low))


def _dips(pairs: tuple[Pair, ...], hidden: bool) -> Floats:
    """Return the dips in percent; of a pair that noise hides 0."""
    return np.array([*(pair.dip for pair in pairs), *([0.0] if hidden else [])])


def diameters(first: int, count: int) -> Floats:
    """Return the diameters in mm of a number of pairs, from one on."""
    return np.array(DUPLEX[first - 1 : first - 1 + count])


def _band(image: npt.ArrayLike, line: Floats, width: float) -> tuple[Floats, Floats]:
    """Return the distance along the line, and the profiles of lines beside it, a pixel apart."""
    if line.shape != (2, 2):
        raise ValueError("A duplex wire gauge needs a line across its wires.")
    rows = max(1, round(width))
    along = line[1] - line[0]
    across = np.array([-along[1], along[0]]) / max(float(np.hypot(*along)), 1e-9)
    profiles = [
        line_profile(image, line + offset * across, width=1.0)
        for offset in np.arange(rows) - (rows - 1) / 2
    ]
    values = np.stack([profile.values for profile in profiles])
    if not np.isfinite(values).all():
        raise ValueError(
            "The band around the line reaches beyond the image, or holds values that are not "
            "finite; draw the line inside, or choose a narrower band."
        )
    return profiles[0].distance, values


def _upright(distance: Floats, rows: Floats) -> tuple[Floats, Floats]:
    """Return rows shifted along the line until their mean shows the most: wires at right angles."""
    offset = np.arange(len(rows)) - (len(rows) - 1) / 2

    def sheared(slope: float) -> Floats:
        return np.stack(
            [
                np.interp(distance + slope * k, distance, row)
                for k, row in zip(offset, rows, strict=True)
            ]
        )

    def contrast(slope: float) -> float:
        return float(np.square(np.diff(sheared(slope).mean(0))).sum())

    slopes = np.linspace(-SLANT, SLANT, SLANTS)
    best = int(np.argmax([contrast(slope) for slope in slopes]))
    fine = slopes[best] + np.linspace(-1, 1, 11) * (slopes[1] - slopes[0])
    return distance, sheared(float(fine[np.argmax([contrast(slope) for slope in fine])]))
