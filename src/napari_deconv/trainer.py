"""A training from its plan to the model, told as it goes: beside TV, and the best of it kept."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv.evidence.calibration import Calibration, calibrated
from napari_deconv.learned import model as models
from napari_deconv.learned.job import Job, decibels
from napari_deconv.learned.look import Difference
from napari_deconv.learned.losses import BORDER
from napari_deconv.recipe import Recipe
from napari_deconv.training_events import (
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
    from napari_deconv.learned.validation import Held, Validation

BEST, PREVIEW = "best.safetensors", "preview.npy"
"""Files in a training's folder: the best model so far, and what it makes of one picture."""
WATCHED, JUDGED = 6, 12
"""Pictures that pick the best model, and that it is judged by, at least."""
PERIOD = 0.5
"""Seconds between two events that say how far it is."""
COSTS = 20
"""A look at what was kept apart comes after this many times what it takes, or `LEAST` seconds."""
LEAST = 1.0
BLURRED, TV, SHIPPED, OWN = "blurred", "TV, automatic", "shipped model", "this model"
"""Rows of the table."""
GAP = 4
"""Pixels between the panels of a preview."""


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
            yield Refused("Stopped before anything was learned.")
            return
        yield self._look(watched)
        yield from self._learning(watched)
        ending: Ending = "stopped" if job.run.joint.stopping else "done"
        yield self._look(watched)
        judged = None if ending == "stopped" else (yield from self._judged())
        if judged is None:  # the pictures that picked the best have to do
            ending = "stopped"
            judged = {**self._others, OWN: self._score}, len(watched.pictures), 0.0
        yield self._over(ending, *judged)

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
        watched = Validation(training, job.tested, -(-WATCHED // training.batch))
        found = yield from self._rivals(watched)
        if found is None:
            return None
        rivals, self._tv = found
        self._others = {name: decibels(values) for name, values in rivals.items()}
        if self._best.is_file() and job.run.step:
            self._score = models.card_of(str(self._best)).scores.get(OWN, -np.inf)
        return watched

    def _learning(self, watched: Validation) -> Iterator[Event]:
        job, losses = self.job, []
        began, first = time.monotonic(), job.done
        told = looked = began
        pause = LEAST
        for progress in job.progress():
            losses.append(progress.loss)
            now = time.monotonic()
            if now - told >= PERIOD or job.done >= job.total:
                loss = sum(float(one) for one in losses) / len(losses)
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
        shown = int(np.argmax([_richness(held.truth) for held in watched.pictures]))
        preview = self.job.folder / PREVIEW
        _write(preview, _panels(watched.pictures[shown], self._tv[shown], pictures[shown]))
        return Validated(run.step, score, self._others, best, str(preview))

    def _judged(self) -> Any:
        """Judge the best model by pictures that did not pick it; None if stopped."""
        from napari_deconv.learned import validation

        run = self.job.run
        training = run.training
        judged = validation.Validation(
            training, self.job.tested, -(-JUDGED // training.batch), validation.JUDGED
        )
        found = yield from self._rivals(judged)
        if found is None:
            return None
        rivals, by_tv = found
        network = models.load(str(self._best), run.device).network
        own = judged.restored(network, run.device)
        values = judged.decibels(own)
        best = max(rivals.values(), key=lambda each: sum(each))
        error = Difference.between(np.array(best), np.array(values)).error
        truths = [held.truth for held in judged.pictures]
        self._calibration = calibrated(own, by_tv, truths, BORDER)
        table = {name: decibels(each) for name, each in {**rivals, OWN: values}.items()}
        return table, len(judged.pictures), error

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

    def _over(self, ending: Ending, table: dict[str, float], pictures: int, error: float) -> Done:
        """Write the best model, with its table, to where the plan says."""
        out = Path(self.job.plan.out)
        best = models.load(str(self._best))
        told = {"scores": table, "calibration": self._calibration}
        card: Card = best.card.model_copy(update=told)
        models.save(out, best.network, card)
        hard = self.job.run.joint.hardness.told() if self.job.run.training.hard else ""
        return Done(ending, str(out), card.plain(), table, pictures, hard, round(error, 3))


def tv(held: Held) -> NDArray[np.float32]:
    """Return what total variation with automatic weight makes of a picture."""
    recipe = Recipe(psf="gaussian", method="tv").with_psf(held.kernel)
    image: NDArray[np.float32] = recipe.run(held.frame, device="cpu").image
    return image


def _richness(truth: NDArray[Any]) -> float:
    """Return how much there is to be seen in a picture."""
    return float(np.abs(np.diff(truth, axis=0)).mean() + np.abs(np.diff(truth, axis=1)).mean())


def _panels(held: Held, by_tv: NDArray[Any], restored: NDArray[Any]) -> NDArray[np.float32]:
    """Return a picture of four side by side."""
    gap = np.full((held.truth.shape[0], GAP), held.truth.max(), np.float32)
    parts: list[NDArray[Any]] = []
    for picture in (held.frame, by_tv, restored, held.truth):
        parts += [picture.astype(np.float32), gap]
    return np.concatenate(parts[:-1], axis=1)


def _write(path: Path, array: NDArray[Any]) -> None:
    """Write an array to a file that is never seen half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".writing")
    with fresh.open("wb") as file:
        np.save(file, array)
    os.replace(fresh, path)
