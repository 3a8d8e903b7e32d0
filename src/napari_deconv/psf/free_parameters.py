"""The few parameters of a PSF that can be refined: lengths, shares and angles of any shape."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from napari_deconv.psf.composed import Composed
from napari_deconv.psf.kernel_spread import FinePsf
from napari_deconv.psf.sampling import Psf, Round, Sampled
from napari_deconv.psf.spread_curves import crossing

if TYPE_CHECKING:
    from napari_deconv.core.units import PixelSize

Floats = npt.NDArray[np.float64]

KNOWN = (
    *("power", "energy", "source_object", "source_detector", "detector_pixel"),
    *("sigma_depth", "depth", "dimensions"),
)
"""Fields that a data sheet or a choice fixes, or that a plane does not show."""
SCALE = "scale"
"""The one parameter of an array: how much wider it is than it was."""
FINEST, COARSEST = 15, 3
"""Samples along a pixel by which a shape is integrated."""
ENOUGH = 24.0
"""Samples along the width of a shape that are enough."""

FINE = np.linspace(0, 2, 801)
"""Frequencies among which MTF50 is looked for, in cycles per pixel."""
SPLINE = 7
"""Samples along a pixel that are interpolated in an array."""

Kind = Literal["length", "share", "angle"]


class Parameter(NamedTuple):
    """A parameter: where in the PSF's plain data it is, what it is, its value and unit."""

    path: tuple[str, ...]
    kind: Kind
    value: float
    unit: str

    @property
    def name(self) -> str:
        """Its name as figures show it."""
        return " ".join(self.path)

    def moved(self, step: float) -> float:
        """Return its value after a step: of a logarithm, or of an angle in radians."""
        if self.kind == "angle":
            return (self.value + math.degrees(step) + 180) % 360 - 180
        most = 0.95 if self.kind == "share" else 9_999.0
        return min(self.value * math.exp(step), most)


@dataclass(frozen=True)
class FreePsf:
    """A PSF whose parameters may move.

    Attributes
    ----------
    psf : Psf
        As it stands.
    pixel_size : PixelSize or None
        Of the image, for shapes in a unit of length.
    scale : float
        Of an array, how much wider it was made.
    """

    psf: Psf
    pixel_size: PixelSize | None = None
    scale: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what has no plane.

        Raises
        ------
        ValueError
            In one sentence, if it is a volume.
        """
        axes = self.psf.axes() if isinstance(self.psf, Sampled) else self._array().ndim
        if axes != 2:
            raise ValueError("A PSF is refined on a picture of 2 axes; give one of 2 dimensions.")

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """What may move."""
        if not isinstance(self.psf, Sampled):
            return (Parameter((SCALE,), "length", self.scale, ""),)
        return tuple(_parameters(self.psf.plain(), ()))

    def moved(self, steps: Floats) -> FreePsf:
        """Return it after a step of each parameter."""
        values = [p.moved(float(s)) for p, s in zip(self.parameters, steps, strict=True)]
        if not isinstance(self.psf, Sampled):
            return FreePsf(self.psf, self.pixel_size, values[0])
        plain = self.psf.plain()
        for parameter, value in zip(self.parameters, values, strict=True):
            _put(plain, parameter.path, value)
        return FreePsf(type(self.psf)(**plain), self.pixel_size)

    def steps_to(self, other: FreePsf) -> Floats:
        """Return the steps that lead to another PSF of the same shape."""
        return np.array(
            [
                math.remainder(math.radians(there.value - here.value), math.pi)
                if here.kind == "angle"
                else math.log(there.value / here.value)
                for here, there in zip(self.parameters, other.parameters, strict=True)
            ]
        )

    @property
    def round(self) -> bool:
        """Whether it is the same in every direction; an array's shape does not change."""
        return not isinstance(self.psf, Sampled) or (_is_round(self.psf) and self._square)

    @property
    def width(self) -> float:
        """Sigma of a Gaussian of the same MTF50 in the mean of all directions, in pixels."""
        psf = self.fine()
        places, line = psf.line()
        half = crossing(FINE, np.cos(2 * np.pi * np.outer(FINE, places)) @ line, 0.5)
        return float(np.sqrt(np.log(2) / 2) / np.pi / half)

    def wider(self, step: float) -> FreePsf:
        """Return it with all lengths multiplied by the exponential of a step."""
        kinds = [parameter.kind for parameter in self.parameters]
        return self.moved(np.array([step if kind == "length" else 0.0 for kind in kinds]))

    def fine(self) -> FinePsf:
        """Return samples finer than its pixels."""
        if not isinstance(self.psf, Sampled):
            fine = _between_pixels(self._array())
            return FinePsf(fine, self.scale / SPLINE, 0, round=False)
        halves = self.psf.halves(self.pixel_size)
        times = int(np.clip(ENOUGH / max(min(halves), 1), COARSEST, FINEST)) // 2 * 2 + 1
        samples = self.psf.samples(self.pixel_size, times)
        return FinePsf(samples, 1 / times, 1, round=self.round)

    def finished(self) -> Psf:
        """Return the PSF as a choice; an array is resampled by its scale."""
        from napari_deconv.psf.measured import MeasuredPsf

        if isinstance(self.psf, Sampled) or self.scale == 1.0:
            return self.psf
        return MeasuredPsf.of(_stretched(self._array(), self.scale))

    @property
    def _square(self) -> bool:
        return self.pixel_size is None or not isinstance(self.pixel_size.value, tuple)

    def _array(self) -> Floats:
        """Return the array, odd-sized, with its centroid in the middle."""
        from napari_deconv.psf.kernel import understand

        array = np.asarray(self.psf.kernel(self.pixel_size), float)
        if array.ndim != 2:
            return array
        return np.asarray(understand(array, "centroid").array, float)


