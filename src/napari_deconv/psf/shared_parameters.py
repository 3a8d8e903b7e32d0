"""The parameters of a PSF that all pieces of edges share: their steps, and how sure they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_deconv.psf.kernel_spread import Spreads

if TYPE_CHECKING:
    from napari_deconv.psf.agreement import Agreement
    from napari_deconv.psf.edge_pieces import Normal, PieceFits
    from napari_deconv.psf.edge_search import Pieces
    from napari_deconv.psf.free_parameters import FreePsf

Floats = npt.NDArray[np.float64]

NUDGE = 0.03
"""Logarithm by which parameters are moved to see what they do."""
BELIEVED = 0.7
"""Standard deviation of a parameter's logarithm around the PSF that was given: a factor of two."""
TOLD = 0.3
"""A parameter is told if its relative error is below this; else it is held."""
FARTHEST = 0.3
"""Largest step of a parameter's logarithm."""
RESAMPLES = 400
"""Bootstrap samples of the blocks."""
BLOCK = 48
"""Pixels of the blocks: what disturbs an edge disturbs its neighbour as well."""
FEWEST_BLOCKS = 8
"""With fewer, every piece is a block."""


class SharedFit:
    """Parameters under fit, by pieces whose places follow.

    Parameters
    ----------
    given, start : FreePsf
        As it was given, which is believed within a factor of two, and where to begin.
    fits : PieceFits
    agreement : Agreement
        Says what each piece counts.
    pieces : Pieces

    Attributes
    ----------
    free : FreePsf
        As it stands.
    held : set of int
        Parameters that the pieces don't tell.
    samples : ndarray, shape (R, K)
        Steps that resampled pieces would take from here: the errors.
    """

    def __init__(
        self, given: FreePsf, start: FreePsf, fits: PieceFits, agreement: Agreement, pieces: Pieces
    ) -> None:
        self._given, self.free = given, start
        self.held: set[int] = set()
        self._fits, self._agreement = fits, agreement
        self._blocks = _blocks(pieces.places)
        count = len(start.parameters)
        self.samples = np.zeros((RESAMPLES, count))

    @property
    def errors(self) -> Floats:
        """Standard errors of the parameters' logarithms (radians of an angle), 0 where held."""
        return np.asarray(self.samples.std(0))

    def spreads(self) -> Spreads:
        """Return the edge spreads of the PSF as it stands."""
        return self._spreads_of(self.free)

    def step(self) -> None:
        """Move all parameters that are told, by one step of Gauss and Newton."""
        count = len(self.free.parameters)
        nudged = [self._spreads_of(self.free.moved(row)) for row in NUDGE * np.eye(count)]
        normal = self._fits.together(self.spreads(), nudged, NUDGE)
        step = self._solve(normal)
        while len(self.held) < count - 1 and self.errors.max() > TOLD:
            self.held.add(int(np.argmax(self.errors)))
            step = self._solve(normal)
        step = np.clip(step, -FARTHEST, FARTHEST)
        self.free = self.free.moved(step)

    def _spreads_of(self, free: FreePsf) -> Spreads:
        return Spreads.of(free.fine(), self._fits.reach + 4)

    def _solve(self, normal: Normal) -> Floats:
        """Return the step, and note how it scatters if blocks of pieces are drawn again."""
        told = np.array([i for i in range(len(self.free.parameters)) if i not in self.held])
        weight = self._agreement.weights(np.einsum("nii->ni", normal.matrix).max(1))
        matrices = weight[:, None, None] * normal.matrix[:, told[:, None], told]
        vectors = weight[:, None] * normal.vector[:, told]
        belief = np.eye(told.size) / BELIEVED**2
        pull = self.free.steps_to(self._given)[told] / BELIEVED**2
        whole = matrices.sum(0) + belief
        step = np.zeros(len(self.free.parameters))
        step[told] = np.linalg.solve(whole, vectors.sum(0) + pull)
        self.samples = np.zeros((RESAMPLES, len(self.free.parameters)))
        self.samples[:, told] = self._drawn(matrices, vectors, belief, pull)
        return step

    def _drawn(self, matrices: Floats, vectors: Floats, belief: Floats, pull: Floats) -> Floats:
        """Return deviations of the step by the bootstrap, no less than the equations say."""
        rng = np.random.default_rng(0)
        count = int(self._blocks.max()) + 1
        by_block = np.zeros((count, *matrices.shape[1:]))
        toward = np.zeros((count, vectors.shape[1]))
        np.add.at(by_block, self._blocks, matrices)
        np.add.at(toward, self._blocks, vectors)
        times = rng.multinomial(count, np.full(count, 1 / count), RESAMPLES)
        left = np.tensordot(times, by_block, 1) + belief
        steps = np.linalg.solve(left, (times @ toward + pull)[..., None])[..., 0]
        off = (steps - steps.mean(0)) * np.sqrt(count / (count - 1))
        least = np.sqrt(np.diag(np.linalg.inv(by_block.sum(0) + belief)))
        return np.asarray(off * np.maximum(1.0, least / np.maximum(off.std(0), 1e-12)))


def _blocks(places: Floats) -> npt.NDArray[np.int_]:
    """Return the number of the block that each piece lies in."""
    cells = np.floor(places / BLOCK).astype(int)
    _, numbers = np.unique(cells, axis=0, return_inverse=True)
    numbers = np.ravel(numbers)
    return numbers if numbers.max() + 1 >= FEWEST_BLOCKS else np.arange(len(places))
