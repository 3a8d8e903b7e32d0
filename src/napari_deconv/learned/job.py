"""A training from its plan to the model: what `napari-deconv train` does."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_deconv.core.params import Declared
from napari_deconv.learned import scanner
from napari_deconv.learned.card import Card
from napari_deconv.learned.training import RUN, Progress, Run, Training, begin, cooled, train

if TYPE_CHECKING:
    from napari_deconv.learned.images import Images
    from napari_deconv.learned.team import Team
    from napari_deconv.psf.sampling import Psf


class TrainingPlan(Declared):
    """What is trained on what, for how long, and where it goes."""

    title: str = Field("own model", description="What the model is called on its card.")
    images: tuple[str, ...] = Field(
        (), description="Sharp images or folders of them; drawn scenes if none are named."
    )
    psf: str = Field(
        "", description="File of the PSF to learn for; that of the training if none is named."
    )
    gain: float | None = Field(
        None, ge=0, description="Variance per grey value of the scanner; any noise if not given."
    )
    read: float | None = Field(
        None, ge=0, description="Noise in the dark, in grey values; goes with gain."
    )
    white: float = Field(
        1.0, gt=0, description="Grey value of the open beam: what is 1 in drawn scenes."
    )
    start: str = Field(
        "", description="Model to begin as: 'default' or a file; from scratch if none is named."
    )
    folder: str = Field("training", description="Where the run's checkpoints lie.")
    out: str = Field("model.safetensors", description="File that the model goes to.")
    minutes: float | None = Field(None, gt=0, description="Minutes in all, cooling among them.")
    steps: int | None = Field(None, ge=8, description="Steps in all, in place of minutes.")
    cooling: float = Field(
        0.25, ge=0.1, le=0.9, description="Share of them in which the rate falls to nothing."
    )
    clock: Literal["processor", "wall"] = Field(
        "processor", description="Whose minutes: the processor's, or those on the wall."
    )
    checkpoint: float = Field(
        60.0, gt=0, description="Between two checkpoints.", json_schema_extra={"unit": "s"}
    )
    device: str = Field("cpu", description="Where it is computed: cpu, cuda, cuda:1, ...")
    training: Training = Field(Training(), description="The model and how it learns.")


class Job:
    """A plan at work.

    Parameters
    ----------
    plan : TrainingPlan
    arrays : sequence of ndarray
        What the files of the plan hold.
    psf : Psf, optional
        What the plan's PSF file holds.
    team : Team, optional
        Processes that learn together; this one alone if not given.

    Attributes
    ----------
    run : Run
    learned, tested : Images or None
        Sharp images to learn from, and those kept apart; None for drawn scenes.
    asked : bool
        Whether it was asked to stop.

    Raises
    ------
    ValueError
        If images or plan can't be used.
    """

    def __init__(
        self,
        plan: TrainingPlan,
        arrays: Sequence[NDArray[Any]] = (),
        psf: Psf | None = None,
        team: Team | None = None,
    ) -> None:
        from napari_deconv.learned.images import Images

        if (plan.minutes is None) == (plan.steps is None):
            raise ValueError("Say how long to train: minutes or steps, one of them.")
        if (plan.gain is None) != (plan.read is None):
            raise ValueError("Noise that was measured has gain and read noise: give both.")
        self.plan, self._team = plan, team
        self.asked = False
        self.learned: Images | None = None
        self.tested: Images | None = None
        training = plan.training if not plan.start else scanner.begin_as(plan.training, plan.start)
        training = scanner.fitted(training, psf, None)
        low, high = 0.0, plan.white
        if arrays:
            side = training.side + training.degradation.support - 1
            whole = Images.of(arrays, side)
            self.learned, self.tested = whole.halves(side)
            low, high = whole.span
        if plan.gain is not None and plan.read is not None:
            noise = scanner.scaled(plan.gain, plan.read, low, high)
            training = scanner.fitted(training, None, noise)
        self.folder = Path(plan.folder)
        fresh = not (self.folder / RUN).is_file()
        self.run = begin(training, self.folder, plan.device)
        if fresh and plan.start:
            scanner.take_over(self.run, plan.start)
        self._prepare(self.run)

    @property
    def total(self) -> float:
        """Steps of the whole plan, or seconds by its clock."""
        if self.plan.steps is not None:
            return float(self.plan.steps)
        assert self.plan.minutes is not None
        return 60 * self.plan.minutes

    @property
    def done(self) -> float:
        """What of `total` is done."""
        return float(self.run.step) if self.plan.steps is not None else self.run.seconds

    def progress(self) -> Iterator[Progress]:
        """Train, then cool; a job that was cut off goes on, one that is stopped ends here."""
        steps, every, device = self.plan.steps, self.plan.checkpoint, self.plan.device
        falling = self.total * self.plan.cooling
        if steps is not None:
            settling = max(int(falling), 1)
            first: dict[str, float] = {"steps": steps - settling - self.run.step}
            last: dict[str, Any] = {"steps": settling}
        else:
            first = {"seconds": self.total - falling - self.run.seconds}
            last = {"seconds": falling}
        yield from train(self.run, self.folder, every=every, **first)
        if self.run.joint.stopping:
            return
        branch = cooled(self.folder, device=device, **last)
        self.run = branch
        self._prepare(branch)
        yield from train(branch, self.folder, every=every)

    def stop(self) -> None:
        """End after the step under way; may be called from another thread."""
        self.asked = True
        self.run.joint.asked = True

    def deliver(self, path: Path, scores: dict[str, float]) -> Card:
        """Write the model as it is now, and return its card with what it scores."""
        from napari_deconv.learned.delivery import deliver

        data = "" if self.learned is None else f"{len(self.learned.pictures)} images of the user's"
        return deliver(self.run, path, self.plan.title, data, scores)

    def _prepare(self, run: Run) -> None:
        """Give a run what is no part of a checkpoint."""
        run.source, run.joint.asked = self.learned, self.asked
        if self.plan.clock == "wall":
            run.clock = time.monotonic
        if self._team is not None:
            run.joint.team = self._team


def decibels(values: Sequence[float]) -> float:
    """Return the mean of PSNRs, in the digits that count."""
    return round(float(np.mean(values)), 2)
