"""Files: what is written is read again, whole or not at all; bad files get one sentence."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest
import tifffile

from napari_deconv import io, tiff_writing
from napari_deconv.io import read, write

RECIPE = 'psf:\n  name: gaussian\n  sigma: 2.0  # \u00b5m, "<&>"\nmethod: {name: tv}\n'


def picture(shape, dtype="float32", seed=0):
    """Random numbers over the range of the type that is worth keeping."""
    values = np.random.default_rng(seed).random(shape) * 60000
    return values.astype(dtype)


SHAPES = [
    (1, 1),
    (1, 9),
    (9, 1),
    (5, 3),
    (17, 31),
    (1, 5, 7),
    (4, 1, 7),
    (4, 7, 1),
    (3, 5, 7),
    (5, 7, 3),
    (5, 7, 4),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "uint16"])
@pytest.mark.parametrize("extension", [".tif", ".TIFF", ".npy"])
def test_an_array_comes_back_unchanged(tmp_path, shape, dtype, extension):
    array = picture(shape, dtype)
    report = write(tmp_path / f"a{extension}", array, dtype=dtype)
    back = read(tmp_path / f"a{extension}")
    np.testing.assert_array_equal(back.array, array)
    assert back.array.shape == shape
    assert back.array.dtype == np.dtype(dtype)
    assert back.array.dtype.isnative
    assert back.pixel_size is None
    assert back.unit is None
    assert "recipe" not in back.metadata
    assert back.metadata["notes"] == ()
    assert report == io.WriteReport(clipped=0, rounding=0.0)


def test_extreme_values_come_back(tmp_path):
    array = np.array([[np.nan, np.inf, -np.inf], [1e-38, -3.4e38, 0.0]], dtype=np.float32)
    assert write(tmp_path / "a.tif", array).rounding == 0.0
    np.testing.assert_array_equal(read(tmp_path / "a.tif").array, array)


@pytest.mark.parametrize("big", [False, True], ids=["ImageJ", "BigTIFF"])
@pytest.mark.parametrize(
    ("shape", "size", "unit"),
    [
        ((5, 7), 0.1, "mm"),
        ((5, 7), 0.392, "mm"),
        ((5, 7), 55e-9, "m"),
        ((5, 7), 12345.678, "nm"),
        ((5, 7), 0.0055, "in"),
        ((5, 7), (0.2, 0.1), "um"),
        ((3, 5, 7), 0.1, "mm"),
        ((3, 5, 7), (0.2, 0.1), "cm"),
        ((3, 5, 7), (0.3, 0.2, 0.1), "um"),
        ((3, 5, 7), (0.1, 0.1, 0.1), "um"),
    ],
)
def test_pixel_size_unit_and_recipe_come_back(tmp_path, monkeypatch, big, shape, size, unit):
    if big:
        monkeypatch.setattr(tiff_writing, "CLASSIC_LIMIT", 0)
    array = picture(shape)
    write(tmp_path / "a.tif", array, pixel_size=size, unit=unit, recipe=RECIPE)
    back = read(tmp_path / "a.tif")
    np.testing.assert_array_equal(back.array, array)
    assert back.pixel_size == size
    assert back.unit == unit
    assert back.metadata["recipe"] == RECIPE
    assert back.metadata["format"] == ("OME-TIFF" if big else "ImageJ TIFF")
    assert back.metadata["axes"] == ("YX" if len(shape) == 2 else "ZYX")


def test_a_measured_pixel_size_comes_back_to_ten_digits(tmp_path):
    for size in (0.15 * 306.406 / 807.223, 1 / 3, 1 / 3 + 1e-11, np.pi * 1e-3, 2.0**0.5 * 1e4):
        write(tmp_path / "a.tif", picture((3, 4)), pixel_size=size, unit="mm", overwrite=True)
        assert read(tmp_path / "a.tif").pixel_size == pytest.approx(size, rel=1e-10)


def test_units_are_stored_by_one_name(tmp_path):
    write(tmp_path / "a.tif", picture((3, 4)), pixel_size=2, unit="\u00b5m")
    back = read(tmp_path / "a.tif")
    assert (back.pixel_size, back.unit) == (2.0, "um")


def test_fiji_finds_its_own_tags(tmp_path):
    """As ImageJ's decoder does: unit from the description, its number from XResolution."""
    write(
        tmp_path / "a.tif", picture((3, 5, 7)), pixel_size=(0.5, 0.2, 0.1), unit="mm", recipe="a: 1"
    )
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        tags = file.pages[0].tags
        description = tags["ImageDescription"].value.splitlines()
        assert description[0].startswith("ImageJ=")
        assert {"unit=mm", "spacing=0.5", "images=3", "slices=3"} <= set(description)
        assert tags["XResolution"].value == (10, 1)
        assert tags["YResolution"].value == (5, 1)
        assert tags["ResolutionUnit"].value == 1
        assert "a: 1" in file.imagej_metadata["Info"]
        assert len(file.pages) == 3


