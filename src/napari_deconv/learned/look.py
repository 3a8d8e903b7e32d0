"""Looks at a model without a truth: whether it is surely better than it was, or by chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating[Any]]

CHANCE = 0.025
"""How often chance alone passes for a difference, of one side, however often it is looked for."""

WORTH = 0.01
"""Gain in dB below which nobody sees it, however sure it is."""


@dataclass(frozen=True)
class Difference:
    """The mean difference of pairs, and its standard error.

    Both of a pair saw the same scene and noise, so that most of these cancel. Pairs are taken as
    independent: of crops of one frame that overlap, the true error is somewhat greater.

    Attributes
    ----------
    mean, error : float
    pairs : int
        How many; of few, the error itself is known less well.
    """

    mean: float
    error: float
    pairs: int = 2

    @classmethod
    def between(cls, ones: Values, others: Values) -> Difference:
        """Return how much larger others are than ones, in pairs."""
        found = others - ones
        spread = float(found.std(ddof=1)) if found.size > 1 else 0.0
        error = spread / math.sqrt(found.size)
        return cls(float(found.mean()), error, found.size)

    def surely(self, looks: int = 1) -> bool:
        """Return whether it is above 0, and not by chance.

        Parameters
        ----------
        looks : int
            Differences of which one that passes is enough: each then has to pass by more, so that
            all of them together pass by chance as seldom as one would (Bonferroni, Student's t).
        """
        from scipy.special import stdtrit

        return self.mean > float(stdtrit(self.pairs - 1, 1 - CHANCE / looks)) * self.error

    def __str__(self) -> str:
        """Return it with its standard error."""
        return self.said(2)

    def said(self, digits: int) -> str:
        """Return it with so many digits behind the point."""
        return f"{self.mean:+.{digits}f} ± {self.error:.{digits}f}"


@dataclass(frozen=True)
class Look:
    """How the model does without truth.

    Attributes
    ----------
    step : int
    misfit : float
        Of its results, blurred again, on what is kept apart, in variances of the noise.
    harm : Difference
        How far that is above the start's, on the same crops.
    guard : float
        PSNR on drawn scenes of the same PSF and noise, in dB.
    gained : Difference
        How far that is above the start's on the same scenes, in dB.
    best : bool
        Whether it is kept.
    """

    step: int
    misfit: float
    harm: Difference
    guard: float
    gained: Difference
    best: bool

    def __str__(self) -> str:
        """Return it as a line."""
        harm = f" ({self.harm.said(5)} against the start)" if self.step else ""
        over = f" ({self.gained} over the start)" if self.step else ""
        kept = ", kept" if self.best else ""
        return (
            f"step {self.step}: misfit {self.misfit:.4f}{harm}, "
            f"drawn scenes {self.guard:.2f} dB{over}{kept}"
        )


def rose(before: Values, after: Values, looks: int = 1) -> bool:
    """Return whether values rose, and not by chance: by their signed ranks.

    Gains have long tails: one scene that leaps by some dB makes the mean's standard error larger
    than the mean, however surely all others gain.

    Parameters
    ----------
    before, after : ndarray
        Pairs.
    looks : int
        As in `Difference.surely`.

    References
    ----------
    F. Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bulletin 1, 1945.
    """
    from scipy.stats import wilcoxon

    found = after - before
    return bool(found.any()) and wilcoxon(found, alternative="greater").pvalue < CHANCE / looks


class Keeping:
    """Decides which model is kept, without a truth of the scans.

    One that gained surely over the start on drawn scenes (by signed ranks, and in the mean), more
    than the best so far, and that the scans don't surely speak against. The misfit tells of harm
    rather than of gain: a good start's is next to 1, and what is left of it is noise.

    Parameters
    ----------
    misfits : ndarray
        Of the start, on each crop that is kept apart.
    guard : ndarray
        PSNR of the start on each drawn scene, in dB.
    looks : int
        That will be at most. Each is a chance to be kept, so all of them together must not keep a
        model that is no better than the start more often than `CHANCE`.
    """

    def __init__(self, misfits: Values, guard: Values, looks: int) -> None:
        self._misfits, self._guard, self._looks = misfits, guard, looks
        self._top = float(guard.mean())
        none = Difference(0.0, 0.0)
        self.start = Look(0, float(misfits.mean()), none, self._top, none, True)

    def look(self, step: int, misfits: Values, guard: Values) -> Look:
        """Return a look at a model, and whether it is the best so far."""
        harm = Difference.between(self._misfits, misfits)
        gained = Difference.between(self._guard, guard)
        mean = float(guard.mean())
        sure = gained.mean >= WORTH and rose(self._guard, guard, self._looks)
        best = sure and mean > self._top and not harm.surely()
        if best:
            self._top = mean
        return Look(step, float(misfits.mean()), harm, mean, gained, best)
