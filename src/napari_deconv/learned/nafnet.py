"""A convolutional network of gates instead of activations, without global pooling.

Without pooling over the picture an output pixel depends only on its neighbourhood, so that tiles
with enough overlap equal the whole. Without biases a picture of zeros stays zero.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-6
"""Added to the variance that a pixel's channels are divided by."""


class Block(nn.Module):
    """Two gated residual steps: one over neighbouring pixels, one over channels.

    Channels lie last inside, where the norm and the products over channels are quick.

    Parameters
    ----------
    channels : int
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1 = nn.Parameter(torch.ones(channels))
        self.norm2 = nn.Parameter(torch.ones(channels))
        self.widen1 = nn.Linear(channels, 2 * channels, bias=False)
        self.spread = nn.Conv2d(
            2 * channels, 2 * channels, 3, padding=1, groups=2 * channels, bias=False
        )
        self.mix1 = nn.Linear(channels, channels, bias=False)
        self.widen2 = nn.Linear(channels, 2 * channels, bias=False)
        self.mix2 = nn.Linear(channels, channels, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return the features after both steps, shape of `x`: (B, C, H, W)."""
        x = x.permute(0, 2, 3, 1)
        size = x.shape[-1:]
        wide = self.widen1(functional.layer_norm(x, size, self.norm1, None, EPSILON))
        wide = self.spread(wide.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        one, other = wide.chunk(2, -1)
        x = x + self.mix1(one * other)
        wide = self.widen2(functional.layer_norm(x, size, self.norm2, None, EPSILON))
        one, other = wide.chunk(2, -1)
        x = x + self.mix2(one * other)
        return x.permute(0, 3, 1, 2)


class NAFNet(nn.Module):
    """A U of gated blocks: from channels of one picture to a correction of it.

    Parameters
    ----------
    inputs : int
        Channels it is shown.
    width : int
        Features at full resolution; each level below has twice as many at half the resolution.
    encoder, decoder : sequence of int
        Blocks of each level on the way down, and on the way up.
    middle : int
        Blocks at the bottom.
    outputs : int
        Channels it gives.

    References
    ----------
    L. Chen, X. Chu, X. Zhang, J. Sun, "Simple baselines for image restoration", ECCV 2022, fig. 3
    (there with channel attention pooled over the picture, which is left out here).
    """

    def __init__(
        self,
        inputs: int,
        width: int = 16,
        encoder: Sequence[int] = (1, 1, 2),
        middle: int = 2,
        decoder: Sequence[int] = (1, 1, 1),
        *,
        outputs: int = 1,
    ) -> None:
        super().__init__()
        self.stride = 2 ** len(encoder)
        self.halo = _reach(encoder, middle, decoder)
        self.first = nn.Conv2d(inputs, width, 3, padding=1, bias=False)
        self.last = nn.Conv2d(width, outputs, 3, padding=1, bias=False)
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        self.encoder, self.decoder = nn.ModuleList(), nn.ModuleList()
        for level, blocks in enumerate(encoder):
            channels = width * 2**level
            self.encoder.append(_blocks(channels, blocks))
            self.down.append(nn.Conv2d(channels, 2 * channels, 2, stride=2, bias=False))
        self.middle = _blocks(width * self.stride, middle)
        for level, blocks in reversed(list(enumerate(decoder))):
            channels = width * 2**level
            self.up.append(nn.Conv2d(2 * channels, 4 * channels, 1, bias=False))
            self.decoder.append(_blocks(channels, blocks))
        nn.init.zeros_(self.last.weight)  # it begins with no correction

    def ending(self) -> nn.Conv2d:
        """Return the layer that the correction comes from."""
        return self.last

    def forward(self, x: Tensor) -> Tensor:
        """Return the correction, shape (B, outputs, H, W), of channels (B, C, H, W).

        Sides must be multiples of `stride`.
        """
        x = self.first(x.contiguous(memory_format=torch.channels_last))
        kept = []
        for blocks, down in zip(self.encoder, self.down, strict=True):
            x = blocks(x)
            kept.append(x)
            x = down(x)
        x = self.middle(x)
        for up, blocks in zip(self.up, self.decoder, strict=True):
            x = blocks(functional.pixel_shuffle(up(x), 2) + kept.pop())
        y: Tensor = self.last(x)
        return y


def _blocks(channels: int, number: int) -> nn.Sequential:
    return nn.Sequential(*(Block(channels) for _ in range(number)))


def _reach(encoder: Sequence[int], middle: int, decoder: Sequence[int]) -> int:
    """Return how far an output pixel looks, rounded up to the stride."""
    stride = 2 ** len(encoder)
    levels = [n << level for part in (encoder, decoder) for level, n in enumerate(part)]
    reach = 2 + sum(levels) + middle * stride + stride - 1
    whole: int = -(-reach // stride) * stride
    return whole
