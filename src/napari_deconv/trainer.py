"""A training from its plan to the model, told as it goes: beside TV, and the best of it kept."""

from __future__ import annotations

import json
import math
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from napari_deconv.evidence.calibration import Calibration, calibrated
from napari_deconv.learned import model as models
from napari_deconv.learned.images import Tiles, richness
from napari_deconv.learned.job import Job, decibels
from napari_deconv.learned.look import Difference
from napari_deconv.learned.losses import BORDER
from napari_deconv.learned.sittings import RUN
from napari_deconv.recipe import Recipe
from napari_deconv.training_events import (
    BLURRED,
    OWN,
    SHIPPED,
    TV,
    Begun,
    Comparing,
    Done,
    Ending,
    Event,
    Learned,
    Refused,
    Validated,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_deconv.learned.card import Card
    from napari_deconv.learned.training import Source
    from napari_deconv.learned.validation import Held, Validation

BEST, PREVIEW, VERDICT = "best.safetensors", "preview.npy", "judged.json"
"""Files in a training's folder: the best model so far, what it makes of one picture, and how the
finished one was judged."""
WATCHED, JUDGED = 6, 12
"""Pictures that pick the best model, at least, and that it is judged by, where there are as many
that don't overlap."""
PERIOD = 0.5
"""Seconds between two events that say how far it is."""
COSTS = 20
"""A look at what was kept apart comes after this many times what it takes, or `LEAST` seconds."""
LEAST = 1.0
GAP = 4
"""Pixels between the panels of a preview."""


@dataclass(frozen=True)
class Judged:
    """How the best model does: PSNR by method, on how many pictures; as in `Done`."""

    table: dict[str, float]
    pictures: int
    error: float = 0.0
    picked: bool = False


class Trainer:
    """A job at work, and what it tells.

    Parameters
    ----------
    job : Job

    Attributes
    ----------
    job : Job
    leads : bool
        Whether this process looks at what was kept apart: of a team only the first one does.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.leads = job.run.joint.team.rank == 0
        self._best: Path = self.job.folder / BEST
        self._score = -np.inf
        self._picks, self._judges = _parted(job)
        self._calibration: Calibration | None = None
        self._others: dict[str, float] = {}
        self._tv: list[NDArray[Any]] = []

    def stop(self) -> None:
        """End after the step under way; the best model stays."""
        self.job.stop()

    def events(self) -> Iterator[Event]:
        """Train and tell; the model is written to the plan's file at the end."""
        job = self.job
        if not self.leads:
            for _ in job.progress():
                pass
            return
        yield Begun(self.said(), str(job.run.device), job.done, job.total, job.run.step)
        watched = yield from self._baselines()
        if watched is None:
            if job.run.joint.team.size > 1:
                self._take_leave()
            yield self._as_it_was()
            return
        yield self._look(watched)
        yield from self._learning(watched)
        ending: Ending = "stopped" if job.run.joint.stopping else "done"
        yield self._look(watched)
        if ending == "done" and self._judges is not None:
            judged = yield from self._judged(self._judges)
            if judged is not None:
                yield self._over(ending, judged)
                return
            ending = "stopped"
        scores = {**self._others, OWN: self._score}  # the pictures that picked the best have to do
        yield self._over(ending, Judged(scores, len(watched.pictures), picked=True))

    def _take_leave(self) -> None:
        """Make the step that other processes wait for, in which they hear that it is the last."""
        fresh = not self.job.run.step
        deque(self.job.progress(), maxlen=0)
        if fresh:
            (self.job.folder / RUN).unlink(missing_ok=True)

    def said(self) -> str:
        """Return what is trained on what, in a sentence."""
        job, training = self.job, self.job.run.training
        learned, tested = job.learned, job.tested
        if learned is None or tested is None:
            data = "scenes drawn on the way, tested on others"
        else:
            apart = len(tested.pictures)
            data = f"{len(learned.pictures)} sharp pictures, tested on {apart} kept apart"
        degradation = training.degradation
        psf = "PSFs of all kinds" if degradation.psf is None else "one PSF"
        noise = "any noise" if degradation.gain is None else "the scanner's noise"
        begun = f"begins as {job.plan.start}" if job.plan.start else "from scratch"
        return f"{training.architecture.network}, {begun}; {data}; {psf}; {noise}"

    def _baselines(self) -> Any:
        """Look at what was kept apart without the model; return it, or None if stopped."""
        from napari_deconv.learned.validation import Validation

        job, training = self.job, self.job.run.training
        watched = Validation(training, self._picks, -(-WATCHED // training.batch))
        found = yield from self._rivals(watched)
        if found is None:
            return None
        rivals, self._tv = found
        self._others = {name: decibels(values) for name, values in rivals.items()}
        if self._best.is_file() and job.run.step:
            self._score = models.card_of(str(self._best)).scores.get(OWN, -np.inf)
        return watched

    def _learning(self, watched: Validation) -> Iterator[Event]:
        job, loss = self.job, 0.0
        losses: list[Any] = []
        began, first = time.monotonic(), job.done
        told = looked = began
        pause = LEAST
        for progress in job.progress():
            losses.append(progress.loss)
            now = time.monotonic()
            if now - told >= PERIOD or job.done >= job.total:
                loss = _mean([float(one) for one in losses], loss)
                losses.clear()
                gained = max(job.done - first, 1e-9)
                left = max(job.total - job.done, 0) * (now - began) / gained
                done, cooling = min(job.done, job.total), bool(job.run.cooling)
                yield Learned(progress.step, done, job.total, left, loss, cooling)
                told = now
            if now - looked >= pause and not job.asked:
                yield self._look(watched)
                looked = time.monotonic()
                pause = max(LEAST, COSTS * (looked - now))

    def _look(self, watched: Validation) -> Validated:
        """Score the model on what was kept apart, and keep it if it is the best so far."""
        run = self.job.run
        pictures = watched.restored(run.averaged, run.device)
        score = decibels(watched.decibels(pictures))
        best = score > self._score
        if best:
            self._score = score
            self.job.deliver(self._best, {**self._others, OWN: score})
        shown = int(np.argmax([richness(held.truth) for held in watched.pictures]))
        preview = self.job.folder / PREVIEW
        panels = _panels(watched.pictures[shown], self._tv[shown], pictures[shown])
        _write(preview, lambda file: np.save(file, panels))
        return Validated(run.step, score, self._others, best, str(preview))

    def _as_it_was(self) -> Event:
        """Return how a training ends that is stopped before it went on."""
        scores = models.card_of(str(self._best)).scores if self._best.is_file() else {}
        if not self.job.run.step or OWN not in scores:
            return Refused("Stopped before anything was learned.")
        batch = self.job.run.training.batch
        return self._over("stopped", Judged(scores, batch * -(-WATCHED // batch), picked=True))

    def _judged(self, source: Source | Tiles) -> Any:
        """Judge the best model by pictures that did not pick it; None if stopped."""
        from napari_deconv.learned import validation

        run, training = self.job.run, self.job.run.training
        batches = -(-JUDGED // training.batch)
        if isinstance(source, Tiles):
            training, batches = training.model_copy(update={"batch": 1}), len(source.crops)
        judged = validation.Validation(training, source, batches, validation.JUDGED)
        found = yield from self._rivals(judged)
        if found is None:
            return None
        rivals, by_tv = found
        network = models.load(str(self._best), run.device).network
        own = judged.restored(network, run.device)
        values = judged.decibels(own)
        best = max(rivals.values(), key=lambda each: sum(each))
        gained = Difference.between(np.array(best), np.array(values))
        truths = [held.truth for held in judged.pictures]
        self._calibration = calibrated(own, by_tv, truths, BORDER)
        table = {name: decibels(each) for name, each in {**rivals, OWN: values}.items()}
        return Judged(table, gained.pairs, gained.error)

    def _rivals(self, held: Validation) -> Any:
        """Return the PSNRs by other methods, and what TV makes of pictures; None if stopped."""
        pictures = []
        for index, one in enumerate(held.pictures):
            if self.job.asked:
                return None
            yield Comparing(index, len(held.pictures))
            pictures.append(tv(one))
        shipped = held.restored(models.load(models.SHIPPED).network)
        values = {BLURRED: held.blurred(), TV: held.decibels(pictures)}
        return {**values, SHIPPED: held.decibels(shipped)}, pictures

    def _over(self, ending: Ending, judged: Judged) -> Done:
        """Write the best model, with its table, to where the plan says, and tell how it ended.

        One that was judged before and is still the best stays as it is: going on for a moment must
        not take its table away.
        """
        out, before = Path(self.job.plan.out), self._judged_before() if judged.picked else None
        if before is None:
            best = models.load(str(self._best))
            told = {"scores": judged.table, "calibration": self._calibration}
            models.save(out, best.network, best.card.model_copy(update=told))
            self._note(judged)
        else:
            judged = before
        card: Card = models.card_of(str(out))
        hard = self.job.run.joint.hardness.told() if self.job.run.training.hard else ""
        return Done(
            ending,
            str(out),
            card.plain(),
            judged.table,
            judged.pictures,
            hard,
            round(judged.error, 3),
            judged.picked,
        )

    def _note(self, judged: Judged) -> None:
        """Keep how the model was judged, and of which files that is true."""
        noted = {"files": self._files(), "judged": asdict(judged)}
        path = self.job.folder / VERDICT
        path.unlink(missing_ok=True)
        if not judged.picked:
            _write(path, lambda file: file.write(json.dumps(noted).encode()))

    def _judged_before(self) -> Judged | None:
        """Return how the best model was judged when it was finished, if it is still there."""
        path, out = self.job.folder / VERDICT, Path(self.job.plan.out)
        if not (path.is_file() and out.is_file()):
            return None
        noted = json.loads(path.read_text(encoding="utf-8"))
        return Judged(**noted["judged"]) if noted["files"] == self._files() else None

    def _files(self) -> list[str]:
        """Return the hashes of the best model and of the finished one."""
        return [models.digest_of(str(path)) for path in (self._best, self.job.plan.out)]


def _parted(job: Job) -> tuple[Source | None, Source | Tiles | None]:
    """Return what picks the best model of a job, and others that judge it; None if there are none.

    Drawn scenes are others each time.
    """
    training = job.run.training
    if job.tested is None:
        return None, training.scenes
    side = training.side + training.degradation.support - 1
    picks, judges = job.tested.parted(side)
    return picks, judges and judges.tiles(side, JUDGED)


def tv(held: Held) -> NDArray[np.float32]:
    """Return what total variation with automatic weight makes of a picture."""
    recipe = Recipe(psf="gaussian", method="tv").with_psf(held.kernel)
    image: NDArray[np.float32] = recipe.run(held.frame, device="cpu").image
    return image


def _mean(losses: list[float], before: float) -> float:
    """Return the mean of what is finite; what was told before if nothing is."""
    finite = [one for one in losses if math.isfinite(one)]
    return sum(finite) / len(finite) if finite else before


def _panels(held: Held, by_tv: NDArray[Any], restored: NDArray[Any]) -> NDArray[np.float32]:
    """Return a picture of four side by side."""
    gap = np.full((held.truth.shape[0], GAP), held.truth.max(), np.float32)
    parts: list[NDArray[Any]] = []
    for picture in (held.frame, by_tv, restored, held.truth):
        parts += [picture.astype(np.float32), gap]
    return np.concatenate(parts[:-1], axis=1)


def _write(path: Path, save: Callable[[BinaryIO], object]) -> None:
    """Write a file that is never seen half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".writing")
    with fresh.open("wb") as file:
        save(file)
    os.replace(fresh, path)
