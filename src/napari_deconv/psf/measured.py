"""A PSF given as an array, carried inside a recipe."""

from __future__ import annotations

import base64
import io
import zlib
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field

from napari_deconv.core.params import register
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
    data: str = Field(
        description="The array as an npy file, compressed (zlib) and written as base64."
    )

    @classmethod
    def of(cls, array: npt.ArrayLike) -> Self:
        """Return the choice that carries an array (stored as float32)."""
        import numpy as np

        file = io.BytesIO()
        np.save(file, np.asarray(array, dtype=np.float32), allow_pickle=False)
        return cls(data=base64.b64encode(zlib.compress(file.getvalue())).decode("ascii"))

    def kernel(self, pixel_size: PixelSize | None = None) -> npt.NDArray[np.float64]:
        """Return the array that the recipe carries.

        Raises
        ------
        ValueError
            If what the recipe carries is damaged.
        """
        import numpy as np

        try:
            file = io.BytesIO(zlib.decompress(base64.b64decode(self.data, validate=True)))
            array = np.load(file, allow_pickle=False)
        except (ValueError, zlib.error, EOFError, OSError):
            raise ValueError(
                "The PSF inside the recipe is damaged; choose the PSF again."
            ) from None
        return np.asarray(array, dtype=np.float64)
