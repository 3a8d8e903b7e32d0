"""Which part of an image tells most: strengths are tried there when the whole is large."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

SIDE = {2: 384, 3: 56}
"""Longest side of the part, by the number of axes that are blurred."""
STRIDE = 4
"""The part is looked for in steps of a side over this."""
STEEP = 99.0
"""Percentile at which gradients are cut: one bright point is not what an image is about."""


def telling_part(image: npt.NDArray[np.floating]) -> tuple[slice, ...]:
    """Return the part of an image with the most structure, the whole if that is small enough.

    Parameters
    ----------
    image : ndarray, 2-D or 3-D
        Finite grey values.
    """
    longest = SIDE[image.ndim]
    sides = [min(n, longest) for n in image.shape]
    if tuple(sides) == image.shape:
        return tuple(slice(0, n) for n in image.shape)
    step = max(1, longest // (4 * STRIDE))
    blocks = _averaged(image, step)
    slopes = np.sqrt(sum(np.square(slope) for slope in np.gradient(blocks)))
    slopes = np.minimum(slopes, np.percentile(slopes, STEEP))
    starts = [
        sorted({*range(0, n - side, max(1, side // STRIDE)), n - side})
        for n, side in zip(image.shape, sides, strict=True)
    ]

    def structure(corner: tuple[int, ...]) -> float:
        where = tuple(
            slice(None) if side == n else slice(start // step, (start + side) // step)
            for start, side, n in zip(corner, sides, image.shape, strict=True)
        )
        return float(slopes[where].mean())

    corner = max(itertools.product(*starts), key=structure)
    return tuple(slice(start, start + side) for start, side in zip(corner, sides, strict=True))


def telling_slice(stack: npt.NDArray[np.floating]) -> int:
    """Return which slice of a stack has the widest range of grey values: a blank one tells nothing.

    Parameters
    ----------
    stack : ndarray, shape (N, H, W)
        Finite grey values; of slices alike, the middle one.
    """
    seen = stack[:, ::STRIDE, ::STRIDE].reshape(len(stack), -1)
    low, high = np.percentile(seen, (100 - STEEP, STEEP), axis=1)
    wide = np.flatnonzero(high - low >= 0.9 * (high - low).max())
    return int(wide[np.argmin(np.abs(wide - len(stack) // 2))])


def _averaged(image: npt.NDArray[np.floating], step: int) -> npt.NDArray[np.floating]:
    """Return the means of blocks, which noise hardly moves."""
    for axis, n in enumerate(image.shape):
        if n < 4 * step:
            continue
        kept = image.take(range(n // step * step), axis)
        shape = (*kept.shape[:axis], n // step, step, *kept.shape[axis + 1 :])
        image = kept.reshape(shape).mean(axis + 1)
    return image
