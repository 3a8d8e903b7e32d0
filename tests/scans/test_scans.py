"""Scans on disk: read slice by slice they equal the whole, and what is written comes back."""

from __future__ import annotations

import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
import tifffile
import zarr
from pydicom import dcmread
from pydicom.data import get_testdata_file

from napari_deconv import io
from napari_deconv.core.scale import MOST_SLICES, judged
from napari_deconv.core.units import PixelSize
from napari_deconv.scans.folder import natural
from napari_deconv.scans.opening import open_scan
from napari_deconv.scans.targets import KINDS, kind_of, names_scan

SIZE = PixelSize(0.05, "mm")
ENDINGS = (".zarr", ".h5", ".tif", ".npy")


def stack(shape=(7, 13, 10), dtype=np.float32) -> np.ndarray:
    """Return slices that all differ."""
    return np.random.default_rng(3).integers(0, 60000, shape).astype(dtype)


def written(path: Path, array: np.ndarray, kind: str) -> Path:
    """Write a stack as other programs would."""
    if kind == "contiguous TIFF":
        tifffile.imwrite(path, array, photometric="minisblack")
    elif kind == "packed TIFF":
        tifffile.imwrite(path, array, photometric="minisblack", compression="zlib")
    elif kind == "tiled TIFF":
        tifffile.imwrite(path, array, photometric="minisblack", tile=(16, 16))
    elif kind == "BigTIFF of the other byte order":
        tifffile.imwrite(path, array, photometric="minisblack", bigtiff=True, byteorder=">")
    elif kind == "npy":
        path = path.with_suffix(".npy")
        np.save(path, array)
    elif kind == "npy in Fortran order":
        path = path.with_suffix(".npy")
        np.save(path, np.asfortranarray(array))
    elif kind == "zarr 2":
        path = path.with_suffix(".zarr")
        zarr.save_array(path, array, zarr_format=2)
    elif kind == "zarr 3 with shards":
        path = path.with_suffix(".zarr")
        made = zarr.create_array(
            path, shape=array.shape, dtype=array.dtype, chunks=(1, 13, 5), shards=(2, 13, 10)
        )
        made[...] = array
    elif kind == "folder of TIFF":
        path = path.with_suffix("")
        path.mkdir()
        for index, plane in enumerate(array):
            tifffile.imwrite(path / f"slice{index}.tif", plane)
        (path / "notes.txt").write_text("not a picture")
    elif kind == "NXtomo":
        path = path.with_suffix(".nxs")
        nxtomo(path, array)
    return path


def nxtomo(path: Path, array: np.ndarray) -> None:
    """Write a scan of which flats and darks lie between the projections."""
    keys = np.array([2, 1, 0, 0, 1, 0, 0, 3, 0, 0, 0, 2])
    frames = np.zeros((len(keys), *array.shape[1:]), array.dtype)
    frames[keys == 0] = array
    with h5py.File(path, "w") as file:
        entry = file.create_group("entry")
        entry.attrs["NX_class"] = "NXentry"
        entry["instrument/detector/data"] = frames
        entry["instrument/detector/image_key"] = keys


def dicom_slice(path: Path, plane: np.ndarray, place: float) -> None:
    """Write a slice of a CT series that lies at a place along its axis."""
    data = dcmread(get_testdata_file("CT_small.dcm"))
    data.Rows, data.Columns = plane.shape
    data.PixelRepresentation = 0
    data.PixelData = plane.astype("<u2").tobytes()
    data.PixelSpacing = [0.2, 0.2]
    data.RescaleSlope, data.RescaleIntercept = 1, 0
    data.ImagePositionPatient = [0.0, 0.0, place]
    data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    data.save_as(path)


