"""What every PSF is, and how a formula becomes an array: averaged over pixels, with its energy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from napari_deconv.core.params import Choice

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from napari_deconv.core.units import PixelSize

    Floats = npt.NDArray[np.float64]

ENERGY = 0.999
"""Share of the energy that a sampled shape holds at least, if its tails are short enough."""
MOST_PIXELS = 16_000_000
"""Most pixels of a sampled shape: 4000 x 4000, or 250 x 250 x 250."""
MOST_OVERSAMPLING = 15
"""Most samples along each axis of a pixel over which a shape is integrated."""
MOST_SAMPLES = 4_000_000
"""Samples of a shape beyond which each pixel is sampled more coarsely."""

Length = Annotated[float, Field(gt=0, le=10_000)]
Angle = Annotated[float, Field(ge=-360, le=360, json_schema_extra={"unit": "degrees"})]
Unit = Annotated[
    Literal["px", "nm", "um", "mm", "cm", "m", "in"],
    Field(description="Unit of the lengths; any but px needs the image's pixel size."),
]


class Psf(Choice):
    """A point-spread function."""

    stored: ClassVar[bool] = False
    """Whether a recipe carries it as an array, which goes into a file of its own."""

    def kernel(self, pixel_size: PixelSize | None = None) -> Floats:
        """Return the PSF as an array of sum 1, its centre in the middle.

        Raises
        ------
        ValueError
            If lengths are not in pixels and no pixel size is known.
        """
        raise TypeError(f"{type(self).__name__} does not say how to sample itself.")

    def remarks(self, pixel_size: PixelSize | None) -> tuple[str, ...]:
        """Return what was done to sample it at the image's pixels, a sentence each."""
        return ()


class Sampled(Psf):
    """A PSF that can be sampled more finely than its pixels."""

    def axes(self) -> int:
        """Return the number of axes: 2, or 3 for a true volume."""
        raise TypeError(f"{type(self).__name__} does not say how many axes it has.")

    def halves(self, pixel_size: PixelSize | None) -> list[int]:
        """Return how many pixels on either side of the middle one hold its energy, per axis."""
        raise TypeError(f"{type(self).__name__} does not say how far it reaches.")

    def samples(self, pixel_size: PixelSize | None, times: int) -> Floats:
        """Return it on an odd number of pixels with `times` (odd) samples each, of sum 1."""
        raise TypeError(f"{type(self).__name__} does not say how to sample itself.")

    def kernel(self, pixel_size: PixelSize | None = None) -> Floats:
        """Sample it, averaged over each pixel, on an odd grid that holds its energy."""
        halves = self.halves(pixel_size)
        sizes = [2 * half + 1 for half in halves]
        if math.prod(sizes) > MOST_PIXELS:
            raise ValueError(
                f"The PSF {self.key()!r} would be {' × '.join(map(str, sizes))} "
                "pixels large; give it a smaller width."
            )
        times = _oversampling(sizes)
        fine = self.samples(pixel_size, times)
        for axis, size in enumerate(sizes):
            shape = list(fine.shape)
            shape[axis : axis + 1] = [size, times]
            fine = fine.reshape(shape).sum(axis + 1)
        kernel: Floats = fine / fine.sum()
        return kernel


class Shape(Sampled):
    """A shape known by a formula of the place, its centre at the origin."""

    unit: Unit = "px"
    dimensions: Literal[2, 3] = Field(2, description="3 for a true volume, else 2.")

    def density(self, *places: Floats) -> Floats:
        """Return the unnormalised density at places along each axis, in the shape's unit."""
        raise TypeError(f"{type(self).__name__} states no density.")

    def reach(self) -> float | tuple[float, ...]:
        """Return how far it reaches from its centre (along each axis), in its unit."""
        raise TypeError(f"{type(self).__name__} states no reach.")

    def axes(self) -> int:
        """Return the number of axes: 2, or 3 for a true volume."""
        return self.dimensions

    def halves(self, pixel_size: PixelSize | None) -> list[int]:
        """Return how many pixels on either side of the middle one hold its energy, per axis."""
        reach = self.reach()
        far = reach if isinstance(reach, tuple) else (reach,) * self.dimensions
        pixel = self._pixel(pixel_size)
        return [math.ceil(r / p - 1e-6) + 1 for r, p in zip(far, pixel, strict=True)]

    def samples(self, pixel_size: PixelSize | None, times: int) -> Floats:
        """Return its density on an odd number of pixels with `times` samples each, of sum 1."""
        import numpy as np

        places = []
        for axis, (half, p) in enumerate(
            zip(self.halves(pixel_size), self._pixel(pixel_size), strict=True)
        ):
            n = (2 * half + 1) * times
            x = (np.arange(n) - (n - 1) / 2) / times * p
            places.append(x.reshape(-1, *[1] * (self.dimensions - 1 - axis)))
        fine = self.density(*places)
        return np.asarray(fine / fine.sum())

    def _pixel(self, pixel_size: PixelSize | None) -> tuple[float, ...]:
        """Return the pixel's edge lengths in the shape's unit."""
        if self.unit == "px":
            return (1.0,) * self.dimensions
        if pixel_size is None:
            raise ValueError(
                f"The PSF {self.key()!r} is given in {self.unit}, but the pixel size of the image "
                "is not known; give it (for instance '0.1 mm') or give the PSF in px."
            )
        return pixel_size.along(self.dimensions, self.unit)


class Round(Shape):
    """A shape known by a formula of the distance from its centre."""

    def density(self, *places: Floats) -> Floats:
        """Return the unnormalised density at places along each axis."""
        import numpy as np

        return self.radial(np.asarray(sum(x**2 for x in places)))

    def radial(self, r2: Floats) -> Floats:
        """Return the unnormalised density at squared distances, in the shape's unit."""
        raise TypeError(f"{type(self).__name__} states no density.")


def _oversampling(sizes: list[int]) -> int:
    """Return the samples along each axis of a pixel that the budget allows: odd, 1 at least."""
    affordable = int((MOST_SAMPLES / math.prod(sizes)) ** (1 / len(sizes)))
    affordable = max(1, min(affordable, MOST_OVERSAMPLING))
    return affordable - (affordable + 1) % 2
