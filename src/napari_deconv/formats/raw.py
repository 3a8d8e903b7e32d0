"""Raw numbers that a header describes: checked against the file's size, then read."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Raw:
    """Where the numbers lie and what they are.

    Attributes
    ----------
    path : Path
    shape : tuple of int
        In array order.
    dtype : numpy.dtype
        With its byte order.
    offset : int
        Bytes before the first number; -1: the numbers are the last of the file.
    compressed : bool
        Whether they are one zlib stream.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int = 0
    compressed: bool = False

    def read(self) -> npt.NDArray[Any]:
        """Return the array in the machine's byte order.

        Raises
        ------
        ValueError
            If the sizes are no sizes or the file is too short for them.
        """
        if not self.shape or min(self.shape) < 1:
            raise ValueError(f"its header states the size {self.shape}")
        count = math.prod(self.shape)
        size = count * self.dtype.itemsize
        if not self.path.is_file():
            raise ValueError(f"the file {self.path.name} with its numbers is not there")
        there = self.path.stat().st_size
        begin = there - size if self.offset < 0 else self.offset
        if self.compressed:
            values = self._inflated(begin if self.offset >= 0 else 0, size)
        elif begin < 0 or begin + size > there:
            raise ValueError(
                f"the header states {size} bytes, {self.path.name} has {max(there - begin, 0)}"
            )
        else:
            values = np.fromfile(self.path, self.dtype, count, offset=begin)
        return values.reshape(self.shape).astype(self.dtype.newbyteorder("="), copy=False)

    def _inflated(self, begin: int, size: int) -> npt.NDArray[Any]:
        with self.path.open("rb") as file:
            file.seek(begin)
            stream = zlib.decompressobj()
            try:
                data = stream.decompress(file.read(), size)
            except zlib.error:
                raise ValueError("its compressed numbers are damaged") from None
        if len(data) != size:
            raise ValueError("its compressed numbers are cut short")
        return np.frombuffer(data, self.dtype)


def beside(header: Path, name: str) -> Path:
    """Return the file of a name beside a header; of a foreign path, its last part."""
    path = header.parent / name
    if not path.is_file():
        path = header.parent / name.replace("\\", "/").rsplit("/", 1)[-1]
    return path


def numbers(text: str, kind: str) -> list[float]:
    """Return the numbers of a line of a header.

    Raises
    ------
    ValueError
        If it holds something else.
    """
    try:
        return [float(part) for part in text.split()]
    except ValueError:
        raise ValueError(f"its {kind} reads {text[:40]!r}") from None


def sizes(text: str, kind: str) -> tuple[int, ...]:
    """Return the sizes along x, y, z of a line of a header, in array order."""
    found = numbers(text, kind)
    if not all(math.isfinite(n) and n == int(n) for n in found):
        raise ValueError(f"its {kind} reads {text[:40]!r}")
    return tuple(int(n) for n in reversed(found))
