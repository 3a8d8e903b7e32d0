"""Fit a PSF's edge spread to many short pieces of edges, each with its own place and levels.

The picture around a piece is ``a + c E(d) + b d (1 - E(d)) + e d E(d)`` of the distance d from a
slightly bent edge: sharp sides that may slope, blurred by the PSF whose edge spread is E. Levels
and slopes are linear and projected out; places are a step of Gauss and Newton at a time (variable
projection; G. H. Golub, V. Pereyra, SIAM J. Numer. Anal. 10, 1973).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from napari_deconv.psf.edge_search import Pieces
    from napari_deconv.psf.kernel_spread import Spreads

Floats = npt.NDArray[np.float64]

ROUNDS = 14
"""Steps of Gauss and Newton of a piece's place and width."""
FARTHEST = (1.0, 0.1, 0.01)
"""Largest step of a piece's place (px), direction (radians) and curvature (1/px)."""
WIDEST_STEP = 0.25
"""Largest step of the logarithm of a width."""
LOCAL = 7
"""Parameters of a piece beside the PSF's: place, direction, curvature, two levels, two slopes."""
FLOOR = 1e-6
"""Share of a picture's variance that stands for noise where there is none."""


class Normal(NamedTuple):
    """Normal equations of the PSF's parameters, a piece each, all else eliminated.

    Attributes
    ----------
    matrix : ndarray, shape (N, K, K)
        Inverse covariance that a piece by itself gives.
    vector : ndarray, shape (N, K)
        ``matrix`` times the step that a piece by itself asks for.
    """

    matrix: Floats
    vector: Floats


class _Linear(NamedTuple):
    """Residuals, height of the step at each pixel, its change with a width, and with the local."""

    residual: Floats
    step: Floats
    wider: Floats
    local: Floats


class Stack(NamedTuple):
    """All pixels of some pieces, laid over each other and sorted by their distance from the edge.

    Attributes
    ----------
    distance, share, fitted : ndarray, shape (M,)
        Distance in pixels, measured and fitted edge spread, 0 on the dark and 1 on the bright side.
    """

    distance: Floats
    share: Floats
    fitted: Floats


