"""What a method leaves of noise: exactly for filters, by a probe for the others."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_deconv import Recipe, samples
from napari_deconv.core.scale import Measurement
from napari_deconv.methods.leftover import kept_by_filter, leftover
from napari_deconv.psf.shapes import GaussianPsf

PSF = GaussianPsf(sigma=1.5).kernel()


@pytest.fixture(scope="module")
def sample() -> samples.Sample:
    return samples.radiograph((160, 160), psf=PSF)


def ready_for(sample, method):
    ready = Recipe(psf=PSF, method=method, boundary="periodic").begin(sample.image, device="cpu")
    ready.choose()
    return ready.recipe.method, ready.problem()


def lag(values):
    pairs = np.mean(values[1:] * values[:-1]) + np.mean(values[:, 1:] * values[:, :-1])
    return pairs / 2 / np.mean(values**2)


@pytest.mark.parametrize("method", ["tikhonov", "wiener", "least-squares"])
def test_a_filter_leaves_what_it_is_said_to(method, sample):
    chosen, problem = ready_for(sample, method)
    power, correlation = kept_by_filter(chosen, problem)
    noise = torch.from_numpy(np.random.default_rng(0).normal(size=(160, 160)).astype(np.float32))
    blur = problem.blur
    filtered = blur.inverse(chosen.response(problem) * blur.forward(noise))
    left = (blur(filtered) - noise).numpy()
    assert power == pytest.approx(np.mean(left**2), abs=0.02)
    assert correlation == pytest.approx(lag(left), abs=0.02)
    assert 0.5 < power < 1
    assert correlation < 0


def test_the_probe_tells_of_a_filter_what_is_known(sample):
    chosen, problem = ready_for(sample, "tikhonov")
    power, correlation = kept_by_filter(chosen, problem)
    left = leftover(chosen, problem, torch.full((160, 160), 0.01), 0.0).numpy()
    assert np.mean(left**2) == pytest.approx(power, abs=0.02)
    assert lag(left) == pytest.approx(correlation, abs=0.02)


def test_of_smeared_noise_neighbours_are_left_alike(sample):
    chosen, problem = ready_for(sample, "tikhonov")
    sigma = torch.full((160, 160), 0.01)
    smeared, white = (lag(leftover(chosen, problem, sigma, r).numpy()) for r in (0.4, 0.0))
    assert smeared > white + 0.1


def test_nothing_is_asked_where_it_would_take_long(sample):
    chosen, problem = ready_for(sample, {"name": "tv", "weight": 0.01, "iterations": 501})
    assert leftover(chosen, problem, torch.ones(160, 160), 0.0) is None


@pytest.mark.parametrize("method", ["tv", "wavelet"])
def test_the_residual_is_as_large_as_expected(method, sample):
    image = sample.blurred + np.random.default_rng(0).normal(0, 0.02, sample.blurred.shape)
    known = Measurement(scale=0.9, noise=0.02, mean=0.6, read_noise=0.02)
    ready = Recipe(psf=PSF, method=method, measured=known).begin(image, device="cpu")
    check = ready.agreement(ready.image())
    assert check.expected.chi2 < 0.98
    assert check.chi2 / check.expected.chi2 == pytest.approx(1, abs=0.04)
    assert check.colour == pytest.approx(0, abs=0.03)
