"""What a method leaves of the noise in its data: how large a residual of the truth's would be."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_deconv.methods.choosing import NUDGE

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.problem import Problem
    from napari_deconv.methods.method import Method

MOST = 500
"""Iterations beyond which two more solves would cost too much."""


def kept_by_filter(method: Method, problem: Problem) -> tuple[float, float]:
    """Return mean square and lag-1 correlation of what a linear filter leaves of white noise.

    Of noise n the residual keeps ``(1 - h r) n``, with the filter's response r: its autocorrelation
    is the inverse transform of ``|1 - h r|^2``, exactly.
    """
    blur = problem.blur
    _, passed = method.filtered(problem)
    left = (1 - passed).abs().square()
    correlation = blur.inverse(left + 0j)
    power = float(correlation.flatten()[0])
    if power <= 0:  # all of the noise stays in the result
        return 0.0, 0.0
    lags = []
    for axis in range(len(blur.grid)):
        index = [0] * correlation.ndim
        index[axis - len(blur.grid)] = 1
        lags.append(float(correlation[tuple(index)]) / power)
    return power, sum(lags) / len(lags)


def leftover(method: Method, problem: Problem, sigma: Tensor, neighbours: float) -> Tensor | None:
    """Return what is left of a sample of noise, in units of its sigma, by two solves.

    ``e - (H u(g + t s e) - H u(g)) / (t s)`` with random signs e, smeared where the noise is, and
    a tenth t of the noise's sigma s: the residual that noise alone would leave, if the method were
    linear nearby. Its mean square is ``1 - 2 df / n + ...``, without knowing what the method does.

    Parameters
    ----------
    method : Method
    problem : Problem
    sigma : Tensor
        The noise's standard deviation at each pixel of the grid, in the problem's units; 0 where
        there is no measurement.
    neighbours : float
        Correlation of the noise of neighbouring pixels.

    Returns
    -------
    Tensor or None
        On the frame, 0 where `sigma` is; None where two more solves would be too much.

    References
    ----------
    S. Ramani, T. Blu, M. Unser, "Monte-Carlo SURE", IEEE Trans. Image Process. 17, 2008, eq. (13).
    """
    if method.on_host or method.total(problem) > MOST:
        return None
    probe = _smeared(_signs(problem), neighbours) * (sigma > 0)
    moved = replace(problem, data=problem.data + NUDGE * sigma * probe, start=None)
    ends = [deque(method.iterates(one), maxlen=1)[0] for one in (problem, moved)]
    followed = problem.blur(ends[1] - ends[0]) / (NUDGE * sigma.clamp(min=_LEAST))
    return problem.crop(probe - followed * (sigma > 0))


_LEAST = 1e-12
"""Floor of a sigma that is divided by."""


def _signs(problem: Problem) -> Tensor:
    """Return -1 or 1 on every pixel of the frame, 0 elsewhere; always the same."""
    import torch

    probe = torch.zeros_like(problem.data)
    frame = problem.crop(probe)
    chance = torch.Generator().manual_seed(0)
    frame.copy_(torch.randint(0, 2, frame.shape, generator=chance).mul_(2).sub_(1).to(frame))
    return probe


def _smeared(probe: Tensor, r: float) -> Tensor:
    """Return noise of the same variance whose neighbours correlate by r, along both last axes."""
    import torch

    if r == 0:
        return probe
    for axis in (-1, -2):
        lines = list(probe.unbind(axis))
        for i in range(1, len(lines)):
            lines[i] = r * lines[i - 1] + (1 - r * r) ** 0.5 * lines[i]
        probe = torch.stack(lines, axis)
    return probe
