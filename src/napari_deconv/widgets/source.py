"""What a run reads of a layer: the plane on display, and where its result belongs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv.core.units import PixelSize, canonical_unit

if TYPE_CHECKING:
    import numpy.typing as npt
    from napari.components import Dims
    from napari.layers import Image

    Region = tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class Source:
    """The 2-D plane of an image layer that the viewer shows.

    Attributes
    ----------
    layer : napari.layers.Image
        A grey-value layer of two axes or more.
    data : array_like
        Its data at full resolution; they may be lazy.
    axes : tuple of int
        The two axes of `data` that span the plane, in array order.
    index : tuple of int
        Where the plane lies along every axis; 0 along `axes`.
    """

    layer: Image
    data: Any
    axes: tuple[int, int]
    index: tuple[int, ...]

    @classmethod
    def of(cls, layer: Image, dims: Dims) -> Source:
        """Return the plane of a layer that the viewer's sliders show.

        Raises
        ------
        ValueError
            In one sentence, if the layer is RGB or has fewer than two axes.
        """
        if layer.rgb:
            raise ValueError(
                "The image is RGB, and colours are not restored: right-click its layer, choose "
                "Split RGB, and take the channel that you need."
            )
        data = layer.data[0] if layer.multiscale else layer.data
        ndim = len(data.shape)
        if ndim < 2:
            raise ValueError(f"The image has {ndim} axis; give a 2-D image or a stack.")
        missing = dims.ndim - ndim  # a layer's axes are the viewer's last ones
        shown = sorted(axis - missing for axis in dims.order[-2:])
        axes = (shown[0], shown[1]) if shown[0] >= 0 else (ndim - 2, ndim - 1)
        return cls(layer, data, axes, _index(layer, data.shape, axes, dims.point))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the plane."""
        first, second = self.axes
        return int(self.data.shape[first]), int(self.data.shape[second])

    @property
    def slice_index(self) -> tuple[int, ...]:
        """Where the plane lies along the other axes; empty for a plain image."""
        return tuple(i for axis, i in enumerate(self.index) if axis not in self.axes)

    @property
    def pixel_size(self) -> PixelSize | None:
        """Sides of a pixel along the plane's axes; None where the layer knows no length."""
        try:
            units = {canonical_unit(str(self.layer.units[axis])) for axis in self.axes}
        except ValueError:
            return None
        if len(units) > 1:
            return None
        sides = tuple(float(f"{self._side(axis):.9g}") for axis in self.axes)
        return PixelSize(sides[0] if sides[0] == sides[1] else sides, units.pop())

    def fetch(self) -> npt.NDArray[Any]:
        """Return the plane as an array; a lazy layer reads its file now."""
        where = tuple(slice(None) if axis in self.axes else i for axis, i in enumerate(self.index))
        return np.asarray(self.data[where])

    def companion(self, layer: Image | None, role: str, dims: Dims) -> Source | None:
        """Return the plane of a layer that goes with this one pixel by pixel; None without one.

        It lies where this plane does, also when the viewer shows another slice by now; the viewer
        says where along axes that this layer does not have.

        Raises
        ------
        ValueError
            In one sentence, if it has another shape.
        """
        if layer is None:
            return None
        plane = self._beside(Source.of(layer, dims), dims)
        if plane.shape != self.shape:
            raise ValueError(
                f"The {role} has shape {plane.shape}, the image {self.shape}; "
                f"choose a {role} of the same shape."
            )
        return plane

    def _beside(self, plane: Source, dims: Dims) -> Source:
        """Return a plane of a layer, moved to where this one lies."""
        shift = len(plane.index) - len(self.index)
        if self.axes[0] + shift < 0:
            return plane
        here = np.asarray(self.layer.data_to_world(self.index), float)
        point = np.concatenate(
            [np.asarray(dims.point, float)[: max(dims.ndim - here.size, 0)], here]
        )
        axes = (self.axes[0] + shift, self.axes[1] + shift)
        return replace(plane, axes=axes, index=_index(plane.layer, plane.data.shape, axes, point))

    def summary(self) -> str:
        """Return one quiet line: size, pixel, slice, resolution."""
        parts = [" × ".join(map(str, self.shape)) + " px"]
        if (size := self.pixel_size) is not None:
            parts.append(f"pixel {size}")
        if self.slice_index:
            others = [n for axis, n in enumerate(self.data.shape) if axis not in self.axes]
            places = ", ".join(f"{i} of {n}" for i, n in zip(self.slice_index, others, strict=True))
            parts.append(f"only the slice on display, {places} (from 0)")
        if self.layer.multiscale:
            parts.append("full resolution (level 0)")
        return " · ".join(parts)

    def placed(self, plane: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return a plane with the layer's other axes, of length 1."""
        others = tuple(axis for axis in range(len(self.index)) if axis not in self.axes)
        return np.expand_dims(plane, others)

    def place(self, region: Region | None) -> dict[str, Any]:
        """Return the arguments that lay a layer of (a region of) the plane over this one."""
        layer = self.layer
        origin = list(self.index)
        if region is not None:
            for axis, part in zip(self.axes, region, strict=True):
                origin[axis] = part.start
        return {
            "scale": layer.scale,
            "translate": layer.translate + self._moved(origin),
            "rotate": layer.rotate,
            "shear": layer.shear,
            "affine": layer.affine,
            "units": layer.units,
            "axis_labels": layer.axis_labels,
            "colormap": layer.colormap,
            "contrast_limits": layer.contrast_limits,
            "gamma": layer.gamma,
        }

    def over(self) -> dict[str, Any]:
        """Return the arguments that lay a 2-D layer over the plane, pixel on pixel."""
        layer, axes = self.layer, self.axes
        origin = np.asarray(layer.data_to_world(self.index))
        sides = np.array([self._side(axis) for axis in axes])
        affine = np.eye(3)
        for column, axis in enumerate(axes):
            step = list(self.index)
            step[axis] += 1
            along = np.asarray(layer.data_to_world(step)) - origin
            affine[:2, column] = along[list(axes)] / sides[column]
        affine[:2, 2] = origin[list(axes)]
        return {
            "scale": sides,
            "affine": affine,
            "units": [layer.units[axis] for axis in axes],
            "axis_labels": [layer.axis_labels[axis] for axis in axes],
        }

    def _moved(self, origin: list[int]) -> npt.NDArray[np.float64]:
        """Return how far an index lies from the first one, before the layer's affine acts."""
        before = layer_before_affine(self.layer, origin)
        return before - layer_before_affine(self.layer, [0] * len(origin))

    def _side(self, axis: int) -> float:
        step = [0] * len(self.index)
        zero = self.layer.data_to_world(step)
        step[axis] = 1
        return float(np.linalg.norm(np.subtract(self.layer.data_to_world(step), zero)))


def _index(
    layer: Image, shape: tuple[int, ...], axes: tuple[int, int], point: npt.ArrayLike
) -> tuple[int, ...]:
    """Return the index nearest to a point of the world; 0 along the axes of the plane."""
    nearest = np.rint(layer.world_to_data(point)).astype(int)
    index = [int(np.clip(i, 0, n - 1)) for i, n in zip(nearest, shape, strict=True)]
    return tuple(0 if axis in axes else i for axis, i in enumerate(index))


def layer_before_affine(layer: Image, index: list[int]) -> npt.NDArray[np.float64]:
    """Return where scale, shear, rotate and translate put an index, without the affine."""
    return np.asarray(layer.affine.inverse(np.asarray(layer.data_to_world(index))))
