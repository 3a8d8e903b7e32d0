"""A look at a model without a truth: whether it is surely better than it was, or by chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ERRORS = 2.0
"""Standard errors that a mean of differences must exceed to count: chance alone gives as much once
in some 30 looks."""


@dataclass(frozen=True)
class Difference:
    """The mean difference of pairs, and its standard error.

    Both of a pair saw the same scene and noise, so that most of these cancel. Pairs are taken as
    independent: of crops of one frame that overlap, the true error is somewhat greater.
    """

    mean: float
    error: float

    @classmethod
    def between(
        cls, ones: NDArray[np.floating[Any]], others: NDArray[np.floating[Any]]
    ) -> Difference:
        """Return how much larger others are than ones, in pairs."""
        found = others - ones
        return cls(float(found.mean()), float(found.std(ddof=1) / math.sqrt(found.size)))

    @property
    def significant(self) -> bool:
        """Whether it is above 0 by more than two standard errors."""
        return self.mean > ERRORS * self.error

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
    fell : Difference
        How far that is below the best one so far, on the same crops.
    guard : float
        PSNR on drawn scenes of the same PSF and noise, in dB.
    gained : Difference
        How far that is above the start's on the same scenes, in dB.
    best : bool
        Whether it is kept: the misfit, which tells of harm rather than of gain, is the least so
        far, and the guard rose by more than two standard errors.
    """

    step: int
    misfit: float
    fell: Difference
    guard: float
    gained: Difference
    best: bool

    def __str__(self) -> str:
        """Return it as a line."""
        fell = f" (fell by {self.fell.said(5)})" if self.step else ""
        over = f" ({self.gained} over the start)" if self.step else ""
        kept = ", kept" if self.best else ""
        return (
            f"step {self.step}: misfit {self.misfit:.4f}{fell}, "
            f"drawn scenes {self.guard:.2f} dB{over}{kept}"
        )
