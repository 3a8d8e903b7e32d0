"""What a run reads of a stack: every slice, one at a time, the one on display first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv.core.scale import judged
from napari_deconv.widgets.source import Source

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_deconv.widgets.source import Region


@dataclass(frozen=True, eq=False)
class StackSource(Source):
    """All planes of a layer along its other axes; lazy data are read a plane at a time.

    Attributes
    ----------
    shown : int
        Which of them is on display.
    """

    shown: int = 0

    @classmethod
    def around(cls, source: Source) -> StackSource:
        """Return all planes that are parallel to one."""
        sides = tuple(n for axis, n in enumerate(source.data.shape) if axis not in source.axes)
        shown = int(np.ravel_multi_index(source.slice_index, sides))
        zero = (0,) * len(source.index)
        return cls(source.layer, source.data, source.axes, zero, shown)

    @property
    def others(self) -> tuple[int, ...]:
        """Sides of the stack along the axes that are not the plane's."""
        return tuple(int(n) for axis, n in enumerate(self.data.shape) if axis not in self.axes)

    @property
    def count(self) -> int:
        """Number of slices."""
        return int(np.prod(self.others))

    @property
    def slice_index(self) -> tuple[int, ...]:
        """Nothing: it is no single plane."""
        return ()

    def plane(self, number: int) -> npt.NDArray[Any]:
        """Return a slice as an array; a lazy layer reads its file now."""
        places = iter(np.unravel_index(number, self.others))
        where = tuple(
            slice(None) if axis in self.axes else int(next(places))
            for axis in range(len(self.index))
        )
        return np.asarray(self.data[where])

    def fetch(self) -> npt.NDArray[Any]:
        """Return the slices that the stack is judged by, as a scan on disk is."""
        return np.stack([self.plane(i) for i in judged(self.count)])

    def blank(self, region: Region | None) -> npt.NDArray[np.float32]:
        """Return an array for the result, of the layer's axes, NaN where nothing is known yet."""
        sides = list(self.data.shape)
        if region is not None:
            for axis, part in zip(self.axes, region, strict=True):
                sides[axis] = part.stop - part.start
        return np.full(sides, np.nan, np.float32)

    def taken(self, array: npt.NDArray[np.float32], number: int) -> npt.NDArray[np.float32]:
        """Return the view of a slice in an array as `blank` returns it."""
        view = np.moveaxis(array, self.axes, (-2, -1))
        taken: npt.NDArray[np.float32] = view[np.unravel_index(number, self.others)]
        return taken

    def summary(self) -> str:
        """Return one quiet line: size, pixel, slices, resolution."""
        parts = [" × ".join(map(str, self.shape)) + " px"]
        if (size := self.pixel_size) is not None:
            parts.append(f"pixel {size}")
        parts.append(f"all {self.count} slices, from {self.shown} on")
        if self.layer.multiscale:
            parts.append("full resolution (level 0)")
        return " · ".join(parts)
