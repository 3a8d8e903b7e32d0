"""The noise that a model is shown where one number was measured."""

from __future__ import annotations

import numpy as np
import torch

from napari_deconv.learned.local_noise import LEVEL, local_noise
from napari_deconv.learned.view import View, seen


def view(sigma: np.ndarray, told: float, pattern: float = 0.0) -> View:
    """Return the view of a blurred lattice with noise of each pixel, told as one number."""
    at = torch.arange(-8, 9.0)
    kernel = torch.exp(-(at[:, None] ** 2 + at**2) / 8)
    kernel = kernel / kernel.sum()
    n = sigma.shape[0]
    rows = (torch.arange(n) // 6 % 2).float()
    scene = (pattern * rows[:, None] * rows)[None, None]
    blurred = torch.nn.functional.conv2d(
        torch.nn.functional.pad(scene, (8,) * 4, "replicate"), kernel[None, None]
    )
    noise = np.random.default_rng(0).normal(size=sigma.shape) * sigma
    frame = blurred + torch.from_numpy(noise).float()
    return seen(frame, [kernel], torch.full_like(frame, told))


def test_a_noisy_half_is_found() -> None:
    sigma = np.full((96, 96), 0.01)
    sigma[:, 48:] = 0.06
    found = local_noise(view(sigma, 0.03))[0, 0]
    assert 0.007 < float(found[:, :36].mean()) < 0.014
    assert 0.05 < float(found[:, 60:].mean()) < 0.07


def test_even_noise_stays_what_it_is() -> None:
    found = local_noise(view(np.full((96, 96), 0.02), 0.02))
    assert 0.019 < float(found.square().mean().sqrt()) < 0.022
    assert float(found.std()) < 0.1 * float(found.mean())


def test_a_blurred_lattice_is_not_taken_for_noise() -> None:
    found = local_noise(view(np.full((96, 96), 1e-3), 1e-3, pattern=1.0))
    assert float(found.square().mean().sqrt()) < LEVEL * 1.05e-3


def test_a_picture_without_noise_has_finite_noise() -> None:
    assert torch.isfinite(local_noise(view(np.zeros((64, 64)), 1e-5))).all()
