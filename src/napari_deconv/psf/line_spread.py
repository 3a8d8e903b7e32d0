"""Blurs as an edge sees them: line spread, edge spread and MTF of a few parametric models.

Each model is known by its transfer function along a line, so that a convolution is a product and
the pixel's aperture one more factor. Lengths are in pixels, frequencies in cycles per pixel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from napari_deconv.psf.sampling import Psf

Floats = npt.NDArray[np.float64]

STEP = 1 / 16
"""Pixels between two samples of a model's edge spread that hold all of it."""
FINER = 4
"""How many times as finely it is sampled, so that a line between two samples does as well."""


@dataclass(frozen=True)
class SpreadModel:
    """A parametric blur, alike in all directions.

    Attributes
    ----------
    name : str
    label : str
        What it is for, in the user's words.
    parameters : tuple of str
        Names of its lengths and shares.
    transfer : callable
        ``(frequency, *parameters) -> modulation``, 1 at frequency 0.
    start : callable
        ``sigma -> parameters``, for a blur whose variance along a line is ``sigma^2``.
    upper : tuple of float
        Largest sensible value of each parameter; the least is 0.
    psf : callable
        ``(*parameters) -> Psf``: the shape that the model stands for.
    """

    name: str
    label: str
    parameters: tuple[str, ...]
    transfer: Callable[..., Floats]
    start: Callable[[float], tuple[float, ...]]
    upper: tuple[float, ...]
    psf: Callable[..., Psf]


def gaussian(frequency: Floats, sigma: float) -> Floats:
    """Return ``exp(-2 pi^2 sigma^2 f^2)``."""
    return np.asarray(np.exp(-2 * (np.pi * sigma * frequency) ** 2))


def exponential(frequency: Floats, length: float) -> Floats:
    """Return ``(1 + (2 pi l f)^2)^(-3/2)``, of ``exp(-r / l)`` in the plane."""
    return np.asarray((1 + (2 * np.pi * length * frequency) ** 2) ** -1.5)


def disk(frequency: Floats, radius: float) -> Floats:
    """Return ``2 J1(x) / x`` with ``x = 2 pi R f``, of a uniform disk."""
    from scipy.special import j1

    x = 2 * np.pi * radius * np.asarray(frequency, float)
    safe = np.where(np.abs(x) < 1e-6, 1.0, x)
    return np.where(np.abs(x) < 1e-6, 1.0, 2 * j1(safe) / safe)


def core_tail(frequency: Floats, sigma: float, tail: float, length: float) -> Floats:
    """Return a Gaussian core and an exponential tail of the share `tail`."""
    return (1 - tail) * gaussian(frequency, sigma) + tail * exponential(frequency, length)


def disk_gaussian(frequency: Floats, radius: float, sigma: float) -> Floats:
    """Return a disk convolved with a Gaussian."""
    return disk(frequency, radius) * gaussian(frequency, sigma)


def aperture(frequency: Floats, normals: tuple[float, ...]) -> Floats:
    """Return the transfer of a square pixel along directions in radians off its side, averaged."""
    each = [np.sinc(frequency * np.cos(a)) * np.sinc(frequency * np.sin(a)) for a in normals]
    return np.asarray(np.mean(each, axis=0))


def _gaussian_psf(sigma: float) -> Psf:
    from napari_deconv.psf.shapes import GaussianPsf

    return GaussianPsf(sigma=sigma)


def _core_tail_psf(sigma: float, tail: float, length: float) -> Psf:
    from napari_deconv.psf.shapes import CoreTailPsf

    return CoreTailPsf(sigma=sigma, tail=min(tail, 0.999), tail_length=length)


def _disk_gaussian_psf(radius: float, sigma: float) -> Psf:
    from napari_deconv.psf.composed import ConvolvedPsf
    from napari_deconv.psf.shapes import DiskPsf, GaussianPsf

    return ConvolvedPsf(first=DiskPsf(radius=radius), second=GaussianPsf(sigma=sigma))


MODELS = {
    model.name: model
    for model in (
        SpreadModel(
            "gaussian",
            "Gaussian: one width",
            ("sigma",),
            gaussian,
            lambda s: (s,),
            (200.0,),
            _gaussian_psf,
        ),
        SpreadModel(
            "core-tail",
            "Core and tail: detector with glare",
            ("sigma", "tail", "tail_length"),
            core_tail,
            lambda s: (0.8 * s, 0.2, 2.5 * s),
            (200.0, 0.9, 500.0),
            _core_tail_psf,
        ),
        SpreadModel(
            "disk-gaussian",
            "Disk and Gaussian: focal spot and detector",
            ("radius", "sigma"),
            disk_gaussian,
            lambda s: (1.4 * s, 0.7 * s),
            (400.0, 200.0),
            _disk_gaussian_psf,
        ),
    )
}
"""Name -> model."""


def model_named(name: str) -> SpreadModel:
    """Return a model by its name.

    Raises
    ------
    ValueError
        In one sentence, if there is none.
    """
    if name not in MODELS:
        raise ValueError(f"There is no edge model {name!r}; choose one of: {', '.join(MODELS)}.")
    return MODELS[name]


class EdgeSpread:
    """A model's edge spread as pixels see it, on a fine grid made once for a reach and an angle.

    Parameters
    ----------
    model : SpreadModel
    reach : float
        Farthest distance from the edge that is asked for, in pixels.
    """

    def __init__(self, model: SpreadModel, reach: float) -> None:
        from scipy.fft import next_fast_len

        self._model = model
        self._count = next_fast_len(int(6 * (reach + 10) / STEP), real=True)
        self._period = self._count * STEP
        self._frequency = np.asarray(np.fft.rfftfreq(self._count, STEP), float)
        fine = FINER * self._count
        self._places = (np.arange(fine) - FINER * (self._count // 2)) * STEP / FINER
        divisor = 2j * np.pi * self._frequency
        divisor[0] = 1.0
        # Shifts the origin to the middle of the grid, and integrates.
        turned = np.exp(-2j * np.pi * self._frequency * (self._count // 2) * STEP)
        self._integrate = turned / divisor / STEP * FINER
        self._integrate[0] = 0.0

    def __call__(self, distance: Floats, normals: tuple[float, ...], *parameters: float) -> Floats:
        """Return the edge spread, 0 to 1, at signed distances from the edge.

        Parameters
        ----------
        distance : ndarray
            In pixels, along the edge's normal.
        normals : tuple of float
            Directions across the edge, in radians.
        *parameters
            Those of the model.
        """
        spectrum = self._model.transfer(self._frequency, *parameters)
        spectrum = spectrum * aperture(self._frequency, normals) * self._integrate
        rise = np.fft.irfft(spectrum, FINER * self._count)
        rise += self._places / self._period + 0.5 - rise[FINER * (self._count // 2)]
        return np.interp(distance, self._places, rise)
