"""A folder of pictures, a slice each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_deconv import io
from napari_deconv.scans.scan import Scan


@dataclass(frozen=True)
class Folder(Scan):
    """Pictures of one shape and type, in the order of their names' numbers.

    Attributes
    ----------
    names : tuple of str
        The files.
    """

    names: tuple[str, ...] = ()

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return some slices; each is checked to be like the first."""
        return np.stack([self._slice(path) for path in self.files(start, stop)])

    def files(self, start: int, stop: int) -> Sequence[Path]:
        """Return the files of some slices."""
        return [self.path / name for name in self.names[start:stop]]

    def _slice(self, path: Path) -> npt.NDArray[Any]:
        array = io.read(path).array
        if array.shape != self.shape[1:] or array.dtype != self.dtype:
            raise ValueError(
                f"{path.name} has shape {array.shape} of {array.dtype}, the first slice of the "
                f"scan {self.shape[1:]} of {self.dtype}; take it out of the folder."
            )
        return array


def of_folder(path: Path) -> Folder:
    """Return the pictures of a folder as a scan; files of other kinds are left alone.

    Raises
    ------
    ValueError
        In one sentence, if there are no pictures, or the first is none of two axes.
    """
    found = [each for each in path.iterdir() if each.is_file() and not each.name.startswith(".")]
    names = sorted((each.name for each in found if _is_picture(each)), key=natural)
    if not names:
        raise ValueError(f"There are no pictures in {path}; give a folder of TIFF, EDF or DICOM.")
    first = io.read(path / names[0])
    if first.metadata.get("format") == "DICOM":
        names = in_order_of_place(path, names)
        first = io.read(path / names[0])
    if first.array.ndim != 2:
        raise ValueError(
            f"{names[0]} in {path} has shape {first.array.shape}; a folder is read as one scan if "
            "each file is a single picture: give the file itself."
        )
    rows, columns = first.array.shape
    metadata = {**first.metadata, "format": f"folder of {first.metadata['format']}"}
    metadata.pop("recipe", None)
    return Folder(
        path,
        (len(names), rows, columns),
        first.array.dtype,
        first.size,
        metadata,
        names=tuple(names),
    )


def natural(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts ``s2`` before ``s10``."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def in_order_of_place(path: Path, names: Iterable[str]) -> list[str]:
    """Return the files of a DICOM series along its axis: by position, else by their numbers."""
    from pydicom import dcmread

    tags = ["ImagePositionPatient", "ImageOrientationPatient", "InstanceNumber"]
    placed: list[tuple[float, int, str]] = []
    for name in names:
        header = dcmread(path / name, stop_before_pixels=True, specific_tags=tags)
        number = int(header.get("InstanceNumber") or 0)
        position, axes = header.get("ImagePositionPatient"), header.get("ImageOrientationPatient")
        along = 0.0
        if position and axes:
            normal = np.cross([float(a) for a in axes[:3]], [float(a) for a in axes[3:]])
            along = float(np.dot(normal, [float(p) for p in position]))
        placed.append((along, number, name))
    return [name for *_, name in sorted(placed)]


def _is_picture(path: Path) -> bool:
    if path.suffix.lower() in io.EXTENSIONS:
        return True
    from napari_deconv.formats.recognition import recognised

    try:
        known = recognised(path)
        return known is not None and known.is_ours(path)
    except OSError:
        return False
