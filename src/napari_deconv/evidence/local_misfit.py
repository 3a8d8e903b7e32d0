"""Look for what is wrong in one place of a residual: blocks and PSF-sized spots beyond chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

SIDE = 8
"""Pixels along each side of a block."""
BEYOND = 4.0
"""Sigma beyond which a block is counted: by chance 1 block in 10 000."""
CHANCE = 1e-3
"""Chance that pure noise, of all the blocks and spots of a picture, has one beyond the limit."""
MAD = 0.6745
"""Median of the absolute value of a standard normal variable."""
SPREADS = 2.0
"""Most that smeared noise of unknown reach may spread blocks beyond what is expected."""
SURE = 2.0
"""Standard errors from which it is said what differs."""
CROWDED = 25
"""Times the spots side by side that a smooth field's peaks count for: the square of their height
in sigma, here 5 (Rice's formula in the plane)."""
SCALES = (0.25, 1.5)
"""Between these the noise of the blocks is taken from the blocks themselves: what was measured of
the noise is not so sure, and a method that follows some of it leaves less."""


@dataclass(frozen=True)
class Local:
    """What blocks and spots of a residual say.

    Attributes
    ----------
    share : float
        Part of the blocks whose mean or energy lies beyond 4 sigma.
    strongest : float
        Greatest deviation of a block's mean, a block's energy or a PSF-shaped spot, in sigma.
    number : int
        How many means, energies and independent spots were looked at.
    blocks : int
        How many of these are blocks.
    where : tuple of int
        Pixel in the middle of the strongest; empty if not known.
    smoother : bool or None
        Whether the re-blurred result varies less than the data where they differ, so that detail
        is smoothed away, or more, so that detail is shown that they do not hold; None: not sure.
    """

    share: float
    strongest: float
    number: int
    blocks: int
    where: tuple[int, ...] = ()
    smoother: bool | None = None

    @property
    def limit(self) -> float:
        """Sigma that the strongest of so many passes by chance once in a thousand pictures."""
        from scipy.special import ndtri

        return float(-ndtri(CHANCE / max(2 * self.number, 2)))

    @property
    def beyond(self) -> int:
        """How many blocks lie beyond 4 sigma."""
        return round(self.share * self.blocks)

    @property
    def words(self) -> str:
        """Return what differs, in how many blocks and where."""
        kinds = {True: "it is smoother than they are", False: "it shows what they do not hold"}
        percent = 100 * self.share
        few = f" ({percent:.1f} %)" if 0.05 <= percent < 10 else ""
        number = "block" if self.beyond == 1 else "blocks"
        told = f"in {self.beyond} {number} of {self.blocks}{few}" if self.beyond else "in one place"
        if self.smoother is not None:
            told = f"{kinds[self.smoother]} {told}"
        if self.where:
            names = ("slice", "row", "column")[-len(self.where) :]
            most = "most at " if self.beyond else "at "
            places = zip(names, self.where, strict=True)
            told += ", " + most + ", ".join(f"{name} {at}" for name, at in places)
        return told

    @classmethod
    def together(cls, parts: Sequence[Self]) -> Self:
        """Return what the slices of a stack say together."""
        if len(parts) == 1:
            return parts[0]
        blocks = sum(part.blocks for part in parts)
        beyond = sum(part.share * part.blocks for part in parts)
        index = max(range(len(parts)), key=lambda i: parts[i].strongest)
        most = parts[index]
        return cls(
            beyond / max(blocks, 1),
            most.strongest,
            sum(part.number for part in parts),
            blocks,
            (index, *most.where) if most.where else (),
            most.smoother,
        )


def local(
    residual: Floats,
    counts: Mask,
    kernel: Floats | None = None,
    neighbours: float = 0.0,
    blurred: Floats | None = None,
) -> Local:
    """Return how far blocks of 8 pixels a side, and spots of the PSF's shape, leave the noise.

    A block's mean is taken in units of its own noise, its energy (sum of squares) by the cube
    root that makes chi-square nearly Gaussian; a spot is the residual correlated with the PSF
    (the matched filter of a point). Blocks of which less than half counts are left out. The
    noise's size is that of the median block, within `SCALES`.

    Parameters
    ----------
    residual : ndarray, (H, W) or (D, H, W)
        In units of the noise's sigma, 0 where it does not count.
    counts : ndarray of bool
    kernel : ndarray, optional
        PSF; no spots are looked at without it.
    neighbours : float
        Correlation of the noise of neighbouring pixels, taken to fall as its powers.
    blurred : ndarray, optional
        Re-blurred result in the same units; without it there is no telling what differs.

    References
    ----------
    E. B. Wilson, M. M. Hilferty, Proc. Natl. Acad. Sci. 17, 1931 (the cube root); G. L. Turin,
    "An introduction to matched filters", IRE Trans. Inf. Theory 6, 1960; R. J. Adler, "The
    Geometry of Random Fields", Wiley, 1981, sec. 5.3 (the peaks of a smooth field).
    """
    total, energy, pixels = (
        _sums(part) for part in (residual, np.square(residual), counts.astype(np.float64))
    )
    full = pixels >= SIDE**residual.ndim / 2
    if not full.any():
        return Local(0.0, 0.0, 0, 0)
    total, energy, pixels = total[full], energy[full], pixels[full]
    free = pixels / _lumped(neighbours**2, residual.ndim)
    usual = float(np.median(energy / pixels / (1 - 2 / (9 * free)) ** 3))
    scale = min(max(usual, SCALES[0]), SCALES[1])
    means = np.abs(total) / np.sqrt(scale * pixels * _lumped(neighbours, residual.ndim))
    spread = 2 / (9 * free)
    energies = (np.cbrt(energy / pixels / scale) - (1 - spread)) / np.sqrt(spread)
    if neighbours > 0:  # how far smeared noise reaches is known less well than from the blocks
        means, energies = (part / _usual(part) for part in (means, energies))
    most = np.zeros(full.shape)
    most[full] = np.maximum(means, energies)
    place = np.unravel_index(int(most.argmax()), most.shape)
    sides = [min(SIDE, n) for n in residual.shape]
    where = tuple(int(i) * side + side // 2 for i, side in zip(place, sides, strict=True))
    strongest, number, many = float(most.max()), 2 * total.size, int(full.sum())
    if kernel is not None:
        spots, area = _spots(residual, kernel, neighbours)
        spots = np.where(counts, np.abs(spots), 0.0) / math.sqrt(scale)
        usual = _usual(spots[counts]) if neighbours > 0 else 1.0
        peak = float(spots.max()) / usual
        if peak > strongest:
            strongest = peak
            where = tuple(int(i) for i in np.unravel_index(int(spots.argmax()), spots.shape))
        seen = int(counts.sum())
        number += min(seen, max(round(CROWDED * seen / area), 1))
    beyond = most > BEYOND
    smoother = None
    if blurred is not None:
        smoother = _smoother(residual, blurred, beyond if beyond.any() else most == most.max())
    return Local(beyond.sum() / many, strongest, number, many, where, smoother)


def _smoother(residual: Floats, blurred: Floats, blocks: Mask) -> bool | None:
    """Return whether a re-blurred result varies less than the data less their noise, in blocks.

    None where chance may decide: beside high edges, with which noise correlates by chance.
    """
    side = float(min(SIDE**residual.ndim, residual.size))

    def varies(picture: Floats) -> float:
        sums = _sums(np.square(picture)) - np.square(_sums(picture)) / side
        return float(sums[blocks].sum())

    held = varies(blurred)
    noise = side * float(blocks.sum())
    lost = varies(blurred - residual) - held - noise
    chance = math.sqrt(2 * noise + 4 * held)
    return lost > 0 if abs(lost) > SURE * chance else None


def _usual(sigmas: Floats) -> float:
    """Return how many sigma the blocks deviate by usually, 1 for noise that is well known."""
    return min(max(float(np.median(np.abs(sigmas))) / MAD, 1.0), SPREADS)


def _sums(array: Floats) -> Floats:
    """Return the sum over each block; what is left at the ends is left out."""
    sides = [min(SIDE, n) for n in array.shape]
    whole = tuple(slice(0, n // side * side) for n, side in zip(array.shape, sides, strict=True))
    split: list[int] = []
    for n, side in zip(array.shape, sides, strict=True):
        split += [n // side, side]
    sums: Floats = array[whole].reshape(split).sum(tuple(range(1, 2 * array.ndim, 2)))
    return sums


def _lumped(r: float, ndim: int) -> float:
    """Return how much more the mean of a block varies where neighbours correlate by r."""
    steps = np.arange(1, SIDE)
    return float(1 + 2 * np.sum((1 - steps / SIDE) * r**steps)) ** ndim


def _spots(residual: Floats, kernel: Floats, neighbours: float) -> tuple[Floats, float]:
    """Return the residual under a PSF at every pixel, in sigma, and the PSF's area in pixels."""
    from scipy.signal import fftconvolve

    shape = kernel / kernel.sum()
    power = fftconvolve(shape, shape[(slice(None, None, -1),) * shape.ndim])
    apart = sum(abs(axis) for axis in np.ogrid[tuple(slice(1 - n, n) for n in shape.shape)])
    variance = float(np.sum(power * neighbours ** np.asarray(apart, np.float64)))
    mirrored = shape[(slice(None, None, -1),) * shape.ndim]
    spots: Any = fftconvolve(residual, mirrored, mode="same") / math.sqrt(variance)
    return spots, max(1 / float(np.sum(shape**2)), 1.0)
