"""Fidelities: gradient and prox against numerical truth, masks that mask."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar

from napari_deconv import choices
from napari_deconv.core.fidelities import Fidelity, Huber, Poisson, PoissonGaussian

FIDELITIES: list[Fidelity] = [fidelity() for fidelity in choices("fidelity").values()]
FIDELITIES += [Poisson(gain=0.3, background=0.4), Huber(delta=0.3)]


def positive(seed: int, *shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).uniform(0.2, 2, shape))


@pytest.mark.parametrize("fidelity", FIDELITIES, ids=repr)
@pytest.mark.parametrize("masked", [False, True])
def test_gradient_by_finite_differences(fidelity: Fidelity, masked: bool) -> None:
    v, g = positive(0, 4, 5), positive(1, 4, 5)
    w = (positive(2, 4, 5) > 1).double() if masked else None
    gradient = fidelity.gradient(v, g, w)
    for place in [(0, 0), (2, 3), (3, 4)]:
        h = torch.zeros_like(v)
        h[place] = 1e-6
        slope = (fidelity.misfit(v + h, g, w) - fidelity.misfit(v - h, g, w)) / 2e-6
        assert float(slope) == pytest.approx(float(gradient[place]), abs=1e-6)


@pytest.mark.parametrize("fidelity", FIDELITIES, ids=repr)
@pytest.mark.parametrize("weight", [1.0, 0.0])
@pytest.mark.parametrize("rho", [0.05, 3.0])
def test_prox_minimises(fidelity: Fidelity, weight: float, rho: float) -> None:
    g = torch.tensor([0.7], dtype=torch.float64)
    w = torch.tensor([weight], dtype=torch.float64)
    for t in (0.2, 0.9, 2.5):

        def cost(v: float, t: float = t) -> float:
            misfit = fidelity.misfit(torch.tensor([v], dtype=torch.float64), g, w)
            return float(misfit) + rho / 2 * (v - t) ** 2

        best = minimize_scalar(cost, bounds=(0, 10), method="bounded", options={"xatol": 1e-10})
        there = fidelity.prox(torch.tensor([t], dtype=torch.float64), rho, g, w)
        assert float(there) == pytest.approx(best.x, abs=2e-5)


@pytest.mark.parametrize("fidelity", FIDELITIES, ids=repr)
def test_prox_without_weights_equals_weights_of_one(fidelity: Fidelity) -> None:
    t, g = positive(3, 3, 4), positive(4, 3, 4)
    ones = torch.ones_like(g)
    torch.testing.assert_close(fidelity.prox(t, 0.3, g, None), fidelity.prox(t, 0.3, g, ones))


@pytest.mark.parametrize("fidelity", FIDELITIES, ids=repr)
def test_misfit_is_least_at_the_data(fidelity: Fidelity) -> None:
    g = positive(5, 6, 6) + 1
    at_data = fidelity.misfit(g - getattr(fidelity, "background", 0.0), g, None)
    assert float(at_data) == pytest.approx(0, abs=1e-9)
    assert float(fidelity.misfit(positive(6, 6, 6), g, None)) > 0


@pytest.mark.parametrize("fidelity", FIDELITIES, ids=repr)
def test_curvature_by_finite_differences(fidelity: Fidelity) -> None:
    mean = torch.tensor([0.6], dtype=torch.float64)
    data = mean + getattr(fidelity, "background", 0.0)
    high, low = (fidelity.gradient(mean + h, data, None) for h in (1e-5, -1e-5))
    assert float(high - low) / 2e-5 == pytest.approx(fidelity.curvature(0.6), rel=1e-6)


def test_units_divide_the_background_only() -> None:
    assert Poisson(gain=2, background=50).in_units(100, 0.01) == Poisson(gain=2, background=0.5)


def test_huber_is_least_squares_for_small_and_absolute_for_large_residuals() -> None:
    g, huber = torch.zeros(1), Huber(delta=2).in_units(1, 0.1)
    for r, cost in ((0.1, 0.005), (-0.2, 0.02), (1.0, 0.2 * 1.0 - 0.02)):
        assert float(huber.misfit(torch.tensor([r]), g, None)) == pytest.approx(cost)


@pytest.mark.parametrize("ndim", [2, 3])
def test_pixels_count_by_their_variance(ndim: int) -> None:
    noise = PoissonGaussian(gain=4.0, read=10.0).in_units(1000, 0.01)
    for grey in (0.0, 200.0, 900.0):
        data = torch.full((6,) * ndim, grey / 1000)
        weights = noise.weigh(data, 0.5, ndim)
        expected = (4 * 500 + 100) / (4 * grey + 100)
        torch.testing.assert_close(weights, torch.full_like(data, expected))
