"""What an estimate is judged by when its strength is to be chosen and the truth is not known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from napari_deconv.core.params import Choice, register
from napari_deconv.methods.strength import assumed_noise

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.problem import Problem

TINY = 1e-30
"""Floor of what a logarithm is taken of."""
MOST_FREE = 0.999
"""Share of the pixels at which an estimate counts as free to follow every one of them."""
WHITE, CALM = 0.1, 0.05
"""Exponents of whiteness and excess beside GCV: they tilt its valley only where that is flat."""
PASSED = 0.3
"""Where the PSF passes less than this, a frequency counts as if it passed this much."""
INFLATION = 1.4
"""What a degree of freedom of a linear filter counts for."""
MARGIN = 0.3
"""Grey ranges beyond the data's own that a restored edge may reach."""


@dataclass(frozen=True)
class Fit:
    """How an estimate fits the data, in numbers; all of them over the measured pixels.

    Attributes
    ----------
    misfit : float
        Twice the misfit per pixel, ``2 f(H u; g) / n``: for least squares the mean squared
        residual.
    freedom : float
        Effective degrees of freedom per pixel, ``tr(d(H u) / d g) / n``: 1 for an estimate that
        follows every pixel, near 0 for a constant; NaN if it was not measured.
    noise : float
        What `misfit` is on average for the truth.
    whiteness : float
        Mean of the squared power spectrum of the residual over the square of its mean: 2 for
        white noise, more for a residual with structure.
    sharp_misfit, sharp_freedom : float
        Mean squared residual and degrees of freedom per pixel after ``1 / max(|h|, 0.3)``: as the
        estimate itself is judged, not its blurred image, as far as the PSF passes that.
    excess : float
        Mean square of what of the estimate lies `MARGIN` or more beyond the data's own grey
        values, in units of the noise's variance: 0 unless noise or a wrong border was amplified,
        or there are bright points narrower than the PSF.
    """

    misfit: float
    freedom: float
    noise: float
    whiteness: float
    sharp_misfit: float
    sharp_freedom: float
    excess: float

    @classmethod
    def of(cls, problem: Problem, estimate: Tensor, freedom: float, sharp_freedom: float) -> Self:
        """Return the fit of an estimate on the problem's grid."""
        fidelity, blurred = problem.fidelity, problem.blur(estimate)
        residual = fidelity.standardised(blurred, problem.data, problem.weights)
        blurred, data = problem.crop(blurred), problem.crop(problem.data)
        weights = None if problem.weights is None else problem.crop(problem.weights)
        number = data.numel() if weights is None else max(int((weights > 0).sum()), 1)
        return cls(
            misfit=2 * float(fidelity.misfit(blurred, data, weights)) / number,
            freedom=freedom,
            noise=problem.noise**2 * fidelity.curvature(problem.mean),
            whiteness=whiteness(problem.crop(residual), problem.ndim),
            sharp_misfit=float(sharpened(problem, residual).square().sum()) / number,
            sharp_freedom=sharp_freedom,
            excess=float(_excess(problem.crop(estimate), data)) / assumed_noise(problem) ** 2,
        )


def sharpening(problem: Problem) -> Tensor:
    """Return ``1 / max(|h|, 0.3)`` on the half spectrum."""
    return problem.blur.spectrum.abs().clamp(min=PASSED).reciprocal()


def sharpened(problem: Problem, x: Tensor) -> Tensor:
    """Return the frame of an image on the grid, deblurred as far as the PSF passes it well."""
    blur = problem.blur
    return problem.crop(blur.inverse(sharpening(problem) * blur.forward(x)))


def whiteness(residual: Tensor, ndim: int) -> float:
    """Return how far a residual is from white noise, 2 for white; its scale does not matter."""
    import torch

    axes = tuple(range(-ndim, 0))
    power = torch.fft.fftn(residual, dim=axes).abs().square()
    return float(power.square().mean() / power.mean().square().clamp(min=TINY))


def _excess(estimate: Tensor, data: Tensor) -> Tensor:
    """Return the mean square of what lies beyond the data's grey values by `MARGIN` or more."""
    inside = estimate.clamp(data.min() - MARGIN, data.max() + MARGIN)
    return (estimate - inside).square().mean()


class Rule(Choice):
    """A way to choose a strength: the strength whose estimate has the least score."""

    needs_freedom: ClassVar[bool] = True
    """Whether a second solve must tell how free an estimate is to follow its data."""

    def score(self, fit: Fit) -> float:
        """Return what is to be least."""
        raise TypeError(f"{type(self).__name__} states no score.")

    def of(self, own: str) -> Rule:
        """Return the rule itself, or that of a method's own name where this leaves it to it."""
        return self


@register("strength")
class MethodsOwn(Rule):
    """The rule that a method declares, by measurement; `noise` where the border has a step."""

    name: Literal["auto"] = "auto"
    label: ClassVar[str] = "Auto: what was measured to be best for the method"

    def of(self, own: str) -> Rule:
        """Return the method's own rule."""
        from napari_deconv.core.params import registered

        rule: Any = registered("strength")[own]
        return rule()  # type: ignore[no-any-return]


