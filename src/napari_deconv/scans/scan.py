"""A scan on disk: slices of one shape that can be read a few at a time."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_deconv.core.scale import judged

if TYPE_CHECKING:
    import dask.array

    from napari_deconv.core.units import PixelSize

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Scan(ABC):
    """Slices on disk. It holds no open file, so that it can go to another process.

    Attributes
    ----------
    path : Path
        File or folder.
    shape : tuple of int
        Slices, rows, columns.
    dtype : numpy.dtype
        Of the grey values, in the byte order of this machine.
    size : PixelSize or None
        Side of a pixel, where it is said.
    metadata : mapping
        ``format``, ``notes`` and what else is known.
    """

    path: Path
    shape: Shape
    dtype: np.dtype[Any]
    size: PixelSize | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @abstractmethod
    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return some slices, shape (stop - start, rows, columns).

        Raises
        ------
        ValueError
            In one sentence that names the slices, if they are damaged or not there.
        """

    def files(self, start: int, stop: int) -> Sequence[Path]:
        """Return the files that some slices lie in."""
        return (self.path,)

    @property
    def nbytes(self) -> int:
        """Bytes of all slices."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def stamp(self, start: int, stop: int) -> str:
        """Return what changes when the files of some slices do: their names, sizes and times."""
        digest = blake2b(digest_size=8)
        for path in self.files(start, stop):
            try:
                status = os.stat(path)
            except OSError:
                digest.update(f"{path.name} missing\n".encode())
                continue
            digest.update(f"{path.name} {status.st_size} {status.st_mtime_ns}\n".encode())
        return digest.hexdigest()

    def dask(self) -> dask.array.Array:
        """Return the scan as a dask array with a slice a chunk, which reads what is looked at."""
        import dask.array

        name = f"scan-{self.path.name}-{self.stamp(0, len(self))}"
        graph = {(name, i, 0, 0): (self.read, i, i + 1) for i in range(len(self))}
        chunks = ((1,) * len(self), *((n,) for n in self.shape[1:]))
        return dask.array.Array(graph, name, chunks, self.dtype)

    def sample(self) -> npt.NDArray[Any]:
        """Return the slices that the scan is judged by, as an in-memory stack is."""
        return np.concatenate([self.read(i, i + 1) for i in judged(len(self))])

    def __len__(self) -> int:
        """Return the number of slices."""
        return self.shape[0]


def native(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return an array in the byte order of this machine, which torch asks for."""
    return array.astype(array.dtype.newbyteorder("="), copy=False)
