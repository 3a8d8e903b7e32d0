"""Networks one after another, each shown what physics makes of the estimate so far."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor, nn

from napari_deconv.learned import physics
from napari_deconv.learned.view import View

STARTS = (3e-4, 5e-3, 8e-2)
"""Strengths of back-projection at the beginning; they are learned."""
CHANNELS = 5
"""What `physics.channels` gives."""
SMALL = 0.02
"""Spread of the weights by which a second network first looks at what is new to it."""


class Network(Protocol):
    """A network that maps channels to a correction, tile by tile."""

    stride: int
    halo: int

    def __call__(self, x: Tensor) -> Tensor:
        """Return (B, 1, H, W) of (B, C, H, W)."""


class Stage(nn.Module):
    """One look at the data and one network.

    Attributes
    ----------
    network : Module
        A `Network`.
    """

    network: nn.Module

    def look(self, view: View, channels: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the network is shown, and the estimate that its output is added to.

        Parameters
        ----------
        view : View
        channels : Tensor, shape (B, 5, *frame)
            What `physics.channels` says.
        x : Tensor, shape (B, 1, *frame)
            Estimate so far.
        """
        raise NotImplementedError


class Blind(Stage):
    """A network that is shown nothing but the frame, as in the study: for one PSF and one noise."""

    def __init__(self, make: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.network = make(1)

    def look(self, view: View, channels: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the frame, twice."""
        return channels[:, :1], channels[:, :1]


class Denoising(Stage):
    """A network that is shown the frame and its noise: a denoiser, whatever the blur."""

    def __init__(self, make: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.network = make(2)

    def look(self, view: View, channels: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return frame and noise, and the frame."""
        return torch.cat((channels[:, :1], channels[:, -1:]), 1), channels[:, :1]


class First(Stage):
    """A network that is shown the frame, its Wiener estimates and its noise."""

    def __init__(self, make: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.network = make(CHANNELS)

    def look(self, view: View, channels: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return all channels, and the middle Wiener estimate."""
        base = 1 + physics.BASE
        return channels, channels[:, base : base + 1]


class Again(Stage):
    """A network that is also shown what the data still ask the estimate to change."""

    def __init__(self, make: Callable[[int], nn.Module]) -> None:
        super().__init__()
        self.network = make(CHANNELS + 1 + len(STARTS))
        self.level = nn.Parameter(torch.tensor(STARTS).log())

    def look(self, view: View, channels: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return channels, the estimate, five times what is asked; and the estimate."""
        asked = physics.back_projected(view, view.residual(x), self.level.exp())
        return torch.cat((channels, x, 5 * asked), 1), x

    def begin_as(self, other: Stage) -> None:
        """Take another stage's network over, so that at first nothing is changed."""
        mine = self.network.state_dict()
        for name, weights in copy.deepcopy(other.network.state_dict()).items():
            if weights.shape == mine[name].shape:
                mine[name].copy_(weights)
            else:  # the layer that sees the channels
                mine[name].normal_(0, SMALL)
                mine[name][:, : weights.shape[1]] = weights
        ending: nn.Conv2d = self.network.ending()  # type: ignore[operator]
        for parameter in ending.parameters():
            nn.init.zeros_(parameter)


class Staged(nn.Module):
    """Stages in a row, and grey values put right at the end.

    Parameters
    ----------
    stages : list of Stage
    settle : bool
        Whether grey values are put right at the end.
    """

    def __init__(self, stages: list[Stage], settle: bool = True) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.settle = settle

    def forward(self, view: View, depth: int | None = None) -> list[Tensor]:
        """Return the estimate after each of the first `depth` stages, the last settled.

        Estimates are frames (B, 1, H, W), less the mean as the data are.
        """
        channels = physics.channels(view)
        x = channels[:, :1]
        estimates = []
        for stage in list(self.stages)[:depth]:
            assert isinstance(stage, Stage)
            shown, base = stage.look(view, channels, x)
            x = base + stage.network(shown)
            estimates.append(x)
        if self.settle:
            estimates[-1] = physics.settled(view, x)
        return estimates
