"""Projections of a scan in HDF5, read slice by slice through h5py."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_deconv.formats import hdf5
from napari_deconv.scans.scan import Scan, native


@dataclass(frozen=True)
class Hdf5Scan(Scan):
    """A dataset of a file, of which flats and darks may be left out.

    Attributes
    ----------
    place : str
        Name of the dataset in the file.
    frames : tuple of int
        Which frames of the dataset are projections; empty: all.
    """

    place: str = ""
    frames: tuple[int, ...] = ()

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return some slices."""
        import h5py

        try:
            hdf5.register_filters()
            with h5py.File(self.path, "r") as file:
                data = file[self.place]
                array = np.concatenate([data[a:b] for a, b in self._runs(start, stop)])
        except (OSError, KeyError, ValueError) as error:
            reason = str(error).split("(")[0].strip().rstrip(".")
            raise ValueError(
                f"Slices {start} to {stop - 1} of {self.path.name} can't be read: {reason}."
            ) from None
        return native(array)

    def _runs(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Return the runs of neighbouring frames, for h5py reads those many times faster."""
        if not self.frames:
            return [(start, stop)]
        wanted = np.asarray(self.frames[start:stop])
        ends = np.flatnonzero(np.diff(wanted) != 1) + 1
        return [(int(run[0]), int(run[-1]) + 1) for run in np.split(wanted, ends)]


def of_hdf5(path: Path) -> Hdf5Scan | None:
    """Return the projections of an HDF5 scan of three axes; None if it holds no such scan."""
    found = hdf5.located(path)
    if len(found.shape) != 3:
        return None
    metadata = {"format": found.kind, "notes": found.notes}
    if found.recipe:
        metadata["recipe"] = found.recipe
    return _frames(path, found, (found.place, found.shape, found.frames), metadata)


def flats_and_darks(path: Path) -> dict[str, Hdf5Scan]:
    """Return what a scan of three axes holds beside its projections: ``flats`` and ``darks``."""
    found = hdf5.located(path)
    metadata = {"format": found.kind}
    return {
        name: _frames(path, found, (place, shape, frames), metadata)
        for name, place, shape, frames in found.others
        if len(shape) == 3
    }


def _frames(
    path: Path,
    found: hdf5.Located,
    where: tuple[str, tuple[int, ...], tuple[int, ...]],
    metadata: dict[str, Any],
) -> Hdf5Scan:
    place, shape, frames = where
    return Hdf5Scan(
        path,
        (len(frames) or shape[0], shape[1], shape[2]),
        found.dtype.newbyteorder("="),
        found.size,
        metadata,
        place=place,
        frames=frames,
    )
