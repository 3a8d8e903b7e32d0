"""What a run reads of a burst: one axis of a stack, or several layers, as frames of one scene."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv.widgets.source import Source

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_deconv.widgets.source import Region


@dataclass(frozen=True, eq=False)
class BurstSource(Source):
    """Frames of one scene, which become one picture over the plane of a layer.

    Attributes
    ----------
    axis : int or None
        Axis of `data` along which the frames lie; None if each is a layer's plane.
    planes : tuple of Source
        The planes of several layers, of one shape.
    """

    axis: int | None = None
    planes: tuple[Source, ...] = ()

    @classmethod
    def along(cls, source: Source, axis: int) -> BurstSource:
        """Return the frames along an axis of a stack, the plane's other axes as displayed."""
        return cls(source.layer, source.data, source.axes, source.index, axis)

    @classmethod
    def across(cls, source: Source, planes: tuple[Source, ...]) -> BurstSource:
        """Return the planes of several layers as frames; the result belongs to `source`."""
        return cls(source.layer, source.data, source.axes, source.index, None, planes)

    @property
    def frames(self) -> int:
        """Number of frames."""
        return len(self.planes) if self.axis is None else int(self.data.shape[self.axis])

    @property
    def slice_index(self) -> tuple[int, ...]:
        """Where the frames lie along the axes that are neither the plane's nor the burst's."""
        taken = (*self.axes, self.axis)
        return tuple(i for axis, i in enumerate(self.index) if axis not in taken)

    @property
    def key(self) -> tuple[Any, ...]:
        """What the frames are; another value where they have to be looked at again."""
        if self.axis is None:
            return tuple((id(plane.data), plane.index) for plane in self.planes)
        return id(self.data), self.axis, self.axes, self.slice_index

    def fetch(self) -> npt.NDArray[Any]:
        """Return the frames as an array of shape (N, H, W)."""
        if self.axis is None:
            return np.stack([plane.fetch() for plane in self.planes])
        kept = sorted((*self.axes, self.axis))
        where = tuple(slice(None) if axis in kept else i for axis, i in enumerate(self.index))
        return np.moveaxis(np.asarray(self.data[where]), kept.index(self.axis), 0)

    def summary(self) -> str:
        """Return one quiet line: size, frames, pixel."""
        parts = [f"{' × '.join(map(str, self.shape))} px", f"{self.frames} frames of one scene"]
        if (size := self.pixel_size) is not None:
            parts.append(f"pixel {size}")
        return " · ".join(parts)

    def placed(self, plane: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the result as it is where it can lie under every frame, else on the one shown."""
        return plane if self._flat else super().placed(plane)

    def place(self, region: Region | None) -> dict[str, Any]:
        """Return the arguments that lay a layer of (a region of) the result over the frames."""
        whole = super().place(region)
        if not self._flat:
            return whole
        layer, two = self.layer, slice(-2, None)
        whole["units"], whole["axis_labels"] = layer.units[two], layer.axis_labels[two]
        origin = [0, *(part.start for part in region)] if region is not None else [0, 0, 0]
        corner = np.asarray(layer.data_to_world(origin))
        sides = [np.asarray(layer.data_to_world(np.add(origin, step))) - corner for step in STEPS]
        linear = np.stack([side[two] for side in sides], axis=1)
        for name in ("rotate", "shear", "affine"):
            del whole[name]
        if np.allclose(linear, np.diag(np.diag(linear))):
            return {**whole, "scale": np.diag(linear), "translate": corner[two]}
        affine = np.eye(3)
        affine[:2, :2], affine[:2, 2] = linear, corner[two]
        return {**whole, "scale": None, "translate": None, "affine": affine}

    @property
    def _flat(self) -> bool:
        """Whether the result is a picture of two axes, which napari shows with every frame."""
        return self.axis == 0 and self.axes == (1, 2) and len(self.index) == 3


STEPS = ([0, 1, 0], [0, 0, 1])
"""From one pixel of a plane to the next, down and to the right."""
