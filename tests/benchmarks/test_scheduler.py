"""The scripts behind docs/scaling.md: what handing out costs, and what a slice does."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest


@pytest.mark.benchmark("scheduler")
def test_workers_are_busy_until_the_client_is(script: ModuleType) -> None:
    assert script.simulated(4, 1.0, 1e-6, 4000) == pytest.approx(1.0, abs=0.01)
    # A client that takes as long as 2 workers compute can keep 2 of 8 busy.
    assert script.simulated(8, 1.0, 0.5, 4000) == pytest.approx(2 / 8, abs=0.02)
    # One that just keeps up loses little.
    assert script.simulated(8, 1.0, 0.1, 4000) > 0.95


@pytest.mark.benchmark("scheduler")
def test_pieces_go_to_a_cluster_and_back_and_the_journal_is_read_again(
    script: ModuleType, tmp_path: Path
) -> None:
    with script.cluster(2) as client:
        assert 0 < script.handed_out(client, 20) < 5
    each, again = script.noted(tmp_path, 250)
    assert each > 0
    assert again > 0


@pytest.mark.benchmark("slice_cost")
def test_a_slice_costs_time_to_read_restore_and_write(script: ModuleType, tmp_path: Path) -> None:
    script.make(tmp_path / "512.zarr", 8 * (script.PIECES + 1), 512)
    read, restore, write = script.costs(tmp_path, 512, "wiener")
    assert read > 0
    assert restore > 0
    assert write > 0
