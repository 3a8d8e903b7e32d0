"""What a learned model is shown of a measurement: data without edges, blur, noise of each pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from napari_deconv.core.operators import Blur, fast_length

ROOM = 24
"""Pixels around a frame, at least, over which its opposite borders are blended."""

Window = tuple[slice, slice]


@dataclass(frozen=True)
class View:
    """A measurement on a periodic canvas, less its mean, in units where the grey range is 1.

    Attributes
    ----------
    data : Tensor, shape (B, 1, *canvas)
        Measured frame and what is assumed around it.
    blur : Blur
        Circulant on the canvas; its spectrum is of one PSF, or of one for each picture.
    window : tuple of slice
        Where the frame lies on the canvas.
    sigma : Tensor, shape (B, 1, *frame)
        Noise of each pixel of the frame.
    noise : Tensor, shape (B, 1, 1, 1)
        Noise of a usual pixel.
    known : Tensor, shape (B, 1, *canvas)
        1 where there is a measurement, else 0.
    frames : Tensor, shape (B, N, *frame), or None
        Frames of a burst, laid over each other, `data` being their mean; a pixel that one did not
        see holds the mean. None of a single picture.
    shown : dict or None
        Total variation that was worked out of it, by strengths, of a view that is looked at many
        times; None to keep nothing.
    """

    data: Tensor
    blur: Blur
    window: Window
    sigma: Tensor
    noise: Tensor
    known: Tensor
    frames: Tensor | None = None
    shown: dict[tuple[float, ...], Tensor] | None = field(default=None, repr=False)

    def lasting(self) -> View:
        """Return the same view, which keeps what is worked out of it."""
        return replace(self, shown={})

    def scaled(self, factor: Tensor) -> View:
        """Return the same measurement in other units.

        Parameters
        ----------
        factor : Tensor, shape (B, 1, 1, 1)
            What each picture is multiplied by.
        """
        frames = None if self.frames is None else self.frames * factor
        parts = {name: getattr(self, name) * factor for name in ("data", "sigma", "noise")}
        return replace(self, frames=frames, shown=None, **parts)

    def less(self, mean: Tensor) -> View:
        """Return the same measurement of a scene that is darker by so much.

        Parameters
        ----------
        mean : Tensor, shape (B, 1, 1, 1)
            Of each picture.
        """
        frames = None if self.frames is None else self.frames - mean
        return replace(self, data=self.data - mean, frames=frames, shown=None)

    def crop(self, x: Tensor) -> Tensor:
        """Return the frame of what lies on the canvas."""
        index: tuple[Any, ...] = (..., *self.window)
        return x[index]

    def spread(self, frame: Tensor) -> Tensor:
        """Return a frame on the canvas, its border repeated and blended around it."""
        return blended(padded(frame, self.window, self.blur.grid), self.window)

    def residual(self, frame: Tensor) -> Tensor:
        """Return what data differ from an estimate blurred again by; 0 where there are none."""
        return (self.data - self.blur(self.spread(frame))) * self.known


def seen(frames: Tensor, kernels: Sequence[Tensor], sigma: Tensor) -> View:
    """Return the view of frames that nothing is known around.

    Parameters
    ----------
    frames : Tensor, shape (B, 1, H, W)
    kernels : sequence of Tensor
        A PSF for each frame.
    sigma : Tensor, shape (B, 1, H, W)
        Noise of each pixel.
    """
    height, width = frames.shape[-2:]
    grid = (fast_length(height + 2 * ROOM), fast_length(width + 2 * ROOM))
    window = tuple(
        slice(before := (side - n) // 2, before + n)
        for side, n in zip(grid, (height, width), strict=True)
    )
    assert len(window) == 2
    known = frames.new_zeros((1, 1, *grid))
    known[(..., *window)] = 1.0
    return View(
        data=blended(padded(frames, window, grid), window),
        blur=Blur.stacked(kernels, grid),
        window=window,
        sigma=sigma,
        noise=sigma.square().mean((-3, -2, -1), keepdim=True).sqrt(),
        known=known,
    )


def padded(frame: Tensor, window: Sequence[slice], grid: Sequence[int]) -> Tensor:
    """Return a frame on a larger grid, its border pixels repeated around it."""
    pads = [
        margin
        for side, part in reversed(list(zip(grid, window, strict=True)))
        for margin in (part.start, side - part.stop)
    ]
    return functional.pad(frame, pads, mode="replicate")


def blended(canvas: Tensor, window: Sequence[slice]) -> Tensor:
    """Return a canvas whose ends meet: around the frame they pass smoothly into each other.

    A periodic blur joins the last column to the first. Where they differ, a filter that sharpens
    rings from that seam into the frame.
    """
    for axis, part in zip((-2, -1), window, strict=True):
        canvas = _joined(canvas, axis, part.start, part.stop)
    return canvas


def _joined(canvas: Tensor, axis: int, start: int, stop: int) -> Tensor:
    size = canvas.shape[axis]
    after, room = size - stop, size - stop + start
    if room == 0:
        return canvas
    places = torch.arange(room, device=canvas.device)
    behind = canvas.index_select(axis, (stop + places).clamp(max=size - 1))
    before = canvas.index_select(axis, (places - after).clamp(min=0))
    share = (places + 1).to(canvas.dtype) / (room + 1)
    share = (share * share * (3 - 2 * share)).reshape(-1, *[1] * (-axis - 1))
    between = torch.lerp(behind, before, share)
    inside = canvas.narrow(axis, start, stop - start)
    return torch.cat(
        (between.narrow(axis, after, start), inside, between.narrow(axis, 0, after)), axis
    )
