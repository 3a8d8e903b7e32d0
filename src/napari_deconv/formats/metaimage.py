"""MetaImage: a text header with raw numbers behind it (.mha) or beside it (.mhd)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from napari_deconv.core.units import PixelSize
from napari_deconv.formats.raw import Raw, beside, numbers, sizes
from napari_deconv.formats.recognition import Loaded

LONGEST = 65536
"""Bytes of the longest header."""
TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG": "i4",
    "MET_ULONG": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
UNIT = "mm"
"""What ITK takes the spacing for; the format itself names no unit."""


def load(path: Path) -> Loaded:
    """Return array, pixel size and metadata of a MetaImage.

    Raises
    ------
    ValueError
        If the header is damaged, the numbers are not all there, or there are several channels.
    """
    header, end = _header(path)
    if header.get("ElementNumberOfChannels", "1") != "1":
        raise ValueError("it holds several channels; give one of grey values")
    kind = header["ElementType"]
    if kind not in TYPES:
        raise ValueError(f"its numbers are of type {kind[:40]}, which is not read")
    order = ">" if _says(header, "BinaryDataByteOrderMSB", "ElementByteOrderMSB") else "<"
    place = header["ElementDataFile"]
    if place.startswith("LIST") or "%" in place:
        raise ValueError("its slices lie in many files, which is not read")
    local = place in ("LOCAL", "Local", "local")
    shape = sizes(header["DimSize"], "DimSize")
    if str(len(shape)) != header["NDims"]:
        raise ValueError(f"its header states {header['NDims'][:9]} axes and {len(shape)} sizes")
    skipped = int(sizes(header.get("HeaderSize", "0"), "HeaderSize")[0])
    raw = Raw(
        path if local else beside(path, place),
        shape,
        np.dtype(order + TYPES[kind]),
        end if local else skipped,
        _says(header, "CompressedData"),
    )
    return raw.read(), _pixel_size(header, len(shape)), {"format": "MetaImage", "notes": ()}


def _header(path: Path) -> tuple[dict[str, str], int]:
    """Return the entries of a header, and how many bytes it has."""
    with path.open("rb") as file:
        head = file.read(LONGEST)
    entries: dict[str, str] = {}
    begin = 0
    while "ElementDataFile" not in entries:
        end = head.find(b"\n", begin)
        line = head[begin : end if end >= 0 else len(head)].decode("latin-1")
        key, equals, value = line.partition("=")
        if equals:
            entries[key.strip()] = value.strip()
        if end < 0:
            break
        begin = end + 1
    for key in ("NDims", "DimSize", "ElementType", "ElementDataFile"):
        if not entries.get(key):
            raise ValueError(f"its header states no {key}")
    return entries, begin


def _says(header: Mapping[str, str], *keys: str) -> bool:
    return any(header.get(key, "").lower() == "true" for key in keys)


def _pixel_size(header: Mapping[str, str], ndim: int) -> PixelSize | None:
    text = header.get("ElementSpacing", header.get("ElementSize"))
    if text is None:
        return None
    sides = tuple(reversed(numbers(text, "ElementSpacing")))
    if len(sides) != ndim or not all(math.isfinite(side) and side > 0 for side in sides):
        return None
    return PixelSize(sides[0] if len(set(sides)) == 1 else sides, UNIT)
