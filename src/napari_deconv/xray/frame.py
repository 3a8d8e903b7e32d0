"""What is understood of an image: checked, its bad pixels found, filled and named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_deconv.core.scale import Defects, judged
from napari_deconv.xray.defects import Floats, Mask, found, marked
from napari_deconv.xray.weights import graded

FAR = 100.0
"""Grey values this many grey ranges from zero lose what 32-bit numbers can't hold beside it."""
COARSE = 1e-3
"""Steps of the grey values, in grey ranges, that are worth a word."""
Looked = tuple[npt.NDArray[np.generic], Floats, Mask, Mask]
"""An image without its mask, as float32, where it is finite, and where it counts."""
CLEAN = Defects()
"""Nothing marks a bad pixel, nothing is subtracted."""


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
    defects : Defects
        What marked the bad pixels; its level is subtracted from the grey values: 0 unless these
        lie far from zero for their range.
    weights : ndarray of float32 or None
        How much each pixel counts beside a usual one, which counts 1; None if all count alike.
    counts : mapping of str to int
        How many pixels were masked, by what they are.
    """

    values: Floats
    valid: Mask | None
    notes: tuple[str, ...]
    defects: Defects = CLEAN
    weights: Floats | None = None
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def level(self) -> float:
        """What was subtracted from the grey values."""
        return self.defects.level

    def part(self, where: tuple[Any, ...]) -> Frame:
        """Return the part of the frame at an index of slices."""
        valid = None if self.valid is None else self.valid[where]
        weights = None if self.weights is None else self.weights[where]
        return replace(self, values=self.values[where], valid=valid, weights=weights)

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


def check_image(image: npt.NDArray[np.generic], volume: bool = False) -> None:
    """Refuse what is no grey-value image.

    Parameters
    ----------
    image : ndarray
    volume : bool
        Whether three axes may be a volume's, however thin: then RGB is not refused.

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
    if not volume:
        check_grey(image)
    if min(image.shape[-2:]) < 2:
        raise ValueError(
            f"The image is {' × '.join(map(str, image.shape))} pixels; "
            "it needs at least 2 along each axis to be deblurred."
        )
    if np.ma.isMaskedArray(image) and np.ma.getmaskarray(image).all():
        raise ValueError("The image's mask hides every pixel; unmask those that were measured.")
    if image.dtype.kind == "f" and not np.isfinite(np.ma.compressed(image)).any():
        raise ValueError("The image holds no finite value; choose another image.")


def check_grey(image: npt.NDArray[np.generic]) -> None:
    """Refuse an image with colours along its last axis, to be taken for planes of two axes.

    Raises
    ------
    ValueError
        In one sentence; thin slices of a volume look the same, and need a PSF of three axes.
    """
    channels = image.shape[-1]
    if image.ndim == 3 and channels in (3, 4) and min(image.shape[:2]) > channels:
        raise ValueError(
            "The image is RGB; convert it to grey values first (or, if it is a volume "
            f"{channels} px wide, give a PSF of three axes)."
        )


def understand(
    image: npt.NDArray[np.generic], level: bool = False, known: Defects | None = None
) -> Frame:
    """Find the pixels that are no measurement, fill them, and name them.

    Parameters
    ----------
    image : ndarray, 2-D or 3-D
        Grey values that `check_image` accepts. What a NumPy mask hides is no measurement.
    level : bool
        Whether a level that lies far from zero may be subtracted, in 64 bits.
    known : Defects, optional
        What marks bad pixels, where that was found before.
    """
    looked = given, values, _, seen = _seen(image)
    if not seen.any():
        raise ValueError("The image's mask leaves no finite value; unmask what was measured.")
    subtracted, notes = _far(given, values, seen, level)
    if known is not None:
        subtracted = known.level if level else 0.0
    frame = _mended(image, looked, subtracted, known)
    return replace(frame, notes=(*notes, *frame.notes))


