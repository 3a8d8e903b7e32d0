"""Others' weights made models of this package: files read without running them, networks told.

What a picture must look like is folded into the weights where it can be: networks here are shown
the frame less its mean, with a grey range of 1; others were trained on grey values from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from napari_deconv.learned.architecture import Architecture
from napari_deconv.learned.card import Card
from napari_deconv.learned.foreign import COLOURS, Foreign, of_spandrel
from napari_deconv.learned.model import write

if TYPE_CHECKING:
    from torch import Tensor

    Weights = dict[str, Tensor]

PICKLED = (".pth", ".pt", ".ckpt", ".bin")
WRAPPED = ("params_ema", "params", "state_dict", "averaged", "model")
"""Under which of these names files hold the weights; the first that is there counts."""
LEVEL = 0.5
"""Where the mean of a picture is laid that was trained on from 0 to 1."""
MEANS = (0.4488, 0.4371, 0.4040)
"""What the authors' SwinIR takes off the three colours."""
WINDOW, RATIO = 8, 2
"""Of the SwinIR here: side of a window, how much wider the MLPs are."""
OWN = "stages.0.network."
"""What the names of this package's weights begin with."""


class Understood(NamedTuple):
    """Weights as this package keeps them, and the network that they belong to."""

    weights: Weights
    architecture: Architecture | Foreign


class Told(NamedTuple):
    """What the user knows of a model that another made.

    Attributes
    ----------
    title, licence : str
    widths : tuple of float or None
        Least and greatest rms radius of the PSFs that it was trained for, in pixels.
    noise : tuple of float or None
        Weakest and strongest noise, of the grey range.
    """

    title: str = ""
    licence: str = "unknown"
    widths: tuple[float, float] | None = None
    noise: tuple[float, float] | None = None


NOTHING = Told()
"""What is known of most files."""


def bring_in(file: Path, out: Path, told: Told = NOTHING, denoiser: str = "") -> Card:
    """Write a model of this package from others' weights, and return its card.

    Parameters
    ----------
    file : Path
        A .safetensors, .pth or .pt: the authors' SwinIR at its own size, weights or a checkpoint
        of this package, or, with the extra ``spandrel``, what that knows.
    out : Path
        A .safetensors file.
    told : Told
        What is known of its training.
    denoiser : str
        The class of ``deepinv.models`` that the weights belong to, for `plug-and-play`.

    Raises
    ------
    ValueError
        In one sentence, if the file holds anything but weights, or nobody knows them.
    """
    if out.suffix != ".safetensors" or not out.absolute().parent.is_dir():
        raise ValueError(f"{out} can't take the model: name a .safetensors file in a folder.")
    weights, architecture = understood(read(file), denoiser)
    narrowest, widest = told.widths or (None, None)
    weakest, strongest = told.noise or (0.0, None)
    card = Card(
        title=told.title or file.stem,
        architecture=architecture,
        narrowest=narrowest,
        widest=widest,
        weakest=weakest,
        strongest=strongest,
        data="not known here",
        made=f"brought in from {file.name}",
        licence=told.licence,
        program=version("napari-deconv"),
    )
    write(out, weights, card)
    return card


def read(path: Path) -> Weights:
    """Return the weights in a file; nothing in it is run.

    Raises
    ------
    ValueError
        In one sentence, if it holds anything but tensors and plain data, or no weights.
    """
    import torch

    if not path.is_file():
        raise ValueError(f"There is no file {path}.")
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        try:
            held: Any = load_file(path)
        except Exception as error:  # a package in Rust raises its own
            raise ValueError(f"{path.name} is no safetensors file: {error}") from None
    elif path.suffix in PICKLED:
        try:
            held = torch.load(path, map_location="cpu", weights_only=True)
        except Exception:  # torch raises what its unpickler stumbles over
            raise ValueError(
                f"{path.name} is refused: it is no file of weights, or holds more than tensors and "
                "plain data, which would be run; ask its author for a .safetensors file."
            ) from None
    else:
        raise ValueError(f"{path.name} is no file of weights: name a .safetensors, .pth or .pt.")
    for name in WRAPPED:
        if isinstance(held, dict) and isinstance(held.get(name), Mapping):
            held = held[name]
            break
    if not isinstance(held, Mapping) or not held or not all(map(torch.is_tensor, held.values())):
        raise ValueError(f"{path.name} holds no weights by name.")
    return {str(name).removeprefix("module."): value.float() for name, value in held.items()}


