"""Curves of a PSF that was refined on the image, beside those of the PSF it began with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_deconv.psf.free_parameters import FreePsf
from napari_deconv.psf.kernel_spread import STEP, Spreads
from napari_deconv.psf.line_spread import aperture
from napari_deconv.widgets.psf_curves import (
    DOTS,
    NYQUIST,
    Drawing,
    Trace,
    binned,
    highest,
    marked_levels,
    scaled,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_deconv.core.units import PixelSize
    from napari_deconv.psf.refined_blur import RefinedBlur
    from napari_deconv.psf.sampling import Psf
    from napari_deconv.widgets.psf_curves import Style
    from napari_deconv.widgets.psf_words import Scale

    Floats = NDArray[np.float64]

INNER = 0.99
"""Share of the pixels that are drawn: the farthest are few."""
MIXED = tuple(np.linspace(0, np.pi / 4, 5))
"""Directions off a pixel's side over which its aperture is averaged."""


def of_refined(blur: RefinedBlur, size: PixelSize | None, scale: Scale) -> Drawing:
    """Return the edges that counted, laid over each other, with the fit and the PSF as given."""
    stack, given = blur.stack, blur.given
    assert stack is not None
    assert given is not None
    far = float(np.quantile(np.abs(stack.distance), INNER))
    near = np.abs(stack.distance) <= far
    distance, share, fitted = (x[near] for x in stack)
    few = np.sort(np.random.default_rng(0).permutation(distance.size)[:DOTS])
    curves: tuple[tuple[Psf, Style, str], ...] = (
        (given, "other", "given"),
        (blur.psf, "model", "refined"),
    )
    frequency = np.linspace(0, NYQUIST, 201)
    spread, lines, modulations = [], [], []
    for psf, style, name in curves:
        free = FreePsf(psf, size)
        places, rise, line = _across(free, far)
        modulation = _modulation(free, frequency)
        spread.append(Trace(places * scale.factor, rise, style, name))
        lines.append(Trace(places * scale.factor, line / scale.factor, style, name))
        modulations.append(Trace(frequency / scale.factor, modulation, style, name))
    marked = marked_levels(frequency, modulation, scale)
    return Drawing(
        scale=scale,
        across="Edge spread",
        dots=(distance[few] * scale.factor, share[few]),
        spread=spread,
        means=scaled(binned(distance, share), scale),
        residual=scaled(binned(distance, 100 * (share - fitted)), scale),
        lines=lines,
        modulations=modulations,
        marks=marked,
        reach=far * scale.factor,
        highest=highest(marked, scale),
    )


def _across(free: FreePsf, far: float) -> tuple[Floats, Floats, Floats]:
    """Return distances, and edge and line spread there with the pixel, mean of all directions."""
    rise = Spreads.of(free.fine(), far).rises[0].mean(0).astype(np.float64)
    places = np.arange(rise.size, dtype=np.float64) * STEP
    places -= places.mean()
    return places, rise, np.asarray(np.gradient(rise, STEP))


def _modulation(free: FreePsf, frequency: Floats) -> Floats:
    psf = free.fine()
    places, line = psf.line()
    modulation = np.cos(2 * np.pi * np.outer(frequency, places)) @ line
    return np.asarray(modulation * aperture(frequency, MIXED) ** psf.apertures)
