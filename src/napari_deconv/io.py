"""Read and write pictures with their pixel size, and with the recipe that made them.

TIFF holds all of it: as ImageJ's tags, which Fiji and napari's readers understand, with the
recipe as ImageJ's *Info*, which Fiji shows and keeps; beyond four gigabytes as BigTIFF with OME
metadata. A ``.npy`` file holds the numbers only: keep the pixel size in the recipe beside it.
"""

from __future__ import annotations

import mimetypes
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_deconv.core.units import PixelSize, canonical_unit
from napari_deconv.storing import StoredType, as_stored

EXTENSIONS = (".tif", ".tiff", ".npy")
"""Endings of file names that can be written; other formats are read by what the files hold."""
READ_AS_WELL = "HDF5 (NXtomo, DXchange), EDF, DICOM, MetaImage (.mhd, .mha), VGI"


@dataclass(frozen=True, eq=False)
class Picture:
    """An array as it lay in a file, and what the file says of it.

    Parameters
    ----------
    array : array
        The numbers, unchanged, in the byte order of this machine.
    pixel_size : float, tuple of float or None
        Side of a pixel in ``unit``: one number for square pixels, else one per axis in array
        order; ``None`` where the file doesn't say.
    unit : str or None
        Unit of ``pixel_size``, one of `napari_deconv.core.units.UNITS`.
    metadata : mapping
        ``format``, ``axes`` (TIFF), ``recipe`` (YAML, where there is one), ``flats`` and ``darks``
        (arrays, of a scan that holds them) and ``notes``: sentences on what was left out or found
        odd.
    """

    array: NDArray[Any]
    pixel_size: float | tuple[float, ...] | None = None
    unit: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> PixelSize | None:
        """The pixel size that the file states."""
        if self.pixel_size is None or self.unit is None:
            return None
        return PixelSize(self.pixel_size, self.unit)


@dataclass(frozen=True)
class WriteReport:
    """What was lost on the way into a file.

    Parameters
    ----------
    clipped : int
        Pixels outside the range of uint16, stored as 0 or 65535.
    rounding : float
        Difference between stored and given values, rms over the other pixels, in grey values.
    lost : tuple of str
        What the format can't hold: ``"pixel size"``, ``"recipe"``.
    """

    clipped: int
    rounding: float
    lost: tuple[str, ...] = ()


def read(path: str | os.PathLike[str]) -> Picture:
    """Return the picture or scan in a file.

    Parameters
    ----------
    path : path
        TIFF and npy go by the file's ending; of a TIFF with several series the first is read.
        The formats of `napari_deconv.formats` go by what the file holds.

    Returns
    -------
    Picture
        The array as stored, ``(H, W)``, ``(N, H, W)`` or what the file holds.

    Raises
    ------
    ValueError
        If there is no such file, its format is unknown, it is damaged, or the library that reads
        it is not installed.
    """
    source = Path(path).expanduser()
    kind, load = _format(source)
    # Damaged files make the readers raise nearly anything; the user needs the one sentence.
    try:
        picture = load(source)
    except Exception as error:
        raise ValueError(f"{source.name} can't be read as {kind}: {_reason(error)}.") from None
    if picture.array.dtype.kind not in "biufc":
        raise ValueError(f"{source.name} holds {picture.array.dtype} values, which are no picture.")
    return picture


def is_picture(path: Path) -> bool:
    """Return whether a file is meant for a picture, by its name or its first bytes.

    Raises
    ------
    ValueError
        If it can't be looked at.
    """
    from napari_deconv.formats.recognition import recognised

    kind = mimetypes.guess_type(path.name)[0] or ""
    if path.suffix.lower() in EXTENSIONS or kind.startswith("image/"):
        return True
    with _in_one_sentence(path, "read"):
        return recognised(path) is not None


def write(
    path: str | os.PathLike[str],
    array: ArrayLike,
    *,
    pixel_size: float | tuple[float, ...] | None = None,
    unit: str | None = None,
    recipe: str | None = None,
    dtype: StoredType = "float32",
    overwrite: bool = False,
) -> WriteReport:
    """Write a picture in one go: the file is there whole, or not at all.

    Parameters
    ----------
    path : path
        Where to, with one of `EXTENSIONS`.
    array : array, shape (H, W) or (N, H, W)
        Picture or stack.
    pixel_size : float or tuple of float, optional
        Side of a pixel, or ``(y, x)``, or ``(z, y, x)`` for a stack.
    unit : str, optional
        Unit of ``pixel_size``; without one it is not looked at.
    recipe : str, optional
        The recipe that made the picture, as YAML.
    dtype : {"float32", "uint16"}
        How to store the numbers; uint16 keeps the grey scale, so it rounds to whole grey values
        and clips what lies outside 0 to 65535.
    overwrite : bool
        Whether to replace a file of this name.

    Returns
    -------
    WriteReport
        Pixels clipped, rounding, and what the format can't hold.

    Raises
    ------
    ValueError
        If the array is no picture or doesn't fit the type, the name is taken, or the path can't
        be written.
    """
    target = Path(path).expanduser()
    extension = _known_extension(target)
    size = _checked_size(pixel_size, unit, np.ndim(array))
    check_target(target, overwrite=overwrite)
    stored, clipped, rounding = as_stored(np.asarray(array), dtype)
    if extension == ".npy":
        given = (("pixel size", size), ("recipe", recipe))
        _replace(target, lambda handle: np.save(handle, stored), overwrite=overwrite)
        return WriteReport(clipped, rounding, tuple(name for name, value in given if value))
    from napari_deconv import tiff_writing

    _replace(
        target, lambda handle: tiff_writing.save(handle, stored, size, recipe), overwrite=overwrite
    )
    return WriteReport(clipped, rounding)


