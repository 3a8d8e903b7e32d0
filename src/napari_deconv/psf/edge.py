"""Measure blur from a straight edge in a box."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from napari_deconv.psf.edge_box import EdgeBox
from napari_deconv.psf.edge_fit import EdgeFit, fit
from napari_deconv.psf.edge_geometry import Geometry, Ints
from napari_deconv.psf.line_spread import model_named

Floats = npt.NDArray[np.float64]

TURN = 0.2
"""Radians by which an edge may run off its first guess."""


def fit_edge(
    image: npt.ArrayLike,
    corners: npt.ArrayLike,
    model: str = "gaussian",
    sloping: bool = False,
) -> EdgeFit:
    """Measure the blur of a straight edge in a box.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values proportional to dose: counts or transmission. NaN are left out.
    corners : array_like, shape (4, 2)
        Corners of a rectangle as (row, column), turned or not, that holds one edge.
    model : {"gaussian", "core-tail", "disk-gaussian"}
        What is fitted.
    sloping : bool
        Whether the grey values beside the edge may rise or fall (uneven light, a thickness that
        changes). What is taken for a slope is no longer taken for the blur's tail.

    Returns
    -------
    EdgeFit
        Its ``place`` is the normal's angle in radians and the distance from the box's middle.

    Raises
    ------
    ValueError
        In one sentence that says what to draw instead: no edge, two edges, a curved edge,
        saturated, outside the image, too small.
    """
    box = EdgeBox.of(np.asarray(image, float), np.asarray(corners, float))
    return fit(StraightEdge.of(box), model_named(model), sloping)


@dataclass(frozen=True)
class StraightEdge(Geometry):
    """An edge told by its normal's angle in radians and its distance from the box's middle."""

    box: EdgeBox

    form: ClassVar[str] = "straight"
    shift: ClassVar[int] = 1

    @classmethod
    def of(cls, box: EdgeBox) -> StraightEdge:
        """Guess the one edge in a box."""
        guess = box.guess()
        start = np.array([guess.angle, guess.offset])
        slack = np.array([TURN, box.reach])
        return cls(box.grey, start, slack, guess.sigma, 2 * box.reach, box)

    def distance(self, place: Floats) -> Floats:
        """Return the signed distance of every pixel from the edge."""
        return self.box.distance(*place)

    def rows(self, place: Floats) -> Ints:
        """Return which row across the edge every pixel lies in, a pixel wide each."""
        angle = place[0]
        along = -self.box.columns * np.sin(angle) + self.box.rows * np.cos(angle)
        return np.asarray(np.floor(along), int)

    def normals(self, place: Floats) -> tuple[float, ...]:
        """Return the direction across the edge, in radians."""
        return (float(place[0]),)
