"""How strong the noise is at each pixel, seen from what no blurred scene can hold.

Noise is measured as one number, in the middle of what a picture holds. Where it follows the grey
value, the bright half of a mostly dark picture is far noisier than that, and a model that is told
too little keeps the noise.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from napari_deconv.learned import physics
from napari_deconv.learned.view import View

REACH = 8
"""Pixels on each side over which noise is averaged."""
LEAST, MOST, LEVEL = 0.3, 3.0, 1.6
"""Bounds of a pixel's noise, and of the picture's, in units of what was measured."""


def local_noise(view: View) -> Tensor:
    """Return the noise of each pixel, shape (1, 1, *frame), of a view that is told one number.

    Checkerboard differences of what Wiener's estimate, blurred again, leaves of the data: a PSF
    passes none of them, so that they are noise. Smeared noise holds too few of them; its level is
    never taken for less than what was measured.
    """
    estimate = physics.channels(view)[:, 1:2]
    left = view.crop(view.residual(estimate))
    board = left.new_tensor([[0.5, -0.5], [-0.5, 0.5]])[None, None]
    squared = functional.conv2d(functional.pad(left, (0, 1, 0, 1), "replicate"), board).square()
    level = squared.mean().sqrt().clamp(min=1e-12)
    told = view.noise.flatten()[0]
    near = functional.avg_pool2d(squared, 2 * REACH + 1, 1, REACH, count_include_pad=False).sqrt()
    shape = near * (torch.clamp(level, told, LEVEL * told) / level)
    return shape.clamp(LEAST * told, MOST * told)
