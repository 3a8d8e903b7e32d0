"""What is understood of an image: checked, its bad pixels found, filled and named."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_deconv.core.noise import gaussian_sigma
from napari_deconv.core.saturation import saturated
from napari_deconv.xray.weights import graded

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
FAR = 100.0
"""Grey values this many grey ranges from zero lose what 32-bit numbers can't hold beside it."""
COARSE = 1e-3
"""Steps of the grey values, in grey ranges, that are worth a word."""


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
    level : float
        Subtracted from the grey values; 0 unless these lie far from zero for their range.
    weights : ndarray of float32 or None
        How much each pixel counts beside a usual one, which counts 1; None if all count alike.
    """

    values: Floats
    valid: Mask | None
    notes: tuple[str, ...]
    level: float = 0.0
    weights: Floats | None = None

    def part(self, where: tuple[Any, ...]) -> Frame:
        """Return the part of the frame at an index of slices."""
        valid = None if self.valid is None else self.valid[where]
        weights = None if self.weights is None else self.weights[where]
        return Frame(self.values[where], valid, self.notes, self.level, weights)

    def weighed(self, weights: Floats) -> Frame:
        """Return the frame with weights as `pixel_weights` gives them; 0 masks a pixel."""
        counts = weights > 0
        most = float(weights.max())
        if not graded(weights):
            return self if counts.all() else replace(self, valid=self._all_of(counts))
        note = (
            f"Pixels weighed by {float(weights[counts].min()):.3g} to {most:.3g} times the usual "
            "one; give the weights again to repeat the run, the recipe does not hold them."
        )
        valid = self.valid if counts.all() else self._all_of(counts)
        return replace(self, valid=valid, weights=weights, notes=(*self.notes, note))

    def _all_of(self, counts: Mask) -> Mask:
        return counts if self.valid is None else self.valid & counts

    def range(self) -> tuple[float, float]:
        """Return the least and the greatest grey value that was measured, less the level."""
        good = self.values if self.valid is None else self.values[self.valid]
        good = good if good.size else self.values
        return float(good.min()), float(good.max())


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
    channels = image.shape[-1]
    if image.ndim == 3 and channels in (3, 4) and min(image.shape[:2]) > channels:
        raise ValueError("The image is RGB; convert it to grey values first.")
    if min(image.shape[-2:]) < 2:
        raise ValueError(
            f"The image is {' × '.join(map(str, image.shape))} pixels; "
            "it needs at least 2 along each axis to be deblurred."
        )
    if np.ma.isMaskedArray(image) and np.ma.getmaskarray(image).all():
        raise ValueError("The image's mask hides every pixel; unmask those that were measured.")
    if image.dtype.kind == "f" and not np.isfinite(np.ma.compressed(image)).any():
        raise ValueError("The image holds no finite value; choose another image.")


def understand(image: npt.NDArray[np.generic], level: bool = False) -> Frame:
    """Find the pixels that are no measurement, fill them, and name them.

    Parameters
    ----------
    image : ndarray, 2-D or 3-D
        Grey values that `check_image` accepts. What a NumPy mask hides is no measurement.
    level : bool
        Whether a level that lies far from zero may be subtracted, in 64 bits.
    """
    hidden = np.ma.getmaskarray(image) if np.ma.isMaskedArray(image) else None
    image = np.ma.getdata(image)
    with np.errstate(over="ignore"):  # what float32 can't hold is masked as infinite
        values = image.astype(np.float32)
    finite = np.isfinite(values)
    if not finite.any():
        raise ValueError("The image's values are beyond 3e38; divide them by a constant.")
    seen = finite if hidden is None else finite & ~hidden
    if not seen.any():
        raise ValueError("The image's mask leaves no finite value; unmask what was measured.")
    subtracted, notes = _far(image, values, seen, level)
    if subtracted:
        with np.errstate(all="ignore"):
            np.subtract(image, subtracted, out=values, dtype=np.float64, casting="unsafe")
    dead = _dead(values, seen)
    full = saturated(values, seen & ~dead)
    masks = (
        (~finite if hidden is None else ~finite & ~hidden, "NaN or infinite"),
        (np.False_ if hidden is None else hidden, "hidden"),
        (dead, "dead"),
        (full, "saturated"),
    )
    notes += tuple(
        f"{int(mask.sum())} {what} {'pixel' if mask.sum() == 1 else 'pixels'} masked."
        for mask, what in masks
        if mask.any()
    )
    if not any(mask.any() for mask, _ in masks):
        return Frame(values, None, notes, subtracted)
    values = _filled(values, seen & ~dead)
    return Frame(values, seen & ~dead & ~full, notes, subtracted)


def _far(
    image: npt.NDArray[np.generic], values: Floats, good: Mask, level: bool
) -> tuple[float, tuple[str, ...]]:
    """Return the level to subtract, 0 if none, and a sentence on what 32 bits can't hold."""
    low, high = (float(edge) for edge in np.percentile(values[good], (0.1, 99.9)))
    if max(abs(low), abs(high)) < FAR * (high - low):
        return 0.0, ()
    exact = image[good].astype(np.float64)
    low, middle, high = (float(edge) for edge in np.percentile(exact, (0.1, 50, 99.9)))
    if high == low:
        return 0.0, ()
    step = float(np.spacing(np.float32(max(abs(low), abs(high))))) / (high - low)
    if step < COARSE:
        said: tuple[str, ...] = ()
    elif level:
        said = (
            f"The result's 32-bit grey values are {step:.2g} of the grey range apart; subtract "
            f"{middle:.6g} from the image beforehand to keep more.",
        )
    else:
        said = (
            f"The grey values lie so far from zero that 32-bit numbers hold them only to "
            f"{step:.2g} of the grey range; subtract {middle:.6g} from the image beforehand.",
        )
    return (middle if level else 0.0), said


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


def _filled(values: Floats, good: Mask) -> Floats:
    """Return a copy in which every bad pixel holds the value of its nearest good one."""
    from scipy.ndimage import distance_transform_edt

    if good.all():
        return values
    nearest = distance_transform_edt(~good, return_distances=False, return_indices=True)
    filled: Floats = values[tuple(nearest)]
    return filled