@register("strength")
class SteadyGcv(Rule):
    """Generalised cross-validation of the deblurred residual, steadied where that is blind.

    ``log GCV_A + 0.1 log W + 0.05 log(1 + E)``, with residual and degrees of freedom after the
    filter ``A = 1 / max(|h|, 0.3)``, the whiteness W of the residual and the excess E of the
    estimate, see `Fit`. Plain GCV judges the *blurred* estimate, where what matters to the eye
    hardly shows; A judges the estimate itself as far as the PSF passes it. Beyond that amplified
    noise, and what was wrongly assumed beyond the border, show in W and E.

    References
    ----------
    R. Giryes, M. Elad, Y. C. Eldar, "The projected GSURE for automatic parameter tuning in
    iterative shrinkage methods", Appl. Comput. Harmon. Anal. 30, 2011 (risk of the estimate where
    the PSF passes it); those of `Gcv` and `Whiteness`. The sum was measured, see docs/strength.md.
    """

    name: Literal["gcv-steady"] = "gcv-steady"
    label: ClassVar[str] = "Steadied GCV: needs no noise level"

    def score(self, fit: Fit) -> float:
        """Return ``log GCV_A + 0.1 log W + 0.05 log(1 + E)``."""
        rest = 1 - min(max(fit.sharp_freedom, 0.0), MOST_FREE)
        validated = math.log(max(fit.sharp_misfit, TINY)) - 2 * math.log(rest)
        return validated + WHITE * Whiteness().score(fit) + CALM * math.log1p(fit.excess)


@register("strength")
class Gcv(Rule):
    """Generalised cross-validation, ``log of (2 f(H u; g) / n) / (1 - df / n)^2``.

    Needs no noise level. In closed form for linear filters; for the others ``df`` is the
    Monte-Carlo divergence. For counts the deviance stands for the squares.

    References
    ----------
    G. H. Golub, M. Heath, G. Wahba, Technometrics 21, 1979; F. O'Sullivan, B. S. Yandell, W. J.
    Raynor, J. Am. Stat. Assoc. 81, 1986 (deviance); S. Ramani, T. Blu, M. Unser, IEEE Trans. Image
    Process. 17, 2008 (Monte-Carlo divergence).
    """

    name: Literal["gcv"] = "gcv"
    label: ClassVar[str] = "GCV: needs no noise level"

    def score(self, fit: Fit) -> float:
        """Return the logarithm of the cross-validated misfit."""
        rest = 1 - min(max(fit.freedom, 0.0), MOST_FREE)
        return math.log(max(fit.misfit, TINY)) - 2 * math.log(rest)


@register("strength")
class InflatedGcv(Rule):
    """GCV that takes every degree of freedom for 1.4, ``log of (2 f / n) / (1 - 1.4 df / n)^2``.

    For linear filters: what they keep of the noise is amplified where the PSF hardly passes, which
    the blurred estimate hides, so that plain GCV takes too weak a strength.

    References
    ----------
    Y.-J. Kim, C. Gu, "Smoothing spline Gaussian regression: more scalable computation via
    efficient approximation", J. R. Stat. Soc. B 66, 2004, sec. 3 (the factor 1.4).
    """

    name: Literal["gcv-inflated"] = "gcv-inflated"
    label: ClassVar[str] = "Inflated GCV: for linear filters"

    def score(self, fit: Fit) -> float:
        """Return the logarithm of the misfit, cross-validated with inflated freedom."""
        rest = 1 - min(max(INFLATION * fit.freedom, 0.0), MOST_FREE)
        return math.log(max(fit.misfit, TINY)) - 2 * math.log(rest)


@register("strength")
class Sure(Rule):
    """Stein's unbiased risk estimate, ``log of 2 f(H u; g) / n + 2 s^2 df / n``.

    Less ``s^2`` it estimates the mean squared error of the blurred estimate, of noise sigma s.

    References
    ----------
    C. M. Stein, Ann. Stat. 9, 1981; S. Ramani, T. Blu, M. Unser, "Monte-Carlo SURE", IEEE Trans.
    Image Process. 17, 2008, eq. (8).
    """

    name: Literal["sure"] = "sure"
    label: ClassVar[str] = "SURE: from the noise level"

    def score(self, fit: Fit) -> float:
        """Return the logarithm of the risk plus the noise's variance."""
        return math.log(max(fit.misfit + 2 * fit.noise * fit.freedom, TINY))


@register("strength")
class Discrepancy(Rule):
    """Morozov's discrepancy principle, ``2 f(H u; g) / n = s^2 (1 - df / n)``.

    An estimate that follows some of the noise leaves less than all of it, hence ``df``.

    References
    ----------
    V. A. Morozov, Soviet Math. Dokl. 7, 1966; P. Hall, D. M. Titterington, J. R. Stat. Soc. B 49,
    1987 ("equivalent degrees of freedom").
    """

    name: Literal["discrepancy"] = "discrepancy"
    label: ClassVar[str] = "Discrepancy: a residual as large as the noise"

    def score(self, fit: Fit) -> float:
        """Return how far the residual is from what it should be, as a squared logarithm."""
        left = fit.noise * (1 - min(max(fit.freedom, 0.0), MOST_FREE))
        return math.log(max(fit.misfit, TINY) / max(left, TINY)) ** 2


@register("strength")
class Whiteness(Rule):
    """Residual whiteness principle: the residual should look like white noise.

    ``W = n sum |r_k|^4 / (sum |r_k|^2)^2`` over the residual's spectrum, 2 for white noise.

    References
    ----------
    A. Lanza, M. Pragliola, F. Sgallari, "Residual whiteness principle for parameter-free image
    restoration", Electron. Trans. Numer. Anal. 53, 2020.
    """

    name: Literal["whiteness"] = "whiteness"
    label: ClassVar[str] = "Whiteness: a residual without structure"
    needs_freedom: ClassVar[bool] = False

    def score(self, fit: Fit) -> float:
        """Return log W."""
        return math.log(max(fit.whiteness, TINY))


@register("strength")
class FromNoise(Rule):
    """Proportional to the noise sigma, by a constant of the method: no trial, no curve."""

    name: Literal["noise"] = "noise"
    label: ClassVar[str] = "Noise: a multiple of its sigma, at once"
    needs_freedom: ClassVar[bool] = False
