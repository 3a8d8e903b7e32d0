"""`napari-deconv train`: from a plan and sharp images to a model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
import yaml
from typer.testing import CliRunner

import napari_deconv as nd
from napari_deconv import trainer
from napari_deconv.cli import app
from napari_deconv.core.operators import Blur
from napari_deconv.learned.delivery import noises
from napari_deconv.learned.images import Images
from napari_deconv.learned.job import Job, TrainingPlan
from napari_deconv.learned.training import Training
from napari_deconv.learned.validation import Validation
from napari_deconv.psf.measured import MeasuredPsf

RUN = CliRunner()


def pictures(number: int, side: int = 90) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.integers(0, 60_000, (side, side)).astype(np.uint16) for _ in range(number)]


def plan(tmp_path: Path, tiny: Any, **changes: Any) -> dict[str, Any]:
    training = tiny(degradation={"support": 9}, architecture={**tiny().architecture.plain()})
    return {
        "title": "mine",
        "folder": str(tmp_path / "run"),
        "out": str(tmp_path / "mine.safetensors"),
        "steps": 8,
        "training": training.plain(),
        **changes,
    }


def written(tmp_path: Path, plain: dict[str, Any]) -> str:
    path = tmp_path / "plan.yaml"
    path.write_text(yaml.safe_dump(plain), encoding="utf-8")
    return str(path)


def numbered(number: int) -> tuple[list[int], list[int]]:
    """Return which pictures of a sequence are learned from, and which are tested."""
    images = Images.of([np.stack([np.full((9, 9), k) for k in range(number)])], 9)
    learned, tested = (
        [round(float(p[0, 0]) * (number - 1)) for p in half.pictures] for half in images.halves(9)
    )
    return learned, tested


def test_a_quarter_of_a_sequence_is_kept_apart_in_blocks() -> None:
    learned, tested = numbered(64)
    assert tested == [13, 14, 29, 30, 45, 46, 61, 62, 63]
    apart = [*range(12, 16), *range(28, 32), *range(44, 48), *range(60, 64)]
    assert learned == [k for k in range(64) if k not in apart]


@pytest.mark.parametrize("number", [*range(4, 30), 47, 63, 65, 100])
def test_nothing_that_is_tested_is_next_to_what_is_learned_from(number: int) -> None:
    learned, tested = numbered(number)
    assert tested
    assert set(learned).isdisjoint(tested)
    assert len(learned) >= 0.6 * number
    if number > 4:
        assert min(abs(one - other) for one in learned for other in tested) >= 2
    if number >= 12:
        assert len(tested) >= number / 10


def test_of_one_image_some_rows_are_kept_apart() -> None:
    image = np.arange(80 * 50.0).reshape(80, 50)
    learned, tested = Images.of([image], 20).halves(20)
    assert (learned.pictures[0].shape, tested.pictures[0].shape) == ((60, 50), (20, 50))
    with pytest.raises(ValueError, match="nothing can be kept apart"):
        Images.of([image], 45).halves(45)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.ones((50, 50)), "one grey value"),
        (np.eye(10), "pixels wide"),
        (np.ones((50, 50, 3, 2)), "can't be learned from"),
        (np.full((50, 50), np.nan), "NaN"),
    ],
)
def test_images_that_can_not_be_learned_from_are_refused(array: np.ndarray, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Images.of([array], 40)
    with pytest.raises(ValueError, match="no image"):
        Images.of([], 40)


def test_crops_hold_nothing_but_what_is_learned_from() -> None:
    images = Images.of([*pictures(8)], 40)
    learned, _ = images.halves(40)
    for place in range(6):
        crop = learned.crop(0, 3, place, 40)
        assert crop.values.shape == (40, 40)
        np.testing.assert_array_equal(crop.values, learned.crop(0, 3, place, 40).values)
        levels = set(np.concatenate([p.ravel() for p in learned.pictures]).tolist())
        assert set(crop.values.ravel().tolist()) <= levels


def test_training_on_a_folder_from_the_command_line(
    tmp_path: Path, tiny: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, few in (("WATCHED", 2), ("JUDGED", 4)):
        monkeypatch.setattr(trainer, name, few)
    folder = tmp_path / "sharp"
    folder.mkdir()
    for number, picture in enumerate(pictures(5)):
        tifffile.imwrite(folder / f"{number:03}.tif", picture)
    config = written(tmp_path, plan(tmp_path, tiny, images=[str(folder)]))
    done = RUN.invoke(app, ["train", config, "--json"])
    assert done.exit_code == 0, done.output
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [told[0]["event"], told[-1]["event"]] == ["begun", "done"]
    assert "3 sharp pictures, tested on 1 kept apart" in told[0]["said"]
    looks = [event for event in told if event["event"] == "validated"]
    best = [look["step"] for look in looks if look["best"]]
    card = told[-1]["card"]
    assert card["steps"] == best[-1]
    assert looks[-1]["step"] == 8
    assert card["data"] == "3 images of the user's"
    assert set(card["scores"]) == {"blurred", "TV, automatic", "shipped model", "this model"}
    assert told[-1]["table"] == card["scores"]
    assert card["calibration"]["pictures"] == told[-1]["pictures"] == 2
    assert told[-1]["error"] > 0
    held = np.load(looks[-1]["preview"])
    assert held.shape == (32, 4 * 32 + 12)
    model = str(tmp_path / "mine.safetensors")
    image = pictures(1)[0].astype(np.float32)
    result = nd.deconvolve(image, "gaussian", "restore", model=model, force=True, device="cpu")
    assert np.isfinite(result).all()


def test_a_job_that_was_cut_off_goes_on(tmp_path: Path, tiny: Any) -> None:
    settings = TrainingPlan(**plan(tmp_path, tiny))
    walk = Job(settings).progress()
    for _ in range(7):  # one step of the two in which it cools
        next(walk)
    walk.close()
    again = Job(settings)
    steps = [progress.step for progress in again.progress()]
    assert steps[-1] == 8
    assert again.deliver(tmp_path / "mine.safetensors", {}).steps == 8
    assert list(Job(settings).progress()) == []


def test_a_scanner_s_noise_and_psf_reach_the_training(tmp_path: Path, tiny: Any) -> None:
    psf = np.zeros((41, 41))
    psf[18:23, 18:23] = 1
    settings = TrainingPlan(**plan(tmp_path, tiny, gain=2.0, read=30.0, white=50_000))
    degradation = Job(settings, psf=MeasuredPsf.of(psf)).run.training.degradation
    assert degradation.support == 9  # 2 px on each side, 15 % wider at most, is the least grid
    assert degradation.gain == pytest.approx(2 / 50_000)
    assert degradation.read == pytest.approx(30 / 50_000)
    arrays = [np.stack([picture + np.uint16(1000) for picture in pictures(4)])]
    settings = settings.model_copy(update={"folder": str(tmp_path / "other")})
    job = Job(settings, arrays, MeasuredPsf.of(psf))
    low, high = Images.of(arrays, 40).span
    at_low = 2 * low + 30**2
    assert job.run.training.degradation.read == pytest.approx(at_low**0.5 / (high - low))
    with pytest.raises(ValueError, match="give both"):
        Job(settings.model_copy(update={"read": None}))


def test_a_card_tells_the_noise_that_was_learned_from(tiny: Any) -> None:
    scanner = tiny(degradation={"support": 17, "gain": 4e-4, "read": 6e-4})
    weakest, strongest = noises(scanner)
    told = [float(s.sqrt()) for n in range(40) for s in variances(scanner, n)]
    inside = np.mean([weakest / 1.5 < one < strongest * 1.5 for one in told])
    assert inside > 0.95
    assert 0 < weakest < np.median(told) < strongest < 4 * max(told)
    low = Images.of([0.9 + 0.1 * np.random.default_rng(0).random((60, 60))], 48)
    faint = replace(low, pictures=tuple(0.9 + 0.1 * one for one in low.pictures))
    alike = noises(scanner, faint)  # a tenth of the range, all of it bright
    assert alike[0] < (4e-4 * 0.95 + 36e-8) ** 0.5 / 0.1 < alike[1] < 2 * alike[0]
    burst = tiny(degradation={**scanner.degradation.plain(), "frames": 4})
    assert noises(burst)[1] == pytest.approx(strongest / 2)
    anything = tiny().degradation
    assert noises(tiny()) == (anything.weakest, anything.strongest)


def variances(training: Training, number: int) -> Any:
    return training.batch_of(number).view.sigma.square().mean((1, 2, 3))


def test_a_training_begins_as_a_model(tmp_path: Path, tiny: Any) -> None:
    first = Job(TrainingPlan(**plan(tmp_path, tiny)))
    list(first.progress())
    file = tmp_path / "first.safetensors"
    first.deliver(file, {})
    other = {"folder": str(tmp_path / "second"), "start": str(file), "training": {"batch": 2}}
    second = Job(TrainingPlan(**{**plan(tmp_path, tiny), **other}))
    assert second.run.training.architecture == first.run.training.architecture
    for one, begun in zip(
        first.run.averaged.parameters(), second.run.model.parameters(), strict=True
    ):
        torch.testing.assert_close(one, begun, rtol=2e-3, atol=1e-6)  # 16 bits in the file


def test_a_held_picture_knows_its_psf(tiny: Any) -> None:
    training = tiny()
    held = Validation(training, None, 1)
    view = training.batch_of(0, 2).view
    for place, one in enumerate(held.pictures):
        alone = Blur(torch.from_numpy(one.kernel), view.blur.grid)
        torch.testing.assert_close(alone.spectrum, view.blur.spectrum[place].squeeze(0))
    assert held.blurred() == held.decibels([one.frame for one in held.pictures])


def test_pictures_stay_where_they_are_when_others_of_them_go_to_a_device(tiny: Any) -> None:
    pairs = tiny().batch_of(0, 2).lasting()
    pairs.view.blur.adjoint(pairs.view.data)  # which keeps something, too
    moved = pairs.to(torch.device("meta"))
    assert moved.view.blur.adjoint(moved.view.data).device.type == "meta"
    assert moved.view.blur.spectrum.device.type == moved.view.data.device.type == "meta"
    assert pairs.view.blur.spectrum.device.type == pairs.view.data.device.type == "cpu"
    held = Validation(tiny(), None, 1)
    elsewhere = torch.device("meta")
    assert held._on(elsewhere)[0].view.shown is held._on(elsewhere)[0].view.shown is not None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": None}, "minutes or steps"),
        ({"minutes": 3}, "minutes or steps"),
        ({"out": "model.pth"}, "safetensors"),
        ({"images": ["nowhere.tif"]}, "nowhere.tif"),
        ({"rate": 3}, "rate"),
    ],
)
def test_a_plan_that_can_not_be_is_refused(
    tmp_path: Path, tiny: Any, change: dict[str, Any], words: str
) -> None:
    config = written(tmp_path, plan(tmp_path, tiny, **change))
    done = RUN.invoke(app, ["train", config])
    assert done.exit_code == 2
    assert words in done.output


def test_what_is_no_plan_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("just words", encoding="utf-8")
    done = RUN.invoke(app, ["train", str(tmp_path / "plan.yaml")])
    assert done.exit_code == 2
    assert "no training plan" in done.output
