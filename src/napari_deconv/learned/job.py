"""A training from its plan to the model: what `napari-deconv train` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_deconv.core.params import Declared
from napari_deconv.learned.card import Card
from napari_deconv.learned.training import Progress, Training, begin, cooled, train

if TYPE_CHECKING:
    from napari_deconv.learned.images import Images

TESTED = 8
"""Batches that tell what a model gains."""


class TrainingPlan(Declared):
    """What is trained on what, for how long, and where it goes."""

    title: str = Field("own model", description="What the model is called on its card.")
    images: tuple[str, ...] = Field(
        (), description="Sharp images or folders of them; drawn scenes if none are named."
    )
    folder: str = Field("training", description="Where the run's checkpoints lie.")
    out: str = Field("model.safetensors", description="File that the model goes to.")
    minutes: float | None = Field(
        None, gt=0, description="Processor minutes in all; of them a quarter is cooling."
    )
    steps: int | None = Field(None, ge=8, description="Steps in all, in place of minutes.")
    device: str = Field("cpu", description="Where it is computed: cpu, cuda, cuda:1, ...")
    training: Training = Field(Training(), description="The model and how it learns.")


class Job:
    """A plan at work.

    Parameters
    ----------
    plan : TrainingPlan
    arrays : sequence of ndarray
        What the files of the plan hold.

    Attributes
    ----------
    run : Run

    Raises
    ------
    ValueError
        If images or plan can't be used.
    """

    def __init__(self, plan: TrainingPlan, arrays: Sequence[NDArray[Any]] = ()) -> None:
        from napari_deconv.learned.images import Images

        if (plan.minutes is None) == (plan.steps is None):
            raise ValueError("Say how long to train: minutes or steps, one of them.")
        self.plan = plan
        self._learned: Images | None = None
        self._tested: Images | None = None
        if arrays:
            side = plan.training.side + plan.training.degradation.support - 1
            self._learned, self._tested = Images.of(arrays, side).halves(side)
        self.folder = Path(plan.folder)
        self.run = begin(plan.training, self.folder, plan.device)
        self.run.source = self._learned

    def progress(self) -> Iterator[Progress]:
        """Train, then cool; a job that was cut off goes on."""
        steps = self.plan.steps
        if steps is not None:
            yield from train(self.run, self.folder, steps=steps - steps // 4 - self.run.step)
            branch = cooled(self.folder, steps=steps // 4, device=self.plan.device)
        else:
            assert self.plan.minutes is not None
            seconds = 60 * self.plan.minutes
            yield from train(self.run, self.folder, seconds=0.75 * seconds - self.run.seconds)
            branch = cooled(self.folder, seconds=seconds / 4, device=self.plan.device)
        branch.source = self._learned
        self.run = branch
        yield from train(branch, self.folder)

    def deliver(self) -> Card:
        """Write the model, and return its card with what it gained on what it never saw."""
        from napari_deconv.learned.delivery import deliver

        data = (
            "" if self._learned is None else f"{len(self._learned.pictures)} images of the user's"
        )
        return deliver(self.run, Path(self.plan.out), self.plan.title, data, self.gain())

    def gain(self) -> dict[str, float]:
        """Return PSNR of the blurred and of the restored pictures that were kept apart, in dB."""
        import torch

        run = self.run
        source = run.training.scenes if self._tested is None else self._tested
        errors: list[tuple[float, float]] = []
        for number in range(TESTED):
            view, truth = run.training.batch_of(number, branch=2, source=source)
            with torch.no_grad():
                restored = run.averaged(view)[-1]
            for picture in (view.crop(view.data), restored):
                assert picture.shape == truth.shape
            errors.append(
                (
                    float((view.crop(view.data) - truth).square().mean()),
                    float((restored - truth).square().mean()),
                )
            )
        before, after = -10 * np.log10(np.mean(errors, 0))
        return {"blurred": round(float(before), 2), "restored": round(float(after), 2)}
