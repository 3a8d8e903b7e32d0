"""Blur a restored picture again and ask whether what is left of the data is noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_deconv.evidence.implied import Implied
from napari_deconv.evidence.leftover import Expectation, Residual
from napari_deconv.evidence.local_misfit import Local, local
from napari_deconv.evidence.rates import Light, meaning

if TYPE_CHECKING:
    from numpy.typing import NDArray

AGREES = (0.85, 1.15)
"""Chi-squares, over what is expected, between which the re-blurred result agrees with the data."""
GROSS = 1.3
"""The same ratio beyond which it contradicts them."""
NOTHING = 1e-3
"""A chi-square that is as good as none: of methods that follow all of the noise, rounding decides
what is left."""
WHITE, PATTERN = 0.045, 0.115
"""Lag-1 autocorrelation above what is expected: structure is left, and far too much of it."""
FOLLOWS = -0.06
"""The same below which the result follows the noise more than its method is known to."""
SHARES = (0.005, 0.03)
"""Parts of the blocks beyond 4 sigma from which structure is left, and far too much of it."""
NEAR, FAR = 1.4, 2.2
"""Times the limit of chance from which the strongest block speaks against the result (methods
smooth the finest detail of good data a little: that is said, and no more), and contradicts it."""
GROWS = (0.2, 0.4)
"""Slopes of what data and PSF imply from which the PSF looks too wide, and is: points have 0."""
SURE = 0.4
"""Standard error of a slope that these allow for; what it is more is taken off."""
SIGNS = 4.0
"""Standard errors that a whiteness of few pixels is allowed on top."""

WIDE = (
    "The data hold finer detail than this PSF passes: it is too wide, unless the whole picture is "
    "fine lines or points."
)
USUAL = Expectation(0.95, -0.06)
"""Of a method that can't be asked: halfway between those that were, 0.88 to 1 and -0.12 to 0."""


