"""Redo the study of learned deblurring at small scale, in sittings of any length.

    python examples/study_learned.py FOLDER --minutes 15             # trains what isn't yet
    python examples/study_learned.py FOLDER --minutes 15 --only kpn  # of it, with kpn in its name
    python examples/study_learned.py FOLDER                          # prints what was measured
    python examples/study_learned.py FOLDER --write docs             # writes page and pictures
    python examples/study_learned.py FOLDER --minutes 15 --anew      # forgets all, trains again
    python examples/study_learned.py FOLDER --measure                # measures again, no training
    python examples/study_learned.py FOLDER --quick                  # only to see that it runs

Twelve networks are trained for so many minutes of one processor each (12 x 15 minutes are three
hours): SwinIR, NAFNet and KPN, from the slices of one object of which a quarter is withheld. Each
keeps its checkpoint in FOLDER: the same command goes on after any end, and more minutes train on.
At first all take turns for a few steps, and the time that a step takes then makes steps of minutes,
so that a slow day is no disadvantage. Comparing takes some minutes more.
"""

from __future__ import annotations

import argparse
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from learned_parts import judging, kept, objects, pace, pictures, tables
from learned_parts.trainings import CONDITIONS, LESSONS, Lesson
from study_parts import page

from napari_deconv import choices
from napari_deconv.learned import model as models
from napari_deconv.learned.images import Images
from napari_deconv.learned.job import Job

PICTURES, SIDE = 12, 112
"""Pictures of each case, and their side in pixels."""
QUICK, QUICK_SLICES = (1, 48), 16
"""The same, and how many slices there are, to see that it runs."""
PART = 200
"""Side of the part of a real exposure that is shown."""


