"""Round PSF shapes as choices, integrated over the pixel, in pixels or in a length."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from napari_deconv.core.params import register
from napari_deconv.psf.sampling import ENERGY, Length, Round

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


@register("psf")
class GaussianPsf(Round):
    """A Gaussian, ``exp(-r^2 / 2 sigma^2)``: the usual first guess."""

    name: Literal["gaussian"] = "gaussian"
    label: ClassVar[str] = "Gaussian: the usual first guess"
    sigma: Length = Field(
        2.0, description="Standard deviation; the full width at half maximum is 2.355 times it."
    )

    def radial(self, r2: Floats) -> Floats:
        """Return ``exp(-r^2 / 2 sigma^2)``."""
        import numpy as np

        return np.asarray(np.exp(-r2 / (2 * self.sigma**2)))

    def reach(self) -> float:
        """Return 4 sigma: 99.97 % in 2-D, 99.89 % in 3-D before normalisation."""
        return 4.1 * self.sigma


@register("psf")
class DiskPsf(Round):
    """A uniform disk (ball in 3-D): the picture of a round focal spot, or defocus."""

    name: Literal["disk"] = "disk"
    label: ClassVar[str] = "Disk: focal spot, defocus"
    radius: Length = Field(3.0, description="Radius of the disk.")

    def radial(self, r2: Floats) -> Floats:
        """Return 1 inside the radius, 0 outside."""
        import numpy as np

        return np.asarray(r2 <= self.radius**2, dtype=np.float64)

    def reach(self) -> float:
        """Return the radius."""
        return self.radius


@register("psf")
class ExponentialPsf(Round):
    """``exp(-r / length)``: scintillator screens, light that spreads in a layer."""

    name: Literal["exponential"] = "exponential"
    label: ClassVar[str] = "Exponential: scintillator screen"
    length: Length = Field(2.0, description="Distance over which it falls to 1/e.")

    def radial(self, r2: Floats) -> Floats:
        """Return ``exp(-r / length)``."""
        import numpy as np

        return np.asarray(np.exp(-np.sqrt(r2) / self.length))

    def reach(self) -> float:
        """Return the radius that holds 99.9 %."""
        return self.length * _exponential_radius(1 - ENERGY, self.dimensions)


@register("psf")
class MoffatPsf(Round):
    """``(1 + (r / width)^2)^-power``: a core with tails as heavy as the power is low.

    References
    ----------
    A. F. J. Moffat, Astron. Astrophys. 3, 1969, eq. (7).
    """

    name: Literal["moffat"] = "moffat"
    label: ClassVar[str] = "Moffat: core with adjustable tails"
    width: Length = Field(2.0, description="Scale of the core.")
    power: float = Field(
        3.0, ge=2.5, le=100, description="How steeply the tails fall; lower is heavier."
    )

    def radial(self, r2: Floats) -> Floats:
        """Return ``(1 + (r / width)^2)^-power``."""
        return (1 + r2 / self.width**2) ** -self.power

    def reach(self) -> float:
        """Return the radius that holds 99.9 % of the plane's energy, or of the volume's."""
        return self.width * _power_radius(1 - ENERGY, self.power, self.dimensions)


@register("psf")
class LorentzianPsf(Round):
    """The shape whose line spread is Lorentzian, ``(1 + (r / width)^2)^-(n + 1) / 2``.

    Its tails never end: at 99.9 % of its energy it would be 2000 widths large, so that the share
    of the energy that is kept is a parameter.
    """

    name: Literal["lorentzian"] = "lorentzian"
    label: ClassVar[str] = "Lorentzian: very wide tails"
    width: Length = Field(1.0, description="Half width at half maximum of its line spread.")
    energy: float = Field(
        0.98, ge=0.5, le=0.999, description="Share of the energy inside the array; more is larger."
    )

    def radial(self, r2: Floats) -> Floats:
        """Return ``(1 + (r / width)^2)^-(n + 1) / 2`` in n dimensions."""
        return (1 + r2 / self.width**2) ** (-(self.dimensions + 1) / 2)

    def reach(self) -> float:
        """Return the radius that holds the share of the energy."""
        power = (self.dimensions + 1) / 2
        return self.width * _power_radius(1 - self.energy, power, self.dimensions)


@register("psf")
class CoreTailPsf(Round):
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

    def radial(self, r2: Floats) -> Floats:
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


def _exponential_radius(missing: float, dimensions: int) -> float:
    """Return r at which all but `missing` of ``exp(-r)`` lies inside, in 2-D or 3-D."""
    r = 1.0
    while _exponential_outside(r, dimensions) > missing:
        r += 0.1
    return r


def _exponential_outside(r: float, dimensions: int) -> float:
    tail = 1 + r if dimensions == 2 else 1 + r + r**2 / 2
    return tail * math.exp(-r)


def _power_radius(missing: float, power: float, dimensions: int) -> float:
    """Return r at which all but `missing` of ``(1 + r^2)^-power`` lies inside, in 2-D or 3-D."""
    if dimensions == 2:
        return math.sqrt(missing ** (1 / (1 - power)) - 1)
    from scipy.special import betaincinv

    inside = float(betaincinv(1.5, power - 1.5, 1 - missing))
    return math.sqrt(inside / (1 - inside))
