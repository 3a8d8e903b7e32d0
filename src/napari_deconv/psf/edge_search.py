"""Find many short pieces of edges in a picture: where a blur shows, without a box for each."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

STANDS_OUT = 6.0
"""An edge's slope is so many sigma of the slope that noise has."""
BESIDE = 0.15
"""A slope of this share of an edge's own, beside it, is another edge."""
AS_STEEP = 0.75
"""Share of its slope that an edge keeps along all of a piece."""
SMOOTHING = 0.6
"""Sigmas of the blur by which slopes are smoothed: finer adds noise, coarser merges edges."""
LEAST_SMOOTHING = 1.0
"""Pixels of that at least."""


class Pieces(NamedTuple):
    """Pieces of edges.

    Attributes
    ----------
    places : ndarray, shape (N, 2)
        Row and column of the middle of each, to a part of a pixel.
    angles : ndarray, shape (N,)
        Direction to the bright side in radians, from the columns' axis towards higher rows.
    seen : int
        How many there were before those beside another edge were left out.
    """

    places: Floats
    angles: Floats
    seen: int

    @classmethod
    def of(
        cls,
        picture: Floats,
        width: float,
        noise: float,
        *,
        usable: npt.NDArray[np.bool_],
        clear: float,
        along: float,
        most: int,
    ) -> Self:
        """Find the strongest pieces that lie apart from every other edge.

        Parameters
        ----------
        picture : ndarray, shape (H, W)
        width : float
            Sigma of the blur, roughly, in pixels.
        noise : float
            Standard deviation of the grey values.
        usable : ndarray of bool, shape (H, W)
            Where pieces may lie.
        clear, along : float
            Pixels across and along a piece, on either side, in which no other edge may lie.
        most : int
            Most pieces that are returned.

        References
        ----------
        J. Canny, "A computational approach to edge detection", IEEE Trans. Pattern Anal. Mach.
        Intell. 8, 1986 (the maxima of the slope along its own direction).
        """
        smoothing = max(LEAST_SMOOTHING, SMOOTHING * width)
        slopes = _Slopes.of(picture, smoothing)
        floor = STANDS_OUT * noise / (np.sqrt(8 * np.pi) * smoothing**2)
        there = slopes.tops & (slopes.size > floor)
        margin = int(np.ceil(along))
        inside = np.zeros_like(there)
        inside[margin:-margin, margin:-margin] = usable[margin:-margin, margin:-margin]
        chosen = _apart(there & inside, slopes.size, margin + 2)
        rows, columns = chosen.T
        alone = _alone(chosen, there, slopes, clear=clear, along=along)
        alone &= slopes.goes_on(chosen, along + width)
        rows, columns = rows[alone][:most], columns[alone][:most]
        angle, off = slopes.angle[rows, columns], slopes.off[rows, columns]
        places = np.stack([rows + off * np.sin(angle), columns + off * np.cos(angle)], 1)
        return cls(places, angle, len(chosen))


class _Slopes(NamedTuple):
    """Size and direction of the slope, its maxima and how far off the pixel's middle they lie."""

    size: Floats
    angle: Floats
    tops: npt.NDArray[np.bool_]
    off: Floats

    @classmethod
    def of(cls, picture: Floats, smoothing: float) -> Self:
        from scipy.ndimage import gaussian_filter, map_coordinates

        down, right = (
            gaussian_filter(picture, smoothing, order=order, mode="nearest")
            for order in ((1, 0), (0, 1))
        )
        size, angle = np.hypot(down, right), np.arctan2(down, right)
        step = np.stack([np.sin(angle), np.cos(angle)])
        grid = np.indices(picture.shape)
        ahead, behind = (
            map_coordinates(size, grid + sign * step, order=1, mode="nearest") for sign in (1, -1)
        )
        tops = (size >= ahead) & (size > behind)
        bend = np.maximum(2 * size - ahead - behind, 1e-30)
        off = np.clip((ahead - behind) / (2 * bend), -1, 1)
        return cls(size, angle, tops, np.where(tops, off, 0.0))

    def goes_on(self, places: npt.NDArray[np.int_], far: float) -> npt.NDArray[np.bool_]:
        """Return which edges are as steep, and run the same way, so far off on both sides."""
        from scipy.ndimage import map_coordinates

        rows, columns = places.T
        angle, size = self.angle[rows, columns], self.size[rows, columns]
        down, right = self.size * np.sin(self.angle), self.size * np.cos(self.angle)
        across = np.arange(-3, 4)[:, None]
        going = np.ones(len(places), bool)
        for beside in (-far, far):
            at = [
                rows + beside * np.cos(angle) + across * np.sin(angle),
                columns - beside * np.sin(angle) + across * np.cos(angle),
            ]
            there = [map_coordinates(s, at, order=1, mode="nearest") for s in (down, right)]
            along_own = there[0] * np.sin(angle) + there[1] * np.cos(angle)
            going &= along_own.max(0, initial=0.0) > AS_STEEP * size
        return going


def _apart(there: npt.NDArray[np.bool_], size: Floats, gap: int) -> npt.NDArray[np.int_]:
    """Return places in order of strength, none within a gap of a stronger one."""
    places = np.argwhere(there)
    order = np.argsort(-size[there], kind="stable")
    taken = np.zeros(there.shape, bool)
    kept = []
    for row, column in places[order]:
        if not taken[row, column]:
            kept.append((row, column))
            taken[max(0, row - gap) : row + gap + 1, max(0, column - gap) : column + gap + 1] = True
    return np.reshape(np.array(kept, int), (-1, 2))


def _alone(
    chosen: npt.NDArray[np.int_],
    there: npt.NDArray[np.bool_],
    slopes: _Slopes,
    *,
    clear: float,
    along: float,
) -> npt.NDArray[np.bool_]:
    """Return which pieces have no other edge beside them."""
    from scipy.spatial import cKDTree

    others = np.argwhere(there)
    strength = slopes.size[there]
    near = cKDTree(others).query_ball_point(chosen, float(np.hypot(clear, along)))
    alone = np.ones(len(chosen), bool)
    for number, (place, found) in enumerate(zip(chosen, near, strict=True)):
        angle = slopes.angle[tuple(place)]
        down, right = (others[found] - place).T
        across = right * np.cos(angle) + down * np.sin(angle)
        beside = np.abs(down * np.cos(angle) - right * np.sin(angle))
        strong = strength[found] > BESIDE * slopes.size[tuple(place)]
        other = strong & (np.abs(across) <= clear) & (beside <= along) & (np.abs(across) > 2.5)
        alone[number] = not other.any()
    return alone
