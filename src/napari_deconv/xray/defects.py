"""Dead and saturated pixels: found once in a picture, then known in all others of its scan."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_deconv.core.noise import gaussian_sigma
from napari_deconv.core.saturation import saturated
from napari_deconv.core.scale import Defects

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

DEAD_CONTRAST = 0.1
"""A dead pixel lies this share of the grey range below its surroundings, or more."""
CERTAIN = 6.0
"""A dead pixel lies this many sigma of the noise below its surroundings, or more."""
LARGEST_SPOT = 4
"""Side of the largest cluster of dead pixels; what is larger is part of the picture."""
MOST_DEAD = 1000
"""More spots than this at the very minimum are taken for a dark background."""


def found(
    given: npt.NDArray[Any], values: Floats, seen: Mask, level: float
) -> tuple[Mask, Mask, Defects]:
    """Return dead pixels, saturated pixels, and what marks them in other pictures.

    Parameters
    ----------
    given : ndarray, 2-D or 3-D
        Grey values as they were given.
    values : ndarray of float32, the same shape
        The same, less `level`.
    seen : ndarray of bool, the same shape
        Pixels to look at.
    level : float
    """
    low, high = np.percentile(values[seen], (0.1, 99.9))
    depth = max(DEAD_CONTRAST * float(high - low), CERTAIN * gaussian_sigma(values, seen))
    dead = _dead(values, seen, seen & (values == values[seen].min()), depth)
    full = saturated(values, seen & ~dead)
    stuck = float(given[dead].flat[0]) if dead.any() else None
    top = float(given[full].flat[0]) if full.any() else None
    return dead, full, Defects(level=level, full=top, stuck=stuck, depth=depth)


def marked(
    given: npt.NDArray[Any], values: Floats, seen: Mask, known: Defects
) -> tuple[Mask, Mask]:
    """Return dead and saturated pixels by what marks them; parameters as in `found`."""
    nothing = np.zeros(values.shape, dtype=bool)
    dead = nothing
    if known.stuck is not None:
        dead = _dead(values, seen, seen & (given == known.stuck), known.depth)
    full = nothing if known.full is None else seen & ~dead & (given == known.full)
    return dead, full


def _dead(values: Floats, finite: Mask, stuck: Mask, depth: float) -> Mask:
    """Return spots, rows and columns of one value, far below all that surrounds them.

    Blur leaves no such thing in a true picture: next to the darkest pixel of a thin wire lie
    others nearly as dark.
    """
    from scipy.ndimage import binary_dilation, find_objects, label

    dead = np.zeros(values.shape, dtype=bool)
    if not stuck.any():
        return dead
    lowest = values[stuck].min()
    around = np.ones((1,) * (values.ndim - 2) + (3, 3))
    if values.ndim == 3:
        around = np.concatenate([0 * around, around, 0 * around])
    spots, count = label(stuck, around)
    for number, box in enumerate(find_objects(spots) if count <= MOST_DEAD else (), start=1):
        if not _is_defect(tuple(part.stop - part.start for part in box[-2:]), values.shape[-2:]):
            continue
        wide = tuple(slice(max(part.start - 1, 0), part.stop + 1) for part in box)
        spot = spots[wide] == number
        rim = values[wide][binary_dilation(spot, around) & ~stuck[wide] & finite[wide]]
        if rim.size and rim.min() - lowest > depth / 2 and np.median(rim) - lowest > depth:
            dead[wide] |= spot
    return dead


def _is_defect(size: tuple[int, ...], frame: tuple[int, ...]) -> bool:
    """Return whether a spot is small, or a row or column of the detector."""
    if max(size) <= LARGEST_SPOT:
        return True
    return min(size) <= 2 and any(n == whole for n, whole in zip(size, frame, strict=True))
