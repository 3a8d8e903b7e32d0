"""What a refinement came to: the PSF, its figures with their errors, what is not known of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from napari_deconv.psf.edge_fit import structure
from napari_deconv.psf.figures import Figure
from napari_deconv.psf.line_spread import aperture
from napari_deconv.psf.measure import STRUCTURE, MeasuredBlur
from napari_deconv.psf.shared_parameters import NUDGE, SharedFit
from napari_deconv.psf.spread_curves import crossing

if TYPE_CHECKING:
    from napari_deconv.psf.agreement import Agreement
    from napari_deconv.psf.edge_pieces import PieceFits, Stack
    from napari_deconv.psf.edge_search import Pieces
    from napari_deconv.psf.free_parameters import FreePsf
    from napari_deconv.psf.sampling import Psf

Floats = npt.NDArray[np.float64]

FARTHEST = float(np.log(2.0))
"""Logarithm of the farthest width from that of the PSF that was given."""
WIDTH_TOLD = 0.1
"""Relative error of MTF50 above which nothing is said."""
OFF = 0.003
"""Share of the step by which the mean of many edges must be off the fit (rms) to be named."""
MANY = 0.8
"""Share of the edges that agree below which a note says so."""
FINE = np.linspace(0, 1, 401)
"""Frequencies at which the MTF is worked out, in cycles per pixel."""
MTF_LEVELS = (50, 10)
UNKNOWABLE = (
    "It can't know a shape beyond the one chosen, and takes for blur what is soft in the object "
    "itself: rounded or slanted edges, a magnification that changes with depth."
)


@dataclass(frozen=True)
class RefinedBlur(MeasuredBlur):
    """A PSF with what was refined of it.

    Attributes
    ----------
    given : Psf
        As it was before.
    stack : Stack
        Pixels around the edges that counted, with the fit.
    places : ndarray, shape (N, 2)
        Row and column in the picture of the pieces that counted.
    left_out : int
        Pieces that did not.
    wider : float
        Width over that of the given one.
    """

    given: Psf | None = None
    stack: Stack | None = None
    places: Floats = field(default_factory=lambda: np.zeros((0, 2)))
    left_out: int = 0
    wider: float = 1.0


class Found(NamedTuple):
    """All that a refinement came to."""

    given: FreePsf
    shared: SharedFit
    pieces: Pieces
    fits: PieceFits
    agreement: Agreement
    corner: Floats

    @property
    def wider(self) -> float:
        """Width over that of the given PSF."""
        return self.shared.free.width / self.given.width

    def check(self) -> None:
        """Refuse a width that is not known well enough, or far from the given one."""
        error = max(self._mtf_errors())
        if error > WIDTH_TOLD:
            raise ValueError(
                f"The region tells the width of the blur only to ± {1.96 * error:.0%}: choose a "
                "larger one, or one with more and stronger edges."
            )
        if abs(np.log(self.wider)) > FARTHEST:
            raise ValueError(
                f"The PSF that fits is {self.wider:.2g} times as wide as the one that was given: "
                "give one nearer, or choose another region."
            )

    def blur(self) -> RefinedBlur:
        """Return the PSF with its figures."""
        kept = self.agreement.trust > 0.5
        stack = self.fits.stack(self.shared.spreads(), kept)
        return RefinedBlur(
            self.shared.free.finished(),
            tuple(self._figures()),
            notes=tuple(self._notes(stack)),
            given=self.given.psf,
            stack=stack,
            places=self.pieces.places[kept] + self.corner,
            left_out=int((~kept).sum()),
            wider=self.wider,
        )

    def _figures(self) -> Iterator[Figure]:
        unknown = float("nan")
        for index, (parameter, error) in enumerate(
            zip(self.shared.free.parameters, self.shared.errors, strict=True)
        ):
            factor = np.rad2deg(1.0) if parameter.kind == "angle" else parameter.value
            stated = unknown if index in self.shared.held else float(error * factor)
            yield Figure(parameter.name, parameter.value, stated, parameter.unit)
        frequencies = _crossings(self.shared.free)
        for level, frequency, error in zip(
            MTF_LEVELS, frequencies, self._mtf_errors(), strict=True
        ):
            yield Figure(f"MTF{level}", frequency, frequency * error, "cycles/px")

    def _mtf_errors(self) -> tuple[float, ...]:
        """Return relative errors of MTF50 and MTF10, to first order in those of the parameters."""
        here = np.log(_crossings(self.shared.free))
        rows = NUDGE * np.eye(len(self.shared.free.parameters))
        moved = [np.log(_crossings(self.shared.free.moved(row))) for row in rows]
        change = (np.array(moved) - here) / NUDGE
        return tuple(float(s) for s in (self.shared.samples @ change).std(0))

    def _notes(self, stack: Stack) -> Iterator[str]:
        yield UNKNOWABLE
        held = [self.shared.free.parameters[index] for index in sorted(self.shared.held)]
        for parameter in held:
            yield (
                f"The {parameter.name} can't be told here: it was held at "
                f"{parameter.value:.3g} {parameter.unit}".rstrip()
                + "."
            )
        left = structure(stack.distance, stack.share - stack.fitted)
        if left >= STRUCTURE and _off(stack) > OFF:
            yield (
                f"The edges leave structure in the residuals ({left:.2f}): the blur is of another "
                "shape, or they are soft in the object, as rims of balls and tubes are; the errors "
                "are too small."
            )
        if self.agreement.share < MANY:
            yield (
                f"{1 - self.agreement.share:.0%} of the edges are not as wide as the others and "
                "do not count: look whether those that do are sharp in the object."
            )


def _crossings(free: FreePsf) -> tuple[float, ...]:
    """Return MTF50 and MTF10 of a PSF with the pixel's aperture, the mean of all directions."""
    psf = free.fine()
    places, line = psf.line()
    modulation = np.cos(2 * np.pi * np.outer(FINE, places)) @ line
    angles = tuple(np.linspace(0, np.pi / 4, 5))
    modulation *= aperture(FINE, angles) ** psf.apertures
    return tuple(crossing(FINE, modulation, level / 100) for level in MTF_LEVELS)


def _off(stack: Stack) -> float:
    """Return how far the mean of all edges lies off the fit, opposite on both sides (rms)."""
    bins = np.floor(2 * np.abs(stack.distance)).astype(int)
    near = bins < np.quantile(bins, 0.9)
    # What is too wide or too narrow errs oppositely on the dark side and the bright one.
    off = np.sign(stack.distance) * (stack.share - stack.fitted)
    count = np.maximum(np.bincount(bins[near]), 1)
    mean = np.bincount(bins[near], off[near]) / count
    return float(np.sqrt(np.mean(mean**2)))