class Study:
    """The study in a folder.

    Parameters
    ----------
    folder : Path
    quick : bool
        Whether it is only to be seen that it runs.

    Attributes
    ----------
    cases : dict of str to Case
    exposures : list of Exposures
    """

    def __init__(self, folder: Path, *, quick: bool) -> None:
        self.folder, self.quick = folder, quick
        self.slices = objects.slices(QUICK_SLICES if quick else objects.SLICES)
        number, side = QUICK if quick else (PICTURES, SIDE)
        _, tested = Images.of([self.slices], side).halves(side)
        sets = {"own": tested, "other": Images.of([objects.other()], side)}
        self.cases = {
            f"{name}, {condition}": judging.case(images, condition, number, side)
            for name, images in sets.items()
            for condition in CONDITIONS
        }
        self.exposures = objects.exposures(QUICK[1] if quick else None)
        if not self.exposures:
            print(f"No real exposures: there is no {objects.DATA}.")

    def compare(self, *, anew: bool = False) -> None:
        """Measure what models are compared with, unless that was done and isn't asked for anew."""
        shipped = models.load(models.SHIPPED).network
        methods: dict[str, dict[str, Any]] = {
            "blurred": {},
            "TV, automatic": {"name": "tv"},
            "shipped model": {"name": "restore", "force": True},
        }
        for name, measure in judging.baselines(self.cases, shipped).items():
            if kept.read(self.folder / name) is not None and not anew:
                continue
            scores = measure()
            if name in methods:
                scores |= self._real(methods[name])
            if methods.get(name):
                scores["own, registered"] = judging.registered(
                    self.cases["own, burst"], methods[name]
                )
            kept.write(self.folder / name, kept.Kept(scores=scores))
        if self.exposures:
            most = {one.name: judging.limit(one) for one in self.exposures}
            kept.write(self.folder / judging.LIMIT, kept.Kept(scores=most))

    def teach(self, lessons: list[Lesson], minutes: float, *, anew: bool) -> None:
        """Train each for so many minutes in all, unless that was done, and measure what it knows.

        Anew, if asked; then the time of a step is measured again too, if all of them are.
        """
        paces: pace.Paces = {}
        if not self.quick:
            again = anew and len(lessons) == len(LESSONS)
            paces = pace.paces(self.folder, LESSONS, self.slices, anew=again)
        for lesson in lessons:
            if anew:
                kept.forget(self.folder / lesson.folder)
            self._teach(lesson, minutes, paces.get(lesson.name, 0.0))

    def _teach(self, lesson: Lesson, minutes: float, seconds: float) -> None:
        home = self.folder / lesson.folder
        before = kept.read(home)
        if before is not None and before.minutes >= minutes:
            return
        began = time.process_time()
        steps = pace.steps(seconds, minutes) if seconds else pace.FEWEST
        job = Job(lesson.plan(self.folder, steps, quick=self.quick), [self.slices])
        for _ in job.progress():
            pass
        job.deliver(home / kept.MODEL, {})
        made = kept.Kept(minutes, job.run.step, self.scores(lesson), [], seconds, lesson.hard)
        kept.write(home, made)
        spent = (time.process_time() - began) / 60
        print(f"{lesson.name}: {job.run.step} steps, {spent:.1f} min of this sitting", flush=True)

    def measure(self) -> None:
        """Measure again what was taught."""
        for lesson in LESSONS:
            home = self.folder / lesson.folder
            before = kept.read(home)
            if before is not None:
                kept.write(home, replace(before, scores=self.scores(lesson)))
                print(f"{lesson.name}: measured", flush=True)

    def scores(self, lesson: Lesson) -> dict[str, float]:
        """Return the PSNR of what a lesson taught."""
        method = kept.model(self.folder, lesson)
        network = models.load(str(method["model"])).network
        burst = lesson.learns == "burst"
        found = {
            name: one.score(one.by(network))
            for name, one in self.cases.items()
            if name.endswith("burst") == burst
        }
        if burst:
            found["own, registered"] = judging.registered(self.cases["own, burst"], method)
            return found
        return found | (self._real(method) if lesson.learns == "noise" else {})

    def draw(self, folder: Path) -> None:
        """Draw every case and the real exposure by every model that is there."""
        shown = [one for one in LESSONS if (self.folder / one.folder / kept.MODEL).is_file()]
        for name, condition in (("own", "noise"), ("other", "noise"), ("burst", "burst")):
            one = self.cases[f"own, {condition}" if name == "burst" else f"{name}, {condition}"]
            place = int(np.argmax([held.truth.std() for held in one.held]))
            held = one.held[place]
            panels = {"blurred": held.frame}
            if condition == "burst":
                panels = {"one frame": one.first().held[place].frame, "mean of all": held.frame}
            panels["TV, automatic"] = one.by_tv()[place]
            shipped = models.load(models.SHIPPED).network
            panels["shipped model"] = one.by(shipped)[place]
            for lesson in shown:
                if lesson.learns == condition:
                    panels[lesson.name] = one.by(self._network(lesson))[place]
            panels["truth"] = held.truth
            limits = float(held.truth.min()), float(held.truth.max())
            pictures.save(folder, name, pictures.sheet(panels, limits))
        if self.exposures:
            self._draw_real(folder, shown)

    def _draw_real(self, folder: Path, shown: list[Lesson]) -> None:
        exposure = self.exposures[0]
        top, left = (max(n // 2 - PART // 2, 0) for n in exposure.long.shape)
        part = (slice(top, top + PART), slice(left, left + PART))
        panels = {exposure.name: exposure.short[part], "120 s": exposure.long[part]}
        methods = {
            "TV, automatic": {"name": "tv"},
            "shipped model": {"name": "restore", "force": True},
            **{o.name: kept.model(self.folder, o) for o in shown if o.learns == "noise"},
        }
        for name, method in methods.items():
            panels[name] = judging.real(exposure, method)[1][part]
        limits = tuple(float(x) for x in np.percentile(exposure.long[part], (0.1, 99.9)))
        pictures.save(folder, "real", pictures.sheet(panels, (limits[0], limits[1])))

    def _network(self, lesson: Lesson) -> Any:
        return models.load(str(kept.model(self.folder, lesson)["model"])).network

    def _real(self, method: dict[str, Any]) -> dict[str, float]:
        return {one.name: judging.real(one, method)[0] for one in self.exposures}


def write(docs: Path, found: dict[str, str]) -> None:
    """Fill the tables into the page, which is made if there is none."""
    path = docs / "study_learned.md"
    if not path.is_file():
        shutil.copyfile(Path(__file__).parent / "learned_parts" / "page.md", path)
    page.write(path, found)


def main() -> None:
    """Train, measure, print; write and draw if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where checkpoints, models and figures are kept")
    parser.add_argument("--minutes", type=float, help="of one processor, for each training")
    parser.add_argument("--only", default="", help="train those that have this in their name")
    parser.add_argument("--anew", action="store_true", help="forget what was trained, if so named")
    parser.add_argument("--measure", action="store_true", help="measure again what is trained")
    parser.add_argument("--quick", action="store_true", help="only see that it runs")
    parser.add_argument("--write", type=Path, metavar="DOCS", help="folder of study_learned.md")
    asked = parser.parse_args()
    if asked.write and asked.quick:
        parser.error("--quick only shows that it runs: what it finds is not for the docs")
    if asked.anew and not (asked.minutes or asked.quick):
        parser.error("--anew trains again: say for how many --minutes")
    torch.set_num_threads(1)
    choices("psf")  # which plans and cards may name
    root = asked.folder / models.digest_of(models.SHIPPED)  # nothing of another one is mixed in
    minutes = 0.01 if asked.quick else asked.minutes
    if minutes or asked.write or asked.measure:
        study = Study(root, quick=asked.quick)
        study.compare(anew=asked.measure)
        if asked.measure:
            study.measure()
        if minutes:
            chosen = [lesson for lesson in LESSONS if asked.only in lesson.name]
            study.teach(chosen, minutes, anew=asked.anew)
        if asked.write:
            study.draw(asked.write / "images")
    found = tables.tables(root)
    for name, text in found.items():
        print(f"\n{name}\n\n{text}")
    if asked.write:
        write(asked.write, found)


if __name__ == "__main__":
    main()
