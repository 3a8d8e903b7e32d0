"""Where the parts of the QC-3 phantom lie in its scan, and what is measured there.

Places are (u, v): u along the phantom's long side, which the bars of its line pairs follow, v
across them, in pixels from `CENTRE`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_deconv.evidence.profile import Profile, line_profile

SCAN = Path(__file__).parents[2] / "shared" / "data" / "xray" / "mv_qc3_linepairs.tif"
PIXEL = 0.392
"""Size of a pixel at the detector in mm."""

Image = NDArray[Any]

CENTRE = (380.0, 516.0)
ANGLE = 43.9
"""Degrees from the rows to the u axis; at it all five groups are modulated most, to 0.1."""
ALONG_BARS = 60.0
"""Pixels over which profiles are averaged along the bars."""


class Group(NamedTuple):
    """Line pairs: where u is, and v at its first and last whole line, bright or dark."""

    u: float
    first: float
    last: float
    lines: int
    first_is_bright: bool

    @property
    def period(self) -> float:
        """Length of a line pair in pixels."""
        return 2 * (self.last - self.first) / (self.lines - 1)


GROUPS = (
    Group(165, -24.0, 34.6, 4, True),
    Group(-160, -37.4, 42.6, 9, True),
    Group(82, -41.8, 51.1, 13, True),
    Group(-80, -50.8, 52.1, 23, False),
    Group(0, -51.0, 51.0, 41, True),
)
"""The coarsest first. Lines at the ends that are cut off or touch a block are left out."""


FLATS = {
    "dark block": (-28, 28, -145, -70),
    "grey block": (55, 110, -145, -70),
    "light block": (-105, -50, -145, -70),
    "lightest block": (-25, 30, 75, 150),
    "open field": (-140, -55, 385, 470),
}
"""Flat regions as u and v from, to."""
PHANTOM = (-215, 215, -182, 182)


def coordinates(shape: tuple[int, ...]) -> tuple[Image, Image]:
    """Return u and v of every pixel."""
    rows, columns = np.indices(shape)
    rows, columns = rows - CENTRE[0], columns - CENTRE[1]
    (u0, u1), (v0, v1) = axes()
    return rows * u0 + columns * u1, rows * v0 + columns * v1


def axes() -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the directions of u and v as (row, column)."""
    s, c = float(np.sin(np.deg2rad(ANGLE))), float(np.cos(np.deg2rad(ANGLE)))
    return (s, c), (c, -s)


def box(shape: tuple[int, ...], limits: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    """Return True inside limits of u and v."""
    u, v = coordinates(shape)
    return (u > limits[0]) & (u < limits[1]) & (v > limits[2]) & (v < limits[3])


def across(image: Image, u: float, start: float, stop: float, width: float) -> Profile:
    """Return the profile along v at u, averaged along the bars."""
    along_u, along_v = (np.asarray(axis) for axis in axes())
    foot = np.asarray(CENTRE) + u * along_u
    return line_profile(image, (foot + start * along_v, foot + stop * along_v), width=width)


def modulation(image: Image, group: Group) -> float:
    """Return (max - min) / (max + min): means of each line's own extremum, to a quarter period."""
    period = group.period
    start = group.first - period / 2
    profile = across(image, group.u, start, group.last + period / 2, ALONG_BARS)
    levels: tuple[list[float], list[float]] = ([], [])
    for number, centre in enumerate(np.linspace(group.first, group.last, group.lines)):
        near = np.abs(profile.distance + start - centre) <= period / 4
        bright = (number % 2 == 0) == group.first_is_bright
        extremum = profile.values[near].max() if bright else profile.values[near].min()
        levels[bright].append(float(extremum))
    dark, bright_level = (float(np.mean(kind)) for kind in levels)
    return (bright_level - dark) / (bright_level + dark)


@dataclass(frozen=True)
class Noise:
    """Noise of flat regions: variance = gain * grey value.

    Attributes
    ----------
    gain : float
        Grey values.
    neighbours : float
        Correlation of a pixel with the next.
    white : float
        What the finest diagonal differences see of sigma; 1 if the noise were white.
    """

    gain: float
    neighbours: float
    white: float

    @classmethod
    def of(cls, image: Image) -> Noise:
        """Measure it in the flat regions, a cubic surface taken off each."""
        found = []
        for limits in FLATS.values():
            rest = detrended(image, box(image.shape, limits))
            variance = float(np.nanvar(rest))
            pairs = [np.nanmean(rest[1:] * rest[:-1]), np.nanmean(rest[:, 1:] * rest[:, :-1])]
            fine = (rest[1:, 1:] - rest[1:, :-1] - rest[:-1, 1:] + rest[:-1, :-1]) / 2
            mean = float(image[box(image.shape, limits)].mean())
            found.append(
                (variance / mean, np.mean(pairs) / variance, np.nanstd(fine) / np.sqrt(variance))
            )
        return cls(*(float(x) for x in np.mean(found, axis=0)))

    def sigma(self, image: Image) -> Image:
        """Return the standard deviation at each pixel."""
        return np.sqrt(self.gain * np.maximum(image.astype(np.float64), 1.0))


def detrended(image: Image, where: NDArray[np.bool_]) -> Image:
    """Return a region less its cubic surface, NaN around it, scaled for the terms taken off."""
    rows, columns = (
        index[where] / 100 - index[where].mean() / 100 for index in np.indices(image.shape)
    )
    terms = np.stack([rows**i * columns**j for i in range(4) for j in range(4 - i)], axis=1)
    grey = image[where].astype(np.float64)
    rest = np.full(image.shape, np.nan)
    surface = terms @ np.linalg.lstsq(terms, grey, rcond=None)[0]
    rest[where] = (grey - surface) * np.sqrt(grey.size / (grey.size - terms.shape[1]))
    return rest
