"""The three simulated frames: slits in tungsten, flat steps, and soft gradients.

Each scene is drawn larger than its frame by the PSF and blurred by a *valid* convolution, so that
what lies beyond the border reaches into the frame as it does on a detector.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.signal import fftconvolve

from napari_deconv.phantom.gauges import ATTENUATION, letters, step_wedge
from napari_deconv.phantom.solids import (
    Place,
    Rays,
    ball,
    cone,
    disk,
    hexagon,
    plate,
    ring,
    rod,
    span,
)
from napari_deconv.samples import core_and_tail

PIXEL = 0.1
"""Side of a pixel, mm."""
SIZE = 192
"""Pixels on a side of a frame."""
PSF_SIDE = 41
"""Pixels on a side of the PSF, a Gaussian of 1 px with a tail that reaches far."""
PEAK = 20000.0
"""Counts in the unattenuated beam."""
BEAM = 0.95
"""Grey value of the unattenuated beam."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A simulated scan, what is known of it, and the row that its profile follows."""

    name: str
    image: np.ndarray
    truth: np.ndarray
    psf: np.ndarray
    row: int
    columns: tuple[int, int]


def frames(size: int = SIZE) -> list[Frame]:
    """Return the three frames, `size` pixels a side; a smaller one is the same scene's corner."""
    rows = {"lines": 0.24, "flat": 0.21, "gradients": 0.42}
    spans = {"lines": (0.03, 0.97), "flat": (0.03, 0.97), "gradients": (0.03, 0.97)}
    return [
        _exposed(name, scene, size, int(rows[name] * size), spans[name], seed)
        for seed, (name, scene) in enumerate(SCENES.items())
    ]


def _exposed(
    name: str,
    scene: Callable[[Rays], np.ndarray],
    size: int,
    row: int,
    columns: tuple[float, float],
    seed: int,
) -> Frame:
    psf = core_and_tail(PSF_SIDE, core=1.0, tail=2.5)
    margin = psf.shape[0] // 2
    corner = (-margin * PIXEL, -margin * PIXEL)
    rays = Rays.grid((size + 2 * margin, size + 2 * margin), PIXEL, corner)
    light = BEAM * np.exp(-scene(rays))
    blurred = np.maximum(fftconvolve(light, psf, mode="valid"), 0)
    counts = np.random.default_rng(seed).poisson(PEAK * blurred)
    inside = slice(margin, margin + size)
    return Frame(
        name=name,
        image=(counts / PEAK).astype(np.float32),
        truth=light[inside, inside].astype(np.float32),
        psf=psf.astype(np.float32),
        row=row,
        columns=(int(columns[0] * size), int(columns[1] * size)),
    )


def slits(rays: Rays) -> np.ndarray:
    """Return 8 mm of tungsten with slits of falling pitch, standing, lying and turned."""
    shut = np.ones(np.broadcast_shapes(rays.x.shape, rays.y.shape))
    left = 0.7
    for pitch in (1.6, 1.2, 0.9, 0.7, 0.6, 0.5):
        shut = shut - _slits(rays, Place(left, 2.2), pitch, 5.2)
        left += 3.5 * pitch + 0.75
    own = 9.4
    for pitch in (1.4, 1.0, 0.8, 0.6):
        shut = shut - _slits(rays, Place(0.0, own, -90.0), -pitch, 6.2)
        own += 3.5 * pitch + 0.6
    for number, pitch in enumerate((1.2, 0.8, 0.6)):
        shut = shut - _slits(rays, Place(9.0 + 4.6 * number, 10.2, 12.0), pitch, 9.6)
    # Two single slits that leave the frame on the right and at the top.
    shut = shut - span(rays.y, 0.7, 1.0, PIXEL) - span(rays.x, 18.5, 18.8, PIXEL)
    return 8.0 * ATTENUATION["tungsten"] * np.clip(shut, 0.0, 1.0)


def _slits(rays: Rays, place: Place, pitch: float, length: float) -> np.ndarray:
    """Return the share of each pixel in four slits half a pitch wide, along the own ``y``."""
    own = rays.at(place)
    wide, sign = abs(pitch), np.sign(pitch)
    bars = [
        span(sign * own.x, k * wide, (k + 0.5) * wide, own.pixel)
        * span(own.y, 0, length, own.pixel)
        for k in range(4)
    ]
    return sum(bars[1:], bars[0])


def steps(rays: Rays) -> np.ndarray:
    """Return plates, holes, nuts, letters and a wedge: every grey value over a flat region."""
    steel = ATTENUATION["steel"]
    wedge = step_wedge(rays, Place(3.6, -2.0), steps=[2.0, 5.0, 8.0, 12.0, 17.0, 23.0], tread=4.0)
    own = rays.at(Place(13.2, 5.6, 7.0))
    flange = 6.0 * plate(own, 9.0, 7.6, 1.0)
    flange = flange - 6.0 * disk(rays.at(Place(11.2, 4.2)), 1.1)
    flange = flange + 4.0 * hexagon(rays.at(Place(15.4, 7.0, 10.0)), 2.6)
    flange = flange + 3.0 * ring(rays.at(Place(14.6, 3.6)), 0.6, 1.2)
    bars = 7.0 * plate(rays.at(Place(13.0, 15.0, -20.0)), 16.0, 3.6, 0.2)
    bars = (
        bars
        - 7.0 * disk(rays.at(Place(11.0, 15.7)), 0.9)
        - 7.0 * disk(rays.at(Place(15.0, 14.3)), 0.5)
    )
    words = letters(rays, Place(8.4, 10.4), "ND12", 2.0).attenuation
    return wedge.attenuation + steel * (flange + bars) + words


def slopes(rays: Rays) -> np.ndarray:
    """Return balls, tubes and a blunt cone before a slanting wedge: hardly a pixel is flat."""
    steel = ATTENUATION["steel"]
    slant = 3.0 + 0.35 * rays.x + 0.12 * rays.y
    round_bodies = 1.6 * ball(rays.at(Place(5.4, 8.0)), 3.6) + ball(rays.at(Place(13.8, 6.2)), 4.6)
    round_bodies = round_bodies - 1.6 * ball(rays.at(Place(6.4, 8.6)), 0.8)
    tube = rays.at(Place(10.0, 15.2, 74.0))
    pipe = rod(tube, 2.6, 40.0) - rod(tube, 1.7, 40.0)
    hill = 9.0 * cone(rays.at(Place(17.2, 17.0)), 0.6, 4.0)
    return steel * (slant + round_bodies + pipe + hill)


SCENES = {"lines": slits, "flat": steps, "gradients": slopes}
