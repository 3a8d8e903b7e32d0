"""Profiles as lines on a page: points and ticks of an SVG that a template draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = (720, 260)
"""Width and height of the drawing."""
LEFT, RIGHT, TOP, BOTTOM = 58, 12, 10, 40
"""Room for axes and labels."""
MOST_POINTS = 900
"""More points of a curve than this can't be told apart on a page."""


@dataclass(frozen=True)
class Tick:
    """A place on an axis, and what stands there."""

    at: float
    text: str


@dataclass(frozen=True)
class Plot:
    """A drawing, ready for the template.

    Attributes
    ----------
    paths : tuple of str
        What each curve's ``d`` is.
    across, up : tuple of Tick
        Of the axes.
    frame : tuple of float
        Left, top, right and bottom of the axes.
    size : tuple of int
        Width and height.
    """

    paths: tuple[str, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    frame: tuple[float, float, float, float] = (LEFT, TOP, SIZE[0] - RIGHT, SIZE[1] - BOTTOM)
    size: tuple[int, int] = SIZE


def plot(curves: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> Plot:
    """Return the drawing of several curves on one pair of axes.

    Parameters
    ----------
    curves : sequence of (ndarray, ndarray)
        Distances and values; what is not finite is a gap.
    """
    x, y = (np.concatenate([curve[axis] for curve in curves]) for axis in (0, 1))
    wide, high = _range(x, 0.0), _range(y, 0.05)
    left, top, right, bottom = Plot((), (), ()).frame

    def place(value: float, ends: tuple[float, float], frame: tuple[float, float]) -> float:
        part = (value - ends[0]) / (ends[1] - ends[0])
        return round(frame[0] + part * (frame[1] - frame[0]), 1)

    paths = []
    for distances, values in curves:
        every = max(1, len(distances) // MOST_POINTS)
        text, pen = [], "M"
        for one, value in zip(distances[::every], values[::every], strict=True):
            if not math.isfinite(value):
                pen = "M"
                continue
            at = place(one, wide, (left, right)), place(value, high, (bottom, top))
            text.append(f"{pen}{at[0]:g} {at[1]:g}")
            pen = "L"
        paths.append("".join(text))
    return Plot(
        tuple(paths),
        tuple(Tick(place(v, wide, (left, right)), f"{v:g}") for v in ticks(*wide, 7)),
        tuple(Tick(place(v, high, (bottom, top)), f"{v:g}") for v in ticks(*high, 5)),
    )


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return round numbers between two values, `most` at most."""
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(s * power for s in (1, 2, 5, 10) if s * power >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{step * n:.6g}") for n in range(first, last + 1)]


def _range(values: NDArray[np.float64], margin: float) -> tuple[float, float]:
    """Return the ends of an axis."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if not high > low:
        low, high = low - 0.5, high + 0.5
    room = margin * (high - low)
    return low - room, high + room
