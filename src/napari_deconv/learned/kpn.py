"""A network that predicts kernels: each output pixel is a weighted sum of all frames around it.

Frames of a burst that don't lie on each other exactly, because parts of the scene moved, are
merged by weights that differ from pixel to pixel, as a mean can't.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_deconv.learned.nafnet import NAFNet


class KPN(nn.Module):
    """A U of gated blocks that gives a kernel for each pixel of each frame.

    ``y(p) = sum_n sum_k w_n(p, k) f_n(p + k)``, the frames f being its last input channels. What
    it gives is a correction of the frames' mean, and it begins with none: as the mean, in which
    all frames count, it needs no annealed loss of each frame to learn to use them all.

    Parameters
    ----------
    inputs : int
        Channels it is shown, the frames among them.
    frames : int
    side : int
        Side of a kernel in pixels, odd.
    width, encoder, middle, decoder
        As of `NAFNet`.

    References
    ----------
    B. Mildenhall, J. T. Barron, J. Chen, D. Sharlet, R. Ng, R. Carroll, "Burst denoising with
    kernel prediction networks", CVPR 2018, sec. 4 (there with another U as trunk).
    """

    def __init__(
        self,
        inputs: int,
        frames: int,
        side: int = 5,
        *,
        width: int = 16,
        encoder: Sequence[int] = (1, 1, 2),
        middle: int = 2,
        decoder: Sequence[int] = (1, 1, 1),
    ) -> None:
        super().__init__()
        self.frames, self.side = frames, side
        self.trunk = NAFNet(inputs, width, encoder, middle, decoder, outputs=frames * side**2)
        self.usual = nn.Parameter(torch.zeros(frames * side**2))
        self.stride = self.trunk.stride
        self.halo = self.trunk.halo + -(-(side // 2) // self.stride) * self.stride

    def ending(self) -> nn.Conv2d:
        """Return the layer that the kernels come from."""
        return self.trunk.ending()

    def kernels(self, x: Tensor) -> Tensor:
        """Return the weights, shape (B, frames, side^2, H, W), of channels (B, C, H, W)."""
        number = self.frames * self.side**2  # so many add up: a step of training would be as large
        weights: Tensor = (self.trunk(x) + self.usual[:, None, None]) / number**0.5
        return weights.reshape(len(x), self.frames, self.side**2, *x.shape[-2:])

    def forward(self, x: Tensor) -> Tensor:
        """Return the correction, shape (B, 1, H, W), of channels (B, C, H, W)."""
        weights, reach = self.kernels(x), self.side // 2
        height, width = x.shape[-2:]
        wide = functional.pad(x[:, -self.frames :], (reach,) * 4, mode="replicate")
        total = torch.zeros_like(x[:, :1])
        for place in range(self.side**2):  # one at a time: all at once would take 25 times as much
            top, left = divmod(place, self.side)
            seen = wide[..., top : top + height, left : left + width]
            total = total + (weights[:, :, place] * seen).sum(1, keepdim=True)
        return total
