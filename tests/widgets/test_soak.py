"""The soak of the Profiles dock, cut short; and what it calls flat."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest


@pytest.fixture
def soak(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(repository / "scripts"))
    import soak

    return soak


def test_a_few_seconds_of_every_day_end_without_a_failure(repository: Path) -> None:
    script = [sys.executable, str(repository / "scripts" / "soak.py")]
    run = subprocess.run(
        [*script, "--minutes", "0.1", "--actions", "12"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "0 failures" in run.stdout, run.stdout + run.stderr
    found = re.search(r"end · (\d+) actions", run.stdout)
    assert found is not None
    assert int(found[1]) >= 12
    assert run.returncode == ("NOT FLAT" in run.stdout)


def test_what_rises_after_the_first_third_is_not_flat(soak: Any) -> None:
    actions = [100.0 * i for i in range(31)]
    warm = [400.0 + min(10 * i, 100) for i in range(31)]
    assert soak.verdict(actions, warm)[0]
    flat, sentence = soak.verdict(actions, [400 + 2.0 * i for i in range(31)])
    assert not flat
    assert "rises by 20.00 MB for 1000 actions, 20.00 of them ours, 40 MB" in sentence
    flat, sentence = soak.verdict(actions, [400 + 2.0 * i for i in range(31)], alone=16.0)
    assert flat
    assert "4.00 of them ours" in sentence


def test_what_malloc_has_given_out_is_seen(soak: Any) -> None:
    before = soak.Memory.now()
    block = np.ones(8_000_000)
    after = soak.Memory.now()
    assert after.given_out - before.given_out == pytest.approx(64, abs=3)
    assert after.trimmed - before.trimmed == pytest.approx(64, abs=20)
    assert block.all()
