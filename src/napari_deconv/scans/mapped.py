"""Slices that lie as plain numbers in one file: npy, raw numbers behind a header, plain TIFF."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_deconv.scans.scan import Scan, native


@dataclass(frozen=True)
class Mapped(Scan):
    """Numbers at an offset of a file, read by mapping it into memory.

    Attributes
    ----------
    offset : int
        Bytes before the first number.
    stored : str
        Type of the numbers as they lie in the file, with its byte order.
    """

    offset: int = 0
    stored: str = ""

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return some slices."""
        each = int(np.prod(self.shape[1:])) * np.dtype(self.stored).itemsize
        count = (stop - start) * int(np.prod(self.shape[1:]))
        values = np.fromfile(self.path, self.stored, count, offset=self.offset + start * each)
        if values.size < count:
            raise ValueError(
                f"{self.path.name} is cut short: slices {start} to {stop - 1} end early."
            )
        return native(values.reshape(stop - start, *self.shape[1:]))


def of_npy(path: Path) -> Mapped | None:
    """Return an npy file of three axes as a scan; None if it is no plain one."""
    array = np.lib.format.open_memmap(path, mode="r")
    if array.ndim != 3 or not array.flags.c_contiguous or array.dtype.kind not in "buif":
        return None
    stored = array.dtype.str
    return Mapped(
        path,
        (array.shape[0], array.shape[1], array.shape[2]),
        array.dtype.newbyteorder("="),
        metadata={"format": "npy", "notes": ()},
        offset=int(array.offset),
        stored=stored,
    )
