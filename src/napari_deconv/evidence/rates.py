"""What the light means, from how often it was on for wrong PSFs: benchmarks/psf_width.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

Light = Literal["green", "yellow", "red", "grey"]
"""Agrees, nearly, contradicts; can't be told."""


class Seen(NamedTuple):
    """For how many of `OF` scans the light was yellow or red, the noise's sigma estimated.

    By data and PSF alone, whatever the method: what a method leaves can only add to it.

    Attributes
    ----------
    twice, thirty, twenty, narrow : int
        With a PSF 100, 30 and 20 % too wide, and 30 % too narrow.
    """

    twice: int
    thirty: int
    twenty: int
    narrow: int


OF = 60
SEEN = {0.01: Seen(60, 20, 20, 0), 0.02: Seen(60, 20, 0, 0), 0.05: Seen(57, 1, 0, 0)}
"""By the noise's sigma as a share of the grey range: 20 seeds of three simulated pictures."""

YELLOW = (
    "Yellow: something small is left beside the noise. The result is smoother than the data allow"
    "{}, the PSF a little too wide, or the noise not as measured."
)
RED = (
    "Red: the data contradict the result. The PSF is much too wide, the result much too smooth{}, "
    "or something is missing or invented in one place: see the residual map."
)


def meaning(light: Light, noise: float, sharper: Sequence[str] = ()) -> str:
    """Return what a light does and doesn't mean.

    Parameters
    ----------
    light : str
    noise : float
        The noise's sigma as a share of the grey range.
    sharper : sequence of str
        What of its parameters makes the method smooth less.
    """
    if light in ("yellow", "red"):
        tried = f" ({', '.join(sharper)})" if sharper else ""
        return (YELLOW if light == "yellow" else RED).format(tried)
    level = next((known for known in SEEN if noise <= known), max(SEEN))
    less = " More noise, as here, hides more." if noise > level else ""
    seen, percent = SEEN[level], round(100 * level)
    return (
        f"Green rules out gross errors only. In {OF} simulations with {percent} % noise a "
        f"PSF twice too wide was seen {_times(seen.twice)}, 30 % too wide {_times(seen.thirty)}, "
        f"20 % {_times(seen.twenty)}, 30 % too narrow {_times(seen.narrow)}, by the data "
        f"alone; what a method leaves can only add to that.{less}"
    )


def _times(number: int) -> str:
    """Return how often, in words."""
    if number in (0, OF):
        return "always" if number else "never"
    return f"{number} times"
