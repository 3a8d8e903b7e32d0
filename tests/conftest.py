"""What every test stands on: a screen, few threads, leaks that fail, and the shared real data."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

os.environ["NAPARI_STRICT_QT"] = "raise"  # make_napari_viewer fails a test that leaks a widget
os.environ["NAPARI_CONFIG"] = ""  # napari neither reads nor writes the user's settings
os.environ["MPLBACKEND"] = "agg"
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
def _two_threads() -> None:
    """Keep torch to two threads, so that timings and sums are the same on every machine."""
    import torch

    torch.set_num_threads(2)
