"""Total variation of what a model is shown: right where a scene is of plain fields and edges."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import torch
from torch import Tensor

from napari_deconv.core.fidelities import Gaussian
from napari_deconv.core.priors import Term, TotalVariation
from napari_deconv.core.problem import Problem
from napari_deconv.learned.view import View
from napari_deconv.methods.solvers import admm
from napari_deconv.methods.start import beginning

ITERATIONS = 30
"""Of the solver: always as many, so that a network meets the same errors as in its training."""
LEAST = 3e-4
"""Least noise that the strength follows: below it what is assumed around the frame counts more."""


@torch.no_grad()
def flattened(view: View, strengths: Sequence[float], iterations: int = ITERATIONS) -> Tensor:
    """Return estimates ``argmin 1/2 |H x - g|^2 + w |D x|``, w a multiple of each picture's noise.

    Parameters
    ----------
    view : View
    strengths : sequence of float
        The multiples, K of them.
    iterations : int
        Of the solver.

    Returns
    -------
    Tensor, shape (B, K, *frame)
    """
    multiples = view.noise.new_tensor(strengths)[:, None, None]
    weight = multiples * view.noise.clamp(min=LEAST)
    problem = Problem(view.data, None, view.blur, Gaussian(), view.window, 0.0, 0.0)
    start = beginning(problem).repeat(1, len(strengths), 1, 1)
    estimates = admm(problem, [Term(weight, TotalVariation())], iterations, start)
    return view.crop(deque(estimates, maxlen=1).pop())
