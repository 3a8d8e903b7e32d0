"""Gain and read noise of a detector from repeated frames: the photon transfer, with error bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from napari_deconv.core.noise import LEAST_SPREAD

if TYPE_CHECKING:
    from napari_deconv.core.fidelities import PoissonGaussian

Doubles = npt.NDArray[np.float64]

SIDE = 16
"""Side of the blocks in which means and variances are taken, in pixels."""
FEWEST = 16
"""Fewer blocks tell nothing of an error."""
CUT, NARROW = 4.0, 3.0
"""A difference of more sigma than the first is a gamma spot, or something moved; it is left out.
What the second changes tells of spots too weak for the first."""
KEPT_VARIANCE = {CUT: 0.99893, NARROW: 0.97334}
"""Variance of a standard normal variable that is cut off there."""
ROUNDS = 4
"""Fits, each leaving out what the one before found too far off."""
TRIALS = 400
"""Bootstrap samples of the blocks."""


@dataclass(frozen=True)
class DetectorNoise:
    """Noise of a detector: ``variance = gain * signal + read^2``, signal counted from the dark.

    Attributes
    ----------
    gain, gain_error : float
        Grey values per photon that counts, and its standard error.
    read, read_error : float
        Standard deviation of the noise in the dark, in grey values, and its standard error.
    blocks : int
        Blocks of pixels that were resampled for the errors.
    """

    gain: float
    gain_error: float
    read: float
    read_error: float
    blocks: int

    def __str__(self) -> str:
        """Return both figures with their errors, for a line."""
        gain = f"gain {self.gain:.4g} ± {self.gain_error:.2g}"
        return f"{gain}, read noise {self.read:.3g} ± {self.read_error:.2g}"

    def divided(self, level: float) -> DetectorNoise:
        """Return the noise of frames that are divided by a grey level, such as the open field's."""
        return DetectorNoise(
            self.gain / level,
            self.gain_error / level,
            self.read / level,
            self.read_error / level,
            self.blocks,
        )

    def fidelity(self) -> PoissonGaussian:
        """Return the noise model of a recipe that says this."""
        from napari_deconv.core.fidelities import PoissonGaussian

        return PoissonGaussian(gain=self.gain, read=self.read)


def photon_transfer(
    flats: Sequence[npt.ArrayLike] | npt.NDArray[Any],
    darks: Sequence[npt.ArrayLike] | npt.NDArray[Any] = (),
) -> DetectorNoise:
    """Measure gain and read noise from frames of one scene by the differences of pairs.

    Neighbouring frames are subtracted after the second is brought to the first's exposure, block
    by block of 16 px, so that fixed pattern, beam profile and a scene that stands still cancel.
    What is left has the variance ``gain * A * (1 + A/B) + read^2 * (1 + (A/B)^2)`` for block
    means A and B. With two darks or more, the read noise comes from their differences and the
    gain from the rest; without, both are fitted, if the signal varies enough to tell them apart.
    Differences beyond 4 sigma of the fit (gamma spots) are left out.

    Parameters
    ----------
    flats : array_like, shape (N, H, W) or (N, W), or N frames
        Two frames or more of one scene, of any exposures: flats, or a dose ladder.
    darks : array_like, the same kind of shape
        Dark frames; their mean is subtracted from the flats. None: the dark level is 0 already.

    Returns
    -------
    DetectorNoise
        Standard errors by a bootstrap over blocks of pixels, or by the scatter between pairs of
        frames if that is larger (drift), and beside them what a cut at 3 sigma changes (spots too
        weak to be left out). Between two frames alone no drift shows.

    Raises
    ------
    ValueError
        In one sentence, if there are fewer than two frames, shapes differ, the frames are too
        small, or the flats are no brighter than the dark.

    References
    ----------
    J. R. Janesick, "Photon Transfer", SPIE Press, 2007, ch. 5; EMVA Standard 1288.
    """
    light, dark = _stack(flats, "flat"), _stack(darks, "dark")
    if len(light) < 2:
        raise ValueError("Gain and read noise need two flat frames or more; give another.")
    if len(dark):
        if dark.shape[1:] != light.shape[1:]:
            raise ValueError(
                f"The darks have shape {dark.shape[1:]}, the flats {light.shape[1:]}; "
                "give frames of one shape."
            )
        light = light - np.nanmean(dark, axis=0)
    pairs = _Pairs.of(light, scaled=True)
    if pairs.first.shape[1] < FEWEST:
        raise ValueError(
            f"The frames have room for {pairs.first.shape[1]} blocks of {SIDE} px, which is too "
            f"few to measure noise; give frames of at least {FEWEST}."
        )
    if not (np.median(pairs.first) > 0 and np.median(pairs.second) > 0):
        raise ValueError("The flats are no brighter than the darks; check which is which.")
    picks = _picks(pairs.first.shape[1])
    still = _Pairs.of(dark, scaled=False) if len(dark) > 1 else None
    found = _found(pairs, still, picks)
    narrow = _found(pairs, still, picks[:1], NARROW)[:, 0]
    each = np.array([_found(pair, still, picks[:1])[:, 0] for pair in pairs.each()])
    errors = found[:, 1:].std(axis=1, ddof=1)
    if len(each) > 1:
        drift = each.std(axis=0, ddof=1) / np.sqrt(len(each))
        # All pairs share the read noise of the darks, whose own drift does not show here.
        errors = np.maximum(errors, drift)
    gain_error, read_error = np.hypot(errors, found[:, 0] - narrow)
    gain, read = found[:, 0]
    return DetectorNoise(
        float(gain), float(gain_error), float(read), float(read_error), picks.shape[1]
    )


