"""Register frames of one scene: shift, exposure, and which of them don't belong.

This works on the host, in NumPy and scikit-image.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pydantic import Field

from napari_deconv.core.noise import gaussian_sigma
from napari_deconv.core.params import Declared
from napari_deconv.core.scale import RANGE

if TYPE_CHECKING:
    Floats = npt.NDArray[np.float32]
    Mask = npt.NDArray[np.bool_]

FINE, COARSE = 1.0, 12.0
"""Gaussian sigmas in pixels between which structure is looked at: above the noise's pixel, below
shading, whose shift a window hides."""
SIGMA = 2.0
"""Gaussian sigma of the pictures that are compared."""
STEP = 2
"""Every how many pixels they are compared: after `SIGMA` nothing lies between."""
BLOCK = 16
"""Side of the blocks, in compared pixels, of which the worst counts."""
CHANCE = 2.2
"""A block's mean square may be this many times that of the noise by chance."""
LEAST_SCORE = 0.3
"""Correlation below which two frames have too little in common for a shift to be trusted."""
LEAST_GREY = 3.0
"""A mean grey value of less than this many sigma says nothing of the exposure."""
PASSES = 3
"""How often a shift is measured anew on what the frames have in common."""


class Seen(Declared):
    """What was found of one frame of a burst, relative to the reference frame."""

    shift: tuple[float, float] = Field(
        (0.0, 0.0),
        description="How far its picture lies down and to the right of the reference's.",
        json_schema_extra={"unit": "px"},
    )
    gain: float = Field(1.0, gt=0, description="Its grey values over the reference's.")
    noise: float = Field(0.0, ge=0, description="Standard deviation of its noise.")
    differs: float = Field(
        0.0, ge=0, description="Largest local difference from the others, of the grey range."
    )
    doubt: str = Field("", description="Why it is left out; empty if it is not.")


@dataclass(frozen=True, eq=False)
class _Picture:
    """A frame prepared: its structure for shifts, itself smoothed for comparison."""

    structure: Floats
    smooth: Floats

    @classmethod
    def of(cls, frame: Floats) -> _Picture:
        return cls(_gaussian(frame, FINE) - _gaussian(frame, COARSE), _gaussian(frame, SIGMA))


class Pairs:
    """The frames of a burst, every two of them comparable: blurred alike.

    Parameters
    ----------
    frames : sequence of ndarray, shape (H, W)
        Finite grey values.
    valid : sequence of ndarray of bool or None
        False where a pixel is no measurement.
    kernels : sequence of ndarray, optional
        PSF of each frame if they differ: two frames are compared after each was blurred by the
        PSF of the other, which makes them alike.

    Attributes
    ----------
    noise : list of float
        Standard deviation of each frame's noise.
    """

    def __init__(
        self,
        frames: Sequence[Floats],
        valid: Sequence[Mask | None],
        kernels: Sequence[Floats] | None,
    ) -> None:
        self.frames, self.valid, self.kernels = frames, valid, kernels
        self.noise = [gaussian_sigma(f, v) for f, v in zip(frames, valid, strict=True)]
        self.plain = [_Picture.of(frame) for frame in frames] if kernels is None else []

    def of(self, reference: int, other: int) -> tuple[_Picture, _Picture]:
        """Return two frames."""
        if self.kernels is None:
            return self.plain[reference], self.plain[other]
        return self._blurred(reference, other), self._blurred(other, reference)

    def grey_range(self, index: int) -> float:
        """Return the grey range of what was measured in a frame."""
        frame, valid = self.frames[index], self.valid[index]
        good = frame if valid is None or not valid.any() else frame[valid]
        low, high = np.percentile(good, RANGE)
        return float(high - low)

    def _blurred(self, index: int, by: int) -> _Picture:
        import torch

        from napari_deconv.core.merging import blurred

        assert self.kernels is not None
        frame, kernel = torch.from_numpy(self.frames[index]), torch.from_numpy(self.kernels[by])
        return _Picture.of(blurred(frame, kernel).numpy())


def _gaussian(image: Floats, sigma: float) -> Floats:
    from skimage.filters import gaussian

    smooth: Floats = gaussian(  # type: ignore[no-untyped-call]
        image, sigma, mode="reflect", preserve_range=True
    )
    return smooth


