"""SwinIR with the parameter names of its authors, so that published and others' weights load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

BUFFERS = ("attn_mask", "relative_position_index")
"""What the authors' files hold beside weights: it follows from the architecture."""
SIDE = 64
"""Pixels of the pictures that the authors write such a mask for."""
OUT = -100.0
"""Added to the logit of a pair of pixels that only the cyclic shift made neighbours."""


class _Attention(nn.Module):
    """Attention among the pixels of a window, with a bias for each relative place."""

    def __init__(self, channels: int, window: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)
        at = torch.stack(torch.meshgrid(*[torch.arange(window)] * 2, indexing="ij")).flatten(1)
        apart = at[:, :, None] - at[:, None, :] + window - 1
        self.register_buffer("places", apart[0] * (2 * window - 1) + apart[1], persistent=False)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return windows (N, pixels, C); the mask is (windows of a picture, pixels, pixels)."""
        number, pixels, channels = x.shape
        q, k, v = (
            self.qkv(x)
            .reshape(number, pixels, 3, self.heads, channels // self.heads)
            .permute(2, 0, 3, 1, 4)
        )
        logits = (q * (channels // self.heads) ** -0.5) @ k.transpose(-2, -1)
        places = self.get_buffer("places").flatten()
        bias = self.relative_position_bias_table[places].reshape(pixels, pixels, self.heads)
        logits = logits + bias.permute(2, 0, 1)
        if mask is not None:
            windows = mask.shape[0]
            logits = logits.reshape(-1, windows, self.heads, pixels, pixels) + mask[:, None]
            logits = logits.reshape(number, self.heads, pixels, pixels)
        mixed: Tensor = self.proj(
            (logits.softmax(-1) @ v).transpose(1, 2).reshape(number, pixels, channels)
        )
        return mixed


class _Mlp(nn.Module):
    def __init__(self, channels: int, ratio: float) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, int(channels * ratio))
        self.fc2 = nn.Linear(int(channels * ratio), channels)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.fc2(functional.gelu(self.fc1(x)))
        return y


class _Block(nn.Module):
    """Attention within windows, shifted by half a window in every other block, and an MLP."""

    def __init__(self, channels: int, heads: int, window: int, shift: int, ratio: float) -> None:
        super().__init__()
        self.window, self.shift = window, shift
        self.norm1, self.norm2 = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.attn = _Attention(channels, window, heads)
        self.mlp = _Mlp(channels, ratio)

    def forward(self, x: Tensor) -> Tensor:
        """Return the features (B, H, W, C)."""
        y = self.norm1(x)
        mask = None
        if self.shift:
            y = y.roll((-self.shift, -self.shift), (1, 2))
            mask = self.mask(y)
        shape = y.shape
        y = self.attn(_windows(y, self.window), mask)
        y = _joined(y, self.window, shape)
        if self.shift:
            y = y.roll((self.shift, self.shift), (1, 2))
        x = x + y
        z: Tensor = x + self.mlp(self.norm2(x))
        return z

    def mask(self, x: Tensor) -> Tensor:
        """Return what keeps pixels from opposite borders apart."""
        ids = []
        for n in x.shape[1:3]:
            at = torch.arange(n, device=x.device)
            ids.append((at >= n - self.window).int() + (at >= n - self.shift).int())
        region = (3 * ids[0][:, None] + ids[1][None, :]).to(x.dtype)[None, :, :, None]
        own = _windows(region, self.window)[..., 0]
        return (own[:, :, None] != own[:, None, :]).to(x.dtype) * OUT


def _windows(x: Tensor, window: int) -> Tensor:
    """Return (B * windows, pixels, C) of (B, H, W, C)."""
    number, height, width, channels = x.shape
    x = x.reshape(number, height // window, window, width // window, window, channels)
    return x.transpose(2, 3).reshape(-1, window**2, channels)


def _joined(x: Tensor, window: int, shape: torch.Size) -> Tensor:
    number, height, width, channels = shape
    x = x.reshape(number, height // window, width // window, window, window, channels)
    return x.transpose(2, 3).reshape(shape)


class _Group(nn.Module):
    """Blocks, a convolution, and the features they began with added."""

    def __init__(self, channels: int, depth: int, heads: int, window: int, ratio: float) -> None:
        super().__init__()
        self.residual_group = nn.Module()
        self.residual_group.blocks = nn.ModuleList(
            _Block(channels, heads, window, window // 2 * (k % 2), ratio) for k in range(depth)
        )
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for block in self.residual_group.get_submodule("blocks").children():
            y = block(y)
        z: Tensor = x + self.conv(y.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return z


class SwinIR(nn.Module):
    """Windowed attention in residual groups: the study's network.

    It returns the correction; the authors' output is that added to the input, as `Blind` does.

    Parameters
    ----------
    inputs : int
        Channels it is shown.
    width : int
        Features, a multiple of every number of heads.
    depths, heads : sequence of int
        Blocks, and attention heads, of each group.
    window : int
        Side of a window in pixels.
    ratio : float
        How much wider the MLPs are inside.
    outputs : int
        Channels it gives.

    References
    ----------
    J. Liang et al., "SwinIR: image restoration using Swin transformer", ICCV Workshops 2021.
    """

    def __init__(
        self,
        inputs: int,
        width: int = 60,
        depths: Sequence[int] = (6, 6, 6, 6),
        heads: Sequence[int] = (6, 6, 6, 6),
        window: int = 8,
        *,
        ratio: float = 2.0,
        outputs: int = 1,
    ) -> None:
        super().__init__()
        self.stride = window
        self.halo = window * (sum(depths) + 1)
        self.conv_first = nn.Conv2d(inputs, width, 3, padding=1)
        self.patch_embed = nn.Module()
        self.patch_embed.norm = nn.LayerNorm(width)
        self.layers = nn.ModuleList(
            _Group(width, depth, head, window, ratio)
            for depth, head in zip(depths, heads, strict=True)
        )
        self.norm = nn.LayerNorm(width)
        self.conv_after_body = nn.Conv2d(width, width, 3, padding=1)
        self.conv_last = nn.Conv2d(width, outputs, 3, padding=1)

    def ending(self) -> nn.Conv2d:
        """Return the layer that the correction comes from."""
        return self.conv_last

    def forward(self, x: Tensor) -> Tensor:
        """Return the correction, shape (B, outputs, H, W), of channels (B, C, H, W)."""
        first = self.conv_first(x)
        y = self.patch_embed.get_submodule("norm")(first.permute(0, 2, 3, 1))
        for layer in self.layers:
            y = layer(y)
        y = self.conv_after_body(self.norm(y).permute(0, 3, 1, 2)) + first
        correction: Tensor = self.conv_last(y)
        return correction


def weights_of(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights among what the authors' files hold."""
    return {name: w for name, w in state.items() if name.rsplit(".", 1)[-1] not in BUFFERS}


def authors_state(network: SwinIR) -> dict[str, Tensor]:
    """Return a state as the authors' code writes it, with what follows from the architecture."""
    state = dict(network.state_dict())
    for name, module in network.named_modules():
        if isinstance(module, _Attention):
            state[f"{name}.relative_position_index"] = module.get_buffer("places").clone()
        elif isinstance(module, _Block) and module.shift:
            state[f"{name}.attn_mask"] = module.mask(torch.zeros(1, SIDE, SIDE, 1))
    return state
