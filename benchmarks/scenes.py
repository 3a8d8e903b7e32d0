"""Pictures whose truth is known, of parts, castings, grains and rock, and scans made of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve
from scipy.spatial import cKDTree

from napari_deconv import samples

Array = NDArray[np.floating]

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SIDE, AROUND = 192, 30
"""Of the frame, and what lies beyond each border, in pixels."""
WHOLE = SIDE + 2 * AROUND
FINE = 3
"""Samples along each side of a pixel, of what is drawn here."""


class Scan(NamedTuple):
    """A simulated scan, its truth, and the sigma of its noise."""

    image: NDArray[np.float32]
    truth: Array
    sigma: float


def cut(picture: Array, row: int, column: int) -> Array:
    """Return a frame of a picture and what lies around it."""
    return picture[row - AROUND : row + SIDE + AROUND, column - AROUND : column + SIDE + AROUND]


def part(name: samples.PartName) -> Array:
    """Return a simulated part."""
    return samples.radiograph((512, 512), part=name).truth.astype(np.float64)


def grid() -> tuple[Array, Array]:
    """Return rows and columns of the fine samples, in pixels."""
    n = WHOLE * FINE
    y, x = np.mgrid[:n, :n] / FINE
    return y, x


def coarse(fine: Array) -> Array:
    """Return the mean over each pixel."""
    return fine.reshape(WHOLE, FINE, WHOLE, FINE).mean((1, 3))


def casting() -> Array:
    """Return a stepped plate with 60 round pores, 1 to 10 px in radius, and four wires."""
    rng = np.random.default_rng(0)
    y, x = grid()
    plate = 0.7 + 0.1 * (x > WHOLE / 2)
    for _ in range(60):
        radius = np.exp(rng.uniform(0, 2.3))
        row, column = rng.uniform(0, WHOLE, 2)
        inside = (y - row) ** 2 + (x - column) ** 2 < radius**2
        plate -= inside * rng.uniform(0.1, 0.5)
    for wire in range(4):
        turn, aside = rng.uniform(0, 3), rng.uniform(-60, 60)
        across = (x - WHOLE / 2) * np.cos(turn) + (y - WHOLE / 2) * np.sin(turn) - aside
        plate -= 0.2 * (abs(across) < 0.4 + 0.3 * wire)
    return coarse(plate)


def grains() -> Array:
    """Return grains of four minerals, 14 px across on average, with pores between them."""
    rng = np.random.default_rng(0)
    y, x = grid()
    seeds = rng.uniform(-14, WHOLE + 14, (int((WHOLE + 28) ** 2 / 14**2), 2))
    apart, nearest = cKDTree(seeds).query(np.stack([y.ravel(), x.ravel()], 1), k=2)
    gap = (apart[:, 1] - apart[:, 0]).reshape(y.shape)
    mineral = rng.choice([0.6, 0.7, 0.75, 0.95], len(seeds), p=[0.3, 0.4, 0.2, 0.1])
    pore = rng.uniform(0.3, 3.0, len(seeds))
    own = nearest[:, 0]
    return coarse(np.where(gap > pore[own].reshape(y.shape), mineral[own].reshape(y.shape), 0.1))


def stored(path: str) -> Array:
    """Return a clean picture of the data beside the checkout."""
    import tifffile

    return tifffile.imread(DATA / path).astype(np.float64)


def rock() -> Array:
    """Return a slice of shale, mirrored by a pixel at its borders."""
    return np.pad(stored("xray/ct_rock_16bit.tif"), 1, mode="reflect")[:WHOLE, :WHOLE]


SCENES: dict[str, Callable[[], Array]] = {
    "bearing": lambda: cut(part("bearing"), 60, 60),
    "weld": lambda: cut(part("weld"), 170, 150),
    "casting": casting,
    "grains": grains,
    "rock": rock,
    "sandstone": lambda: cut(stored("xray/ct_sandstone_a.tif"), 300, 300),
}
"""By name; rock and sandstone are CT slices that lie beside the checkout, if at all."""


@cache
def scene(name: str) -> Array:
    """Return a picture, from 0.05 to 0.95, with what lies around its frame."""
    picture = SCENES[name]()
    return 0.05 + 0.9 * (picture - picture.min()) / np.ptp(picture)


def there(names: list[str]) -> list[str]:
    """Return the names of the pictures that are there; say so of the others."""
    found = []
    for name in names:
        try:
            scene(name)
        except FileNotFoundError as error:
            print(f"skipped {name}: {error.filename} is not there")
        else:
            found.append(name)
    return found


def scan(name: str, psf: Array, share: float, seed: int) -> Scan:
    """Return a picture blurred, also by what lies around it, with noise of a share of its range."""
    whole = scene(name)
    blurred = fftconvolve(whole, psf, mode="valid")
    inset = (len(blurred) - SIDE) // 2
    frame = blurred[inset : inset + SIDE, inset : inset + SIDE]
    sigma = share * float(np.ptp(frame))
    noisy = frame + np.random.default_rng(seed).normal(0, sigma, frame.shape)
    return Scan(noisy.astype(np.float32), whole[AROUND:-AROUND, AROUND:-AROUND], sigma)
