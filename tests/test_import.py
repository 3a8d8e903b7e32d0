"""The package's face: importing it is quick and brings no torch, Qt or napari."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "torch",
    "napari",
    "qtpy",
    "PyQt6",
    "magicgui",
    "superqt",
    "pyqtgraph",
    "scipy",
    "skimage",
    "matplotlib",
    "tifffile",
)
CPU_TIME = "import time; {}; print(time.process_time())"


def run(code: str) -> str:
    """Run code in a bare interpreter and return what it printed."""
    return subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=120
    ).stdout


def cpu_seconds(statement: str, runs: int = 5) -> float:
    """Return the least CPU time of several interpreters, since the rest is noise."""
    return min(float(run(CPU_TIME.format(statement))) for _ in range(runs))


def test_import_loads_nothing_heavy() -> None:
    loaded = run("import napari_deconv, sys; print(*sys.modules)").split()
    assert "napari_deconv" in loaded
    assert not set(HEAVY) & set(loaded)


def test_import_is_quick() -> None:
    added = cpu_seconds("import napari_deconv") - cpu_seconds("pass")
    assert added < 0.5
