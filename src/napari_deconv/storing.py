"""Numbers as they lie in a file: 32-bit floats, or whole grey values that may clip and round."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

StoredType = Literal["float32", "uint16"]


def as_stored(array: NDArray[Any], dtype: StoredType) -> tuple[NDArray[Any], int, float]:
    """Return the array as it will lie in a file, how many pixels were clipped, the rounding.

    Raises
    ------
    ValueError
        If the array is no picture or stack, or doesn't fit the type.
    """
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{array.dtype} values can't be written as a picture.")
    if array.ndim not in (2, 3) or array.size == 0:
        raise ValueError(f"A picture has 2 or 3 dimensions, none empty, not shape {array.shape}.")
    if dtype not in ("float32", "uint16"):
        raise ValueError(f"Pictures are written as float32 or uint16, not as {dtype}.")
    if array.dtype == dtype:
        return np.ascontiguousarray(array, dtype=dtype), 0, 0.0
    stored = np.empty(array.shape, dtype=dtype)
    clipped, squares = 0, 0.0
    # Slice by slice: the temporary copies of a whole volume could be larger than the memory.
    flat = (-1, *array.shape[-2:])
    for out, plane in zip(stored.reshape(flat), array.reshape(flat), strict=True):
        lost, square = _convert(plane.astype(np.float64), out)
        clipped, squares = clipped + lost, squares + square
    kept = array.size - clipped
    return stored, clipped, float(np.sqrt(squares / kept)) if kept else 0.0


def _convert(plane: NDArray[np.float64], out: NDArray[Any]) -> tuple[int, float]:
    """Fill ``out`` with a plane; return pixels clipped and the squared rounding of the others."""
    finite = np.isfinite(plane)
    if out.dtype == np.float32:
        if (np.abs(plane[finite]) > np.finfo(np.float32).max).any():
            raise ValueError("Some values are beyond the range of float32: scale the picture.")
        out[...] = plane
        return 0, float(np.sum((out[finite] - plane[finite]) ** 2))
    if not finite.all():
        count = int(plane.size - np.count_nonzero(finite))
        raise ValueError(
            f"{count} pixels of a slice are NaN or infinite, which uint16 can't hold: "
            "write float32, or mend them first."
        )
    rounded = np.rint(plane)
    outside = (rounded < 0) | (rounded > 65535)
    out[...] = np.clip(rounded, 0, 65535)
    inside = ~outside
    return int(np.count_nonzero(outside)), float(np.sum((rounded - plane)[inside] ** 2))
