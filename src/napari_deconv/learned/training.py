"""A training run: what is learned from, step by step, and all that going on needs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor

from napari_deconv.core.params import Declared
from napari_deconv.learned import losses
from napari_deconv.learned.architecture import Architecture
from napari_deconv.learned.degradation import Degradation, Pairs
from napari_deconv.learned.hardness import Hardness
from napari_deconv.learned.joint import Joint
from napari_deconv.learned.scenes import Crop, Scenes
from napari_deconv.learned.staged import Again, Stage, Staged

LAST_RATE = 1e-6
"""Rate at which cooling ends."""


class Source(Protocol):
    """Where crops of sharp pictures come from."""

    def crop(self, seed: int, step: int, place: int, side: int) -> Crop:
        """Return a crop of a side, the same for the same numbers."""


class Training(Declared):
    """How a model is trained."""

    architecture: Architecture = Field(Architecture(), description="What is trained.")
    scenes: Scenes = Field(Scenes(), description="What is looked at.")
    degradation: Degradation = Field(Degradation(), description="How it is spoiled.")
    seed: int = Field(0, ge=0, description="Of scenes, noise and first weights.")
    batch: int = Field(4, ge=1, description="Pictures a step.")
    side: int = Field(
        112, ge=16, description="Side of a picture.", json_schema_extra={"unit": "px"}
    )
    rate: float = Field(8e-4, gt=0, description="Learning rate.")
    warmup: int = Field(50, ge=0, description="Steps over which the rate rises at first.")
    alone: int = Field(0, ge=0, description="Steps before each further stage joins the others.")
    hard: float = Field(
        0,
        ge=0,
        le=1,
        description="Share of pictures of which several are looked at, and the one "
        "that is likely hard is learned from.",
    )
    decay: float = Field(1e-4, ge=0, description="Weight decay.")
    clip: float = Field(0.5, gt=0, description="Greatest norm of a gradient.")
    average: float = Field(
        0.998, ge=0, lt=1, description="Share of the averaged weights that stays at each step."
    )

    @model_validator(mode="after")
    def _shows_what_there_is(self) -> Training:
        shown, made = self.architecture.frames, self.degradation.frames
        if shown > 1 and shown != made:
            raise ValueError(
                f"The network looks at {shown} frames of a burst and is given {made}: set "
                "degradation.frames to as many."
            )
        return self

    def batch_of(
        self,
        step: int,
        branch: int = 0,
        source: Source | None = None,
        places: Sequence[int] | None = None,
    ) -> Pairs:
        """Return what is learned from at a step: the same for the same step, branch and places.

        From drawn scenes, if no other source is given; all places of a batch, if none are named.
        """
        crops, rngs = [], []
        for place in range(self.batch) if places is None else places:
            crop, rng = self.patch_of((step, branch, place), source)
            crops.append(crop)
            rngs.append(rng)
        return self.degradation.pairs(crops, rngs)

    def patch_of(
        self, at: tuple[int, int, int], source: Source | None
    ) -> tuple[Crop, np.random.Generator]:
        """Return the crop of a step, branch and place, and what its degradation draws from."""
        step, branch, place = at
        side, seed = self.side + self.degradation.support - 1, self.seed + 1_000_003 * branch
        crop = (source or self.scenes).crop(seed, step, place, side)
        return crop, np.random.default_rng((seed, 2, step, place))


@dataclass(frozen=True)
class Progress:
    """One step of training.

    Attributes
    ----------
    step : int
        Steps of the run so far.
    seconds : float
        Seconds that it took so far, of all sittings, of one processor unless told otherwise.
    loss : Tensor
        0-dimensional, on the device, read when someone looks: Charbonnier's, as they are shown.
    """

    step: int
    seconds: float
    loss: Tensor


class Run:
    """A training run: weights, their average, the optimiser, and where it stands.

    Parameters
    ----------
    training : Training
    device : torch.device

    Attributes
    ----------
    source : Source or None
        What is learned from, in place of drawn scenes; not part of a checkpoint.
    joint : Joint
        Who learns together, what was hard, and whether to stop.
    clock : callable
        Returns seconds, of the processor unless told otherwise; nor is it.
    begun_as : str
        Model that it took its first weights from, with its hash; empty if it began from scratch.
        Such a run learns by PSNR throughout, and sees frames as small pictures every other step.
    """

    def __init__(self, training: Training, device: torch.device | str = "cpu") -> None:
        self.training = training
        self.device = torch.device(device)
        torch.manual_seed(training.seed)
        self.model = training.architecture.build().to(self.device)
        self.averaged = training.architecture.build().to(self.device)
        self.averaged.load_state_dict(self.model.state_dict())
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), training.rate, (0.9, 0.95), weight_decay=training.decay
        )
        self.step, self.seconds, self.cooling = 0, 0.0, 0
        self.began, self.begun_as = 0, ""
        self.joint = Joint(training)
        self.source: Source | None = None
        self.clock: Callable[[], float] = time.process_time

    def state(self) -> dict[str, Any]:
        """Return all that going on needs, as tensors and plain data."""
        return {
            "training": self.training.plain(),
            "model": self.model.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "place": [self.step, self.seconds, self.cooling, self.began],
            "hardness": self.joint.hardness.plain(),
            "begun_as": self.begun_as,
        }

    @classmethod
    def of(cls, state: dict[str, Any], device: torch.device | str = "cpu") -> Run:
        """Return the run that a state describes."""
        run = cls(Training(**state["training"]), device)
        run.model.load_state_dict(state["model"])
        run.averaged.load_state_dict(state["averaged"])
        run.optimiser.load_state_dict(state["optimiser"])
        run.step, run.seconds, run.cooling, run.began = state["place"]
        run.joint.hardness = Hardness(state.get("hardness"))
        run.begun_as = state.get("begun_as", "")
        return run

    def cool(self, steps: int) -> None:
        """Let the rate fall from now on, to end after so many steps."""
        self.cooling, self.began = steps, self.step

    def advance(self) -> Progress:
        """Learn from one batch."""
        started, training = self.clock(), self.training
        depth, branch = self._depth(), 1 if self.cooling else 0
        drawn = self.joint.draw(self.step, branch, self.source)
        pairs = training.batch_of(self.step, branch, self.source, drawn.places)
        alone = bool(self.begun_as) and self.step % 2 == 1  # as a small picture, not as a part
        view, truth = (pairs.as_shown() if alone else pairs).to(self.device)
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate()
        by_log = bool(self.cooling or self.begun_as)
        loss_of = losses.log_error if by_log else losses.charbonnier
        estimates = self.model(view, depth)
        loss = loss_of(estimates, truth, view.noise)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        for parameter in self.model.parameters():
            if parameter.grad is not None:  # one impossible picture must not end all learning
                parameter.grad.nan_to_num_(0.0, 0.0, 0.0)
        costs = losses.each(estimates[-1].detach(), truth, view.noise)
        spent = self.clock() - started
        shown = costs.mean() if by_log else loss.detach()
        mean, spent = self.joint.tell(list(self.model.parameters()), drawn, shown, costs, spent)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), training.clip)
        self.optimiser.step()
        self._average()
        self.step += 1
        self.seconds += spent
        return Progress(self.step, self.seconds, mean)

    def _depth(self) -> int:
        """Return how many stages take part; one that has just joined begins as the one before."""
        stages = list(self.model.stages)
        if not self.training.alone:
            return len(stages)
        joined, since = divmod(self.step, self.training.alone)
        if since == 0 and 0 < joined < len(stages):
            for model in (self.model, self.averaged):
                join(model, joined)
        return min(joined + 1, len(stages))

    def _rate(self) -> float:
        full = self.training.rate
        if self.cooling:
            gone = min((self.step - self.began) / self.cooling, 1.0)
            return LAST_RATE + (full - LAST_RATE) * (1 + math.cos(math.pi * gone)) / 2
        since = self.step % self.training.alone if self._joining() else self.step
        return full * min(1.0, (since + 1) / (self.training.warmup + 1))

    def _joining(self) -> bool:
        """Return whether a stage has joined of late."""
        alone = self.training.alone
        return bool(alone) and alone <= self.step < alone * len(self.model.stages)

    @torch.no_grad()
    def _average(self) -> None:
        # While little was seen, the average forgets faster.
        share = min(self.training.average, (self.step + 1) / (self.step + 10))
        if self.cooling:
            share = min(share, 1 - 10 / self.cooling) if self.cooling > 20 else 0.5
        for average, weights in zip(
            self.averaged.parameters(), self.model.parameters(), strict=True
        ):
            average.lerp_(weights, 1 - share)


@torch.no_grad()
def join(model: Staged, index: int) -> None:
    """Let the stage of that index begin as the one before it."""
    stage, before = model.stages[index], model.stages[index - 1]
    assert isinstance(stage, Again)
    assert isinstance(before, Stage)
    stage.begin_as(before)
