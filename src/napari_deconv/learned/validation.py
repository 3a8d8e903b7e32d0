"""Pictures kept apart, on which a model shows what it has learned: the same at every look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_deconv.learned.degradation import Pairs
from napari_deconv.learned.losses import BORDER
from napari_deconv.learned.training import Source, Training

if TYPE_CHECKING:
    from napari_deconv.learned.staged import Staged

WATCHED, JUDGED = 2, 4
"""Branches of random numbers: of pictures that pick the best model, and that it is judged by."""
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Held:
    """A picture kept apart.

    Attributes
    ----------
    frame, truth : ndarray, shape (H, W)
        Blurred and noisy, and sharp, less the mean, in units where the grey range is 1.
    kernel : ndarray
        Its PSF.
    """

    frame: Floats
    truth: Floats
    kernel: Floats


class Validation:
    """Pairs that are never learned from.

    Parameters
    ----------
    training : Training
    source : Source or None
        Of pictures kept apart; other drawn scenes than those learned from if None.
    batches : int
    branch : int
        `WATCHED` or `JUDGED`.
    """

    def __init__(
        self, training: Training, source: Source | None, batches: int, branch: int = WATCHED
    ) -> None:
        drawn = [training.batch_of(number, branch, source) for number in range(batches)]
        self.pictures = [
            Held(
                pairs.view.crop(pairs.view.data)[place, 0].numpy(),
                pairs.truth[place, 0].numpy(),
                _kernel(training, (number, branch, place)),
            )
            for number, pairs in enumerate(drawn)
            for place in range(training.batch)
        ]
        self._ranges = [pairs.ranges() for pairs in drawn]
        self._batches = [pairs.as_shown().lasting() for pairs in drawn]
        self._moved: dict[torch.device, list[Pairs]] = {}

    def restored(self, model: Staged, device: torch.device | str = "cpu") -> list[Floats]:
        """Return what a model makes of the pictures, each shown as `restore` shows it."""
        found: list[Floats] = []
        for (view, _), own in zip(self._on(torch.device(device)), self._ranges, strict=True):
            mean, span = own
            with torch.no_grad():
                last: Tensor = model(view)[-1]
            found.extend((last.cpu() * span + mean)[:, 0].numpy())
        return found

    def _on(self, device: torch.device) -> list[Pairs]:
        """Return the batches on a device, where they keep what models work out of them."""
        if device not in self._moved:
            self._moved[device] = [pairs.to(device) for pairs in self._batches]
        return self._moved[device]

    def decibels(self, pictures: list[Any]) -> list[float]:
        """Return the PSNR of each picture, for the grey range, without its border."""
        return [
            decibel(picture, held.truth)
            for picture, held in zip(pictures, self.pictures, strict=True)
        ]

    def blurred(self) -> list[float]:
        """Return the PSNR of the pictures as they are."""
        return self.decibels([held.frame for held in self.pictures])


def decibel(picture: NDArray[Any], truth: NDArray[Any]) -> float:
    """Return the PSNR where the grey range is 1, without the border."""
    inner = (slice(BORDER, -BORDER),) * 2
    error = float(np.mean((picture[inner].astype(float) - truth[inner]) ** 2))
    return float(-10 * np.log10(max(error, 1e-12)))


def _kernel(training: Training, at: tuple[int, int, int]) -> Floats:
    """Return the PSF that a patch is degraded by: the first that its random numbers give."""
    step, branch, place = at
    rng = np.random.default_rng((training.seed + 1_000_003 * branch, 2, step, place))
    return training.degradation.kernel(rng).astype(np.float32)
