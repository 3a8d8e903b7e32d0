"""Every example runs by itself, without a warning, and shows what it promises."""

from __future__ import annotations

import argparse
import copy
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from napari_deconv.learned import model as models
from napari_deconv.learned.card import Card
from napari_deconv.learned.look import Difference, Look
from napari_deconv.learned.tuning import TuningPlan

FOLDER = Path(__file__).resolve().parents[1] / "examples"
EXAMPLES = sorted(FOLDER.glob("*.py"))
ARGUMENTS = {"study": ["--quick"]}
TRAININGS = ("train_default", "train_denoiser")
"""Examples that are given a folder, and end after a moment."""
BRIEF = ["--minutes", "0.005"]
SCANNER = [*BRIEF, "--scanners", "1", "--pictures", "2", "--quick"]
LEARNED = ["--quick", "--only", "kpn, blind"]
TUNED = ["--quick", "--steps", "1", "--cases", "2"]
OF_FOLDERS = {"scanner": SCANNER, "study_learned": LEARNED, "finetune": TUNED}
TESTED = {"deblur", "boundaries", "watch", "study", *TRAININGS, *OF_FOLDERS}
"""Examples that one test below runs: a second test may run in another process, and run it again."""


def output_of(script: Path) -> str:
    """Run a script in an interpreter of its own, and return what it printed."""
    with TemporaryDirectory() as folder:
        brief = {**dict.fromkeys(TRAININGS, BRIEF), **OF_FOLDERS}.get(script.stem)
        training = [] if brief is None else [folder, *brief]
        done = subprocess.run(
            [sys.executable, "-W", "error", str(script), *ARGUMENTS.get(script.stem, training)],
            capture_output=True,
            text=True,
            timeout=240,
        )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_every_example_says_what_it_is() -> None:
    assert {script.stem for script in EXAMPLES} >= TESTED
    assert all(script.read_text(encoding="utf-8").startswith('"""') for script in EXAMPLES)


@pytest.mark.parametrize(
    "script", [s for s in EXAMPLES if s.stem not in TESTED], ids=lambda script: script.stem
)
def test_it_runs(script: Path) -> None:
    assert output_of(script).strip()


@pytest.mark.parametrize("name", TRAININGS)
def test_a_sitting_of_a_training_says_how_far_it_came(name: str) -> None:
    step, minutes = re.findall(
        r"now at step (\d+), after ([\d.]+) min", output_of(FOLDER / f"{name}.py")
    )[0]
    assert int(step) >= 1
    assert float(minutes) > 0


def test_a_scanner_has_a_row_of_numbers() -> None:
    (row,) = re.findall(r"^\| microfocus.*$", output_of(FOLDER / "scanner.py"), re.M)
    cells = row.strip("| ").split(" | ")[1:]
    gain, error = map(float, cells.pop(5).split(" ± "))
    assert re.fullmatch(r"[+-]\d+\.\d\d ± \d+\.\d\d", cells.pop(5))  # on whole scenes
    hard, blurred, _, shipped, own, _, processors, steps = map(float, cells)
    assert (hard, processors) == (0.5, 1)
    assert gain == pytest.approx(own - shipped, abs=0.011)
    assert error > 0
    assert shipped > blurred
    assert steps >= 1


