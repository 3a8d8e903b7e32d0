"""Every registered prior: its prox minimises what it says, and Moreau's identity holds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from napari_deconv import choices
from napari_deconv.core.priors import Box, Prior, TotalVariation, WaveletPrior

PRIORS: list[Prior] = [prior() for prior in choices("prior").values() if prior is not WaveletPrior]
PRIORS += [
    TotalVariation(isotropic=False),
    WaveletPrior(levels=1),
    WaveletPrior(basis="db2", levels=1),
    WaveletPrior(levels=1, invariant=True),
]
NAMES = [repr(prior) for prior in PRIORS]


def analysed(prior: Prior, seed: int = 0) -> torch.Tensor:
    size = (2, 2) if isinstance(prior, WaveletPrior) else (2, 3)  # a numerical minimiser is slow
    image = torch.from_numpy(np.random.default_rng(seed).normal(size=size))
    return prior.analysis(2)(image)


@pytest.mark.parametrize("prior", PRIORS, ids=NAMES)
@pytest.mark.parametrize("threshold", [0.1, 0.7])
def test_prox_beats_a_numerical_minimiser(prior: Prior, threshold: float) -> None:
    z = analysed(prior)

    def cost(v: np.ndarray) -> float:
        candidate = torch.from_numpy(v.reshape(z.shape))
        penalty = prior.penalty(candidate)
        value = float(threshold * penalty + (candidate - z).square().sum() / 2)
        return min(value, 1e3)  # the minimiser can't step through infinity

    proximal = prior.prox(z, threshold)
    found = minimize(cost, proximal.numpy().ravel(), method="Powell")
    assert cost(proximal.numpy()) <= found.fun + 1e-9
    shaken = proximal.numpy() + np.random.default_rng(1).normal(0, 1e-3, z.shape)
    assert cost(proximal.numpy()) <= cost(shaken)


@pytest.mark.parametrize("prior", PRIORS, ids=NAMES)
def test_prox_is_firmly_nonexpansive(prior: Prior) -> None:
    a, b = analysed(prior, 1), analysed(prior, 2)
    pa, pb = prior.prox(a, 0.3), prior.prox(b, 0.3)
    assert float((pa - pb).square().sum()) <= float(((pa - pb) * (a - b)).sum()) + 1e-12


@pytest.mark.parametrize("isotropic", [True, False])
def test_moreau_identity_of_total_variation(isotropic: bool) -> None:
    """``z = prox(z) + projection onto the dual ball``."""
    prior, z, t = TotalVariation(isotropic=isotropic), analysed(TotalVariation()), 0.4
    length = z.norm(dim=0, keepdim=True) if isotropic else z.abs()
    projection = z / (length / t).clamp(min=1)
    torch.testing.assert_close(prior.prox(z, t) + projection, z)


@pytest.mark.parametrize("prior", PRIORS, ids=NAMES)
def test_prox_into_a_buffer_and_with_threshold_zero(prior: Prior) -> None:
    z = analysed(prior).abs()
    out = torch.empty_like(z)
    assert prior.prox(z, 0.2, out=out) is out
    torch.testing.assert_close(out, prior.prox(z, 0.2))
    if isinstance(prior, Box):
        z = z.clamp(prior.lowest, prior.highest)
    torch.testing.assert_close(prior.prox(z, 0.0), z)


def test_the_average_over_shifts_is_the_invariant_penalty() -> None:
    """Cycle spinning: the decimated penalty of every shift of the picture, averaged."""
    image = torch.from_numpy(np.random.default_rng(6).normal(size=(8, 12)))
    plain, invariant = WaveletPrior(levels=2), WaveletPrior(levels=2, invariant=True)
    shifts = [(row, column) for row in range(4) for column in range(4)]
    spun = [float(plain.value(image.roll(shift, (0, 1)), 2)) for shift in shifts]
    assert float(invariant.value(image, 2)) == pytest.approx(np.mean(spun), rel=1e-12)


def test_the_average_of_a_picture_costs_no_wavelet_penalty() -> None:
    for invariant in (False, True):
        prior = WaveletPrior(basis="sym4", levels=3, invariant=invariant)
        assert float(prior.value(torch.full((16, 24), 7.0), 2)) == pytest.approx(0, abs=1e-3)


def test_an_empty_box_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        Box(lowest=1, highest=0.9)
    assert Box(lowest=10, highest=20).in_units(100) == Box(lowest=0.1, highest=0.2)


@settings(deadline=None, max_examples=30)
@given(scale=st.floats(1e-3, 1e3))
def test_total_variation_scales_with_the_image(scale: float) -> None:
    image = torch.from_numpy(np.random.default_rng(3).normal(size=(5, 6)))
    for prior in (TotalVariation(), TotalVariation(isotropic=False)):
        value = float(prior.value(scale * image, 2))
        assert value == pytest.approx(scale * float(prior.value(image, 2)), rel=1e-9)


@pytest.mark.parametrize("prior", [p for p in PRIORS if p.quadratic], ids=repr)
def test_quadratic_priors_are_half_the_squared_norm(prior: Prior) -> None:
    image = torch.from_numpy(np.random.default_rng(4).normal(size=(5, 6)))
    power = prior.analysis(2).power(image) * torch.ones(5, 4, dtype=image.dtype)
    filtered = torch.fft.irfft2(power * torch.fft.rfft2(image), s=(5, 6))
    assert float(prior.value(image, 2)) == pytest.approx(float((filtered * image).sum() / 2))