def test_the_limit_is_that_of_32_bit_offsets():
    assert 2**32 - 2**26 < tiff_writing.CLASSIC_LIMIT < 2**32 - 2**20


def test_bigtiff_holds_ome(tmp_path, monkeypatch):
    array = picture((3, 5, 7))
    monkeypatch.setattr(tiff_writing, "CLASSIC_LIMIT", array.nbytes - 1)
    write(tmp_path / "big.tif", array, pixel_size=0.1, unit="um")
    write(tmp_path / "small.tif", array[:2], pixel_size=0.1, unit="um")
    with tifffile.TiffFile(tmp_path / "big.tif") as file:
        assert file.is_bigtiff
        assert 'PhysicalSizeX="0.1"' in file.ome_metadata
    with tifffile.TiffFile(tmp_path / "small.tif") as file:
        assert not file.is_bigtiff


def test_npy_says_what_it_loses(tmp_path):
    array = picture((4, 5))
    report = write(tmp_path / "a.npy", array, pixel_size=0.1, unit="mm", recipe=RECIPE)
    assert report.lost == ("pixel size", "recipe")
    assert write(tmp_path / "b.npy", array, recipe=RECIPE).lost == ("recipe",)
    assert write(tmp_path / "c.tif", array, pixel_size=0.1, unit="mm", recipe=RECIPE).lost == ()


def test_uint16_rounds_clips_and_counts(tmp_path):
    array = np.array([[-3.0, -0.4, 0.4, 2.5], [3.5, 65535.4, 65535.6, 1e9]])
    report = write(tmp_path / "a.tif", array, dtype="uint16")
    expected = np.array([[0, 0, 0, 2], [4, 65535, 65535, 65535]], dtype=np.uint16)
    np.testing.assert_array_equal(read(tmp_path / "a.tif").array, expected)
    assert report.clipped == 3
    kept = np.array([-0.4, 0.4, 2.5, 3.5, 65535.4])
    assert report.rounding == pytest.approx(np.sqrt(np.mean((np.rint(kept) - kept) ** 2)))


def test_the_rounding_of_a_stack_is_that_of_all_its_slices(tmp_path):
    array = picture((6, 40, 50), "float64")
    report = write(tmp_path / "a.tif", array, dtype="uint16")
    assert report.rounding == pytest.approx(np.sqrt(np.mean((np.rint(array) - array) ** 2)))
    assert report.rounding == pytest.approx(1 / np.sqrt(12), rel=0.02)


def test_float32_tells_the_rounding_of_finer_numbers(tmp_path):
    array = np.array([[1.0 + 2.0**-40, 1.0], [np.nan, 2.0**24 + 1]])
    report = write(tmp_path / "a.tif", array)
    assert report.clipped == 0
    assert report.rounding == pytest.approx(np.sqrt((2.0**-80 + 1.0) / 4), rel=1e-6)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "float16", "float64", ">f4", ">u2"])
def test_every_kind_of_number_can_be_written(tmp_path, dtype):
    array = (picture((6, 7)) / 60000 > 0.5).astype(dtype)
    for kind in ("float32", "uint16"):
        write(tmp_path / "a.tif", array, dtype=kind, overwrite=True)
        np.testing.assert_array_equal(read(tmp_path / "a.tif").array, array.astype(kind))


def test_views_are_written_as_they_look(tmp_path):
    array = picture((8, 10))
    for view in (array.T, array[::-1, ::2], np.asfortranarray(array)):
        write(tmp_path / "a.tif", view, overwrite=True)
        np.testing.assert_array_equal(read(tmp_path / "a.tif").array, view)


@pytest.mark.parametrize(
    ("array", "arguments", "complaint"),
    [
        (np.ones(5), {}, "2 or 3 dimensions"),
        (np.ones((2, 2, 2, 2)), {}, "2 or 3 dimensions"),
        (np.ones((0, 5)), {}, "none empty"),
        (np.ones((3, 3), complex), {}, "complex128 values"),
        (np.array([["a", "b"]]), {}, "can't be written as a picture"),
        (np.ones((3, 3)), {"dtype": "uint8"}, "float32 or uint16, not as uint8"),
        (np.array([[np.nan, np.inf, 1.0]]), {"dtype": "uint16"}, "2 pixels .* NaN or infinite"),
        (np.array([[1e39, 1.0]]), {}, "beyond the range of float32"),
        (np.ones((3, 3)), {"pixel_size": 0.1}, "needs a unit"),
        (np.ones((3, 3)), {"pixel_size": 0.1, "unit": "parsec"}, "Unknown unit 'parsec'"),
        (np.ones((3, 3)), {"pixel_size": 0.0, "unit": "mm"}, "above zero"),
        (np.ones((3, 3)), {"pixel_size": (0.1, np.nan), "unit": "mm"}, "above zero"),
        (np.ones((3, 3)), {"pixel_size": (1, 1, 1), "unit": "mm"}, "fit no picture of 2"),
        (np.ones((3, 3)), {"pixel_size": 1e-12, "unit": "m"}, "use another unit"),
    ],
)
def test_what_cant_be_written_is_refused_and_leaves_nothing(tmp_path, array, arguments, complaint):
    with pytest.raises(ValueError, match=complaint) as error:
        write(tmp_path / "a.tif", array, **arguments)
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.png", "a", "a.tif.gz", ".tif", "a.h5"])
def test_unknown_extensions_are_refused_with_the_known_ones(tmp_path, name):
    (tmp_path / name).write_bytes(b"something")
    for act in (lambda path: write(path, np.ones((2, 2)), overwrite=True), read):
        with pytest.raises(ValueError, match=r"use one of \.tif, \.tiff, \.npy"):
            act(tmp_path / name)
    assert (tmp_path / name).read_bytes() == b"something"


