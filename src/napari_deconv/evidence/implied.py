"""Whether the picture that data and PSF imply grows or falls toward fine detail."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PER_OCTAVE = 4
"""Bands of frequency in each octave."""
LOWEST = 3
"""Periods over the shorter side from which bands begin: below, the frame decides."""
EXCESS = 2.5
"""Standard errors beyond the noise from which a band holds signal."""
TOLERANCE = 0.05
"""Share of the noise's power by which it may be mistaken; more where it is smeared."""
SPAN = 4 / 3
"""Octaves below the finest signal over which the slope is taken."""
SCATTER = 0.1
"""Of the logarithm of a band's power about a straight line, as pictures are."""
FEWEST = 3
"""Bands, below which there is no slope."""
MOST = 2**22
"""Pixels that are looked at, in the middle of the picture."""
LEAST = 1e-12
"""Floor of the power that a PSF passes."""
DIRECTIONS, BUSIEST = 12, 3
"""Sectors of frequency, and how many of them, those of most power, are left out at each band:
those of bars and line pairs, which may be as fine as they like."""
ROOM = 1.0
"""By how much the slope without these may be less: power is left out where it is greatest."""


@dataclass(frozen=True)
class Implied:
    """How the power of the picture that data and PSF imply goes with frequency.

    Attributes
    ----------
    slope : float
        Of the logarithm of power over that of frequency, where the data's finest signal lies:
        about -3 for edges, -2 for most textures, -1 for thin lines, 0 for points.
    reach : float
        Frequency of the finest signal, in cycles per pixel.
    error : float
        Standard error of the slope.
    around : float or None
        The same slope without the directions of most power, if the others tell one.
    """

    slope: float
    reach: float
    error: float = 0.0
    around: float | None = None

    @property
    def everywhere(self) -> float:
        """Slope by which the picture grows in all directions, so that no bars explain it."""
        return -np.inf if self.around is None else min(self.slope, self.around + ROOM)


class _Spectrum(NamedTuple):
    """Edges of bands; power over noise, power the PSF passes and number by band and direction."""

    edges: Floats
    power: Floats
    passed: Floats
    number: Floats
    independent: float
    tolerance: float


class _Bands(NamedTuple):
    """Frequencies, signal over noise with its standard error, and what the PSF passes."""

    frequency: Floats
    signal: Floats
    error: Floats
    passed: Floats


def implied(
    pictures: Sequence[NDArray[Any]], variance: float, kernel: NDArray[Any], neighbours: float = 0.0
) -> Implied | None:
    r"""Return how the power of the picture that data and PSF imply goes with frequency.

    .. math:: S(f) = (P(f) - N(f)) / |H(f)|^2

    from the data's power P, the noise's N and the PSF's response H, averaged over directions.
    Pictures lose power toward fine detail, if not in the direction of bars. With a PSF taken too
    wide the data hold detail that it could not have passed, and S grows instead, by
    ``exp(4 pi^2 f^2 (s^2 - s0^2))`` for a Gaussian of width s in place of s0. No restored picture
    is needed.

    Parameters
    ----------
    pictures : sequence of ndarray, (H, W) or (D, H, W)
        Data that one PSF has blurred, without gaps; their powers are averaged.
    variance : float
        Mean variance of their noise. Where the finest band holds more, that is taken for noise.
    kernel : ndarray
        PSF.
    neighbours : float
        Correlation of the noise of neighbouring pixels, taken to fall as its powers.

    Returns
    -------
    Implied or None
        None where fewer than `FEWEST` bands hold signal.

    References
    ----------
    D. J. Field, "Relations between the statistics of natural images and the response properties
    of cortical cells", J. Opt. Soc. Am. A 4, 1987 (how pictures fall); P. D. Welch, IEEE Trans.
    Audio Electroacoust. 15, 1967 (the spectrum of tapered parts).
    """
    if variance <= 0 or min(pictures[0].shape) < 4 * LOWEST:
        return None
    spectrum = _measured([_middle(picture) for picture in pictures], variance, kernel, neighbours)
    whole, rest = _sloping(_bands(spectrum, 0)), _sloping(_bands(spectrum, BUSIEST))
    return whole and replace(whole, around=rest and rest.slope)


def _sloping(found: _Bands) -> Implied | None:
    """Return the slope below the finest of the bands that hold signal, if they are enough."""
    holds = found.signal > EXCESS * found.error
    if not holds.any():
        return None
    last = int(np.argmax(np.where(holds, found.signal, 0)))
    while last + 1 < len(holds) and holds[last + 1]:
        last += 1
    near = found.frequency > 0.99 * found.frequency[last] / 2**SPAN
    used = holds & near & (np.arange(len(holds)) <= last)
    if used.sum() < FEWEST:
        return None
    x = np.log(found.frequency[used])
    y = np.log(found.signal[used] / found.passed[used])
    sure = 1 / np.hypot(found.error[used] / found.signal[used], SCATTER)
    (slope, _), spread = np.polyfit(x, y, 1, w=sure, cov="unscaled")
    return Implied(float(slope), float(found.frequency[last]), float(np.sqrt(spread[0, 0])))


