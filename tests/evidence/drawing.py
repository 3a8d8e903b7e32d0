"""Pictures with a known answer: blurred edges and disks, wires, noise of a known spectrum."""

from __future__ import annotations

import numpy as np
from scipy.special import erf

from napari_deconv.phantom.gauges import DUPLEX

FINE = 8
"""Points along each axis of a pixel over which a picture is averaged."""


def pixels(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of fine points, shape (H * FINE, 1) and (1, W * FINE)."""
    y, x = ((np.arange(n * FINE) + 0.5) / FINE - 0.5 for n in shape)
    return y[:, None], x[None, :]


def averaged(fine: np.ndarray) -> np.ndarray:
    """Return the mean over each pixel."""
    high, wide = (n // FINE for n in fine.shape)
    return fine.reshape(high, FINE, wide, FINE).mean((1, 3))


def step(distance: np.ndarray, sigma: float) -> np.ndarray:
    """Return an edge spread from 0 to 1 after a Gaussian blur."""
    return 0.5 + 0.5 * erf(distance / (np.sqrt(2) * sigma))


def edge(sigma: float, degrees: float = 5.0, size: int = 96) -> np.ndarray:
    """Return a straight edge from 0.2 to 1 through the middle."""
    y, x = pixels((size, size))
    turn, middle = np.deg2rad(degrees), (size - 1) / 2
    distance = (x - middle) * np.cos(turn) + (y - middle) * np.sin(turn)
    return 0.2 + 0.8 * averaged(step(distance, sigma))


def disk(sigma: float, radius: float = 30.3, size: int = 96) -> np.ndarray:
    """Return a disk of grey 1 on 0.2, sharp, blurred on the fine grid."""
    from scipy.ndimage import gaussian_filter

    y, x = pixels((size, size))
    middle = (size - 1) / 2 + 0.2
    sharp = np.clip((radius - np.hypot(x - middle, y - middle)) * FINE + 0.5, 0, 1)
    return 0.2 + 0.8 * averaged(gaussian_filter(sharp, sigma * FINE))


def box(top: float, left: float, bottom: float, right: float) -> np.ndarray:
    """Return the corners of a box."""
    return np.array([[top, left], [top, right], [bottom, right], [bottom, left]])


def gauge(
    sigma: float,
    side: float = 0.1,
    *,
    slope: float = 0.0,
    bright: bool = False,
    height: int = 60,
) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture of 13 pairs of Gaussian wires, and the line across them.

    Each wire is a Gaussian of `sigma` pixels and of a height as its diameter, so that dips are
    known; wires lie `slope` pixels aslant for each row.
    """
    places, heights, left = [], [], 2.0
    for wire in DUPLEX:
        places += [left + wire / 2, left + 2.5 * wire]
        heights += [wire, wire]
        left += 3 * wire + 1.6
    x = np.arange(round((left + 1) / side))[None, :]
    row = np.arange(height)[:, None]
    picture = np.zeros((height, x.size))
    for place, tall in zip(places, heights, strict=True):
        centre = place / side + slope * (row - height / 2)
        picture += tall * np.exp(-((x - centre) ** 2) / (2 * sigma**2))
    line = np.array([[height / 2, 4.0], [height / 2, x.size - 5.0]])
    return (1 + picture if bright else 2 - picture), line


def gaussian_dip(apart: np.ndarray | float, sigma: float) -> float:
    """Return the dip in percent between two equal Gaussians some distance apart."""
    x = np.linspace(-0.2 * apart, 1.2 * apart, 20001)
    both = np.exp(-(x**2) / (2 * sigma**2)) + np.exp(-((x - apart) ** 2) / (2 * sigma**2))
    middle = 2 * np.exp(-((apart / 2) ** 2) / (2 * sigma**2))
    return float(max(0.0, 100 * (both.max() - middle) / both.max()))


def white(shape: tuple[int, int], sigma: float, seed: int) -> np.ndarray:
    """Return white noise."""
    return np.random.default_rng(seed).normal(0, sigma, shape)


def smeared(shape: tuple[int, int], blur: float, seed: int) -> np.ndarray:
    """Return noise whose spectrum is ``exp(-4 pi^2 blur^2 f^2)``, periodic."""
    along = [np.fft.fftfreq(n) for n in shape]
    f2 = along[0][:, None] ** 2 + along[1][None, :] ** 2
    spectrum = np.fft.fft2(white(shape, 1.0, seed)) * np.exp(-2 * np.pi**2 * blur**2 * f2)
    return np.fft.ifft2(spectrum).real
