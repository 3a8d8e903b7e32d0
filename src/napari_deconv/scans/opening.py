"""What a path holds, as a scan that is read piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from napari_deconv.scans import whole_file
from napari_deconv.scans.scan import Scan


def open_scan(path: Path) -> Scan:
    """Return the scan at a path; nothing but its header is read.

    Parameters
    ----------
    path : Path
        A file of TIFF (BigTIFF, OME-TIFF), npy, HDF5 (NXtomo, DXchange, NeXus), or any other that
        is read; a folder of single pictures (TIFF, EDF, DICOM series ...); a zarr array or
        OME-Zarr image.

    Raises
    ------
    ValueError
        In one sentence, if there is nothing, it is damaged, or it is no stack of grey values.
    """
    if path.is_dir():
        return _of_directory(path)
    if not path.exists():
        raise ValueError(f"There is no file or folder {path}.")
    kind, reader = _lazy(path)
    found = None
    if reader is not None:
        try:
            found = reader(path)
        except Exception as error:  # damaged files make the readers raise nearly anything
            text = str(error).strip().rstrip(".")
            spoken = isinstance(error, ValueError | OSError) and text.isprintable() and text
            reason = text if spoken and len(text) <= 160 else "it is damaged"
            raise ValueError(f"{path.name} can't be read as {kind}: {reason}.") from None
    return whole_file.of_file(path) if found is None else found


def _of_directory(path: Path) -> Scan:
    from napari_deconv.scans import folder, zarr_scan

    if any((path / mark).is_file() for mark in zarr_scan.MARKS):
        if find_spec("zarr") is None:
            raise ValueError(
                f'{path.name} is zarr, which is not installed: pip install "napari-deconv[batch]"'
            )
        found = zarr_scan.of_zarr(path)
        assert found is not None
        return found
    return folder.of_folder(path)


def _lazy(path: Path) -> tuple[str, Callable[[Path], Scan | None] | None]:
    """Return the name of a file's format and what reads it piece by piece, if anything does."""
    extension = path.suffix.lower()
    if extension in (".tif", ".tiff"):
        from napari_deconv.scans.tiff_stack import of_tiff

        return "TIFF", of_tiff
    if extension == ".npy":
        from napari_deconv.scans.mapped import of_npy

        return "npy", of_npy
    from napari_deconv.formats.recognition import recognised

    known = recognised(path)
    if known is not None and known.name == "HDF5" and known.readable:
        from napari_deconv.scans.hdf5_scan import of_hdf5

        return "HDF5", of_hdf5
    return "", None
