"""Results as OME-Zarr: a chunk a slice, each written as a file of its own in one step."""

from __future__ import annotations

import shutil
from typing import Any

import numpy.typing as npt

from napari_deconv.scans.scan import Scan
from napari_deconv.scans.sink import Sink
from napari_deconv.scans.zarr_scan import of_zarr, opened

LARGEST_CHUNK = 2048
"""Rows and columns of the largest chunk: 16 MiB of float32."""
NAMES = {
    "nm": "nanometer",
    "um": "micrometer",
    "mm": "millimeter",
    "cm": "centimeter",
    "m": "meter",
    "in": "inch",
}
"""Units as OME-Zarr spells them."""
PLACE = "0"
"""Name of the array in the image."""


class ZarrStore(Sink):
    """An OME-Zarr 0.4 image of one level, which most viewers read."""

    def lay_out(self) -> None:
        """Write the metadata; chunks come as they are computed."""
        import zarr

        if self.part.is_dir():
            shutil.rmtree(self.part)
        group = zarr.open_group(str(self.part), mode="w", zarr_format=2)
        group.attrs["multiscales"] = [self._image()]
        group.attrs["napari-deconv"] = {"recipe": self.recipe}
        group.create_array(
            PLACE,
            shape=self.shape,
            chunks=(1, *(min(n, LARGEST_CHUNK) for n in self.shape[1:])),
            dtype=self.stored,
            chunk_key_encoding={"name": "v2", "separator": "/"},
            fill_value=0,
        )
        opened.cache_clear()

    def write(self, start: int, planes: npt.NDArray[Any]) -> None:
        """Write slices from an index on."""
        import zarr

        array = zarr.open_array(str(self.part), path=PLACE, mode="r+")
        array[start : start + len(planes)] = planes

    def grown(self) -> Scan:
        """Return what has been written as a scan."""
        found = of_zarr(self.part)
        assert found is not None
        return found

    def _image(self) -> dict[str, Any]:
        """Return OME-Zarr's description of axes and pixel size."""
        axes: list[dict[str, str]] = [{"name": axis, "type": "space"} for axis in "zyx"]
        scale = [1.0, 1.0, 1.0]
        if self.size is not None:
            scale[1:] = self.size.along(2, self.size.unit)
            for axis in axes[1:]:
                axis["unit"] = NAMES[self.size.unit]
        transformed = [{"type": "scale", "scale": scale}]
        level = {"path": PLACE, "coordinateTransformations": transformed}
        return {"version": "0.4", "name": self.target.stem, "axes": axes, "datasets": [level]}
