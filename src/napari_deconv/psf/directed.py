"""PSF shapes that differ with direction: oblong Gaussian, rectangle, line of motion."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from napari_deconv.core.params import register
from napari_deconv.psf.sampling import Angle, Length, Shape

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from napari_deconv.core.units import PixelSize

    Floats = npt.NDArray[np.float64]

REACH = 4.1
"""Sigmas of a Gaussian that hold its energy."""


class Directed(Shape):
    """A shape with a long side, turned in the plane of rows and columns."""

    angle: Angle = Field(
        0.0, description="Direction of the long side, from the columns' axis towards the top."
    )

    def turned(self, *places: Floats) -> tuple[Floats, Floats]:
        """Return the places along and across the long side."""
        c, s = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        rows, columns = places[-2:]
        return columns * c - rows * s, columns * s + rows * c

    def spread(self, along: float, across: float, depth: float) -> tuple[float, ...]:
        """Return the reach along each axis of a shape that reaches so far by itself."""
        c, s = abs(math.cos(math.radians(self.angle))), abs(math.sin(math.radians(self.angle)))
        plane = (along * s + across * c, along * c + across * s)
        return (depth, *plane) if self.dimensions == 3 else plane


@register("psf")
class EllipticPsf(Directed):
    """A Gaussian of two widths, turned: an oblong focal spot."""

    name: Literal["elliptic"] = "elliptic"
    label: ClassVar[str] = "Elliptic Gaussian: oblong focal spot"
    sigma_long: Length = Field(3.0, description="Standard deviation along the long side.")
    sigma_short: Length = Field(1.5, description="Standard deviation across it.")
    sigma_depth: Length = Field(1.5, description="Standard deviation along a volume's first axis.")

    def density(self, *places: Floats) -> Floats:
        """Return ``exp(-(a^2 / sigma_long^2 + b^2 / sigma_short^2) / 2)``."""
        import numpy as np

        along, across = self.turned(*places)
        exponent = (along / self.sigma_long) ** 2 + (across / self.sigma_short) ** 2
        for depth in places[:-2]:
            exponent = exponent + (depth / self.sigma_depth) ** 2
        return np.asarray(np.exp(-exponent / 2))

    def reach(self) -> tuple[float, ...]:
        """Return 4.1 sigma along each axis."""
        c, s = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        rows = math.hypot(self.sigma_long * s, self.sigma_short * c)
        columns = math.hypot(self.sigma_long * c, self.sigma_short * s)
        depth = (self.sigma_depth,) if self.dimensions == 3 else ()
        return tuple(REACH * sigma for sigma in (*depth, rows, columns))


@register("psf")
class RectanglePsf(Directed):
    """A uniform rectangle: a detector's pixel or slit, binning, a box-shaped focal spot."""

    name: Literal["rectangle"] = "rectangle"
    label: ClassVar[str] = "Rectangle: aperture, slit, binning"
    length: Length = Field(3.0, description="Length of the long side.")
    width: Length = Field(3.0, description="Length of the other side.")
    depth: Length = Field(3.0, description="Length along a volume's first axis.")

    def density(self, *places: Floats) -> Floats:
        """Return 1 inside the rectangle, 0 outside, in between where a border cuts a sample."""
        along, across = self.turned(*places)
        cell = float(abs(places[-1].flat[1] - places[-1].flat[0]))
        inside = _within(along, self.length, cell) * _within(across, self.width, cell)
        for depth in places[:-2]:
            inside = inside * _within(depth, self.depth, cell)
        return inside

    def reach(self) -> tuple[float, ...]:
        """Return half the sides of the box around it."""
        return self.spread(self.length / 2, self.width / 2, self.depth / 2)


@register("psf")
class LinePsf(Directed):
    """A straight thin line: the object or the detector moved during the exposure."""

    name: Literal["line"] = "line"
    label: ClassVar[str] = "Line: motion during the exposure"
    length: Length = Field(5.0, description="How far it moved.")

    def samples(self, pixel_size: PixelSize | None, times: int) -> Floats:
        """Return its length in each sample's cell, of sum 1."""
        import numpy as np

        pixel = self._pixel(pixel_size)
        sizes = [(2 * half + 1) * times for half in self.halves(pixel_size)]
        count = 64 * max(sizes)
        along = (np.arange(count) + 0.5) / count * self.length - self.length / 2
        c, s = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        places = [np.zeros(count)] * (self.dimensions - 2) + [-along * s, along * c]
        bins = [
            np.clip(np.rint(x / p * times + (n - 1) / 2).astype(int), 0, n - 1)
            for x, p, n in zip(places, pixel, sizes, strict=True)
        ]
        flat = np.ravel_multi_index(bins, sizes)
        fine = np.bincount(flat, minlength=math.prod(sizes)).reshape(sizes)
        return np.asarray(fine / count)

    def reach(self) -> tuple[float, ...]:
        """Return half the sides of the box around it."""
        return self.spread(self.length / 2, 0.0, 0.0)


def _within(x: Floats, length: float, cell: float) -> Floats:
    """Return how much of cells at x lies within a length around 0."""
    import numpy as np

    return np.clip((length / 2 - abs(x)) / cell + 0.5, 0, 1)