def understood(weights: Weights, denoiser: str = "") -> Understood:
    """Return whose weights these are.

    Parameters
    ----------
    weights : dict of str to Tensor
    denoiser : str
        The class of deepinv's that they belong to, if it is one of those.

    Raises
    ------
    ValueError
        In one sentence, if nobody knows them.
    """
    if denoiser:
        foreign = Foreign(library="deepinv", kind=denoiser)
        foreign.staged(weights)
        return Understood(weights, foreign)
    if "first.weight" in weights:
        weights = {f"{OWN}{name}": value for name, value in weights.items()}
    if f"{OWN}first.weight" in weights or f"{OWN}conv_first.weight" in weights:
        return Understood(weights, own(weights))
    if (found := swinir(weights)) is not None:
        return found
    kind = of_spandrel(weights).architecture.id
    foreign = Foreign(library="spandrel", kind=kind)
    foreign.staged(weights)
    return Understood(weights, foreign)


def own(weights: Weights) -> Architecture:
    """Return the architecture whose weights have these names and shapes.

    Raises
    ------
    ValueError
        If there is none.
    """
    shapes = {name: tuple(value.shape) for name, value in weights.items()}
    first = shapes.get(f"{OWN}first.weight") or shapes[f"{OWN}conv_first.weight"]
    swin = _swin_groups(shapes, OWN)
    given: dict[str, Any] = {
        "width": first[0],
        "stages": len({name.split(".")[1] for name in shapes}),
        **(swin or _levels(shapes)),
    }
    networks = ("swinir",) if swin else ("nafnet", "unrolled")
    for network in networks:
        for inputs in ("physics", "blind", "noise"):
            try:
                candidate = Architecture(**given, network=network, inputs=inputs)
            except ValueError:
                continue
            state = candidate.build().state_dict()
            if {name: tuple(value.shape) for name, value in state.items()} == shapes:
                return candidate
    raise ValueError("These weights have this package's names, but fit no network that it builds.")


def swinir(weights: Weights) -> Understood | None:
    """Return the authors' SwinIR as a blind model; None if it is none, or of a kind not known here.

    A network for colour becomes one for grey: it would be shown the picture three times, and the
    mean of what it gives be taken.
    """
    from napari_deconv.learned.swinir import SwinIR, weights_of

    state = weights_of(weights)
    shapes = {name: tuple(value.shape) for name, value in state.items()}
    groups = _swin_groups(shapes, "")
    first, last = shapes.get("conv_first.weight"), shapes.get("conv_last.weight")
    if not groups or first is None or last is None or first[1] != last[0]:
        return None
    if first[1] not in (1, COLOURS):
        return None
    grey = _grey(state, first[1])
    network = SwinIR(1, first[0], groups["depths"], groups["heads"], WINDOW, ratio=RATIO)
    if {n: v.shape for n, v in network.state_dict().items()} != {
        n: v.shape for n, v in grey.items()
    }:
        return None
    architecture = Architecture(
        network="swinir", inputs="blind", stages=1, width=first[0], **groups
    )
    return Understood({f"{OWN}{name}": value for name, value in grey.items()}, architecture)


def _grey(state: Weights, channels: int) -> Weights:
    """Return the authors' weights for one grey picture less its mean."""
    import torch

    grey = dict(state)
    means = torch.tensor(MEANS if channels == COLOURS else (0.0,))
    weight = state["conv_first.weight"]
    shift = ((LEVEL - means)[:, None, None] * weight).sum((1, 2, 3))
    grey["conv_first.weight"] = weight.sum(1, keepdim=True)
    grey["conv_first.bias"] = state["conv_first.bias"] + shift
    for name in ("conv_last.weight", "conv_last.bias"):
        grey[name] = state[name].mean(0, keepdim=True)
    return grey


def _levels(shapes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the blocks of a NAFNet's levels."""
    return {
        "encoder": _counted(shapes, f"{OWN}encoder."),
        "middle": _many(shapes, f"{OWN}middle."),
        "decoder": _counted(shapes, f"{OWN}decoder.")[::-1],
    }


def _swin_groups(shapes: Mapping[str, tuple[int, ...]], prefix: str) -> dict[str, Any]:
    """Return depths and heads of a SwinIR's groups; nothing if it has none."""
    depths = _counted(shapes, f"{prefix}layers.", "residual_group.blocks.")
    table = "residual_group.blocks.0.attn.relative_position_bias_table"
    names = [f"{prefix}layers.{k}.{table}" for k in range(len(depths))]
    if not depths or not all(name in shapes for name in names):
        return {}
    return {"depths": depths, "heads": tuple(shapes[name][1] for name in names)}


def _counted(shapes: Mapping[str, Any], prefix: str, inner: str = "") -> tuple[int, ...]:
    """Return how many parts each numbered part has."""
    return tuple(_many(shapes, f"{prefix}{k}.{inner}") for k in range(_many(shapes, prefix)))


def _many(shapes: Mapping[str, Any], prefix: str) -> int:
    """Return how many numbered parts there are."""
    found = {name[len(prefix) :].split(".")[0] for name in shapes if name.startswith(prefix)}
    return sum(part.isdigit() for part in found)
