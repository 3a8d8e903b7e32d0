"""See the image layers of a viewer as planes that a line can be drawn over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from napari.layers import Image

from napari_deconv.evidence.profile import pixel_along
from napari_deconv.widgets.bands import bands_of
from napari_deconv.widgets.layer_choice import METADATA

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer
    from numpy.typing import NDArray

    from napari_deconv.evidence.band import Band

Role = Literal["reference", "input", "result"]

UNKNOWN_UNITS = ("pixel", "dimensionless", "")
"""What napari calls the unit of a layer that knows none."""


@dataclass(frozen=True, eq=False)
class Plane:
    """The part of an image layer that lies in the plane on display.

    Attributes
    ----------
    layer : napari.layers.Image
        The layer, as a key to colours and figures; never read from a worker.
    name : str
        Its name.
    role : {"reference", "input", "result"}
        What it is compared as.
    data : array_like
        The whole array of the layer at full resolution; it may be lazy.
    index : tuple of int
        Where the plane lies along the leading axes of `data`.
    world_to_data : ndarray, (3, 3)
        Affine map from (y, x, 1) in the world to (row, column, 1).
    unit : str or None
        Unit of the world along both axes; None where the layer knows none.
    version : int
        Changes whenever the layer's data do.
    bands : tuple of Band
        That the layer lies in.
    """

    layer: Image
    name: str
    role: Role
    data: Any
    index: tuple[int, ...]
    world_to_data: NDArray[np.float64]
    unit: str | None
    version: int
    bands: tuple[Band, ...] = ()

    @property
    def key(self) -> tuple[int, int, tuple[int, ...]]:
        """What tells these pixels from all others."""
        return id(self.layer), self.version, self.index

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        height, width = self.data.shape[-2:]
        return int(height), int(width)

    def crossed_by(self, line: NDArray[np.float64]) -> bool:
        """Return whether a line runs over the plane for more than a pixel or two."""
        part = np.linspace(0.0, 1.0, 513)[:, None]
        world = line[0] + part * (line[1] - line[0])
        data = world @ self.world_to_data[:2, :2].T + self.world_to_data[:2, 2]
        inside = np.all((data >= -0.5) & (data <= np.array(self.shape) - 0.5), axis=1)
        return int(inside.sum()) > 1

    def pixel(self, direction: NDArray[np.float64]) -> float:
        """Return the length of a pixel in a direction of the world."""
        return pixel_along(self.world_to_data, direction)

    def read(self) -> NDArray[Any]:
        """Return the pixels; of a lazy array only this plane is computed."""
        return np.asarray(self.data[self.index])


def visible_planes(
    viewer: ViewerModel, reference: Layer | None, version: Callable[[Layer], int]
) -> tuple[list[Plane], list[str]]:
    """Return what the viewer shows as planes, and why the rest is left out.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
        The viewer; its last two axes are the plane.
    reference : napari.layers.Layer or None
        The layer that all others are compared with; it counts even if it is hidden.
    version : callable
        Gives the version of a layer's data.

    Returns
    -------
    planes : list of Plane
        In the order of the layer list.
    left_out : list of str
        Name and reason for each visible image layer that is not among them.
    """
    planes, left_out = [], []
    for layer in viewer.layers:
        if not isinstance(layer, Image) or not (layer.visible or layer is reference):
            continue
        placed = "RGB" if layer.rgb else _place(viewer, layer)
        if isinstance(placed, str):
            left_out.append(f"{layer.name} ({placed})")
        elif placed is not None:
            role = _role(layer, reference)
            planes.append(_plane(layer, role, placed, (_unit(viewer, layer), version(layer))))
    return planes, left_out


def shows_plane(viewer: ViewerModel) -> bool:
    """Return whether the viewer displays the plane of its last two axes."""
    last = {viewer.dims.ndim - 2, viewer.dims.ndim - 1}
    return viewer.dims.ndisplay == 2 and set(viewer.dims.displayed) == last


def units_per_layer_unit(viewer: ViewerModel, layer: Layer) -> NDArray[np.float64]:
    """Return, for each axis of a layer, how many of its units one unit of the world is.

    napari draws layers of different units of length in one world, and leaves the units alone
    where they don't fit each other.
    """
    world = getattr(viewer.dims, "units", None)
    if world is None or len(world) < layer.ndim:
        return np.ones(layer.ndim)
    pairs = zip(world[-layer.ndim :], layer.units, strict=True)
    return np.array([float((1.0 * there).m_as(here)) for there, here in pairs])


def common_unit(planes: Sequence[Plane]) -> str | None:
    """Return the unit that all planes with a unit share, or None."""
    known = {plane.unit for plane in planes if plane.unit is not None}
    return known.pop() if len(known) == 1 else None


def _role(layer: Layer, reference: Layer | None) -> Role:
    if layer is reference:
        return "reference"
    return "result" if METADATA in layer.metadata else "input"


def _plane(
    layer: Image,
    role: Role,
    placed: tuple[tuple[int, ...], NDArray[np.float64]],
    known: tuple[str | None, int],
) -> Plane:
    data = layer.data[0] if layer.multiscale else layer.data
    index, world_to_data = placed
    unit, version = known
    return Plane(
        layer, layer.name, role, data, index, world_to_data, unit, version, bands_of(layer)
    )


def _place(
    viewer: ViewerModel, layer: Image
) -> tuple[tuple[int, ...], NDArray[np.float64]] | str | None:
    """Return index and map of the plane; a reason against it, or None where it has no slice."""
    factors = units_per_layer_unit(viewer, layer)

    def to_data(y: float, x: float) -> NDArray[np.float64]:
        world = np.array([*viewer.dims.point[:-2], y, x], np.float64)
        world = np.concatenate([np.zeros(max(0, layer.ndim - world.size)), world])
        return np.asarray(layer.world_to_data(world[-layer.ndim :] * factors), np.float64)

    origin, down, right = to_data(0, 0), to_data(1, 0), to_data(0, 1)
    linear = np.stack([down - origin, right - origin], axis=1)
    if np.abs(linear[:-2]).max(initial=0.0) > 1e-6 * np.abs(linear[-2:]).max():
        return "tilted out of the plane"
    index = tuple(int(i) for i in np.round(origin[:-2]))
    if any(not 0 <= i < n for i, n in zip(index, _leading(layer), strict=True)):
        return None
    affine = np.eye(3)
    affine[:2, :2], affine[:2, 2] = linear[-2:], origin[-2:]
    return index, affine


def _leading(layer: Image) -> tuple[int, ...]:
    data = layer.data[0] if layer.multiscale else layer.data
    return tuple(data.shape[:-2])


def _unit(viewer: ViewerModel, layer: Image) -> str | None:
    world = getattr(viewer.dims, "units", None)
    units = layer.units if world is None or len(world) < 2 else world
    across, along = units[-2:]
    return None if across != along or str(along) in UNKNOWN_UNITS else f"{along:~}"
