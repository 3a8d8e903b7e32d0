"""Models on disk: weights as safetensors, with the card in the same file."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from napari_deconv.learned.card import Card
from napari_deconv.learned.foreign import Foreign

if TYPE_CHECKING:
    import torch

    from napari_deconv.learned.staged import Staged

SHIPPED = "default"
"""Name of the model that comes with the package."""
KEY = "napari-deconv"
"""Under which the card lies in a file's metadata."""
DIGITS = 12
"""Of a file's SHA-256, that name a model."""
PINNED = re.compile(rf"(?P<name>.+)@(?P<digest>[0-9a-f]{{{DIGITS}}})")
"""A model by name and hash, as recipes of results hold it."""


@dataclass(frozen=True)
class Model:
    """A trained model.

    Attributes
    ----------
    network : Staged
        In evaluation mode, on the device it was asked for.
    card : Card
    digest : str
        First digits of the SHA-256 of its file.
    """

    network: Staged
    card: Card
    digest: str

    def __str__(self) -> str:
        """Return its name and hash."""
        return f"{self.card.title}, version {self.card.version} ({self.digest})"


def bare(name: str) -> str:
    """Return a model's name or file without a hash."""
    found = PINNED.fullmatch(name)
    return found["name"] if found else name


def pinned(name: str) -> str:
    """Return a model's name or file with the hash of what it holds now, as ``name@hash``."""
    return f"{bare(name)}@{digest_of(name)}"


def location(name: str) -> Path:
    """Return the file of a model that ships, or of a user's own.

    Raises
    ------
    ValueError
        If there is none, or it holds another model than the name's hash says.
    """
    shipped = Path(str(files("napari_deconv.learned"))) / "weights"
    own = Path(bare(name)).expanduser()
    path = own if own.suffix else shipped / f"{own}.safetensors"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in shipped.glob("*.safetensors")))
        raise ValueError(
            f"There is no model {bare(name)!r}; give the path of a .safetensors file, or one of: "
            f"{known}."
        )
    found = PINNED.fullmatch(name)
    if found and _digest(path, path.stat().st_mtime_ns) != found["digest"]:
        raise ValueError(
            f"The model '{found['name']}' is no longer the one of this recipe "
            f"({found['digest']}): write '{found['name']}' alone to take the one that is there."
        )
    return path


def save(path: Path, network: Staged, card: Card, *, half: bool = True) -> None:
    """Write a model, its weights in half precision unless told otherwise.

    Parameters
    ----------
    path : Path
    network : Staged
    card : Card
    half : bool
        Whether 16 bits a weight are enough, as they are for inference.
    """
    state = network.state_dict()
    write(path, {n: value.half() if half else value for n, value in state.items()}, card)


def write(path: Path, weights: Mapping[str, torch.Tensor], card: Card) -> None:
    """Write weights by name, with their card."""
    from safetensors.torch import save_file

    apart = {name: value.detach().cpu().clone().contiguous() for name, value in weights.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".writing")
    save_file(apart, fresh, {KEY: json.dumps(card.plain())})
    os.replace(fresh, path)  # it is never seen half written


def retell(name: str, path: Path, **told: object) -> None:
    """Write a model anew, its weights as they are, and other words on its card."""
    from safetensors.torch import load_file

    write(path, load_file(location(name)), card_of(name).model_copy(update=told))


def load(name: str, device: torch.device | str = "cpu") -> Model:
    """Return a model by the name it ships under or by its file; nothing in the file is run.

    Raises
    ------
    ValueError
        In one sentence, if there is no such file or it holds no model of this package.
    """
    path = location(name)
    return _loaded(path, path.stat().st_mtime_ns, str(device))


def card_of(name: str) -> Card:
    """Return a model's card without its weights.

    Raises
    ------
    ValueError
        As `load`.
    """
    path = location(name)
    return _card(path, path.stat().st_mtime_ns)


def digest_of(name: str) -> str:
    """Return the first digits of the SHA-256 of a model's file."""
    path = location(name)
    return _digest(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _digest(path: Path, changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:DIGITS]


@lru_cache(maxsize=8)
def _card(path: Path, changed: int) -> Card:
    said = json.loads(_metadata(path))
    said["architecture"].setdefault("flat", ())  # files from before it was shown to models
    return Card(**said)


def _metadata(path: Path) -> str:
    """Return the card's text from the head of a safetensors file, without torch."""
    refused = ValueError(
        f"{path.name} is no model of napari-deconv: give a .safetensors file that training wrote; "
        "'napari-deconv model import' makes one of others' weights."
    )
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 < length < 10_000_000:
            raise refused
        try:
            head = json.loads(file.read(length))
            text: str = head["__metadata__"][KEY]
        except (ValueError, KeyError, TypeError):
            raise refused from None
    return text


@lru_cache(maxsize=4)
def _loaded(path: Path, changed: int, device: str) -> Model:
    from safetensors.torch import load_file

    card = _card(path, changed)
    weights = {name: value.float() for name, value in load_file(path).items()}
    if isinstance(card.architecture, Foreign):
        network = card.architecture.staged(weights)
    else:
        network = card.architecture.build()
        try:
            network.load_state_dict(weights)
        except RuntimeError:
            raise ValueError(f"The weights in {path.name} don't fit what its card says.") from None
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return Model(network.eval().to(device), card, digest_of(str(path)))