def _found(pairs: _Pairs, still: _Pairs | None, picks: Doubles, cut: float = CUT) -> Doubles:
    """Return gain and read noise for every draw of the blocks, shape (2, draws)."""
    dark = None if still is None else still.read_variance(picks, cut)
    gain, read = pairs.fit(picks, dark, cut)
    return np.stack([np.maximum(gain, 0), np.sqrt(np.maximum(read, 0))])


def _stack(frames: Sequence[npt.ArrayLike] | npt.NDArray[Any], kind: str) -> Doubles:
    """Return frames as (N, H, W); rows of a line detector as (N, 1, W)."""
    if len(frames) == 0:
        return np.empty((0, 1, 1))
    shapes = {np.shape(frame) for frame in frames}
    if len(shapes) > 1:
        raise ValueError(f"The {kind} frames differ in shape; give frames of one shape.")
    stack = np.asarray(frames, dtype=np.float64)
    if stack.ndim == 2:
        stack = stack[:, None, :]
    if stack.ndim != 3:
        raise ValueError(f"The {kind} frames have shape {stack.shape}; give a stack (N, H, W).")
    return stack


def _picks(blocks: int) -> Doubles:
    """Return how often each block counts: once each, then as a bootstrap draws them."""
    draws = np.random.default_rng(0).multinomial(blocks, [1 / blocks] * blocks, size=TRIALS)
    return np.vstack([np.ones(blocks), draws])