def _parameters(plain: dict[str, Any], path: tuple[str, ...]) -> list[Parameter]:
    """Return what may move in a shape's plain data, and in the shapes that it holds."""
    from napari_deconv.core.params import from_plain

    cls = type(from_plain("psf", plain))
    found: list[Parameter] = []
    unit = str(plain.get("unit", "px"))
    for name, field in cls.parameters().items():
        value = plain[name]
        if isinstance(value, dict):
            found += _parameters(value, (*path, name))
        elif name in KNOWN or not isinstance(value, float):
            continue
        elif (field.json_schema_extra or {}).get("unit") == "degrees":
            found.append(Parameter((*path, name), "angle", value, "°"))
        elif value == 0:  # has no logarithm: what was left out stays so
            continue
        elif any(getattr(limit, "lt", None) == 1 for limit in field.metadata):
            found.append(Parameter((*path, name), "share", value, ""))
        else:
            found.append(Parameter((*path, name), "length", value, unit))
    return found


def _put(plain: dict[str, Any], path: tuple[str, ...], value: float) -> None:
    for name in path[:-1]:
        plain = plain[name]
    plain[path[-1]] = value


def _is_round(psf: Psf) -> bool:
    """Return whether a shape is the same in every direction."""
    if isinstance(psf, Composed):
        return all(_is_round(part) for part in psf.parts())
    return isinstance(psf, Round)


def _between_pixels(array: Floats) -> Floats:
    """Return an array with `SPLINE` samples along each pixel, by cubic splines, of sum 1."""
    from scipy.ndimage import map_coordinates

    around = np.pad(array, 1)
    places = [
        (np.arange(n * SPLINE) - (n * SPLINE - 1) / 2) / SPLINE + (n - 1) / 2 for n in around.shape
    ]
    fine = map_coordinates(around, np.meshgrid(*places, indexing="ij"), order=3)
    return np.asarray(fine / fine.sum())


def _stretched(array: Floats, scale: float) -> Floats:
    """Return an array made wider around its middle, of sum 1, on as many pixels as it needs."""
    from scipy.ndimage import map_coordinates

    halves = [int(np.ceil((n - 1) / 2 * scale)) for n in array.shape]
    places = np.meshgrid(
        *(
            np.arange(-half, half + 1) / scale + (n - 1) / 2
            for half, n in zip(halves, array.shape, strict=True)
        ),
        indexing="ij",
    )
    wider = map_coordinates(array, places, order=3, mode="constant")
    return np.asarray(wider / wider.sum())
