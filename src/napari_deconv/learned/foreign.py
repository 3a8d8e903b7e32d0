"""Networks of other packages at work here: spandrel's, which restore, and deepinv's, which denoise.

Their code comes with the extras of the same names; their weights are the user's. Nothing is
fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from napari_deconv.core.params import Declared

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.learned.staged import Staged

DENOISERS = ("DRUNet", "DnCNN")
"""Classes of `deepinv.models` that can be used."""
FIRST = {"DRUNet": "m_head.weight", "DnCNN": "in_conv.weight"}
"""The weights of each that see the picture."""
COLOURS = 3
"""Channels of a network for colour: it is shown the grey picture three times."""


class Foreign(Declared):
    """A network that another package knows: which package, and what it calls the network."""

    library: Literal["spandrel", "deepinv"] = Field(description="Package that knows it.")
    kind: str = Field(description="What the package calls it.")

    @property
    def inputs(self) -> Literal["blind", "noise"]:
        """What it is shown: deepinv's are told the noise and denoise, the others are not."""
        return "noise" if self.library == "deepinv" else "blind"

    def staged(self, weights: Mapping[str, Tensor]) -> Staged:
        """Return the model with its weights.

        Raises
        ------
        ValueError
            In one sentence, if the package is missing or the weights are none that it knows.
        """
        from napari_deconv.learned.guests import Denoiser, Restorer
        from napari_deconv.learned.staged import Blind, Denoising, Staged

        if self.library == "deepinv":
            denoiser = Denoiser(_of_deepinv(self.kind, weights))
            return Staged([Denoising(lambda _: denoiser)], settle=False)
        descriptor = of_spandrel(weights)
        if descriptor.architecture.id != self.kind:
            raise ValueError(f"These are no weights of {self.kind}.")
        restorer = Restorer(descriptor)
        return Staged([Blind(lambda _: restorer)])


def of_spandrel(weights: Mapping[str, Tensor]) -> Any:
    """Return what spandrel makes of weights: its model's descriptor.

    Raises
    ------
    ValueError
        In one sentence, if it is missing, or knows no such restorer of single pictures.
    """
    spandrel = _imported("spandrel")
    try:
        found = spandrel.ModelLoader().load_from_state_dict(dict(weights))
    except Exception as error:  # it raises what its architectures stumble over
        raise ValueError(f"spandrel knows no such network ({type(error).__name__}).") from None
    if getattr(found, "purpose", "") != "Restoration":
        raise ValueError(
            f"{found.architecture.name} is no network that restores a picture at its own size."
        )
    if (found.input_channels, found.output_channels) not in ((1, 1), (COLOURS, COLOURS)):
        raise ValueError(f"{found.architecture.name} is neither for grey nor for colour pictures.")
    return found


def _of_deepinv(kind: str, weights: Mapping[str, Tensor]) -> Any:
    """Return a denoiser of deepinv with its weights."""
    models = _imported("deepinv").models
    if kind not in DENOISERS:
        raise ValueError(f"Of deepinv's denoisers these can be used: {', '.join(DENOISERS)}.")
    first = weights.get(FIRST[kind])
    channels = COLOURS if first is not None and first.shape[1] >= COLOURS else 1
    network = getattr(models, kind)(in_channels=channels, out_channels=channels, pretrained=None)
    try:
        network.load_state_dict(dict(weights))
    except RuntimeError:
        raise ValueError(f"These are no weights of deepinv's {kind} as it is by itself.") from None
    network.channels = channels
    return network


def _imported(name: str) -> Any:
    try:
        return import_module(name)
    except (ImportError, RuntimeError) as error:  # torchvision beside another torch raises either
        raise ValueError(
            f"This model needs {name} ({str(error).splitlines()[0].rstrip('.')}): "
            f'pip install "napari-deconv[{name}]"'
        ) from None
