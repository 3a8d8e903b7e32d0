"""What a plan is made into, told at once where it can't be, and gone on with as it began."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from napari_deconv.cli import app
from napari_deconv.cli_train import arrays_of
from napari_deconv.learned import scanner
from napari_deconv.learned.claim import LOCK
from napari_deconv.learned.job import Job, TrainingPlan
from napari_deconv.learned.training import Training

from .test_job import RUN, pictures, plan, written


def test_a_scan_that_begins_far_from_0(tmp_path: Path, tiny: Any) -> None:
    changes = {"gain": 2.0, "read": 30.0, "black": 40_000, "white": 50_000}
    degradation = Job(TrainingPlan(**plan(tmp_path, tiny, **changes))).run.training.degradation
    assert degradation.gain == pytest.approx(2 / 10_000)
    assert degradation.read == pytest.approx((2 * 40_000 + 30**2) ** 0.5 / 10_000)
    with pytest.raises(ValueError, match="brighter than black"):
        TrainingPlan(**plan(tmp_path, tiny, **{**changes, "white": 40_000}))
    other = TrainingPlan(**plan(tmp_path, tiny, gain=2.1, read=3.4, folder=str(tmp_path / "o")))
    with pytest.raises(ValueError, match=r"The noise is 3\.7 times the range .* which .* white"):
        Job(other)  # in grey values of a scan whose white was not said
    old = plan(tmp_path, tiny)
    assert TrainingPlan(**old).range == (0, 1)
    assert TrainingPlan(**old, white=52_000).range == (0, 52_000)


@pytest.mark.parametrize(
    ("pictures", "scan", "taken"),
    [
        ((0, 255), (0, 52_000), (0, 52_000)),  # 8-bit pictures of a 16-bit scan
        ((0.0, 0.08), (0, 52_000), (0, 52_000)),
        ((1_000, 61_000), (0, 52_000), (1_000, 61_000)),
        ((41_000, 51_000), (0, 52_000), (41_000, 51_000)),  # of the scanner, but pale
        ((0, 255), None, (0, 255)),
        ((0, 255), (-400, -100), (0, 255)),  # the span is all the same
    ],
)
def test_noise_of_a_scan_in_pictures_of_other_units(pictures: Any, scan: Any, taken: Any) -> None:
    assert scanner.range_of(pictures, scan) == taken


def test_pictures_in_other_units_get_the_scan_s_noise(tmp_path: Path, tiny: Any) -> None:
    small = [(picture // 256).astype(np.uint8) for picture in pictures(4)]
    changes = {"gain": 2.1, "read": 3.4, "white": 52_000}
    job = Job(TrainingPlan(**plan(tmp_path, tiny, **changes)), small)
    assert job.run.training.degradation.gain == pytest.approx(2.1 / 52_000)


def test_a_training_goes_on_when_the_model_it_began_as_is_another(
    tmp_path: Path, tiny: Any
) -> None:
    file = tmp_path / "start.safetensors"
    Job(TrainingPlan(**plan(tmp_path, tiny))).deliver(file, {})
    settings = TrainingPlan(**plan(tmp_path, tiny, folder=str(tmp_path / "on"), start=str(file)))
    first = Job(settings)
    walk = first.progress()
    next(walk)
    first.stop()
    list(walk)
    other = tiny(architecture={**tiny().architecture.plain(), "stages": 1})
    Job(TrainingPlan(folder=str(tmp_path / "o"), steps=8, training=other)).deliver(file, {})
    assert Job(settings).run.training == first.run.training
    file.unlink()
    assert Job(settings).run.step == 2


def test_what_knows_much_learns_gently_unless_told_otherwise() -> None:
    own = TrainingPlan(start="default", minutes=1)
    told = (own.cooling, own.training.rate, own.training.batch)
    assert told == (scanner.COOLING, scanner.RATE, scanner.BATCH)
    assert own.replace(minutes=2).training == own.training
    other = TrainingPlan(start="default", minutes=1, cooling=0.3, training={"rate": 1e-3})
    assert (other.cooling, other.training.rate, other.training.batch) == (0.3, 1e-3, scanner.BATCH)
    scratch, usual = TrainingPlan(minutes=1), Training()
    assert scratch.training == usual
    assert scratch.cooling == TrainingPlan.model_fields["cooling"].default
    chosen = TrainingPlan(start="default", minutes=1, training=Training(rate=usual.rate)).training
    assert (chosen.rate, chosen.batch) == (usual.rate, scanner.BATCH)


def test_a_shorter_end_is_told_as_it_will_be(tmp_path: Path, tiny: Any) -> None:
    job = Job(TrainingPlan(**plan(tmp_path, tiny, steps=40)))
    walk = job.progress()
    for _ in range(11):  # and one more when it is stopped
        next(walk)
    job.stop()
    list(walk)
    shorter = Job(TrainingPlan(**plan(tmp_path, tiny, steps=9)))
    assert shorter.total == 12 + 2
    assert [one.step for one in shorter.progress()] == [13, 14]
    assert shorter.done == shorter.total


def test_two_processes_do_not_train_in_one_folder(tmp_path: Path, tiny: Any) -> None:
    settings = TrainingPlan(**plan(tmp_path, tiny))
    hold = (
        "import sys, filelock, pathlib; pathlib.Path(sys.argv[1]).parent.mkdir();"
        "l = filelock.FileLock(sys.argv[1]); l.acquire(); print('held', flush=True);"
        "sys.stdin.readline()"
    )
    order = [sys.executable, "-c", hold, str(tmp_path / "run" / LOCK)]
    with subprocess.Popen(order, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == b"held"
        with pytest.raises(ValueError, match="Another training is at work in"):
            Job(settings)
        other.kill()  # the system frees what it held
    one = Job(settings)
    assert Job(settings).run.step == one.run.step  # this process is one


def test_no_model_is_written_over_another(tmp_path: Path, tiny: Any) -> None:
    own = tmp_path / "mine.safetensors"
    own.write_bytes(b"somebody's")
    for changes, sentence in (
        ({}, "is there already: name another file"),
        ({"start": str(own)}, "is the model that the training begins as"),
    ):
        done = RUN.invoke(app, ["train", written(tmp_path, plan(tmp_path, tiny, **changes))])
        assert done.exit_code == 2
        assert sentence in " ".join(done.output.split())
        assert not (tmp_path / "run").exists()
    assert own.read_bytes() == b"somebody's"


def test_a_folder_that_can_not_be_is_told_at_once(tmp_path: Path, tiny: Any) -> None:
    (tmp_path / "run").write_text("a file")
    done = RUN.invoke(app, ["train", written(tmp_path, plan(tmp_path, tiny))])
    assert done.exit_code == 2
    assert "can't take the training: File exists" in " ".join(done.output.split())
    assert "TV" not in done.output


def test_what_is_no_picture_in_a_folder_is_passed_over(tmp_path: Path) -> None:
    for name in (".DS_Store", "._0.tif", "notes.txt", "Makefile"):
        (tmp_path / name).write_bytes(b"no picture")
    with pytest.raises(ValueError, match="holds no picture"):
        arrays_of([str(tmp_path)])
    np.save(tmp_path / "1.npy", np.eye(9) > 0)
    tifffile.imwrite(tmp_path / "0.tif", np.full((9, 9), 7, np.uint16))
    first, second = arrays_of([str(tmp_path)])
    assert first[0, 0] == 7
    assert (second.dtype, second[0, 0], second[0, 1]) == (np.uint8, 1, 0)
    (tmp_path / "2.png").write_bytes(b"some picture")
    with pytest.raises(ValueError, match=r"2\.png"):
        arrays_of([str(tmp_path)])
    (tmp_path / "2.png").unlink()
    tifffile.imwrite(tmp_path / "2.tif", np.zeros((9, 9, 3), np.uint8), photometric="rgb")
    with pytest.raises(ValueError, match=r"2\.tif is in colour"):
        arrays_of([str(tmp_path)])


def test_pictures_larger_than_scenes(tmp_path: Path, tiny: Any) -> None:
    wide = tiny(side=100, degradation={"support": 9})
    with pytest.raises(ValueError, match=r"need scenes of 108 pixels, and these have 96: set"):
        wide.batch_of(0)
    job = Job(TrainingPlan(**{**plan(tmp_path, tiny), "training": wide.plain()}))
    assert job.run.training.scenes.side == 108
