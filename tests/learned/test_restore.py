"""`restore`: a model as a method, its card, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import napari_deconv as nd
from napari_deconv.learned import model as models
from napari_deconv.learned.card import Card
from napari_deconv.learned.delivery import deliver
from napari_deconv.learned.model import KEY, load, save
from napari_deconv.learned.training import Run, Training
from napari_deconv.recipe import Recipe

PSF = {"name": "gaussian", "sigma": 1.5}
SMALL = {"width": 8, "encoder": (1,), "middle": 1, "decoder": (1,)}


def card(**changes: object) -> Card:
    return Card(
        **{
            "title": "a small one",
            "architecture": {**SMALL, "stages": 2},
            "narrowest": 0.6,
            "widest": 2.0,
            "strongest": 0.05,
            **changes,
        }
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the file of a small model with random weights."""
    torch.manual_seed(3)
    network = card().architecture.build()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.03 * torch.randn_like(parameter))
    path = tmp_path / "small.safetensors"
    save(path, network, card(), half=False)
    return path


def image(n: int = 80, noise: float = 0.01, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    scene = np.full((n, n), 0.8)
    scene[n // 4 : n // 2, n // 4 : -n // 4] = 0.2
    return (scene + rng.normal(0, noise, scene.shape)).astype(np.float32)


def test_a_model_comes_back_from_its_file(file: Path) -> None:
    loaded = load(str(file))
    assert loaded.card == card() == models.card_of(str(file))
    assert loaded.digest in str(loaded)
    assert len(loaded.digest) == 12
    again = file.with_name("again.safetensors")
    save(again, loaded.network, loaded.card, half=False)
    assert load(str(again)).network.state_dict().keys() == loaded.network.state_dict().keys()


def test_the_shipped_model_is_small_and_has_its_card() -> None:
    path = models.location("default")
    assert path.stat().st_size < 5e6
    shipped = models.card_of("default")
    assert shipped.steps > 0
    assert shipped.data
    assert shipped.narrowest < 1 < shipped.widest


def test_files_that_are_no_models_are_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.safetensors"
    save_file({"a": torch.zeros(2)}, wrong)
    with pytest.raises(ValueError, match="no model of napari-deconv"):
        load(str(wrong))
    save_file({"a": torch.zeros(2)}, wrong, {KEY: json.dumps(card().plain())})
    with pytest.raises(ValueError, match="don't fit"):
        load(str(wrong))
    (tmp_path / "x.safetensors").write_bytes(b"\x80\x04 not a model")
    with pytest.raises(ValueError, match="no model of napari-deconv"):
        load(str(tmp_path / "x.safetensors"))
    with pytest.raises(ValueError, match=r"no model 'nowhere'.*default"):
        load("nowhere")


def test_restoring_from_python_names_model_and_hash(file: Path) -> None:
    result = Recipe(psf=PSF, method={"name": "restore", "model": str(file)}).run(
        image(), reference=image(noise=0), device="cpu"
    )
    assert result.image.shape == (80, 80)
    assert any(load(str(file)).digest in warning for warning in result.warnings)
    assert len(result.history.psnr) > 1


def test_steps_come_row_by_row(file: Path) -> None:
    ready = Recipe(psf=PSF, method={"name": "restore", "model": str(file)}).begin(
        image(600), device="cpu"
    )
    steps = list(ready.steps())
    assert len(steps) == ready.total == 2 + 2 * 3
    first, second = (steps[k].image() for k in (1, 2))
    np.testing.assert_array_equal(first[:250], second[:250])
    assert not np.array_equal(first[300:], second[300:])


def test_what_is_outside_the_training_is_named_and_refused(file: Path) -> None:
    method = {"name": "restore", "model": str(file)}
    within = Recipe(psf=PSF, method=method).begin(image(), device="cpu")
    assert not any("Outside" in note for note in within.notes)
    wider = Recipe(psf={**PSF, "sigma": 3.0}, method=method).begin(image(), device="cpu")
    assert any("PSF is wider" in note and "factor of 1.5" in note for note in wider.notes)
    noisy = Recipe(psf=PSF, method=method).begin(image(noise=0.05), device="cpu")
    assert any("noise is stronger" in note for note in noisy.notes)
    far = Recipe(psf={**PSF, "sigma": 6.0}, method=method)
    with pytest.raises(ValueError, match=r"PSF is wider.*force"):
        far.begin(image(), device="cpu")
    forced = Recipe(psf={**PSF, "sigma": 6.0}, method={**method, "force": True})
    assert np.isfinite(forced.begin(image(), device="cpu").image()).all()


def test_volumes_are_refused() -> None:
    psf = nd.choices("psf")["gaussian"](sigma=1.2, dimensions=3)
    with pytest.raises(ValueError, match="not volumes"):
        Recipe(psf=psf, method="restore").begin(np.ones((16, 16, 16)), device="cpu")


def test_a_region_of_a_large_picture_equals_that_part_of_the_whole() -> None:
    picture = image(420, seed=2)
    region = (slice(163, 220), slice(187, 231))
    recipe = Recipe(psf=PSF, method="restore")
    whole = recipe.begin(picture, device="cpu").image()[region]
    ready = recipe.begin(picture, device="cpu", region=region)
    assert ready.problem().data.numel() < 0.75 * picture.size
    np.testing.assert_allclose(ready.image(), whole, atol=1e-3 * 0.6)


def test_projecting_agrees_better_with_the_data(file: Path) -> None:
    method = {"name": "restore", "model": str(file)}
    plain, projected = (
        Recipe(psf=PSF, method={**method, "project": project}).run(image(), device="cpu")
        for project in (False, True)
    )
    assert projected.history.objective[-1] < plain.history.objective[-1]


def test_noise_that_follows_the_grey_value_is_shown_to_the_model(file: Path) -> None:
    method = {"name": "restore", "model": str(file)}
    fidelity = {"name": "poisson-gaussian", "gain": 0.004, "read": 0.001}
    alike = nd.deconvolve(image(), PSF, method, device="cpu")
    graded = nd.deconvolve(image(), PSF, method, fidelity=fidelity, device="cpu")
    assert not np.allclose(alike, graded, atol=1e-4)


def test_a_run_delivers_a_model_that_restores(
    tmp_path: Path, tiny: Callable[..., Training]
) -> None:
    run = Run(tiny())
    for _ in range(3):
        run.advance()
    path = tmp_path / "own.safetensors"
    made = deliver(run, path, "own")
    assert made.steps == 3
    assert 0.4 < made.narrowest < 1.5 < made.widest
    assert load(str(path)).card == made
    result = nd.deconvolve(image(), PSF, "restore", model=str(path), device="cpu")
    assert np.isfinite(result).all()
