"""Networks one after another, each shown what physics makes of the estimate so far."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from napari_deconv.learned import physics
from napari_deconv.learned.flattening import flattened
from napari_deconv.learned.view import View

STARTS = (3e-4, 5e-3, 8e-2)
"""Strengths of back-projection at the beginning; they are learned."""
CHANNELS = 5
"""What `physics.channels` gives; an estimate of each of a burst's frames comes behind them."""
NOISE = 4
"""Which of them is the noise; total variation, where a model is shown it, comes last."""
SMALL = 0.02
"""Spread of the weights by which a second network first looks at what is new to it."""


class Network(Protocol):
    """A network that maps channels to a correction and to shares, tile by tile."""

    stride: int
    halo: int

    def __call__(self, x: Tensor) -> Tensor:
        """Return (B, 1 + K, H, W) of (B, C, H, W)."""


Make = Callable[[int, int], nn.Module]
"""Makes a network of so many channels in and out."""


class Stage(nn.Module, ABC):
    """One look at the data and one network.

    Attributes
    ----------
    network : Module
        A `Network`.
    apart : bool
        Whether it looks at a Wiener estimate of each frame of a burst.
    """

    network: nn.Module
    apart: bool = False

    @abstractmethod
    def look(self, view: View, channels: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the network is shown, and what its output is added to.

        Parameters
        ----------
        view : View
        channels : Tensor, shape (B, 5 + N + K, *frame)
            What `Staged.channels` says.
        x : Tensor, shape (B, 1, *frame)
            Estimate so far.

        Returns
        -------
        shown : Tensor, shape (B, C, *frame)
        bases : Tensor, shape (B, 1 or 1 + K, *frame)
            An estimate, and others that it may be drawn towards.
        """

    @staticmethod
    def added(bases: Tensor, output: Tensor) -> Tensor:
        """Return the first base, corrected, and drawn towards the others by shares of each pixel.

        ``x = b_0 + o_0 + sum_k o_k (b_k - b_0)``, of a tile or the whole.
        """
        first = bases[:, :1]
        x = first + output[:, :1]
        if bases.shape[1] > 1:
            x = x + (output[:, 1:] * (bases[:, 1:] - first)).sum(1, keepdim=True)
        return x


class Blind(Stage):
    """A network that is shown nothing but the frame, as in the study: for one PSF and one noise.

    Parameters
    ----------
    make : callable
    frames : int
        Frames of a burst that it is shown; 0 of a single picture.
    """

    def __init__(self, make: Make, frames: int = 0) -> None:
        super().__init__()
        self.burst = frames > 0
        self.network = make(frames or 1, 1)

    def look(self, view: View, channels: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the frame, or those of a burst, and the frame, or their mean."""
        mean = channels[:, :1]
        return view.frames if self.burst and view.frames is not None else mean, mean


class Denoising(Stage):
    """A network that is shown the frame and its noise: a denoiser, whatever the blur."""

    def __init__(self, make: Make) -> None:
        super().__init__()
        self.network = make(2, 1)

    def look(self, view: View, channels: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return frame and noise, and the frame."""
        return channels[:, (0, NOISE)], channels[:, :1]


class First(Stage):
    """A network that is shown the frame, its Wiener estimates and its noise.

    Parameters
    ----------
    make : callable
    frames : int
        Frames of a burst that it is shown as well, a Wiener estimate of each.
    """

    def __init__(self, make: Make, frames: int = 0) -> None:
        super().__init__()
        self.apart = frames > 0
        self.shown = CHANNELS + frames
        self.network = make(self.shown, 1)

    def look(self, view: View, channels: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return all channels, and the middle Wiener estimate."""
        base = 1 + physics.BASE
        return channels[:, : self.shown], channels[:, base : base + 1]


class Again(Stage):
    """A network that is also shown what the data still ask the estimate to change.

    Where a model is shown total variation, this network says of each pixel how far the estimate is
    drawn towards it: plain fields and sharp edges are drawn by no network as exactly.

    Parameters
    ----------
    make : callable
    flat : int
        How many estimates of total variation there are.
    """

    def __init__(self, make: Make, flat: int = 0) -> None:
        super().__init__()
        self.flat = flat
        self.network = make(CHANNELS + 1 + len(STARTS) + flat, 1 + flat)
        self.level = nn.Parameter(torch.tensor(STARTS).log())

    def look(self, view: View, channels: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return channels, the estimate, five times what is asked; the estimate and the others."""
        asked = physics.back_projected(view, view.residual(x), self.level.exp())
        seen, flat = channels[:, :CHANNELS], channels[:, channels.shape[1] - self.flat :]
        return torch.cat((seen, x, 5 * asked, flat), 1), torch.cat((x, flat), 1)

    def begin_as(self, other: Stage) -> None:
        """Take another stage's network over, so that at first nothing is changed.

        Of one of another kind nothing is taken over.
        """
        ending: nn.Conv2d = self.network.ending()  # type: ignore[operator]
        zeros = set(ending.parameters())
        for parameter in zeros:
            nn.init.zeros_(parameter)
        mine = {n: p for n, p in self.network.named_parameters() if p not in zeros}
        theirs = dict(other.network.named_parameters())
        for name, weights in mine.items() if mine.keys() <= theirs.keys() else ():
            if weights.shape == theirs[name].shape:
                weights.copy_(theirs[name])
            else:  # the layer that sees the channels
                weights.normal_(0, SMALL)
                weights[:, :CHANNELS] = theirs[name][:, :CHANNELS]


class Staged(nn.Module):
    """Stages in a row, and grey values put right at the end.

    Parameters
    ----------
    stages : list of Stage
    settle : bool
        Whether grey values are put right at the end.
    flat : sequence of float
        Strengths of total variation that is shown, in multiples of the noise.
    """

    def __init__(
        self, stages: list[Stage], settle: bool = True, flat: Sequence[float] = ()
    ) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.apart = any(stage.apart for stage in stages)
        self.settle, self.flat = settle, tuple(flat)

    def channels(self, view: View, depth: int | None = None) -> Tensor:
        """Return what physics says, shape (B, 5 + N + K, *frame), for the first `depth` stages."""
        said = physics.channels(view)
        if self.apart:
            said = torch.cat((said, physics.of_frames(view)), 1)
        if not self.flat or depth == 1:
            return said
        flat = None if view.shown is None else view.shown.get(self.flat)
        if flat is None:
            flat = flattened(view, self.flat)
            if view.shown is not None:
                view.shown[self.flat] = flat
        return torch.cat((said, flat), 1)

    def forward(self, view: View, depth: int | None = None) -> list[Tensor]:
        """Return the estimate after each of the first `depth` stages, the last settled.

        Estimates are frames (B, 1, H, W), less the mean as the data are.
        """
        channels = self.channels(view, depth)
        x = channels[:, :1]
        estimates = []
        for stage in list(self.stages)[:depth]:
            assert isinstance(stage, Stage)
            shown, bases = stage.look(view, channels, x)
            x = stage.added(bases, stage.network(shown))
            estimates.append(x)
        if self.settle:
            estimates[-1] = physics.settled(view, x)
        return estimates
