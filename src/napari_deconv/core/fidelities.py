"""Noise models: how far a blurred estimate is from the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field

from napari_deconv.core.params import Choice, register

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.scale import Measurement


FromImage = Annotated[float, Field(ge=0)] | Literal["auto"]
"""A number from 0 up, or "auto" to let it be found from the image."""


class Fidelity(Choice):
    """How far a blurred estimate v = H u is from the data g, given the noise: ``f(v; g)``."""

    smooth: ClassVar[bool] = True
    """True if the misfit's gradient changes no faster than `v`: gradient steps of 1 are safe."""

    def resolved(self, measured: Measurement) -> Self:
        """Return the model with its automatic parameters as what was measured of the layer."""
        return self

    def averaged(self, exposures: float) -> Self:
        """Return the noise model of the mean of so many exposures, but for its size."""
        return self

    def in_units(self, scale: float, noise: float) -> Self:
        """Return the same noise model for data divided by `scale`, whose noise is then `noise`."""
        return self

    def weigh(self, data: Tensor, mean: float, ndim: int) -> Tensor | None:
        """Return how much each pixel of `data` counts beside one of grey value `mean`.

        None if all count alike. `data` and `mean` are in the problem's units.
        """
        return None

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
    label: ClassVar[str] = "Gaussian: most scans, counts too"

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
    label: ClassVar[str] = "Poisson: counted photons"
    gain: float = Field(
        1.0, gt=0, description="Grey values per counted photon; divides the misfit."
    )
    background: float = Field(
        0.0,
        ge=0,
        description="Counts that did not come through the object (scatter, dark).",
        json_schema_extra={"unit": "grey values"},
    )

    smooth: ClassVar[bool] = False

    def in_units(self, scale: float, noise: float) -> Self:
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


@register("fidelity")
class PoissonGaussian(Gaussian):
    """Weighted least squares, each pixel by its variance ``gain * g + read^2``.

    The weights are relative to a pixel of the mean grey value, so that a prior's strength means
    what it means for `gaussian`. The variance is taken from the data averaged over 3 pixels: from
    single ones, those that are dark by chance would count for too much.

    References
    ----------
    A. Foi, M. Trimeche, V. Katkovnik, K. Egiazarian, "Practical Poissonian-Gaussian noise modeling
    and fitting for single-image raw-data", IEEE Trans. Image Process. 17, 2008, eq. (4).
    """

    name: Literal["poisson-gaussian"] = "poisson-gaussian"  # type: ignore[assignment]
    label: ClassVar[str] = "Poisson and read noise: detectors"
    gain: FromImage = Field(
        "auto",
        description="Variance per grey value, found from the image if auto.",
        json_schema_extra={"unit": "grey values"},
    )
    read: FromImage = Field(
        "auto",
        description="Standard deviation of the noise in the dark, found from the image if auto.",
        json_schema_extra={"unit": "grey values"},
    )

    def resolved(self, measured: Measurement) -> Self:
        """Return the model with gain and read noise as numbers."""
        if "auto" not in (self.gain, self.read):
            return self
        read = measured.noise if measured.read_noise is None else measured.read_noise
        found = {"gain": measured.gain, "read": read}
        changes = {key: found[key] for key in found if getattr(self, key) == "auto"}
        return type(self)(**{**self.plain(), **changes})

    def in_units(self, scale: float, noise: float) -> Self:
        """Return a copy for data divided by `scale`."""
        gain, read = (0.0 if part == "auto" else part for part in (self.gain, self.read))
        return self.model_copy(update={"gain": gain / scale, "read": read / scale})

    def weigh(self, data: Tensor, mean: float, ndim: int) -> Tensor | None:
        """Return ``(gain mean + read^2) / (gain data + read^2)``."""
        from torch.nn import functional

        assert self.gain != "auto"
        assert self.read != "auto"
        average = functional.avg_pool3d if ndim == 3 else functional.avg_pool2d
        grid = data.shape[-ndim:]
        local = average(
            data.reshape(-1, 1, *grid), 3, stride=1, padding=1, count_include_pad=False
        ).reshape(data.shape)
        there = self.gain * max(mean, _DARK) + self.read**2
        variance = (self.gain * local.clamp_(min=0)).add_(self.read**2)
        return variance.clamp_(min=max(there, _DARKEST**2) / MOST_TRUSTED).reciprocal_().mul_(there)


MOST_TRUSTED = 100.0
"""How much more than a usual pixel a dark one may count: its variance is the least well known."""


@register("fidelity")
class Huber(Fidelity):
    """Least squares for small, absolute values for large residuals: outliers pull no harder.

    ``f = r^2 / 2`` for ``|r| <= d``, else ``d |r| - d^2 / 2``, with ``r = v - g``.

    References
    ----------
    P. J. Huber, "Robust estimation of a location parameter", Ann. Math. Stat. 35, 1964, sec. 4.
    """

    name: Literal["huber"] = "huber"
    label: ClassVar[str] = "Huber: noise alike, with outliers"
    delta: float = Field(
        2.0,
        gt=0,
        description="Residuals beyond this many noise sigmas count as outliers.",
        json_schema_extra={"unit": "sigma"},
    )

    def in_units(self, scale: float, noise: float) -> Self:
        """Return a copy whose `delta` is in the problem's units."""
        return self.model_copy(update={"delta": self.delta * max(noise, _LEAST_NOISE)})

    def misfit(self, v: Tensor, data: Tensor, weights: Tensor | None) -> Tensor:
        """Return ``sum weights f(v - data)``."""
        residual = (v - data).abs()
        inner = residual.clamp(max=self.delta)
        return _weighted(inner * (residual - inner / 2), weights).sum()

    def gradient(self, v: Tensor, data: Tensor, weights: Tensor | None) -> Tensor:
        """Return ``weights clamp(v - data, -delta, delta)``."""
        return _weighted((v - data).clamp(-self.delta, self.delta), weights)

    def prox(self, t: Tensor, rho: float, data: Tensor, weights: Tensor | None) -> Tensor:
        """Return t moved towards the data, by no more than ``delta weights / rho``."""
        ratio = t.new_tensor(1 / rho) if weights is None else weights / rho
        most = self.delta * ratio
        move = (t - data) * (ratio / (1 + ratio))
        return t - move.clamp(-most, most)


_LEAST_NOISE = 2e-3
"""Floor of the noise in units of the grey range: without noise nothing would be an outlier."""
_DARKEST = 1e-6
"""Floor of an expected count in units of the grey range: rounding must not reach a logarithm."""
_DARK = 1e-3
"""Floor of a mean grey value in units of the grey range, for pictures that are all but black."""


def _weighted(x: Tensor, weights: Tensor | None) -> Tensor:
    return x if weights is None else x * weights
