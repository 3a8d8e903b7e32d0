"""Tomography scans in HDF5, through h5py: NXtomo, DXchange, and NeXus' plain default data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv.core.units import PixelSize, canonical_unit
from napari_deconv.formats.recognition import Loaded

if TYPE_CHECKING:
    import h5py

MOST_PACKED = 2000
"""No lossless filter makes a real scan this much smaller: beyond it the header is damaged."""
PROJECTION, FLAT, DARK = 0, 1, 2
"""NXtomo's image keys."""
NX_DATA = ("instrument/detector/data", "data/data")
NX_KEYS = ("instrument/detector/image_key", "data/image_key")
RECIPE = "process/napari-deconv/recipe"
DX_DETECTOR = "measurement/instrument/detector"
DX_OBJECTIVE = "measurement/instrument/detection_system/objective"


@dataclass(frozen=True)
class Located:
    """Where the projections of a scan lie in its file.

    Attributes
    ----------
    kind : str
        NXtomo, DXchange or NeXus.
    place : str
        Name of the dataset.
    shape : tuple of int
        Of the dataset.
    dtype : numpy.dtype
    size : PixelSize or None
    frames : tuple of int
        Which frames of the dataset are projections; empty: all.
    notes : tuple of str
    others : tuple
        Flats and darks: name, name of the dataset, its shape and frames.
    recipe : str
        That made the numbers, as YAML; "" if there is none.
    """

    kind: str
    place: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    size: PixelSize | None
    frames: tuple[int, ...]
    notes: tuple[str, ...]
    others: tuple[tuple[str, str, tuple[int, ...], tuple[int, ...]], ...] = ()
    recipe: str = ""


@dataclass(frozen=True)
class _Scan:
    """The parts of a scan, as datasets still on disk."""

    kind: str
    data: h5py.Dataset
    keys: h5py.Dataset | None = None
    others: tuple[tuple[str, h5py.Dataset], ...] = ()
    size: PixelSize | None = None


def is_ours(path: Path) -> bool:
    """Return whether an HDF5 file is a scan; a damaged one is not."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return _scan(file) is not None
    except Exception:  # h5py raises nearly anything
        return False


def load(path: Path) -> Loaded:
    """Return the projections, pixel size, and metadata with ``flats`` and ``darks``, if any.

    Raises
    ------
    ValueError
        If it is another kind of HDF5 file, or numbers of it are missing.
    """
    import h5py

    register_filters()
    with h5py.File(path, "r") as file:
        scan = _found(file)
        array = _numbers(scan.data, path)
        frames = {name: _numbers(data, path) for name, data in scan.others}
        notes: tuple[str, ...] = ()
        if scan.keys is not None:
            keys = np.asarray(scan.keys)
            frames = {"flats": array[keys == FLAT], "darks": array[keys == DARK]}
            array, notes = array[_projections(keys)], _left_out(keys)
        recipe = _recipe(file)
    metadata: dict[str, Any] = {name: stack for name, stack in frames.items() if len(stack)}
    if recipe:
        metadata["recipe"] = recipe
    return array, scan.size, {"format": scan.kind, "notes": notes, **metadata}


def located(path: Path) -> Located:
    """Return where the projections lie, none of them read; raises as `load` does."""
    import h5py

    with h5py.File(path, "r") as file:
        scan = _found(file)
        _check_there(scan.data, path)
        frames: tuple[int, ...] = ()
        notes: tuple[str, ...] = ()
        if scan.keys is not None:
            keys = np.asarray(scan.keys)
            frames, notes = tuple(map(int, _projections(keys))), _left_out(keys)
            kinds = (("flats", keys == FLAT), ("darks", keys == DARK))
            others = [(name, scan.data, tuple(np.flatnonzero(one).tolist())) for name, one in kinds]
            others = [each for each in others if each[2]]
        else:
            others = [(name, found, ()) for name, found in scan.others]
        data = scan.data
        return Located(
            scan.kind,
            data.name,
            data.shape,
            data.dtype,
            scan.size,
            frames,
            notes,
            others=tuple((name, found.name, found.shape, which) for name, found, which in others),
            recipe=_recipe(file),
        )


def describe(file: h5py.File, size: PixelSize | None, recipe: str) -> None:
    """Write, in DXchange's manner, what is to be known of the numbers in ``exchange/data``."""
    file["implements"] = "exchange"
    file["exchange/data"].attrs["axes"] = "slice:y:x"
    if recipe:
        file[RECIPE] = recipe
    if size is not None:
        detector = file.require_group(DX_DETECTOR)
        sides = size.along(2, size.unit)
        for name, side in zip(("pixel_size_y", "pixel_size_x"), sides, strict=True):
            detector[name] = side
            detector[name].attrs["units"] = size.unit


def _recipe(file: h5py.File) -> str:
    """Return the recipe that a file of ours holds, "" where there is none."""
    import h5py

    found = file.get(RECIPE)
    if not isinstance(found, h5py.Dataset) or found.shape != ():
        return ""
    return _text(found[()])


def register_filters() -> None:
    """Let h5py unpack what beamlines pack with, if the package for it is installed."""
    with suppress(ImportError):
        import hdf5plugin  # noqa: F401 - to import it is to register


