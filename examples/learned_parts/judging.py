"""How good a model is: PSNR on the withheld slices, on another object, on a real short exposure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from learned_parts.objects import Exposures
from learned_parts.trainings import FRAMES, PSF, condition
from napari_deconv.core.merging import blurred, shifted
from napari_deconv.core.noise import gaussian_sigma
from napari_deconv.learned.images import Images
from napari_deconv.learned.staged import Staged
from napari_deconv.learned.training import Training
from napari_deconv.learned.validation import Held, decibel
from napari_deconv.learned.view import View, seen
from napari_deconv.recipe import Recipe
from napari_deconv.trainer import tv

UNSEEN = 9
"""Branch of random numbers that no training draws from."""
APART = 3.0
"""How far the frames of a burst lie apart that is registered, along each axis, in pixels."""
SEEN_BY_ALL = 12
"""Pixels of the border of a registered burst that are not judged."""
RANGE = (0.1, 99.9)
"""Percentiles between which a long exposure's grey range lies."""
LIMIT = "noise of the long exposure"
"""What a perfect result would have, as it is named in tables."""
Scores = dict[str, float]


@dataclass(frozen=True, eq=False)
class Case:
    """Pictures of one object under one condition, as a model is shown them, and as others are."""

    view: View
    held: list[Held]

    def score(self, pictures: Any) -> float:
        """Return the mean PSNR of pictures, shape (B, H, W)."""
        return float(
            np.mean([decibel(p, h.truth) for p, h in zip(pictures, self.held, strict=True)])
        )

    def by(self, model: Staged) -> list[np.ndarray]:
        """Return what a model makes of the pictures."""
        with torch.no_grad():
            return list(model(self.view)[-1][:, 0].numpy())

    def by_tv(self) -> list[np.ndarray]:
        """Return what TV with automatic weight makes of them."""
        return [tv(held) for held in self.held]

    def first(self) -> Case:
        """Return the case in which there is but the first frame of each burst."""
        assert self.view.frames is not None
        frames = self.view.frames[:, :1]
        count = self.view.frames.shape[1]
        kernels = [torch.from_numpy(held.kernel) for held in self.held]
        view = seen(frames, kernels, self.view.sigma * count**0.5)
        single = zip(self.held, frames[:, 0].numpy(), strict=True)
        return Case(view, [replace(held, frame=frame) for held, frame in single])


def case(images: Images, name: str, pictures: int, side: int) -> Case:
    """Return pictures of an object, the same each time."""
    degradation = condition(name)
    training = Training(degradation=degradation, batch=pictures, side=side)
    pairs = training.batch_of(0, UNSEEN, images)
    kernel = degradation.kernel(np.random.default_rng(0)).astype(np.float32)
    frames = pairs.view.crop(pairs.view.data)[:, 0].numpy()
    truths = pairs.truth[:, 0].numpy()
    return Case(pairs.view, [Held(f, t, kernel) for f, t in zip(frames, truths, strict=True)])


def registered(found: Case, method: dict[str, Any]) -> float:
    """Return the PSNR of bursts whose frames are laid over each other by the plugin itself."""
    assert found.view.frames is not None
    rng = np.random.default_rng(5)
    scores = []
    inner = (slice(SEEN_BY_ALL, -SEEN_BY_ALL),) * 2
    for frames, held in zip(found.view.frames, found.held, strict=True):
        shifts = [(0.0, 0.0), *(tuple(rng.uniform(-APART, APART, 2)) for _ in range(FRAMES - 1))]
        moved = torch.stack([shifted(f, s) for f, s in zip(frames, shifts, strict=True)])
        recipe = Recipe(psf=PSF, method=method, burst={"reference": 0, "doubt": 1.0})
        picture = recipe.run(moved.numpy(), device="cpu").image
        scores.append(decibel(picture[inner], held.truth[inner]))
    return float(np.mean(scores))


def real(exposure: Exposures, method: dict[str, Any]) -> tuple[float, np.ndarray]:
    """Return how well a restored short exposure, blurred again, agrees with the long one, and it.

    Nobody knows the sharp scene: the long exposure is as blurred as the short one. PSNR for its
    grey range; of an empty method, of the short exposure as it is.
    """
    low, high = np.percentile(exposure.long, RANGE)
    picture = agrees = exposure.short
    if method:
        recipe = Recipe(psf=PSF, method=method)
        picture = recipe.run(exposure.short, device="cpu").image
        kernel = condition("noise").kernel(np.random.default_rng(0)).astype(np.float32)
        agrees = blurred(torch.from_numpy(picture), torch.from_numpy(kernel)).numpy()
    return decibel(agrees / (high - low), exposure.long / (high - low)), picture


def limit(exposure: Exposures) -> float:
    """Return the PSNR of a perfect result: the long exposure it is compared with has noise too."""
    low, high = np.percentile(exposure.long, RANGE)
    return float(-20 * np.log10(gaussian_sigma(exposure.long) / (high - low)))


def baselines(cases: dict[str, Case], shipped: Staged) -> dict[str, Callable[[], Scores]]:
    """Return what models are compared with: by name, what measures its PSNR in each case."""

    def measuring(picked: dict[str, Case], restored: Callable[[Case], Any]) -> Callable[[], Scores]:
        return lambda: {name: one.score(restored(one)) for name, one in picked.items()}

    single = {name: one.first() for name, one in cases.items() if one.view.frames is not None}
    return {
        "blurred": measuring(cases, lambda one: [held.frame for held in one.held]),
        "TV, automatic": measuring(cases, Case.by_tv),
        "shipped model": measuring(cases, lambda one: one.by(shipped)),
        "one frame, TV": measuring(single, Case.by_tv),
        "one frame, shipped": measuring(single, lambda one: one.by(shipped)),
    }
