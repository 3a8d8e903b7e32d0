"""Others' weights: understood by name and shape, told on a card, never run."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

import napari_deconv as nd
from napari_deconv import io
from napari_deconv.cli import app
from napari_deconv.learned import foreign, importing
from napari_deconv.learned.architecture import Architecture
from napari_deconv.learned.importing import MEANS, Told, bring_in
from napari_deconv.learned.model import card_of, load
from napari_deconv.learned.swinir import SwinIR, authors_state
from napari_deconv.recipe import Recipe

PSF = {"name": "gaussian", "sigma": 1.5}
NEEDS = "which needs torchvision, is not installed"


def shaken(network: nn.Module, seed: int = 0, by: float = 0.03) -> nn.Module:
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(by * torch.randn_like(parameter))
    return network.eval()


def picture(side: int = 72) -> np.ndarray:
    scene = np.full((side, side), 0.8, np.float32)
    scene[20:50, 24:40] = 0.3
    return scene + np.random.default_rng(0).normal(0, 0.01, scene.shape).astype(np.float32)


def restored(model: Path, **settings: Any) -> Any:
    method = {"name": "restore", "model": str(model), **settings}
    return Recipe(psf=PSF, method=method).run(picture(), device="cpu")


class Authors(nn.Module):
    """SwinIR as its authors wrote it around the same body: grey values from 0 to 1, or colours."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = SwinIR(channels, 12, (2,), (2,))
        self.body.conv_last = nn.Conv2d(12, channels, 3, padding=1)
        means = torch.tensor(MEANS if channels == 3 else (0.0,))
        self.register_buffer("means", means[:, None, None])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = x - self.get_buffer("means")
        return inner + self.body(inner) + self.get_buffer("means")


@pytest.mark.parametrize("channels", [1, 3])
def test_the_authors_swinir_is_the_same_network_here(tmp_path: Path, channels: int) -> None:
    theirs = shaken(Authors(channels))
    torch.save({"params": authors_state(theirs.body)}, tmp_path / "swinir.pth")
    bring_in(tmp_path / "swinir.pth", tmp_path / "swinir.safetensors")
    (stage,) = load(str(tmp_path / "swinir.safetensors")).network.stages
    grey = torch.rand(1, 1, 72, 72)
    with torch.no_grad():
        expected = theirs(grey.expand(-1, channels, -1, -1)).mean(1, keepdim=True)
        found = grey + stage.network(grey - 0.5)
    inner = (..., slice(32, 40), slice(32, 40))  # at the borders they see zeros, here the mean
    torch.testing.assert_close(found[inner], expected[inner], rtol=0, atol=1e-5)
    assert np.isfinite(restored(tmp_path / "swinir.safetensors").image).all()


def test_own_weights_tell_their_architecture(tmp_path: Path, architecture: dict[str, Any]) -> None:
    network = shaken(Architecture(**architecture).build())
    torch.save(network.state_dict(), tmp_path / "own.pt")
    bring_in(tmp_path / "own.pt", tmp_path / "own.safetensors")
    loaded = load(str(tmp_path / "own.safetensors"))
    assert loaded.card.architecture.inputs == architecture.get("inputs", "physics")
    state = loaded.network.state_dict()
    for name, weights in network.state_dict().items():
        torch.testing.assert_close(state[name], weights)


def test_what_it_was_trained_for_is_unknown_unless_told(
    tmp_path: Path, small: dict[str, Any]
) -> None:
    network = Architecture(**small, inputs="blind", stages=1).build().stages[0].network
    torch.save(network.state_dict(), tmp_path / "bare.pt")
    for told in (Told(), Told(widths=(1.0, 2.0), noise=(0.001, 0.1))):
        out = tmp_path / "bare.safetensors"
        bring_in(tmp_path / "bare.pt", out, told)
        said = restored(out).warnings
        assert any("Ranges unknown: which PSF and noise" in s for s in said) == (told == Told())
        assert "learned" in said[0].lower()
        assert load(str(out)).digest in said[0]


