"""How a recipe goes over a picture: as a whole or in tiles, by the memory that is free.

What a method needs is found by a rehearsal (`napari_deconv.core.footprint`), not by a list.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_deconv.core import device as devices
from napari_deconv.core.tiling import BLEND
from napari_deconv.core.units import PixelSize
from napari_deconv.psf.changing import Changing
from napari_deconv.region import WIDEST, reach
from napari_deconv.rehearsal import Need, need

if TYPE_CHECKING:
    import torch

    from napari_deconv.plan import Plan

SMALLEST = 64
"""Least side of a tile, in pixels."""
STEP = 32
"""Sides of tiles are multiples of this."""
EASY = 0.2
"""Part of the free memory below which nothing is rehearsed, if `HUNGRIEST` images fit into it."""
HUNGRIEST = 80
"""Float32 images of the grid that no method exceeds."""
PICTURES, CANVAS = 1, 3
"""Float32 images of what is restored beside that: the result; with tiles, canvas and data."""

STAYING = 16
"""Bytes of a pixel that stay of tiles, or slices, while others are computed: the first problem, an
estimate."""

FREED = 8
"""Bytes of a pixel that were freed but stay with the process, as holes that nothing fits into.

Of tiles, while a loop goes over one: between tiles what is free goes back to the system. It lies
between what Richardson-Lucy (0 to 28) and TV (-9 to 13) leave. Of slices, in closed forms, whose
blocks serve the next one: there they leave 2 to 15 (benchmarks/planner.py).
"""


@dataclass(frozen=True)
class Forecast:
    """How a recipe goes over a picture, and what that takes.

    Attributes
    ----------
    tile : int
        Longest side of a tile without what it overlaps, in pixels; 0: the picture as a whole.
    tiles : int
        How many they are.
    memory : int
        Bytes that iterating takes at its highest, the result with it.
    free : int
        Bytes that could be planned with.
    slices : int
        Pictures of a stack, one after the other.
    seconds : float or None
        What iterating takes; None where it was not timed.
    """

    tile: int
    tiles: int
    memory: int
    free: int
    slices: int = 1
    seconds: float | None = None

    @property
    def fits(self) -> bool:
        """Whether the free memory is enough."""
        return self.memory <= self.free

    @property
    def sentence(self) -> str:
        """What is said before the start; nothing where it was not timed, for that is soon over."""
        return "" if self.seconds is None else f"This takes {self}."

    def __str__(self) -> str:
        """Return it for people, such as ``9 tiles of 2048 px, about 40 s, 3.1 GB``."""
        parts = []
        if self.tiles > 1:
            each = " a slice" if self.slices > 1 else ""
            side = f" of {self.tile} px" if self.tile else ""
            parts.append(f"{self.tiles} tiles{side}{each}")
        if self.seconds is not None:
            parts.append(f"about {spoken(self.seconds)}")
        parts.append(amount(self.memory))
        return ", ".join(parts)


def plan(
    recipe: Plan,
    shape: Sequence[int],
    device: torch.device,
    *,
    workers: int = 1,
    weighted: bool = False,
    roughly: bool = False,
) -> Forecast:
    """Choose how a recipe goes over a picture, a stack or a volume; nothing is read or computed.

    Parameters
    ----------
    recipe : Recipe
        With its PSF.
    shape : sequence of int
        (H, W); (N, H, W), with a 2-D PSF a stack; or (D, H, W) with a 3-D one.
    device : torch.device
    workers : int
        Processes that share the memory.
    weighted : bool
        Whether some pixels are masked, or count more than others.
    roughly : bool
        Whether nothing is rehearsed where the hungriest method would fit easily.

    Returns
    -------
    Forecast
        Its `tile` is what goes into the recipe; without a time.

    Raises
    ------
    ValueError
        In one sentence, if there is not enough memory however small the tiles.
    """
    assert recipe.psf is not None
    size = PixelSize.parse(recipe.pixel_size) if recipe.pixel_size else None
    kernel = recipe.psf.kernel(size).shape
    steps: tuple[int, ...] = ()
    if isinstance(recipe.psf, Changing):
        field = recipe.psf.field(shape[-2:], size, recipe.centre)
        kernel, steps = field.arrays.shape[2:], field.steps
    axes = len(kernel) if len(shape) >= len(kernel) else len(shape)
    sides, stacked = (tuple(shape[-axes:]), tuple(kernel[-axes:])), len(shape) > axes
    asked = Asked(recipe, *sides, device, weighted, steps, stacked)
    slices = math.prod(shape[: len(shape) - axes])
    return replace(asked.choose(devices.free(device) // workers, roughly), slices=slices)


@dataclass(frozen=True)
class Asked:
    """What is to be gone over, and where.

    Attributes
    ----------
    recipe : Plan
    frame : tuple of int
        Shape of what is restored.
    kernel : tuple of int
        Shape of the PSF.
    device : torch.device
    weighted : bool
        Whether some pixels are masked, or count more than others.
    steps : tuple of int
        Longest sides of tiles that one PSF holds for; 0 where it holds everywhere, () everywhere.
    stacked : bool
        Whether it is a slice of a stack, others of which come before and after.
    """

    recipe: Plan
    frame: tuple[int, ...]
    kernel: tuple[int, ...]
    device: torch.device
    weighted: bool
    steps: tuple[int, ...] = ()
    stacked: bool = False

    def sides(self, tile: int) -> list[int]:
        """Return the longest sides of tiles along the axes; 0 does not cut one."""
        steps = self.steps or (0,) * len(self.frame)
        return [min((side for side in (tile, step) if side), default=0) for step in steps]

    def choose(self, free: int, roughly: bool = False) -> Forecast:
        """Return the recipe's own tiling, or what fits into some bytes.

        Parameters
        ----------
        free : int
        roughly : bool
            Whether nothing is rehearsed where the hungriest method would fit easily.

        Raises
        ------
        ValueError
            In one sentence, if nothing does.
        """
        if self.recipe.tile != "auto":
            chosen = self.forecast(self.recipe.tile, free, roughly)
        else:
            chosen = self.forecast(0, free, roughly)
            while not chosen.fits and self.smaller(chosen.tile):
                chosen = self.forecast(self.smaller(chosen.tile), free)
        if not chosen.fits:
            raise ValueError(self._refusal(chosen))
        return chosen

    def smaller(self, tile: int) -> int:
        """Return the next smaller side of a tile; 0 where there is none."""
        if WIDEST in reach(self.kernel, self.recipe):
            return 0
        longest = max(self.frame)
        count = 1 if tile == 0 else -(-longest // tile)
        side = math.ceil(longest / (count + 1) / STEP) * STEP
        if side >= (tile or longest):
            side = (tile or longest) - STEP
        return side if side >= SMALLEST else 0

    def halved(self, tile: int) -> int:
        """Return half the side of a tile; 0 where that would be too small."""
        if WIDEST in reach(self.kernel, self.recipe):
            return 0
        half = math.ceil((tile or max(self.frame)) / 2 / STEP) * STEP
        return half if SMALLEST <= half < (tile or max(self.frame)) else 0

    def forecast(self, tile: int, free: int, roughly: bool = False) -> Forecast:
        """Return what tiles of a side take."""
        grid = self.grid(tile)
        sides = self.sides(tile)
        images = CANVAS if any(sides) else PICTURES
        pictures = 4 * images * math.prod(self.frame) if self.device.type == "cpu" else 0
        pairs = zip(self.frame, sides, strict=True)
        tiles = math.prod(1 if side == 0 else max(1, -(-n // side)) for n, side in pairs)
        need = Need(4.0 * HUNGRIEST)
        if not roughly or pictures + need.of(grid) > EASY * free:
            need = self.need()
        holes = tiles > 1 if need.loops else self.stacked
        freed = FREED if holes and self.device.type == "cpu" else 0
        beside = (STAYING + freed) * math.prod(grid) if tiles > 1 or self.stacked else 0
        return Forecast(tile, tiles, pictures + beside + need.of(grid), free)

    def grid(self, tile: int) -> tuple[int, ...]:
        """Return the largest grid that tiles of a side have."""
        from napari_deconv.core.operators import fast_length

        multiple, sides = self.recipe.method.multiple(), self.sides(tile)
        if not any(sides) and not self.recipe.boundary.padded:
            return self.frame
        grid = []
        around = reach(self.kernel, self.recipe)
        for n, side, far, k in zip(self.frame, sides, around, self.kernel, strict=True):
            whole = fast_length(n + k - 1, multiple)
            span = side + 2 * (far + (side // 2 + 1 if self.steps else BLEND))
            small = side > 0 and span < whole
            tiled = fast_length(span + k - 2 + multiple, multiple) if small else whole
            grid.append(min(tiled, whole))
        return tuple(grid)

    def need(self) -> Need:
        """Return what iterating takes."""
        recipe = self.recipe
        outside = recipe.boundary.padded and recipe.boundary.weight == 0
        kind = (recipe.method, recipe.fidelity, len(self.frame), self.weighted or outside)
        return need(*kind)

    def _refusal(self, chosen: Forecast) -> str:
        grid = " × ".join(map(str, self.grid(chosen.tile)))
        advice = "crop the PSF or the image"
        if self.recipe.tile != "auto":
            advice = "set tile to auto"
        elif WIDEST in reach(self.kernel, self.recipe):
            advice = f"{self.recipe.method.key()} can't work in tiles; take another method, or crop"
        return (
            f"Image and PSF together make a grid of {grid} pixels, which takes about "
            f"{amount(chosen.memory)} where {amount(chosen.free)} are free; {advice}."
        )


def amount(memory: float) -> str:
    """Return bytes as people say them: ``640 MB``, ``3.1 GB``."""
    if memory < 1e9:
        return f"{max(1, round(memory / 1e6))} MB"
    return f"{memory / 1e9:.1f} GB"


def spoken(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < 1:
        return "a second"
    minutes = round(seconds) // 60
    if minutes < 2:
        return f"{round(seconds)} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02d} min"
