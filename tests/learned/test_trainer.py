"""A training judges its best model by pictures that had no say in which one that is."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from napari_deconv import trainer
from napari_deconv.core.noise import gaussian_sigma
from napari_deconv.core.scale import RANGE
from napari_deconv.learned import model as models
from napari_deconv.learned.images import Images
from napari_deconv.learned.job import Job, TrainingPlan
from napari_deconv.learned.sittings import RUN
from napari_deconv.learned.training import Progress
from napari_deconv.learned.validation import Validation
from napari_deconv.learned.view import View
from napari_deconv.trainer import Trainer
from napari_deconv.training_events import OWN, Done, Learned, Refused, Validated, line, parse
from napari_deconv.widgets.train_words import verdict

SIDE = 40
"""Of what crops take: pictures of 32 pixels and what a PSF of 9 reaches in."""


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few pictures pick and judge."""
    monkeypatch.setattr(trainer, "WATCHED", 2)
    monkeypatch.setattr(trainer, "JUDGED", 3)


def job(folder: Path, tiny: Any, arrays: list[np.ndarray]) -> Job:
    training = tiny(degradation={"support": 9, "weakest": 0.01})
    plan = TrainingPlan(
        folder=str(folder), out=str(folder / "m.safetensors"), steps=8, training=training
    )
    return Job(plan, arrays)


def pictures(number: int, shape: tuple[int, int]) -> list[np.ndarray]:
    """Return pictures no two pixels of which are alike."""
    values = np.random.default_rng(0).permutation(number * shape[0] * shape[1])
    return list(values.reshape(number, *shape))


def values(found: Iterable[np.ndarray]) -> set[float]:
    return set(itertools.chain.from_iterable(one.ravel().tolist() for one in found))


@pytest.mark.parametrize(
    ("number", "shape", "most"),
    [
        (1, (160, 160), 2),
        (1, (160, 420), 7),
        (2, (160, 90), 2),
        (1, (90, 70), 0),
        (5, (90, 90), 2),
        (16, (90, 90), 8),
    ],
)
def test_what_judges_did_not_pick(number: int, shape: tuple[int, int], most: int) -> None:
    _, tested = Images(tuple(pictures(number, shape))).halves(SIDE)
    picks, judges = tested.parted(SIDE)
    if not most:
        assert judges is None
        assert picks is tested
        return
    tiles = judges.tiles(SIDE, 100)
    assert len(tiles.crops) == most
    crops = [tiles.crop(0, k, 0, SIDE).values for k in range(most)]
    assert {one.shape for one in crops} == {(SIDE, SIDE)}
    assert len(values(crops)) == most * SIDE**2  # none overlaps another
    watched = values(picks.crop(0, k, 0, SIDE).values for k in range(30))
    assert watched.isdisjoint(values(crops))


def test_of_many_crops_the_richer_half_judges() -> None:
    flat = np.full((160, 160), 0.5, np.float32)
    rich = np.random.default_rng(0).random((160, 160)).astype(np.float32)
    tiles = Images((flat, rich)).tiles(SIDE, 8)
    assert len(tiles.crops) == 8
    assert all(np.ptp(crop.values) > 0.5 for crop in tiles.crops)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize(("shape", "judged"), [((90, 160), 3), ((90, 70), 0)])
def test_a_table_says_whether_its_pictures_picked_the_model(
    tmp_path: Path, tiny: Any, shape: tuple[int, int], judged: int
) -> None:
    shape = (160, 240) if judged else shape
    *looks, done = list(Trainer(job(tmp_path, tiny, pictures(1, shape))).events())
    assert isinstance(done, Done)
    assert done.ending == "done"
    assert done.picked is not bool(judged)
    if judged:
        assert done.pictures == judged
        assert done.error > 0
        return
    best = max(look.restored for look in looks if isinstance(look, Validated))
    assert (done.table[OWN], done.pictures, done.error) == (best, 2, 0.0)
    assert "which also picked it" in verdict(done)


@pytest.mark.usefixtures("few")
def test_stopped_before_it_goes_on_the_best_is_there(tmp_path: Path, tiny: Any) -> None:
    arrays = pictures(4, (60, 60))
    fresh = Trainer(job(tmp_path, tiny, arrays))
    fresh.stop()
    assert list(fresh.events())[-1] == Refused("Stopped before anything was learned.")
    first = Trainer(job(tmp_path, tiny, arrays))
    for event in first.events():
        if isinstance(event, Validated) and event.step == 0:
            next(first.job.progress())
            first.stop()
    again = Trainer(job(tmp_path, tiny, arrays))
    assert again.job.run.step
    again.stop()
    done = list(again.events())[-1]
    assert isinstance(done, Done)
    assert (done.ending, done.pictures, done.picked) == ("stopped", 2, True)
    assert done.table[OWN] > 0
    assert Path(done.model).is_file()


