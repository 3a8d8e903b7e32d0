"""Restore an image by a trained model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field

from napari_deconv.core.params import register
from napari_deconv.learned import model as models
from napari_deconv.learned.architecture import Architecture
from napari_deconv.methods.method import Method

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.problem import Problem


@register("method")
class Restore(Method):
    r"""A trained network between steps in Fourier space.

    ``z = W_2 g + N_1(g, W_1 g, W_2 g, W_3 g, s)``, then
    ``u = z + N_2 + sum_k a_k (t_k - z)`` with ``(N_2, a) = N(g, W g, s, z, H' (g - H z), t)``:
    Wiener filters W of three strengths, noise s, total variation t of two strengths, and networks
    N_1 and N learned from pairs of sharp scenes and what a detector makes of them.

    References
    ----------
    L. Chen et al., "Simple baselines for image restoration", ECCV 2022 (the networks); J. Dong,
    S. Roth, B. Schiele, "Deep Wiener deconvolution", NeurIPS 2020 (Wiener estimates as inputs).
    """

    name: Literal["restore"] = "restore"
    label: ClassVar[str] = "Learned: any PSF and noise"
    fidelities: ClassVar[tuple[str, ...]] = ("gaussian", "poisson-gaussian")
    learned: ClassVar[bool] = True
    dimensions: ClassVar[tuple[int, ...]] = (2,)
    margin: ClassVar[int] = 128
    alignment: ClassVar[int] = 8
    model: str = Field(
        models.SHIPPED, description="A model that ships, or the path of a .safetensors file."
    )
    project: bool = Field(
        False,
        description="Put what the data clearly say back onto the result at the end.",
        json_schema_extra={"sharper": "on"},
    )
    force: bool = Field(False, description="Go on even far outside what the model was trained for.")

    def pinned(self) -> Self:
        """Return it with the model's hash."""
        named: Self = self.replace(model=models.pinned(self.model))
        return named

    def frames(self) -> int:
        """Return how many frames of a burst the model looks at."""
        architecture = models.card_of(self.model).architecture
        frames = architecture.frames if isinstance(architecture, Architecture) else 1
        return frames if frames > 1 else 0

    def check(self, problem: Problem) -> None:
        """Refuse volumes, and what lies far outside what the model was trained for."""
        if problem.ndim not in self.dimensions:
            raise ValueError(
                "restore knows pictures, not volumes: give a 2-D PSF, which restores a stack slice "
                "by slice, or choose tv."
            )
        card = models.card_of(self.model)
        if card.architecture.inputs == "noise":
            raise ValueError(
                f"The model {models.bare(self.model)!r} is a denoiser: choose plug-and-play for it."
            )
        if (frames := self.frames()) and problem.frames is None:
            raise ValueError(
                f"The model {models.bare(self.model)!r} looks at {frames} frames of a burst: say "
                "which frames (in the dock: Frames, in Python: burst={}), or choose another model."
            )
        if not self.force:
            card.check(problem.spread, problem.noise)

    def remarks(self, problem: Problem) -> tuple[str, ...]:
        """Return which model restores, and what lies outside what it was trained for."""
        card = models.card_of(self.model)
        made = (
            f"Learned: {card.title}, version {card.version} ({models.digest_of(self.model)}); "
            "detail that the blur removed is the model's guess."
        )
        known = card.calibration.said() if card.calibration is not None else ""
        unknown = filter(None, [known, card.unknown()])
        doubts = card.doubts(problem.spread, problem.noise)
        return (made, *unknown, *(f"Outside the model's training: {words}." for words, _ in doubts))

    def total(self, problem: Problem) -> int:
        """Return one estimate before the networks, one for each row of tiles, one after them."""
        from napari_deconv.learned import applying

        return applying.steps(self._network(problem), problem, project=self.project)

    def need(self, problem: Problem) -> tuple[float, float]:
        """Return what a rehearsal of the shipped model came to, which takes long."""
        return 4 * 26.5, 41e6

    def iterates(self, problem: Problem) -> Iterator[Tensor]:
        """Yield the Wiener estimate, then each row of tiles of each network, then the end."""
        import torch

        from napari_deconv.learned import applying

        view = applying.view_of(problem)
        network = self._network(problem)
        index: tuple[Any, ...] = problem.window
        with torch.no_grad():
            for frame in applying.walk(network, view, project=self.project):
                x = problem.data.clone()
                x[index] = frame[0, 0] + problem.mean
                yield x

    def _network(self, problem: Problem) -> Any:
        return models.load(self.model, problem.data.device).network
