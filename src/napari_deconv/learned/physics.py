"""What physics says before a network is asked: Wiener estimates, noise, what data still hold.

Networks that are told PSF and noise in this way serve any of them.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from napari_deconv.core.operators import Blur, Gradient
from napari_deconv.learned.view import View

LEVELS = (3e-4, 3e-3, 3e-2)
"""Strengths of the Wiener estimates at a noise of 1 % of the grey range."""
BASE = 1
"""Which of them is the first estimate."""
USUAL, EXPONENT = 1e-2, 1.5
"""Strengths grow with the noise to this power, from 1 at the usual noise."""
LEAST = 3e-4
"""Least noise in these: without any, what is assumed around the frame is the largest error."""
DAMPING = 0.02
"""Added to the penalty of gradients, for the mean's sake."""
LOOSEST = 0.1
"""Least factor of the strength at which data are put back: unknown borders ring at weaker ones."""
COARSE = 12.0
"""Sigma in pixels of the Gaussian through which grey values are put right at the end."""


def strength(view: View) -> Tensor:
    """Return the factor of a filter's strength at the noise of each picture, (B, 1, 1, 1)."""
    return (view.noise.clamp(min=LEAST) / USUAL) ** EXPONENT


def channels(view: View) -> Tensor:
    """Return frame, Wiener estimates and noise of each pixel, shape (B, 5, *frame).

    The noise enters as ``2 sqrt(sigma)``, so that weak noise can be told from none.
    """
    blur = view.blur
    penalty = strength(view) * (Gradient(2).power(view.data) + DAMPING)
    spectrum = blur.forward(view.data) * blur.spectrum.conj()
    power = blur.power()
    estimates = [view.crop(blur.inverse(spectrum / (power + level * penalty))) for level in LEVELS]
    noise = (2 * view.sigma.sqrt()).expand_as(estimates[0])
    return torch.cat((view.crop(view.data), *estimates, noise), 1)


def of_frames(view: View) -> Tensor:
    """Return the middle Wiener estimate of each frame of a burst, shape (B, N, *frame).

    A frame is noisier than the mean of all N, whose noise the view tells, by the root of N.
    """
    frames = view.frames
    if frames is None:
        raise ValueError("There is a single picture, and this model looks at frames of a burst.")
    blur = view.blur
    single = replace(view, noise=view.noise * frames.shape[1] ** 0.5)
    penalty = LEVELS[BASE] * strength(single) * (Gradient(2).power(view.data) + DAMPING)
    spectrum = blur.forward(view.spread(frames)) * blur.spectrum.conj()
    return view.crop(blur.inverse(spectrum / (blur.power() + penalty)))


def back_projected(view: View, residual: Tensor, level: Tensor) -> Tensor:
    """Return what a residual on the canvas asks an estimate to change, at several strengths.

    Parameters
    ----------
    view : View
    residual : Tensor, shape (B, 1, *canvas)
    level : Tensor, shape (K,)
        Strengths at the usual noise.

    Returns
    -------
    Tensor, shape (B, K, *frame)
    """
    blur = view.blur
    penalty = strength(view) * (Gradient(2).power(view.data) + 0.3)
    spectrum = blur.forward(residual) * blur.spectrum.conj()
    changes = blur.inverse(spectrum / (blur.power() + level[:, None, None] * penalty))
    return view.crop(changes)


def settled(view: View, frame: Tensor) -> Tensor:
    """Return an estimate whose grey values, averaged over `COARSE` pixels, follow the data.

    The mean of what data and the estimate blurred again differ by is added, first nearby, then that
    of the whole picture: noise hardly reaches it, and no network's bias survives it.
    """
    smooth = _coarse(view)
    change = smooth(view.residual(frame)) / smooth(view.known).clamp(min=1e-3)
    frame = frame + view.crop(change)
    count = view.known.sum((-2, -1), keepdim=True).clamp(min=1)
    return frame + view.residual(frame).sum((-2, -1), keepdim=True) / count


def projected(view: View, frame: Tensor) -> Tensor:
    """Return an estimate with what the data say of it put back, as far as noise allows.

    ``x + F^-1[h* r / (|h|^2 + rho)]`` of the residual r, rho the strongest Wiener strength: what
    the PSF passes clearly comes from the measurement, the rest stays. Of one picture.
    """
    level = LEVELS[-1] * (LOOSEST / strength(view).flatten()[:1]).clamp(min=1)
    return frame + back_projected(view, view.residual(frame), level)


def _coarse(view: View) -> Blur:
    """Return the Gaussian blur of `COARSE` pixels on the canvas."""
    smooth = Blur(torch.ones(1, 1, device=view.data.device, dtype=view.data.dtype), view.blur.grid)
    squared = Gradient(2).power(view.data)
    smooth.spectrum = torch.exp(-squared * (COARSE**2 / 2)).to(smooth.spectrum.dtype)
    return smooth
