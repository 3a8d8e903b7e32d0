"""What is understood of an image: checked, its bad pixels found, filled and named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_deconv.core.noise import gaussian_sigma

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


@dataclass(frozen=True)
class Frame:
    """An image ready to deblur.

    Attributes
    ----------
    values : ndarray of float32
        Grey values, finite everywhere: NaN and dead pixels hold their nearest good neighbour's.
    valid : ndarray of bool or None
        False where a pixel is no measurement; None if all are.
    notes : tuple of str
        What was masked, a sentence each.
    """

    values: Floats
    valid: Mask | None
    notes: tuple[str, ...]

    def part(self, where: tuple[Any, ...]) -> Frame:
        """Return the part of the frame at an index of slices."""
        valid = None if self.valid is None else self.valid[where]
        return Frame(self.values[where], valid, self.notes)


def check_image(image: npt.NDArray[np.generic]) -> None:
    """Refuse what is no grey-value image.

    Raises
    ------
    ValueError
        In one sentence, for RGB, complex, text, empty, one-pixel, 1-D, 4-D and all-NaN images.
    """
    if image.dtype.kind not in "buif":
        kind = "complex" if image.dtype.kind == "c" else f"of type {image.dtype}"
        raise ValueError(f"The image is {kind}; give real grey values (its magnitude, say).")
    if image.size == 0:
        raise ValueError("The image is empty; choose one that has pixels.")
    if image.ndim not in (2, 3):
        raise ValueError(
            f"The image has {image.ndim} axes; give a 2-D image, a stack or a volume of 3 axes."
        )
    if image.ndim == 3 and image.shape[-1] in (3, 4) and min(image.shape[:2]) > 8:
        raise ValueError("The image is RGB; convert it to grey values first.")
    if min(image.shape[-2:]) < 2:
        raise ValueError(
            f"The image is {' × '.join(map(str, image.shape))} pixels; "
            "it needs at least 2 along each axis to be deblurred."
        )
    if image.dtype.kind == "f" and not np.isfinite(image).any():
        raise ValueError("The image holds no finite value; choose another image.")


def understand(image: npt.NDArray[np.generic]) -> Frame:
    """Find the pixels that are no measurement, fill them, and name them.

    Parameters
    ----------
    image : ndarray, 2-D or 3-D
        Grey values that `check_image` accepts.
    """
    with np.errstate(over="ignore"):  # what float32 can't hold is masked as infinite
        values = image.astype(np.float32)
    finite = np.isfinite(values)
    if not finite.any():
        raise ValueError("The image's values are beyond 3e38; divide them by a constant.")
    dead = _dead(values, finite)
    saturated = _saturated(values, finite & ~dead)
    notes = [
        f"{int(mask.sum())} {what} {'pixel' if mask.sum() == 1 else 'pixels'} masked."
        for mask, what in ((~finite, "NaN or infinite"), (dead, "dead"), (saturated, "saturated"))
        if mask.any()
    ]
    if not notes:
        return Frame(values, None, ())
    values = _filled(values, finite & ~dead)
    return Frame(values, finite & ~dead & ~saturated, tuple(notes))


def _dead(values: Floats, finite: Mask) -> Mask:
    """Return spots, rows and columns stuck at the minimum, far below all that surrounds them.

    Blur leaves no such thing in a true picture: next to the darkest pixel of a thin wire lie
    others nearly as dark.
    """
    from scipy.ndimage import binary_dilation, find_objects, label

    dead = np.zeros(values.shape, dtype=bool)
    lowest = values[finite].min()
    stuck = finite & (values == lowest)
    low, high = np.percentile(values[finite], (0.1, 99.9))
    least = max(DEAD_CONTRAST * float(high - low), CERTAIN * gaussian_sigma(values, finite))
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
        if rim.size and rim.min() - lowest > least / 2 and np.median(rim) - lowest > least:
            dead[wide] |= spot
    return dead


def _is_defect(size: tuple[int, ...], frame: tuple[int, ...]) -> bool:
    """Return whether a spot is small, or a row or column of the detector."""
    if max(size) <= LARGEST_SPOT:
        return True
    return min(size) <= 2 and any(n == whole for n, whole in zip(size, frame, strict=True))


def _saturated(values: Floats, good: Mask) -> Mask:
    """Return the pixels of a flat top: plateaus at the exact maximum of an otherwise noisy image.

    A picture without noise may have a flat background; it is left alone.
    """
    from scipy.ndimage import minimum_filter

    top = good & (values == values[good].max())
    block = (1,) * (values.ndim - 2) + (3, 3)
    plateau = minimum_filter(top, size=block, mode="constant", cval=0).any()
    if not plateau or not (good & ~top).any():
        return np.zeros(values.shape, dtype=bool)
    noisy = gaussian_sigma(values, good & ~top) > 0
    return top if noisy else np.zeros(values.shape, dtype=bool)


def _filled(values: Floats, good: Mask) -> Floats:
    """Return a copy in which every bad pixel holds the value of its nearest good one."""
    from scipy.ndimage import distance_transform_edt

    if good.all():
        return values
    nearest = distance_transform_edt(~good, return_distances=False, return_indices=True)
    filled: Floats = values[tuple(nearest)]
    return filled
