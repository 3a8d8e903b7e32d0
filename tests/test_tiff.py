"""TIFF of other programs, and damaged files of every kind."""

from __future__ import annotations

import contextlib
import io
import logging
import time

import numpy as np
import pytest
import tifffile

from napari_deconv.io import read, write

ARRAY = np.random.default_rng(0).random((3, 40, 50)).astype(np.float32)
INCH, CENTIMETRE, NO_UNIT = 2, 3, 1


def tiff_bytes(array=ARRAY, **arguments):
    """A TIFF as another program would write it."""
    handle = io.BytesIO()
    tifffile.imwrite(handle, array, photometric="minisblack", metadata=None, **arguments)
    return handle.getvalue()


def own_bytes(tmp_path, name="own.tif"):
    """A file as this package writes it."""
    write(tmp_path / name, ARRAY, pixel_size=0.1, unit="mm", recipe="a: 1\n")
    return (tmp_path / name).read_bytes()


@pytest.mark.parametrize(
    ("resolution", "unit", "expected"),
    [
        ((72, 72), INCH, None),
        ((96, 96), INCH, None),
        ((150, 150), INCH, None),
        ((300, 300), INCH, None),
        ((600, 600), INCH, None),
        ((28.346, 28.346), CENTIMETRE, None),  # 72 dpi
        ((37.795, 37.795), CENTIMETRE, None),  # 96 dpi
        ((1, 1), INCH, None),
        ((1, 1), CENTIMETRE, None),
        ((100, 100), NO_UNIT, None),
        ((254, 254), INCH, (1 / 254, "in")),
        ((100, 100), CENTIMETRE, (0.01, "cm")),
        ((100, 50), CENTIMETRE, ((0.02, 0.01), "cm")),
        (None, INCH, None),
    ],
)
def test_resolution_tags_count_where_they_are_no_default(tmp_path, resolution, unit, expected):
    arguments = {} if resolution is None else {"resolution": resolution, "resolutionunit": unit}
    (tmp_path / "a.tif").write_bytes(tiff_bytes(ARRAY[0], **arguments))
    back = read(tmp_path / "a.tif")
    if expected is None:
        assert (back.pixel_size, back.unit) == (None, None)
    else:
        assert back.pixel_size == pytest.approx(expected[0])
        assert back.unit == expected[1]
    ignored = [note for note in back.metadata["notes"] if "dpi" in note]
    assert len(ignored) == (
        resolution not in (None, (1, 1)) and expected is None and unit != NO_UNIT
    )


@pytest.mark.parametrize("spelling", ["um", "micron", "\\u00B5m", "microns"])
def test_imagej_spells_micrometres_in_many_ways(tmp_path, spelling):
    tifffile.imwrite(
        tmp_path / "a.tif", ARRAY, imagej=True, resolution=(4.0, 2.0),
        metadata={"axes": "ZYX", "unit": spelling, "spacing": 1.5},
    )  # fmt: skip
    back = read(tmp_path / "a.tif")
    assert (back.pixel_size, back.unit) == ((1.5, 0.5, 0.25), "um")


@pytest.mark.parametrize("unit", ["pixel", "pixels", "", "furlong", None])
def test_imagej_without_a_length_has_no_pixel_size(tmp_path, unit):
    metadata = {"axes": "ZYX"} if unit is None else {"axes": "ZYX", "unit": unit}
    tifffile.imwrite(tmp_path / "a.tif", ARRAY, imagej=True, resolution=(4, 4), metadata=metadata)
    back = read(tmp_path / "a.tif")
    assert (back.pixel_size, back.unit) == (None, None)


