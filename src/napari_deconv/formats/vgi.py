"""VGI: the text header of a volume for VGStudio, with raw numbers in a file beside it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from napari_deconv.core.units import PixelSize, canonical_unit
from napari_deconv.formats.raw import Raw, beside, numbers, sizes
from napari_deconv.formats.recognition import Loaded

LONGEST = 1 << 20
"""Bytes of the longest header."""
KINDS = {"float": "f", "unsigned integer": "u", "integer": "i", "signed integer": "i"}
BITS = (8, 16, 32, 64)

Sections = dict[str, dict[str, str]]


def load(path: Path) -> Loaded:
    """Return array, pixel size and metadata of a volume.

    Raises
    ------
    ValueError
        If the header is damaged or the numbers are not all there.
    """
    sections = _sections(path)
    file = sections.get("file1", {})
    about = {**sections.get("representation", {}), **file}
    for key in ("size", "datatype", "bitsperelement", "name"):
        if not about.get(key):
            raise ValueError(f"its header states no {key}")
    if about.get("fileformat", "raw").lower() != "raw":
        raise ValueError(f"its numbers are stored as {about['fileformat'][:20]}, which is not read")
    kind, bits = KINDS.get(about["datatype"].lower()), sizes(about["bitsperelement"], "bits")[0]
    if kind is None or bits not in BITS or (kind == "f" and bits < 32):
        raise ValueError(f"its numbers are {bits} bit {about['datatype'][:20]}, which is not read")
    shape = sizes(about["size"], "size")
    if len(shape) != 3:
        raise ValueError(f"its header states {len(shape)} sizes, not 3")
    raw = Raw(
        beside(path, about["name"]),
        shape,
        np.dtype(f"<{kind}{bits // 8}"),
        sizes(about.get("skipheader", "0"), "SkipHeader")[0],
    )
    notes = ("The first of several files was read.",) if "file2" in sections else ()
    return raw.read(), _pixel_size(sections), {"format": "VGI", "notes": notes}


def _sections(path: Path) -> Sections:
    """Return the entries of every section, all names in small letters; the first of each counts."""
    with path.open("rb") as file:
        text = file.read(LONGEST).decode("utf-8", "replace")
    sections: Sections = {}
    section: dict[str, str] = {}
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            section = sections.setdefault(line[1:-1].strip().lower(), {})
            continue
        key, equals, value = line.partition("=")
        if equals:
            section.setdefault(key.strip().lower(), value.strip())
    return sections


def _pixel_size(sections: Sections) -> PixelSize | None:
    for name, section in sections.items():
        if not name.startswith("geometry") or "resolution" not in section:
            continue
        sides = tuple(reversed(numbers(section["resolution"], "resolution")))
        try:
            unit = canonical_unit(section.get("unit", "mm"))
        except ValueError:
            return None
        if len(sides) == 3 and all(math.isfinite(side) and side > 0 for side in sides):
            return PixelSize(sides[0] if len(set(sides)) == 1 else sides, unit)
    return None
