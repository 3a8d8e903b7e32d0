"""Pose the problem that a recipe makes of an image, or of a part of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_deconv.core.boundary import Edge, margins
from napari_deconv.exposures import Exposure
from napari_deconv.plan import Plan
from napari_deconv.psf.kernel import rms_radius

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from napari_deconv.core.problem import Problem
    from napari_deconv.core.scale import Measurement
    from napari_deconv.xray.frame import Frame

Cut = tuple[slice, ...]

BEYOND_NOISE = 5.0
"""Negative values deeper than this many sigma are no noise."""


@dataclass(frozen=True)
class Poser:
    """An image understood and measured, of any part of which a problem can be posed.

    Attributes
    ----------
    exposure : Exposure
        Image and PSF.
    frame : Frame
        The whole image.
    measured : Measurement
    device : torch.device
    """

    exposure: Exposure[Any]
    frame: Frame
    measured: Measurement
    device: torch.device

    def grid(self, recipe: Plan, cut: Cut) -> tuple[int, ...]:
        """Return the padded grid of a part.

        Raises
        ------
        ValueError
            In one sentence, if a periodic border has sides that wavelets can't halve.
        """
        from napari_deconv.core.operators import fast_length

        sides = tuple(part.stop - part.start for part in cut)
        multiple = recipe.method.multiple()
        if not recipe.boundary.padded:
            if any(n % multiple for n in sides):
                raise ValueError(
                    f"{recipe.method.key()} on the periodic border needs sides that {multiple} "
                    "divides: crop the image, take fewer levels, invariant wavelets or another "
                    "border."
                )
            return sides
        kernel = self.exposure.kernel.array.shape
        return tuple(fast_length(n + k - 1, multiple) for n, k in zip(sides, kernel, strict=True))

    def problem(self, recipe: Plan, cut: Cut, index: int) -> Problem:
        """Return the problem of a part of one slice (or of the whole image), on the device."""
        import torch

        from napari_deconv.core.operators import Blur
        from napari_deconv.core.problem import Problem

        recipe, scale = self._bordered(recipe, cut), self.measured.scale
        grid = self.grid(recipe, cut)
        values = self._part(self.frame.values, cut, index)
        image = torch.from_numpy((values + np.float32(recipe.offset)) / np.float32(scale))
        mean = (self.measured.mean - self.frame.level + recipe.offset) / scale
        if recipe.fidelity.key() == "poisson":
            image = image.clamp(min=0)
        image = image.to(self.device)
        window = tuple(
            slice(before, before + n)
            for n, side in zip(image.shape, grid, strict=True)
            for before, _ in [margins(n, side)]
        )
        data = recipe.boundary.extend(image, grid, mean)
        exposures = self.exposure.exposures
        pixel_noise = self.measured.noise / scale
        fidelity = recipe.fidelity.averaged(exposures).in_units(scale, pixel_noise)
        weights = self._weights(recipe, cut, index, grid, window)
        trust = fidelity.weigh(data, mean, len(grid))
        if trust is not None:
            weights = trust if weights is None else weights.mul_(trust)
        return Problem(
            data=data,
            weights=weights,
            blur=Blur(torch.from_numpy(self.exposure.kernel.array).to(self.device), grid),
            fidelity=fidelity,
            window=window,
            noise=pixel_noise if self.measured.white else self.measured.coarse_noise / scale,
            mean=mean,
            scale=scale,
            unclear=self.measured.unclear,
            masked=self._masked(recipe),
            graded=self.frame.weights is not None,
            spread=rms_radius(self.exposure.kernel.array),
            frames=self._frames(recipe, cut),
        )

    def _frames(self, recipe: Plan, cut: Cut) -> Tensor | None:
        """Return a part of a burst's frames, on the device, where they are looked at apart."""
        import torch

        if self.exposure.frames is None:
            return None
        part = self.exposure.frames[(slice(None), *cut)]
        values = torch.from_numpy(part).to(self.device)
        return (values + (recipe.offset - self.frame.level)) / self.measured.scale

    def _masked(self, recipe: Plan) -> bool:
        """Return whether pixels are masked, in the frame or beyond its border."""
        outside = recipe.boundary.padded and recipe.boundary.weight == 0
        return outside or self.frame.valid is not None or self.exposure.share is not None

    def _bordered(self, recipe: Plan, cut: Cut) -> Plan:
        """Return the recipe, but a part of a periodic image with an edge: it repeats no more."""
        sides = tuple(part.stop - part.start for part in cut)
        if recipe.boundary.padded or sides == self.frame.values.shape[-len(sides) :]:
            return recipe
        return recipe.model_copy(update={"boundary": Edge()})

    def _part(self, array: npt.NDArray[Any], cut: Cut, index: int) -> npt.NDArray[Any]:
        plane = array if array.ndim == len(cut) else array[index]
        return plane[cut]

    def _weights(
        self, recipe: Plan, cut: Cut, index: int, grid: tuple[int, ...], window: Cut
    ) -> Tensor | None:
        """Return how much each pixel counts, the boundary's weight beyond it; None if all 1."""
        import torch

        outside = recipe.boundary.weight
        known = (self.frame.valid, self.exposure.share, self.frame.weights)
        parts = [self._part(part, cut, index) for part in known if part is not None]
        if not parts and (outside == 1 or not recipe.boundary.padded):
            return None
        weights = torch.full(grid, outside, device=self.device)
        weights[window] = 1.0
        for part in parts:
            weights[window] *= torch.tensor(part, dtype=weights.dtype, device=self.device)
        return weights


def check_counts(recipe: Plan, frame: Frame, measured: Measurement) -> tuple[str, ...]:
    """Refuse data with true negatives for counted photons; name what is clipped.

    Raises
    ------
    ValueError
        In one sentence, with the offset that would do.
    """
    if recipe.fidelity.key() != "poisson":
        return ()
    good = frame.values if frame.valid is None else frame.values[frame.valid]
    lowest = float(good.min()) + recipe.offset
    if lowest < -BEYOND_NOISE * measured.noise - 1e-6 * measured.scale:
        enough = 1.01 * (recipe.offset - lowest)
        raise ValueError(
            f"The image has values down to {lowest:.4g}, but {recipe.method.key()} with "
            f"Poisson noise needs counts: set the offset to {enough:.4g} "
            "or deblur counts or transmission instead."
        )
    below = int((good + recipe.offset < 0).sum())
    return (f"{below} pixels below zero set to zero.",) if below else ()
