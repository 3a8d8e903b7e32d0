"""Networks that look at the frames of a burst: what they learn from, what they do, how they run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import napari_deconv as nd
from napari_deconv.learned import checkpoint
from napari_deconv.learned.applying import walk
from napari_deconv.learned.architecture import Architecture
from napari_deconv.learned.card import Card
from napari_deconv.learned.degradation import Degradation
from napari_deconv.learned.kpn import KPN
from napari_deconv.learned.model import save
from napari_deconv.learned.motion import displacements, warped
from napari_deconv.learned.scenes import Crop
from napari_deconv.learned.sittings import RUN, begin, train
from napari_deconv.learned.training import Run, Training
from napari_deconv.learned.view import View, seen
from napari_deconv.recipe import Recipe

Maker = Callable[..., Training]

FRAMES = 3
NETWORKS: dict[str, dict[str, Any]] = {
    "kpn blind": {"network": "kpn", "inputs": "blind", "stages": 1},
    "kpn": {"network": "kpn", "stages": 2},
    "nafnet blind": {"inputs": "blind", "stages": 1},
    "nafnet": {"stages": 2},
    "swinir": {"network": "swinir", "stages": 1},
    "unrolled": {"network": "unrolled", "stages": 2},
}
BURST = {"support": 17, "frames": FRAMES, "motion": 1.5, "motion_length": 12.0}
PSF = {"name": "gaussian", "sigma": 1.5}


@pytest.fixture(params=NETWORKS)
def of_frames(request: pytest.FixtureRequest, small: dict[str, Any]) -> dict[str, Any]:
    """Return every kind of model that looks at frames, small."""
    return {**small, "kernel": 3, "frames": FRAMES, **NETWORKS[request.param]}


def shaken(network: torch.nn.Module, size: float = 0.05) -> Any:
    """Return a network whose weights are all of some size."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(size * torch.randn_like(parameter))
    return network.eval()


def view(height: int = 64, width: int = 64) -> View:
    torch.manual_seed(1)
    frames = torch.rand(1, FRAMES, height, width) - 0.5
    at = torch.arange(-8, 9.0)
    kernel = torch.exp(-(at[:, None] ** 2 + at**2) / 8)
    mean = frames.mean(1, keepdim=True)
    shown = seen(mean, [kernel / kernel.sum()], torch.full_like(mean, 0.01))
    return replace(shown, frames=frames)


def crop(side: int, seed: int = 0) -> Crop:
    values = np.random.default_rng(seed).uniform(0.2, 0.8, (side, side)).astype(np.float32)
    return Crop(values, 0.5, 0.5)


def test_a_field_of_displacements_is_smooth_and_of_the_size_that_was_asked_for() -> None:
    field = displacements(np.random.default_rng(0), (90, 140), 1.5, 20)
    assert field.shape == (2, 90, 140)
    assert float(field.square().mean().sqrt()) == pytest.approx(1.5, rel=1e-4)
    assert float(field.mean((1, 2)).abs().max()) < 1e-5
    assert float(field.diff(dim=-1).abs().max()) < 1.5 * 8 / 20
    other = displacements(np.random.default_rng(1), (90, 140), 1.5, 20)
    assert float((field * other).mean()) < 0.5


def test_a_scene_moves_as_the_field_says() -> None:
    at = torch.arange(60.0)
    scene = torch.sin(at / 5)[:, None] * torch.cos(at / 7)
    field = torch.stack((torch.full((60, 60), 1.3), torch.full((60, 60), -0.6)))
    expected = torch.sin((at - 1.3) / 5)[:, None] * torch.cos((at + 0.6) / 7)
    inner = np.s_[4:-4, 4:-4]
    torch.testing.assert_close(warped(scene, field)[inner], expected[inner], rtol=0, atol=3e-3)
    assert torch.equal(
        warped(scene, torch.zeros(2, 60, 60)).round(decimals=4), scene.round(decimals=4)
    )


def test_frames_of_a_moving_scene_differ_from_the_first_which_is_where_the_truth_is() -> None:
    quiet = {"weakest": 1e-7, "strongest": 1.1e-7, "blurred": False, "misplaced": 0, "shift": 0}
    still, moving = (
        Degradation(**{**BURST, **quiet, "motion": motion}).pairs(
            [crop(96)], [np.random.default_rng(5)]
        )
        for motion in (0.0, 2.0)
    )
    assert still.view.frames is not None
    assert moving.view.frames is not None
    torch.testing.assert_close(
        still.view.frames, still.truth.expand(1, FRAMES, 80, 80), atol=1e-4, rtol=0
    )
    torch.testing.assert_close(moving.view.frames[:, :1], moving.truth, atol=1e-4, rtol=0)
    assert float((moving.view.frames[:, 1:] - moving.truth).abs().mean()) > 0.05
    mean = moving.view.frames.mean(1, keepdim=True)
    torch.testing.assert_close(moving.view.crop(moving.view.data), mean, atol=1e-5, rtol=0)


