"""What is learned from and judged by: slices of one object, another object, a real short exposure.

The object is the package's simulated casting, its metal given a grain and pores, so that its slices
are not all plain; the other is a radiograph of the package's bearing and weld.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter

from napari_deconv import io
from napari_deconv.phantom.voxels import AIR, casting
from napari_deconv.samples import radiograph
from napari_deconv.xray.correct import Correction

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "dose"
"""Real exposures of 5, 10 and 120 s of a water step wedge, by neutrons (CC0), beside a checkout."""
SLICES, SIDE, SCALE = 64, 192, 3.6
"""Slices of the object, their side in pixels, and how much larger its layout is drawn."""
SPOTS = Correction(keep_lines=False, spot_size=7, spot_sigma=4)
"""Takes what gamma rays leave, tracks of them as well: the wedge has no thin bright lines."""
GRAIN, PORES = 0.06, 2.7
"""Of the metal: spread of its density, and sigmas of a random field where a pore begins."""


@dataclass(frozen=True, eq=False)
class Exposures:
    """A real frame of much noise and the long exposure of the same scene, shape (H, W)."""

    name: str
    short: np.ndarray
    long: np.ndarray


def slices(number: int = SLICES) -> np.ndarray:
    """Return slices of the casting, density relative to steel, shape (N, H, W)."""
    shape = (number, SIDE, SIDE)
    density = casting(shape, SCALE).density
    rng = np.random.default_rng(0)
    grain, pores = (_field(rng, shape, sigma) for sigma in (1.5, 2.0))
    metal = (density > 2 * AIR).astype(float)
    density = density * (1 + GRAIN * metal * grain)
    density = np.where((pores > PORES) & (metal > 0), AIR, density)
    return np.clip(density, 0, None).astype(np.float32)


def other() -> np.ndarray:
    """Return radiographs of other parts, transmission from 0 to 1, shape (N, H, W)."""
    point = np.ones((1, 1))
    parts = [radiograph((2 * SIDE, 2 * SIDE), psf=point, part=part) for part in ("bearing", "weld")]
    return np.stack([part.truth for part in parts])


def exposures(side: int | None = None) -> list[Exposures]:
    """Return the real frames, or a corner of them; none where they are not there."""
    if not DATA.is_dir():
        return []
    files = {seconds: DATA / f"neutron_wedge_{seconds:03d}s.tif" for seconds in (5, 10, 120)}
    raw = {seconds: np.asarray(io.read(file).array) for seconds, file in files.items()}
    beam = raw[120][1]
    through = {s: _filled(SPOTS.correct(r[0], beam, r[2]).values) for s, r in raw.items()}
    long = through[120]
    corner = (slice(side), slice(side))
    return [
        Exposures(
            f"{seconds} s",
            (through[seconds] * (long.mean() / through[seconds].mean()))[corner],
            long[corner],
        )
        for seconds in (5, 10)
    ]


def _field(rng: np.random.Generator, shape: tuple[int, ...], sigma: float) -> np.ndarray:
    """Return a smooth random field of mean 0 and spread 1."""
    field = gaussian_filter(rng.normal(size=shape).astype(np.float32), sigma, mode="wrap")
    return (field - field.mean()) / field.std()


def _filled(image: np.ndarray) -> np.ndarray:
    """Return a picture with its median where nothing was measured."""
    return np.where(np.isfinite(image), image, np.nanmedian(image)).astype(np.float32)
