"""Where the slices of a result go: laid out first, filled piece by piece, then moved into place."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_deconv.storing import StoredType, as_stored

if TYPE_CHECKING:
    from napari_deconv.core.units import PixelSize
    from napari_deconv.scans.scan import Scan, Shape


@dataclass(frozen=True)
class Sink(ABC):
    """A result on its way to disk. It holds no open file, so that it can go to another process.

    Attributes
    ----------
    target : Path
        Where the result will be; nothing is there before it is whole.
    shape : tuple of int
        Slices, rows, columns.
    stored : {"float32", "uint16"}
    size : PixelSize or None
        Side of a pixel.
    recipe : str
        The recipe that makes the result, as YAML.
    """

    target: Path
    shape: Shape
    stored: StoredType = "float32"
    size: PixelSize | None = None
    recipe: str = ""

    @property
    def part(self) -> Path:
        """Where the result grows, beside its place and hidden."""
        return self.target.with_name(f".{self.target.stem}.part{self.target.suffix}")

    @property
    def journal(self) -> Path:
        """What tells, beside the result, which slices are finished."""
        return self.target.with_name(f"{self.target.name}.journal")

    @property
    def nbytes(self) -> int:
        """Bytes of all numbers."""
        return int(np.prod(self.shape, dtype=np.int64)) * np.dtype(self.stored).itemsize

    @abstractmethod
    def lay_out(self) -> None:
        """Make the empty result; what was there of an earlier one goes."""

    @abstractmethod
    def write(self, start: int, planes: npt.NDArray[Any]) -> None:
        """Write slices from an index on; other processes may write others at the same time."""

    @abstractmethod
    def grown(self) -> Scan:
        """Return what has been written as a scan."""

    def put(self, start: int, planes: npt.NDArray[np.float32]) -> tuple[str, int]:
        """Write slices as they are stored; return their digest and how many pixels were clipped.

        Raises
        ------
        OSError
            If the disk is full or can't be written.
        """
        kept, clipped, _ = as_stored(planes, self.stored)
        self.write(start, kept)
        return digest(kept), clipped

    def digest(self, start: int, stop: int) -> str:
        """Return the digest of slices as they lie on disk, "" if they can't be read."""
        try:
            return digest(self._grown.read(start, stop))
        except (ValueError, OSError):
            return ""

    def check_room(self) -> None:
        """Refuse to begin on a disk that has too little room.

        Raises
        ------
        ValueError
            In one sentence, with what is needed and what is free.
        """
        free = shutil.disk_usage(self.target.parent).free
        if self.nbytes > free:
            raise ValueError(
                f"{self.target.name} takes {self.nbytes / 2**30:.3g} GiB, of which "
                f"{free / 2**30:.3g} are free in {self.target.parent}; choose another folder."
            )

    def finish(self) -> None:
        """Move the whole result into its place; an earlier one goes when it is there."""
        if not self.target.is_dir():
            self.part.replace(self.target)
            return
        old = self.target.with_name(f".{self.target.stem}.old{self.target.suffix}")
        self.target.replace(old)  # no folder takes the place of another in one step
        self.part.replace(self.target)
        shutil.rmtree(old)

    @cached_property
    def _grown(self) -> Scan:
        return self.grown()


def digest(planes: npt.NDArray[Any]) -> str:
    """Return a checksum of numbers, the first half of SHA-256: processors have it built in."""
    return sha256(np.ascontiguousarray(planes).data).hexdigest()[:32]
