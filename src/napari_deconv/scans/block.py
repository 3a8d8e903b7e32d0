"""Results whose numbers lie in one piece of one file: npy, TIFF and BigTIFF, HDF5.

The header is written first and never touched again: a process that is killed in the middle of a
slice leaves a file that can still be read, with that slice unfinished.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from napari_deconv.scans.mapped import Mapped, of_npy
from napari_deconv.scans.scan import Scan
from napari_deconv.scans.sink import Sink


class Block(Sink):
    """One piece of a file, written by offset."""

    def lay_out(self) -> None:
        """Write the header and reserve the room."""
        with self.part.open("w+b") as file:
            self.head(file)
        grown = self.place()
        with self.part.open("r+b") as file:
            end = max(grown.offset + self.nbytes, self.part.stat().st_size)
            if hasattr(os, "posix_fallocate"):  # a full disk is met here, not hours later
                os.posix_fallocate(file.fileno(), 0, end)
            file.truncate(end)
            os.fsync(file.fileno())

    @abstractmethod
    def head(self, file: IO[bytes]) -> None:
        """Write what comes before the numbers."""

    @abstractmethod
    def place(self) -> Mapped:
        """Return where the numbers are."""

    def grown(self) -> Scan:
        """Return what has been written as a scan."""
        return self.place()

    def write(self, start: int, planes: npt.NDArray[Any]) -> None:
        """Write slices from an index on, until the disk has them."""
        place = self._grown
        assert isinstance(place, Mapped)
        each = int(np.prod(self.shape[1:])) * np.dtype(self.stored).itemsize
        with self.part.open("r+b") as file:
            file.seek(place.offset + start * each)
            file.write(np.ascontiguousarray(planes.astype(place.stored, copy=False)).data)
            file.flush()
            os.fsync(file.fileno())


class NpyBlock(Block):
    """Numbers behind NumPy's header: neither pixel size nor recipe."""

    def head(self, file: IO[bytes]) -> None:
        """Write NumPy's header."""
        described = np.lib.format.dtype_to_descr(np.dtype(self.stored))
        said = {"descr": described, "fortran_order": False, "shape": self.shape}
        np.lib.format.write_array_header_1_0(file, said)
        file.truncate(file.tell() + self.nbytes)

    def place(self) -> Mapped:
        """Return where the numbers are."""
        found = of_npy(self.part)
        assert found is not None
        return found


class TiffBlock(Block):
    """A TIFF stack with pixel size and recipe; beyond four gigabytes BigTIFF."""

    def head(self, file: IO[bytes]) -> None:
        """Write all tags."""
        from napari_deconv import tiff_writing

        dtype = np.dtype(self.stored)
        tiff_writing.lay_out(file, self.shape, dtype, self.size, self.recipe or None)

    def place(self) -> Mapped:
        """Return where the numbers are."""
        from napari_deconv.scans.tiff_stack import of_tiff

        found = of_tiff(self.part)
        assert isinstance(found, Mapped)
        return found


class Hdf5Block(Block):
    """A data set of DXchange's layout, in one piece, with pixel size and recipe."""

    def head(self, file: IO[bytes]) -> None:
        """Write the groups, and the room for the numbers."""
        import h5py

        from napari_deconv.formats import hdf5

        with h5py.File(file, "w", libver="earliest") as made:
            layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
            layout.set_layout(h5py.h5d.CONTIGUOUS)
            layout.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
            layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
            group = made.require_group("exchange")
            kind = h5py.h5t.py_create(np.dtype(self.stored))
            room = h5py.h5s.create_simple(self.shape)
            h5py.h5d.create(group.id, b"data", kind, room, layout)
            hdf5.describe(made, self.size, self.recipe)

    def place(self) -> Mapped:
        """Return where the numbers are."""
        import h5py

        with h5py.File(self.part, "r") as file:
            data = file["exchange/data"]
            offset, stored = data.id.get_offset(), data.dtype.str
        dtype = np.dtype(self.stored)
        return Mapped(
            self.part, self.shape, dtype, self.size, {"format": "DXchange"}, offset, stored
        )
