"""Fine-tune a model on noisy scans alone: no sharp picture is needed, and none is harmed.

What a measurement says of the blurred picture is learned from pairs of noisy frames: two exposures
of one scene, or two that are made of one frame and its known noise. What the blur removed has no
say in that; there the model is asked to restore its own results again, turned, blurred and noisy,
and goes on learning from drawn scenes of the same PSF and noise.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from napari_deconv.core.params import Declared
from napari_deconv.learned.look import Keeping, Look
from napari_deconv.learned.losses import BORDER, log_error
from napari_deconv.learned.view import View, seen

if TYPE_CHECKING:
    from napari_deconv.learned.degradation import Pairs
    from napari_deconv.learned.staged import Staged

Array = NDArray[np.floating[Any]]
UNIT, SMALLEST = 8, 32
"""Crops are multiples of so many pixels, and at least so large."""
FAINTEST = 1e-6
"""Noise below this share of the grey range is none: single precision ends there."""
HELD = 8
"""Batches of crops of what is kept apart, on which a model is looked at."""


class FineTuning(Declared):
    """How a model is fine-tuned."""

    rate: float = Field(
        2e-4,
        gt=0,
        description="Learning rate at first: small, for it knows much already; it falls.",
    )
    batch: int = Field(2, ge=1, description="Crops a step.")
    side: int = Field(96, ge=24, description="Side of a crop.", json_schema_extra={"unit": "px"})
    split: float = Field(
        0.5, gt=0, le=4, description="Noise added to one half of a frame, in times its own."
    )
    equivariance: float = Field(
        0.3, ge=0, description="How much restoring its own results again counts."
    )
    drawn: float = Field(
        1.0, ge=0, description="How much drawn scenes of the same PSF and noise count."
    )
    warmup: int = Field(10, ge=0, description="Steps over which the rate rises at first.")
    average: float = Field(0.98, ge=0, lt=1, description="Share of averaged weights that stays.")
    every: int = Field(50, ge=1, description="Steps between two looks at what is kept apart.")
    patience: int = Field(4, ge=1, description="Looks without a gain after which it ends.")
    seed: int = Field(0, ge=0, description="Of crops and noise.")


@dataclass(frozen=True, eq=False)
class Scan:
    """Noisy frames of a scanner.

    Attributes
    ----------
    frames : sequence of ndarray, shape (H, W)
        Grey values in units where the grey range is 1.
    kernel : ndarray
        PSF.
    gain, read : float
        Noise: ``variance = gain * grey + read^2``.
    seconds : sequence of ndarray
        A second exposure of each frame; none if there are none.

    Raises
    ------
    ValueError
        If there is no frame or no noise, or exposures don't go together.
    """

    frames: Sequence[Array]
    kernel: Array
    gain: float
    read: float
    seconds: Sequence[Array] = ()

    def __post_init__(self) -> None:
        """Refuse what can't be learned from."""
        if not self.frames or (self.seconds and len(self.seconds) != len(self.frames)):
            raise ValueError("Give noisy frames, and second exposures of all of them or of none.")
        for frame, other in zip(self.frames, self.seconds, strict=False):
            if frame.shape != other.shape:
                raise ValueError(
                    f"A frame of shape {frame.shape} has a second exposure of shape "
                    f"{other.shape}: give two of the same scene."
                )
        bright = max(float(np.mean([frame.mean() for frame in self.frames])), 0.0)
        if not self.gain * bright + self.read**2 > FAINTEST**2:
            raise ValueError(
                "These scans have no noise to learn from: give frames as the detector made them."
            )

    def side(self, most: int) -> int:
        """Return the side of crops that all frames have room for and networks can halve.

        Raises
        ------
        ValueError
            If a frame has no room for any.
        """
        least = int(min(min(frame.shape) for frame in self.frames))
        if least < SMALLEST:
            raise ValueError(
                f"A part of the scans is {least} pixels wide, too small to learn from: give larger "
                "frames, or at least 4 of them."
            )
        return min(most, least) // UNIT * UNIT

    def halves(self) -> tuple[Scan, Scan]:
        """Return what is learned from, and a quarter of the frames, or of the rows of one."""
        number = len(self.frames)

        def cut(frames: Sequence[Array], last: bool) -> tuple[Array, ...]:
            if number >= 4:
                return tuple(f for k, f in enumerate(frames) if (k % 4 == 3) == last)
            rows = [len(frame) - len(frame) // 4 for frame in frames]
            pairs = zip(frames, rows, strict=True)
            return tuple(frame[row:] if last else frame[:row] for frame, row in pairs)

        learned, tested = (
            Scan(cut(self.frames, last), self.kernel, self.gain, self.read, cut(self.seconds, last))
            for last in (False, True)
        )
        return learned, tested


class Tuner:
    """Fine-tunes a copy of a model.

    Parameters
    ----------
    model : Staged
        Where it starts; left as it is.
    scan : Scan
    guard : callable
        Takes a model and returns its PSNR on each of some drawn scenes of this PSF and noise, the
        same each time. A model that is not surely better there than the one it started as may have
        unlearned something, and is never kept.
    settings : FineTuning
    drawn : callable, optional
        Takes a step and returns drawn scenes of this PSF and noise, which are learned from as well:
        noisy frames alone let a model forget what the blur removed.

    Attributes
    ----------
    best : Staged
        The best so far: the start, until a look finds better.
    """

    def __init__(
        self,
        model: Staged,
        scan: Scan,
        guard: Callable[[Staged], NDArray[np.float64]],
        settings: FineTuning | None = None,
        drawn: Callable[[int], Pairs] | None = None,
    ) -> None:
        self.settings = settings or FineTuning()
        self._drawn = drawn
        self._learned, self._tested = scan.halves()
        self._guard = guard
        self._model, self._average = copy.deepcopy(model), copy.deepcopy(model)
        self.best: Staged = copy.deepcopy(model).eval()
        for one in self._model.parameters():
            one.requires_grad_(True)
        self._optimiser = torch.optim.AdamW(
            self._model.parameters(), self.settings.rate, weight_decay=0.0
        )
        held = (self._pair(self._tested, (2, k)) for k in range(HELD))
        self._held = [(view.lasting(), other, sigma) for view, other, sigma in held]

    def looks(self, steps: int) -> Iterator[Look]:
        """Learn, and look now and then; ends when nothing is gained any more.

        Parameters
        ----------
        steps : int
            At most.
        """
        most = -(-steps // self.settings.every)
        keeping = Keeping(self._misfits(self.best), self._guard(self.best), most)
        yield keeping.start
        without = 0
        for step in range(1, steps + 1):
            self._advance(step, (step - 1) / steps)
            if step % self.settings.every and step < steps:
                continue
            look = keeping.look(step, self._misfits(self._average), self._guard(self._average))
            if look.best:
                self.best.load_state_dict(self._average.state_dict())
            without = 0 if look.best else without + 1
            yield look
            if without >= self.settings.patience:
                return

    def _advance(self, step: int, gone: float) -> None:
        settings = self.settings
        rising, falling = step / (settings.warmup + 1), (1 + math.cos(math.pi * gone)) / 2
        view, other, sigma = self._pair(self._learned, (1, step))
        estimate = self._model(view)[-1]
        loss = _misfit(view, estimate, other, sigma).mean()
        if settings.equivariance:
            again = self._again(view, estimate.detach(), step)
            loss = loss + settings.equivariance * again
        if settings.drawn and self._drawn is not None:
            known, truth = self._drawn(step)
            loss = loss + settings.drawn * log_error(self._model(known), truth, known.noise)
        for group in self._optimiser.param_groups:
            group["lr"] = settings.rate * min(1.0, rising) * falling
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._model.parameters(), 0.5)
        self._optimiser.step()
        with torch.no_grad():
            share = min(settings.average, step / (step + 1))
            for average, weights in zip(
                self._average.parameters(), self._model.parameters(), strict=True
            ):
                average.lerp_(weights, 1 - share)

    def _again(self, view: View, picture: Tensor, step: int) -> Tensor:
        """Return how far the model is from restoring its own result, turned, in noise variances."""
        rng = torch.Generator().manual_seed(self.settings.seed * 7919 + step)
        turned = torch.rot90(picture, int(torch.randint(4, (1,), generator=rng)), (-2, -1))
        blurred = view.crop(view.blur(view.spread(turned)))
        noise = torch.randn(blurred.shape, generator=rng)
        told = view.noise.expand_as(blurred).contiguous()
        made = seen(blurred + told * noise, self._kernels(), told)
        error = _inner(self._model(made)[-1] - turned)
        return (error.square() / view.noise.square()).mean().add(1).log()

    def _kernels(self) -> list[Tensor]:
        kernel = torch.from_numpy(np.asarray(self._learned.kernel, np.float32))
        return [kernel] * self.settings.batch

    def _pair(self, scan: Scan, at: tuple[int, int]) -> tuple[View, Tensor, Tensor]:
        """Return what is shown, another frame of the same scenes, and the noise of that one."""
        settings = self.settings
        rng = np.random.default_rng((settings.seed, *at))
        shown: list[Tensor] = []
        others: list[Tensor] = []
        told: list[Tensor] = []
        sigmas: list[Tensor] = []
        side = scan.side(settings.side)
        for _ in range(settings.batch):
            number = int(rng.integers(len(scan.frames)))
            frame = scan.frames[number]
            top, left = (int(rng.integers(n - side + 1)) for n in frame.shape)
            part = (slice(top, top + side), slice(left, left + side))
            one = frame[part].astype(np.float32)
            sigma = np.sqrt(np.maximum(scan.gain * _smooth(one), 0) + scan.read**2)
            if scan.seconds:
                other, loud, left_over = scan.seconds[number][part], sigma, sigma
            else:
                noise = sigma * rng.normal(size=one.shape)
                other = one - noise / settings.split
                one = one + settings.split * noise
                loud = sigma * math.hypot(1, settings.split)
                left_over = sigma * math.hypot(1, 1 / settings.split)
            mean = float(frame.mean())
            for where, what in (
                (shown, one - mean),
                (others, other - mean),
                (told, loud),
                (sigmas, left_over),
            ):
                where.append(torch.from_numpy(np.asarray(what, np.float32))[None])
        view = seen(torch.stack(shown), self._kernels(), torch.stack(told))
        return view, torch.stack(others), torch.stack(sigmas)

    @torch.no_grad()
    def _misfits(self, model: Staged) -> NDArray[np.float64]:
        """Return the misfit of each crop that is kept apart."""
        found = [_misfit(v, model(v)[-1], other, s) for v, other, s in self._held]
        return torch.cat(found).double().numpy()


def _misfit(view: View, estimate: Tensor, other: Tensor, sigma: Tensor) -> Tensor:
    """Return the mean of ``(H x - g)^2 / sigma^2`` over the inner part of each frame not shown."""
    blurred = view.crop(view.blur(view.spread(estimate)))
    return _inner((blurred - other) / sigma).square().mean((1, 2, 3))


def _inner(x: Tensor) -> Tensor:
    return x[..., BORDER:-BORDER, BORDER:-BORDER]


def _smooth(frame: Array) -> Array:
    """Return the mean over 3 x 3 pixels: from single ones, dark pixels would count for too much."""
    from scipy.ndimage import uniform_filter

    smoothed: Array = uniform_filter(frame, 3, mode="nearest")
    return smoothed
