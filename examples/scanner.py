"""Does a model trained for one scanner beat the one for everybody? Three simulated scanners tell.

    python examples/scanner.py FOLDER --minutes 15            # some 50 min of one processor in all
    python examples/scanner.py FOLDER --minutes 15 --own      # learns from slices of one object
    python examples/scanner.py FOLDER --minutes 60 --scratch  # how long it takes from scratch
    python examples/scanner.py FOLDER --minutes 15 --hard 0   # beside it, no hard patches picked
    python examples/scanner.py FOLDER --minutes 15 --processors 2  # of the clock, on two of them
    python examples/scanner.py FOLDER --measure               # measures again, no training
    python examples/scanner.py FOLDER                         # prints what was measured
    python examples/scanner.py FOLDER --write docs            # and writes it into training.md,
                                                              # once all three have been trained

Each scanner has a PSF, a gain and a read noise of its own. The shipped model learns on scenes drawn
for that scanner, of all kinds, and both are judged on scenes that neither ever saw, beside TV with
automatic weight. With `--own` it learns from sharp slices of what the scanner looks at, a casting,
and both are judged on the quarter of them that is withheld. From scratch, the model is looked at
each minute. What was cut off goes on where it was. Minutes are those of one processor; with more
of them, those on the wall: then nothing else should run.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from learned_parts import kept, objects
from study_parts import page

from napari_deconv import choices
from napari_deconv.learned import model as models
from napari_deconv.learned import scanner
from napari_deconv.learned.job import Job, TrainingPlan
from napari_deconv.learned.look import Difference
from napari_deconv.learned.validation import Validation
from napari_deconv.trainer import BLURRED, OWN, SHIPPED, TV, tv

SCANNERS: dict[str, dict[str, Any]] = {
    "microfocus, long exposure": {
        "psf": {"name": "gaussian", "sigma": 1.4},
        "gain": 2e-5,
        "read": 5e-4,
    },
    "flat panel with a scatter tail": {
        "psf": {"name": "core-tail", "sigma": 2.0, "tail": 0.3, "tail_length": 5.0},
        "gain": 5e-4,
        "read": 3e-3,
    },
    "fast inspection, unsharp and dark": {
        "psf": {"name": "disk", "radius": 4.0},
        "gain": 5e-3,
        "read": 1e-2,
    },
}
ERROR = "gain, standard error"
"""Name under which it is kept."""
UNSEEN = 9
"""Branch of random numbers that no training draws from."""
WHOLE = "gain, whole scenes"
"""Name under which this is kept."""
BATCH = 4
"""Pictures that are judged at once."""
WATCHED = 8
"""Pictures of these that a training from scratch is looked at by, each minute."""
TITLES = {
    "shipped": "Begun as the model that ships, on drawn scenes",
    "own-shipped": "Begun as the model that ships, on slices of one object",
    "scratch": "From scratch, on drawn scenes",
    "own-scratch": "From scratch, on slices of one object",
}
"""What begins how and learns from what, by the name of its table."""


def place(root: Path, name: str) -> Path:
    """Return the folder of a scanner's trainings; other models that ship have others."""
    return root / models.digest_of(models.SHIPPED) / name.split(",")[0].replace(" ", "-")


def home(name: str, asked: argparse.Namespace) -> Path:
    """Return the folder of the training that was asked for."""
    way = "own-" * asked.own + ("scratch" if asked.scratch else "shipped")
    several = f"-on-{asked.processors}" * (asked.processors > 1)
    return place(asked.folder, name) / f"{way}-hard-{asked.hard:g}{several}"


def plan_of(name: str, asked: argparse.Namespace) -> TrainingPlan:
    """Return the plan for a scanner."""
    return TrainingPlan(
        title=name,
        start="" if asked.scratch else models.SHIPPED,
        folder=str(home(name, asked)),
        minutes=asked.minutes,
        clock="wall" if asked.processors > 1 else "processor",
        training={
            "degradation": {**SCANNERS[name], "support": 49, "jitter": scanner.KNOWN},
            "hard": asked.hard,
            **({"batch": 1, "side": 64} if asked.quick else {}),
        },
    )


def job_of(name: str, asked: argparse.Namespace) -> Job:
    """Return the training for a scanner, as far as it is."""
    return Job(plan_of(name, asked), list(objects.slices()) if asked.own else ())