def test_a_file_is_never_replaced_unasked(tmp_path):
    path = tmp_path / "a.tif"
    write(path, picture((3, 4), seed=1))
    before = path.read_bytes()
    with pytest.raises(ValueError, match="exists already"):
        write(path, picture((3, 4), seed=2))
    assert path.read_bytes() == before
    write(path, picture((3, 4), seed=2), overwrite=True)
    np.testing.assert_array_equal(read(path).array, picture((3, 4), seed=2))
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path, monkeypatch):
    path = tmp_path / "a.tif"
    save = tiff_writing.save

    def slow_save(*arguments):
        save(*arguments)
        path.write_bytes(b"of someone else")

    monkeypatch.setattr(tiff_writing, "save", slow_save)
    with pytest.raises(ValueError, match="exists already"):
        write(path, picture((3, 4)))
    assert path.read_bytes() == b"of someone else"
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(tmp_path, monkeypatch):
    path = tmp_path / "a.tif"
    write(path, picture((3, 4), seed=1))
    before = path.read_bytes()

    def full_disk(handle, *arguments):
        handle.write(b"II*\0 half a file")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tiff_writing, "save", full_disk)
    with pytest.raises(ValueError, match=r"can't be written: No space left on device\."):
        write(path, picture((3, 4), seed=2), overwrite=True)
    assert path.read_bytes() == before

    def interrupted(handle, *arguments):
        handle.write(b"II*\0 half a file")
        raise KeyboardInterrupt

    monkeypatch.setattr(tiff_writing, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write(path, picture((3, 4), seed=2), overwrite=True)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_paths_that_cant_be_written(tmp_path):
    array = np.ones((2, 2))
    (tmp_path / "folder.tif").mkdir()
    (tmp_path / "file").write_bytes(b"")
    for path, complaint in [
        (tmp_path / "missing" / "a.tif", "There is no folder"),
        (tmp_path / "file" / "a.tif", "There is no folder"),
        (tmp_path / "folder.tif", "is a folder"),
        (tmp_path / ("n" * 300 + ".tif"), "can't be written"),
    ]:
        with pytest.raises(ValueError, match=complaint) as error:
            write(path, array)
        assert "\n" not in str(error.value)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder.tif"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_link_stays_and_its_target_is_written(tmp_path):
    (tmp_path / "data").mkdir()
    target, link = tmp_path / "data" / "a.tif", tmp_path / "link.tif"
    write(target, picture((3, 4), seed=1))
    link.symlink_to(target)
    write(link, picture((3, 4), seed=2), overwrite=True)
    assert link.is_symlink()
    np.testing.assert_array_equal(read(target).array, picture((3, 4), seed=2))


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_a_new_file_has_the_users_usual_mode(tmp_path):
    mask = os.umask(0o022)
    try:
        write(tmp_path / "a.tif", np.ones((2, 2)))
    finally:
        os.umask(mask)
    assert (tmp_path / "a.tif").stat().st_mode & 0o777 == 0o644


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_refused_rather_than_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.tif")
    with pytest.raises(ValueError, match="not a plain file"):
        read(tmp_path / "a.tif")


def test_missing_files_and_folders(tmp_path):
    (tmp_path / "folder.npy").mkdir()
    with pytest.raises(ValueError, match="is a folder, not a picture"):
        read(tmp_path / "folder.npy")
    with pytest.raises(ValueError, match="There is no file"):
        read(tmp_path / "missing.tif")
    with pytest.raises(ValueError, match="no known format"):
        read(tmp_path)
    with pytest.raises(ValueError, match="can't be read"):
        read(tmp_path / ("n" * 300 + ".tif"))


def test_real_scans_are_read_as_they_are(shared_data):
    back = read(shared_data / "xray" / "mv_qc3_linepairs.tif")
    assert back.array.shape == (768, 1024)
    assert (back.array.dtype, back.array.min(), back.array.max()) == (np.uint16, 0, 5462)
    # Its resolution tags are the default 1 x 1, which is no pixel size.
    assert back.pixel_size is None
    for path in sorted(shared_data.glob("*/*.tif")):
        np.testing.assert_array_equal(read(path).array, tifffile.imread(path))
