"""Which model an edge supports, by how well each fits and how many parameters it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from napari_deconv.psf.line_spread import MODELS

if TYPE_CHECKING:
    from napari_deconv.psf.edge_fit import EdgeFit


def criterion(fit: EdgeFit, sloping: bool) -> float:
    """Return the Bayesian information criterion of a fit; the least is the best.

    References
    ----------
    G. Schwarz, "Estimating the dimension of a model", Ann. Statist. 6, 1978.
    """
    count = fit.distance.size
    return float(2 * count * np.log(fit.noise) + (len(fit.values) + 2 * sloping) * np.log(count))


def best_fit(take: Callable[[str], EdgeFit], sloping: bool = False) -> EdgeFit:
    """Return the fit of the model that an edge supports best.

    Parameters
    ----------
    take : callable
        Fits the model of a name.
    sloping : bool
        Whether the levels beside the edge may slope.

    Raises
    ------
    ValueError
        In one sentence, if no model can be fitted: that of the first.
    """
    fits, said = [], ""
    for name in MODELS:
        try:
            fits.append(take(name))
        except ValueError as error:
            said = said or str(error)
    if not fits:
        raise ValueError(said)
    return min(fits, key=lambda fit: criterion(fit, sloping))
