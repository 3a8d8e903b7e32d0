"""Richardson-Lucy: maximum likelihood for counted photons, stopped early."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from napari_deconv.core.params import register
from napari_deconv.methods.method import Method

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.problem import Problem

_FLOOR = 1e-6
"""Floor of the start in units of the grey range: a picture of zeros would stay zero."""
_TINY = 1e-30
_SEEN = 1e-3
"""A pixel of which the data see less than this keeps its value."""


@register("method")
class RichardsonLucy(Method):
    """Multiplicative ascent of the Poisson likelihood, ``x <- x H'(w g / H x) / H'w``.

    The number of iterations is its strength: too many amplify the noise.

    References
    ----------
    W. H. Richardson, J. Opt. Soc. Am. 62, 1972; L. B. Lucy, Astron. J. 79, 1974, eq. (15);
    acceleration: D. S. C. Biggs, M. Andrews, Appl. Opt. 36, 1997, eqs. (6) to (10).
    """

    name: Literal["richardson-lucy"] = "richardson-lucy"
    label: ClassVar[str] = "Richardson-Lucy: counted photons"
    fidelities: ClassVar[tuple[str, ...]] = ("poisson",)
    iterations: int = Field(
        30,
        ge=1,
        le=100_000,
        description="More is sharper and noisier.",
        json_schema_extra={"sharper": "more"},
    )
    accelerated: bool = Field(
        False, description="Extrapolate each step: a third of the iterations for the same picture."
    )

    def total(self, problem: Problem) -> int:
        """Return the number of iterations."""
        return self.iterations

    def is_local(self) -> bool:
        """Return False if accelerated: one pace is taken from the whole picture."""
        return not self.accelerated

    def iterates(self, problem: Problem) -> Iterator[Tensor]:
        """Start from a flat picture (the data where they are masked) and yield each estimate.

        Begun at the data, it gets there two iterations sooner, but what noise the blur does not
        pass is never taken out again.
        """
        import torch

        from napari_deconv.core.memory import kept

        blur, w = problem.blur, problem.weights
        flat = problem.data.mean(blur.axes, keepdim=True).clamp(min=_FLOOR)
        x = flat.expand_as(problem.data).contiguous()
        if w is None:
            g, seen, blind = problem.data / blur.throughput(), None, None
        else:
            g, seen = w * problem.data, blur.adjoint(w)
            blind = seen < _SEEN
            x = torch.where(blind, problem.data, x)
        previous, pace = x, None
        steps = [torch.zeros_like(x), torch.zeros_like(x)] if self.accelerated else []
        with kept():
            for _ in range(self.iterations):
                y = x if pace is None else torch.lerp(previous, x, 1 + pace).clamp_(min=0)
                correction = blur.adjoint(g / problem.fidelity.expected(blur(y)))
                if seen is not None and blind is not None:
                    correction.div_(seen).masked_fill_(blind, 1.0)
                previous, x = x, correction.mul_(y).clamp_(min=0)
                yield x
                if self.accelerated:
                    steps.reverse()
                    torch.sub(x, y, out=steps[0])
                    pace = _pace(*steps)


def _pace(step: Tensor, before: Tensor) -> Tensor:
    """Return how far to extrapolate, 0 to 1: as far as two steps go the same way."""
    now, then = step.flatten(), before.flatten()
    return (now.dot(then) / then.dot(then).clamp(min=_TINY)).clamp(0, 1)