def test_the_noise_of_a_frame_is_that_of_the_mean_times_the_root_of_their_number() -> None:
    noisy = Degradation(support=17, weakest=0.0499, strongest=0.05, frames=4, shift=0, mistaken=0)
    quiet = noisy.replace(weakest=1e-7, strongest=1.1e-7)
    pair, clean = (d.pairs([crop(144)], [np.random.default_rng(2)]) for d in (noisy, quiet))
    assert pair.view.frames is not None
    assert clean.view.frames is not None
    of_each = (pair.view.frames - clean.view.frames).std((-2, -1))
    torch.testing.assert_close(of_each, torch.full_like(of_each, 0.05), rtol=0.1, atol=0)
    assert float(pair.view.noise) == pytest.approx(0.025, rel=0.25)


def test_kernels_weigh_what_lies_around_a_pixel_in_every_frame() -> None:
    network = shaken(KPN(FRAMES + 2, FRAMES, 3, width=8, encoder=(1,), middle=1, decoder=(1,)))
    x = torch.randn(1, FRAMES + 2, 16, 24)
    with torch.no_grad():
        weights, given = network.kernels(x), network(x)
    assert weights.shape == (1, FRAMES, 9, 16, 24)
    row, column = 7, 11
    around = x[0, -FRAMES:, row - 1 : row + 2, column - 1 : column + 2].reshape(FRAMES, 9)
    expected = (weights[0, :, :, row, column] * around).sum()
    assert float(given[0, 0, row, column]) == pytest.approx(float(expected), abs=1e-5)


def test_an_output_pixel_of_kpn_looks_no_farther_than_the_halo() -> None:
    network = shaken(KPN(2, 2, 5, width=8, encoder=(1, 2), middle=1, decoder=(1, 1))).double()
    side, middle = 2 * network.halo + 3 * network.stride, network.halo + network.stride
    x = torch.randn(1, 2, side, side, dtype=torch.float64)
    changed = x.clone()
    changed[..., slice(middle + network.stride + network.halo, None)] = 9.0
    part = (..., slice(middle, middle + network.stride))
    torch.testing.assert_close(network(x)[part], network(changed)[part], rtol=0, atol=1e-9)
    assert not torch.allclose(network(x), network(changed))


def test_it_begins_as_the_mean_of_the_frames(small: dict[str, Any]) -> None:
    fresh = Architecture(**{**small, "frames": FRAMES, **NETWORKS["kpn blind"]}).build()
    shown = view()
    stage: Any = fresh.stages[0]
    channels = fresh.channels(shown)
    given, bases = stage.look(shown, channels, channels[:, :1])
    torch.testing.assert_close(given, shown.frames)
    torch.testing.assert_close(stage.added(bases, stage.network(given)), shown.crop(shown.data))


def test_every_network_learns_in_20_steps(of_frames: dict[str, Any], tiny: Maker) -> None:
    run = Run(tiny(architecture=of_frames, degradation=BURST, rate=4e-3))
    batch = run.training.batch_of(0).lasting()
    object.__setattr__(run.training, "batch_of", lambda *_: batch)
    losses = [float(run.advance().loss) for _ in range(20)]
    assert sum(losses[-4:]) < 0.95 * sum(losses[:4])


@pytest.mark.parametrize("network", ["nafnet", "kpn"])
def test_resuming_equals_never_having_stopped(
    tmp_path: Path, small: dict[str, Any], tiny: Maker, network: str
) -> None:
    sizes = {**small, **NETWORKS[network], "frames": FRAMES}
    training = tiny(architecture=sizes, degradation=BURST, alone=2, hard=0.5)
    whole = Run(training)
    for _ in train(whole, tmp_path / "whole", steps=5):
        pass
    for sitting in (1, 2, 2):
        for _ in train(begin(training, tmp_path / "parts"), tmp_path / "parts", steps=sitting):
            pass
    one, other = (checkpoint.read(tmp_path / part / RUN) for part in ("whole", "parts"))
    assert one["place"][0] == other["place"][0] == 5
    for kind in ("model", "averaged"):
        for name, weights in one[kind].items():
            assert torch.equal(weights, other[kind][name]), name


def test_tiled_equals_untiled(of_frames: dict[str, Any]) -> None:
    model = shaken(Architecture(**of_frames).build())
    shown = view(136, 104)
    with torch.no_grad():
        *_, whole = walk(model, shown, project=False, tile=512)
        *_, tiled = walk(model, shown, project=False, tile=64)
        plain = model(shown)[-1]
    assert float((whole - tiled).abs().max()) < 1e-4
    torch.testing.assert_close(whole, plain, rtol=0, atol=1e-5)


def test_what_does_not_fit_together_is_refused(tiny: Maker) -> None:
    for wrong, words in (
        ({"network": "kpn"}, "two frames"),
        ({"network": "kpn", "frames": 3, "kernel": 4}, "odd side"),
        ({"inputs": "noise", "stages": 1, "frames": 3}, "one picture"),
    ):
        with pytest.raises(ValueError, match=words):
            Architecture(**wrong)
    with pytest.raises(ValueError, match="looks at 3 frames of a burst and is given 1"):
        tiny(architecture={"frames": 3})


