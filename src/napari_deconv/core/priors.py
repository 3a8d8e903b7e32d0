"""What we believe of images: penalties that are small for likely ones.

A prior penalises an analysis ``z = K u`` of the image: K is the identity, the gradient or a wavelet
transform. `penalty` and `prox` act on z; `value` on the image itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from napari_deconv.core.params import Choice, register

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.operators import LinearMap


Isotropic = Annotated[
    bool,
    Field(description="Treat edges of all directions alike; off favours upright and level ones."),
]
Basis = Annotated[
    Literal[
        "haar", "db2", "db3", "db4", "db6", "db8", "sym4", "sym6", "sym8", "coif1", "coif2", "coif4"
    ],
    Field(description="Wavelet: haar for blocks and steps, longer ones for smooth grey values."),
]
Levels = Annotated[
    int,
    Field(ge=1, le=8, description="How many scales are penalised, each twice as coarse."),
]
Invariant = Annotated[
    bool,
    Field(description="Average over all shifts of the wavelet's grid: fewer blocks, slower."),
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

    def in_units(self, scale: float) -> Self:
        """Return the same belief about data divided by `scale`."""
        return self

    def multiple(self) -> int:
        """Return the number of which every side of the grid must be a multiple."""
        return 1

    def is_orthonormal(self) -> bool:
        """Return whether ``K'K = K K' = I``, so that the prox of an image is ``K' prox(K u)``."""
        return False

    def penalty(self, z: Tensor) -> Tensor:
        """Return ``phi(z)`` summed over all pixels, a 0-dimensional tensor."""
        raise TypeError(f"{type(self).__name__} states no penalty.")

    def prox(self, z: Tensor, threshold: float | Tensor, out: Tensor | None = None) -> Tensor:
        """Return ``argmin_v threshold * phi(v) + 1/2 ||v - z||^2``, shape of `z`."""
        raise TypeError(f"{type(self).__name__} states no proximal map.")

    def value(self, u: Tensor, ndim: int) -> Tensor:
        """Return the penalty of an image, ``phi(K u)``."""
        from napari_deconv.core.operators import differentiable

        return self.penalty(differentiable(self.analysis(ndim), u))


@dataclass(frozen=True)
class Term:
    """One summand ``weight * prior`` of an objective, in the problem's units (grey range 1).

    The weight is one number, or one for each picture of a batch: (B, K, 1, 1).
    """

    weight: float | Tensor
    prior: Prior


class _Quadratic(Prior):
    quadratic: ClassVar[bool] = True

    def penalty(self, z: Tensor) -> Tensor:
        """Return ``1/2 ||z||^2``."""
        return z.square().sum() / 2

    def prox(self, z: Tensor, threshold: float | Tensor, out: Tensor | None = None) -> Tensor:
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
        length = z.square().sum(0).clamp(min=_SHORTEST).sqrt() if self.isotropic else z.abs()
        return length.sum()

    def prox(self, z: Tensor, threshold: float | Tensor, out: Tensor | None = None) -> Tensor:
        """Shorten each gradient by `threshold`, to zero where it is shorter than that."""
        import torch

        if not self.isotropic:
            return _shrunk(z, threshold, out)
        out = torch.empty_like(z) if out is None else out
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
class L1Prior(Prior):
    """Few bright pixels, ``||u||_1``: points and thin lines on black; it darkens all others.

    References
    ----------
    R. Tibshirani, J. R. Stat. Soc. B 58, 1996, eq. (1).
    """

    name: Literal["l1"] = "l1"
    label: ClassVar[str] = "L1: few bright pixels"

    def is_orthonormal(self) -> bool:
        """Return True: K is the identity."""
        return True

    def penalty(self, z: Tensor) -> Tensor:
        """Return the sum of absolute values."""
        return z.abs().sum()

    def prox(self, z: Tensor, threshold: float | Tensor, out: Tensor | None = None) -> Tensor:
        """Move every value towards zero by `threshold`, to zero where it is closer."""
        return _shrunk(z, threshold, out)