@dataclass(frozen=True, eq=False)
class _Laid:
    """A frame laid over the reference, and the reference as it is compared with it."""

    shift: tuple[float, float]
    score: float
    gain: float
    smooth: Floats
    base: Floats

    @classmethod
    def of(
        cls, pair: tuple[_Picture, _Picture], noise: tuple[float, float], upsampling: int
    ) -> _Laid:
        base, other = pair
        shift, score = (0.0, 0.0), 1.0
        if base is not other:
            shift = shift_between(base.structure, other.structure, upsampling)
            score = _score(*_overlap(base.structure, other.structure, _whole(shift)), noise)
        gain = _gain(*_overlap(base.smooth, other.smooth, _whole(shift)), max(noise))
        laid = _laid(other.smooth / np.float32(gain), shift)
        return cls(shift, score, gain, laid, _laid(base.smooth, (0.0, 0.0)))


def found(
    pairs: Pairs, reference: int, upsampling: int, largest: float | None, most: float
) -> Iterator[Seen]:
    """Yield what is found of each frame if one of them is the reference.

    Parameters
    ----------
    pairs : Pairs
    reference : int
    upsampling : int
        Shifts are good to one pixel over this.
    largest : float or None
        Largest shift that is believed; a quarter of the frame if None.
    most : float
        Largest local difference, of the grey range, of a frame that belongs.
    """
    noise = pairs.noise
    laid = [
        _Laid.of(pairs.of(reference, index), (noise[reference], sigma), upsampling)
        for index, sigma in enumerate(noise)
    ]
    limit = largest or min(pairs.frames[reference].shape) / 4
    near = [one for one in laid if max(map(abs, one.shift)) <= limit and one.score >= LEAST_SCORE]
    alike = pairs.kernels is None and len(near) > 2
    agreed = _median([one.smooth for one in near]) if alike else None
    typical = float(np.median([s / one.gain for s, one in zip(noise, laid, strict=True)]))
    grey = pairs.grey_range(reference)
    for one, sigma in zip(laid, noise, strict=True):
        difference = one.smooth - (one.base if agreed is None else agreed)
        excess = _excess(difference, math.hypot(sigma / one.gain, typical))
        differs = excess / grey if grey > 0 else 0.0
        yield Seen(
            shift=(round(one.shift[0], 4), round(one.shift[1], 4)),
            gain=float(f"{one.gain:.6g}"),
            noise=float(f"{sigma:.6g}"),
            differs=float(f"{differs:.3g}"),
            doubt=_doubt(one, differs, limit, most),
        )


def _doubt(one: _Laid, differs: float, limit: float, most: float) -> str:
    """Return why a frame is left out; nothing if it is not."""
    farthest = max(map(abs, one.shift))
    if one.score < LEAST_SCORE:
        return f"it shows something else (correlation {one.score:.2f})"
    if farthest > limit:
        return f"it lies {farthest:.3g} px off, further than {limit:.3g}"
    if differs > most:
        return f"a part of it differs by {differs:.0%} of the grey range"
    return ""


def shift_between(base: Floats, other: Floats, upsampling: int) -> tuple[float, float]:
    """Return how far `other`'s picture lies down and to the right of `base`'s, in pixels.

    The peak of the cross-correlation, which for white noise is the most likely shift. It is
    measured again on what the two have in common, cut out by whole pixels and moved by the rest,
    so that the window that hides the borders moves along with the picture: one that stood still
    would draw every shift towards zero.

    Parameters
    ----------
    base, other : ndarray, shape (H, W)
        Structure of mean about 0.
    upsampling : int
        The result is good to one pixel over this.

    References
    ----------
    M. Guizar-Sicairos, S. T. Thurman, J. R. Fienup, "Efficient subpixel image registration
    algorithms", Opt. Lett. 33, 2008.
    """
    import torch

    from napari_deconv.core.merging import shifted

    shift = _peak(base, other, 1)
    for _ in range(PASSES):
        whole = tuple(round(s) for s in shift)
        here, there = _overlap(base, other, (int(whole[0]), int(whole[1])))
        if min(here.shape) < 2 * STEP:
            break
        rest = (shift[0] - whole[0], shift[1] - whole[1])
        moved = shifted(torch.from_numpy(there.copy()), (-rest[0], -rest[1])).numpy()
        step = _peak(here, moved, upsampling)
        shift = (shift[0] + step[0], shift[1] + step[1])
        if max(map(abs, step)) <= 1 / upsampling:
            break
    return shift


