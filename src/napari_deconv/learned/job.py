"""A training from its plan to the model: what `napari-deconv train` does."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from napari_deconv.core.params import Declared
from napari_deconv.learned import checkpoint, scanner
from napari_deconv.learned.card import Card
from napari_deconv.learned.claim import claimed
from napari_deconv.learned.sittings import RUN, begin, cooled, train
from napari_deconv.learned.team import share
from napari_deconv.learned.training import Progress, Run, Training

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
    black: float = Field(
        0.0, description="Grey value of no beam, or where a scan begins: what is 0 in drawn scenes."
    )
    white: float | None = Field(
        None,
        description="Grey value of the open beam: what is 1 in drawn scenes; 1 if not given. "
        "Pictures in other units than the noise are taken to go from black to white.",
    )
    start: str = Field(
        "",
        description="Model to begin as: 'default' or a file; from scratch if none is named. It "
        f"knows much already: unless you say, its rate is {scanner.RATE:g}, its batch "
        f"{scanner.BATCH}, and the share of cooling {scanner.COOLING:g}.",
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

    @model_validator(mode="before")
    @classmethod
    def _begins_gently(cls, given: Any) -> Any:
        """Fill in how a model that already knows much learns, where nothing else is said."""
        if not isinstance(given, dict) or not given.get("start"):
            return given
        training = given.get("training", {})
        if isinstance(training, Training):
            training = {name: getattr(training, name) for name in training.model_fields_set}
        if isinstance(training, dict):
            training = {"rate": scanner.RATE, "batch": scanner.BATCH, **training}
        return {"cooling": scanner.COOLING, **given, "training": training}

    @model_validator(mode="after")
    def _has_a_range(self) -> TrainingPlan:
        if not self.range[1] > self.range[0]:
            raise ValueError("The open beam, white, has to be brighter than black.")
        return self

    @property
    def range(self) -> tuple[float, float]:
        """Grey values that are 0 and 1 in drawn scenes."""
        return self.black, 1.0 if self.white is None else self.white


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
        self.plan, self._team, self.folder = plan, team, Path(plan.folder)
        # Of a team the first one alone writes; the claim goes with this job.
        self._claim = claimed(self.folder) if team is None or team.rank == 0 else None
        self.asked = False
        self.learned: Images | None = None
        self.tested: Images | None = None
        fresh = not (self.folder / RUN).is_file()
        training = scanner.fitted(self._named(fresh), psf, None)
        low, high = plan.range
        if arrays:
            side = training.side + training.degradation.support - 1
            whole = Images.of(arrays, side)
            self.learned, self.tested = whole.halves(side)
            scan = None if plan.white is None else plan.range
            low, high = scanner.range_of(whole.span, scan)
        if plan.gain is not None and plan.read is not None:
            noise = scanner.scaled(plan.gain, plan.read, low, high)
            if fresh:
                scanner.check_noise(*noise)
            training = scanner.fitted(training, None, noise)
        training = training if arrays else scanner.roomy(training)
        if team is not None:
            share(training.batch, team)
        self.run = begin(training, self.folder, plan.device)
        if fresh and plan.start:
            scanner.take_over(self.run, plan.start)
        self._before = self.done
        self._prepare(self.run)

    @property
    def total(self) -> float:
        """Steps of the whole plan, or seconds by its clock; more if it goes on past its end."""
        return max(self._wanted, self._before + self._falling)

    @property
    def done(self) -> float:
        """What of `total` is done."""
        return float(self.run.step) if self.plan.steps is not None else self.run.seconds

    def progress(self) -> Iterator[Progress]:
        """Train, then cool; a job that was cut off goes on, one that is stopped ends here."""
        every, device = self.plan.checkpoint, self.plan.device
        unit = "seconds" if self.plan.steps is None else "steps"
        first: dict[str, float] = {unit: self._wanted - self._falling - self.done}
        last: dict[str, Any] = {unit: self._falling}
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

    @property
    def _wanted(self) -> float:
        """Steps or seconds that the plan names."""
        if self.plan.steps is not None:
            return float(self.plan.steps)
        assert self.plan.minutes is not None
        return 60 * self.plan.minutes

    @property
    def _falling(self) -> float:
        """Those of them in which the rate falls."""
        falling = self._wanted * self.plan.cooling
        return falling if self.plan.steps is None else max(int(falling), 1)

    def _named(self, fresh: bool) -> Training:
        """Return the plan's training, with the networks of what it begins as.

        A run that has begun keeps its own: the model may have been replaced since, or be gone.
        """
        plan = self.plan
        if not plan.start:
            return plan.training
        if fresh:
            return scanner.begin_as(plan.training, plan.start)
        begun = Training(**checkpoint.read(self.folder / RUN)["training"])
        return scanner.with_networks(plan.training, begun.architecture)

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
