"""The script that restores a whole scan: a short one, from disk to disk, by two processes."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

import napari_deconv as nd


@pytest.mark.timeout(600)  # three programs start, on a machine that may have other work
@pytest.mark.benchmark("whole_scan")
def test_two_processes_restore_a_short_scan_in_little_memory(
    script: ModuleType, tmp_path: Path
) -> None:
    scan, out = tmp_path / "scan.zarr", tmp_path / "out.zarr"
    script.make(scan, 200, 256)
    nd.Recipe(psf={"name": "gaussian", "sigma": 1.5}, method="wiener").save(tmp_path / "r.yaml")
    ran = script.restore(tmp_path / "r.yaml", scan, out, 2)
    assert 0.3 < ran.resident < script.MOST
    assert ran.processes >= 3
    assert ran.rate > 0
    assert 0 < ran.start < ran.seconds
    assert not out.exists()
