"""A stack in a file that can be read as a whole only: packed, or of many small records."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy.typing as npt

from napari_deconv import io
from napari_deconv.scans.scan import Scan


@dataclass(frozen=True)
class WholeFile(Scan):
    """A stack of which each process keeps all slices while it works on it."""

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return some slices."""
        return _kept(self.path, self.path.stat().st_mtime_ns)[start:stop]


@lru_cache(maxsize=1)
def _kept(path: Path, changed: int) -> npt.NDArray[Any]:
    array = io.read(path).array
    return array[None] if array.ndim == 2 else array


def of_file(path: Path) -> WholeFile:
    """Return a file that `io.read` reads as a scan; a single picture is a scan of one slice."""
    picture = io.read(path)
    array = picture.array[None] if picture.array.ndim == 2 else picture.array
    if array.ndim != 3 or array.dtype.kind not in "buif":
        raise ValueError(
            f"{path.name} has shape {array.shape} of {array.dtype}; "
            "a scan is slices of grey values."
        )
    shape = (array.shape[0], array.shape[1], array.shape[2])
    return WholeFile(path, shape, array.dtype, picture.size, picture.metadata)
