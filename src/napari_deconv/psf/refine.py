"""A PSF refined on the picture itself: between the edges that it explains and its parameters.

Sought are a PSF's few parameters *and* the sharp picture, of which only this is believed: in the
chosen region there are short pieces of edges, each a step between two even or sloping sides. Both
are improved in turn:

1. Where the picture steps, given the PSF as it stands: `edge_search`. Pieces beside another edge
   are left out, since there the step is not known.
2. Place, levels and a width of its own for every piece: `edge_pieces`. Most widths agree where
   edges are sharp in the object; those that don't (soft edges, thin bars) are doubted.
3. The PSF's parameters, from all pieces together that are not doubted.

A naive alternation that lets the picture take any form ends at no blur at all (Levin et al.); edges
that are predicted sharp do not (Joshi et al.).

References
----------
N. Joshi, R. Szeliski, D. Kriegman, "PSF estimation using sharp edge prediction", CVPR 2008;
A. Levin, Y. Weiss, F. Durand, W. T. Freeman, "Understanding blind deconvolution algorithms", IEEE
Trans. Pattern Anal. Mach. Intell. 33, 2011.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_deconv.psf.agreement import Agreement
from napari_deconv.psf.edge_pieces import PieceFits
from napari_deconv.psf.edge_search import Pieces
from napari_deconv.psf.free_parameters import FreePsf
from napari_deconv.psf.kernel_spread import Spreads
from napari_deconv.psf.refine_region import Region
from napari_deconv.psf.refined_blur import Found, RefinedBlur
from napari_deconv.psf.shared_parameters import SharedFit

if TYPE_CHECKING:
    from napari_deconv.core.units import PixelSize
    from napari_deconv.psf.sampling import Psf

Floats = npt.NDArray[np.float64]

SPREADS = (0.03, 0.03, 0.03)
"""Scatter of the widths that agree (their logarithms), each time that edges are looked for."""
DIRECTED = (0.3, 0.15, 0.05, 0.03)
"""The same for a PSF that differs with direction: at first it may be turned wrongly."""
STEPS = 3
"""Steps of the parameters that all pieces share, each time."""
MOST = 400
"""Most pieces of edges: more add time and no certainty."""
ALONG = 5.0
"""Pixels on either side of a piece's middle, along the edge."""
ACROSS, CLEAR = 3.0, 2.2
"""Sigmas of the blur across a piece that are fitted, and beyond them without another edge."""
SCALES = np.arange(-1.2, 1.21, 0.05)
"""Logarithms of the widths, relative to the PSF that was given, that a piece may have."""
PIXEL = float(np.sqrt(1 / 12))
"""Sigma that the aperture of a pixel adds to a blur."""


@dataclass(frozen=True)
class Turn:
    """Where a refinement stands.

    Attributes
    ----------
    number, total : int
        Which turn of how many.
    pieces : int
        Pieces of edges.
    wider : float
        Width of the PSF over that of the given one.
    """

    number: int
    total: int
    pieces: int
    wider: float

    def __str__(self) -> str:
        """Return it as one line."""
        return (
            f"turn {self.number} of {self.total} · {self.pieces} pieces of edges · "
            f"{self.wider:.3f} times as wide as given"
        )


def refine(
    image: npt.ArrayLike,
    psf: Psf,
    box: npt.ArrayLike | None = None,
    pixel_size: PixelSize | None = None,
) -> RefinedBlur:
    """Refine a PSF on a picture.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values proportional to dose (counts or transmission), or a CT slice.
    psf : Psf
        A shape whose lengths, shares and angles are refined, or an array that is made wider or
        narrower; at most half or twice as wide as the truth.
    box : array_like, shape (4, 2), optional
        Corners of a region with sharp edges, (row, column) in pixels; the whole picture if none.
    pixel_size : PixelSize, optional
        For shapes in a unit of length.

    Raises
    ------
    ValueError
        In one sentence, if the region can't tell, and what to choose instead.
    """
    work = Refinement(image, psf, box, pixel_size)
    for _ in work.turns():
        pass
    return work.result()


class Refinement:
    """A refinement under way, a turn at a time, so that it can be watched and left.

    Parameters and errors are those of `refine`.
    """

    def __init__(
        self,
        image: npt.ArrayLike,
        psf: Psf,
        box: npt.ArrayLike | None = None,
        pixel_size: PixelSize | None = None,
    ) -> None:
        self._region = Region.of(image, box)
        self._given = FreePsf(psf, pixel_size)

    def turns(self) -> Iterator[Turn]:
        """Walk through the refinement.

        Raises
        ------
        ValueError
            In one sentence, if the region can't tell.
        """
        spreads = SPREADS if self._given.round else DIRECTED
        total = STEPS * len(spreads)
        free = self._given
        for turn, spread in enumerate(spreads):
            pieces, fits, agreement = self._search(free, spread)
            if turn == len(spreads) - 1:
                agreement.check()
            shared = SharedFit(self._given, free.wider(agreement.width), fits, agreement, pieces)
            for step in range(1, STEPS + 1):
                shared.step()
                free = shared.free
                wider = free.width / self._given.width
                yield Turn(turn * STEPS + step, total, len(pieces.angles), wider)
        self._found = Found(self._given, shared, pieces, fits, agreement, self._region.corner)
        self._found.check()

    def result(self) -> RefinedBlur:
        """Return the PSF with its errors, once all turns were taken."""
        return self._found.blur()

    def _search(self, free: FreePsf, spread: float) -> tuple[Pieces, PieceFits, Agreement]:
        """Find edges by the PSF as it stands, and how much wider or narrower they are."""
        region, fine = self._region, free.fine()
        width = float(np.hypot(free.width, PIXEL))
        reach = ACROSS * width + 1.5
        pieces = Pieces.of(
            region.picture,
            width,
            region.noise,
            usable=region.usable,
            clear=reach + CLEAR * width,
            along=ALONG,
            most=MOST,
        )
        region.check_pieces(pieces)
        fits = PieceFits(
            region.picture,
            pieces,
            reach=reach,
            along=ALONG,
            gain=region.gain,
            read_sigma=region.read_sigma,
        )
        normal = fits.settle(Spreads.of(fine, reach + 4, SCALES))
        return pieces, fits, Agreement.of(fits.width, normal.matrix[:, 0, 0], spread)
