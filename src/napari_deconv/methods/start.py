"""Where an iteration begins: at the estimate it is handed, or else at Tikhonov's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_deconv.methods.direct import Tikhonov

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.problem import Problem

WEIGHT = 0.01
"""Strength of the Tikhonov estimate."""


def beginning(problem: Problem) -> Tensor:
    """Return the estimate that a solver starts from, shape of the problem's data."""
    return Tikhonov(weight=WEIGHT).estimate(problem) if problem.start is None else problem.start
