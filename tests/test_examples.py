"""Every example runs by itself, without a warning, and shows what it promises."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "examples"
EXAMPLES = sorted(FOLDER.glob("*.py"))


@cache
def output_of(script: Path) -> str:
    """Run a script once, in an interpreter of its own, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_there_are_examples() -> None:
    assert {script.stem for script in EXAMPLES} >= {"deblur", "boundaries", "watch"}


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda script: script.stem)
def test_it_runs_and_says_what_it_is(script: Path) -> None:
    assert script.read_text(encoding="utf-8").startswith('"""')
    assert output_of(script).strip()


def test_deblurring_gains_decibels() -> None:
    before, after = map(float, re.findall(r"([\d.]+) dB", output_of(FOLDER / "deblur.py")))
    assert after > before + 3


def test_the_border_is_best_where_nothing_false_is_assumed() -> None:
    rows = re.findall(r"^([a-z]+) +([\d.]+) +([\d.]+)$", output_of(FOLDER / "boundaries.py"), re.M)
    outer = {name: float(value) for name, value, _ in rows}
    inner = [float(value) for _, _, value in rows]
    assert outer["edge"] > outer["zero"] + 10
    assert outer["edge"] > max(outer.values()) - 1
    assert max(inner) - min(inner) < 1


def test_watching_stops_early_near_the_truth() -> None:
    shown = output_of(FOLDER / "watch.py")
    steps = re.findall(r"iteration +(\d+) of (\d+) +objective +([\d.]+) +([\d.]+) dB", shown)
    objectives = [float(step[2]) for step in steps]
    assert 2 < len(steps) < int(steps[0][1])
    assert objectives[-1] < objectives[0]
    assert "alike: True" in shown