def _peak(base: Floats, other: Floats, upsampling: int) -> tuple[float, float]:
    """Return the shift at which two windowed pictures correlate best."""
    from skimage.filters import window
    from skimage.registration import phase_cross_correlation

    tukey = window(("tukey", 0.5), base.shape)  # type: ignore[no-untyped-call]
    veil = tukey.astype(np.float32)
    pair = [(image - np.average(image, weights=veil)) * veil for image in (base, other)]
    if not all(image.any() for image in pair):
        return 0.0, 0.0
    found = phase_cross_correlation(  # type: ignore[no-untyped-call]
        *pair, upsample_factor=upsampling, normalization=None
    )
    rows, columns = found[0]
    return -float(rows), -float(columns)


def _overlap(base: Any, other: Any, shift: tuple[int, int]) -> tuple[Any, Any]:
    """Return what two pictures have in common, `other`'s lying `shift` further."""
    here = tuple(slice(max(-d, 0), n - max(d, 0)) for d, n in zip(shift, base.shape, strict=True))
    there = tuple(slice(max(d, 0), n - max(-d, 0)) for d, n in zip(shift, base.shape, strict=True))
    return base[here], other[there]


def _whole(shift: tuple[float, float]) -> tuple[int, int]:
    return round(shift[0]), round(shift[1])


def _score(here: Floats, there: Floats, noise: tuple[float, float]) -> float:
    """Return the correlation of two structures that overlap, the noise's power taken off."""
    if here.size == 0:
        return 0.0
    kept = 1 / (4 * math.pi * FINE**2)  # share of the noise's power that smoothing leaves
    powers = [
        max(float(np.mean(np.square(part))) - kept * sigma**2, 0.0)
        for part, sigma in zip((here, there), noise, strict=True)
    ]
    product = math.sqrt(powers[0] * powers[1])
    return min(float(np.mean(here * there)) / product, 1.0) if product > 0 else 0.0


def _gain(here: Floats, there: Floats, noise: float) -> float:
    """Return the ratio of the mean grey values where two frames overlap; 1 if they are dark."""
    if here.size == 0:
        return 1.0
    mean, other = float(here.mean()), float(there.mean())
    telling = min(abs(mean), abs(other)) > LEAST_GREY * noise and mean * other > 0
    return other / mean if telling else 1.0


def _laid(smooth: Floats, shift: tuple[float, float]) -> Floats:
    """Return a smooth picture laid over the reference, coarsely sampled; NaN where it ends."""
    import torch

    from napari_deconv.core.merging import seen, shifted

    back = (-shift[0], -shift[1])
    moved = shifted(torch.from_numpy(np.ascontiguousarray(smooth, np.float32)), back).numpy()
    moved[~seen(torch.ones(smooth.shape, dtype=torch.bool), back).numpy()] = np.nan
    coarse: Floats = moved[::STEP, ::STEP]
    return coarse


def _median(aligned: Sequence[Floats]) -> Floats:
    """Return what most frames show where any does, NaN elsewhere."""
    stack = np.stack(aligned)
    unseen = np.isnan(stack).all(axis=0)
    stack[:, unseen] = 0
    agreed = np.nanmedian(stack, axis=0).astype(np.float32)
    agreed[unseen] = np.nan
    return agreed


def _excess(difference: Floats, sigma: float) -> float:
    """Return the largest rms difference of a block beyond what noise makes of it."""
    known = np.isfinite(difference)
    square = np.square(np.where(known, difference, 0.0), dtype=np.float64)
    sums, counts = _blocks(square), _blocks(known.astype(np.float64))
    enough = counts >= BLOCK**2 / 2
    if not enough.any():
        return 0.0
    power = (sums[enough] / counts[enough]).max()
    chance = CHANCE * sigma**2 / (4 * math.pi * SIGMA**2)
    return math.sqrt(max(power - chance, 0.0))


def _blocks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the sums over blocks of `BLOCK`, the last ones narrower."""
    rows, columns = (np.arange(0, n, BLOCK) for n in values.shape)
    return np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1)