def _found(file: h5py.File) -> _Scan:
    scan = _scan(file)
    if scan is None:
        raise ValueError("it is HDF5, but neither NXtomo nor DXchange nor NeXus data")
    return scan


def _scan(file: h5py.File) -> _Scan | None:
    """Return the scan of a file; None if it holds none."""
    for entry in _groups(file, "NXentry"):
        data = _first(entry, NX_DATA)
        keys = _first(entry, NX_KEYS)
        if data is not None and keys is not None and keys.shape == data.shape[:1]:
            size = _sides(_at(entry, "instrument/detector"), ("y_pixel_size", "x_pixel_size"))
            return _Scan("NXtomo", data, keys, (), size)
    if (data := _dataset(file, "exchange/data")) is not None:
        named = (("flats", "exchange/data_white"), ("darks", "exchange/data_dark"))
        others = tuple(
            (name, found) for name, place in named if (found := _dataset(file, place)) is not None
        )
        return _Scan("DXchange", data, None, others, _dx_size(file))
    if (data := _default(file)) is not None:
        return _Scan("NeXus", data)
    return None


def _projections(keys: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the indices of the projections, by NXtomo's keys."""
    projections = np.flatnonzero(keys == PROJECTION)
    if len(projections) == 0:
        raise ValueError("it holds no projections")
    return projections


def _left_out(keys: np.ndarray[Any, Any]) -> tuple[str, ...]:
    """Say how many frames are neither projections nor flats nor darks."""
    left = int((~np.isin(keys, (PROJECTION, FLAT, DARK))).sum())
    return (f"{left} frames that the scan calls invalid were left out.",) if left else ()


def _numbers(data: h5py.Dataset, path: Path) -> np.ndarray[Any, Any]:
    """Return a dataset in memory."""
    _check_there(data, path)
    array = np.asarray(data[()])
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _check_there(data: h5py.Dataset, path: Path) -> None:
    """Refuse a dataset whose numbers are not all there."""
    if data.is_virtual:
        for source in data.virtual_sources():
            if source.file_name != "." and not (path.parent / source.file_name).is_file():
                raise ValueError(f"the file {source.file_name} with its numbers is not there")
    elif data.external:
        for name, *_ in data.external:
            if not (path.parent / name).is_file():
                raise ValueError(f"the file {name} with its numbers is not there")
    elif data.nbytes > MOST_PACKED * data.id.get_storage_size():
        raise ValueError("numbers of it were never written, or its header is damaged")


def _groups(file: h5py.File, kind: str) -> Iterator[h5py.Group]:
    """Return the groups at the top of a NeXus class."""
    for name in file:
        group = _at(file, name)
        if group is not None and _text(group.attrs.get("NX_class")) == kind:
            yield group


def _default(file: h5py.File) -> h5py.Dataset | None:
    """Return what NeXus says is to be plotted: the signal of the default NXdata."""
    for entry in _groups(file, "NXentry"):
        for name in entry:
            group = _at(entry, name)
            if group is not None and _text(group.attrs.get("NX_class")) == "NXdata":
                signal = _text(group.attrs.get("signal"))
                if signal and (data := _dataset(group, signal)) is not None:
                    return data
    return None


def _at(parent: h5py.Group, place: str) -> h5py.Group | None:
    """Return a group, None if there is none there; links that lead nowhere are none."""
    import h5py

    found = parent.get(place)
    return found if isinstance(found, h5py.Group) else None


def _dataset(parent: h5py.Group, place: str) -> h5py.Dataset | None:
    """Return a dataset of numbers that make a picture or stack, None if there is none there."""
    import h5py

    found = parent.get(place)
    if not isinstance(found, h5py.Dataset) or found.dtype.kind not in "buif":
        return None
    return found if found.ndim in (2, 3) and min(found.shape) > 0 else None


def _first(entry: h5py.Group, places: tuple[str, ...]) -> h5py.Dataset | None:
    import h5py

    found = (entry.get(place) for place in places)
    return next((data for data in found if isinstance(data, h5py.Dataset)), None)


def _dx_size(file: h5py.File) -> PixelSize | None:
    """Return the pixel size in the object if it is said, else that of the detector."""
    objective = _at(file, DX_OBJECTIVE)
    resolution = _sides(objective, ("resolution", "resolution"))
    return resolution or _sides(_at(file, DX_DETECTOR), ("pixel_size_y", "pixel_size_x"))


def _sides(group: h5py.Group | None, names: tuple[str, str]) -> PixelSize | None:
    """Return the sides of a pixel; none without a unit."""
    import h5py

    sides = []
    for name in names:
        data = None if group is None else group.get(name)
        if not isinstance(data, h5py.Dataset) or data.size != 1:
            return None
        try:
            unit = canonical_unit(_text(data.attrs.get("units")))
            side = float(np.asarray(data[()]).reshape(-1)[0])
        except (TypeError, ValueError):
            return None
        if not math.isfinite(side) or side <= 0:
            return None
        sides.append(PixelSize(side, unit))
    unit = sides[0].unit
    first, second = (size.along(1, unit)[0] for size in sides)
    return PixelSize(first if first == second else (first, second), unit)


def _text(value: Any) -> str:
    """Return an attribute as text, "" if it is none."""
    if isinstance(value, np.ndarray):
        value = value.reshape(-1)[0] if value.size == 1 else ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""
