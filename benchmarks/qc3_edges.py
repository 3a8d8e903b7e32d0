"""Fit the blur of the straight edges in the QC-3 scan."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from qc3_phantom import Image, coordinates
from scipy.optimize import least_squares
from scipy.special import erf

EDGE_REACH = 8.0
"""Pixels on each side of an edge that are fitted: half a bar of the coarsest group is 10."""
PIXELS_TWICE = 1 / 6
"""Variance of two pixels' width: the data are averages over pixels, and so is the PSF's kernel."""


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
