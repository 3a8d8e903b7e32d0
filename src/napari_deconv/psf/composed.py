"""PSFs made of others: one blur after another, and the X-ray system of spot and detector."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from napari_deconv.core.params import OneOf, register
from napari_deconv.psf.directed import RectanglePsf
from napari_deconv.psf.sampling import Length, Psf, Sampled, Unit
from napari_deconv.psf.shapes import DiskPsf, GaussianPsf

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from napari_deconv.core.units import PixelSize

    Floats = npt.NDArray[np.float64]


class Composed(Sampled):
    """The convolution of several PSFs."""

    def parts(self) -> list[Sampled]:
        """Return what is convolved, two PSFs or more."""
        raise TypeError(f"{type(self).__name__} does not say what it is made of.")

    def axes(self) -> int:
        """Return the number of axes of its parts."""
        return self.parts()[0].axes()

    def halves(self, pixel_size: PixelSize | None) -> list[int]:
        """Return the sum of what the parts reach, and one pixel for each convolution."""
        each = [part.halves(pixel_size) for part in self.parts()]
        return [sum(halves) + len(each) - 1 for halves in zip(*each, strict=True)]

    def samples(self, pixel_size: PixelSize | None, times: int) -> Floats:
        """Return the convolution of the parts' samples, which averages over the pixel once."""
        import numpy as np
        from scipy.signal import fftconvolve

        first, *others = (part.samples(pixel_size, times) for part in self.parts())
        for other in others:
            first = np.pad(fftconvolve(first, other), (times + 1) // 2)
        first = first.clip(min=0)
        return np.asarray(first / first.sum())


@register("psf")
class ConvolvedPsf(Composed):
    """One blur after another: ``first * second``."""

    name: Literal["convolved"] = "convolved"
    label: ClassVar[str] = "Convolved: one blur after another"
    first: Annotated[Psf, OneOf("psf")] = Field(DiskPsf(), description="The one blur.")
    second: Annotated[Psf, OneOf("psf")] = Field(GaussianPsf(), description="The other blur.")

    @model_validator(mode="after")
    def _can_be_convolved(self) -> Self:
        for part in (self.first, self.second):
            if not isinstance(part, Sampled):
                raise ValueError(
                    f"The PSF {part.key()!r} is an array, which is not convolved with a shape "
                    "in a recipe; convolve the arrays and give the result."
                )
        if len({part.axes() for part in self.parts()}) > 1:
            raise ValueError("The two PSFs must have as many dimensions; make both 2-D or 3-D.")
        return self

    def parts(self) -> list[Sampled]:
        """Return both."""
        return [part for part in (self.first, self.second) if isinstance(part, Sampled)]


@register("psf")
class XraySystemPsf(Composed):
    """Focal spot, magnification and detector: what a data sheet tells.

    With m = source_detector / source_object, a point of the object throws an image of the spot
    (m - 1) times as large as the spot on the detector, where the detector's own blur is added.
    In the object's plane both are m times smaller. One pixel of the image is one of the detector.

    References
    ----------
    A. Macovski, "Medical Imaging Systems", Prentice-Hall, 1983, sec. 4.2.
    """

    name: Literal["xray-system"] = "xray-system"
    label: ClassVar[str] = "X-ray system: spot and detector"
    spot: Length = Field(0.4, description="Size of the focal spot (EN 12543): its full width.")
    spot_shape: Literal["disk", "gaussian", "square"] = Field(
        "disk", description="Its shape; of a gaussian, the size is the full width at half maximum."
    )
    source_object: Length = Field(
        500.0, title="To object", description="From the focal spot to the object."
    )
    source_detector: Length = Field(
        1000.0, title="To detector", description="From the focal spot to the detector."
    )
    detector_pixel: Length = Field(0.2, title="Pixel", description="Pixel of the detector.")
    detector_blur: float = Field(
        0.2,
        ge=0,
        le=10_000,
        title="Sensor blur",
        description="Full width at half maximum of the detector's blur beside its pixel's.",
    )
    unit: Unit = Field("mm", description="Unit of all of these lengths.")

    @model_validator(mode="after")
    def _object_before_detector(self) -> Self:
        if self.source_object > self.source_detector:
            raise ValueError(
                "The object lies between source and detector: source_object must not be more "
                "than source_detector."
            )
        if self.unit == "px":
            raise ValueError("The X-ray system is given in a length such as mm, not in px.")
        return self

    @property
    def magnification(self) -> float:
        """Source-detector distance over source-object distance, 1 or more."""
        return self.source_detector / self.source_object

    def parts(self) -> list[Sampled]:
        """Return spot and detector blur in pixels of the detector."""
        spot = max(self.spot * (self.magnification - 1) / self.detector_pixel, POINT)
        blur = max(self.detector_blur / self.detector_pixel / FWHM, POINT)
        shapes: dict[str, Sampled] = {
            "disk": DiskPsf(radius=spot / 2),
            "gaussian": GaussianPsf(sigma=spot / FWHM),
            "square": RectanglePsf(length=spot, width=spot),
        }
        return [shapes[self.spot_shape], GaussianPsf(sigma=blur)]


FWHM = 2.354820
"""Full width at half maximum of a Gaussian, in sigmas."""
POINT = 0.02
"""Width in pixels that is as good as none: a spot or blur of size 0 is no shape."""
