"""Networks of other packages, shown grey pictures around 0 where they were trained on 0 to 1."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

LEVEL = 0.5
"""Where the picture's mean is laid: pictures here are less their mean, with a grey range of 1."""
HALO = 64
"""Pixels around a tile that are shown with it. Nobody knows how far they look; those that look at
the whole picture see a tile with this around it."""
STRIDE = 8
"""Least multiple that tiles are a multiple of."""
TILE = 256
"""Multiples must divide this, or tiles can't begin where the networks want them to."""


class Guest(nn.Module):
    """A network that gives a whole picture, as one that gives a correction.

    Parameters
    ----------
    model : Module
    channels : int
        How often it is shown the grey picture; of what it gives the mean is taken.
    multiple : int
        What sides must be a multiple of.

    Raises
    ------
    ValueError
        If tiles can't be such multiples.
    """

    def __init__(self, model: nn.Module, channels: int, multiple: int = 1) -> None:
        super().__init__()
        self.stride = max(STRIDE, multiple)
        self.halo = HALO
        if TILE % self.stride or HALO % self.stride:
            raise ValueError(f"Pictures whose sides are multiples of {multiple} can't be tiled.")
        self.model, self.channels = model.eval(), channels

    def corrected(self, grey: Tensor, *more: Tensor) -> Tensor:
        """Return what is added to a grey picture, (B, 1, H, W)."""
        shown = grey + LEVEL
        whole: Tensor = self.model(shown.expand(-1, self.channels, -1, -1), *more)
        return whole.mean(1, keepdim=True) - shown


class Restorer(Guest):
    """A network that spandrel knows, shown the frame alone."""

    def __init__(self, descriptor: Any) -> None:
        super().__init__(
            descriptor.model, descriptor.input_channels, descriptor.size_requirements.multiple_of
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the correction, shape (B, 1, H, W), of frames of that shape."""
        return self.corrected(x)


class Denoiser(Guest):
    """A denoiser of deepinv, told the noise as one number."""

    def __init__(self, network: Any) -> None:
        super().__init__(network, network.channels)

    def forward(self, x: Tensor) -> Tensor:
        """Return the correction of frame and noise (twice the root of sigma), (B, 2, H, W)."""
        sigma = (x[:, 1:2].mean((1, 2, 3)) / 2).square()
        return self.corrected(x[:, :1], sigma.to(torch.float32))