def test_text_of_other_programs_is_no_recipe(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", ARRAY[0], imagej=True, metadata={"Info": "Exposure = 2 s"})
    assert "recipe" not in read(tmp_path / "a.tif").metadata


def test_ome_units_default_to_micrometres_and_may_differ(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.tif", ARRAY, ome=True, photometric="minisblack",
        metadata={
            "axes": "ZYX", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5,
            "PhysicalSizeZ": 2000, "PhysicalSizeZUnit": "nm",
        },
    )  # fmt: skip
    back = read(tmp_path / "a.tif")
    assert (back.pixel_size, back.unit) == ((2.0, 0.5, 0.5), "um")
    tifffile.imwrite(
        tmp_path / "b.tif", ARRAY, ome=True, photometric="minisblack",
        metadata={"axes": "ZYX", "PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "reference frame"},
    )  # fmt: skip
    assert read(tmp_path / "b.tif").pixel_size is None


@pytest.mark.parametrize(
    "arguments",
    [
        {"byteorder": ">"},
        {"byteorder": "<"},
        {"bigtiff": True},
        {"compression": "zlib"},
        {"compression": "zlib", "tile": (16, 16)},
        {"rowsperstrip": 7},
        {"predictor": True, "compression": "zlib"},
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "uint32", "float32", "float64"])
def test_other_layouts_are_read_in_native_byte_order(tmp_path, arguments, dtype):
    if arguments.get("predictor") and dtype.startswith("float"):
        pytest.skip("the predictor for floats needs imagecodecs")
    array = (ARRAY * 200).astype(dtype)
    (tmp_path / "a.tif").write_bytes(tiff_bytes(array, **arguments))
    back = read(tmp_path / "a.tif")
    np.testing.assert_array_equal(back.array, array)
    assert back.array.dtype == np.dtype(dtype)
    assert back.array.dtype.isnative


def test_colour_is_handed_on_with_its_axes(tmp_path):
    array = (np.random.default_rng(0).random((20, 30, 3)) * 255).astype(np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="rgb")
    back = read(tmp_path / "a.tif")
    np.testing.assert_array_equal(back.array, array)
    assert back.metadata["axes"] == "YXS"


def test_of_several_series_the_first_is_read_and_said_so(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(ARRAY[0], metadata=None)
        writer.write(ARRAY[0, :10, :10], metadata=None)
    back = read(tmp_path / "a.tif")
    np.testing.assert_array_equal(back.array, ARRAY[0])
    assert back.metadata["notes"] == ("The first of 2 series was read.",)


def first_ifd(raw):
    """Offset of the first directory of a classic little-endian TIFF."""
    return int.from_bytes(raw[4:8], "little")


def with_tag(raw, tag, value):
    """The same file with the value of a tag of its first directory replaced."""
    raw = bytearray(raw)
    start = first_ifd(raw)
    for k in range(int.from_bytes(raw[start : start + 2], "little")):
        entry = start + 2 + 12 * k
        if int.from_bytes(raw[entry : entry + 2], "little") == tag:
            raw[entry + 8 : entry + 12] = value.to_bytes(4, "little")
            return bytes(raw)
    raise AssertionError(f"no tag {tag}")


def looped(raw):
    """The same file with the last directory leading back to the first."""
    raw = bytearray(raw)
    start = first_ifd(raw)
    link = start + 2 + 12 * int.from_bytes(raw[start : start + 2], "little")
    raw[link : link + 4] = start.to_bytes(4, "little")
    return bytes(raw)


PLAIN = tiff_bytes(ARRAY[0])
STACK = tiff_bytes(ARRAY)
TILED = tiff_bytes(ARRAY, compression="zlib", tile=(16, 16))
PACKED = tiff_bytes(ARRAY[0], compression="zlib")


def npy_bytes(array=ARRAY):
    handle = io.BytesIO()
    np.save(handle, array, allow_pickle=True)
    return handle.getvalue()


NPY = npy_bytes()
WIDTH, HEIGHT, BITS, COMPRESSION, OFFSETS, COUNTS = (
    256, 257, 258, 259, 273, 279,
)  # fmt: skip

DAMAGED = {
    "empty.tif": b"",
    "one byte.tif": b"I",
    "header only.tif": b"II*\0",
    "header and offset.tif": PLAIN[:8],
    "half a directory.tif": PLAIN[: first_ifd(PLAIN) + 20],
    "half the pixels.tif": PLAIN[: len(PLAIN) // 2],
    "all but a byte.tif": PLAIN[:-1],
    "stack cut in the first page.tif": STACK[:9000],
    "stack cut in the last page.tif": STACK[:-100],
    "tiles cut.tif": TILED[: len(TILED) * 2 // 3],
    "tiles cut late.tif": TILED[:-3],
    "zlib cut.tif": PACKED[:-10],
    "zlib garbled.tif": PACKED[:-4000] + bytes(4000),
    "text.tif": b"This is not a picture.\n" * 50,
    "html.tif": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
    "png.tif": b"\x89PNG\r\n\x1a\n" + bytes(200),
    "jpeg.tif": b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(200),
    "dicom.tif": bytes(128) + b"DICM" + bytes(200),
    "npy.tif": NPY,
    "zeros.tif": bytes(5000),
    "ones.tif": b"\xff" * 5000,
    "directory beyond the end.tif": b"II*\0" + (10**9).to_bytes(4, "little") + bytes(100),
    "no directory.tif": b"II*\0" + bytes(100),
    "pages in a loop.tif": looped(PLAIN),
    "far too wide.tif": with_tag(PLAIN, WIDTH, 2**31 - 1),
    "far too high.tif": with_tag(PLAIN, HEIGHT, 2**31 - 1),
    "no width.tif": with_tag(PLAIN, WIDTH, 0),
    "odd bits.tif": with_tag(PLAIN, BITS, 13),
    "unknown compression.tif": with_tag(PLAIN, COMPRESSION, 12345),
    "pixels beyond the end.tif": with_tag(PLAIN, OFFSETS, 10**9),
    "no bytes of pixels.tif": with_tag(PLAIN, COUNTS, 0),
    "huge and packed.tif": with_tag(with_tag(PACKED, WIDTH, 2**20), HEIGHT, 2**20),
    "empty.npy": b"",
    "magic.npy": NPY[:6],
    "half a header.npy": NPY[:40],
    "half the numbers.npy": NPY[: len(NPY) // 2],
    "all but a byte.npy": NPY[:-1],
    "tiff.npy": PLAIN,
    "text.npy": b"1 2 3\n4 5 6\n",
    "objects.npy": npy_bytes(np.array([{}, None], dtype=object)),
    "strings.npy": npy_bytes(np.array([["a", "b"]])),
    "records.npy": npy_bytes(np.zeros((2, 2), dtype=[("a", "f4")])),
    "zip.npy": b"PK\x03\x04" + bytes(300),
    "negative.npy": NPY.replace(b"(3, 40, 50)", b"(3,-40, 50)"),
    "huge.npy": NPY.replace(b"(3, 40, 50), ", b"(3, 40,9**9),"),
    "unclosed.npy": NPY.replace(b"(3, 40, 50)", b"(3, 40, 50 "),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_gets_one_sentence_and_soon(tmp_path, name, caplog, capfd):
    (tmp_path / name).write_bytes(DAMAGED[name])
    start = time.process_time()
    with caplog.at_level(logging.DEBUG), pytest.raises(ValueError, match=name) as error:
        read(tmp_path / name)
    assert time.process_time() - start < 5.0
    message = str(error.value)
    assert message.startswith(name)
    assert message.endswith(".")
    assert message.isprintable()
    assert len(message) < 250
    # No second traceback below the sentence.
    assert error.value.__context__ is None or error.value.__suppress_context__
    assert capfd.readouterr() == ("", "")
    # The filter is gone again: others who use tifffile see its messages.
    assert logging.getLogger("tifffile").filters == []


def test_a_file_cut_anywhere_is_refused_or_whole(tmp_path):
    """No cut ever returns fewer slices, or zeros in place of what is missing."""
    for raw in (own_bytes(tmp_path), STACK, TILED, NPY):
        name = "cut.npy" if raw is NPY else "cut.tif"
        for length in np.linspace(0, len(raw) - 1, 60).astype(int):
            (tmp_path / name).write_bytes(raw[:length])
            try:
                back = read(tmp_path / name)
            except ValueError:
                continue
            np.testing.assert_array_equal(back.array, ARRAY)


def test_garbled_bytes_never_raise_anything_else(tmp_path):
    rng = np.random.default_rng(5)
    sources = [own_bytes(tmp_path), PLAIN, TILED, NPY]
    for k in range(400):
        raw = bytearray(sources[k % 4])
        reach = min(len(raw), 700)
        for spot in rng.integers(0, reach, 4):
            raw[spot] = rng.integers(0, 256)
        path = tmp_path / ("garbled.npy" if k % 4 == 3 else "garbled.tif")
        path.write_bytes(raw)
        with contextlib.suppress(ValueError):
            read(path)
