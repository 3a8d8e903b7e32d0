"""Simulated scans with known truth, PSF and noise, drawn by code and the same for the same seed.

The scene is drawn larger than the frame by the PSF's size minus one and blurred by a *valid*
convolution: what lies beyond the border reaches into the frame as it does on a detector, and no
assumption about the border is built into the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    Array = NDArray[np.floating[Any]]
    Point = tuple[float, ...]

PartName = Literal["bearing", "weld"]


@dataclass(frozen=True, eq=False)
class Sample:
    """A simulated scan and all that is known of it.

    Parameters
    ----------
    name : str
        What was scanned.
    image : array of float32, shape (H, W) or (D, H, W)
        The scan: blurred, with noise, relative to the unattenuated beam.
    psf : array of float32
        The point spread function: odd sides, centred, of sum 1.
    truth : array of float32, shape of ``image``
        What a detector without blur and noise would have seen.
    blurred : array of float32, shape of ``image``
        The scan before noise.
    sigma : float
        Noise of ``image``, rms over the whole of it.
    pixel_size : float
        Side of a pixel in ``unit``.
    unit : str
        Unit of ``pixel_size``.
    features : mapping of str to (start, end)
        Named lines across a feature, in pixel coordinates (row, column) in which a pixel's
        centre is a whole number.
    nominal : mapping of str to tuple of float
        What is known of the feature of the same name, in the order of its line: pitches of line
        pairs, diameters of wires, thicknesses of steps (all in ``unit``), tilt of an edge
        (degrees).
    """

    name: str
    image: NDArray[np.float32]
    psf: NDArray[np.float32]
    truth: NDArray[np.float32]
    blurred: NDArray[np.float32]
    sigma: float
    pixel_size: float
    unit: str
    features: Mapping[str, tuple[Point, Point]]
    nominal: Mapping[str, tuple[float, ...]]


def core_and_tail(
    size: int = 41, *, core: float = 2.0, tail: float = 5.0, share: float = 0.2
) -> NDArray[np.float64]:
    r"""Return a PSF with a Gaussian core and a far tail, as focal spot and screen scatter give.

    .. math:: (1 - s) \, G_\sigma(r) + s \, T(r), \quad T(r) \propto (1 + r^2 / \tau^2)^{-3/2},

    with both parts of sum 1 on the grid.

    Parameters
    ----------
    size : int
        Odd number of pixels along a side.
    core : float
        Standard deviation of the Gaussian in pixels.
    tail : float
        Radius ``tau`` of the tail in pixels.
    share : float
        Share ``s`` of the tail, 0 to 1.
    """
    offset = np.arange(size) - (size - 1) / 2
    square = offset[:, None] ** 2 + offset[None, :] ** 2
    gaussian = np.exp(-square / (2 * core**2))
    far = (1 + square / tail**2) ** -1.5
    psf: NDArray[np.float64] = (1 - share) * gaussian / gaussian.sum() + share * far / far.sum()
    return psf


def radiograph(
    shape: tuple[int, int] = (512, 512),
    peak: float = 10000.0,
    read_noise: float = 2.0,
    seed: int = 0,
    psf: ArrayLike | None = None,
    *,
    part: PartName = "bearing",
) -> Sample:
    r"""Return a simulated high-energy radiograph of a machined part with its gauges.

    .. math::

        u = I_0 \exp \Big( -\sum_m \mu_m t_m \Big), \qquad
        g = \frac{\mathrm{Poisson}(p \, h * u) + n}{p}, \quad n \sim N(0, r^2),

    with the thickness :math:`t_m` that a ray crosses of each material, its attenuation
    :math:`\mu_m` at 300 keV, and a beam :math:`I_0` that falls off slowly towards the corners.
    Only the noise depends on ``seed``.

    Parameters
    ----------
    shape : tuple of int
        Pixels ``(H, W)``. The part, 51.2 mm across, always fills the shorter side, so that a
        larger frame has smaller pixels.
    peak : float
        Counts ``p`` of a pixel in the unattenuated beam.
    read_noise : float
        Standard deviation ``r`` of the electronic noise in counts.
    seed : int
        Seed of the noise.
    psf : array, shape (odd, odd), optional
        PSF ``h``; it is scaled to sum 1. By default `core_and_tail`.
    part : {"bearing", "weld"}
        What is in the beam.

    Raises
    ------
    ValueError
        If the shape, the PSF, the exposure or the part can't be used.
    """
    from napari_deconv.phantom.parts import FIELD, PARTS
    from napari_deconv.phantom.solids import Rays

    if part not in PARTS:
        raise ValueError(f"There is no part named {part!r}; known are {', '.join(PARTS)}.")
    height, width = _checked_shape(shape, 2)
    kernel = _checked_psf(core_and_tail() if psf is None else psf, 2)
    pixel = FIELD / min(height, width)
    corner = (FIELD - width * pixel) / 2, (FIELD - height * pixel) / 2
    margin = [(n - 1) // 2 for n in kernel.shape]
    outer = corner[0] - margin[1] * pixel, corner[1] - margin[0] * pixel
    rays = Rays.grid((height + 2 * margin[0], width + 2 * margin[1]), pixel, outer)
    seen = PARTS[part](rays)
    scene = _beam(rays.x - FIELD / 2, rays.y - FIELD / 2, FIELD) * np.exp(-seen.attenuation)

    def to_pixels(point: tuple[float, float]) -> Point:
        return (point[1] - corner[1]) / pixel - 0.5, (point[0] - corner[0]) / pixel - 0.5

    return Sample(
        name=part,
        **_expose(scene, kernel, peak, read_noise, seed),
        pixel_size=pixel,
        unit="mm",
        features={k: (to_pixels(start), to_pixels(end)) for k, (start, end) in seen.lines.items()},
        nominal=seen.nominal,
    )


def volume(
    shape: tuple[int, int, int] = (24, 48, 48),
    peak: float = 2000.0,
    read_noise: float = 2.0,
    seed: int = 0,
    psf: ArrayLike | None = None,
) -> Sample:
    """Return a simulated volume, density relative to steel, with a three-dimensional PSF.

    Parameters
    ----------
    shape : tuple of int
        Voxels ``(D, H, W)``; the layout scales with the shorter of ``H`` and ``W``.
    peak, read_noise, seed
        As in `radiograph`, with counts per voxel of density 1.
    psf : array, shape (odd, odd, odd), optional
        PSF; it is scaled to sum 1. By default a Gaussian core, wider along the first axis, with
        a tail.

    Raises
    ------
    ValueError
        If the shape, the PSF or the exposure can't be used.
    """
    from napari_deconv.phantom.voxels import casting

    size = _checked_shape(shape, 3)
    kernel = _checked_psf(_thick_core() if psf is None else psf, 3)
    scale = min(size[1:]) / 48
    outer = tuple(n + k - 1 for n, k in zip(size, kernel.shape, strict=True))
    seen = casting((outer[0], outer[1], outer[2]), scale)
    middle = [(n - 1) / 2 for n in size]

    def to_voxels(point: tuple[float, ...]) -> Point:
        return tuple(p + m for p, m in zip(point, middle, strict=True))

    pixel = 0.1
    return Sample(
        name="casting",
        **_expose(seen.density, kernel, peak, read_noise, seed),
        pixel_size=pixel,
        unit="mm",
        features={k: (to_voxels(start), to_voxels(end)) for k, (start, end) in seen.lines.items()},
        nominal={name: tuple(pixel * v for v in values) for name, values in seen.nominal.items()},
    )


def _expose(scene: Array, psf: Array, peak: float, read_noise: float, seed: int) -> dict[str, Any]:
    """Return blur, noise and truth of a scene that reaches beyond the frame by the PSF."""
    if not (np.isfinite(peak) and peak > 0):
        raise ValueError(f"The peak must be a positive number of counts, not {peak}.")
    if not (np.isfinite(read_noise) and read_noise >= 0):
        raise ValueError(f"The read noise must be zero or more counts, not {read_noise}.")
    rng = np.random.default_rng(seed)
    # The FFT leaves rounding below zero where the scene is black, which Poisson refuses.
    blurred = np.maximum(_blur(scene, psf), 0.0)
    counts = rng.poisson(peak * blurred) + read_noise * rng.standard_normal(blurred.shape)
    inside = tuple(
        slice((k - 1) // 2, (k - 1) // 2 + n) for n, k in zip(blurred.shape, psf.shape, strict=True)
    )
    return {
        "image": (counts / peak).astype(np.float32),
        "psf": psf.astype(np.float32),
        "truth": scene[inside].astype(np.float32),
        "blurred": blurred.astype(np.float32),
        "sigma": float(np.sqrt(peak * blurred.mean() + read_noise**2) / peak),
    }


def _blur(scene: Array, psf: Array) -> Array:
    """Return the valid convolution: the part of a circular one that nothing wraps into."""
    axes = range(scene.ndim)
    spectrum = np.fft.rfftn(scene) * np.fft.rfftn(psf, scene.shape, axes)
    whole: Array = np.fft.irfftn(spectrum, scene.shape, axes)
    return whole[tuple(slice(n - 1, None) for n in psf.shape)]


def _beam(x: Array, y: Array, field: float) -> Array:
    """Return the intensity before the part: 0.95 in the middle, a tenth less in the corners."""
    beam: Array = 0.95 * (1.0 - 0.1 * (x**2 + y**2) / (field**2 / 2))
    return np.maximum(beam, 0.5)


def _thick_core() -> NDArray[np.float64]:
    """Return a 3-D PSF, 9 x 11 x 11, 1.7 voxels wide along the first axis and 1.2 in plane."""
    z, y, x = np.ogrid[-4:5, -5:6, -5:6]
    gaussian = np.exp(-(z**2) / (2 * 1.7**2) - (y**2 + x**2) / (2 * 1.2**2))
    far = (1 + (z**2 + y**2 + x**2) / 9.0) ** -2.0
    psf: NDArray[np.float64] = 0.85 * gaussian / gaussian.sum() + 0.15 * far / far.sum()
    return psf


def _checked_shape(shape: Sequence[int], ndim: int) -> tuple[int, ...]:
    """Return the shape as plain numbers; refuse what can't be drawn."""
    sides = tuple(int(n) for n in shape)
    if len(sides) != ndim or min(sides) < 2:
        raise ValueError(f"The shape must be {ndim} numbers of 2 or more, not {tuple(shape)}.")
    return sides


def _checked_psf(psf: ArrayLike, ndim: int) -> NDArray[np.float64]:
    """Return the PSF with sum 1; refuse what has no middle or no sum."""
    kernel: NDArray[np.float64] = np.array(psf, dtype=np.float64)
    if kernel.ndim != ndim or any(n % 2 == 0 for n in kernel.shape):
        raise ValueError(
            f"The PSF must have {ndim} dimensions with odd sides, not the shape {kernel.shape}."
        )
    total = kernel.sum()
    if not np.isfinite(total) or (kernel < 0).any() or total <= 0:
        raise ValueError("The PSF must be finite, nowhere negative, and of a positive sum.")
    kernel /= total
    return kernel
