"""Half-quadratic splitting with a learned denoiser in place of a prior."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field

from napari_deconv.core.params import register
from napari_deconv.learned import model as models
from napari_deconv.methods.method import Method

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.problem import Problem

DENOISER = "denoiser"
"""Name of the denoiser that comes with the package."""
LEAST_NOISE = 1e-3
"""Least noise in units of the grey range: what lies around the frame is never known better."""


@register("method")
class PlugAndPlay(Method):
    r"""Steps towards the data and steps of a denoiser, in turn, each less strong than the last.

    ``z = argmin |H z - g|^2 + a_k |z - x|^2`` in Fourier space and ``x = D(z; s_k)``, with s_k
    falling evenly, as logarithm, to the noise s of the data, and ``a_k = strength s^2 / s_k^2``.

    References
    ----------
    K. Zhang et al., "Plug-and-play image restoration with deep denoiser prior", IEEE Trans.
    Pattern Anal. Mach. Intell. 44, 2022, eqs. (6) to (8).
    """

    name: Literal["plug-and-play"] = "plug-and-play"
    label: ClassVar[str] = "Plug and play: learned denoiser"
    learned: ClassVar[bool] = True
    dimensions: ClassVar[tuple[int, ...]] = (2,)
    alignment: ClassVar[int] = 8
    denoiser: str = Field(
        DENOISER, description="A denoiser that ships, or the path of a .safetensors file."
    )
    strength: float = Field(
        0.23,
        gt=0,
        le=100,
        description="How much the denoiser counts beside the data.",
        json_schema_extra={"sharper": "lower"},
    )
    iterations: int = Field(8, ge=1, le=1000, description="Steps of each kind.")
    start: float = Field(
        0.2,
        gt=0,
        le=1,
        description="Noise that the denoiser takes away at first.",
        json_schema_extra={"unit": "of range"},
    )

    def is_local(self) -> bool:
        """Return False: each step of the denoiser reaches farther."""
        return False

    def pinned(self) -> Self:
        """Return it with the denoiser's hash."""
        named: Self = self.replace(denoiser=models.pinned(self.denoiser))
        return named

    def check(self, problem: Problem) -> None:
        """Refuse volumes, weighed pixels, and models that are no denoisers."""
        if problem.ndim not in self.dimensions:
            raise ValueError(
                "plug-and-play knows pictures, not volumes: give a 2-D PSF, which restores a stack "
                "slice by slice, or choose tv."
            )
        if problem.graded:
            raise ValueError(
                "plug-and-play can't weigh pixels, only mask them: choose restore or tv."
            )
        if models.card_of(self.denoiser).architecture.inputs != "noise":
            raise ValueError(
                f"The model {models.bare(self.denoiser)!r} is no denoiser: choose it as the model "
                "of restore."
            )

    def remarks(self, problem: Problem) -> tuple[str, ...]:
        """Return which denoiser it is, and whether the noise is stronger than any it knows."""
        card = models.card_of(self.denoiser)
        digest = models.digest_of(self.denoiser)
        made = f"Learned denoiser: {card.title}, version {card.version} ({digest})."
        outside = (
            f"Outside the denoiser's training: {words}."
            for words, _ in card.doubts(0.0, problem.noise)
        )
        return (made, *filter(None, [card.unknown()]), *outside)

    def total(self, problem: Problem) -> int:
        """Return the number of iterations."""
        return self.iterations

    def levels(self, noise: float) -> list[float]:
        """Return the noise that the denoiser takes away at each iteration, falling."""
        least = max(noise, LEAST_NOISE)
        first, last = math.log(max(self.start, least)), math.log(least)
        places = [k / max(self.iterations - 1, 1) for k in range(self.iterations)]
        return [math.exp(first + (last - first) * place) for place in places]

    def need(self, problem: Problem) -> tuple[float, float]:
        """Return what a rehearsal of the shipped denoiser came to, which takes long."""
        return 4 * 26.5, 41e6

    def iterates(self, problem: Problem) -> Iterator[Tensor]:
        """Yield what the denoiser makes of each data step."""
        import torch

        from napari_deconv.learned import applying, physics

        view = applying.view_of(problem)
        stage: Any = models.load(self.denoiser, problem.data.device).network.stages[0]
        noise = max(problem.noise, LEAST_NOISE)
        index: tuple[Any, ...] = problem.window
        blur, x = view.blur, view.crop(view.data)
        # What lies around the frame counts as data here: with nothing known there, steps that
        # hardly hold to the last estimate would not keep each other in bounds.
        trusted = torch.ones_like(view.known)
        trusted[(..., *view.window)] = view.crop(view.known)
        with torch.no_grad():
            levels = self.levels(noise)
            for number, level in enumerate(levels, start=1):
                hold = self.strength * noise**2 / level**2
                residual = (view.data - blur(view.spread(x))) * trusted
                asked = blur.forward(residual) * blur.spectrum.conj()
                z = x + view.crop(blur.inverse(asked / (blur.power() + hold)))
                x = applying.denoised(stage, z, level)
                if number == len(levels):
                    x = physics.settled(view, x)
                estimate = problem.data.clone()
                estimate[index] = x[0, 0] + problem.mean
                yield estimate