class _Pairs(NamedTuple):
    """Differences of neighbouring frames, cut into blocks, and the blocks' means.

    `difference` has shape (pairs, blocks, pixels), `first` and `second` (pairs, blocks).
    """

    difference: Doubles
    first: Doubles
    second: Doubles

    @classmethod
    def of(cls, stack: Doubles, scaled: bool) -> _Pairs:
        """Cut frames; `scaled` frames are brought to one exposure, others to one level."""
        cut = _blocks(stack)
        middle = np.nanmedian(cut, axis=2)
        a, b = cut[:-1], cut[1:]
        first, second = middle[:-1], middle[1:]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = first / second if scaled else np.ones_like(first)
        difference = a - ratio[..., None] * b
        return cls(difference - np.nanmedian(difference, axis=2)[..., None], first, second)

    def each(self) -> Iterator[_Pairs]:
        """Yield one pair at a time."""
        for number in range(len(self.first)):
            yield _Pairs(*(values[number : number + 1] for values in self))

    def terms(self) -> tuple[Doubles, Doubles]:
        """Return what gain and squared read noise are multiplied by in a block's variance."""
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = self.first / self.second
        return self.first * (1 + ratio), 1 + ratio**2

    def read_variance(self, picks: Doubles, cut: float) -> Doubles:
        """Return the squared read noise of darks for every draw of the blocks."""
        model = np.full(self.first.shape, _first_guess(self.difference))
        for _ in range(ROUNDS):
            variance, weight = _variances(self.difference, model, cut)
            estimate = picks @ _over_pairs(weight * variance) / (picks @ _over_pairs(weight))
            model = np.full(self.first.shape, max(float(estimate[0]), 1e-300))
        return np.asarray(estimate / 2)

    def fit(self, picks: Doubles, still: Doubles | None, cut: float) -> tuple[Doubles, Doubles]:
        """Return gain and squared read noise for every draw of the blocks."""
        by_gain, by_read = self.terms()
        usable = np.isfinite(by_gain) & (self.first > 0) & (self.second > 0)
        by_gain, by_read = np.where(usable, by_gain, 0.0), np.where(usable, by_read, 0.0)
        low, high = np.percentile(self.first[usable], (5, 95))
        levels = (*np.median(self.first, axis=1), *np.median(self.second, axis=1))
        varied = max(high, *levels) > LEAST_SPREAD * min(low, *levels)
        model = np.where(usable, _first_guess(self.difference), np.inf)
        read = np.zeros(len(picks)) if still is None else still
        for _ in range(ROUNDS):
            variance, count = _variances(self.difference, model, cut)
            weight = np.where(usable, count / model**2, 0.0)
            sums = [
                picks @ _over_pairs(weight * one * other)
                for one, other in (
                    (by_gain, by_gain),
                    (by_gain, by_read),
                    (by_read, by_read),
                    (by_gain, variance),
                    (by_read, variance),
                )
            ]
            gain, read = _solved(sums, still, varied)
            found = max(float(gain[0]), 0.0) * by_gain + max(float(read[0]), 0.0) * by_read
            model = np.where(usable, np.maximum(found, 1e-6 * np.median(found)), np.inf)
        return gain, read


def _solved(sums: list[Doubles], still: Doubles | None, varied: bool) -> tuple[Doubles, Doubles]:
    """Return the gain, and the squared read noise where it is not known, of normal equations."""
    gg, gr, rr, gv, rv = sums
    if still is not None:
        return (gv - gr * still) / gg, still
    if not varied:
        return gv / gg, np.zeros_like(gv)
    determinant = gg * rr - gr**2
    read = (gg * rv - gr * gv) / determinant
    negative = read < 0
    read = np.where(negative, 0.0, read)
    return (gv - gr * read) / gg, read


def _blocks(stack: Doubles) -> Doubles:
    """Return frames cut into blocks, shape (N, blocks, pixels); what is left over is dropped."""
    count, height, width = stack.shape
    tall, wide = min(SIDE, height), min(SIDE, width)
    rows, columns = height // tall, width // wide
    grid = stack[:, : rows * tall, : columns * wide].reshape(count, rows, tall, columns, wide)
    return grid.swapaxes(2, 3).reshape(count, rows * columns, tall * wide)


def _first_guess(difference: Doubles) -> Doubles:
    """Return the variance of every block by the median of absolute values, its blocks' at least."""
    spread: Doubles = (np.nanmedian(np.abs(difference), axis=2) / 0.6745) ** 2
    return np.maximum(spread, np.nanmedian(spread, axis=1, keepdims=True) / 4 + 1e-300)


def _variances(difference: Doubles, model: Doubles, cut: float) -> tuple[Doubles, Doubles]:
    """Return every block's variance without what the model finds too far off, and its pixels."""
    near = np.abs(difference) < cut * np.sqrt(model)[..., None]
    count = near.sum(axis=2)
    kept = np.where(near, difference, 0.0)
    mean = kept.sum(axis=2) / np.maximum(count, 1)
    squares = np.where(near, (difference - mean[..., None]) ** 2, 0.0).sum(axis=2)
    return squares / np.maximum(count - 1, 1) / KEPT_VARIANCE[cut], np.where(count > 1, count, 0.0)


def _over_pairs(values: Doubles) -> Doubles:
    """Return the sum over the pairs of frames: a block is drawn with all of them."""
    return np.asarray(values.sum(axis=0))
