"""A stack in a TIFF or BigTIFF, read page by page through tifffile."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_deconv import tiff
from napari_deconv.scans.mapped import Mapped
from napari_deconv.scans.scan import Scan, native


@dataclass(frozen=True)
class TiffStack(Scan):
    """Pages of a TIFF, a slice each, packed or in tiles."""

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return some slices."""
        import tifffile

        try:
            with tifffile.TiffFile(self.path) as file:
                pages = file.series[0].pages[start:stop]
                array = np.stack([page.asarray() for page in pages if page is not None])
        except (
            Exception
        ) as error:  # damaged pages make tifffile and its codecs raise nearly anything
            reason = str(error).splitlines()[0][:120].rstrip(".") if str(error) else "damaged"
            raise ValueError(
                f"Slices {start} to {stop - 1} of {self.path.name} can't be read: {reason}."
            ) from None
        return native(array.reshape(stop - start, *self.shape[1:]))


def of_tiff(path: Path) -> Scan | None:
    """Return a TIFF of three axes as a scan; None if it has others."""
    found = tiff.outline(path)
    if len(found.shape) != 3 or found.dtype.kind not in "buif":
        return None
    shape = (found.shape[0], found.shape[1], found.shape[2])
    dtype = found.dtype.newbyteorder("=")
    if found.offset is not None:
        return Mapped(path, shape, dtype, found.size, found.metadata, found.offset, found.dtype.str)
    import tifffile

    with tifffile.TiffFile(path) as file:
        pages = file.series[0].pages
        plane = pages.keyframe.size if len(pages) == shape[0] else 0
        if plane != shape[1] * shape[2]:
            return None  # colour planes and the like: read as a whole
    return TiffStack(path, shape, dtype, found.size, found.metadata)