@dataclass(frozen=True)
class ResidualCheck:
    """The verdict of a re-blur check.

    Attributes
    ----------
    chi2 : float
        Mean of the squared residuals in sigma; 1 where all of the noise and no more is left.
    whiteness : float
        Lag-1 autocorrelation of the residuals, -1 to 1; 0 where they are white.
    pixels : int
        How many pixels were looked at.
    neighbours : float
        Correlation of neighbours in the noise itself, which residuals may have as well.
    local : Local or None
        What single blocks say.
    expected : Expectation
        What the method would leave of noise alone.
    noise : float
        The noise's sigma as a share of the grey range; 0 if not known.
    implied : Implied or None
        How the picture that data and PSF imply goes with frequency.
    sharper : tuple of str
        What of its parameters makes the method smooth less.
    """

    chi2: float
    whiteness: float
    pixels: int
    neighbours: float = 0.0
    local: Local | None = None
    expected: Expectation = USUAL
    noise: float = 0.0
    implied: Implied | None = None
    sharper: tuple[str, ...] = ()

    @property
    def light(self) -> Light:
        """Green: nothing but noise is left; yellow: a little more; red: far more, or in a place."""
        ratio, colour = self.ratio, self.colour
        share, far = (0.0, 0.0) if self.local is None else (self.local.share, self._far)
        slack, smeared = self._slack, self.neighbours
        if ratio > GROSS + smeared or colour > PATTERN + slack:
            return "red"
        if share > SHARES[1] + smeared / 10 or far > FAR * (1 + smeared):
            return "red"
        if self.grows > GROWS[1]:
            return "red"
        calm = (
            self.grows <= GROWS[0]
            and AGREES[0] <= ratio <= self._most
            and FOLLOWS - slack <= colour <= WHITE + slack
        )
        return "green" if calm and share <= SHARES[0] and far <= NEAR else "yellow"

    @property
    def ratio(self) -> float:
        """Chi-square over the expected one, or over `NOTHING` where a method leaves less."""
        return self.chi2 / max(self.expected.chi2, NOTHING)

    @property
    def colour(self) -> float:
        """How much more neighbouring residuals correlate than noise alone would let them.

        Where nearly nothing is left, how it looks counts for as little.
        """
        return min(self.ratio, 1.0) * (self.whiteness - self.expected.whiteness)

    @property
    def grows(self) -> float:
        """Slope of what data and PSF imply, less what it is less sure of than others."""
        found = self.implied
        return -math.inf if found is None else found.everywhere - max(found.error - SURE, 0)

    @property
    def agrees(self) -> bool:
        """Whether nothing but noise is left."""
        return self.light == "green"

    @property
    def _far(self) -> float:
        assert self.local is not None
        return self.local.strongest / max(self.local.limit, 1)

    @property
    def _most(self) -> float:
        """Ratio of chi-squares up to which they agree: smeared noise is known less well."""
        return AGREES[1] + self.neighbours / 2

    @property
    def _slack(self) -> float:
        """What whiteness may differ by: by chance, and because smeared noise is known less well."""
        return max(SIGNS / math.sqrt(2 * self.pixels) - WHITE, 0) + self.neighbours / 2

    @property
    def meaning(self) -> str:
        """What the light does and doesn't mean at this noise."""
        return meaning(self.light, self.noise, self.sharper)

    def __str__(self) -> str:
        """Return the verdict as a sentence."""
        figures = (
            f"chi-square {self.chi2:.2f} ({self.expected.chi2:.2f} expected), "
            f"whiteness {self.whiteness:.2f} ({self.expected.whiteness:.2f})"
        )
        if self.local is not None:
            figures += f", {self.local.beyond} of {self.local.blocks} blocks beyond 4 sigma"
        wide = f" {WIDE}" if self.grows > GROWS[0] else ""
        return f"Re-blurred result {self._finding}: {figures}.{wide}"

    @property
    def _finding(self) -> str:
        """Return what the light stands for, the gravest thing first."""
        light, ratio = self.light, self.ratio
        much = "far more" if light == "red" else "more"
        if light == "green":
            if self.local is None or self._far <= 1:
                return "agrees with the data"
            return f"agrees with the data on the whole; {self.local.words}"
        if ratio > self._most:
            return f"differs from the data by {much} than the noise"
        if self.colour > WHITE + self._slack:
            return f"differs from the data by a {'strong ' if light == 'red' else ''}pattern"
        if self.local is not None and (self._far > NEAR or self.local.share > SHARES[0]):
            return f"differs from the data in places: {self.local.words}"
        if self.grows > GROWS[0] and ratio >= AGREES[0]:
            return "leaves only noise, but its PSF does not fit the data"
        return "follows the data's noise"


@dataclass(frozen=True)
class Unchecked:
    """No verdict, and why.

    Attributes
    ----------
    reason : str
        One sentence.
    """

    reason: str
    light: Light = "grey"
    meaning: str = ""

    def __str__(self) -> str:
        """Return the reason."""
        return f"No re-blur verdict: {self.reason}"


def residual_check(
    left: Residual,
    kernel: NDArray[Any] | None = None,
    neighbours: float = 0.0,
    expected: Expectation = USUAL,
    noise: float = 0.0,
) -> ResidualCheck:
    """Return whether what is left of the data is noise.

    chi2 is simply the mean of ``r^2``, no degree of freedom taken off: it is compared with what
    is `expected` of the method. Whiteness is ``sum r_i r_(i+1) / sum r_i^2`` over the pairs of
    neighbours, averaged over the axes; blocks are those of `evidence.local_misfit.local`.

    Parameters
    ----------
    left : Residual
    kernel : ndarray, optional
        PSF, after whose shape spots are looked for.
    neighbours : float
        Correlation of the noise of neighbouring pixels.
    expected : Expectation
        What the method would leave of noise alone.
    noise : float
        Sigma as a share of the grey range.
    """
    found = left.expectation
    return ResidualCheck(
        found.chi2,
        found.whiteness,
        int(left.counts.sum()),
        neighbours,
        local(left.values, left.counts, kernel, neighbours, left.blurred),
        expected,
        noise,
    )
