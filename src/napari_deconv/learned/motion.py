"""Parts of a scene that move by themselves between the frames of a burst: smooth and random."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional


def displacements(
    rng: np.random.Generator, shape: tuple[int, int], size: float, length: float
) -> Tensor:
    """Return how far each pixel of a frame moves, down and to the right, shape (2, H, W).

    Random vectors on a grid, joined smoothly. In the mean nothing moves: registration would take
    that for the shift of the frame.

    Parameters
    ----------
    rng : Generator
    shape : tuple of int
    size : float
        Root of the mean square of a displacement along each axis, in pixels.
    length : float
        Pixels over which it changes.
    """
    sides = [math.ceil(n / length) + 3 for n in shape]
    coarse = torch.from_numpy(rng.normal(size=(2, *sides)).astype(np.float32))
    fine = [math.ceil(n * length) for n in sides]
    whole = functional.interpolate(coarse[None], fine, mode="bicubic", align_corners=True)[0]
    top, left = ((n - side) // 2 for n, side in zip(fine, shape, strict=True))
    field = whole[:, top : top + shape[0], left : left + shape[1]]
    field = field - field.mean((1, 2), keepdim=True)
    return field * (size / field.square().mean().sqrt().clamp(min=1e-6))


def warped(scene: Tensor, field: Tensor) -> Tensor:
    """Return ``scene(x - d(x))``, by cubic splines; what enters repeats the border.

    Parameters
    ----------
    scene : Tensor, shape (H, W)
    field : Tensor, shape (2, H, W)
        As of `displacements`.
    """
    from scipy.ndimage import map_coordinates

    places = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in scene.shape), indexing="ij")
    at = np.stack(places) - field.numpy()
    moved = map_coordinates(scene.numpy(), at, order=3, mode="nearest")
    return torch.from_numpy(moved)
