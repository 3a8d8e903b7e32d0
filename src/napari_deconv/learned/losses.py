"""What training makes small."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

BORDER = 8
"""Pixels of a frame's border that are not judged: what blurs into them was never seen."""
SOFTNESS = 1e-3
"""Errors below this count by their square, larger ones by their size."""
FLOOR = 2e-6
"""Mean square error below which a picture is as good as perfect."""
EARLIER = 0.2
"""How much the estimates of earlier stages count."""


def charbonnier(estimates: Sequence[Tensor], truth: Tensor, noise: Tensor) -> Tensor:
    """Return the mean of ``sqrt(e^2 + s^2)``, pictures with little noise counting for more.

    Parameters
    ----------
    estimates : sequence of Tensor, shape (B, 1, H, W)
        After each stage.
    truth : Tensor
    noise : Tensor, shape (B, 1, 1, 1)

    References
    ----------
    P. Charbonnier et al., "Two deterministic half-quadratic regularization algorithms for
    computed imaging", ICIP 1994.
    """
    weight = _weight(noise)
    errors = [
        (weight * (error.square() + SOFTNESS**2).sqrt()).mean()
        for error in _errors(estimates, truth)
    ]
    return _weighted(errors)


def each(estimate: Tensor, truth: Tensor, noise: Tensor) -> Tensor:
    """Return what `charbonnier` finds of each picture, shape (B,)."""
    (error,) = _errors([estimate], truth)
    return (_weight(noise) * (error.square() + SOFTNESS**2).sqrt()).mean((1, 2, 3))


def _weight(noise: Tensor) -> Tensor:
    return (noise / 0.02).clamp(min=1e-4).pow(-0.4).clamp(0.4, 4)


def log_error(estimates: Sequence[Tensor], truth: Tensor, noise: Tensor) -> Tensor:
    """Return half the mean logarithm of each picture's mean square error: PSNR counts, for all."""
    errors = [
        (error.square().mean((1, 2, 3)) + FLOOR).log().mean() / 2
        for error in _errors(estimates, truth)
    ]
    return _weighted(errors)


def _errors(estimates: Sequence[Tensor], truth: Tensor) -> list[Tensor]:
    inner = (..., slice(BORDER, -BORDER), slice(BORDER, -BORDER))
    return [(x - truth)[inner] for x in estimates]


def _weighted(errors: Sequence[Tensor]) -> Tensor:
    *earlier, last = errors
    return last + EARLIER * torch.stack([last.detach() * 0, *earlier]).sum()