class PieceFits:
    """Pieces of edges under fit.

    Parameters
    ----------
    picture : ndarray, shape (H, W)
    pieces : Pieces
    reach, along : float
        Pixels across and along a piece, on either side, that are looked at.
    gain, read_sigma : float
        ``variance = gain * grey + read_sigma^2`` of the noise.
    """

    def __init__(
        self,
        picture: Floats,
        pieces: Pieces,
        *,
        reach: float,
        along: float,
        gain: float,
        read_sigma: float,
    ) -> None:
        self.reach = reach
        self._rows, self._columns, self._grey, self._mask = _pixels(picture, pieces, reach, along)
        count = np.maximum(self._mask.sum(1), LOCAL + 2)
        mean = (self._grey * self._mask).sum(1) / count
        self._freedom = count - LOCAL - 1
        least = FLOOR * float(np.var(picture))
        self.noise = np.maximum(gain * mean + read_sigma**2, least + np.finfo(float).tiny)
        self._angles = pieces.angles
        self.place = np.zeros((len(pieces.angles), 3))
        self.width = np.zeros(len(pieces.angles))

    def settle(self, spreads: Spreads) -> Normal:
        """Find each piece's place and its own width, as a logarithm of the PSF's in `width`."""
        low, high = float(spreads.scales[0]), float(spreads.scales[-1])
        for _ in range(ROUNDS):
            linear = self._linearised(spreads, self.width)
            by_width = (linear.step * linear.wider)[..., None]
            normal, back = self._eliminated(linear, by_width)
            step = normal.vector[:, 0] / np.maximum(normal.matrix[:, 0, 0], 1e-30)
            step = np.clip(step, -WIDEST_STEP, WIDEST_STEP)
            self.width = np.clip(self.width + step, low, high)
            self._move(back, step[:, None])
        return normal

    def together(self, spreads: Spreads, nudged: list[Spreads], nudge: float) -> Normal:
        """Return the equations of parameters that all pieces share, after a step of their places.

        Parameters
        ----------
        spreads : Spreads
            Of the PSF as it stands.
        nudged : list of Spreads
            Of the PSF with each of its parameters raised by `nudge`.
        """
        for last in (False, True):
            linear = self._linearised(spreads)
            changes = [self._changed(spreads, other) / nudge for other in nudged]
            by_psf = np.stack([linear.step * change for change in changes], -1)
            normal, back = self._eliminated(linear, by_psf)
            if not last:
                self._move(back, np.zeros((len(self.width), len(nudged))))
        return normal

    def stack(self, spreads: Spreads, kept: npt.NDArray[np.bool_]) -> Stack:
        """Lay the pixels of some pieces over each other."""
        distance, _, angle = self._distance()
        rise, _, _ = spreads.at(distance, angle)
        levels = self._levels(self._design(distance, rise))
        slope = distance / self.reach
        sides = levels[:, 0, None] + slope * (
            levels[:, 2, None] * (1 - rise) + levels[:, 3, None] * rise
        )
        step = np.where(np.abs(levels[:, 1]) > 0, levels[:, 1], 1.0)[:, None]
        chosen = self._mask[kept] > 0
        share = ((self._grey - sides) / step)[kept][chosen]
        distance, rise = distance[kept][chosen], rise[kept][chosen]
        order = np.argsort(distance, kind="stable")
        return Stack(distance[order], share[order], rise[order])

    def _distance(self) -> tuple[Floats, Floats, Floats]:
        """Return the distance from each edge, its change with the place, and its direction."""
        offset, turn, bend = (self.place[:, i, None] for i in range(3))
        angle = self._angles[:, None] + turn
        c, s = np.cos(angle), np.sin(angle)
        across = self._columns * c + self._rows * s
        beside = self._rows * c - self._columns * s
        distance = across - offset - bend * beside**2 / 2
        by_turn = beside + bend * beside * across
        change = np.stack([-np.ones_like(distance), by_turn, -(beside**2) / 2], -1)
        return distance, change, angle[:, 0]

    def _design(self, distance: Floats, rise: Floats) -> Floats:
        slope = distance / self.reach
        columns = [np.ones_like(rise), rise, slope * (1 - rise), slope * rise]
        return np.stack(columns, -1) * self._mask[..., None]

    def _levels(self, design: Floats) -> Floats:
        matrix = np.einsum("npi,npj->nij", design, design)
        vector = np.einsum("npi,np->ni", design, self._grey)
        return _solved(matrix, vector[..., None])[..., 0]

    def _linearised(self, spreads: Spreads, width: Floats | None = None) -> _Linear:
        """Return residuals and their changes at the places as they stand."""
        distance, change, angle = self._distance()
        rise, steep, wider = spreads.at(distance, angle, width)
        design = self._design(distance, rise)
        levels = self._levels(design)
        residual = self._grey * self._mask - np.einsum("npi,ni->np", design, levels)
        slope = distance / self.reach
        step = levels[:, 1, None] + slope * (levels[:, 3] - levels[:, 2])[:, None]
        sides = levels[:, 2, None] * (1 - rise) + levels[:, 3, None] * rise
        by_place = (step * steep + sides / self.reach) * self._mask
        local = np.concatenate([by_place[..., None] * change, design], -1)
        return _Linear(residual, step * self._mask, wider, local)

    def _changed(self, spreads: Spreads, other: Spreads) -> Floats:
        """Return how much higher another edge spread is at each pixel."""
        distance, _, angle = self._distance()
        return other.at(distance, angle)[0] - spreads.at(distance, angle)[0]

    def _eliminated(self, linear: _Linear, by_psf: Floats) -> tuple[Normal, Floats]:
        """Return the normal equations without what is local, and what leads back to it."""
        residual, local = linear.residual, linear.local
        cross = np.einsum("npi,npj->nij", local, by_psf)
        toward = np.einsum("npi,np->ni", local, residual)
        right = np.concatenate([cross, toward[..., None]], -1)
        back = _solved(np.einsum("npi,npj->nij", local, local), right)
        matrix = np.einsum("npi,npj->nij", by_psf, by_psf)
        matrix = matrix - np.einsum("nki,nkj->nij", cross, back[..., :-1])
        vector = np.einsum("npi,np->ni", by_psf, residual)
        vector = vector - np.einsum("nki,nk->ni", cross, back[..., -1])
        seen = (residual**2).sum(1) / self._freedom
        scale = 1 / np.maximum(seen, self.noise)
        return Normal(matrix * scale[:, None, None], vector * scale[:, None]), back

    def _move(self, back: Floats, step: Floats) -> None:
        """Move the places by a step that goes with one of the PSF's parameters."""
        moved = back[:, :3, -1] - np.einsum("nij,nj->ni", back[:, :3, :-1], step)
        self.place = self.place + np.clip(moved, np.negative(FARTHEST), FARTHEST)


def _pixels(
    picture: Floats, pieces: Pieces, reach: float, along: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return rows, columns (from each middle), grey and mask of the pixels around each piece."""
    half = int(np.ceil(np.hypot(reach, along))) + 1
    rows, columns = (grid.ravel() for grid in np.mgrid[-half : half + 1, -half : half + 1])
    nearest = np.round(pieces.places).astype(int)
    at_row, at_column = nearest[:, :1] + rows, nearest[:, 1:] + columns
    c, s = np.cos(pieces.angles)[:, None], np.sin(pieces.angles)[:, None]
    off = pieces.places - nearest
    down, right = rows - off[:, :1], columns - off[:, 1:]
    taken = np.abs(right * c + down * s) <= reach
    taken &= np.abs(down * c - right * s) <= along
    for at, size in ((at_row, picture.shape[0]), (at_column, picture.shape[1])):
        taken &= (at >= 0) & (at < size)
    most = int(taken.sum(1).max(initial=1))
    first = np.argsort(~taken, axis=1, kind="stable")[:, :most]
    at_row, at_column, down, right, taken = (
        np.take_along_axis(values, first, 1) for values in (at_row, at_column, down, right, taken)
    )
    at_row = np.clip(at_row, 0, picture.shape[0] - 1)
    at_column = np.clip(at_column, 0, picture.shape[1] - 1)
    return down, right, picture[at_row, at_column], taken.astype(float)


def _solved(matrix: Floats, right: Floats) -> Floats:
    """Solve small symmetric systems, hardly damped, so that an empty one does no harm."""
    size = matrix.shape[-1]
    diagonal = np.einsum("nii->ni", matrix)
    ridge = 1e-9 * diagonal + 1e-12 * diagonal.max(1, initial=0, keepdims=True) + 1e-300
    return np.linalg.solve(matrix + ridge[:, None, :] * np.eye(size), right)
