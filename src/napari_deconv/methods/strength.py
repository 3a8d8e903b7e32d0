"""Choose the strength of a prior from the noise alone: a first guess, and the simplest rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_deconv.core.problem import Problem

PER_SIGMA = 0.15
"""Strength per noise sigma: near the best for total variation on parts at usual noise."""
LEAST_NOISE = 2e-3
"""Least noise sigma, in units of the grey range: what is assumed beyond the border is never
better known than that, even where the data hold no noise."""


def assumed_noise(problem: Problem) -> float:
    """Return the noise sigma in units of the grey range, never below `LEAST_NOISE`."""
    return max(problem.noise, LEAST_NOISE)


def from_noise(problem: Problem, per_sigma: float = PER_SIGMA) -> float:
    """Return a multiple of the noise sigma (grey range 1), times the misfit's curvature.

    The curvature (1 for least squares) makes the strength mean the same to every fidelity.
    """
    return per_sigma * assumed_noise(problem) * problem.fidelity.curvature(problem.mean)
