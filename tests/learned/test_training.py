"""Training: it learns, it can be cut off, it goes on as if it never was."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
import torch

from napari_deconv.core.scale import RANGE
from napari_deconv.learned import checkpoint, losses
from napari_deconv.learned.sittings import COOLED, RUN, begin, cooled, train
from napari_deconv.learned.training import Run, Training
from napari_deconv.learned.view import View

Maker = Callable[..., Training]

DEGRADATIONS: dict[str, dict[str, Any]] = {
    "blur": {"support": 17, "strongest": 2e-5},
    "blur and noise": {"support": 17},
    "burst": {"support": 17, "frames": 4},
}


@pytest.mark.parametrize("degradation", DEGRADATIONS)
def test_every_network_learns_in_20_steps(
    architecture: dict[str, Any], degradation: str, tiny: Maker
) -> None:
    run = Run(tiny(architecture=architecture, degradation=DEGRADATIONS[degradation], rate=4e-3))
    batch = run.training.batch_of(0).lasting()
    object.__setattr__(run.training, "batch_of", lambda *_: batch)
    losses = [float(run.advance().loss) for _ in range(20)]
    assert sum(losses[-4:]) < 0.95 * sum(losses[:4])


def test_resuming_equals_never_having_stopped(tmp_path: Path, tiny: Maker) -> None:
    training = tiny(alone=3)
    whole = Run(training)
    for _ in train(whole, tmp_path / "whole", steps=8):
        pass
    for sitting in (2, 3, 3):  # one of them ends where the second stage joins
        run = begin(training, tmp_path / "parts")
        for _ in train(run, tmp_path / "parts", steps=sitting):
            pass
    one, other = (checkpoint.read(tmp_path / part / RUN) for part in ("whole", "parts"))
    assert one["place"][0] == other["place"][0] == 8
    for kind in ("model", "averaged"):
        for name, weights in one[kind].items():
            assert torch.equal(weights, other[kind][name]), name


def test_a_run_that_began_as_a_model_learns_by_psnr(tiny: Maker, monkeypatch) -> None:
    run = Run(tiny())
    run.begun_as = "a model"
    seen: list[View] = []
    run.model.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    monkeypatch.setattr(losses, "charbonnier", None)
    shown = [float(run.advance().loss) for _ in range(2)]
    drawn = [run.training.batch_of(step) for step in range(2)]
    whole, own = (view.crop(view.data) for view in seen)
    torch.testing.assert_close(whole, drawn[0].view.crop(drawn[0].view.data))
    low, high = np.percentile(own.flatten(1).numpy(), RANGE, axis=1)
    np.testing.assert_allclose(high - low, 1, rtol=1e-5)
    np.testing.assert_allclose(own.flatten(1).mean(1).numpy(), 0, atol=1e-5)
    assert not torch.allclose(own, drawn[1].view.crop(drawn[1].view.data), rtol=0.05)
    assert all(0 < loss < 1 for loss in shown)  # Charbonnier's, for the eye


@pytest.mark.parametrize("frames", [1, 4])
def test_frames_in_their_own_range_stay_what_they_are(tiny: Maker, frames: int) -> None:
    pairs = tiny(degradation={"support": 17, "frames": frames}).batch_of(3)
    own, (mean, span) = pairs.as_shown(), pairs.ranges()
    assert mean.shape == span.shape == (len(pairs.truth), 1, 1, 1)
    torch.testing.assert_close(own.truth * span + mean, pairs.truth)
    torch.testing.assert_close(own.view.data * span + mean, pairs.view.data)
    for name in ("noise", "sigma"):
        torch.testing.assert_close(getattr(own.view, name) * span, getattr(pairs.view, name))
    if frames > 1:
        torch.testing.assert_close(own.view.frames * span + mean, pairs.view.frames)
    torch.testing.assert_close(own.ranges()[1], torch.ones_like(span))


def test_the_second_stage_begins_where_the_first_stands(tiny: Maker) -> None:
    run = Run(tiny(alone=4))
    for _ in range(4):
        run.advance()
    view = run.training.batch_of(9).view
    with torch.no_grad():
        alone = run.model(view, 1)[-1]
        assert run._depth() == 2
        torch.testing.assert_close(run.model(view)[-1], alone, rtol=0, atol=1e-6)


def test_cooling_is_a_branch(tmp_path: Path, tiny: Maker) -> None:
    run = begin(tiny(), tmp_path)
    for _ in train(run, tmp_path, steps=3):
        pass
    before = (tmp_path / RUN).read_bytes()
    branch = cooled(tmp_path, seconds=4 * run.seconds / 3)
    assert branch.cooling == 4
    rates = [branch.optimiser.param_groups[0]["lr"] for _ in train(branch, tmp_path)]
    assert len(rates) == 4
    assert rates == sorted(rates, reverse=True)
    assert rates[0] == run.training.rate
    assert (tmp_path / COOLED).is_file()
    assert (tmp_path / RUN).read_bytes() == before


def test_a_cooling_that_was_cut_off_goes_on(tmp_path: Path, tiny: Maker) -> None:
    run = begin(tiny(), tmp_path)
    for _ in train(run, tmp_path, steps=3):
        pass
    branch = cooled(tmp_path, seconds=5 * run.seconds / 3)
    for _ in train(branch, tmp_path, steps=2):
        pass
    again = cooled(tmp_path, seconds=99)
    assert (again.step, again.cooling) == (5, 5)
    assert len(list(train(again, tmp_path))) == 3


def test_a_folder_of_another_training_is_refused(tmp_path: Path, tiny: Maker) -> None:
    run = begin(tiny(), tmp_path)
    for _ in train(run, tmp_path, steps=1):
        pass
    with pytest.raises(ValueError, match=r"another training \(seed: 0, not 5\); choose"):
        begin(tiny(seed=5), tmp_path)
    with pytest.raises(ValueError, match="no run to cool"):
        cooled(tmp_path / "nowhere", steps=9)


class Poison:
    """What a pickle can do to whoever loads it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    "write", [torch.save, lambda obj, path: path.write_bytes(pickle.dumps(obj))]
)
def test_nothing_in_a_poisoned_checkpoint_runs(tmp_path: Path, write, tiny: Maker) -> None:
    touched = tmp_path / "touched"
    write({"model": Poison(touched)}, tmp_path / RUN)
    with pytest.raises(ValueError, match="no checkpoint"):
        begin(tiny(), tmp_path)
    assert not touched.exists()


def test_a_checkpoint_is_never_half_written(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / RUN
    checkpoint.write(path, {"step": 1})

    def cut_off(state: Any, file: BinaryIO) -> None:
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", cut_off)
    with pytest.raises(KeyboardInterrupt):
        checkpoint.write(path, {"step": 2})
    assert checkpoint.read(path) == {"step": 1}


def test_a_checkpoint_is_on_the_disk_before_it_takes_its_name(tmp_path: Path, monkeypatch) -> None:
    done: list[Any] = []
    sync, rename = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (done.append(os.fstat(file).st_size), sync(file)))
    monkeypatch.setattr(os, "replace", lambda old, new: (done.append("named"), rename(old, new)))
    checkpoint.write(tmp_path / RUN, {"step": 1})
    assert done == [(tmp_path / RUN).stat().st_size, "named"]


def test_a_training_is_plain_data(tiny: Maker) -> None:
    training = tiny(degradation={"psf": {"name": "gaussian", "sigma": 1.5}, "support": 17})
    assert Training(**training.plain()) == training