def _mended(
    image: npt.NDArray[np.generic], looked: Looked, subtracted: float, known: Defects | None
) -> Frame:
    """Return the frame of an image that was looked at, its bad pixels filled and named."""
    given, values, finite, seen = looked
    if subtracted:
        with np.errstate(all="ignore"):
            np.subtract(given, subtracted, out=values, dtype=np.float64, casting="unsafe")
    if known is None:
        dead, full, known = found(given, values, seen, subtracted)
    else:
        dead, full = marked(given, values, seen, known)
    hidden = np.ma.getmaskarray(image) if np.ma.isMaskedArray(image) else np.False_
    bad = {
        "NaN or infinite": ~finite & ~hidden,
        "hidden": hidden,
        "dead": dead,
        "saturated": full,
    }
    counts = {name: int(mask.sum()) for name, mask in bad.items()}
    if not any(counts.values()):
        return Frame(values, None, (), known, counts=counts)
    values = _filled(values, seen & ~dead)
    return Frame(values, seen & ~dead & ~full, _named(counts), known, counts=counts)


def understand_slices(
    stack: npt.NDArray[np.generic], level: bool = False, known: Defects | None = None
) -> Frame:
    """Understand each slice of a stack by itself, by what marks bad pixels in all of them.

    Parameters
    ----------
    stack : ndarray, shape (N, H, W)
        Grey values that `check_image` accepts; a slice of which nothing was measured is masked.
    level, known
        As in `understand`; what is not known is found on the slices of `sampled`.
    """
    notes: tuple[str, ...] = ()
    if known is None:
        sample = understand(sampled(stack), level)
        known, notes = (
            sample.defects,
            sample.notes[: len(sample.notes) - len(_named(sample.counts))],
        )
    values = np.empty(stack.shape, np.float32)
    valid: Mask | None = None
    counts: Counter[str] = Counter()
    for index, plane in enumerate(stack):
        frame = _slice(plane, level, known)
        values[index] = frame.values
        counts.update(frame.counts)
        if frame.valid is not None:
            valid = np.ones(stack.shape, bool) if valid is None else valid
            valid[index] = frame.valid
    return Frame(values, valid, (*notes, *_named(counts)), known, counts=dict(counts))


def sampled(stack: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Return the slices of a stack that all of it is judged by."""
    return stack[judged(len(stack))]


def _slice(plane: npt.NDArray[np.generic], level: bool, known: Defects) -> Frame:
    looked = *_, finite, seen = _seen(plane, blank=True)
    if seen.any():
        return _mended(plane, looked, known.level if level else 0.0, known)
    nothing = {"hidden" if finite.any() else "NaN or infinite": plane.size}
    return Frame(np.zeros(plane.shape, np.float32), seen, (), known, counts=nothing)


def _seen(image: npt.NDArray[np.generic], blank: bool = False) -> Looked:
    """Return the image without its mask, as float32, where it is finite, where it counts too."""
    given = np.ma.getdata(image)
    with np.errstate(over="ignore"):  # what float32 can't hold is masked as infinite
        values = given.astype(np.float32)
    finite = np.isfinite(values)
    if not finite.any() and not blank:
        raise ValueError("The image's values are beyond 3e38; divide them by a constant.")
    hidden = np.ma.getmaskarray(image) if np.ma.isMaskedArray(image) else None
    return given, values, finite, finite if hidden is None else finite & ~hidden


def _named(counts: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(
        f"{count} {what} {'pixel' if count == 1 else 'pixels'} masked."
        for what, count in counts.items()
        if count
    )


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


def _filled(values: Floats, good: Mask) -> Floats:
    """Return a copy in which every bad pixel holds the value of its nearest good one."""
    from scipy.ndimage import distance_transform_edt

    if good.all():
        return values
    nearest = distance_transform_edt(~good, return_distances=False, return_indices=True)
    filled: Floats = values[tuple(nearest)]
    return filled
