"""Grey value and noise of an even region, with their standard errors, also of coloured noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from napari_deconv.psf.edge_box import rectangle

Floats = npt.NDArray[np.float64]

SMALLEST = 16
"""Pixels that a side of a box must have."""
TERMS = 6
"""Terms of a quadratic surface."""
TURNED = 1.0
"""Pixels by which the corners of an upright box may lie off it."""
PART = 8
"""Side of the small squares whose noise is compared with that of the whole box."""
UNEVEN = 2.0
"""Times that the noise of the whole box may exceed that of small squares within it."""
SLOW = (1.5, 4.5)
"""Waves over the box, from and to, whose power stands for that of the mean: slower ones are taken
for a slope."""


@dataclass(frozen=True)
class NoiseBox:
    """An even region: a quadratic surface and noise.

    Attributes
    ----------
    mean, mean_error : float
        Grey value and its standard error.
    sigma, sigma_error : float
        Standard deviation of the noise about the surface, ``sum r^2 / (n - 6)``, and its standard
        error from the spectrum of the noise: ``sigma / 2 sqrt(mean(P^2) / mean(P)^2 / n)`` for a
        periodogram P, which is ``sigma / sqrt(2 n)`` where the noise is white.
    residual : ndarray, shape (H, W)
        The noise.
    """

    mean: float
    mean_error: float
    sigma: float
    sigma_error: float
    residual: Floats

    @classmethod
    def of(cls, image: npt.ArrayLike, corners: npt.ArrayLike) -> Self:
        """Read a box.

        Parameters
        ----------
        image : array_like, shape (H, W)
        corners : array_like, shape (4, 2)
            Of an upright rectangle, as (row, column) in pixels.

        Raises
        ------
        ValueError
            In one sentence that says what to draw instead: too small, turned, outside the
            picture, no noise, structure in the box.
        """
        picture, box = np.asarray(image), np.asarray(corners, float)
        if box.shape == (4, 2) and not _upright(box):
            raise ValueError("Noise is measured in an upright box; draw it without turning it.")
        grey = np.asarray(picture[rectangle(picture, box, SMALLEST)], float)
        residual = _without_surface(grey)
        sigma = float(np.sqrt(np.sum(residual**2) / (residual.size - TERMS)))
        if sigma <= 1e-9 * float(np.abs(grey).max()):
            raise ValueError("The box holds no noise; draw it where the picture has some.")
        if sigma > UNEVEN * _local_sigma(residual):
            raise ValueError(
                "The box holds structure beside noise; draw it in a region of even grey values."
            )
        power = np.abs(np.fft.fft2(residual)) ** 2 / residual.size
        spread = float(np.mean(power**2) / np.mean(power) ** 2 / residual.size)
        slow = _slow(power)
        return cls(
            mean=float(grey.mean()),
            mean_error=float(np.sqrt(slow / residual.size)),
            sigma=sigma,
            sigma_error=0.5 * sigma * float(np.sqrt(spread)),
            residual=residual,
        )


def _upright(corners: Floats) -> bool:
    """Return whether each corner lies at one of two rows and one of two columns."""
    low, high = corners.min(0), corners.max(0)
    off = np.minimum(np.abs(corners - low), np.abs(corners - high))
    return float(off.max()) <= TURNED


def _without_surface(grey: Floats) -> Floats:
    """Return what a quadratic surface leaves of a picture (least squares)."""
    rows, columns = (np.linspace(-1, 1, n) for n in grey.shape)
    y, x = np.meshgrid(rows, columns, indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1).reshape(-1, TERMS)
    found, *_ = np.linalg.lstsq(terms, grey.ravel(), rcond=None)
    return np.asarray(grey - (terms @ found).reshape(grey.shape))


def _local_sigma(residual: Floats) -> float:
    """Return the median noise of small squares, each about its own mean."""
    high, wide = (n // PART for n in residual.shape)
    squares = residual[: high * PART, : wide * PART].reshape(high, PART, wide, PART)
    return float(np.median(squares.std((1, 3), ddof=1)))


def _slow(power: Floats) -> float:
    """Return the mean power of slow waves."""
    waves = [np.fft.fftfreq(n, 1 / n) for n in power.shape]
    radius = np.hypot(waves[0][:, None], waves[1][None, :])
    return float(power[(radius > SLOW[0]) & (radius < SLOW[1])].mean())