def unseen(job: Job, pictures: int, *, whole: bool = False) -> Validation:
    """Return scenes of the scanner that no training draws, or slices that are withheld.

    Whole ones, or parts of them as large as what is learned from: the same for all trainings.
    """
    training = job.run.training.model_copy(update={"batch": BATCH})
    if whole:
        side = training.scenes.side if job.tested is None else job.tested.pictures[0].shape[0]
        side -= training.degradation.support - 1
        training = training.model_copy(update={"side": side})
    return Validation(training, job.tested, -(-pictures // BATCH), branch=UNSEEN)


def each(held: Validation, model: Any) -> np.ndarray:
    """Return the PSNR of each picture that a model restores, in dB."""
    return np.array(held.decibels(held.restored(model)))


def mean(held: Validation, model: Any) -> float:
    """Return the mean of these."""
    return float(each(held, model).mean())


def scores(job: Job, pictures: int, model: Any) -> dict[str, float]:
    """Return the mean PSNR of unseen pictures by every method, in dB, and gains with their errors.

    Of parts of scenes, and the gain on whole ones as well.
    """
    held, shipped = unseen(job, pictures), models.load(models.SHIPPED).network
    before, after = each(held, shipped), each(held, model)
    whole = unseen(job, pictures, whole=True)
    wide = Difference.between(each(whole, shipped), each(whole, model))
    return {
        BLURRED: float(np.mean(held.blurred())),
        TV: float(np.mean(held.decibels([tv(one) for one in held.pictures]))),
        SHIPPED: float(before.mean()),
        OWN: float(after.mean()),
        ERROR: Difference.between(before, after).error,
        WHOLE: wide.mean,
        f"{WHOLE}, {ERROR}": wide.error,
    }


def teach(name: str, asked: argparse.Namespace) -> None:
    """Train for a scanner, unless that was done, and keep what it scores."""
    folder = home(name, asked)
    before = kept.read(folder)
    if before is not None and before.scores and before.minutes >= asked.minutes:
        return
    job = job_of(name, asked)
    curve = [] if before is None else [at for at in before.curve if at[0] * 60 <= job.run.seconds]
    watched = unseen(job, WATCHED) if asked.scratch else None
    for progress in job.progress():
        due = (curve[-1][0] if curve else 0) + asked.every
        if watched is None or job.run.cooling or progress.seconds < 60 * due:
            continue
        minutes = progress.seconds / 60
        curve.append((minutes, mean(watched, job.run.averaged)))
        kept.write(folder, _kept(asked, minutes, progress.step, curve=curve))
    found = scores(job, asked.pictures, job.run.averaged)
    if watched is not None:
        found |= {
            f"watched, {SHIPPED}": mean(watched, models.load(models.SHIPPED).network),
            f"watched, {OWN}": mean(watched, job.run.averaged),
        }
    told = {what: found[what] for what in (BLURRED, TV, SHIPPED, OWN)}
    job.deliver(job.folder / kept.MODEL, told)
    kept.write(folder, _kept(asked, asked.minutes, job.run.step, scores=found, curve=curve))
    gain = Difference(found[OWN] - found[SHIPPED], found[ERROR])
    print(f"{name}: {gain} dB over the shipped model", flush=True)


def _kept(asked: argparse.Namespace, minutes: float, steps: int, **found: Any) -> kept.Kept:
    """Return what is kept of a training as far as it is."""
    return kept.Kept(minutes, steps, hard=asked.hard, processors=asked.processors, **found)


def measure(name: str, asked: argparse.Namespace) -> None:
    """Measure again what was trained for a scanner from the shipped model."""
    folder = home(name, asked)
    before = kept.read(folder)
    if before is not None and before.scores and not asked.scratch:
        model = models.load(str(folder / kept.MODEL)).network
        done = argparse.Namespace(**{**vars(asked), "minutes": before.minutes})
        found = scores(job_of(name, done), asked.pictures, model)
        kept.write(folder, replace(before, scores=found))


def tables(root: Path, *, whole: bool = False) -> dict[str, str]:
    """Return every table that something was kept for; only those with all scanners, if asked."""
    found = {}
    for way in TITLES:
        known = [
            (name, one)
            for name in SCANNERS
            for folder in sorted(place(root, name).glob(f"{way}-hard-*"))
            if (one := kept.read(folder)) is not None and WHOLE in one.scores
        ]
        if known and not (whole and len({name for name, _ in known}) < len(SCANNERS)):
            found[way] = (_timed if way.endswith("scratch") else _compared)(known)
    return found


def _compared(known: list[tuple[str, kept.Kept]]) -> str:
    """Return the table of models beside each other."""
    rows = [
        [
            name,
            f"{one.hard:g}",
            *(f"{one.scores[what]:.2f}" for what in (BLURRED, TV, SHIPPED, OWN)),
            str(Difference(one.scores[OWN] - one.scores[SHIPPED], one.scores[ERROR])),
            str(Difference(one.scores[WHOLE], one.scores[f"{WHOLE}, {ERROR}"])),
            f"{one.minutes:g}" + " on the wall" * (one.processors > 1),
            str(one.processors),
            str(one.steps),
        ]
        for name, one in known
    ]
    header = [
        "PSNR in dB",
        "hard",
        BLURRED,
        TV,
        SHIPPED,
        "this scanner's",
        "gain",
        WHOLE,
        "minutes",
        "processors",
        "steps",
    ]
    return page.table(header, rows)


def _timed(known: list[tuple[str, kept.Kept]]) -> str:
    """Return the table of how good a model from scratch is after how many minutes."""
    last = max((at for _, one in known for at, _ in one.curve), default=0)
    minutes = [m for m in (1, 2, 5, 10, 20, 50, 100, 200, 500) if m <= last]
    rows = []
    for name, one in known:
        rival = one.scores[f"watched, {SHIPPED}"]
        reached = [at for at, value in one.curve if value >= rival]
        end = one.scores[f"watched, {OWN}"]
        late = f"{one.minutes:g}" if end >= rival else f"not in {one.minutes:g}"
        rows.append(
            [
                name,
                f"{one.hard:g}",
                *(_at(one.curve, m) for m in minutes),
                f"{end:.2f}",
                f"{rival:.2f}",
                f"{reached[0]:.0f}" if reached else late,
                str(one.steps),
            ]
        )
    header = ["PSNR in dB", "hard", *(f"{m} min" for m in minutes), "at the end, cooled", SHIPPED]
    return page.table([*header, "as good after, min", "steps"], rows)


def _at(curve: list[tuple[float, float]], minute: float) -> str:
    """Return the first score from a minute on; nothing if there is none."""
    return next((f"{value:.2f}" for at, value in curve if at >= minute), "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="where checkpoints, models and figures are kept")
    parser.add_argument("--minutes", type=float, help="a scanner")
    parser.add_argument("--processors", type=int, default=1, help="that train")
    parser.add_argument("--scanners", type=int, default=len(SCANNERS), help="how many of them")
    parser.add_argument("--pictures", type=int, default=32, help="unseen ones to judge by")
    parser.add_argument("--own", action="store_true", help="learn from slices of one object")
    parser.add_argument("--scratch", action="store_true", help="begin as no model")
    parser.add_argument("--every", type=float, default=1, help="minutes between looks, if so")
    share = scanner.HARD
    parser.add_argument("--hard", type=float, default=share, help="share of patches picked as hard")
    parser.add_argument("--measure", action="store_true", help="measure again what is trained")
    parser.add_argument("--quick", action="store_true", help="small patches, to see that it runs")
    parser.add_argument("--write", type=Path, metavar="DOCS", help="folder of training.md")
    asked = parser.parse_args()
    if asked.processors < 1 or (asked.scratch and asked.processors > 1):
        parser.error("--processors is 1 or more, and 1 from scratch: its minutes are a processor's")
    if asked.write and asked.quick:
        parser.error("--quick only shows that it runs: what it finds is not for the docs")
    torch.set_num_threads(asked.processors)
    choices("psf")  # which plans and cards may name
    for name in list(SCANNERS)[: asked.scanners]:
        if asked.minutes:
            teach(name, asked)
        elif asked.measure:
            measure(name, asked)
    for name, text in tables(asked.folder).items():
        print(f"\n{TITLES[name]}\n\n{text}")
    if asked.write:
        page.write(asked.write / "training.md", tables(asked.folder, whole=True))


if __name__ == "__main__":
    main()
