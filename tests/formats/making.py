"""Small files of every format, as instruments write them; each maker skips without its library."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

SCAN = np.random.default_rng(0).integers(100, 4000, (3, 24, 32)).astype(np.uint16)
FLATS = SCAN[:2] + 500
DARKS = SCAN[:1] // 50
PICTURE = SCAN[0]


def nxtomo(path: Path, units: str | None = "um") -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry0000")
        entry.attrs["NX_class"] = "NXentry"
        entry["definition"] = "NXtomo"
        detector = entry.create_group("instrument/detector")
        odd = SCAN[:1] + 9000  # a frame that counts for nothing
        detector["data"] = np.concatenate([DARKS, FLATS, SCAN, odd])
        detector["image_key"] = np.array([2] + [1] * 2 + [0] * 3 + [3])
        for name, side in (("x_pixel_size", 6.5), ("y_pixel_size", 7.0)):
            detector[name] = side
            if units:
                detector[name].attrs["units"] = units


def dxchange(path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file.create_dataset("exchange/data", data=SCAN, chunks=(1, 24, 32), compression="gzip")
        file["exchange/data_white"], file["exchange/data_dark"] = FLATS, DARKS
        detector = file.create_group("measurement/instrument/detector")
        for name in ("pixel_size_x", "pixel_size_y"):
            detector[name] = 0.0065
            detector[name].attrs["units"] = "mm"


def nexus(path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        data = entry.create_group("plot")
        data.attrs["NX_class"], data.attrs["signal"] = "NXdata", "counts"
        data["counts"] = SCAN


def plain_hdf5(path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        file["table"] = np.arange(9)


def edf(path: Path) -> None:
    fabio = pytest.importorskip("fabio.edfimage")
    header = {"PSize_1": "6.5e-06", "PSize_2": "6.5e-06"}
    image = fabio.EdfImage(data=SCAN[0], header=header)
    for frame in SCAN[1:]:
        image.append_frame(data=frame)
    image.write(str(path))


def edf_by_hand(path: Path) -> None:
    """Write one frame of big-endian numbers, as the oldest programs did."""
    pytest.importorskip("fabio")
    text = (
        "{\nHeaderID = EH:000001:000000:000000 ;\nImage = 1 ;\nByteOrder = HighByteFirst ;\n"
        "DataType = UnsignedShort ;\nDim_1 = 32 ;\nDim_2 = 24 ;\nSize = 1536 ;\n"
        "optic_used = 3.2 ;\n"
    )
    path.write_bytes(text.ljust(1022).encode() + b"}\n" + PICTURE.astype(">u2").tobytes())


def dicom(path: Path, **changes: Any) -> None:
    pytest.importorskip("pydicom")
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    data.SOPClassUID, data.SOPInstanceUID = meta.MediaStorageSOPClassUID, "1.2.3"
    data.Modality, data.Rows, data.Columns = "DX", 24, 32
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated = data.BitsStored = 16
    data.HighBit, data.PixelRepresentation = 15, 0
    data.ImagerPixelSpacing = [0.2, 0.1]
    data.PixelData = PICTURE.tobytes()
    for name, value in changes.items():
        setattr(data, name, value)
    data.save_as(path, enforce_file_format=True)


def mhd(path: Path, **changes: str) -> None:
    entries = {
        "ObjectType": "Image",
        "NDims": "3",
        "DimSize": "32 24 3",
        "ElementType": "MET_USHORT",
        "ElementSpacing": "0.1 0.1 0.3",
        "ElementByteOrderMSB": "False",
        **changes,
        "ElementDataFile": "numbers.raw",
    }
    path.write_text("".join(f"{key} = {value}\n" for key, value in entries.items()))
    path.with_name("numbers.raw").write_bytes(SCAN.tobytes())


def mha(path: Path) -> None:
    text = (
        "ObjectType = Image\nNDims = 3\nCompressedData = True\nDimSize = 32 24 3\n"
        "ElementSpacing = 0.1 0.1 0.1\nElementType = MET_USHORT\nElementDataFile = LOCAL\n"
    )
    path.write_bytes(text.encode() + zlib.compress(SCAN.tobytes()))


def vgi(path: Path) -> None:
    path.write_text(
        "{volume1}\n[representation]\nsize = 32 24 3\ndatatype = unsigned integer\n"
        "bitsperelement = 16\n[file1]\nSkipHeader = 10\nFileFormat = raw\nSize = 32 24 3\n"
        "Name = C:\\scans\\part.vol\nDatatype = unsigned integer\nBitsPerElement = 16\n"
        "{volumeprimitive12}\n[geometry]\nresolution = 0.05 0.05 0.05\nunit = mm\n"
    )
    path.with_name("part.vol").write_bytes(b"0123456789" + SCAN.tobytes())


MAKERS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "nxtomo": ("scan.nxs", nxtomo),
    "dxchange": ("scan.h5", dxchange),
    "nexus": ("scan.hdf5", nexus),
    "edf": ("scan.edf", edf),
    "edf by hand": ("old.edf", edf_by_hand),
    "dicom": ("scan.dcm", dicom),
    "mhd": ("scan.mhd", mhd),
    "mha": ("scan.mha", mha),
    "vgi": ("scan.vgi", vgi),
}


def made(folder: Path, name: str) -> Path:
    """Return a file of a format."""
    file, make = MAKERS[name]
    make(folder / file)
    return folder / file
