"""The way from an opened radiograph to a profile, as `scripts/newcomer.py` walks it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "newcomer.py"


@pytest.mark.skipif(sys.platform != "linux", reason="the hand was tried on X11 windows only")
def test_a_newcomer_needs_fewer_than_twelve_actions(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sigma, error = map(float, re.findall(r"sigma ([\d.]+) ± ([\d.]+) px", done.stdout)[0])
    assert abs(sigma - 2.34) < 0.1
    assert error < 0.1
    count = int(re.findall(r"^(\d+) actions$", done.stdout, re.MULTILINE)[0])
    assert count == len(re.findall(r"^ ?\d+ (?:click|point|drag)", done.stdout, re.MULTILINE)) < 12
    steps = ["opened", "measured", "made", "run", "profile"]
    assert [file.stem.split("_")[1] for file in sorted(tmp_path.glob("*.png"))] == steps
