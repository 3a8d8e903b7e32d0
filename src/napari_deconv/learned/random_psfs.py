"""Random PSFs of many families, centred, on a grid of odd side."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Array = NDArray[np.floating[Any]]
Rng = np.random.Generator

FAMILIES = ("core and tail", "line", "disk or rectangle", "Gaussian")
SHARES = (0.68, 0.12, 0.12, 0.08)
TAILED, ROUGH = 0.4, 0.25
"""Shares of PSFs with an added tail, and with a rough surface."""


def random_psf(rng: Rng, side: int) -> Array:
    """Return a PSF of sum 1 and shape (side, side)."""
    at = np.arange(side) - (side - 1) / 2
    y, x = np.meshgrid(at, at, indexing="ij")
    family = str(rng.choice(FAMILIES, p=SHARES))
    psf = _MAKERS[family](rng, y, x)
    if family != FAMILIES[0] and rng.random() < TAILED:
        share = rng.uniform(0, 0.4)
        psf = (1 - share) * psf + share * _tail(rng, np.hypot(y, x))
    if rng.random() < ROUGH:
        rough = gaussian_filter(rng.normal(size=psf.shape), rng.uniform(0.7, 2.5))
        psf = psf * np.clip(1 + rng.uniform(0, 0.3) * rough / rough.std(), 0, None)
        psf = (psf + psf[::-1, ::-1]) / 2  # its centre stays where it is
    result: Array = psf / psf.sum()
    return result


def _normal(density: Array) -> Array:
    result: Array = density / density.sum()
    return result


def _size(rng: Rng, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _turned(rng: Rng, y: Array, x: Array) -> tuple[Array, Array]:
    angle = rng.uniform(0, np.pi)
    cos, sin = np.cos(angle), np.sin(angle)
    return cos * y - sin * x, cos * x + sin * y


def _oblong(rng: Rng, y: Array, x: Array, sigma: float) -> Array:
    """Return a Gaussian a little longer than wide."""
    along, across = _turned(rng, y, x)
    ratio = rng.uniform(0.8, 1)
    return _normal(np.exp(-((along / sigma) ** 2 + (across / sigma / ratio) ** 2) / 2))


def _tail(rng: Rng, radius: Array) -> Array:
    if rng.random() < 0.5:
        return _normal(np.exp(-((radius / rng.uniform(4, 12)) ** 2) / 2))
    return _normal(np.exp(-radius / rng.uniform(2.5, 8)))


def _core_and_tail(rng: Rng, y: Array, x: Array) -> Array:
    core = _oblong(rng, y, x, rng.uniform(0.7, 3.8))
    share = rng.uniform(0, 0.45)
    radius = np.hypot(y, x)
    if rng.random() < 1 / 3:
        tail = _normal((1 + (radius / rng.uniform(2, 7)) ** 2) ** -rng.uniform(1.5, 3))
    else:
        tail = _tail(rng, radius)
    return (1 - share) * core + share * tail


def _line(rng: Rng, y: Array, x: Array) -> Array:
    """Return a line of motion, smeared across and at its ends."""
    along, across = _turned(rng, y, x)
    length, sigma = rng.uniform(3, 20), rng.uniform(0.5, 1.8)
    beyond = np.maximum(np.abs(along) - length / 2, 0)
    return _normal(np.exp(-(across**2 + beyond**2) / 2 / sigma**2))


def _flat(rng: Rng, y: Array, x: Array) -> Array:
    """Return a disk or a rectangle with soft edges."""
    along, across = _turned(rng, y, x)
    size, ratio, soft = _size(rng, 1, 8), rng.uniform(0.5, 1), rng.uniform(0.4, 1.2)
    across = across / ratio
    distance = (
        np.hypot(along, across) if rng.random() < 0.6 else np.maximum(abs(along), abs(across))
    )
    return _normal(1 / (1 + np.exp(np.clip((distance - size) / soft * 2, -50, 50))))


def _gaussian(rng: Rng, y: Array, x: Array) -> Array:
    return _oblong(rng, y, x, _size(rng, 0.6, 5))


_MAKERS = dict(zip(FAMILIES, (_core_and_tail, _line, _flat, _gaussian), strict=True))
