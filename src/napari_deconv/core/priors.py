"""What we believe of images: penalties that are small for likely ones.

A prior penalises an analysis ``z = K u`` of the image: K is the identity or the gradient.
`penalty` and `prox` act on z; `value` on the image itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from napari_deconv.core.params import Choice, register

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.operators import LinearMap


Isotropic = Annotated[
    bool,
    Field(description="Treat edges of all directions alike; off favours upright and level ones."),
]


class Prior(Choice):
    """A convex penalty ``phi(K u)`` of an image u."""

    quadratic: ClassVar[bool] = False
    """True if the penalty is ``1/2 ||K u||^2``: solvable in closed form, weight not scaled."""
    constraint: ClassVar[bool] = False
    """True if the penalty is 0 on a set and infinite outside: its weight does not matter."""

    def analysis(self, ndim: int) -> LinearMap:
        """Return the linear map K for images of `ndim` axes."""
        from napari_deconv.core.operators import Identity

        return Identity()

    def penalty(self, z: Tensor) -> Tensor:
        """Return ``phi(z)`` summed over all pixels, a 0-dimensional tensor."""
        raise TypeError(f"{type(self).__name__} states no penalty.")

    def prox(self, z: Tensor, threshold: float, out: Tensor | None = None) -> Tensor:
        """Return ``argmin_v threshold * phi(v) + 1/2 ||v - z||^2``, shape of `z`."""
        raise TypeError(f"{type(self).__name__} states no proximal map.")

    def value(self, u: Tensor, ndim: int) -> Tensor:
        """Return the penalty of an image, ``phi(K u)``."""
        return self.penalty(self.analysis(ndim)(u))


@dataclass(frozen=True)
class Term:
    """One summand ``weight * prior`` of an objective, in the problem's units (grey range 1)."""

    weight: float
    prior: Prior


class _Quadratic(Prior):
    quadratic: ClassVar[bool] = True

    def penalty(self, z: Tensor) -> Tensor:
        """Return ``1/2 ||z||^2``."""
        return z.square().sum() / 2

    def prox(self, z: Tensor, threshold: float, out: Tensor | None = None) -> Tensor:
        """Return ``z / (1 + threshold)``."""
        import torch

        return torch.div(z, 1 + threshold, out=out)


@register("prior")
class RidgePrior(_Quadratic):
    """Small grey values, ``1/2 ||u||^2``; it pulls every grey value towards zero."""

    name: Literal["ridge"] = "ridge"
    label: ClassVar[str] = "Ridge: small values"


@register("prior")
class TikhonovPrior(_Quadratic):
    """Small gradients, ``1/2 ||D u||^2``: smooth everywhere, edges included."""

    name: Literal["tikhonov"] = "tikhonov"
    label: ClassVar[str] = "Tikhonov: smooth everywhere"

    def analysis(self, ndim: int) -> LinearMap:
        """Return the gradient."""
        from napari_deconv.core.operators import Gradient

        return Gradient(ndim)


@register("prior")
class TotalVariation(Prior):
    """Few edges, ``||D u||_1``: flat regions with sharp borders.

    References
    ----------
    L. I. Rudin, S. Osher, E. Fatemi, "Nonlinear total variation based noise removal algorithms",
    Physica D 60, 1992, eq. (2.2).
    """

    name: Literal["tv"] = "tv"
    label: ClassVar[str] = "TV: flat regions, sharp edges"
    isotropic: Isotropic = True

    def analysis(self, ndim: int) -> LinearMap:
        """Return the gradient."""
        from napari_deconv.core.operators import Gradient

        return Gradient(ndim)

    def penalty(self, z: Tensor) -> Tensor:
        """Return the sum of gradient lengths (isotropic) or of their absolute components."""
        return (z.square().sum(0).sqrt_() if self.isotropic else z.abs()).sum()

    def prox(self, z: Tensor, threshold: float, out: Tensor | None = None) -> Tensor:
        """Shorten each gradient by `threshold`, to zero where it is shorter than that."""
        import torch

        out = torch.empty_like(z) if out is None else out
        if not self.isotropic:
            return torch.sub(z, torch.clamp(z, -threshold, threshold, out=out), out=out)
        kept = torch.mul(z[0], z[0], out=out[0])  # the squared length, then what is kept of it
        for component in z[1:]:
            kept.addcmul_(component, component)
        kept.clamp_(min=_SHORTEST).rsqrt_().mul_(-threshold).add_(1).clamp_(min=0)
        for component, shortened in zip(z[1:], out[1:], strict=True):
            torch.mul(component, kept, out=shortened)
        kept.mul_(z[0])
        return out


_SHORTEST = 1e-30
"""Floor of a squared gradient, so that a threshold of 0 keeps a gradient of 0."""


@register("prior")
class Positivity(Prior):
    """No value below zero, as befits counts and transmission."""

    name: Literal["positivity"] = "positivity"
    label: ClassVar[str] = "Positivity: nothing below zero"
    constraint: ClassVar[bool] = True

    def penalty(self, z: Tensor) -> Tensor:
        """Return 0 if nothing is below zero, infinity otherwise."""
        return z.new_zeros(()).masked_fill((z < 0).any(), float("inf"))

    def prox(self, z: Tensor, threshold: float, out: Tensor | None = None) -> Tensor:
        """Lift what is below zero to zero."""
        import torch

        return torch.clamp(z, min=0, out=out)
