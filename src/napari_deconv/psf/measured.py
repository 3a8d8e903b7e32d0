"""A PSF given as an array, carried inside a recipe."""

from __future__ import annotations

import base64
import io
import zlib
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, field_validator

from napari_deconv.core.params import register
from napari_deconv.core.units import parse_pixel_size
from napari_deconv.psf.checks import alike
from napari_deconv.psf.sampling import Psf

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from napari_deconv.core.units import PixelSize


@register("psf")
class MeasuredPsf(Psf):
    """An array: measured, or drawn up elsewhere."""

    name: Literal["measured"] = "measured"
    label: ClassVar[str] = "Measured: an array"
    stored: ClassVar[bool] = True
    data: str = Field(
        description="The array as an npy file, compressed (zlib) and written as base64."
    )
    pixel_size: str | None = Field(
        None,
        description="Pixel size that it is sampled at, such as '5 um': it is resampled to the "
        "image's; none if it has the image's pixels.",
    )

    @field_validator("pixel_size")
    @classmethod
    def _is_a_size(cls, value: str | None) -> str | None:
        return str(parse_pixel_size(value)) if value else None  # an empty field of a form is none

    @classmethod
    def of(cls, array: npt.ArrayLike, pixel_size: str | None = None) -> Self:
        """Return the choice that carries an array (stored as float32)."""
        return cls(data=packed(array), pixel_size=pixel_size)

    def kernel(self, pixel_size: PixelSize | None = None) -> npt.NDArray[np.float64]:
        """Return the array; where it states its own pixel size, resampled to the image's.

        Raises
        ------
        ValueError
            If it states its own pixel size and the image's is not known, or it is damaged.
        """
        from napari_deconv.psf.resampling import resampled

        array = self.array()
        if self.pixel_size is None:
            return array
        if pixel_size is None:
            raise ValueError(
                f"The PSF is sampled at {self.pixel_size}, but the pixel size of the image is not "
                "known; give it (for instance '0.1 mm'), or leave out the PSF's."
            )
        own = parse_pixel_size(self.pixel_size)
        same = alike(own, pixel_size, array.ndim)
        return array if same else resampled(array, own, pixel_size)

    def remarks(self, pixel_size: PixelSize | None) -> tuple[str, ...]:
        """Say so if it is resampled."""
        if self.pixel_size is None or pixel_size is None:
            return ()
        own = parse_pixel_size(self.pixel_size)
        if alike(own, pixel_size, self.array().ndim):
            return ()
        return (f"The PSF was resampled from {own} to the image's {pixel_size}.",)

    def array(self) -> npt.NDArray[np.float64]:
        """Return the array that the recipe carries.

        Raises
        ------
        ValueError
            If what the recipe carries is damaged.
        """
        return unpacked(self.data)


def packed(array: npt.ArrayLike) -> str:
    """Return an array as text: an npy file of float32, compressed, as base64."""
    import numpy as np

    file = io.BytesIO()
    np.save(file, np.asarray(array, dtype=np.float32), allow_pickle=False)
    return base64.b64encode(zlib.compress(file.getvalue())).decode("ascii")


def unpacked(data: str) -> npt.NDArray[np.float64]:
    """Return the array of such a text.

    Raises
    ------
    ValueError
        In one sentence, if it is damaged.
    """
    import numpy as np

    try:
        file = io.BytesIO(zlib.decompress(base64.b64decode(data, validate=True)))
        array = np.load(file, allow_pickle=False)
    except (ValueError, zlib.error, EOFError, OSError):
        raise ValueError("The PSF inside the recipe is damaged; choose the PSF again.") from None
    return np.asarray(array, dtype=np.float64)
