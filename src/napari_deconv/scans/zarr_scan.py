"""Slices in a zarr array or an OME-Zarr image, read chunk by chunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_deconv.core.units import PixelSize, canonical_unit
from napari_deconv.scans.scan import Scan, native

if TYPE_CHECKING:
    import zarr

MARKS = ("zarr.json", ".zarray", ".zgroup")
"""Files that say that a folder is zarr's."""


@dataclass(frozen=True)
class ZarrScan(Scan):
    """An array of a store on disk, its axes of length one left out.

    Attributes
    ----------
    place : str
        Name of the array in the store; empty if the store is the array.
    """

    place: str = ""

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return some slices."""
        array = opened(str(self.path), self.place)
        try:
            values = np.asarray(array[(0,) * (array.ndim - 3) + (slice(start, stop),)])
        except Exception as error:  # a damaged chunk makes its codec raise nearly anything
            reason = (
                str(error).strip().splitlines()[0][:120].rstrip(".") if str(error) else "damaged"
            )
            raise ValueError(
                f"Slices {start} to {stop - 1} of {self.path.name} can't be read: {reason}."
            ) from None
        return native(values.reshape(stop - start, *self.shape[1:]))

    def files(self, start: int, stop: int) -> Sequence[Path]:
        """Return the chunk files that some slices lie in; of shards, the shards."""
        array = opened(str(self.path), self.place)
        sides = array.shards or array.chunks
        counts = [-(-n // side) for n, side in zip(array.shape, sides, strict=True)]
        first, last = start // sides[-3], (stop - 1) // sides[-3]
        folder = self.path / self.place
        places = [
            (0,) * (array.ndim - 3) + (z, y, x)
            for z in range(first, last + 1)
            for y in range(counts[-2])
            for x in range(counts[-1])
        ]
        return [folder / array.metadata.encode_chunk_key(place) for place in places]


@lru_cache(maxsize=8)
def opened(path: str, place: str) -> zarr.Array[Any]:
    """Return an array of a store, opened once a process."""
    import zarr

    found = zarr.open(path, path=place or None, mode="r")
    assert isinstance(found, zarr.Array)
    return found


def of_zarr(path: Path) -> ZarrScan | None:
    """Return the finest level of an OME-Zarr image, or a plain zarr array; None if it is neither.

    Raises
    ------
    ValueError
        If it holds something else than slices of grey values.
    """
    import zarr

    if not any((path / mark).is_file() for mark in MARKS):
        return None
    try:
        found: Any = zarr.open(str(path), mode="r")
    except Exception:
        raise ValueError(f"{path.name} can't be read as zarr: its header is damaged.") from None
    place, size, metadata = "", None, {"format": "zarr", "notes": ()}
    if isinstance(found, zarr.Group):
        place, size = _finest(found)
        metadata |= {"format": "OME-Zarr", **_recipe(found)}
        found = found.get(place)
    if not isinstance(found, zarr.Array):
        raise ValueError(f"{path.name} is zarr, but holds no image at its top.")
    if found.ndim < 3 or any(n != 1 for n in found.shape[:-3]) or found.dtype.kind not in "buif":
        raise ValueError(
            f"{path.name} has shape {found.shape} of {found.dtype}; "
            "a scan is slices of grey values."
        )
    shape = (found.shape[-3], found.shape[-2], found.shape[-1])
    dtype = np.dtype(found.dtype).newbyteorder("=")
    return ZarrScan(path, shape, dtype, size, metadata, place=place)


def levels(finest: ZarrScan) -> list[ZarrScan]:
    """Return all levels of an OME-Zarr image, the finest first; those that are none end them."""
    import zarr

    found = [finest]
    group: Any = zarr.open(str(finest.path), mode="r")
    if not isinstance(group, zarr.Group):
        return found
    for place in _places(group)[1:]:
        level = group.get(place)
        if not isinstance(level, zarr.Array) or level.ndim < 3:
            break
        shape = (level.shape[-3], level.shape[-2], level.shape[-1])
        if np.prod(shape) >= np.prod(found[-1].shape):
            break
        found.append(replace(finest, shape=shape, place=place))
    return found


def _recipe(group: zarr.Group) -> dict[str, str]:
    """Return the recipe that an image of ours holds."""
    ours = dict(group.attrs).get("napari-deconv")
    recipe = ours.get("recipe") if isinstance(ours, Mapping) else None
    return {"recipe": recipe} if isinstance(recipe, str) and recipe else {}


def _places(group: zarr.Group) -> list[str]:
    """Return the names of the levels of an OME-Zarr image."""
    attributes: Mapping[str, Any] = dict(group.attrs)
    try:
        described = attributes.get("ome", attributes)["multiscales"][0]["datasets"]
        return [str(level["path"]) for level in described]
    except (AttributeError, KeyError, IndexError, TypeError):
        return []


def _finest(group: zarr.Group) -> tuple[str, PixelSize | None]:
    """Return the name of the finest level of an OME-Zarr image and its pixel size."""
    attributes: Mapping[str, Any] = dict(group.attrs)
    attributes = attributes.get("ome", attributes)
    try:
        image = attributes["multiscales"][0]
        level = image["datasets"][0]
        place = str(level["path"])
    except (KeyError, IndexError, TypeError):
        return "0", None
    try:
        scales = [c["scale"] for c in level["coordinateTransformations"] if c["type"] == "scale"]
        sides = [float(side) for side in scales[0][-2:]]
        units = {canonical_unit(axis["unit"]) for axis in image["axes"][-2:]}
        (unit,) = units
    except (KeyError, IndexError, TypeError, ValueError):
        return place, None
    if not all(np.isfinite(side) and side > 0 for side in sides):
        return place, None
    return place, PixelSize(sides[0] if sides[0] == sides[1] else (sides[0], sides[1]), unit)
