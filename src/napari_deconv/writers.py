"""What napari writes with us: image layers as OME-Zarr or HDF5, with pixel size and recipe."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from napari_deconv.core.units import PixelSize, canonical_unit
from napari_deconv.scans.targets import kind_of
from napari_deconv.storing import StoredType

KEY = "napari-deconv"
"""Key of a layer's metadata under which results carry their recipe."""


def write_image(path: str, data: Any, attributes: Mapping[str, Any]) -> list[str]:
    """Write an image layer, a lazy one slice by slice, and return the paths of what was written.

    Parameters
    ----------
    path : str
        Ends with ``.zarr``, ``.h5`` or ``.hdf5``.
    data : array_like, shape (H, W) or (N, H, W)
        Of several levels the finest. uint16 stays so, all else is stored as float32.
    attributes : mapping
        The layer's: ``scale``, ``units`` and ``metadata`` are looked at.

    Raises
    ------
    ValueError
        In one sentence, if it is no picture or stack of grey values, or can't be written. A folder
        that is there is not replaced: no dialog asks about it as it does about a file.
    """
    array = data[0] if isinstance(data, list | tuple) or hasattr(data, "shapes") else data
    if attributes.get("rgb") or array.ndim not in (2, 3):
        raise ValueError("Only a picture or a stack of grey values can be written so.")
    target = Path(path)
    if target.is_dir():
        raise ValueError(f"{target.name} is there already and stays; choose another name.")
    rows, columns = array.shape[-2:]
    stored: StoredType = "uint16" if array.dtype == np.uint16 else "float32"
    count = 1 if array.ndim == 2 else array.shape[0]
    size, recipe = _size(attributes), _recipe(attributes)
    sink = kind_of(target)(target, (count, rows, columns), stored, size, recipe)
    try:
        sink.check_room()
        sink.lay_out()
        for index in range(count):
            plane = array if array.ndim == 2 else array[index]
            sink.put(index, np.asarray(plane, np.float32)[None])
        sink.finish()
    except OSError as error:
        raise ValueError(f"{target} can't be written: {error.strerror or error}.") from None
    return [path]


def _size(attributes: Mapping[str, Any]) -> PixelSize | None:
    """Return the pixel size; None where the layer knows no length."""
    units, scale = attributes.get("units"), attributes.get("scale")
    if units is None or scale is None:
        return None
    try:
        names = {canonical_unit(str(unit)) for unit in list(units)[-2:]}
        (unit,) = names
    except ValueError:
        return None
    first, second = (float(side) for side in list(scale)[-2:])
    return PixelSize(first if first == second else (first, second), unit)


def _recipe(attributes: Mapping[str, Any]) -> str:
    """Return the recipe of a result as YAML; "" of other layers."""
    kept = (attributes.get("metadata") or {}).get(KEY)
    if not isinstance(kept, Mapping):
        return ""
    from napari_deconv.recipe import Recipe

    return Recipe(**{name: part for name, part in kept.items() if name != "ran"}).to_yaml()
