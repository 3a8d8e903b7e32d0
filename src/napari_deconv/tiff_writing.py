"""Write TIFF: as ImageJ's while that can address it, beyond as BigTIFF with OME metadata."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import IO, TYPE_CHECKING, Any

from napari_deconv.tiff import RECIPE_MARK

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_deconv.core.units import PixelSize

CLASSIC_LIMIT = 2**32 - 2**25
"""Bytes beyond which offsets of the classic format overflow."""

_RATIONAL_LIMIT = 2**32 - 1


def save(
    handle: IO[bytes], array: NDArray[Any], size: PixelSize | None, recipe: str | None
) -> None:
    """Write a picture ``(H, W)`` or stack ``(N, H, W)`` of float32 or uint16 to an open file.

    Raises
    ------
    ValueError
        If the pixel size is beyond what a TIFF can state in its unit.
    """
    import tifffile

    spelled, said = _spelled(array.shape, array.dtype, size, recipe)
    tifffile.imwrite(handle, array.reshape(spelled), **said)


def lay_out(
    handle: IO[bytes],
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    size: PixelSize | None,
    recipe: str | None,
) -> None:
    """Write the header of a stack whose numbers, all in one piece, are to be filled in later.

    Raises
    ------
    ValueError
        As `save` does.
    """
    import tifffile

    spelled, said = _spelled(shape, dtype, size, recipe)
    tifffile.imwrite(handle, None, shape=spelled, dtype=dtype, **said)


def _spelled(
    shape: tuple[int, ...], dtype: np.dtype[Any], size: PixelSize | None, recipe: str | None
) -> tuple[tuple[int, ...], dict[str, Any]]:
    """Return a shape with all axes of its dialect, and what tifffile is to be told.

    With every axis spelled out, it has no side of length one or three to guess about.
    """
    text = None if recipe is None else f"{RECIPE_MARK}\n{recipe}"
    slices = shape[0] if len(shape) == 3 else 1
    spelled = (1, slices, 1, *shape[-2:])
    said: dict[str, Any] = {"photometric": "minisblack"}
    if math.prod(shape) * dtype.itemsize > CLASSIC_LIMIT:
        metadata = {"axes": "TZCYX", **_ome_metadata(size, text)}
        return spelled, {**said, "bigtiff": True, "ome": True, "metadata": metadata}
    entries, resolution = _imagej_metadata(size, text)
    if len(shape) == 3 and slices == 1:
        entries["stack"] = True
    metadata = {"axes": "TZCYXS", **entries}
    resolved = {"resolution": resolution, "resolutionunit": 1}
    return (*spelled, 1), {**said, "imagej": True, **resolved, "metadata": metadata}


def _sides(size: PixelSize) -> tuple[float | None, float, float]:
    """Return the sides along slices (none if not given), rows and columns."""
    if not isinstance(size.value, tuple):
        return None, size.value, size.value
    if len(size.value) == 2:
        return None, size.value[0], size.value[1]
    return size.value[0], size.value[1], size.value[2]


def _imagej_metadata(
    size: PixelSize | None, text: str | None
) -> tuple[dict[str, Any], tuple[tuple[int, int], tuple[int, int]] | None]:
    """Return ImageJ's entries, and resolution tags ``(x, y)`` as whole numbers."""
    metadata: dict[str, Any] = {} if text is None else {"Info": text}
    if size is None:
        return metadata, None
    z, y, x = _sides(size)
    # ImageJ spells an inch out; it shows "um" with its proper sign.
    metadata["unit"] = "inch" if size.unit == "in" else size.unit
    if z is not None:
        metadata["spacing"] = z
    return metadata, (_rational(x, size.unit), _rational(y, size.unit))


def _rational(side: float, unit: str) -> tuple[int, int]:
    """Return pixels per unit as two 32-bit numbers: up to nine digits of a side are kept."""
    limit = max(1, int(_RATIONAL_LIMIT / max(side, 1.0)))
    fraction = Fraction(repr(side))
    if fraction.denominator > limit:
        fraction = Fraction(side).limit_denominator(limit)
    if fraction.numerator == 0 or not math.isclose(float(fraction), side, rel_tol=1e-6):
        raise ValueError(f"A TIFF can't state a pixel size of {side:g} {unit}: use another unit.")
    return fraction.denominator, fraction.numerator


def _ome_metadata(size: PixelSize | None, text: str | None) -> dict[str, Any]:
    """Return OME's entries."""
    metadata: dict[str, Any] = {} if text is None else {"Description": text}
    if size is not None:
        unit = "µm" if size.unit == "um" else size.unit
        for axis, side in zip("ZYX", _sides(size), strict=True):
            if side is not None:
                metadata[f"PhysicalSize{axis}"] = side
                metadata[f"PhysicalSize{axis}Unit"] = unit
    return metadata
