"""Hard patches: told apart by contrast and noise, drawn more often, the same for the same state."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch

from napari_deconv.learned.degradation import Degradation
from napari_deconv.learned.hardness import CANDIDATES, Hardness, Kind, candidates, kind_of
from napari_deconv.learned.scenes import Crop
from napari_deconv.learned.training import Run


def crop(values: np.ndarray) -> Crop:
    return Crop(values.astype(np.float32), 1.0, float(values.mean()))


def test_kinds_go_by_what_the_blur_takes_and_by_noise() -> None:
    wires = np.ones((60, 60))
    wires[:, ::4] = 0.2
    plain = np.full((60, 60), 0.6)
    quiet = Degradation(psf={"name": "gaussian", "sigma": 2.0}, support=13, gain=0, read=1e-5)
    loud = quiet.model_copy(update={"read": 0.05})
    kinds = {
        (name, level): kind_of(crop(scene), how, np.random.default_rng(0))
        for name, scene in (("wires", wires), ("plain", plain))
        for level, how in (("quiet", quiet), ("loud", loud))
    }
    assert kinds["wires", "quiet"].contrast > kinds["plain", "quiet"].contrast
    assert kinds["wires", "loud"].noise > kinds["wires", "quiet"].noise
    assert kinds["wires", "loud"].contrast == kinds["wires", "quiet"].contrast


def test_hard_kinds_are_drawn_more_often() -> None:
    easy, hard, unknown = Kind(0, 0), Kind(5, 3), Kind(2, 2)
    hardness = Hardness()
    rng = np.random.default_rng(1)
    alike = [hardness.pick([easy, hard], rng) for _ in range(400)]
    assert 0.4 < np.mean(alike) < 0.6
    for _ in range(50):
        hardness.learn([easy, hard], [0.01, 0.04])
    drawn = [hardness.pick([easy, hard], rng) for _ in range(400)]
    assert np.mean(drawn) > 0.8  # 4^1.5 to 1
    assert hardness.pick([unknown], rng) == 0
    hardness.learn([hard], [float("nan")])
    assert np.isfinite(hardness.losses[hard])
    assert "4.0" not in hardness.told()
    assert "more than 0.1 of the grey range" in hardness.told()
    again = Hardness(hardness.plain())
    np.testing.assert_array_equal(again.losses, hardness.losses)


def test_a_run_notes_what_is_hard_and_goes_on_from_it(tiny: Any) -> None:
    run = Run(tiny(hard=1.0, degradation={"support": 9}))
    for _ in range(3):
        run.advance()
    assert np.isfinite(run.joint.hardness.losses).any()
    drawn = run.joint.draw(3, 0, None)
    again = Run.of(copy.deepcopy(run.state()))
    assert again.joint.draw(3, 0, None) == drawn
    assert {place % 100_000 for place in drawn.places} == {0, 1}
    for one in (run, again):
        one.advance()
    for a, b in zip(run.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(a, b)


def test_candidates_are_other_patches() -> None:
    assert candidates(3, False) == [3]
    assert len(set(candidates(3, True))) == CANDIDATES
