"""Results as DICOM: other programs read them, and we do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from napari_deconv.core.units import PixelSize
from napari_deconv.scans import dicom_block
from napari_deconv.scans.opening import open_scan
from napari_deconv.scans.targets import kind_of

SCAN = np.random.default_rng(0).integers(0, 65536, (5, 13, 11)).astype(np.uint16)


def test_a_stack_comes_back_with_its_pixel_size(tmp_path: Path) -> None:
    path = tmp_path / "r.dcm"
    sink = kind_of(path)(path, SCAN.shape, "uint16", PixelSize((50.0, 80.0), "um"))
    sink.check_room()
    sink.lay_out()
    digests = {start: sink.put(start, SCAN[start : start + 2].astype(np.float32))[0]
               for start in (4, 0, 2)}  # fmt: skip
    assert all(sink.digest(start, min(start + 2, 5)) == digests[start] for start in digests)
    sink.finish()
    data = dcmread(path)
    np.testing.assert_array_equal(data.pixel_array, SCAN)
    assert [float(side) for side in data.PixelSpacing] == [0.05, 0.08]
    scan = open_scan(path)
    np.testing.assert_array_equal(scan.read(0, 5), SCAN)
    assert scan.size == PixelSize((0.05, 0.08), "mm")


def test_what_dicom_can_t_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.dcm"
    with pytest.raises(ValueError, match="add --dtype uint16"):
        kind_of(path)(path, SCAN.shape, "float32").check_room()
    monkeypatch.setattr(dicom_block, "MOST", 100)
    with pytest.raises(ValueError, match="a DICOM file holds less than 4"):
        kind_of(path)(path, SCAN.shape, "uint16").check_room()
