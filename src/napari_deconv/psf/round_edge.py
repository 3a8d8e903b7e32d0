"""Measure blur from a round edge: a hole, a cylinder, a disk, seen whole or in part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from napari_deconv.psf.edge_box import EdgeBox, SlopeProfile
from napari_deconv.psf.edge_fit import EdgeFit, fit
from napari_deconv.psf.edge_geometry import Geometry, Ints
from napari_deconv.psf.line_spread import model_named

Floats = npt.NDArray[np.float64]

LEAST_RADIUS = 6.0
"""Pixels of a radius below which the edge bends within the blur."""
DIRECTIONS = tuple(np.linspace(0, np.pi / 4, 5))
"""Directions over which the pixel's aperture is averaged."""
TRIALS = 300
"""Circles through three points of steep slope that are tried for a first guess."""
REACH = 8.0
"""Sigmas on either side of the edge that are taken."""
FEWEST = 40
"""Pixels on either side of the edge, at least."""
NO_CIRCLE = (
    "There is no round edge in the box; draw it around a whole hole, cylinder or disk with even "
    "grey inside and outside."
)


def fit_round_edge(
    image: npt.ArrayLike,
    corners: npt.ArrayLike,
    model: str = "gaussian",
    sloping: bool = False,
) -> EdgeFit:
    """Measure the blur of a round edge by its distance from a fitted circle.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values proportional to dose: counts or transmission, or a CT slice.
    corners : array_like, shape (4, 2)
        Corners of a rectangle as (row, column) that holds one circle, or a good part of one.
    model : {"gaussian", "core-tail", "disk-gaussian"}
        What is fitted.
    sloping : bool
        Whether the grey values beside the edge may rise or fall.

    Returns
    -------
    EdgeFit
        Its ``place`` is row, column and radius of the circle, in pixels of the image.

    Raises
    ------
    ValueError
        In one sentence that says what to draw instead.
    """
    box = EdgeBox.of(np.asarray(image, float), np.asarray(corners, float))
    return fit(RoundEdge.of(box), model_named(model), sloping)


@dataclass(frozen=True)
class RoundEdge(Geometry):
    """An edge told by row, column and radius of its circle, in pixels of the image."""

    rows_at: Floats
    columns_at: Floats

    form: ClassVar[str] = "round"
    shift: ClassVar[int] = 2

    @classmethod
    def of(cls, box: EdgeBox) -> RoundEdge:
        """Guess the one circle in a box, and take the pixels around it."""
        rows, columns = box.rows + box.middle[0], box.columns + box.middle[1]
        circle = _circle(rows, columns, box)
        away = np.hypot(rows - circle[0], columns - circle[1])
        outward = (
            box.gradient[:, 0] * (rows - circle[0]) + box.gradient[:, 1] * (columns - circle[1])
        ) / np.maximum(away, 0.5)
        near = np.abs(away - circle[2]) < circle[2] * 0.9
        sign = np.sign(outward[np.abs(away - circle[2]) < 2].sum()) or 1.0
        profile = SlopeProfile.of(away[near] - circle[2], sign * outward[near])
        peak = profile.steepest()
        if peak is None or abs(profile.places[peak]) > 4:
            raise ValueError(NO_CIRCLE)
        sigma = profile.width(peak)
        # The circle's inside bounds what can be seen of it; as much is taken outside.
        window = min(0.8 * circle[2], max(10.0, REACH * sigma))
        taken = np.abs(away - circle[2]) < window
        if min((away[taken] < circle[2]).sum(), (away[taken] > circle[2]).sum()) < FEWEST:
            raise ValueError(
                "The box holds too little beside the round edge; draw it around the whole disk, "
                "with even grey outside."
            )
        slack = np.full(3, max(5.0, 2 * sigma))
        reach = 1.5 * window + 10
        return cls(box.grey[taken], circle, slack, sigma, reach, rows[taken], columns[taken])

    def distance(self, place: Floats) -> Floats:
        """Return the distance of every pixel from the circle, positive outside."""
        row, column, radius = place
        return np.asarray(np.hypot(self.rows_at - row, self.columns_at - column) - radius)

    def rows(self, place: Floats) -> Ints:
        """Return which sector every pixel lies in, a pixel wide at the edge each."""
        row, column, radius = place
        turn = np.arctan2(self.rows_at - row, self.columns_at - column)
        return np.asarray(np.floor(turn * max(radius, 1.0)), int)

    def normals(self, place: Floats) -> tuple[float, ...]:
        """Return directions across the edge, in radians."""
        return DIRECTIONS


def _circle(rows: Floats, columns: Floats, box: EdgeBox) -> Floats:
    """Return row, column and radius of the circle that most steep pixels lie on."""
    from skimage.measure import CircleModel, ransac

    strength = np.hypot(*box.gradient.T)
    steep = strength > max(0.5 * np.quantile(strength, 0.995), 4 * np.median(strength))
    points = np.stack([rows, columns], 1)[steep]
    if len(points) < FEWEST:
        raise ValueError(NO_CIRCLE)
    model, inliers = ransac(  # type: ignore[no-untyped-call]
        points, CircleModel, min_samples=3, residual_threshold=2, max_trials=TRIALS, rng=0
    )
    if model is None or inliers.sum() < 0.4 * len(points):
        raise ValueError(NO_CIRCLE)
    found = (*model.center, model.radius) if hasattr(model, "center") else model.params
    row, column, radius = (float(x) for x in found)
    if radius < LEAST_RADIUS:
        raise ValueError(
            f"The round edge has a radius of {radius:.1f} px, too small for its blur: measure it "
            "as a point."
        )
    if radius > 4 * box.reach:
        raise ValueError("The edge in the box is straight; measure it as a straight edge.")
    return np.array([row, column, radius])