def _format(path: Path) -> tuple[str, Callable[[Path], Picture]]:
    """Return the name of a file's format, and what reads it."""
    extension = path.suffix.lower()
    if extension in EXTENSIONS:
        _check_source(path)
        return ("npy", _load_npy) if extension == ".npy" else ("TIFF", _load_tiff)
    if not path.is_file():
        if extension:
            _check_source(path)
        _known_extension(path)
    from napari_deconv.formats.recognition import recognised

    with _in_one_sentence(path, "read"):
        known = recognised(path)
    if known is None:
        written = ", ".join(EXTENSIONS)
        raise ValueError(f"{path.name} has no known format: use one of {written}, {READ_AS_WELL}.")
    known.check(path)
    return known.name, lambda source: _picture(*known.load(source))


def _picture(array: NDArray[Any], size: PixelSize | None, metadata: Mapping[str, Any]) -> Picture:
    if size is None:
        return Picture(array, metadata=metadata)
    return Picture(array, size.value, size.unit, metadata)


def _known_extension(path: Path) -> str:
    """Return the extension in small letters; refuse one that is not known."""
    extension = path.suffix.lower()
    if extension not in EXTENSIONS:
        known = ", ".join(EXTENSIONS)
        raise ValueError(f"{path.name or path} has no known format: use one of {known}.")
    return extension


def _check_source(path: Path) -> None:
    """Refuse what is no plain file, before anything waits for its content."""
    with _in_one_sentence(path, "read"):
        if path.is_dir():
            raise ValueError(f"{path} is a folder, not a picture.")
        if not path.exists():
            raise ValueError(f"There is no file {path}.")
        if not path.is_file():
            raise ValueError(f"{path} is not a plain file.")


@contextmanager
def _in_one_sentence(path: Path, done: str) -> Iterator[None]:
    """Turn what the operating system objects to into a sentence that names the file."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise ValueError(f"{path} can't be {done}: {reason}.") from None


def _reason(error: Exception) -> str:
    """Return what an error says as the end of a sentence, where it says it to people."""
    if isinstance(error, MemoryError):
        return "it asks for more memory than there is"
    text = str(error).strip().rstrip(".")
    spoken = isinstance(error, ValueError | OSError | ImportError) and text.isprintable()
    return text if spoken and 0 < len(text) <= 160 else "it is damaged"


def _load_npy(path: Path) -> Picture:
    """Return the array of an npy file; the map into memory refuses a length that isn't there."""
    try:
        mapped = np.lib.format.open_memmap(path, mode="r")
    except ValueError:
        raise ValueError("it is another kind of file, empty, damaged or cut short") from None
    array = np.array(mapped, dtype=mapped.dtype.newbyteorder("="))
    return Picture(array, metadata={"format": "npy", "notes": ()})


def _load_tiff(path: Path) -> Picture:
    """Return the first series of a TIFF."""
    from napari_deconv import tiff

    return _picture(*tiff.load(path))


def _checked_size(
    pixel_size: float | tuple[float, ...] | None, unit: str | None, ndim: int
) -> PixelSize | None:
    """Return the pixel size as one value; refuse what is no size or fits no axis."""
    if pixel_size is None:
        return None
    if unit is None:
        raise ValueError('A pixel size needs a unit, for example unit="mm".')
    name = canonical_unit(unit)
    sides = np.atleast_1d(np.asarray(pixel_size, dtype=np.float64))
    if not (np.isfinite(sides).all() and (sides > 0).all()):
        raise ValueError(f"The pixel size must be above zero and finite, not {pixel_size}.")
    if np.ndim(pixel_size) == 0:
        return PixelSize(float(sides[0]), name)
    if sides.size not in (2, ndim):
        raise ValueError(f"{sides.size} pixel sizes fit no picture of {ndim} dimensions.")
    return PixelSize(tuple(float(side) for side in sides), name)


def check_target(path: Path, *, overwrite: bool) -> None:
    """Refuse a path that can't be written, before any work.

    Raises
    ------
    ValueError
        In one sentence.
    """
    with _in_one_sentence(path, "written"):
        if not path.parent.is_dir():
            raise ValueError(f"There is no folder {path.parent} to write {path.name} into.")
        if path.is_dir():
            raise ValueError(f"{path} is a folder, so no file of this name can be written.")
        if path.exists() and not overwrite:
            raise ValueError(f"{path} exists already: choose another name, or allow overwriting.")


def _replace(path: Path, fill: Callable[[IO[bytes]], object], *, overwrite: bool) -> None:
    """Write a file beside its place, then move it there in one step."""
    # Writing to a link means writing to what it points to.
    final = path.resolve()
    part = final.with_name(f".{final.name}.{uuid.uuid4().hex[:8]}.part")
    with _in_one_sentence(path, "written"):
        try:
            with part.open("xb") as handle:
                fill(handle)
                handle.flush()
                os.fsync(handle.fileno())
            check_target(path, overwrite=overwrite)
            part.replace(final)
        finally:
            part.unlink(missing_ok=True)
