"""Fine-tuning from its plan to the model: what `napari-deconv finetune` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_deconv.core.noise import poisson_gaussian
from napari_deconv.core.params import Declared
from napari_deconv.core.scale import RANGE
from napari_deconv.learned import model as models
from napari_deconv.learned import scanner
from napari_deconv.learned.delivery import noises, widths
from napari_deconv.learned.finetuning import FineTuning, Scan, Tuner
from napari_deconv.learned.look import Difference, Look
from napari_deconv.learned.training import Training
from napari_deconv.learned.validation import JUDGED, WATCHED, Validation

if TYPE_CHECKING:
    from napari_deconv.learned.card import Card
    from napari_deconv.learned.staged import Staged
    from napari_deconv.psf.sampling import Psf

Planes = list[NDArray[np.float32]]

DRAWN = 3
"""Branch of random numbers of drawn scenes that are learned from on the way."""
GUARDS = 6
"""Batches of drawn scenes that pick the model; as many others judge it."""


class TuningPlan(Declared):
    """Which model is fine-tuned on which noisy scans, and where it goes."""

    title: str = Field("fine-tuned model", description="What the model is called on its card.")
    scans: tuple[str, ...] = Field(description="Noisy scans or folders of them.")
    exposures: tuple[str, ...] = Field(
        (), description="A second exposure of each scan, in the same order; none if there is none."
    )
    psf: str = Field(description="File of the PSF.")
    gain: float | None = Field(
        None, ge=0, description="Variance per grey value; measured in the scans if not given."
    )
    read: float | None = Field(
        None, ge=0, description="Noise in the dark, in grey values; goes with gain."
    )
    start: str = Field(models.SHIPPED, description="Model to begin as.")
    out: str = Field("model.safetensors", description="File that the model goes to.")
    steps: int = Field(200, ge=1, description="Steps at most.")
    tuning: FineTuning = Field(FineTuning(), description="How it learns.")


class Tuning:
    """A plan at work.

    Parameters
    ----------
    plan : TuningPlan
    frames, seconds : sequence of ndarray, shape (H, W) or (N, H, W)
        What the files of the plan hold.
    psf : Psf
        What the plan's PSF file holds.

    Raises
    ------
    ValueError
        In one sentence, if plan or frames can't be used.
    """

    def __init__(
        self,
        plan: TuningPlan,
        frames: Sequence[NDArray[Any]],
        seconds: Sequence[NDArray[Any]],
        psf: Psf,
    ) -> None:
        if (plan.gain is None) != (plan.read is None):
            raise ValueError("Noise that was measured has gain and read noise: give both.")
        self._start = models.load(plan.start)
        if Path(plan.out).resolve() == models.location(plan.start).resolve():
            raise ValueError(f"{plan.out} is the model to begin as: name another file to write.")
        self.plan, self._kept = plan, 0
        scan = _scan(plan, _planes(frames), _planes(seconds), psf)
        training = scanner.begin_as(Training(seed=plan.tuning.seed), plan.start)
        if training.architecture.frames > 1:
            raise ValueError(
                f"The model {plan.start!r} looks at frames of a burst: begin as one for pictures."
            )
        self.training = scanner.fitted(training, psf, (scan.gain, scan.read))
        self._guard = self._scored(WATCHED)
        shown = {"batch": plan.tuning.batch, "side": plan.tuning.side}
        drawn = scanner.fitted(self.training.model_copy(update=shown), psf, None)  # room for these
        self.tuner = Tuner(
            self._start.network,
            scan,
            self._guard,
            plan.tuning,
            lambda step: drawn.batch_of(step, DRAWN).as_shown(),
        )

    def looks(self) -> Iterator[Look]:
        """Fine-tune, and tell of each look; what is kept is written at once."""
        for look in self.tuner.looks(self.plan.steps):
            if look.best and look.step:
                self._kept = look.step
                models.save(Path(self.plan.out), self.tuner.best, self._card({}))
            yield look

    def deliver(self) -> Card | None:
        """Write on the best model's card what it scores, and return it; None if none was kept."""
        if not self._kept:
            return None
        before, after = (round(float(values.mean()), 2) for values in self.judged)
        card = self._card({"drawn scenes, before": before, "drawn scenes, after": after})
        models.save(Path(self.plan.out), self.tuner.best, card)
        return card

    def _card(self, scores: dict[str, float]) -> Card:
        base, seed = self._start.card, self.plan.tuning.seed
        narrowest, widest = widths(self.training.degradation, seed)
        weakest, strongest = noises(self.training)
        return base.model_copy(
            update={
                "title": self.plan.title,
                "calibration": None,  # was counted of the model that it began as
                "narrowest": round(narrowest, 2),
                "widest": round(widest, 2),
                "weakest": weakest,
                "strongest": strongest,
                "data": f"{base.data}; then noisy scans of the user's, without sharp ones, and "
                "drawn scenes of their PSF and noise",
                "made": f"{base.made}; fine-tuned over {self._kept} steps, begun as {self._start}",
                "scores": scores,
            }
        )

    @cached_property
    def judged(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return PSNRs of the start and of the best model on drawn scenes that had no say in it."""
        judge = self._scored(JUDGED)
        return judge(self._start.network), judge(self.tuner.best)

    def gained(self) -> Difference:
        """Return how far the best model is above the start on these, in dB."""
        return Difference.between(*self.judged)

    def _scored(self, branch: int) -> Callable[[Staged], NDArray[np.float64]]:
        """Return what scores a model on drawn scenes of this PSF and noise."""
        scenes = Validation(self.training, None, GUARDS, branch)
        return lambda model: np.array(scenes.decibels(scenes.restored(model)))


def _scan(plan: TuningPlan, planes: Planes, others: Planes, psf: Psf) -> Scan:
    """Return frames in units where the grey range is 1, and their noise, measured if not given."""
    low, high = _span(planes)
    if plan.gain is not None and plan.read is not None:
        noise = plan.gain, plan.read
    else:
        found = np.median([poisson_gaussian(plane) for plane in planes], axis=0)
        noise = float(found[0]), float(found[1])
    gain, read = scanner.scaled(*noise, low, high)
    ones, seconds = ([(p - low) / (high - low) for p in each] for each in (planes, others))
    return Scan(ones, psf.kernel(), gain, read, seconds)


def _planes(arrays: Sequence[NDArray[Any]]) -> Planes:
    """Return frames one by one.

    Raises
    ------
    ValueError
        If one is no grey image, or holds what is no number.
    """
    planes = []
    for array in arrays:
        if array.ndim not in (2, 3) or array.dtype.kind not in "buif":
            raise ValueError(
                f"A scan of shape {array.shape} can't be learned from: give grey images (H, W) or "
                "stacks of them (N, H, W)."
            )
        for plane in array if array.ndim == 3 else [array]:
            if not np.isfinite(plane).all():
                raise ValueError("A scan holds NaN or infinite values: mend it first.")
            planes.append(plane.astype(np.float32))
    return planes


def _span(planes: Planes) -> tuple[float, float]:
    if not planes:
        raise ValueError("There is no scan to learn from: name files, or a folder of them.")
    low = min(float(np.percentile(plane, RANGE[0])) for plane in planes)
    high = max(float(np.percentile(plane, RANGE[1])) for plane in planes)
    if not high > low:
        raise ValueError("The scans are all of one grey value: there is nothing to learn.")
    return low, high
