"""Walk with the solvers of deepinv, whose blur is periodic.

Its iterations are driven one by one, without the bookkeeping that its models do around them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from problems import Case

from napari_deconv.core.operators import Gradient


def _physics(case: Case) -> tuple[Any, torch.Tensor]:
    """Return its blur and the data, with axes for batch and channel."""
    from deepinv.physics import BlurFFT

    kernel = case.problem.blur.kernel[None, None]
    return BlurFFT((1, *case.grid), filter=kernel), case.problem.data[None, None]


def primal_dual(case: Case, shrinkage: float = 0.08) -> Iterator[torch.Tensor]:
    """Yield Chambolle-Pock iterations: K the periodic gradient, the data's proximal step exact.

    The dual step is the weight over `shrinkage`, the primal one the longest that it allows.
    """
    from deepinv.optim.data_fidelity import L2
    from deepinv.optim.optim_iterators import CPIteration
    from deepinv.optim.prior import L12Prior

    physics, data = _physics(case)
    (term,) = case.terms
    gradient, prior = Gradient(2), L12Prior(l2_axis=0)
    sigma = term.weight / shrinkage
    settings = {
        "lambda": term.weight,
        "stepsize": 1 / (8 * sigma),
        "stepsize_dual": sigma,
        "g_param": None,
        "beta": 1.0,
        "K": gradient,
        "K_adjoint": gradient.adjoint,
    }
    start = torch.from_numpy(case.start)[None, None]
    state: dict[str, Any] = {"est": (start, start, torch.zeros_like(gradient(start)))}
    iteration, misfit = CPIteration(g_first=True, has_cost=False), L2()
    while True:
        state = iteration(state, misfit, prior, settings, data, physics)
        yield state["est"][0]


THRESHOLD = 0.1
"""What the proximal step of its wavelet prior multiplies the weight by."""


def wavelet_admm(case: Case, shrinkage: float = 0.05, beta: float = 1.0) -> Iterator[torch.Tensor]:
    """Yield the iterations of its ADMM with its wavelet prior, whose weight is corrected.

    `shrinkage` is what a coefficient loses in each: step length times weight.
    """
    from deepinv.optim.data_fidelity import L2
    from deepinv.optim.optim_iterators import ADMMIteration
    from deepinv.optim.prior import WaveletPrior

    physics, data = _physics(case)
    (term,) = case.terms
    shape: Any = term.prior
    prior = WaveletPrior(level=shape.levels, wv=shape.basis, p=1)
    settings = {
        "lambda": term.weight / THRESHOLD,
        "stepsize": shrinkage / term.weight,
        "g_param": None,
        "beta": beta,
    }
    start = torch.from_numpy(case.start)[None, None]
    state: dict[str, Any] = {"est": (start, torch.zeros_like(start))}
    iteration, misfit = ADMMIteration(has_cost=False), L2()
    while True:
        state = iteration(state, misfit, prior, settings, data, physics)
        yield state["est"][0]
