"""Pose the problem that a recipe makes of an image, or of a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from napari_deconv.core.boundary import margins
from napari_deconv.exposures import Exposure
from napari_deconv.methods.method import Method
from napari_deconv.plan import Plan
from napari_deconv.psf.kernel import rms_radius

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from napari_deconv.core.operators import Blur
    from napari_deconv.core.problem import Problem
    from napari_deconv.core.scale import Measurement
    from napari_deconv.core.tiling import Tile
    from napari_deconv.xray.frame import Frame

Cut = tuple[slice, ...]

BEYOND_NOISE = 5.0
"""Negative values deeper than this many sigma are no noise."""


class Placed(NamedTuple):
    """A padded grid, and the place of the frame at which it begins, along each axis."""

    grid: tuple[int, ...]
    origin: tuple[int, ...]


@dataclass(frozen=True)
class Poser:
    """An image understood and measured, of any part of which a problem can be posed.

    The whole with its border makes a periodic picture. The grid of a part shows what lies around
    that part in this picture, and not only what lies in the frame: a part's estimate differs from
    that of the whole only by what its grid can't hold.

    Attributes
    ----------
    exposure : Exposure
        Image and PSF.
    frame : Frame
        The whole image.
    measured : Measurement
    device : torch.device
    survey : tuple of float or None
        What the method takes of the whole picture, for problems of parts of it.
    """

    exposure: Exposure[Any]
    frame: Frame
    measured: Measurement
    device: torch.device
    survey: tuple[float, ...] | None = None
    blurs: list[tuple[npt.NDArray[np.float32], Blur]] = field(default_factory=list)

    @property
    def sides(self) -> tuple[int, ...]:
        """Sides of the frame, along the axes that are blurred."""
        return self.frame.values.shape[-self.exposure.kernel.array.ndim :]

    @property
    def all(self) -> Cut:
        """The whole frame as a part."""
        return tuple(slice(0, n) for n in self.sides)

    def whole(self, recipe: Plan) -> Placed:
        """Return the padded grid of the frame.

        Raises
        ------
        ValueError
            In one sentence, if a periodic border has sides that wavelets can't halve.
        """
        from napari_deconv.core.operators import fast_length

        multiple, sides = recipe.method.multiple(), self.sides
        if not recipe.boundary.padded:
            if any(n % multiple for n in sides):
                raise ValueError(
                    f"{recipe.method.key()} on the periodic border needs sides that {multiple} "
                    "divides: crop the image, take fewer levels, invariant wavelets or another "
                    "border."
                )
            return Placed(sides, (0,) * len(sides))
        shape = self.exposure.kernel.array.shape
        grid = tuple(fast_length(n + k - 1, multiple) for n, k in zip(sides, shape, strict=True))
        origin = tuple(-margins(n, side)[0] for n, side in zip(sides, grid, strict=True))
        return Placed(grid, origin)

    def placed(self, recipe: Plan, span: Cut) -> Placed:
        """Return the grid of a part, and where it lies: no larger than that of the whole."""
        from napari_deconv.core.operators import fast_length

        multiple, whole = recipe.method.multiple(), self.whole(recipe)
        spare = multiple - 1  # to lie on the grid of the wavelets
        grid, origin = [], []
        shape = self.exposure.kernel.array.shape
        for part, k, most, first in zip(span, shape, *whole, strict=True):
            n = part.stop - part.start
            side = fast_length(n + k - 1 + spare, multiple) if n < most else most
            if side >= most:
                grid.append(most)
                origin.append(first)
                continue
            start = part.start - margins(n, side)[0]
            grid.append(side)
            origin.append(start - (start - first) % multiple)
        return Placed(tuple(grid), tuple(origin))

    def problem(self, recipe: Plan, cut: Cut, index: int, tile: Tile | None = None) -> Problem:
        """Return the problem of a part of one slice (or of the whole image), on the device.

        The part that a tile sees depends on what lies around it, beyond the border too.
        """
        from napari_deconv.core.problem import Problem

        scale = self.measured.scale
        placed = self.placed(recipe, cut if tile is None else tile.span)
        lines = self._lines(recipe, placed)
        mean = (self.measured.mean - self.frame.level + recipe.offset) / scale
        data = self.data(recipe, lines, index, mean).to(self.device)
        pixel_noise = self.measured.noise / scale
        fidelity = recipe.fidelity.averaged(self.exposure.exposures)
        fidelity = fidelity.in_units(scale, pixel_noise)
        weights = self._weights(recipe, lines, index)
        trust = fidelity.weigh(data, mean, len(placed.grid))
        if trust is not None:
            weights = trust if weights is None else weights.mul_(trust)
        kernel = self.kernel(middle_of(cut) if tile is None else tile.middle)
        return Problem(
            data=data,
            weights=weights,
            blur=self._blur(kernel, placed.grid),
            fidelity=fidelity,
            window=tuple(
                slice(part.start - o, part.stop - o)
                for part, o in zip(cut, placed.origin, strict=True)
            ),
            noise=pixel_noise if self.measured.white else self.measured.coarse_noise / scale,
            mean=mean,
            scale=scale,
            unclear=self.measured.unclear,
            masked=self._masked(recipe),
            graded=self.frame.weights is not None,
            spread=rms_radius(kernel),
            frames=self._frames(recipe, cut),
            survey=None if placed == self.whole(recipe) else self.survey,
        )

    def kernel(self, middle: Sequence[float]) -> npt.NDArray[np.float32]:
        """Return the PSF around a place: where it changes, that of the place."""
        field = self.exposure.field
        return self.exposure.kernel.array if field is None else field.at(*middle)

    def _blur(self, kernel: npt.NDArray[np.float32], grid: tuple[int, ...]) -> Blur:
        """Return the blur of a grid, of a stack the last one again if it is the same."""
        import torch

        from napari_deconv.core.operators import Blur

        if self.frame.values.ndim == len(self.sides):
            return Blur(torch.from_numpy(kernel).to(self.device), grid)
        for known, blur in self.blurs:
            if blur.grid == grid and np.array_equal(known, kernel):
                return blur
        self.blurs.clear()  # not two at a time
        blur = Blur(torch.from_numpy(kernel).to(self.device), grid).share()
        self.blurs[:] = [(kernel, blur)]
        return blur

    def surveyed(self, recipe: Plan, index: int) -> Poser:
        """Return the same for parts of a slice, after the method has looked at the whole of it."""
        import torch

        if type(recipe.method).survey is Method.survey:  # not even the data have to be gathered
            return self
        lines = self._lines(recipe, self.whole(recipe))
        mean = (self.measured.mean - self.frame.level + recipe.offset) / self.measured.scale
        data = self.data(recipe, lines, index, mean)
        found = recipe.method.survey(data, torch.from_numpy(self.exposure.kernel.array))
        return replace(self, survey=found)

    def data(self, recipe: Plan, lines: Sequence[Line], index: int, mean: float) -> Tensor:
        """Return grey values along lines of the periodic picture, in the problem's units."""
        import torch

        values = _taken(self._plane(self.frame.values, index), lines)
        values += np.float32(recipe.offset)
        values /= np.float32(self.measured.scale)
        if recipe.fidelity.key() == "poisson":
            np.maximum(values, 0, out=values)
        constant = recipe.boundary.constant(mean)
        if constant is not None:
            for axis, line in enumerate(lines):
                values[(slice(None),) * axis + (line.outside,)] = constant
        return torch.from_numpy(values)

    def _lines(self, recipe: Plan, placed: Placed) -> list[Line]:
        """Return, along each axis, which pixels of the frame a grid shows."""
        whole = self.whole(recipe)
        lines = []
        axes = zip(placed.grid, placed.origin, whole.grid, whole.origin, self.sides, strict=True)
        for side, origin, period, first, n in axes:
            places = (origin - first + np.arange(side)) % period + first
            outside = (places < 0) | (places >= n)
            lines.append(Line(recipe.boundary.sources(places, n), outside))
        return lines

    def _frames(self, recipe: Plan, cut: Cut) -> Tensor | None:
        """Return a part of a burst's frames, on the device, where they are looked at apart."""
        import torch

        if self.exposure.frames is None:
            return None
        part = self.exposure.frames[(slice(None), *cut)]
        values = torch.from_numpy(part).to(self.device)
        return (values + (recipe.offset - self.frame.level)) / self.measured.scale

    def _masked(self, recipe: Plan) -> bool:
        """Return whether pixels are masked, in the frame or beyond its border."""
        outside = recipe.boundary.padded and recipe.boundary.weight == 0
        return outside or self.frame.valid is not None or self.exposure.share is not None

    def _plane(self, array: npt.NDArray[Any], index: int) -> npt.NDArray[Any]:
        return array if array.ndim == len(self.sides) else array[index]

    def _weights(self, recipe: Plan, lines: Sequence[Line], index: int) -> Tensor | None:
        """Return how much each pixel counts, the boundary's weight beyond it; None if all 1."""
        import torch

        beyond = recipe.boundary.weight
        known = (self.frame.valid, self.exposure.share, self.frame.weights)
        parts = [_taken(self._plane(part, index), lines) for part in known if part is not None]
        if not parts and (beyond == 1 or not recipe.boundary.padded):
            return None
        weights = np.ones(tuple(len(line.sources) for line in lines), np.float32)
        for part in parts:
            weights *= part
        for axis, line in enumerate(lines):
            weights[(slice(None),) * axis + (line.outside,)] = beyond
        return torch.from_numpy(weights).to(self.device)


