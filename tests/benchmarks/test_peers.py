"""The races beside other libraries: one objective for all, and the same end."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from napari_deconv import samples


@pytest.fixture
def peers(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Return the script beside peers, on tiny radiographs whose PSF has no symmetry."""
    monkeypatch.syspath_prepend(str(repository / "benchmarks"))
    found = importlib.import_module("peers")
    psf = samples.core_and_tail(9, core=1.0, tail=2.0) * np.linspace(0.5, 1.5, 9)
    for module in (found, sys.modules["problems"]):
        monkeypatch.setattr(
            module, "radiograph", lambda size: samples.radiograph(shape=(size, size), psf=psf)
        )
    return found


ROWS = ["tv", "haar", "tv-haar", "tv-circular", "haar-circular", "poisson"]


@pytest.mark.parametrize("key", ROWS)
def test_what_judges_all_is_what_our_method_declares(peers: ModuleType, key: str) -> None:
    case = peers.ROWS[key].case(32)
    declared = case.method.objective(case.problem, torch.from_numpy(case.start))
    assert case.objective(case.start) == pytest.approx(float(declared), rel=1e-4)


@pytest.mark.parametrize("key", [key for key in ROWS if key != "poisson"])
def test_a_peer_ends_where_ours_does(peers: ModuleType, key: str) -> None:
    row = peers.ROWS[key]
    case = row.case(32)
    absent = {peer.needs for peer in row.peers if not peer.is_there()}
    best = peers.end(peers.ours(case.double()), case.objective, 300)
    for peer in row.peers:
        if peer.is_there():
            ended = peers.end(peer.walker(case, **peer.settings[0]), case.objective, 120)
            assert ended == pytest.approx(best, rel=1e-3), peer.name
    if absent:
        pytest.skip(f"{', '.join(absent)} is not installed, see `make bench`.")


def test_plain_richardson_lucy_is_that_of_scikit_image(peers: ModuleType) -> None:
    case = peers.ROWS["poisson"].case(32)
    (theirs,) = peers.scikit_image(case)
    *_, ours = islice(peers.ours_plain(case), peers.PLAIN)
    np.testing.assert_allclose(theirs, ours, atol=1e-4)
    assert case.objective(theirs) == pytest.approx(case.objective(ours), rel=1e-4)


@pytest.mark.parametrize("boundary", ["edge", "unknown"])
def test_operators_of_pylops_equal_ours(peers: ModuleType, boundary: str) -> None:
    sample = peers.radiograph(32)
    case = peers.Case.of(sample, {"name": "tv", "isotropic": False}, boundary)
    rng = np.random.default_rng(0)
    ours, own = peers.by_pylops.around_ours(case), peers.by_pylops.alone(case)
    x, y = rng.normal(size=(2, *case.grid)).astype(np.float32)
    np.testing.assert_allclose(own.blur @ x.ravel(), ours.blur @ x.ravel(), atol=1e-5)
    np.testing.assert_allclose((own.blur.H @ y.ravel()).ravel(), ours.blur.H @ y.ravel(), atol=1e-5)
    stacked = np.concatenate([term.penalised() @ x.ravel() for term in own.sparse])
    np.testing.assert_allclose(stacked, ours.sparse[0].penalised() @ x.ravel(), atol=1e-6)


def test_every_contender_has_a_line_and_who_is_absent_one_that_says_so(peers: ModuleType) -> None:
    row = peers.ROWS["poisson"]
    ghost = peers.Contender("ghost", peers.ours, needs="nowhere_to_be_found")
    lines = peers.lines(replace(row, peers=[*row.peers, ghost]), row.case(32), 1, {})
    ours, scikit_image, plain, absent = lines
    assert len({len(line) for line in lines} | {len(peers.HEADER)}) == 1
    assert ours[0] == "ours"
    assert ours[6] == "1.0"
    assert scikit_image[3] == plain[3] == "100"
    assert "of 5.5" in scikit_image[6]
    assert "of 5.5" not in plain[6]
    assert absent[0] == "ghost: skipped, nowhere_to_be_found is not installed"


@pytest.mark.benchmark("race")
def test_the_setting_that_arrives_is_raced_with_and_who_does_not_arrive_is_named(
    script: ModuleType,
) -> None:
    def halving(case: float, factor: float) -> Iterator[float]:
        while True:
            case *= factor
            yield case

    settings = ({"factor": 1.0}, {"factor": 0.5})
    peer = script.Contender("peer", halving, settings)
    assert script.fastest_setting(peer, 1.0, float, 0.1) == {"factor": 0.5}
    stuck, there = script.race(1.0, [(peer, s) for s in settings], float, 0.1, 2)
    assert stuck.seconds is None
    assert there.iterations == 4
    assert there.seconds > 0
    assert there.times is None
