"""One picture on its way: a method walks it as a whole, or tile by tile into one canvas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_deconv.core import memory
from napari_deconv.core.tiling import Canvas

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.problem import Problem
    from napari_deconv.core.tiling import Tile
    from napari_deconv.plan import Plan

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Pace:
    """An estimate on its way.

    Attributes
    ----------
    index, total : int
        This is estimate `index` (from 1) of `total` of this picture, counted over its tiles.
    estimate : Tensor
        On the grid.
    seen : Tensor
        View of what counts of it: of the part that is restored, or of a tile.
    problem : Problem
        That it solves.
    into : callable or None
        Puts a tile, on the input's grey scale, into the picture; None where it is the picture.
    """

    index: int
    total: int
    estimate: Tensor
    seen: Tensor
    problem: Problem
    into: Callable[[Floats], Floats] | None


@dataclass(frozen=True)
class Walk:
    """A picture and the tiles that it is walked in.

    Attributes
    ----------
    recipe : Plan
        With every strength a number.
    tiles : sequence of Tile
        A single one is the whole of what is restored.
    pose : callable
        Returns the problem of a tile, by its number.
    data : callable
        Returns the data of what is restored, on the input's grey scale.
    """

    recipe: Plan
    tiles: Sequence[Tile]
    pose: Callable[[int], Problem]
    data: Callable[[], Floats]

    def each(self, first: Problem) -> int:
        """Return how many estimates a tile counts for, by the problem of the first."""
        return self.recipe.method.total(first)

    def paces(self, first: Problem, to_grey: Callable[[Tensor], Tensor]) -> Iterator[Pace]:
        """Yield the estimates; what was yielded of one tile is not written by the next."""
        method, each = self.recipe.method, self.each(first)
        if len(self.tiles) == 1:
            (tile,) = self.tiles
            for index, x in enumerate(method.iterates(first), start=1):
                yield Pace(index, each, x, _seen(first, tile, x), first, None)
            return
        canvas = Canvas(self.data(), [part.start for part in self._target])
        total = each * len(self.tiles)
        for number, tile in enumerate(self.tiles):
            if number > 0:
                memory.give_back()  # what the last tile left, in pieces that the next can't use
            problem = first if number == 0 else self.pose(number)
            own = method.total(problem)
            for index, x in enumerate(method.iterates(problem), start=1):
                place = number * each + (each * index // own if index < own else each)
                seen = _seen(problem, tile, x)
                if index < own:
                    into = partial(canvas.shown, tile)
                else:  # the last picture is the canvas itself, which is not written again
                    canvas.put(tile, to_grey(seen).cpu().numpy())
                    into = partial(_finished, canvas, place == total)
                yield Pace(max(place, 1), total, x, seen, problem, into)

    @property
    def _target(self) -> tuple[slice, ...]:
        """What is restored: from the first tile's corner to the last one's."""
        first, last = self.tiles[0].core, self.tiles[-1].core
        return tuple(slice(a.start, b.stop) for a, b in zip(first, last, strict=True))


def _finished(canvas: Canvas, over: bool, values: Floats) -> Floats:
    return canvas.picture if over else canvas.picture.copy()


def _seen(problem: Problem, tile: Tile, x: Tensor) -> Tensor:
    """Return the view of what counts of a tensor on the grid."""
    return problem.crop(x)[tile.inner]
