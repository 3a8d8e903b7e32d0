"""A tail that the chosen shape leaves out: it shows in the slopes on both sides of the edges.

Every piece of an edge may have sloping sides, since objects do. A tail that is longer than what is
looked at hides in them, but in all of them alike, on both sides, and towards the step.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

CLEAR = 4.0
"""Standard errors by which slopes stand clear of none."""
LEAST = 0.02
"""Slopes below this share of the step say nothing: those of known pictures reach 0.015."""
TIMES = 2.0
"""Share of the energy in a tail over the slopes that it makes: 1.1 to 2.3 on known pictures."""
MOST_SHARE = 0.45
"""Share of the energy above which no MTF50 is worked out."""
MOST = 0.15
"""Relative error of MTF50 by a left-out tail above which nothing is said."""


class LeftTail(NamedTuple):
    """What the slopes on both sides have in common.

    Attributes
    ----------
    slope : float
        The smaller of both sides' slopes, 0 if they differ in sign.
    clear : bool
        Whether it stands clear of noise and of what known pictures show.
    """

    slope: float
    clear: bool

    @classmethod
    def of(cls, slopes: Floats) -> Self:
        """Find it from each piece's slopes, shape (N, 2), as shares of the step."""
        middle = np.median(slopes, 0)
        scatter = 1.4826 * np.median(np.abs(slopes - middle), 0)
        error = 1.25 * scatter / math.sqrt(max(len(slopes), 1))
        alike = middle[0] * middle[1] > 0
        clear = (np.abs(middle) > np.maximum(LEAST, CLEAR * error)).all()
        slope = float(middle[np.argmin(np.abs(middle))]) if alike else 0.0
        return cls(slope, bool(alike and clear))

    @property
    def error(self) -> float:
        """Relative standard error of MTF50, since a tail draws it down: of a Gaussian core."""
        share = min(TIMES * 2 * abs(self.slope), MOST_SHARE)
        drop = math.log(math.log(2 * (1 - share)) / math.log(2)) / 2
        return abs(drop) / 1.5

    def check(self) -> None:
        """Refuse a tail that would mislead.

        Raises
        ------
        ValueError
            In one sentence.
        """
        if self.clear and self.error > MOST:
            raise ValueError(
                f"Beside the edges the grey values change by another {2 * abs(self.slope):.0%} of "
                "the step, as where the blur has a tail that this shape does not tell: begin with "
                "another (core and tail), choose a region with even parts, or measure an edge in "
                "a box."
            )