@pytest.mark.usefixtures("few")
def test_a_finished_model_keeps_its_table_until_a_better_one_is_there(
    tmp_path: Path, tiny: Any
) -> None:
    arrays = pictures(1, (160, 240))
    done = list(Trainer(job(tmp_path, tiny, arrays)).events())[-1]
    finished = Path(done.model).read_bytes()
    assert not done.picked
    assert done.card["calibration"]
    again = Trainer(job(tmp_path, tiny, arrays))
    again.stop()
    stopped = list(again.events())[-1]
    assert stopped == replace(done, ending="stopped")
    assert Path(stopped.model).read_bytes() == finished
    better = Trainer(job(tmp_path, tiny, arrays))
    better.stop()
    other = models.load(str(better._best))
    models.save(better._best, other.network, other.card.model_copy(update={"steps": 99}))
    stopped = list(better.events())[-1]
    assert (stopped.ending, stopped.picked, stopped.card["steps"]) == ("stopped", True, 99)


class Pair:
    """The first of two processes, which notes what it says to the other."""

    rank, size = 0, 2

    def __init__(self) -> None:
        self.said: list[Tensor] = []

    def mean(self, vector: Tensor) -> Tensor:
        self.said.append(vector.clone())
        return vector

    def wait(self) -> None:
        return


@pytest.mark.usefixtures("few")
def test_whoever_learns_along_hears_of_a_stop_before_the_first_step(
    tmp_path: Path, tiny: Any
) -> None:
    team = Pair()
    plan = job(tmp_path, tiny, pictures(4, (60, 60))).plan
    first = Trainer(Job(plan, pictures(4, (60, 60)), team=team))
    first.stop()
    assert list(first.events())[-1] == Refused("Stopped before anything was learned.")
    assert len(team.said) == 1  # a step, in which the other hears that it is the last
    assert first.job.run.joint.stopping
    assert not (first.job.folder / RUN).exists()  # another plan may have the folder
    team.size = 3
    with pytest.raises(ValueError, match="shared evenly by 3"):
        Job(plan.replace(folder=str(tmp_path / "other")), pictures(4, (60, 60)), team=team)


def test_a_picture_without_a_loss_does_not_end_a_training(
    tmp_path: Path, tiny: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = Trainer(job(tmp_path, tiny, pictures(4, (60, 60))))
    losses = iter([0.5, float("nan"), 0.7, *[float("nan")] * 5])
    steps = (Progress(k, 1.0, torch.tensor(loss)) for k, loss in enumerate(losses))
    monkeypatch.setattr(training.job, "progress", lambda: steps)
    monkeypatch.setattr(trainer, "PERIOD", 0.0)
    told = [event for event in training._learning(None) if isinstance(event, Learned)]
    assert [parse(line(event)) for event in told] == told
    assert [event.loss for event in told] == pytest.approx([0.5, 0.5, *[0.7] * 6])


def test_only_what_others_judged_is_called_better() -> None:
    table = {"blurred": 25.0, "TV, automatic": 30.0, "shipped model": 31.0, OWN: 31.5}
    done = Done("done", "m", {}, table, 12, error=0.1)
    assert "better than both" in verdict(done)
    assert "is chance" in verdict(replace(done, pictures=2))  # an error of two is no error
    assert "One picture doesn't tell" in verdict(replace(done, pictures=1, error=0))
    picked = replace(done, picked=True, error=0)
    assert "flatters it: learn from more or larger" in verdict(picked)
    assert "flatters it: let it end" in verdict(replace(picked, ending="stopped"))
    worse = replace(done, table={**table, OWN: 30.5})
    assert "not better than all" in verdict(worse)


def test_models_are_judged_as_they_are_used(tiny: Any) -> None:
    """Much noise makes a frame's range wider than the scene's: that is the one `restore` takes."""
    held = Validation(tiny(degradation={"support": 9, "gain": 4e-2, "read": 0.3}), None, 2)
    shown: list[View] = []

    def idle(view: View) -> list[Tensor]:
        shown.append(view)
        return [view.crop(view.data)]

    restored = held.restored(idle)  # type: ignore[arg-type]
    frames = [one for view in shown for one in view.crop(view.data)[:, 0].numpy()]
    noises = [one for view in shown for one in view.noise.flatten().tolist()]
    assert len(frames) == len(held.pictures) >= 4
    for frame, noise, picture, one in zip(frames, noises, restored, held.pictures, strict=True):
        low, high = np.percentile(one.frame, RANGE)
        assert high - low > 1.5  # noise makes more than half of it
        assert np.subtract(*np.percentile(frame, RANGE[::-1])) == pytest.approx(1, rel=1e-4)
        assert noise * (high - low) == pytest.approx(gaussian_sigma(one.frame), rel=0.3)
        np.testing.assert_allclose(picture, one.frame, atol=1e-5)  # back in the scene's units
