"""PSF shapes as choices, integrated over the pixel, in pixels or in a length."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from napari_deconv.core.params import Choice, register

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from napari_deconv.core.units import PixelSize

    Floats = npt.NDArray[np.float64]

ENERGY = 0.999
"""Share of the energy that a sampled shape holds at least."""
MOST_PIXELS = 16_000_000
"""Most pixels of a sampled shape: 4000 x 4000, or 250 x 250 x 250."""
MOST_OVERSAMPLING = 15
"""Most samples along each axis of a pixel over which a shape is integrated."""
MOST_SAMPLES = 4_000_000
"""Samples of a shape beyond which each pixel is sampled more coarsely."""

Length = Annotated[float, Field(gt=0, le=10_000)]
Unit = Annotated[
    Literal["px", "nm", "um", "mm", "cm", "m", "in"],
    Field(description="Unit of the lengths; any but px needs the image's pixel size."),
]


class Psf(Choice):
    """A point-spread function."""

    def kernel(self, pixel_size: PixelSize | None = None) -> Floats:
        """Return the PSF as an array of sum 1, its centre in the middle.

        Raises
        ------
        ValueError
            If lengths are not in pixels and no pixel size is known.
        """
        raise TypeError(f"{type(self).__name__} does not say how to sample itself.")


class Shape(Psf):
    """A shape known by a formula of the distance from its centre."""

    unit: Unit = "px"
    dimensions: Literal[2, 3] = Field(2, description="3 for a true volume, else 2.")

    def density(self, r2: Floats) -> Floats:
        """Return the unnormalised density at squared distances, in the shape's unit."""
        raise TypeError(f"{type(self).__name__} states no density.")

    def reach(self) -> float:
        """Return the radius that holds `ENERGY` of the shape, in its unit."""
        raise TypeError(f"{type(self).__name__} states no reach.")

    def kernel(self, pixel_size: PixelSize | None = None) -> Floats:
        """Sample the shape, averaged over each pixel, on an odd grid that holds its energy."""
        import numpy as np

        pixel = self._pixel(pixel_size)
        halves = [math.ceil(self.reach() / p - 1e-6) + 1 for p in pixel]
        if math.prod(2 * half + 1 for half in halves) > MOST_PIXELS:
            raise ValueError(
                f"The PSF {self.key()!r} would be {' × '.join(str(2 * h + 1) for h in halves)} "
                "pixels large; give it a smaller width."
            )
        times = _oversampling([2 * half + 1 for half in halves])
        r2 = np.zeros(())
        for axis, (half, p) in enumerate(zip(halves, pixel, strict=True)):
            n = (2 * half + 1) * times
            x = (np.arange(n) - (n - 1) / 2) / times * p
            r2 = r2 + (x**2).reshape(-1, *[1] * (self.dimensions - 1 - axis))
        fine = self.density(r2)
        for axis, half in enumerate(halves):
            shape = list(fine.shape)
            shape[axis : axis + 1] = [2 * half + 1, times]
            fine = fine.reshape(shape).sum(axis + 1)
        kernel: Floats = fine / fine.sum()
        return kernel

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


@register("psf")
class GaussianPsf(Shape):
    """A Gaussian, ``exp(-r^2 / 2 sigma^2)``: the usual first guess."""

    name: Literal["gaussian"] = "gaussian"
    label: ClassVar[str] = "Gaussian: the usual first guess"
    sigma: Length = Field(
        2.0, description="Standard deviation; the full width at half maximum is 2.355 times it."
    )

    def density(self, r2: Floats) -> Floats:
        """Return ``exp(-r^2 / 2 sigma^2)``."""
        import numpy as np

        return np.asarray(np.exp(-r2 / (2 * self.sigma**2)))

    def reach(self) -> float:
        """Return 4 sigma: 99.97 % in 2-D, 99.89 % in 3-D before normalisation."""
        return 4.1 * self.sigma


@register("psf")
class DiskPsf(Shape):
    """A uniform disk (ball in 3-D): the picture of a round focal spot, or defocus."""

    name: Literal["disk"] = "disk"
    label: ClassVar[str] = "Disk: focal spot, defocus"
    radius: Length = Field(3.0, description="Radius of the disk.")

    def density(self, r2: Floats) -> Floats:
        """Return 1 inside the radius, 0 outside."""
        import numpy as np

        return np.asarray(r2 <= self.radius**2, dtype=np.float64)

    def reach(self) -> float:
        """Return the radius."""
        return self.radius


@register("psf")
class CoreTailPsf(Shape):
    """A Gaussian core with a faint wide tail: detector glare, scatter in the screen.

    ``(1 - tail) G(sigma) + tail E(reach)``, E an exponential of the distance, each of sum 1.
    """

    name: Literal["core-tail"] = "core-tail"
    label: ClassVar[str] = "Core and tail: detector with glare"
    sigma: Length = Field(2.0, description="Standard deviation of the core.")
    tail: float = Field(0.2, ge=0, lt=1, description="Share of the energy that is in the tail.")
    tail_length: Length = Field(
        6.0, description="Distance over which the tail falls to 1/e; longer is wider."
    )

    def density(self, r2: Floats) -> Floats:
        """Return core plus tail, each normalised on the grid."""
        import numpy as np

        core = np.exp(-r2 / (2 * self.sigma**2))
        tail = np.exp(-np.sqrt(r2) / self.tail_length)
        density = (1 - self.tail) * core / core.sum() + self.tail * tail / tail.sum()
        return np.asarray(density)

    def reach(self) -> float:
        """Return where what is missing of core and tail together is below 0.1 %."""
        missing = 1 - ENERGY
        far = 0.0
        if self.tail > missing:
            far = self.tail_length * _exponential_radius(missing / self.tail, self.dimensions)
        return max(4.1 * self.sigma, far)


def _oversampling(sizes: list[int]) -> int:
    """Return the samples along each axis of a pixel that the budget allows: odd, 1 at least."""
    affordable = int((MOST_SAMPLES / math.prod(sizes)) ** (1 / len(sizes)))
    affordable = max(1, min(affordable, MOST_OVERSAMPLING))
    return affordable - (affordable + 1) % 2


def _exponential_radius(missing: float, dimensions: int) -> float:
    """Return r at which all but `missing` of ``exp(-r)`` lies inside, in 2-D or 3-D."""
    r = 1.0
    while _exponential_outside(r, dimensions) > missing:
        r += 0.1
    return r


def _exponential_outside(r: float, dimensions: int) -> float:
    tail = 1 + r if dimensions == 2 else 1 + r + r**2 / 2
    return tail * math.exp(-r)