def test_the_command_line_brings_a_model_in_and_shows_its_card(
    tmp_path: Path, small: dict[str, Any]
) -> None:
    network = Architecture(**small, inputs="noise", stages=1).build()
    torch.save(network.state_dict(), tmp_path / "own.pt")
    out, run = tmp_path / "own.safetensors", CliRunner()
    done = run.invoke(app, ["model", "import", str(tmp_path / "own.pt"), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "Ranges unknown" in done.output
    assert (
        "exists already"
        in run.invoke(app, ["model", "import", str(tmp_path / "own.pt"), "--out", str(out)]).output
    )
    io.write(tmp_path / "psf.tif", nd.choices("psf")["gaussian"](sigma=2.0).kernel())
    told = ["--psf", str(tmp_path / "psf.tif"), "--noise", "0.001", "0.02", "--overwrite"]
    command = ["model", "import", str(tmp_path / "own.pt"), "--out", str(out), *told]
    assert "unknown" not in run.invoke(app, command).output
    card = card_of(str(out))
    assert card.widest == pytest.approx(2.0, abs=0.04)
    assert (card.weakest, card.strongest) == (0.001, 0.02)
    assert '"licence": "unknown"' in run.invoke(app, ["model", "show", str(out)]).stdout


class Poison:
    """What a pickle can do to whoever loads it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("suffix", importing.PICKLED)
@pytest.mark.parametrize("protocol", [None, 2, 4])
def test_nothing_in_a_poisoned_file_runs(tmp_path: Path, suffix: str, protocol: int | None) -> None:
    touched, file = tmp_path / "touched", tmp_path / f"model{suffix}"
    held = {"params": {"conv_first.weight": torch.zeros(2)}, "more": Poison(touched)}
    if protocol is None:
        torch.save(held, file)
    else:
        file.write_bytes(pickle.dumps(held, protocol))
    for read in (importing.read, lambda path: bring_in(path, tmp_path / "out.safetensors")):
        with pytest.raises(ValueError, match="is refused"):
            read(file)
    with pytest.raises(ValueError, match="no model of napari-deconv"):
        restored(file)
    assert not touched.exists()
    assert not (tmp_path / "out.safetensors").exists()


def test_what_holds_no_weights_is_refused(tmp_path: Path) -> None:
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save({"params": {"a": 3}}, tmp_path / "numbers.pt")
    (tmp_path / "text.safetensors").write_text("none", encoding="utf-8")
    for name, words in (
        ("list.pt", "no weights by name"),
        ("numbers.pt", "no weights by name"),
        ("text.safetensors", "no safetensors file"),
        ("model.onnx", "no file"),
    ):
        with pytest.raises(ValueError, match=words):
            importing.read(tmp_path / name)


def test_a_missing_package_is_named_with_what_to_install(monkeypatch: Any) -> None:
    def missing(name: str) -> Any:
        raise ImportError(f"No module named '{name}'")

    monkeypatch.setattr(foreign, "import_module", missing)
    with pytest.raises(ValueError, match=r"needs spandrel .*pip install .*\[spandrel\]"):
        importing.understood({"intro.weight": torch.zeros(4, 3, 3, 3)})
    with pytest.raises(ValueError, match=r"needs deepinv .*pip install .*\[deepinv\]"):
        importing.understood({"in_conv.weight": torch.zeros(4, 1, 3, 3)}, "DnCNN")


@pytest.mark.parametrize("channels", [1, 3])
def test_a_network_that_spandrel_knows_restores(tmp_path: Path, channels: int) -> None:
    pytest.importorskip("spandrel", reason=f"spandrel, {NEEDS}")
    from spandrel.architectures.NAFNet import NAFNet

    theirs = shaken(
        NAFNet(img_channel=channels, width=4, middle_blk_num=1, enc_blk_nums=[1], dec_blk_nums=[1])
    )
    torch.save({"params": theirs.state_dict()}, tmp_path / "nafnet.pth")
    out = tmp_path / "nafnet.safetensors"
    assert bring_in(tmp_path / "nafnet.pth", out).architecture.kind == "NAFNet"
    (stage,) = load(str(out)).network.stages
    x = torch.rand(1, 1, 64, 64) - 0.5
    with torch.no_grad():
        expected = theirs((x + 0.5).expand(-1, channels, -1, -1)).mean(1, keepdim=True) - 0.5
        torch.testing.assert_close(x + stage.network(x), expected, rtol=0, atol=1e-5)
    found = restored(out)
    assert np.isfinite(found.image).all()
    assert any("Ranges unknown" in sentence for sentence in found.warnings)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_denoiser_of_deepinv_plugs_in(tmp_path: Path, channels: int) -> None:
    deepinv = pytest.importorskip("deepinv", reason=f"deepinv, {NEEDS}")
    theirs = deepinv.models.DnCNN(in_channels=channels, out_channels=channels, pretrained=None)
    shaken(theirs, by=0.002)
    torch.save(theirs.state_dict(), tmp_path / "dncnn.pth")
    out = tmp_path / "dncnn.safetensors"
    bring_in(tmp_path / "dncnn.pth", out, denoiser="DnCNN")
    (stage,) = load(str(out)).network.stages
    x = torch.rand(1, 1, 64, 64) - 0.5
    shown = torch.cat((x, torch.full_like(x, 2 * 0.04**0.5)), 1)
    with torch.no_grad():
        expected = theirs((x + 0.5).expand(-1, channels, -1, -1), 0.04).mean(1, keepdim=True) - 0.5
        torch.testing.assert_close(x + stage.network(shown), expected, rtol=0, atol=1e-5)
    method = {"name": "plug-and-play", "denoiser": str(out), "iterations": 2}
    assert np.isfinite(nd.deconvolve(picture(), PSF, method, device="cpu")).all()
    with pytest.raises(ValueError, match="is a denoiser"):
        restored(out)
