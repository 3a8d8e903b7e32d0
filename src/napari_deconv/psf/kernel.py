"""What is understood of a PSF given as an array: checked, normalised, centred, described."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from napari_deconv.psf import checks
from napari_deconv.psf.checks import TOLERATED_SHIFT, Centre, lobes, vector

Floats = npt.NDArray[np.float32]

RINGING = 0.01
"""Share of negative values that centring may add before it turns to a softer way."""
MOST_PIXELS = 2**26
"""Most pixels of a PSF: 8192 x 8192, or 400 x 400 x 400."""


@dataclass(frozen=True)
class Kernel:
    """A PSF ready to blur with.

    Attributes
    ----------
    array : ndarray of float32, 2-D or 3-D
        Sum 1, its centre at index ``(n - 1) // 2``.
    shift : tuple of float
        Centroid less middle of the array as it was given, in pixels.
    given_sum : float
        Sum of the array as it was given.
    notes : tuple of str
        What was mended or looks odd, a sentence each.
    """

    array: Floats
    shift: tuple[float, ...]
    given_sum: float
    notes: tuple[str, ...] = field(default=())

    @property
    def widths(self) -> tuple[float, ...]:
        """Full width at half maximum through the peak along each axis, in pixels."""
        peak = np.unravel_index(int(np.argmax(self.array)), self.array.shape)
        return tuple(_full_width(_line(self.array, peak, axis)) for axis in range(self.array.ndim))

    def summary(self) -> str:
        """Return one quiet line: size, width, sum, centre, in pixels."""
        size = " × ".join(str(n) for n in self.array.shape)
        widths = " × ".join(f"{width:.2f}" for width in self.widths)
        off = max(map(abs, self.shift)) > TOLERATED_SHIFT
        centre = f"centroid {vector(self.shift)} px off" if off else "centred"
        return f"{size} px · FWHM {widths} px · sum {self.given_sum:.4g} · {centre}"


def understand(array: npt.ArrayLike, centre: Centre = "middle") -> Kernel:
    """Check a PSF, normalise it and put its centre in the middle.

    Parameters
    ----------
    array : array_like, 2-D or 3-D
        PSF sampled at the pixels of the image.
    centre : {"middle", "centroid", "peak"}
        Which point of the array is the origin. ``middle`` is index ``(n - 1) // 2`` and leaves
        the array as it is; the others move it there.

    Raises
    ------
    ValueError
        If the array is no PSF: complex, empty, not 2-D or 3-D, not finite, or of sum zero.
    """
    values = check_psf(np.asarray(array))
    total = float(values.sum())
    normalised = values / total
    shift = _off_middle(_centroid(normalised), values.shape)
    notes = checks.of_itself(normalised, total, shift, centre)
    return Kernel(_centred(normalised, centre), shift, total, notes)


def check_psf(array: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    """Return the PSF as float64, or refuse it as `understand` says."""
    if array.dtype.kind not in "buif":
        raise ValueError("The PSF must hold real numbers; take its magnitude or another layer.")
    if array.ndim not in (2, 3) or array.size == 0:
        raise ValueError(
            f"The PSF has shape {array.shape}; give a 2-D one, or a 3-D one for a volume."
        )
    if array.size > MOST_PIXELS:
        raise ValueError(
            f"The PSF has {' × '.join(map(str, array.shape))} pixels, more than can be worked "
            f"with ({MOST_PIXELS:.2g}); crop it."
        )
    values = array.astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("The PSF holds NaN or infinite values; mend them or choose another PSF.")
    if values.sum() <= 1e-6 * np.abs(values).sum():
        raise ValueError("The PSF sums to zero or less; give one whose values sum to more than 0.")
    return values


def rms_radius(psf: npt.NDArray[np.floating]) -> float:
    """Return the rms distance from the centroid along one axis, in pixels: of a Gaussian, sigma."""
    array = np.clip(psf.astype(np.float64), 0, None)
    places = np.ogrid[tuple(map(slice, array.shape))]
    off = zip(places, _centroid(array), strict=True)
    square = sum((grid - centre) ** 2 for grid, centre in off)
    return math.sqrt(float((array * square).sum() / array.sum()) / array.ndim)


def _centred(psf: npt.NDArray[np.float64], centre: Centre) -> Floats:
    """Return the PSF with its origin at the middle of an odd-sized array (or as it is)."""
    if centre == "middle":
        return psf.astype(np.float32)
    if centre == "peak":
        peak = np.unravel_index(int(np.argmax(psf)), psf.shape)
        return _surrounded(psf, tuple(int(p) for p in peak)).astype(np.float32)
    nearest = tuple(round(c) for c in _centroid(psf))
    around = np.pad(_surrounded(psf, nearest), 2)
    centred = _moved(around, order=3)
    if lobes(centred) > lobes(around) + RINGING:
        centred = _moved(around, order=1)
    array: Floats = centred.astype(np.float32)
    return array


def _moved(psf: npt.NDArray[np.float64], order: int) -> npt.NDArray[np.float64]:
    """Move the centroid to the middle by splines of an order, until it is there.

    Cubic splines keep the shape of a smooth PSF; rough ones they make ring, where linear ones
    only soften.
    """
    from scipy.ndimage import shift

    for _ in range(3):
        left = _off_middle(_centroid(psf), psf.shape)
        psf = shift(psf, [-offset for offset in left], order=order, mode="constant")
        psf /= psf.sum()
    return psf


def _surrounded(psf: npt.NDArray[np.float64], origin: tuple[int, ...]) -> npt.NDArray[np.float64]:
    """Pad the array with zeros so that `origin` becomes the middle of odd sizes."""
    reach = [max(o, n - 1 - o) for o, n in zip(origin, psf.shape, strict=True)]
    pads = [(r - o, r - (n - 1 - o)) for r, o, n in zip(reach, origin, psf.shape, strict=True)]
    return np.pad(psf, pads)


def _centroid(psf: npt.NDArray[np.float64]) -> tuple[float, ...]:
    grids = np.ogrid[tuple(slice(n) for n in psf.shape)]
    return tuple(float((psf * grid).sum() / psf.sum()) for grid in grids)


def _off_middle(point: tuple[float, ...], shape: tuple[int, ...]) -> tuple[float, ...]:
    return tuple(p - (n - 1) // 2 for p, n in zip(point, shape, strict=True))


def _line(array: Floats, point: tuple[np.intp, ...], axis: int) -> Floats:
    line: Floats = np.moveaxis(array, axis, -1)[*point[:axis], *point[axis + 1 :]]
    return line


def _full_width(line: Floats) -> float:
    """Return the width at half the maximum, crossings found by linear interpolation."""
    peak = int(np.argmax(line))
    half = line[peak] / 2
    padded = np.concatenate([[0.0], line, [0.0]])
    return _to_half(padded[peak + 1 :], half) + _to_half(padded[peak + 1 :: -1], half)


def _to_half(falling: npt.NDArray[np.floating], half: float) -> float:
    below = int(np.argmax(falling < half))
    above, under = falling[below - 1], falling[below]
    return float(below - 1 + (above - half) / (above - under))
