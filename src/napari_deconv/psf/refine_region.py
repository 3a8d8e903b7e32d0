"""The part of a picture that a PSF is refined on: checked, with its noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from napari_deconv.core.noise import noise_by_grey
from napari_deconv.core.saturation import saturated
from napari_deconv.psf.edge_box import rectangle

if TYPE_CHECKING:
    from napari_deconv.psf.edge_search import Pieces

Floats = npt.NDArray[np.float64]

SMALLEST = 40
"""Pixels that a side of the region must have."""
MARGIN = 3
"""Pixels around a saturated one that are not looked at."""
FEWEST = 12
"""Pieces of edges without which nothing can be told."""


class Region(NamedTuple):
    """Grey values of a region, scaled to a range of 1.

    Attributes
    ----------
    picture : ndarray, shape (H, W)
    corner : ndarray, shape (2,)
        Row and column of its first pixel in the image.
    usable : ndarray of bool, shape (H, W)
        False near saturated pixels.
    gain, read_sigma : float
        ``variance = gain * grey + read_sigma^2`` of the noise.
    noise : float
        Its standard deviation at the grey value in the middle.
    """

    picture: Floats
    corner: Floats
    usable: npt.NDArray[np.bool_]
    gain: float
    read_sigma: float
    noise: float

    @classmethod
    def of(cls, image: npt.ArrayLike, box: npt.ArrayLike | None) -> Self:
        """Take a region of an image, all of it if there is no box.

        Raises
        ------
        ValueError
            In one sentence, if it is too small, outside, flat, or holds what is not finite.
        """
        from scipy.ndimage import binary_dilation

        values = np.asarray(image)
        if values.ndim != 2:
            raise ValueError(f"A PSF is refined on a picture of 2 axes, not {values.ndim}.")
        if box is None:
            high, wide = (n - 1 for n in values.shape)
            box = [[0, 0], [0, wide], [high, wide], [high, 0]]
        part = rectangle(values.astype(float), np.asarray(box, float), SMALLEST)
        grey = values[part].astype(float)
        low, span = float(grey.min()), float(np.ptp(grey))
        if span == 0:
            raise ValueError("The region is flat; choose one with sharp edges.")
        full = saturated(values[part].astype(np.float32), np.isfinite(grey))
        picture = (grey - low) / span
        found = noise_by_grey(picture.astype(np.float32))
        variance = found.gain * float(np.median(picture)) + found.read_sigma**2
        return cls(
            picture,
            np.array([part[0].start, part[1].start], float),
            ~binary_dilation(full, iterations=MARGIN),
            found.gain,
            found.read_sigma,
            float(np.sqrt(max(variance, 0.0))),
        )

    def check_pieces(self, pieces: Pieces) -> None:
        """Refuse a region with too few edges.

        Raises
        ------
        ValueError
            In one sentence that says what is missing.
        """
        count = len(pieces.angles)
        if count >= FEWEST:
            return
        if pieces.seen < FEWEST:
            raise ValueError(
                "The region shows no sharp edges clear of the noise, so that its blur can't be "
                "told: choose one that holds the edges of a part."
            )
        raise ValueError(
            f"Too few of the edges in the region run straight and apart from other edges ({count} "
            f"short pieces, {FEWEST} are needed): choose a larger region, or one with larger parts."
        )
