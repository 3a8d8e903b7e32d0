"""Scans of X-ray instruments: numbers, pixel size and unit as they lie in the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_deconv import io
from napari_deconv.formats import recognition

from .making import DARKS, FLATS, MAKERS, PICTURE, SCAN, dicom, made, mhd, nxtomo, plain_hdf5

SIZES = {
    "nxtomo": ((7.0, 6.5), "um"),
    "dxchange": (0.0065, "mm"),
    "nexus": (None, None),
    "edf": (6.5, "um"),
    "edf by hand": (3.2, "um"),
    "dicom": ((0.2, 0.1), "mm"),
    "mhd": ((0.3, 0.1, 0.1), "mm"),
    "mha": (0.1, "mm"),
    "vgi": (0.05, "mm"),
}


@pytest.mark.parametrize("name", MAKERS)
def test_numbers_and_pixel_size(tmp_path: Path, name: str) -> None:
    picture = io.read(made(tmp_path, name))
    expected = PICTURE if name in ("dicom", "edf by hand") else SCAN
    np.testing.assert_array_equal(picture.array, expected)
    assert picture.array.dtype == np.uint16
    assert picture.array.dtype.isnative
    size, unit = SIZES[name]
    assert picture.unit == unit
    assert picture.pixel_size == (pytest.approx(size) if size is not None else None)


@pytest.mark.parametrize("name", MAKERS)
def test_the_name_of_the_file_does_not_count(tmp_path: Path, name: str) -> None:
    file = made(tmp_path, name)
    other = file.rename(file.with_suffix(""))
    np.testing.assert_array_equal(io.read(other).array.shape[-2:], PICTURE.shape)


@pytest.mark.parametrize("name", ["nxtomo", "dxchange"])
def test_flats_and_darks_come_along(tmp_path: Path, name: str) -> None:
    picture = io.read(made(tmp_path, name))
    np.testing.assert_array_equal(picture.metadata["flats"], FLATS)
    np.testing.assert_array_equal(picture.metadata["darks"], DARKS)
    left = ("1 frames that the scan calls invalid were left out.",)
    assert picture.metadata["notes"] == (left if name == "nxtomo" else ())


def test_a_pixel_size_without_a_unit_is_none(tmp_path: Path) -> None:
    nxtomo(tmp_path / "scan.nxs", units=None)
    assert io.read(tmp_path / "scan.nxs").pixel_size is None


def test_dicom_is_rescaled_and_says_so(tmp_path: Path) -> None:
    dicom(tmp_path / "a.dcm", RescaleSlope=2, RescaleIntercept=-1000, PixelSpacing=[0.3, 0.3])
    picture = io.read(tmp_path / "a.dcm")
    np.testing.assert_array_equal(picture.array, 2.0 * PICTURE - 1000)
    assert picture.pixel_size == 0.3
    assert picture.metadata["notes"] == ("Grey values rescaled as the file says: × 2 -1000.",)


def test_dicom_without_grey_values_is_refused(tmp_path: Path) -> None:
    colour = {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB", "PlanarConfiguration": 0}
    dicom(tmp_path / "a.dcm", **colour, PixelData=bytes(3 * 2 * PICTURE.size))
    with pytest.raises(ValueError, match="colour"):
        io.read(tmp_path / "a.dcm")


def test_big_endian_and_signed_numbers(tmp_path: Path) -> None:
    changes = {"ElementType": "MET_SHORT", "ElementByteOrderMSB": "True"}
    mhd(tmp_path / "a.mhd", **changes)
    (tmp_path / "numbers.raw").write_bytes((SCAN.astype(">i2") - 500).astype(">i2").tobytes())
    np.testing.assert_array_equal(io.read(tmp_path / "a.mhd").array, SCAN.astype("i2") - 500)


def test_other_hdf5_says_what_is_read(tmp_path: Path) -> None:
    plain_hdf5(tmp_path / "a.h5")
    with pytest.raises(ValueError, match="neither NXtomo nor DXchange"):
        io.read(tmp_path / "a.h5")


@pytest.mark.parametrize("name", ["nxtomo", "edf", "dicom"])
def test_a_missing_library_is_named(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = made(tmp_path, name)
    monkeypatch.setattr(recognition, "find_spec", lambda library: None)
    with pytest.raises(ValueError, match=r'not installed: pip install "napari-deconv\[formats\]"'):
        io.read(file)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("DimSize = 32 24 -3", "size"),
        ("DimSize = 32 24 3.5", "DimSize"),
        ("DimSize = 32 24 900000000", "states"),
        ("ElementType = MET_OTHER", "MET_OTHER"),
        ("NDims = 2", "axes"),
        ("ElementNumberOfChannels = 3", "channels"),
        ("CompressedData = True", "compressed numbers"),
        ("HeaderSize = 99", "states"),
    ],
)
def test_a_header_that_does_not_fit_its_numbers(tmp_path: Path, text: str, word: str) -> None:
    key, _, value = text.partition(" = ")
    mhd(tmp_path / "a.mhd", **{key: value})
    with pytest.raises(ValueError, match=word):
        io.read(tmp_path / "a.mhd")


def test_numbers_that_are_not_there(tmp_path: Path) -> None:
    mhd(tmp_path / "a.mhd")
    (tmp_path / "numbers.raw").unlink()
    with pytest.raises(ValueError, match=r"numbers\.raw with its numbers is not there"):
        io.read(tmp_path / "a.mhd")


def test_a_ct_slice_in_dicom_is_warned_of(tmp_path: Path) -> None:
    from napari_deconv.jobs import Terms, arrange
    from napari_deconv.recipe import Recipe

    recipe = Recipe(psf={"name": "gaussian", "sigma": 1}, method="tikhonov")
    for modality, warned in (("CT", True), ("DX", False)):
        dicom(tmp_path / f"{modality}.dcm", Modality=modality)
        (job,) = arrange([tmp_path / f"{modality}.dcm"], tmp_path, Terms(recipe), [])
        assert any("reconstructed slice" in note for note in job.begin().notes) is warned
