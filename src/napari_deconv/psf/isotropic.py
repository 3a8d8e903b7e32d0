"""From edges to a PSF: a curve turned around its centre, or an ellipse from several edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from napari_deconv.psf.line_spread import aperture

if TYPE_CHECKING:
    from napari_deconv.psf.directed import EllipticPsf
    from napari_deconv.psf.edge_fit import EdgeFit
    from napari_deconv.psf.spread_curves import SpreadCurves

Floats = npt.NDArray[np.float64]

ENERGY = 0.999
"""Share of the energy that the array keeps."""
FAINT = 0.05
"""Modulation of a pixel's aperture below which it is not divided out."""
APART = 30.0
"""Degrees that two edges must differ by to tell an ellipse."""


def isotropic_psf(curves: SpreadCurves, fit: EdgeFit) -> Floats:
    """Return the PSF whose edge spread is the measured one, if it is alike in all directions.

    The Fourier transform of a line spread is a line through that of the PSF (projection-slice
    theorem: R. N. Bracewell, Aust. J. Phys. 9, 1956), which turned around the origin gives the
    PSF: an inverse Abel transform that needs no derivative. Negative values, which noise leaves,
    are set to 0.

    Parameters
    ----------
    curves : SpreadCurves
    fit : EdgeFit
        Of the same edge.

    Returns
    -------
    ndarray, odd sides
        The pixel's aperture included, of sum 1.
    """
    reach = float(min(-fit.distance[0], fit.distance[-1]))
    half = max(int(np.ceil(reach)), 8)
    n = 2 * half + 1
    along = np.fft.fftfreq(n)
    frequency = np.hypot(along[:, None], along[None, :])
    pixel = aperture(curves.frequency, fit.normals)
    without = np.where(
        np.abs(pixel) > FAINT,
        curves.modulation / np.where(np.abs(pixel) > FAINT, pixel, 1.0),
        0.0,
    )
    modulation = np.interp(frequency, curves.frequency, without)
    modulation *= np.sinc(along)[:, None] * np.sinc(along)[None, :]
    array = np.fft.fftshift(np.fft.ifft2(modulation).real).clip(min=0)
    return _cropped(array / array.sum())


def _cropped(array: Floats) -> Floats:
    """Return the smallest odd square in the middle that holds the energy, of sum 1."""
    middle = array.shape[0] // 2
    for half in range(1, middle + 1):
        part = array[middle - half : middle + half + 1, middle - half : middle + half + 1]
        if part.sum() >= ENERGY:
            return np.asarray(part / part.sum())
    return array


class Ellipse(NamedTuple):
    """A Gaussian of two widths, as several edges show it.

    Attributes
    ----------
    psf : EllipticPsf
    errors : tuple of float
        Standard errors of the long and the short sigma, in pixels.
    """

    psf: EllipticPsf
    errors: tuple[float, float]


def elliptic_psf(fits: Sequence[EdgeFit]) -> Ellipse:
    """Return the elliptic Gaussian whose widths across several edges are those measured.

    Across a normal n the variance is ``n' S n``; three edges or more tell all of S (weighted least
    squares), two tell it if its axes are theirs.

    Parameters
    ----------
    fits : sequence of EdgeFit
        Gaussian fits of edges at different angles.

    Raises
    ------
    ValueError
        In one sentence, if fits are not Gaussian, or all of one direction.
    """
    if any(fit.model.name != "gaussian" or len(fit.normals) > 1 for fit in fits):
        raise ValueError("An ellipse is measured from straight edges with the Gaussian model.")
    angles = np.array([fit.normals[0] for fit in fits])
    apart = np.abs((np.rad2deg(angles[:, None] - angles) + 90) % 180 - 90)
    if len(fits) < 2 or apart.max() < APART:
        raise ValueError(
            "All edges run the same way, so that the blur across them is all that is known; add "
            "a box on an edge that runs across."
        )
    sigmas = np.array([fit.values[0] for fit in fits])
    errors = np.array([2 * fit.values[0] * max(fit.errors[0], 1e-6) for fit in fits])
    frame = angles[0] if len(fits) == 2 else 0.0
    c, s = np.cos(angles - frame), np.sin(angles - frame)
    design = np.stack([c**2, s**2, 2 * s * c][: 2 if len(fits) == 2 else 3], 1)
    scaled = design / errors[:, None]
    found, *_ = np.linalg.lstsq(scaled, sigmas**2 / errors, rcond=None)
    covariance = np.linalg.pinv(scaled.T @ scaled)
    return _as_ellipse(np.append(found, 0.0)[:3], covariance, frame)


def _as_ellipse(found: Floats, covariance: Floats, frame: float) -> Ellipse:
    from napari_deconv.psf.directed import EllipticPsf

    matrix = np.array([[found[0], found[2]], [found[2], found[1]]])
    variances, vectors = np.linalg.eigh(matrix)
    short, long = np.sqrt(np.maximum(variances, 1e-4))
    # Columns first, rows second: the shape's angle turns from the columns' axis towards the top.
    angle = -np.rad2deg(np.arctan2(vectors[1, 1], vectors[0, 1]) + frame)
    errors = []
    for vector, sigma in ((vectors[:, 1], long), (vectors[:, 0], short)):
        gradient = np.array([vector[0] ** 2, vector[1] ** 2, 2 * vector[0] * vector[1]])
        gradient = gradient[: len(covariance)]
        errors.append(float(np.sqrt(gradient @ covariance @ gradient) / (2 * sigma)))
    psf = EllipticPsf(
        sigma_long=float(long), sigma_short=float(short), angle=float((angle + 90) % 180 - 90)
    )
    return Ellipse(psf, (errors[0], errors[1]))