def burst(frames: int = FRAMES, noise: float = 0.01, side: int = 80) -> np.ndarray:
    rng = np.random.default_rng(0)
    scene = np.full((side, side), 0.8)
    scene[side // 4 : side // 2, side // 4 : -side // 4] = 0.2
    moved = [np.roll(scene, (k, -k), (0, 1)) for k in range(frames)]
    return (moved + rng.normal(0, noise, (frames, side, side))).astype(np.float32)


@pytest.fixture
def file(tmp_path: Path, small: dict[str, Any]) -> Path:
    """Return the file of a small kpn with random weights."""
    architecture = {**small, "network": "kpn", "kernel": 3, "frames": FRAMES, "stages": 2}
    card = Card(title="kpn", architecture=architecture, narrowest=0.6, widest=2.0, strongest=0.05)
    path = tmp_path / "kpn.safetensors"
    save(path, shaken(card.architecture.build(), 0.03), card, half=False)
    return path


def recipe(file: Path, **parts: Any) -> Recipe:
    method = {"name": "restore", "model": str(file)}
    return Recipe(psf=PSF, method=method, **{"burst": {}, **parts})


def test_a_burst_is_restored_whatever_its_scale_and_type(file: Path) -> None:
    frames = np.round(burst() * 20000 + 500)
    first = recipe(file).run(frames, device="cpu")
    assert first.image.shape == (80, 80)
    assert any("3 of 3 frames merged" in warning for warning in first.warnings)
    for other, scale in ((frames.astype(np.uint16), 1), (frames.astype(np.float64) / 1000, 1e-3)):
        again = recipe(file).run(other, device="cpu").image / scale
        np.testing.assert_allclose(again, first.image, atol=1e-3 * np.ptp(first.image))


def test_the_frames_count_and_not_only_their_mean(file: Path) -> None:
    frames = burst()
    plain = recipe(file, burst={"align": False}).run(frames, device="cpu").image
    swapped = frames.copy()
    swapped[1, 30:40], swapped[2, 30:40] = frames[2, 30:40], frames[1, 30:40]
    other = recipe(file, burst={"align": False}).run(swapped, device="cpu").image
    assert np.abs(other - plain)[32:38].max() > 1e-3
    np.testing.assert_allclose(other[70:], plain[70:], atol=1e-3)


def test_a_region_equals_that_part_of_the_whole(file: Path) -> None:
    frames, region = burst(side=300), (slice(140, 190), slice(110, 150))
    whole = recipe(file).run(frames, device="cpu").image[region]
    part = recipe(file).begin(frames, device="cpu", region=region).image()
    np.testing.assert_allclose(part, whole, atol=1e-3)


def test_more_frames_are_taken_in_groups_and_fewer_are_refused(file: Path) -> None:
    frames = np.concatenate([burst()] * 2)
    twice = recipe(file, burst={"align": False}).run(frames, device="cpu").image
    assert np.isfinite(twice).all()
    with pytest.raises(ValueError, match=r"looks at 3 frames of a burst, and 2 of this one"):
        recipe(file).begin(burst(2), device="cpu")
    frames = burst()
    frames[2] = np.random.default_rng(1).uniform(0, 1, frames[2].shape)
    with pytest.raises(ValueError, match=r"and 2 of this one belong together"):
        recipe(file).begin(frames, device="cpu")


def test_a_frame_of_which_a_part_has_moved_counts(file: Path) -> None:
    frames = burst(side=128)
    frames[1, 60:100, 60:100] -= 0.2
    plain = Recipe(psf=PSF, method="tv", burst={}).begin(frames, device="cpu").recipe.burst
    assert plain is not None
    assert "differs" in plain.found[1].doubt
    for given in (plain, {}):  # as a dock hands it on, and as nobody has looked at it
        taken = recipe(file, burst=given).begin(frames, device="cpu").recipe.burst
        assert taken is not None
        assert [one.doubt for one in taken.found] == ["", "", ""]
    assert taken.moving() == taken


def test_one_picture_and_a_psf_for_each_frame_are_refused(file: Path) -> None:
    with pytest.raises(ValueError, match="looks at 3 frames of a burst: say which frames"):
        recipe(file, burst=None).begin(burst()[0], device="cpu")
    psfs = np.stack(
        [nd.choices("psf")["gaussian"](sigma=s).kernel(None)[:7, :7] for s in (1, 1, 1)]
    )
    with pytest.raises(ValueError, match="one PSF for all frames"):
        recipe(file).with_psf(psfs).begin(burst(), device="cpu")


def test_a_model_of_one_picture_takes_the_mean_of_a_burst_as_before() -> None:
    result = Recipe(psf=PSF, method="restore", burst={}).run(burst(), device="cpu")
    assert result.image.shape == (80, 80)
