"""Which of many measured widths agree: those of edges that are sharp in the object."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DOUBTED = 0.3
"""Share of the pieces that may be anything before they are looked at."""
FINENESS = 0.005
"""Steps of the logarithm of the width in which the agreed one is looked for."""
RANGE = 1.1
"""Logarithms of widths, up and down, among which the agreed one is looked for."""
LEAST_GAIN = 20.0
"""Logarithm of how much more likely the widths are if most agree than if none do, at least."""
FEWEST = 12.0
"""Pieces that must agree."""
TELLING = 0.2
"""Error of the logarithm of a piece's width below which its disagreement tells."""
MOST_AGREE = 0.6
"""Share of the telling pieces that must agree."""


class Agreement(NamedTuple):
    """The width that most pieces agree on.

    Each width is either the common one, with its error, or anything in the range; the common one
    is the most likely of all (not merely a local maximum), so that it hangs on no start.

    Attributes
    ----------
    width : float
        Logarithm of the common width.
    trust : ndarray, shape (N,)
        Probability that a piece shows the common one.
    share : float
        Share of the pieces that tell most which agree.
    gain : float
        Logarithm of how much likelier the widths are so than without a common one.
    spread : float
        Scatter of the widths that agree, beside that of noise.
    """

    width: float
    trust: Floats
    share: float
    gain: float
    spread: float

    @classmethod
    def of(cls, widths: Floats, certainty: Floats, spread: float) -> Self:
        """Find it.

        Parameters
        ----------
        widths : ndarray, shape (N,)
            Logarithms.
        certainty : ndarray, shape (N,)
            Their inverse variances.
        spread : float
            Scatter of the logarithm of the width of sharp edges beside that of noise.
        """
        variance = 1 / np.maximum(certainty, 1e-6) + spread**2
        places = np.arange(-RANGE, RANGE, FINENESS)
        off = (widths - places[:, None]) ** 2 / variance
        common = (1 - DOUBTED) * np.exp(-off / 2) / np.sqrt(2 * np.pi * variance)
        anything = DOUBTED / (2 * RANGE)
        likely = np.log(common + anything).sum(1)
        best = int(np.argmax(likely))
        trust = common[best] / (common[best] + anything)
        telling = certainty > TELLING**-2
        enough = telling.sum() >= FEWEST
        share = float(trust[telling].mean()) if enough else float(trust.mean())
        gain = float(likely[best] + widths.size * np.log(2 * RANGE))
        return cls(float(places[best]), trust, share, gain, spread)

    def check(self) -> None:
        """Refuse what is no agreement.

        Raises
        ------
        ValueError
            In one sentence.
        """
        if self.trust.sum() < FEWEST or self.gain < LEAST_GAIN or self.share < MOST_AGREE:
            raise ValueError(
                "The edges in the region are not alike sharp, or too few stand clear of the noise, "
                "so that they tell no common blur: choose a region with more sharp edges, or a "
                "larger one."
            )

    def weights(self, certainty: Floats) -> Floats:
        """Return what each piece counts: by trust, none more than the scatter of sharp edges."""
        return np.asarray(self.trust / (1 + self.spread**2 * certainty))