KNOWN = (
    "contiguous TIFF",
    "packed TIFF",
    "tiled TIFF",
    "BigTIFF of the other byte order",
    "npy",
    "npy in Fortran order",
    "zarr 2",
    "zarr 3 with shards",
    "folder of TIFF",
    "NXtomo",
)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
@pytest.mark.parametrize("kind", KNOWN)
def test_slices_read_alone_equal_the_whole(tmp_path, kind, dtype):
    array = stack((12, 13, 10) if kind == "folder of TIFF" else (7, 13, 10), dtype)
    scan = open_scan(written(tmp_path / "scan.tif", array, kind))
    scan = pickle.loads(pickle.dumps(scan))
    assert scan.shape == array.shape
    assert scan.dtype == array.dtype
    assert scan.dtype.isnative
    for start, stop in ((0, 1), (2, 5), (6, 7), (0, len(array))):
        part = scan.read(start, stop)
        assert part.dtype == array.dtype
        np.testing.assert_array_equal(part, array[start:stop])
    np.testing.assert_array_equal(scan.dask()[3, 2:5].compute(), array[3, 2:5])
    np.testing.assert_array_equal(scan.sample(), array)


def test_a_dask_layer_reads_the_slice_that_is_looked_at_and_no_other(tmp_path, monkeypatch):
    scan = open_scan(written(tmp_path / "scan.tif", stack(), "packed TIFF"))
    asked = []
    read = type(scan).read
    monkeypatch.setattr(
        type(scan), "read", lambda self, a, b: (asked.append((a, b)), read(self, a, b))[1]
    )
    scan.dask()[4].compute()
    assert asked == [(4, 5)]


@pytest.mark.parametrize("stored", ["float32", "uint16"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_written_in_any_order_comes_back(tmp_path, ending, stored):
    array = stack()
    sink = kind_of(Path(f"r{ending}"))(tmp_path / f"r{ending}", array.shape, stored, SIZE, "m: tv")
    sink.check_room()
    sink.lay_out()
    sink = pickle.loads(pickle.dumps(sink))
    digests = {start: sink.put(start, array[start : start + 2])[0] for start in (4, 0, 6, 2)}
    for start, digest in digests.items():
        assert sink.digest(start, min(start + 2, len(array))) == digest
    assert not sink.target.exists()
    sink.finish()
    assert not sink.part.exists()
    scan = open_scan(sink.target)
    assert scan.dtype == stored
    np.testing.assert_array_equal(scan.read(0, len(array)), array.astype(stored))
    if ending != ".npy":  # it holds numbers only
        assert scan.size == SIZE


def test_other_programs_read_what_is_written(tmp_path):
    array = stack()
    for ending in (".h5", ".tif", ".zarr"):
        sink = kind_of(Path(f"r{ending}"))(tmp_path / f"r{ending}", array.shape, "float32", SIZE)
        sink.lay_out()
        sink.put(0, array)
        sink.finish()
    with h5py.File(tmp_path / "r.h5") as file:
        np.testing.assert_array_equal(file["exchange/data"][...], array)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "r.tif"), array)
    np.testing.assert_array_equal(zarr.open(tmp_path / "r.zarr", mode="r")["0"][...], array)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_digest_tells_a_changed_slice(tmp_path, ending):
    array = stack()
    sink = kind_of(Path(f"r{ending}"))(tmp_path / f"r{ending}", array.shape)
    sink.lay_out()
    digest, _ = sink.put(0, array)
    other = array.copy()
    other[5, 3, 2] += 1
    sink.put(5, other[5:6])
    assert sink.digest(0, 7) != digest


def test_uint16_clips_and_counts(tmp_path):
    sink = kind_of(Path("r.npy"))(tmp_path / "r.npy", (1, 2, 2), "uint16")
    sink.lay_out()
    planes = np.array([[[-3.0, 70000.0], [1.4, 1.6]]], np.float32)
    assert sink.put(0, planes)[1] == 2
    sink.finish()
    np.testing.assert_array_equal(np.load(sink.target), [[[0, 65535], [1, 2]]])


def test_a_full_disk_is_told_before(tmp_path):
    sink = kind_of(Path("r.npy"))(tmp_path / "r.npy", (10**6, 10**4, 10**4))
    with pytest.raises(ValueError, match=r"GiB.*are free.*choose another folder"):
        sink.check_room()


