"""Half-quadratic splitting unrolled: steps in Fourier space around one learned prior."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from napari_deconv.learned import physics
from napari_deconv.learned.staged import CHANNELS, NOISE, Make, Stage
from napari_deconv.learned.view import View

LOOSE, TIGHT = 0.3, 0.003
"""How strongly the first and the last data step hold to the estimate, at the usual noise."""
PRIOR_CHANNELS = 3
"""The estimate, the noise, how far the steps have come."""


class Unrolled(Stage):
    """One data step, then the prior that all steps share.

    The data step of step k solves ``min |h z - g|^2 + a_k |z - x|^2`` in Fourier space, with
    a_k learned, falling from step to step and following the noise.

    Parameters
    ----------
    prior : Module
        The network that every step shares.
    index, number : int
        Which step it is, of how many.
    frames : int
        Frames of a burst that the prior is shown as well, a Wiener estimate of each.

    References
    ----------
    K. Zhang, L. Van Gool, R. Timofte, "Deep unfolding network for image super-resolution", CVPR
    2020, eqs. (6) and (7).
    """

    def __init__(self, prior: nn.Module, index: int, number: int, frames: int = 0) -> None:
        super().__init__()
        self.apart = frames > 0
        self.network = prior
        share = index / max(number - 1, 1)
        self.index, self.progress = index, share
        self.level = nn.Parameter(torch.tensor(LOOSE * (TIGHT / LOOSE) ** share).log())

    def look(self, view: View, channels: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the prior is shown of the estimate after a data step, and that estimate."""
        if self.index == 0:
            base = 1 + physics.BASE
            x = channels[:, base : base + 1]
        hold = self.level.exp() * physics.strength(view)
        blur = view.blur
        spectrum = blur.forward(view.residual(x)) * blur.spectrum.conj()
        z = x + view.crop(blur.inverse(spectrum / (blur.power() + hold)))
        progress = torch.full_like(z, self.progress) * channels[:, NOISE : NOISE + 1]
        noise, frames = channels[:, NOISE : NOISE + 1].expand_as(z), channels[:, CHANNELS:]
        return torch.cat((z, noise, progress, frames), 1), z


def steps(make: Make, number: int, frames: int = 0) -> list[Stage]:
    """Return so many steps that share one prior, which is shown frames of a burst, if any."""
    prior = make(PRIOR_CHANNELS + frames, 1)
    return [Unrolled(prior, k, number, frames) for k in range(number)]