def test_a_scanner_s_own_slices_are_learned_from_and_judge(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    import scanner

    terms = {"own": True, "scratch": False, "hard": 0.0, "minutes": 1, "quick": False}
    asked = argparse.Namespace(folder=tmp_path, **terms, processors=1)
    job = scanner.job_of(next(iter(scanner.SCANNERS)), asked)
    assert job.learned is not None
    assert job.tested is not None
    assert (len(job.learned.pictures), len(job.tested.pictures)) == (48, 9)
    sides = {
        whole: {held.truth.shape for held in scanner.unseen(job, 4, whole=whole).pictures}
        for whole in (False, True)
    }
    assert sides == {False: {(112, 112)}, True: {(144, 144)}}


def test_minutes_of_several_processors_are_those_on_the_wall(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    import scanner

    name = next(iter(scanner.SCANNERS))
    terms = {"own": False, "scratch": False, "hard": 0.0, "minutes": 1, "quick": False}
    one, two = (argparse.Namespace(folder=tmp_path, **terms, processors=n) for n in (1, 2))
    assert scanner.plan_of(name, one).clock == "processor"
    assert scanner.plan_of(name, two).clock == "wall"
    assert scanner.home(name, one) != scanner.home(name, two)
    assert scanner._kept(two, 1, 9).processors == 2


def test_a_fine_tuned_model_has_a_row_and_tables_have_a_place() -> None:
    shown = output_of(FOLDER / "finetune.py")
    (row,) = re.findall(r"^\| fast.*$", shown, re.M)
    *_, kept, steps = row.strip("| ").split(" | ")
    assert (int(kept), int(steps)) == (0, 1)  # nothing is surely gained in one step
    before, after, gain, least, drawn = row.strip("| ").split(" | ")[3:8]
    assert before == after
    assert (gain, least, drawn) == ("+0.00 ± 0.00", "+0.00", "+0.00 ± 0.00")
    assert float(before) > 20
    page = (FOLDER.parent / "docs" / "training.md").read_text(encoding="utf-8")
    for table in ("finetune", "shipped", "own-shipped", "scratch", "own-scratch"):
        assert f"<!-- table {table} -->" in page


def test_the_row_of_a_fine_tuned_model_is_what_that_model_scores(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    import finetune

    given, told = {}, Difference(0.125, 0.0625)

    class Spoiling:
        """Keeps what is less sharp, to see whose PSNR is told."""

        def __init__(self, plan: TuningPlan, frames: Any, seconds: Any, psf: Any) -> None:
            self.plan = plan
            given.update(frames=frames, seconds=seconds)

        def looks(self) -> Iterator[Look]:
            for step, gain, best in ((0, 0.0, True), (20, 0.125, True), (40, 9.0, False)):
                yield Look(step, 1.0, told, 30.0, Difference(gain, 1.0), best)

        def gained(self) -> Difference:
            return told

        def deliver(self) -> Card:
            card = models.card_of(models.SHIPPED)
            network = copy.deepcopy(models.load(models.SHIPPED).network)
            network.stages[-1].network.ending().weight.data *= -1
            models.save(Path(self.plan.out), network, card)
            return card

    monkeypatch.setattr(finetune, "Tuning", Spoiling)
    asked = argparse.Namespace(folder=tmp_path, steps=40, rate=None, quick=True)
    row = dict(zip(finetune.HEADER, finetune.row(finetune.CASES[1], asked), strict=True))
    assert [len(given[part]) for part in ("frames", "seconds")] == [4, 4]
    same = [np.array_equal(*pair) for pair in zip(given["frames"], given["seconds"], strict=True)]
    assert not any(same)  # other noise
    before, after, least = (float(row[c]) for c in ("before", "after", "least of a picture"))
    assert before > after + 1
    gain, error = map(float, row["gain"].split(" ± "))
    assert gain == pytest.approx(after - before, abs=0.011)
    assert least <= gain <= least + 2 * error + 0.02  # of two pictures
    assert row["gain on drawn scenes"] == "+0.12 ± 0.06"
    assert (row["kept at step"], row["steps"]) == ("20", "40")


@pytest.mark.parametrize("partly", [["--quick"], ["--cases", "0", "2"]])
def test_part_of_a_table_never_replaces_the_whole(
    partly: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    import finetune

    folder = tmp_path / "models"
    asked = ["finetune.py", str(folder), "--write", str(tmp_path), *partly]
    monkeypatch.setattr(sys, "argv", asked)
    with pytest.raises(SystemExit):
        finetune.main()
    assert "--write replaces the whole table" in capsys.readouterr().err
    assert not folder.exists()


def test_the_study_of_learned_deblurring_has_what_is_compared_and_what_was_trained() -> None:
    shown = output_of(FOLDER / "study_learned.py")
    bursts = shown.split("\nburst\n\n")[1].split("\n\n")[0]
    rows = {row.split(" | ")[0].strip("| "): row for row in bursts.splitlines()[2:]}
    assert list(rows) == [
        "blurred",
        "TV, automatic",
        "shipped model",
        "one frame, TV",
        "one frame, shipped",
        "kpn, blind",
    ]
    own = {name: float(row.split(" | ")[5]) for name, row in rows.items()}
    assert own["shipped model"] > own["blurred"] + 2
    assert "bursts | 0.01 | 8 |" in rows["kpn, blind"]
    assert "swinir" not in shown


def test_what_was_taught_is_measured_again_and_stays_taught(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    from learned_parts import kept
    from learned_parts.trainings import LESSONS
    from study_learned import Study

    study = Study.__new__(Study)
    study.folder = tmp_path
    monkeypatch.setattr(Study, "scores", lambda *_: {"own, blur": 31.0})
    first, second = (tmp_path / lesson.folder for lesson in LESSONS[:2])
    kept.write(first, kept.Kept(2.0, 240, {"own, blur": 30.0}, hard=0.5))
    study.measure()
    assert kept.read(first) == kept.Kept(2.0, 240, {"own, blur": 31.0}, hard=0.5)
    assert kept.read(second) is None


def test_minutes_are_steps_of_a_pace_that_is_measured_once_for_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    from learned_parts import kept, pace, tables
    from learned_parts.trainings import LESSONS

    days = iter((0.5, 1.0, 0.25))  # each machine at its own speed

    def measured(lessons: Any, _: Any) -> dict[str, float]:
        speed = next(days)
        return {one.name: speed * (1 + number) for number, one in enumerate(lessons)}

    monkeypatch.setattr(pace, "measured", measured)
    first = pace.paces(tmp_path, LESSONS[:3], None)
    assert pace.steps(first[LESSONS[1].name], 2.0) == 120
    assert pace.steps(first[LESSONS[1].name], 1e-3) == pace.FEWEST
    assert pace.paces(tmp_path, LESSONS[:3], None) == first
    assert pace.paces(tmp_path, LESSONS, None)[LESSONS[0].name] == 1.0  # one was missing
    assert pace.paces(tmp_path, LESSONS, None, anew=True)[LESSONS[0].name] == 0.25
    home = tmp_path / LESSONS[0].folder
    made = kept.Kept(2.0, 240, {"own, blur": 30.0}, pace=0.5)
    kept.write(home, made)
    assert kept.read(home) == made
    assert "| blur | 2 | 240 | 0.50 | 30.00 |" in tables.tables(tmp_path)["single"]
    (home / "notes.txt").write_text("a user's")
    kept.forget(home)
    assert [file.name for file in home.iterdir()] == ["notes.txt"]


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


def test_the_study_has_a_row_for_every_method_and_frame_and_a_place_on_its_page() -> None:
    shown = output_of(FOLDER / "study.py")
    assert_placed(shown)
    rows = re.findall(r"^\| (.+?) \|((?: [\d.]+(?: \([^)]*\))? \|){3})$", shown, re.M)
    ratios = {name: [float(x) for x in re.findall(r" ([\d.]+)", cells)] for name, cells in rows}
    assert {"blurred", "L1, exactly", "TV, ours, converged"} <= set(ratios)
    for name in ("PyLops, 10 x 5 iterations", "ours, converged"):
        assert {f"TV, {name}", f"TV+Haar, {name}"} <= set(ratios)
    lines_blurred, lines_tv = ratios["blurred"][0], ratios["TV, ours, converged"][0]
    assert lines_tv > lines_blurred + 10


def test_the_page_of_the_study_keeps_what_people_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    from study_parts.page import filled, table

    page = "before <!-- table a -->\nold\n<!-- end --> after"
    text = table(["x", "y"], [["1", "2"]])
    once = filled(page, {"a": text})
    assert once.startswith("before <!-- table a -->\n\n| x | y |")
    assert once.endswith("| 1 | 2 |\n\n<!-- end --> after")
    assert filled(once, {"a": text}) == once
    with pytest.raises(ValueError, match="no place"):
        filled(page, {"b": text})


def assert_placed(shown: str) -> None:
    """Fail if a table of the study has no place on its page, or other rows there."""
    page = (FOLDER.parent / "docs" / "study.md").read_text(encoding="utf-8")
    names = re.findall(r"^(\w+) \(\d+ CPU s\)$", shown, re.M)
    assert names
    for name in names:
        (block,) = re.findall(rf"<!-- table {name} -->\n\n(.*?)\n\n<!-- end -->", page, re.S)
        printed = shown.split(f"\n{name} (")[1].split("\n\n")[1]
        labels = [[row.split(" | ")[0] for row in text.splitlines()] for text in (block, printed)]
        assert labels[0] == labels[1]
