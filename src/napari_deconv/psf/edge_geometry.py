"""What a fit asks of an edge: how far every pixel is from it, and which row it lies in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from napari_deconv.psf.line_spread import EdgeSpread, SpreadModel

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int_]
Spread = Callable[..., Floats]
"""``(distance, normals, *parameters) -> share``, as `EdgeSpread` is called."""


@dataclass(frozen=True)
class Geometry:
    """Where an edge runs, told by a few place parameters.

    Attributes
    ----------
    grey : ndarray, shape (N,)
        Grey values of the pixels taken.
    start, slack : ndarray
        First guess of the place parameters, and how far they may lie off it.
    sigma : float
        First guess of the blur in pixels.
    reach : float
        Greatest distance of a pixel from the edge that may occur, in pixels.
    """

    grey: Floats
    start: Floats
    slack: Floats
    sigma: float
    reach: float

    form: ClassVar[str] = ""
    """What the edge should be: straight or round."""
    shift: ClassVar[int] = 0
    """Which place parameter moves the edge along its normal."""

    def distance(self, place: Floats) -> Floats:
        """Return the signed distance of every pixel from the edge."""
        raise TypeError(f"{type(self).__name__} does not say how far pixels are.")

    def rows(self, place: Floats) -> Ints:
        """Return which row across the edge every pixel lies in, a pixel wide each."""
        raise TypeError(f"{type(self).__name__} has no rows.")

    def normals(self, place: Floats) -> tuple[float, ...]:
        """Return directions across the edge, in radians: one, or several for a round one."""
        raise TypeError(f"{type(self).__name__} has no normal.")

    def room(self, place: Floats) -> float:
        """Return how far the pixels reach on the shorter side of the edge."""
        distance = self.distance(place)
        return float(min(-distance.min(), distance.max()))

    def spread(self, model: SpreadModel) -> Spread:
        """Return what gives a model's grey values at distances from the edge, 0 to 1."""
        return EdgeSpread(model, self.reach)
