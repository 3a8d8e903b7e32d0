"""`plug-and-play`: a denoiser between data steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import napari_deconv as nd
from napari_deconv.core.operators import Blur
from napari_deconv.learned.applying import denoised
from napari_deconv.learned.card import Card
from napari_deconv.learned.model import load, save
from napari_deconv.learned.plug_and_play import PlugAndPlay
from napari_deconv.recipe import Recipe

PSF = {"name": "gaussian", "sigma": 1.5}


def scene(n: int = 96) -> np.ndarray:
    truth = np.full((n, n), 0.9, np.float32)
    truth[20:60, 20:50], truth[30:80, 66:72] = 0.4, 0.2
    return truth


def scan(noise: float = 0.02) -> np.ndarray:
    kernel = torch.from_numpy(nd.choices("psf")["gaussian"](sigma=1.5).kernel())
    clean = Blur(kernel, (96, 96))(torch.from_numpy(scene()).double()).numpy()
    return (clean + np.random.default_rng(0).normal(0, noise, clean.shape)).astype(np.float32)


@pytest.fixture
def idle(tmp_path: Path, small: dict[str, Any]) -> Path:
    """Return the file of a denoiser that changes nothing."""
    card = Card(
        title="idle",
        architecture={**small, "inputs": "noise", "stages": 1},
        narrowest=0,
        widest=99,
        strongest=1,
    )
    path = tmp_path / "idle.safetensors"
    save(path, card.architecture.build(), card)
    return path


def test_levels_fall_to_the_noise() -> None:
    levels = PlugAndPlay(iterations=5).levels(0.01)
    assert levels[0] == pytest.approx(0.2)
    assert levels[-1] == pytest.approx(0.01)
    ratios = np.divide(levels[1:], levels[:-1])
    np.testing.assert_allclose(ratios, ratios[0])
    assert PlugAndPlay(iterations=3).levels(0.5) == pytest.approx([0.5, 0.5, 0.5])


def test_without_denoising_it_comes_to_follow_the_data(idle: Path) -> None:
    method = {"name": "plug-and-play", "denoiser": str(idle)}
    result = Recipe(psf=PSF, method=method).run(scan(0.0), device="cpu")
    assert np.mean((result.image - scene()) ** 2) < 0.5 * np.mean((scan(0.0) - scene()) ** 2)


def test_the_shipped_denoiser_takes_noise_away() -> None:
    stage = load("denoiser").network.stages[0]
    truth = torch.from_numpy(scene() - 0.6)[None, None]
    noise = torch.randn(truth.shape, generator=torch.Generator().manual_seed(0))
    for sigma in (0.02, 0.1):
        with torch.no_grad():
            result = denoised(stage, truth + sigma * noise, sigma, tile=64)
        assert float((result - truth).square().mean().sqrt()) < 0.6 * sigma


def test_it_gains_on_the_blurred_image_and_on_tikhonov() -> None:
    result = nd.deconvolve(scan(), PSF, "plug-and-play", device="cpu")
    rival = nd.deconvolve(scan(), PSF, "tikhonov", device="cpu")
    error, other = (float(np.mean((x - scene()) ** 2)) for x in (result, rival))
    assert error < 0.8 * other


def test_models_are_not_taken_for_one_another() -> None:
    with pytest.raises(ValueError, match="is no denoiser"):
        nd.deconvolve(scan(), PSF, "plug-and-play", denoiser="default", device="cpu")
    with pytest.raises(ValueError, match="is a denoiser"):
        nd.deconvolve(scan(), PSF, "restore", model="denoiser", device="cpu")


def test_what_it_can_not_do_is_refused() -> None:
    psf = nd.choices("psf")["gaussian"](sigma=1.2, dimensions=3)
    with pytest.raises(ValueError, match="not volumes"):
        Recipe(psf=psf, method="plug-and-play").begin(np.ones((16, 16, 16)), device="cpu")
    weights = np.linspace(0.1, 1, 96 * 96).reshape(96, 96)
    with pytest.raises(ValueError, match="can't weigh pixels"):
        Recipe(psf=PSF, method="plug-and-play").begin(scan(), device="cpu", weights=weights)
