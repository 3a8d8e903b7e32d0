"""Which kind of result a path names."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from napari_deconv.scans.block import Hdf5Block, NpyBlock, TiffBlock
from napari_deconv.scans.dicom_block import DicomBlock
from napari_deconv.scans.sink import Sink
from napari_deconv.scans.zarr_store import ZarrStore

KINDS: dict[str, tuple[type[Sink], str]] = {
    ".zarr": (ZarrStore, "zarr"),
    ".h5": (Hdf5Block, "h5py"),
    ".hdf5": (Hdf5Block, "h5py"),
    ".nxs": (Hdf5Block, "h5py"),
    ".tif": (TiffBlock, "tifffile"),
    ".tiff": (TiffBlock, "tifffile"),
    ".dcm": (DicomBlock, "pydicom"),
    ".npy": (NpyBlock, "numpy"),
}
"""What writes a result, by the ending of its name, and the library that it takes."""


def names_scan(path: Path) -> bool:
    """Return whether a path is that of one result, and no folder for many."""
    return path.suffix.lower() in KINDS


def kind_of(path: Path) -> type[Sink]:
    """Return what writes a result of this name.

    Raises
    ------
    ValueError
        In one sentence, if the ending is not known or its library is not installed.
    """
    found = KINDS.get(path.suffix.lower())
    if found is None:
        raise ValueError(f"{path.name} has no known ending: use one of {', '.join(KINDS)}.")
    made, library = found
    if find_spec(library) is None:
        raise ValueError(
            f"{path.suffix} is written by {library}, which is not installed: "
            'pip install "napari-deconv[batch]"'
        )
    return made
