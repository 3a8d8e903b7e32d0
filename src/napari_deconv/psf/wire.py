"""Measure blur from a straight wire or slit of known width in a box."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_deconv.psf.edge import StraightEdge
from napari_deconv.psf.edge_box import EdgeBox
from napari_deconv.psf.edge_fit import EdgeFit, fit
from napari_deconv.psf.edge_geometry import Spread
from napari_deconv.psf.line_spread import EdgeSpread, SpreadModel, model_named

Floats = npt.NDArray[np.float64]

THINNEST = 0.05
"""Pixels of a width below which a wire is a line."""
CLEAR = 6.0
"""Standard errors by which a wire's mean grey value stands out."""
SECOND = 0.4
"""A second line this strong beside the first is a second wire."""


def fit_wire(
    image: npt.ArrayLike,
    corners: npt.ArrayLike,
    model: str = "gaussian",
    width: float = 0.0,
    sloping: bool = False,
) -> EdgeFit:
    """Measure the blur of a wire or slit: its line spread less its own width.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values proportional to dose; the wire is darker or brighter than its surroundings.
    corners : array_like, shape (4, 2)
        Corners of a rectangle as (row, column), turned or not, that holds one wire.
    model : {"gaussian", "core-tail", "disk-gaussian"}
        What is fitted.
    width : float
        Width of the slit, or of the part of the wire that absorbs, in pixels; it is taken for
        even. 0 for a line thinner than a pixel.
    sloping : bool
        Whether the grey values beside the wire may rise or fall.

    Returns
    -------
    EdgeFit
        Its ``share`` and ``fitted`` are line spreads, 0 far from the wire.

    Raises
    ------
    ValueError
        In one sentence that says what to draw instead.
    """
    if not 0 <= width < 1000:
        raise ValueError(f"The wire's width must be from 0 to 1000 pixels, not {width:g}.")
    box = EdgeBox.of(np.asarray(image, float), np.asarray(corners, float))
    return fit(Wire.across(box, width), model_named(model), sloping)


@dataclass(frozen=True)
class Wire(StraightEdge):
    """A straight wire: two edges, one falling where the other rises."""

    width: float

    @classmethod
    def across(cls, box: EdgeBox, width: float) -> Wire:
        """Guess the one wire in a box."""
        strength = (box.gradient**2).sum(1)
        strong = strength > np.quantile(strength, 0.5)
        _, vectors = np.linalg.eigh(box.gradient[strong].T @ box.gradient[strong])
        down, right = vectors[:, 1]
        angle = float(np.arctan2(down, right))
        places, line, error = _profile(box, angle)
        peak = int(np.argmax(np.abs(line)))
        if np.abs(line[peak]) < CLEAR * error[peak]:
            raise ValueError(
                "There is no wire in the box; draw the box across a straight wire or slit."
            )
        full = _full_width(np.abs(line), peak)
        clear = np.abs(places - places[peak]) > 2 * full + 2
        limit = np.maximum(SECOND * np.abs(line[peak]), CLEAR * error[clear])
        if (np.abs(line[clear]) > limit).any():
            raise ValueError("There are two wires in the box, or more; draw it around only one.")
        sigma = float(np.sqrt(max((full / 2.355) ** 2 - width**2 / 12, 0.25)))
        start, slack = np.array([angle, places[peak]]), np.array([0.2, box.reach])
        return cls(box.grey, start, slack, sigma, 2 * box.reach, box, width)

    def spread(self, model: SpreadModel) -> Spread:
        """Return the difference of two edges over the wire's width."""
        edge, half = EdgeSpread(model, self.reach + self.width), max(self.width, THINNEST) / 2

        def line(distance: Floats, normals: tuple[float, ...], *parameters: float) -> Floats:
            rise = edge(distance + half, normals, *parameters)
            return (rise - edge(distance - half, normals, *parameters)) / (2 * half)

        return line


def _profile(box: EdgeBox, angle: float) -> tuple[Floats, Floats, Floats]:
    """Return distance, mean grey value less the background, and its error, in bins of a pixel."""
    bins = np.round(box.distance(angle, 0.0)).astype(int)
    first = int(bins.min())
    count = np.bincount(bins - first)
    mean = np.bincount(bins - first, box.grey) / np.maximum(count, 1)
    square = np.bincount(bins - first, box.grey**2) / np.maximum(count, 1)
    enough = count >= max(0.25 * np.median(count), 3)
    spread = np.sqrt(np.maximum(square - mean**2, 0) / np.maximum(count, 1))[enough]
    places, mean = np.arange(first, first + count.size, dtype=float)[enough], mean[enough]
    return places, mean - np.median(mean), np.maximum(np.median(spread), 1e-12) + 0 * spread


def _full_width(line: Floats, peak: int) -> float:
    left = right = peak
    while left > 0 and line[left - 1] > line[peak] / 2:
        left -= 1
    while right < line.size - 1 and line[right + 1] > line[peak] / 2:
        right += 1
    return float(right - left + 1)
