"""DICOM images of grey values, through pydicom."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from napari_deconv.core.units import PixelSize
from napari_deconv.formats.complaints import complaints
from napari_deconv.formats.recognition import Loaded

SPACINGS = (
    ("PixelSpacing", ""),
    ("ImagePlanePixelSpacing", ""),
    ("ImagerPixelSpacing", "The pixel size is that at the detector, not in the object."),
)
"""Where the sides of a pixel stand, the surest first, and what to know of them."""


def is_ours(path: Path) -> bool:
    """Return whether a DICOM file holds an image."""
    from pydicom import dcmread

    try:
        with complaints("pydicom"):
            header = dcmread(path, stop_before_pixels=True, specific_tags=["Rows", "Columns"])
        return bool(header.get("Rows")) and bool(header.get("Columns"))
    except Exception:  # a damaged file makes it raise nearly anything; load says what
        return True


def load(path: Path) -> Loaded:
    """Return array, pixel size and metadata; grey values are rescaled as the file says.

    Raises
    ------
    ValueError
        If it holds no grey values, is cut short, or is compressed in a way that is not read.
    """
    from pydicom import dcmread

    with complaints("pydicom") as said:
        data = dcmread(path)
        _check(data)
        try:
            array = data.pixel_array
        except RuntimeError:
            raise ValueError(
                f"its pixels are packed as {data.file_meta.TransferSyntaxUID.name}, which needs "
                "a decoder: pip install pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg"
            ) from None
        notes = [text for text in said if text.isprintable()][:3]
        slope, intercept = _rescaling(data)
        if (slope, intercept) != (1.0, 0.0):
            array = (slope * array.astype(np.float64) + intercept).astype(np.float32)
            notes.append(f"Grey values rescaled as the file says: × {slope:g} {intercept:+g}.")
    size, note = _pixel_size(data, array.ndim)
    notes += [note] if note else []
    metadata = {"format": "DICOM", "notes": tuple(notes), "modality": str(data.get("Modality", ""))}
    return array, size, metadata


def _check(data: Any) -> None:
    """Refuse what is no image of grey values, or lacks a part of it."""
    if "PixelData" not in data or not data.get("Rows") or not data.get("Columns"):
        raise ValueError("it holds no image")
    if data.get("SamplesPerPixel", 1) != 1:
        raise ValueError("it is a colour image; convert it to grey values first")
    if data.file_meta.TransferSyntaxUID.is_compressed:
        return
    frames = int(data.get("NumberOfFrames") or 1)
    bits = int(data.Rows) * int(data.Columns) * frames * int(data.BitsAllocated)
    if len(data.PixelData) < math.ceil(bits / 8):
        raise ValueError("the file is cut short, parts of the picture are missing")


def _rescaling(data: Any) -> tuple[float, float]:
    slope, intercept = data.get("RescaleSlope"), data.get("RescaleIntercept")
    if slope is None or intercept is None:
        return 1.0, 0.0
    return float(slope), float(intercept)


def _pixel_size(data: Any, ndim: int) -> tuple[PixelSize | None, str]:
    """Return the pixel size in millimetres, and what to know of it."""
    for name, note in SPACINGS:
        try:
            sides = tuple(float(side) for side in data.get(name) or ())
        except (TypeError, ValueError):
            continue
        if len(sides) != 2 or not all(math.isfinite(side) and side > 0 for side in sides):
            continue
        if ndim == 3 and (between := _between(data)):
            sides = (between, *sides)
        return PixelSize(sides[0] if len(set(sides)) == 1 else sides, "mm"), note
    return None, ""


def _between(data: Any) -> float:
    """Return the distance of the slices of a volume in one file, 0 if it isn't said."""
    try:
        distance = float(data.get("SpacingBetweenSlices") or 0)
    except (TypeError, ValueError):
        return 0.0
    return distance if math.isfinite(distance) and distance > 0 else 0.0