def _measured(
    pictures: list[Floats], variance: float, kernel: NDArray[Any], neighbours: float
) -> _Spectrum:
    """Return the power of the data over that of their noise, and what the PSF passes."""
    shape = pictures[0].shape
    window = np.ones(())
    for side in np.ix_(*(np.hanning(n + 2)[1:-1] for n in shape)):
        window = window * side
    square = float(np.sum(window**2))
    axes = np.ix_(*(np.fft.fftfreq(n) for n in shape[:-1]), np.fft.rfftfreq(shape[-1]))
    power = sum(_power(picture, window) for picture in pictures) / (len(pictures) * square)
    power = power / (variance * _smeared(axes, neighbours))
    edges = _edges(min(shape))
    band = np.digitize(np.sqrt(sum(axis**2 for axis in axes)), edges) - 1
    turned = np.broadcast_to(np.arctan2(axes[-2], axes[-1]) / np.pi + 0.5, band.shape)
    sector = np.minimum((turned * DIRECTIONS).astype(int), DIRECTIONS - 1)
    inside = (band >= 0) & (band < len(edges) - 1)
    cell = (band * DIRECTIONS + sector)[inside]
    passed = np.abs(np.fft.rfftn(_padded(kernel, shape))) ** 2
    sums = [
        np.bincount(cell, of, DIRECTIONS * (len(edges) - 1)).reshape(-1, DIRECTIONS)
        for of in (power[inside], passed[inside], np.ones(cell.size))
    ]
    independent = square**2 / float(np.sum(window**4)) / window.size * len(pictures)
    return _Spectrum(edges, *sums, independent, TOLERANCE + neighbours)


def _bands(spectrum: _Spectrum, left_out: int) -> _Bands:
    """Return signal, its error and the PSF's response, without so many of the directions."""
    edges, power, passed, number, independent, tolerance = spectrum
    floor = max(1.0, float(power[-2:].sum() / number[-2:].sum()))
    mean = np.where(number > 0, power / np.maximum(number, 1), np.inf)
    kept = np.argsort(np.argsort(mean, axis=1), axis=1) < DIRECTIONS - left_out
    kept &= number > 0
    count = np.maximum((number * kept).sum(1), 1)
    ratio = (power * kept).sum(1) / count / floor
    error = np.hypot(ratio / np.sqrt(np.maximum(count * independent, 1)), tolerance)
    response = np.maximum((passed * kept).sum(1) / count, LEAST)
    return _Bands(np.sqrt(edges[1:] * edges[:-1]), ratio - 1, error, response)


def _edges(side: int) -> Floats:
    """Return the edges of the bands, in cycles per pixel, up to Nyquist."""
    number = int(np.log2(side / (2 * LOWEST)) * PER_OCTAVE)
    edges: Floats = 0.5 / 2 ** (np.arange(number + 1)[::-1] / PER_OCTAVE)
    return edges


def _power(picture: Floats, window: Floats) -> Floats:
    """Return the power of a picture under a window, its mean taken off."""
    spectrum = np.fft.rfftn(window * (picture - np.average(picture, weights=window)))
    return np.square(np.abs(spectrum))


def _smeared(axes: tuple[Floats, ...], r: float) -> Floats:
    """Return the spectrum of noise of variance 1 whose neighbours correlate by r."""
    spectrum: Floats = np.ones(())
    for axis in axes:
        spectrum = spectrum * (1 - r**2) / (1 - 2 * r * np.cos(2 * np.pi * axis) + r**2)
    return spectrum


def _middle(picture: NDArray[Any]) -> Floats:
    """Return the middle of a picture, not more than `MOST` pixels."""
    most = int(MOST ** (1 / picture.ndim))
    cut = tuple(slice(max(n - most, 0) // 2, max(n - most, 0) // 2 + most) for n in picture.shape)
    return picture[cut].astype(np.float64)


def _padded(kernel: NDArray[Any], shape: tuple[int, ...]) -> Floats:
    """Return a PSF of sum 1 in a corner of a frame; what is larger than that is cut."""
    frame = np.zeros(shape)
    part = kernel[tuple(slice(n) for n in shape)]
    frame[tuple(slice(n) for n in part.shape)] = part / part.sum()
    return frame
