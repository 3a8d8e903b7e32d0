"""TIFF and its dialects: where ImageJ, OME and plain TIFF keep the pixel size and a text."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree

import numpy as np

from napari_deconv.core.units import PixelSize, canonical_unit

if TYPE_CHECKING:
    from pathlib import Path

    import tifffile
    from numpy.typing import NDArray

RECIPE_MARK = "napari-deconv recipe"
"""First line of the text that holds a recipe."""

# Resolutions that programs write when they know nothing: of screens, printers and page scanners.
_DEFAULT_DPI = (72.0, 96.0, 150.0, 300.0, 600.0)

# No lossless codec makes a real picture this much smaller: beyond it the header is damaged.
_MOST_COMPRESSED = 2000


class Outline(NamedTuple):
    """What a TIFF says of its first series, its numbers not read.

    Attributes
    ----------
    shape : tuple of int
        Without axes of length one, save rows, columns and our own stacks' slices.
    axes : str
        A letter for each.
    dtype : numpy.dtype
        As stored, with its byte order.
    size : PixelSize or None
    metadata : dict
    offset : int or None
        Bytes before the numbers, if these lie in one piece and unpacked.
    """

    shape: tuple[int, ...]
    axes: str
    dtype: np.dtype[Any]
    size: PixelSize | None
    metadata: dict[str, Any]
    offset: int | None


def load(path: Path) -> tuple[NDArray[Any], PixelSize | None, dict[str, Any]]:
    """Return array, pixel size and metadata of a TIFF's first series.

    Raises
    ------
    ValueError
        If parts of the picture are missing. Damaged files make tifffile raise much else.
    """
    with _opened(path) as (file, series, notes):
        array = series.asarray()
        outline = _outline(file, series, notes)
    # The file's byte order is not always this machine's, which torch refuses.
    array = array.reshape(outline.shape).astype(array.dtype.newbyteorder("="), copy=False)
    return array, outline.size, outline.metadata


def outline(path: Path) -> Outline:
    """Return what a TIFF says of its first series; raises as `load` does."""
    with _opened(path) as (file, series, notes):
        return _outline(file, series, notes)


@contextmanager
def _opened(
    path: Path,
) -> Iterator[tuple[tifffile.TiffFile, tifffile.TiffPageSeries, list[str]]]:
    """Open a TIFF that is there as a whole: the file, its first series, and a list for notes."""
    import tifffile

    with _Notes() as notes, tifffile.TiffFile(path) as file:
        if not file.pages or (series := file.series[0]).nbytes == 0:
            raise ValueError("it holds no picture")
        _check_complete(file, series)
        yield file, series, notes


def _outline(file: tifffile.TiffFile, series: tifffile.TiffPageSeries, notes: list[str]) -> Outline:
    shape, axes = _shaped(series, stack=bool((file.imagej_metadata or {}).get("stack")))
    size, text = _described(file, series, axes)
    metadata: dict[str, Any] = {"format": _dialect(file), "axes": axes}
    if len(file.series) > 1:
        notes.append(f"The first of {len(file.series)} series was read.")
    if size is None and (ignored := _page_resolution(series)) is not None:
        notes.append(f"A resolution of {ignored:g} dpi is a default and no pixel size.")
    if text.startswith(RECIPE_MARK):
        metadata["recipe"] = text[len(RECIPE_MARK) + 1 :]
    metadata["notes"] = tuple(notes)
    dtype = np.dtype(series.dtype).newbyteorder(file.byteorder)
    return Outline(shape, axes, dtype, size, metadata, series.dataoffset)


class _Notes(list[str]):
    """What tifffile complains of while a file is read, in place of its lines on the console."""

    def __enter__(self) -> _Notes:
        logging.getLogger("tifffile").addFilter(self.note)
        return self

    def __exit__(self, *error: object) -> None:
        logging.getLogger("tifffile").removeFilter(self.note)

    def note(self, record: logging.LogRecord) -> bool:
        """Keep a message and stop it from being printed."""
        self.append(record.getMessage())
        return False


def _shaped(series: tifffile.TiffPageSeries, *, stack: bool) -> tuple[tuple[int, ...], str]:
    """Return the sides that count of a series, and their axes."""
    shape, axes = series.get_shape(False), series.get_axes(False)
    kept = "ZYX" if stack else "YX"
    pairs = [(n, axis) for n, axis in zip(shape, axes, strict=True) if n > 1 or axis in kept]
    return tuple(n for n, _ in pairs), "".join(axis for _, axis in pairs)


def _check_complete(file: tifffile.TiffFile, series: tifffile.TiffPageSeries) -> None:
    """Refuse a picture of which parts are missing, before its memory is asked for."""
    file_size = file.filehandle.size
    # tifffile stops quietly at a page that it can't reach: the link to it is then still there.
    if _last_link(file) != 0:
        raise ValueError("the file is cut short, pages of it are missing")
    if series.nbytes > _MOST_COMPRESSED * file_size:
        raise ValueError(f"its header states {series.nbytes} bytes, the file has {file_size}")
    for page in series.pages:
        if page is None:
            raise ValueError("a slice of the stack is missing")
        if len(page.dataoffsets) != len(page.databytecounts):
            raise ValueError("its header is damaged")
        for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True):
            if count <= 0 or offset <= 0 or offset + count > file_size:
                raise ValueError("the file is cut short, parts of the picture are missing")
    if series.dataoffset is not None and series.dataoffset + series.nbytes > file_size:
        raise ValueError("the file is cut short, parts of the picture are missing")


def _last_link(file: tifffile.TiffFile) -> int:
    """Return the offset of the next page that the last page found names, 0 if there is none."""
    link = file.pages.next_page_offset
    if link is None:
        return 0
    file.filehandle.seek(link)
    found = file.filehandle.read(file.tiff.offsetsize)
    if len(found) < file.tiff.offsetsize:
        raise ValueError("the file is cut short, pages of it are missing")
    return int.from_bytes(found, "big" if file.byteorder == ">" else "little")


def _dialect(file: tifffile.TiffFile) -> str:
    """Return the name of the dialect that states pixel size and text."""
    if file.is_imagej:
        return "ImageJ TIFF"
    return "OME-TIFF" if file.is_ome else "TIFF"


def _described(
    file: tifffile.TiffFile, series: tifffile.TiffPageSeries, axes: str
) -> tuple[PixelSize | None, str]:
    """Return pixel size and text that a file states in its own dialect."""
    if file.is_imagej:
        metadata = file.imagej_metadata or {}
        per_unit = _resolution(series)
        sides = None if per_unit is None else [float(1 / r) for r in per_unit]
        if sides is not None and "Z" in axes and "spacing" in metadata:
            sides = [metadata["spacing"], *sides]
        return _pixel_size(sides, metadata.get("unit")), str(metadata.get("Info", ""))
    if file.is_ome:
        return _ome_described(file.ome_metadata or "", axes)
    dpi = _page_resolution(series)
    per_unit = _resolution(series)
    if (
        dpi is None
        or per_unit is None
        or any(math.isclose(dpi, d, rel_tol=1e-3) for d in _DEFAULT_DPI)
    ):
        return None, ""
    unit = "in" if _resolution_unit(series) == 2 else "cm"
    return _pixel_size([float(1 / r) for r in per_unit], unit), ""


def _resolution(series: tifffile.TiffPageSeries) -> tuple[Fraction, Fraction] | None:
    """Return pixels per unit along rows and columns ``(y, x)`` from the resolution tags."""
    tags = series.keyframe.tags
    values = []
    for name in ("YResolution", "XResolution"):
        if name not in tags:
            return None
        numerator, denominator = tags[name].value
        if numerator <= 0 or denominator <= 0:
            return None
        values.append(Fraction(numerator, denominator))
    return values[0], values[1]


def _resolution_unit(series: tifffile.TiffPageSeries) -> int:
    """Return the tag: 1 for none, 2 for an inch (the standard's default), 3 for a centimetre."""
    tags = series.keyframe.tags
    return int(tags["ResolutionUnit"].value) if "ResolutionUnit" in tags else 2


def _page_resolution(series: tifffile.TiffPageSeries) -> float | None:
    """Return the finer resolution of a plain TIFF in dots per inch; none for 1 x 1."""
    per_unit = _resolution(series)
    unit = _resolution_unit(series)
    if per_unit is None or unit not in (2, 3) or max(per_unit) == 1:
        return None
    return float(max(per_unit)) * (1.0 if unit == 2 else 2.54)


def _pixel_size(sides: list[Any] | None, unit: Any) -> PixelSize | None:
    """Return sides and unit as a pixel size, or none where they are no lengths."""
    if sides is None or not isinstance(unit, str):
        return None
    try:
        name = canonical_unit(unit)
        values = tuple(float(side) for side in sides)
    except (TypeError, ValueError):
        return None
    if not all(math.isfinite(value) and value > 0 for value in values):
        return None
    square = len(values) == 2 and values[0] == values[1]
    return PixelSize(values[0] if square else values, name)


def _ome_described(xml: str, axes: str) -> tuple[PixelSize | None, str]:
    """Return pixel size and description of the first image of OME-XML."""
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError:
        return None, ""
    space = re.match(r"\{.*\}", root.tag)
    prefix = space[0] if space else ""
    image = root.find(f"{prefix}Image")
    pixels = None if image is None else image.find(f"{prefix}Pixels")
    if image is None or pixels is None:
        return None, ""
    text = image.findtext(f"{prefix}Description", "")
    names = [
        axis for axis in "ZYX" if axis != "Z" or ("Z" in axes and "PhysicalSizeZ" in pixels.attrib)
    ]
    units = [pixels.get(f"PhysicalSize{axis}Unit", "µm") for axis in names]
    try:
        sides = [float(pixels.get(f"PhysicalSize{axis}", "nan")) for axis in names]
        target = canonical_unit(units[-1])
        sides = [
            float(np.asarray(PixelSize(side, unit).to(target).value))
            for side, unit in zip(sides, units, strict=True)
        ]
    except ValueError:
        return None, text
    return _pixel_size(sides, target), text
