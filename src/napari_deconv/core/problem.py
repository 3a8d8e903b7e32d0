"""What the measurement fixes: padded data, their weights, the blur and the noise model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import Field

from napari_deconv.core.params import Choice, register

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.operators import Blur
    from napari_deconv.core.priors import Term


class Fidelity(Choice):
    """How far a blurred estimate v = H u is from the data g, given the noise: ``f(v; g)``."""

    def in_units(self, scale: float) -> Self:
        """Return the same noise model for data divided by `scale`."""
        return self

    def averaged(self, exposures: float) -> Self:
        """Return the noise model of the mean of so many exposures, but for its size."""
        return self

    def curvature(self, mean: float) -> float:
        """Return the second derivative of the misfit where v = g = `mean`: 1 for least squares."""
        return 1.0

    def expected(self, v: Tensor) -> Tensor:
        """Return the grey value that the noise model expects where the blurred image is v."""
        return v

    def misfit(self, v: Tensor, data: Tensor, weights: Tensor | None) -> Tensor:
        """Return ``sum weights * f(v; data)``, a 0-dimensional tensor."""
        raise TypeError(f"{type(self).__name__} states no misfit.")

    def gradient(self, v: Tensor, data: Tensor, weights: Tensor | None) -> Tensor:
        """Return the derivative of the misfit with respect to v, shape of `v`."""
        raise TypeError(f"{type(self).__name__} states no gradient.")

    def prox(self, t: Tensor, rho: float, data: Tensor, weights: Tensor | None) -> Tensor:
        """Return ``argmin_v weights * f(v; data) + rho/2 ||v - t||^2``, shape of `t`."""
        raise TypeError(f"{type(self).__name__} states no proximal map.")


@register("fidelity")
class Gaussian(Fidelity):
    """Least squares, ``f = 1/2 (v - g)^2``: noise alike everywhere."""

    name: Literal["gaussian"] = "gaussian"
    label: ClassVar[str] = "Gaussian: noise alike everywhere"

    def misfit(self, v: Tensor, data: Tensor, weights: Tensor | None) -> Tensor:
        """Return ``1/2 sum weights (v - data)^2``."""
        return _weighted((v - data).square(), weights).sum() / 2

    def gradient(self, v: Tensor, data: Tensor, weights: Tensor | None) -> Tensor:
        """Return ``weights (v - data)``."""
        return _weighted(v - data, weights)

    def prox(self, t: Tensor, rho: float, data: Tensor, weights: Tensor | None) -> Tensor:
        """Return the weighted mean of data and `t`."""
        if weights is None:
            return (data + rho * t) / (1 + rho)
        return (weights * data).add_(t, alpha=rho).div_(weights + rho)


@register("fidelity")
class Poisson(Fidelity):
    """Kullback-Leibler, ``f = (v - g + g log(g / (v + b)) + b) / gain``: counted photons.

    References
    ----------
    M. A. T. Figueiredo, J. M. Bioucas-Dias, "Restoration of Poissonian images using alternating
    direction optimization", IEEE Trans. Image Process. 19, 2010, eqs. (3) and (36).
    """

    name: Literal["poisson"] = "poisson"
    label: ClassVar[str] = "Poisson: low counts"
    gain: float = Field(
        1.0, gt=0, description="Grey values per counted photon; divides the misfit."
    )
    background: float = Field(
        0.0,
        ge=0,
        description="Counts that did not come through the object (scatter, dark).",
        json_schema_extra={"unit": "grey values"},
    )

    def in_units(self, scale: float) -> Self:
        """Return a copy whose background is divided by `scale`.

        The gain stays: dividing the data divides misfit and total variation alike.
        """
        return self.model_copy(update={"background": self.background / scale})

    def averaged(self, exposures: float) -> Self:
        """Return a copy with the gain over `exposures`: each count moves the mean by less."""
        return self.model_copy(update={"gain": self.gain / exposures})

    def curvature(self, mean: float) -> float:
        """Return ``1 / (gain (mean + background))``."""
        return 1 / (self.gain * max(mean + self.background, _DARK))

    def expected(self, v: Tensor) -> Tensor:
        """Return the expected grey value v + background, never below a floor above zero."""
        return (v + self.background).clamp_(min=_DARKEST)

    def misfit(self, v: Tensor, data: Tensor, weights: Tensor | None) -> Tensor:
        """Return the weighted Kullback-Leibler divergence of data from v + background."""
        import torch

        mean = self.expected(v)
        divergence = mean - data + torch.special.xlogy(data, data) - data * mean.log()
        return _weighted(divergence, weights).sum() / self.gain

    def gradient(self, v: Tensor, data: Tensor, weights: Tensor | None) -> Tensor:
        """Return ``weights (1 - data / (v + background)) / gain``."""
        mean = self.expected(v)
        return _weighted((1 - data / mean) / self.gain, weights)

    def prox(self, t: Tensor, rho: float, data: Tensor, weights: Tensor | None) -> Tensor:
        """Return the positive root of ``y^2 + (w/r - t - b) y - w g / r`` (y = v + b)."""
        ratio = 1 / (rho * self.gain) if weights is None else weights / (rho * self.gain)
        q = t + self.background - ratio
        return (q + (q.square() + 4 * ratio * data).sqrt_()).div_(2).sub_(self.background)


_DARKEST = 1e-6
"""Floor of an expected count in units of the grey range: rounding must not reach a logarithm."""
_DARK = 1e-3
"""Floor of a mean grey value in units of the grey range, for pictures that are all but black."""


@dataclass(frozen=True)
class Problem:
    """A deconvolution problem on a padded grid, in units where the grey range is 1.

    Attributes
    ----------
    data : Tensor, shape (..., *grid)
        Measured image and its extension beyond the border, finite everywhere.
    weights : Tensor or None
        1 where `data` holds a measurement, 0 where it does not; None if it does everywhere.
    blur : Blur
        Circulant on the grid.
    fidelity : Fidelity
        Noise model, in the problem's units.
    window : tuple of slice
        Where the frame lies on the grid.
    noise : float
        Standard deviation of the noise, in units of the grey range.
    mean : float
        Mean grey value of the layer, in units of the grey range.
    """

    data: Tensor
    weights: Tensor | None
    blur: Blur
    fidelity: Fidelity
    window: tuple[slice, ...]
    noise: float
    mean: float

    @property
    def ndim(self) -> int:
        """Number of axes that the blur acts on."""
        return len(self.blur.grid)

    def crop(self, x: Tensor) -> Tensor:
        """Return the view of the frame in a tensor on the grid."""
        index: tuple[Any, ...] = (..., *self.window)
        return x[index]

    def misfit(self, u: Tensor) -> Tensor:
        """Return the data term of an estimate on the grid, ``f(H u; g)``."""
        return self.fidelity.misfit(self.blur(u), self.data, self.weights)

    def objective(self, u: Tensor, terms: Sequence[Term]) -> Tensor:
        """Return data term plus weighted penalties of an estimate on the grid."""
        value = self.misfit(u)
        for term in terms:
            penalty = term.prior.value(u, self.ndim)
            value = value + (penalty if term.prior.constraint else term.weight * penalty)
        return value


def _weighted(x: Tensor, weights: Tensor | None) -> Tensor:
    return x if weights is None else x * weights
