"""Damaged scans in zarr and HDF5, over a hundred: one sentence, or the numbers, and soon."""

from __future__ import annotations

import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import zarr

from napari_deconv.core.units import PixelSize
from napari_deconv.readers import get_reader
from napari_deconv.scans.opening import open_scan
from napari_deconv.scans.targets import kind_of

SECONDS = 60.0
"""A scan takes no longer, on a machine that has other work; a hang does."""
SCAN = np.random.default_rng(0).integers(0, 60000, (4, 24, 20)).astype(np.uint16)


def ours(path: Path) -> None:
    """Write a scan as a batch does."""
    sink = kind_of(path)(path, SCAN.shape, "uint16", PixelSize(0.1, "mm"), "method: tv")
    sink.lay_out()
    sink.put(0, SCAN)
    sink.finish()


def packed(path: Path) -> None:
    """Write a scan as other programs do: compressed, several levels or a beamline's layout."""
    if path.suffix == ".h5":
        with h5py.File(path, "w") as file:
            file.create_dataset("exchange/data", data=SCAN, chunks=(1, 24, 20), compression=4)
        return
    group = zarr.open_group(path, mode="w", zarr_format=3)
    for name, step in (("0", 1), ("1", 2)):
        group.create_array(name, data=SCAN[:, ::step, ::step].copy(), chunks=(1, 24 // step, 10))
    levels = [
        {"path": name, "coordinateTransformations": [{"type": "scale", "scale": [1, n, n]}]}
        for name, n in (("0", 0.1), ("1", 0.2))
    ]
    axes = [{"name": name, "type": "space", "unit": "millimeter"} for name in "zyx"]
    group.attrs["ome"] = {"version": "0.5", "multiscales": [{"axes": axes, "datasets": levels}]}


MADE = {
    f"{maker.__name__}{ending}": (maker, ending)
    for maker in (ours, packed)
    for ending in (".zarr", ".h5")
}
DAMAGES = [
    *(f"cut to {part}" for part in (0, 0.02, 0.1, 0.3, 0.6, 0.9, 0.99)),
    *(f"flipped {seed}" for seed in range(20)),
]


def damage(path: Path, how: str) -> None:
    """Cut one of the files of a scan short, or flip bits of it."""
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    kind, value = how.split(" ")[0], float(how.split(" ")[-1])
    rng = np.random.default_rng(int(100 * value))
    file = files[rng.integers(len(files))]
    content = np.frombuffer(file.read_bytes(), np.uint8).copy()
    if kind == "cut":
        content = content[: int(value * len(content))]
    else:
        places = rng.integers(0, min(len(content), 4096 if value % 2 else 300), 1 + int(value))
        content[places] ^= rng.integers(1, 256, places.size).astype(np.uint8)
    file.write_bytes(content.tobytes())


def check_sentence(error: ValueError) -> None:
    assert 10 < len(str(error)) < 400
    assert "\n" not in str(error)


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.parametrize("name", MADE)
def test_a_damaged_scan_is_refused_in_a_sentence(tmp_path: Path, name: str, how: str) -> None:
    make, ending = MADE[name]
    path = tmp_path / f"scan{ending}"
    make(path)
    np.testing.assert_array_equal(open_scan(path).read(0, 4), SCAN)
    damage(path, how)
    began = time.monotonic()
    reader = get_reader(str(path))
    if reader is not None:
        try:
            reader(str(path))
        except ValueError as error:
            check_sentence(error)
    try:
        scan = open_scan(path)
        for index in range(len(scan)):
            scan.stamp(index, index + 1)
            assert scan.read(index, index + 1).shape == (1, *scan.shape[1:])
    except ValueError as error:
        check_sentence(error)
    assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize("name", MADE)
def test_pixel_size_and_recipe_come_back(tmp_path: Path, name: str) -> None:
    make, ending = MADE[name]
    make(tmp_path / f"scan{ending}")
    scan = open_scan(tmp_path / f"scan{ending}")
    if make is ours or ending == ".zarr":
        assert scan.size == PixelSize(0.1, "mm")
    assert scan.metadata.get("recipe") == ("method: tv" if make is ours else None)