def test_names_sort_as_people_count():
    assert sorted(["s10", "s2", "a1", "s1b3", "s1b20"], key=natural) == [
        "a1",
        "s1b3",
        "s1b20",
        "s2",
        "s10",
    ]


@pytest.mark.parametrize("count", [1, 5, MOST_SLICES, MOST_SLICES + 1, 100, 4001])
def test_slices_that_judge_are_few_and_spread(count):
    seen = judged(count)
    assert len(seen) == min(count, MOST_SLICES)
    assert seen == sorted(set(seen))
    assert 0 <= seen[0] <= count - 1 - seen[-1] + 1


def test_the_stamp_changes_with_the_files_of_those_slices_only(tmp_path):
    scan = open_scan(written(tmp_path / "scan.tif", stack(), "folder of TIFF"))
    one, other = scan.stamp(0, 2), scan.stamp(2, 4)
    tifffile.imwrite(scan.path / "slice0.tif", np.zeros((13, 10), np.float32))
    assert scan.stamp(0, 2) != one
    assert scan.stamp(2, 4) == other


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path / "nothing.tif", "There is no file"),
        (lambda path: _file(path / "a.tif", b"II*\0broken"), "can't be read as TIFF"),
        (lambda path: _file(path / "a.npy", b"\x93NUMPY"), "can't be read as npy"),
        (lambda path: _file(path / "a.h5", b"\x89HDF\r\n\x1a\n" + b"x" * 900), "can't be read"),
        (lambda path: path, "no pictures"),
        (lambda path: _zarr(path / "z.zarr", "{broken"), "header is damaged"),
        (lambda path: _zarr(path / "z.zarr", '{"zarr_format": 2}', ".zgroup"), "no image"),
    ],
)
def test_what_is_no_scan_is_refused_in_a_sentence(tmp_path, make, said):
    with pytest.raises(ValueError, match=said) as caught:
        open_scan(make(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_damaged_chunk_is_named(tmp_path):
    path = written(tmp_path / "scan.tif", stack(dtype=np.uint16), "zarr 2")
    scan = open_scan(path)
    chunk = scan.files(0, 1)[0]
    assert chunk.is_file()
    chunk.write_bytes(b"\x02\x01\x21\x02" + b"\0" * 30)
    with pytest.raises(ValueError, match=r"Slices 0 to 0 of scan\.zarr can't be read"):
        scan.read(0, 1)


def test_a_foreign_picture_in_a_folder_is_named(tmp_path):
    scan = open_scan(written(tmp_path / "scan.tif", stack(), "folder of TIFF"))
    tifffile.imwrite(scan.path / "slice3.tif", np.zeros((4, 4), np.float32))
    np.testing.assert_array_equal(scan.read(0, 2), stack()[:2])
    with pytest.raises(ValueError, match=r"slice3\.tif has shape \(4, 4\)"):
        scan.read(3, 4)


def test_a_dicom_series_is_in_the_order_of_its_places(tmp_path):
    array = stack(dtype=np.uint16)
    for index, plane in enumerate(array):
        name = tmp_path / f"{(5 * index) % 7}.dcm"
        dicom_slice(name, plane, 1.5 * index)
    scan = open_scan(tmp_path)
    np.testing.assert_array_equal(scan.read(0, 7), array)
    assert scan.size == PixelSize(0.2, "mm")


def test_every_ending_names_a_scan():
    assert all(names_scan(Path(f"a{ending}")) for ending in KINDS)
    assert not names_scan(Path("folder"))
    with pytest.raises(ValueError, match=r"use one of \.zarr"):
        kind_of(Path("a.jpg"))


def test_pixel_sizes_go_through_every_reader(tmp_path):
    path = tmp_path / "a.tif"
    io.write(path, stack(), pixel_size=0.05, unit="mm")
    assert open_scan(path).size == SIZE


def _file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _zarr(path: Path, text: str, name: str = ".zarray") -> Path:
    path.mkdir()
    (path / name).write_text(text)
    return path
