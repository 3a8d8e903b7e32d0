"""Run a model on a frame to its optimum, or PyLops for as long as its tutorial does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from math import sqrt
from typing import Any

import numpy as np
import torch

from napari_deconv import Recipe
from napari_deconv.core.priors import WaveletPrior
from napari_deconv.evidence.reference import psnr
from napari_deconv.methods.pylops import as_operator
from napari_deconv.restoration import Restoration
from study_parts.frames import Frame

CLOSE = 1e-3
"""An objective is converged at this much, relative, above the least that any run reached."""
RIM = 20
"""Pixels along the border that a frame's PSNR leaves out: the border has a table of its own."""
STEPS = (2.0, sqrt(2))
"""Ratios of two neighbouring weights, as the best one is looked for."""
Method = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Trial:
    """A restored frame, how good it is and what it took.

    Attributes
    ----------
    image : ndarray
        The restored frame.
    psnr : float
        In dB, with K the truth's maximum.
    objective : float
        Misfit plus penalties on the padded grid.
    weight : float
        The strength that it was made with.
    iterations : int
    seconds : float
        CPU time.
    """

    image: np.ndarray
    psnr: float
    objective: float
    weight: float
    iterations: int = 0
    seconds: float = 0.0


def begin(frame: Frame, method: Method, boundary: str = "edge") -> Restoration[Recipe]:
    """Return a recipe of ours standing ready on a frame."""
    return Recipe(method=method, boundary=boundary).begin(frame.image, frame.psf, device="cpu")


def quality(image: np.ndarray, frame: Frame) -> float:
    """Return the PSNR away from the border, with K the maximum of the whole truth."""
    inside = (slice(RIM, -RIM), slice(RIM, -RIM))
    return psnr(image[inside], frame.truth[inside], float(frame.truth.max())).value


def ours(frame: Frame, method: Method, boundary: str = "edge") -> Trial:
    """Run a method of ours to its last iteration."""
    restoration = begin(frame, method, boundary)
    start = time.process_time()
    *_, last = restoration.steps()
    spent = time.process_time() - start
    image, weight = last.image(), getattr(restoration.recipe.method, "weight", 0.0)
    return Trial(image, quality(image, frame), last.objective, weight, last.index, spent)


def path(frame: Frame, method: Method) -> Iterator[Trial]:
    """Yield what a method shows after each iteration."""
    restoration = begin(frame, method)
    start = time.process_time()
    for step in restoration.steps():
        spent, image = time.process_time() - start, step.image()
        weight = getattr(restoration.recipe.method, "weight", 0.0)
        yield Trial(image, quality(image, frame), step.objective, weight, step.index, spent)
        start = time.process_time() - spent  # what we measure does not count


def until_close(trials: Iterator[Trial], least: float) -> Trial:
    """Return the first trial whose objective is converged, or the last."""
    trial = None
    for trial in trials:
        if trial.objective <= least * (1 + CLOSE):
            break
    assert trial is not None
    return trial


def split_bregman(
    frame: Frame, method: Method, outer: int = 10, inner: int = 5, centred: bool = False
) -> Trial:
    """Run PyLops' split Bregman as its deblurring tutorial does, from zero.

    Parameters
    ----------
    method : mapping
        `pylops-split-bregman` with its weight: the objective and its operators.
    outer, inner : int
        Updates of the duals, and of the image between two of those; each takes 5 of LSQR.
    centred : bool
        Differences of next but one neighbours, PyLops' default, instead of neighbours.
    """
    from pylops import FirstDerivative
    from pylops.optimization.sparsity import splitbregman

    restoration = begin(frame, method)
    problem, model = restoration.problem(), restoration.recipe.method
    shape = tuple(problem.data.shape)
    operators = [as_operator(t.prior.analysis(2), shape) for t in model.terms(problem)]
    weights = [term.weight for term in model.terms(problem)]
    if centred:
        pair = [FirstDerivative(shape, axis=axis, edge=False, dtype="float32") for axis in (0, 1)]
        operators, weights = [*pair, *operators[1:]], [weights[0], *weights]
    start = time.process_time()
    vector = splitbregman(
        as_operator(problem.blur),
        problem.data.numpy().ravel(),
        operators,
        niter_outer=outer,
        niter_inner=inner,
        mu=1.0,
        epsRL1s=[sqrt(weight) for weight in weights],
        tol=1e-8,
        iter_lim=5,
        damp=1e-4,
    )[0]
    spent = time.process_time() - start
    estimate = torch.from_numpy(np.asarray(vector, np.float32)).reshape(shape)
    image = (problem.crop(estimate) * problem.scale).numpy()
    value = float(model.objective(problem, estimate))
    return Trial(image, quality(image, frame), value, model.weight, outer * inner, spent)


def best(score: Callable[[float], Trial], start: float, steps: Sequence[float] = STEPS) -> Trial:
    """Return the trial of the best weight: a climb by large, then by small steps."""
    score = cache(score)
    weight = start
    for step in steps:
        while True:
            around = [weight / step, weight, weight * step]
            top = max(around, key=lambda w: score(w).psnr)
            if top == weight:
                break
            weight = top
    return replace(score(weight), weight=weight)


def tutorial(frame: Frame, name: str) -> Trial:
    """Return what the calls of PyLops' deblurring tutorial make of a frame in 256 grey values.

    FISTA with eps 0.1, split Bregman with mu 1.5 and eps 2 (TV) or 1 (TV and Haar), centred
    differences; only the blur is ours.
    """
    from pylops import FirstDerivative
    from pylops.optimization.sparsity import fista, splitbregman

    problem = begin(frame, {"name": "pylops-fista"}).problem()
    shape = tuple(problem.data.shape)
    blur, data = as_operator(problem.blur), 255 * problem.data.numpy().ravel()
    haar = as_operator(WaveletPrior(levels=3).analysis(2), shape)
    pair = [FirstDerivative(shape, axis=axis, edge=False, dtype="float32") for axis in (0, 1)]
    if name == "L1+Haar":
        vector = haar.H @ fista(blur @ haar.H, data, eps=0.1, niter=100, alpha=1.0)[0]
        weight = 0.1 / 2
    else:
        operators, eps = (pair, 2.0) if name == "TV" else ([*pair, haar], 1.0)
        vector = splitbregman(
            blur,
            data,
            operators,
            niter_outer=10,
            niter_inner=5,
            mu=1.5,
            epsRL1s=[eps] * len(operators),
            tol=1e-4,
            iter_lim=5,
            damp=1e-4,
        )[0]
        weight = eps**2 / 1.5
    estimate = torch.from_numpy(np.asarray(vector, np.float32) / 255).reshape(shape)
    image = (problem.crop(estimate) * problem.scale).numpy()
    return Trial(image, quality(image, frame), float("nan"), weight / 255)
