"""Random scenes without hard edges alone: clouds, leaves, bodies with tubes, stripes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Array = NDArray[np.floating[Any]]
Rng = np.random.Generator


def soft(rng: Rng, side: int) -> Array:
    """Return a random scene on a random grey range within 0.02 to 1, shape (side, side)."""
    scene = KINDS[int(rng.integers(len(KINDS)))](rng, side)
    low, high = np.percentile(scene, (0.5, 99.5))
    scene = np.clip((scene - low) / max(high - low, 1e-9), -0.1, 1.1)
    ends = np.sort(rng.uniform(0.05, 0.95, 2))
    result: Array = np.clip(ends[0] + (ends[1] - ends[0] + 0.05) * scene, 0.02, 1.0)
    return result


def clouds(rng: Rng, side: int, fall: float | None = None) -> Array:
    """Return a random field whose amplitude falls as frequency to a power."""
    fall = float(rng.uniform(0.8, 2.2)) if fall is None else fall
    f = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :])
    f[0, 0] = 1.0
    spectrum = np.fft.rfft2(rng.normal(size=(side, side))) / f**fall
    spectrum[0, 0] = 0
    field: Array = np.fft.irfft2(spectrum, s=(side, side))
    result: Array = field / field.std()
    return result


def _leaves(rng: Rng, side: int) -> Array:
    """Return disks and rectangles that cover one another, sizes spread over all scales."""
    y, x = np.mgrid[:side, :side]
    scene = np.full((side, side), rng.random())
    for radius in np.sort(5 * rng.random(120) ** -0.7)[::-1]:
        radius = min(float(radius), 90.0)
        cy, cx = rng.uniform(0, side, 2)
        grey, slope = rng.random(), rng.normal(0, 0.3, 2) / (2 * radius)
        rows = slice(max(int(cy - radius) - 2, 0), int(cy + radius) + 3)
        columns = slice(max(int(cx - radius) - 2, 0), int(cx + radius) + 3)
        dy, dx = y[rows, columns] - cy, x[rows, columns] - cx
        square = rng.random() < 0.4
        distance = np.maximum(abs(dy) * 1.4, abs(dx)) if square else np.hypot(dy, dx)
        share = np.clip(0.5 + radius - distance, 0, 1)
        part = scene[rows, columns]
        part += share * (grey + slope[0] * dy + slope[1] * dx - part)
    return scene


def _bodies(rng: Rng, side: int) -> Array:
    """Return smooth bodies with tubes and fine trabeculae in them."""
    y, x = np.mgrid[:side, :side]
    scene = np.zeros((side, side))
    for _ in range(int(rng.integers(2, 7))):
        cy, cx = rng.uniform(0, side, 2)
        radius, ratio = rng.uniform(20, 120), rng.uniform(0.4, 1)
        square = ((y - cy) / radius) ** 2 + ((x - cx) / (radius * ratio)) ** 2
        scene += rng.uniform(0.3, 1) * np.sqrt(np.maximum(1 - square, 0))
    for _ in range(int(rng.integers(2, 8))):
        way = rng.uniform(0, side) + clouds(rng, side, 1.8)[0] * rng.uniform(3, 25)
        across = np.abs((x if rng.random() < 0.5 else y).T - way[None, :])
        radius = rng.uniform(1.5, 9)
        scene += rng.uniform(-0.3, 0.5) * np.sqrt(np.maximum(1 - (across / radius) ** 2, 0))
    fine = np.abs(gaussian_filter(rng.normal(size=(side, side)), rng.uniform(1, 3)))
    mask = gaussian_filter(rng.normal(size=(side, side)), 25)
    result: Array = scene + rng.uniform(0, 1.5) * fine * (mask > 0)
    return result


def _stripes(rng: Rng, side: int) -> Array:
    """Return waves, soft or square, on a warped ground."""
    y, x = np.mgrid[:side, :side]
    angle, period = rng.uniform(0, np.pi), rng.uniform(3, 40)
    warp = clouds(rng, side, 2.0) * rng.uniform(0, 12)
    wave = np.sin(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle) + warp) / period)
    sharp = rng.uniform(1, 6)
    result: Array = np.tanh(sharp * wave) / np.tanh(sharp) + clouds(rng, side, 2.0) * rng.uniform(
        0, 0.6
    )
    return result


KINDS: tuple[Callable[[Rng, int], Array], ...] = (clouds, _leaves, _leaves, _bodies, _stripes)
