"""A model at work on a problem: Fourier steps on the whole picture, networks tile by tile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional

from napari_deconv.core.operators import Blur, fast_length
from napari_deconv.learned import physics
from napari_deconv.learned.local_noise import local_noise
from napari_deconv.learned.staged import Stage, Staged
from napari_deconv.learned.view import ROOM, View, blended, padded

if TYPE_CHECKING:
    from napari_deconv.core.problem import Problem

TILE = 256
"""Side of a tile in pixels, without what it overlaps; a multiple of every network's stride."""
LEAST_WEIGHT = 1e-2
"""A pixel that counts for less is taken for as noisy as this one."""

Canvas = tuple[tuple[int, int], tuple[int, int]]


def view_of(problem: Problem) -> View:
    """Return what a model is shown of a problem.

    The problem's border counts for what filters see around the frame; as data it counts nowhere.
    """
    before, grid = canvas(problem)
    places = [slice(b, b + n) for b, n in zip(before, problem.blur.grid, strict=True)]
    window = tuple(
        slice(part.start + b, part.stop + b) for part, b in zip(problem.window, before, strict=True)
    )
    assert len(window) == 2
    data = (problem.data - problem.mean)[None, None]
    data = blended(padded(data, places, grid), window)
    known, sigma = (
        torch.zeros_like(data),
        torch.full_like(problem.crop(problem.data), problem.noise),
    )
    index: tuple[Any, ...] = (..., *window)
    known[index] = 1.0
    if problem.weights is not None:
        weights = problem.crop(problem.weights)
        known[index] = (weights > 0).to(data.dtype)
        sigma = sigma * weights.clamp(min=LEAST_WEIGHT).rsqrt()
    noise = data.new_full((1, 1, 1, 1), problem.noise)
    if problem.graded:  # the filters are alike everywhere, and must not drown in what counts least
        noise = sigma.square().mean().sqrt().reshape(1, 1, 1, 1)
    blur = Blur(problem.blur.kernel, grid)
    view = View(data, blur, window, sigma[None, None], noise, known)
    if problem.frames is not None:
        view = replace(view, frames=(problem.frames - problem.mean)[None])
    if problem.weights is None:
        sigma = local_noise(view)
        noise = sigma.square().mean().sqrt().reshape(1, 1, 1, 1)
        view = replace(view, sigma=sigma, noise=noise)
    return view


def canvas(problem: Problem) -> Canvas:
    """Return how far before the problem's grid the canvas begins, and the canvas's shape."""
    before, grid = [], []
    for side, part in zip(problem.blur.grid, problem.window, strict=True):
        frame = part.stop - part.start
        first = max(ROOM - part.start, 0) if frame < side else 0
        last = max(ROOM - (side - part.stop), 0) if frame < side else 0
        before.append(first)
        grid.append(fast_length(first + side + last) if frame < side else side)
    return (before[0], before[1]), (grid[0], grid[1])


def walk(model: Staged, view: View, *, project: bool, tile: int = TILE) -> Iterator[Tensor]:
    """Yield estimates of the frame, shape (1, 1, H, W): after physics, each row of tiles, the end.

    Parameters
    ----------
    model : Staged
    view : View
    project : bool
        Whether what the data say is put back at the end.
    tile : int
        Side of the tiles.
    """
    channels = model.channels(view)
    x = channels[:, 1 + physics.BASE : 2 + physics.BASE].contiguous()
    yield x
    for stage in model.stages:
        assert isinstance(stage, Stage)
        shown, bases = stage.look(view, channels, x)
        for estimate in _rows(stage, shown, bases, x, tile):
            x = estimate
            yield x
    if project:
        x = physics.projected(view, x)
    yield physics.settled(view, x)


def steps(model: Staged, problem: Problem, *, project: bool, tile: int = TILE) -> int:
    """Return how many estimates `walk` yields."""
    height: int = problem.window[0].stop - problem.window[0].start
    return 2 + len(model.stages) * -(-height // tile)


def denoised(stage: Stage, frame: Tensor, sigma: float, tile: int = TILE) -> Tensor:
    """Return what a denoiser makes of a frame (1, 1, H, W) with white noise, tile by tile.

    Its answer to a picture of zeros is taken off, so that a constant stays what it is; border
    pixels are repeated outwards as far as it looks.
    """
    network: Any = stage.network
    halo, stride = int(network.halo), int(network.stride)
    wide = functional.pad(frame, (halo,) * 4, mode="replicate")
    shown = torch.cat((wide, torch.full_like(wide, 2 * sigma**0.5)), 1)
    *_, result = _rows(stage, shown, wide, wide, tile)
    nothing = shown[..., : 2 * halo + stride, : 2 * halo + stride].clone()
    nothing[:, 0] = 0.0
    repeated = network(nothing)[..., halo:-halo, halo:-halo]
    height, width = frame.shape[-2:]
    repeated = repeated.repeat(1, 1, -(-height // stride), -(-width // stride))
    inner = result[..., halo : halo + height, halo : halo + width]
    clean: Tensor = inner - repeated[..., :height, :width]
    return clean


def _rows(stage: Stage, shown: Tensor, bases: Tensor, x: Tensor, tile: int) -> Iterator[Tensor]:
    """Yield the estimate after each row of tiles; what is yielded is not written again."""
    network: Any = stage.network
    height, width = shown.shape[-2:]
    shown = functional.pad(
        shown, (0, -width % network.stride, 0, -height % network.stride), "replicate"
    )
    for top in range(0, height, tile):
        x = x.clone()
        rows = slice(top, min(top + tile, height))
        for left in range(0, width, tile):
            columns = slice(left, min(left + tile, width))
            part = _tile(network, shown, (rows, columns))
            x[..., rows, columns] = stage.added(bases[..., rows, columns], part)
        yield x


def _tile(network: Any, shown: Tensor, part: tuple[slice, slice]) -> Tensor:
    """Return the network's output on a tile, computed with what it reaches into."""
    wide, inner = [], []
    for one, side in zip(part, shown.shape[-2:], strict=True):
        low = max(one.start - network.halo, 0)
        high = min(-(-one.stop // network.stride) * network.stride + network.halo, side)
        wide.append(slice(low, high))
        inner.append(slice(one.start - low, one.stop - low))
    output: Tensor = network(shown[..., wide[0], wide[1]])
    return output[..., inner[0], inner[1]]