def middle_of(cut: Cut) -> tuple[float, ...]:
    """Return the place in the middle of a part."""
    return tuple((part.start + part.stop - 1) / 2 for part in cut)


class Line(NamedTuple):
    """Which pixels of an axis are shown along a grid, and where that is beyond the border."""

    sources: npt.NDArray[np.int64]
    outside: npt.NDArray[np.bool_]


def _taken(plane: npt.NDArray[Any], lines: Sequence[Line]) -> npt.NDArray[Any]:
    """Return a new array of the pixels at lines of an array."""
    for axis, line in enumerate(lines):
        plane = plane.take(line.sources, axis)
    return plane


def check_counts(recipe: Plan, frame: Frame, measured: Measurement) -> tuple[str, ...]:
    """Refuse data with true negatives for counted photons; name what is clipped.

    Raises
    ------
    ValueError
        In one sentence, with the offset that would do.
    """
    if recipe.fidelity.key() != "poisson":
        return ()
    good = frame.values if frame.valid is None else frame.values[frame.valid]
    lowest = float(good.min()) + recipe.offset
    if lowest < -BEYOND_NOISE * measured.noise - 1e-6 * measured.scale:
        enough = 1.01 * (recipe.offset - lowest)
        raise ValueError(
            f"The image has values down to {lowest:.4g}, but {recipe.method.key()} with "
            f"Poisson noise needs counts: set the offset to {enough:.4g} "
            "or deblur counts or transmission instead."
        )
    below = int((good + recipe.offset < 0).sum())
    return (f"{below} pixels below zero set to zero.",) if below else ()
