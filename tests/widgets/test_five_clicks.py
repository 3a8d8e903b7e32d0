"""From an opened radiograph to a learned result in five clicks: `scripts/five_clicks.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "five_clicks.py"


@pytest.mark.skipif(sys.platform != "linux", reason="the hand was tried on X11 windows only")
def test_five_clicks_lead_to_a_learned_result(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "5 clicks" in done.stdout
    assert "radiograph tv, radiograph restore (learned)" in done.stdout
    steps = ["1", "2", "3", "4", "5", "result"]
    assert [file.stem for file in sorted(tmp_path.glob("*.png"))] == steps
