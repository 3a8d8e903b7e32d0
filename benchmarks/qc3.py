"""A real radiograph of the QC-3 line-pair phantom, deblurred: what was gained, and what held.

    python benchmarks/qc3.py [--picture FILE.png] [--recipe FILE.yaml] [--markdown]

The scan is looked for in ../shared/data beside the checkout. Places on the phantom are (u, v): u
along its long side, v along its bars' stacking, in pixels from `CENTRE`, turned by `ANGLE`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tifffile
from numpy.typing import NDArray
from scipy.optimize import brentq, least_squares
from scipy.special import erf
from table import parser, show

from napari_deconv import Recipe
from napari_deconv.evidence.profile import Profile, line_profile
from napari_deconv.evidence.residual import ResidualCheck, residual_check

SCAN = Path(__file__).parents[2] / "shared" / "data" / "xray" / "mv_qc3_linepairs.tif"
PIXEL = 0.392
"""Size of a pixel at the detector in mm."""

Image = NDArray[Any]

CENTRE = (380.0, 516.0)
ANGLE = 43.9
"""Degrees from the rows to the u axis; at it all five groups are modulated most, to 0.1."""
ALONG_BARS = 60.0
"""Pixels over which profiles are averaged along the bars."""
EDGE_REACH = 8.0
"""Pixels on each side of an edge that are fitted: half a bar of the coarsest group is 10."""
PIXELS_TWICE = 1 / 6
"""Variance of two pixels' width: the data are averages over pixels, and so is the PSF's kernel."""


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
    Group(165, -24.2, 35.2, 4, True),
    Group(-160, -37.4, 42.6, 9, True),
    Group(82, -41.8, 51.1, 13, True),
    Group(-80, -50.8, 52.1, 23, False),
    Group(0, -51.0, 50.5, 40, True),
)
"""The coarsest first. Lines at the ends that are cut off or touch a block are left out."""


class Edge(NamedTuple):
    """A straight edge: across u or v, where, and from where to where along it."""

    name: str
    across: str
    at: float
    start: float
    stop: float


EDGES = (
    Edge("dark block, left", "u", -38.2, -150, -65),
    Edge("block 2, lower", "v", -33.8, 132, 190),
    Edge("coarsest bar 1, upper", "v", -14.2, 132, 190),
    Edge("coarsest bar 1, lower", "v", 5.4, 132, 190),
    Edge("coarsest bar 2, upper", "v", 24.6, 132, 190),
)
"""Those with a plateau as wide as the fit on both sides; most blocks have a bright gap between."""

FLATS = {
    "dark block": (-28, 28, -145, -70),
    "grey block": (55, 110, -145, -70),
    "light block": (-105, -50, -145, -70),
    "lightest block": (-25, 30, 75, 150),
    "open field": (-330, -250, -150, -70),
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


class EdgeFit(NamedTuple):
    """An error function fitted to an edge: sigma and its standard error in pixels, rms left."""

    sigma: float
    error: float
    tilt: float
    rms: float


def fit_edge(image: Image, edge: Edge, level: bool = False, reach: float = EDGE_REACH) -> EdgeFit:
    """Fit an error function between two plateaus to all pixels near an edge.

    Each pixel stands at its distance from the edge, which is fitted too, so that the edge-spread
    function is sampled far more finely than the pixels are. The plateaus may slope (the glare of
    the detector does that), unless they shall be `level`.
    """
    u, v = coordinates(image.shape)
    x, along = (u, v) if edge.across == "u" else (v, u)
    near = (along > edge.start) & (along < edge.stop) & (np.abs(x - edge.at) < reach + 3)
    x, along = x[near] - edge.at, along[near] - (edge.start + edge.stop) / 2
    grey = image[near].astype(np.float64)

    def distance(p: Image) -> Image:
        return (x - p[0] - p[1] * along) / np.hypot(1, p[1])

    def misfit(p: Image) -> Image:
        d = distance(p)[inside]
        step = (1 + erf(d / (np.sqrt(2) * p[5]))) / 2
        slopes = (0.0, 0.0) if level else p[6:8]
        low, high = p[2] + slopes[0] * np.minimum(d, 0), p[3] + slopes[1] * np.maximum(d, 0)
        return low + (high - low) * step + p[4] * along[inside] - grey[inside]

    p = np.array([0, 0, grey[x < -4].mean(), grey[x > 4].mean(), 0, 1.5, 0, 0])
    p = p[: 6 if level else 8]
    for _ in range(3):  # which pixels are inside hangs on where the edge is
        inside = np.abs(distance(p)) < reach
        found = least_squares(misfit, p, x_scale=[1, 0.01, 100, 100, 1, 1, 1, 1][: p.size])
        p = found.x
    variance = 2 * found.cost / (inside.sum() - p.size)
    error = np.sqrt(np.linalg.inv(found.jac.T @ found.jac)[5, 5] * variance)
    tilt = float(np.degrees(np.arctan(p[1])))
    return EdgeFit(float(p[5]), float(error), tilt, float(np.sqrt(variance)))


def psf_sigma(edge_sigma: float) -> float:
    """Return the sigma of the Gaussian PSF whose kernel blurs a sharp edge to `edge_sigma`."""
    return float(np.sqrt(edge_sigma**2 - PIXELS_TWICE))


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
