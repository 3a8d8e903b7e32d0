"""Networks: what an output pixel depends on, what zeros become, names that others' weights have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from napari_deconv.learned import physics
from napari_deconv.learned.applying import walk
from napari_deconv.learned.architecture import Architecture
from napari_deconv.learned.nafnet import NAFNet
from napari_deconv.learned.swinir import SwinIR, authors_state, weights_of
from napari_deconv.learned.view import View, blended, padded, seen


def shaken(network: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """Return a network whose weights are all of some size."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return network.eval()


def view(height: int = 64, width: int = 64, noise: float = 0.01) -> View:
    torch.manual_seed(1)
    frame = torch.rand(1, 1, height, width) - 0.5
    at = torch.arange(-8, 9.0)
    kernel = torch.exp(-(at[:, None] ** 2 + at**2) / 8)
    return seen(frame, [kernel / kernel.sum()], torch.full_like(frame, noise))


@pytest.mark.parametrize(
    "make", [lambda n: NAFNet(n, 8, (1, 2), 1, (1, 1)), lambda n: SwinIR(n, 12, (2, 2), (2, 2))]
)
def test_an_output_pixel_looks_no_farther_than_the_halo(make) -> None:
    network = shaken(make(2)).double()
    side, middle = 2 * network.halo + 3 * network.stride, network.halo + network.stride
    x = torch.randn(1, 2, side, side, dtype=torch.float64)
    changed = x.clone()
    far = slice(middle + network.stride + network.halo, None)
    changed[..., far] = 9.0
    part = (..., slice(middle, middle + network.stride))
    torch.testing.assert_close(network(x)[part], network(changed)[part], rtol=0, atol=1e-9)
    assert not torch.allclose(network(x), network(changed))


def test_zeros_stay_zero() -> None:
    network = shaken(NAFNet(3))
    assert network(torch.zeros(1, 3, 32, 32)).abs().max() == 0


def test_every_architecture_tiled_equals_untiled(architecture: dict[str, Any]) -> None:
    model = shaken(Architecture(**architecture).build())
    shown = view(200, 136)
    with torch.no_grad():
        *_, whole = walk(model, shown, project=False, tile=512)
        *_, tiled = walk(model, shown, project=False, tile=64)
        plain = model(shown)[-1]
    assert float((whole - tiled).abs().max()) < 1e-4
    torch.testing.assert_close(whole, plain, rtol=0, atol=1e-5)


def test_what_does_not_fit_together_is_refused() -> None:
    for wrong in (
        {"inputs": "blind", "stages": 2},
        {"network": "swinir", "heads": (6,)},
        {"network": "swinir", "width": 16},
    ):
        with pytest.raises(ValueError, match=r"blind|heads"):
            Architecture(**wrong)


def test_the_middle_wiener_estimate_is_the_filter_of_its_formula() -> None:
    shown = view()
    h = shown.blur.spectrum
    f = [np.fft.fftfreq(n) for n in shown.blur.grid]
    square = 4 * (np.sin(np.pi * f[0])[:, None] ** 2 + np.sin(np.pi * f[1])[None, :] ** 2)
    square = torch.from_numpy(square[:, : h.shape[-1]])
    response = h.conj() / (h.abs() ** 2 + physics.LEVELS[1] * (square + 0.02))
    whole = torch.fft.irfft2(response * torch.fft.rfft2(shown.data), s=shown.blur.grid)
    expected = shown.crop(whole).float()
    torch.testing.assert_close(physics.channels(shown)[:, 2:3], expected, rtol=0, atol=1e-5)


def test_settling_brings_the_mean_back() -> None:
    shown = view()
    truth = shown.crop(shown.data)
    off = physics.settled(shown, truth + 0.3)
    assert abs(float(shown.residual(truth + 0.3).sum() / shown.known.sum())) > 0.25
    assert abs(float(shown.residual(off).sum() / shown.known.sum())) < 0.01


def test_projecting_lowers_the_residual() -> None:
    shown = view(noise=1e-3)
    shown = replace(shown, data=shown.blur(shown.data) * shown.known)
    start = torch.zeros_like(shown.sigma)
    before = shown.residual(start).square().sum()
    assert shown.residual(physics.projected(shown, start)).square().sum() < 0.5 * before


def test_opposite_ends_of_a_canvas_meet() -> None:
    frame = torch.linspace(0, 1, 40).expand(1, 1, 30, 40)
    window = (slice(10, 40), slice(24, 64))
    canvas = blended(padded(frame, window, (50, 96)), window)
    torch.testing.assert_close(canvas[..., 10:40, 24:64], frame)
    steps = (canvas - canvas.roll(1, -1)).abs().max()
    assert float(steps) < 1.6 / 56  # of a smooth step over the room, at its steepest


def test_swinir_has_the_names_of_its_authors() -> None:
    names = set(SwinIR(1, 60, (6, 6), (6, 6)).state_dict())
    block = "layers.1.residual_group.blocks.5."
    assert {
        "conv_first.weight",
        "patch_embed.norm.weight",
        f"{block}norm1.weight",
        f"{block}attn.relative_position_bias_table",
        f"{block}attn.qkv.bias",
        f"{block}attn.proj.weight",
        f"{block}mlp.fc2.bias",
        "layers.0.conv.weight",
        "norm.bias",
        "conv_after_body.weight",
        "conv_last.weight",
    } <= names


def test_a_state_of_the_authors_holds_masks_and_places() -> None:
    network = SwinIR(1, 12, (2,), (2,))
    state = authors_state(network)
    block = "layers.0.residual_group.blocks."
    assert state[f"{block}0.attn.relative_position_index"].shape == (64, 64)
    assert state[f"{block}1.attn_mask"].shape == (64, 64, 64)
    assert f"{block}0.attn_mask" not in state
    network.load_state_dict(weights_of(state))


def test_swinir_equals_spandrels() -> None:
    spandrel = pytest.importorskip(
        "spandrel", reason="spandrel, which needs torchvision, is not installed"
    )
    mine = shaken(SwinIR(1, 24, (2, 2), (2, 2)))
    theirs = spandrel.ModelLoader().load_from_state_dict(authors_state(mine)).model.eval()
    assert theirs.__class__.__name__ == "SwinIR"
    x = torch.rand(1, 1, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(x + mine(x), theirs(x), rtol=0, atol=1e-5)
    mine.load_state_dict(weights_of(theirs.state_dict()))
