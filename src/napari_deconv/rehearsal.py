"""A method tried on little: what memory it takes for each pixel, and what time."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from napari_deconv.core.scale import Measurement

if TYPE_CHECKING:
    import torch

    from napari_deconv.core.problem import Problem

REHEARSED = {2: 256, 3: 64}
"""Side of the grid of a rehearsal: what a pixel takes does not hang on it."""
SEARCH = 4
"""Solves of the part that tells most which a search for a strength costs."""


class Need(NamedTuple):
    """What a method takes while it iterates: bytes for each pixel of the grid, and beside them.

    `loops` says whether it goes over the grid again and again.
    """

    per_pixel: float
    fixed: float = 0.0
    loops: bool = False

    def of(self, grid: Sequence[int]) -> int:
        """Return the bytes that a grid takes."""
        return int(self.per_pixel * math.prod(grid) + self.fixed)


@lru_cache(maxsize=64)
def need(method: Any, fidelity: Any, axes: int, weighted: bool) -> Need:
    """Return what a method takes, by a rehearsal on the meta device."""
    problem = _mock(fidelity, axes, weighted)
    loops = "iterations" in method.parameters() and not method.is_filter(problem)
    per_pixel, fixed = method.need(problem)
    return Need(per_pixel, fixed, loops)


def _mock(fidelity: Any, axes: int, weighted: bool) -> Problem:
    """Return a problem without numbers."""
    import torch

    from napari_deconv.core.operators import Blur
    from napari_deconv.core.problem import Problem

    grid = (REHEARSED[axes],) * axes
    nothing = torch.device("meta")
    known = fidelity.resolved(Measurement(scale=1, noise=0.01, mean=0.5, gain=1e-4))
    graded = known.weigh(torch.empty(grid, device=nothing), 0.5, axes)
    return Problem(
        data=torch.empty(grid, device=nothing),
        weights=graded if not weighted else torch.empty(grid, device=nothing),
        blur=Blur(torch.empty((9,) * axes, device=nothing), grid),
        fidelity=known.in_units(1.0, 0.01),
        window=tuple(slice(4, side - 4) for side in grid),
        noise=0.01,
        mean=0.5,
        masked=weighted,
    )


def slower(grid: Sequence[int], device: torch.device) -> float:
    """Return how many times longer a pixel of a grid takes than of a small one.

    What a processor's cache does not hold comes from memory (total variation, 512 to 4096 px).
    """
    if device.type != "cpu":
        return 1.0
    return 1 + 0.25 * max(0.0, math.log2(math.prod(grid)) / 2 - 10)


def timed(problem: Problem, method: Any, most: float = 2.0) -> float:
    """Return the seconds that an iteration of a method takes for each pixel of a grid.

    Two iterations or more, after the first, until they have taken a tenth of `most` seconds.
    """
    began, spent, count = time.perf_counter(), 0.0, 0
    for index, _ in enumerate(method.iterates(problem)):
        _wait(problem)
        now = time.perf_counter()
        if index > 0 or method.total(problem) == 1:
            spent, count = spent + now - began, count + 1
        began = now
        if count >= 2 and spent > most / 10:
            break
    return spent / max(count, 1) / math.prod(problem.blur.grid)


def _wait(problem: Problem) -> None:
    if problem.data.device.type == "cuda":
        import torch

        torch.cuda.synchronize(problem.data.device)