@register("prior")
class WaveletPrior(Prior):
    """Few wavelet details, ``||Psi u||_1`` without the approximation, which keeps grey values.

    With `invariant` it is the average of that penalty over all shifts of the decimated grid.

    References
    ----------
    D. L. Donoho, I. M. Johnstone, Biometrika 81, 1994; R. R. Coifman, D. L. Donoho,
    "Translation-invariant de-noising", 1995 (shifts).
    """

    name: Literal["wavelet"] = "wavelet"
    label: ClassVar[str] = "Wavelet: fine texture; Haar: blocks"
    basis: Basis = "haar"
    levels: Levels = 3
    invariant: Invariant = False

    def multiple(self) -> int:
        """Return ``2**levels``, or 1 for the invariant transform."""
        return 1 if self.invariant else int(2**self.levels)

    def is_orthonormal(self) -> bool:
        """Return whether the transform is decimated."""
        return not self.invariant

    def analysis(self, ndim: int) -> LinearMap:
        """Return the transform; it penalises all but the first entry of its coefficients."""
        from napari_deconv.core import wavelet

        transform = wavelet.UndecimatedWavelet if self.invariant else wavelet.OrthonormalWavelet
        return transform(self.basis, self.levels, ndim)

    def penalty(self, z: Tensor) -> Tensor:
        """Return the sum of absolute details, each level of the invariant frame by its share."""
        sums = [share * z[first:last].abs().sum() for first, last, share in self._shares(z)]
        return sum(sums[1:], start=sums[0])

    def prox(self, z: Tensor, threshold: float | Tensor, out: Tensor | None = None) -> Tensor:
        """Shrink the details and keep the approximation."""
        import torch

        out = torch.empty_like(z) if out is None else out
        out[0] = z[0]
        for first, last, share in self._shares(z):
            _shrunk(z[first:last], share * threshold, out[first:last])
        return out

    def _shares(self, z: Tensor) -> list[tuple[int, int, float]]:
        """Return (first, last, factor) of the entries that are penalised alike.

        A coefficient of the frame at level j is ``2**(-j ndim / 2)`` of the decimated one, of
        which there are ``2**(j ndim)`` over all shifts.
        """
        if not self.invariant:
            return [(1, len(z), 1.0)]
        each = (len(z) - 1) // self.levels
        ndim = (each + 1).bit_length() - 1
        coarse_first = range(self.levels, 0, -1)
        return [
            (1 + i * each, 1 + (i + 1) * each, 2.0 ** (-level * ndim / 2))
            for i, level in enumerate(coarse_first)
        ]


@register("prior")
class Positivity(Prior):
    """No value below zero, as befits counts and transmission."""

    name: Literal["positivity"] = "positivity"
    label: ClassVar[str] = "Positivity: nothing below zero"
    constraint: ClassVar[bool] = True

    def penalty(self, z: Tensor) -> Tensor:
        """Return 0 if nothing is below zero, infinity otherwise."""
        return z.new_zeros(()).masked_fill((z < 0).any(), float("inf"))

    def prox(self, z: Tensor, threshold: float | Tensor, out: Tensor | None = None) -> Tensor:
        """Lift what is below zero to zero."""
        import torch

        return torch.clamp(z, min=0, out=out)


@register("prior")
class Box(Prior):
    """Nothing below a lowest and above a highest grey value."""

    name: Literal["box"] = "box"
    label: ClassVar[str] = "Box: between two grey values"
    constraint: ClassVar[bool] = True
    lowest: float = Field(0.0, description="Least grey value.")
    highest: float = Field(1.0, description="Greatest grey value.")

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.lowest > self.highest:
            raise ValueError(
                f"The box from {self.lowest:g} to {self.highest:g} is empty: "
                "set highest at or above lowest."
            )
        return self

    def in_units(self, scale: float) -> Self:
        """Return the box of data divided by `scale`."""
        bounds = {"lowest": self.lowest / scale, "highest": self.highest / scale}
        return self.model_copy(update=bounds)

    def penalty(self, z: Tensor) -> Tensor:
        """Return 0 if everything is within the box, infinity otherwise."""
        outside = ((z < self.lowest) | (z > self.highest)).any()
        return z.new_zeros(()).masked_fill(outside, float("inf"))

    def prox(self, z: Tensor, threshold: float | Tensor, out: Tensor | None = None) -> Tensor:
        """Move what is outside to the nearest bound."""
        import torch

        return torch.clamp(z, min=self.lowest, max=self.highest, out=out)


def _shrunk(z: Tensor, threshold: float | Tensor, out: Tensor | None) -> Tensor:
    """Return the soft threshold, ``sign(z) max(|z| - threshold, 0)``."""
    import torch

    if isinstance(threshold, float) and out is not z:
        softshrink: Any = torch.nn.functional.softshrink  # its stub knows no out
        soft: Tensor = softshrink(z, threshold, out=out)
        return soft
    out = torch.empty_like(z) if out is None else out
    bound: Any = threshold
    return torch.sub(z, torch.clamp(z, -bound, bound, out=out), out=out)
