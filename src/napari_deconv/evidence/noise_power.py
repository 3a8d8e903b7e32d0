"""The noise power spectrum: how much noise there is at each spatial frequency."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_deconv.evidence.noise_box import NoiseBox
from napari_deconv.evidence.reading import Axis, Curve, Graph, Reading
from napari_deconv.psf.figures import Figure

Floats = npt.NDArray[np.float64]

LARGEST, LEAST = 256, 16
"""Pixels of a block's side at most, as the standard has it, and at least."""
SLOW = 3
"""Bins of the radial spectrum whose mean stands for the power at frequency 0."""


@dataclass(frozen=True)
class NoisePower:
    """A noise power spectrum.

    Attributes
    ----------
    frequency, power, error : ndarray, shape (K,)
        Cycles per pixel; power in grey values squared times pixels squared, averaged over rings;
        its standard error.
    plane : ndarray, shape (B, B)
        The same in the plane, as `numpy.fft.fft2` orders it; its sum over B^2 is `variance`.
    variance : float
        Of the noise in the blocks.
    mean : float
        Grey value of the box.
    blocks : int
    """

    frequency: Floats
    power: Floats
    error: Floats
    plane: Floats
    variance: float
    mean: float
    blocks: int

    @property
    def mean_frequency(self) -> float:
        """Frequency in cycles per pixel, averaged by the power in the plane up to Nyquist."""
        f, weights = self.frequency, self.power * self.frequency
        return float(np.sum(f * weights) / np.sum(weights))

    def reading(self) -> Reading:
        """Return power at low frequencies, mean frequency, noise, and the spectrum as a graph."""
        unknown, unit = float("nan"), "grey² px²"
        weights = self.error[:SLOW] ** -2
        low = float(np.average(self.power[:SLOW], weights=weights))
        figures = (
            Figure("NPS(0)", low, float(weights.sum() ** -0.5), unit),
            Figure("mean frequency", self.mean_frequency, unknown, "cycles/px"),
            Figure("noise", float(np.sqrt(self.variance)), unknown, "grey"),
            Figure("mean", self.mean, unknown, "grey"),
        )
        graph = Graph(
            "Noise power spectrum",
            Axis("frequency", "cycles/px"),
            Axis("NPS", unit),
            (Curve("NPS", self.frequency, self.power, self.error),),
        )
        few = () if self.blocks > 1 else ("The box holds a single block; a larger one tells more.",)
        return Reading(figures, graph, few)


def noise_power(
    image: npt.ArrayLike, corners: npt.ArrayLike, block: int | None = None
) -> NoisePower:
    """Measure the noise power spectrum of a box of even grey.

    ``NPS(u, v) = |FFT of the noise|^2 / B^2`` in pixels, averaged over blocks of B x B pixels that
    overlap by half, the noise being what a quadratic surface through the box leaves (manner of
    IEC 62220-1, which has B = 256); then averaged over rings 1 / B wide, without the axes u = 0
    and v = 0, where lines of a detector are. In pixels of a side p in mm the power is p^2 times
    that. By Parseval's theorem the integral over the plane is the variance of the noise, to
    rounding. Of white noise, and of noise that a filter coloured, the spectrum is within three of
    its standard errors of the truth at 98 of 100 frequencies: those beyond 2 / B (the surface takes
    away from slower ones) where it is at least a thirtieth of its top (below that, blocks end too
    abruptly).

    Parameters
    ----------
    image : array_like, shape (H, W)
    corners : array_like, shape (4, 2)
        Of an upright box, as (row, column) in pixels.
    block : int, optional
        Side of a block; the largest power of two, to 256, of which two fit along each side.

    Raises
    ------
    ValueError
        In one sentence that says what to draw instead.

    References
    ----------
    IEC 62220-1-1:2015 (there the integral over the squared mean, in mm^2, is NNPS).
    """
    box = NoiseBox.of(image, corners)
    side = _side(min(box.residual.shape), block)
    blocks = _blocks(box.residual, side)
    plane = np.mean(np.abs(np.fft.fft2(blocks)) ** 2, axis=0) / side**2
    along = np.fft.fftfreq(side)
    radius = np.hypot(along[:, None], along[None, :])
    counted = (along[:, None] != 0) & (along[None, :] != 0) & (radius <= 0.5)
    ring = np.round(radius * side).astype(int)[counted]
    count = np.bincount(ring)
    power = np.bincount(ring, plane[counted]) / np.maximum(count, 1)
    place = np.bincount(ring, radius[counted]) / np.maximum(count, 1)
    # A real picture has each sample of its spectrum twice; blocks that overlap are no new ones.
    alone = max(1.0, box.residual.size / side**2)
    there = count > 0
    error = power / np.sqrt(np.maximum(count / 2 * alone, 1))
    return NoisePower(
        frequency=place[there],
        power=power[there],
        error=error[there],
        plane=plane,
        variance=float(np.mean(blocks**2)),
        mean=box.mean,
        blocks=len(blocks),
    )


def _side(narrow: int, block: int | None) -> int:
    """Return the side of a block that fits."""
    if block is not None:
        if not LEAST <= block <= narrow:
            raise ValueError(
                f"A block of {block} px does not fit; the box takes {LEAST} to {narrow} px."
            )
        return block
    side = LARGEST
    while side > LEAST and 2 * side > narrow:
        side //= 2
    return side


def _blocks(residual: Floats, side: int) -> Floats:
    """Return blocks that overlap by half, spread evenly so that they reach both ends."""
    starts = []
    for n in residual.shape:
        count = max(1, round((n - side) / (side / 2)) + 1)
        starts.append(np.unique(np.linspace(0, n - side, count).round().astype(int)))
    return np.array([residual[r : r + side, c : c + side] for r in starts[0] for c in starts[1]])
