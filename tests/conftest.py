"""What every test stands on: a screen, few threads, leaks that fail, and the shared real data."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

os.environ["NAPARI_STRICT_QT"] = "raise"  # make_napari_viewer fails a test that leaks a widget
os.environ["NAPARI_CONFIG"] = ""  # napari neither reads nor writes the user's settings
os.environ["MPLBACKEND"] = "agg"
# Two test processes fill two cores: no library may start threads of its own beside them.
for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LP_NUM_THREADS"):
    os.environ[threads] = "1"
if sys.platform == "linux":
    os.environ["QT_QPA_PLATFORM"] = "xcb"  # pytest-xvfb offers an X screen, never a Wayland one

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real scans that lies beside the checkout, or skip."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real scans are not there: ../shared/data beside the checkout")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Keep torch to one thread, so that sums are the same on every machine."""
    import torch

    torch.set_num_threads(1)
