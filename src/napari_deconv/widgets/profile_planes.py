"""See the image layers of a viewer as planes that a line can be drawn over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from napari.layers import Image

from napari_deconv.evidence.stroke import pixel_along
from napari_deconv.widgets.bands import bands_of
from napari_deconv.widgets.layer_choice import MAP, METADATA
from napari_deconv.widgets.profile_recipe import Made, made

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer
    from numpy.typing import NDArray

    from napari_deconv.evidence.band import Band

Role = Literal["reference", "input", "result", "reblurred"]

CROSSINGS = 512
"""Places on each leg of a path at which it is asked whether it runs over a plane."""

UNKNOWN_UNITS = ("pixel", "dimensionless", "")
"""What napari calls the unit of a layer that knows none."""


class PlaneKey(NamedTuple):
    """What tells the pixels of a plane from all others: layer, version of its data, slice."""

    layer: int
    version: int
    place: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Plane:
    """The part of an image layer that lies in the plane on display.

    Attributes
    ----------
    layer : napari.layers.Image
        The layer, as a key to colours and figures; never read from a worker.
    name : str
        Its name.
    role : {"reference", "input", "result", "reblurred"}
        What it is compared as; a re-blurred plane is a result blurred with its PSF again.
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
    made : Made or None
        How a result was made.
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
    made: Made | None = None
    bands: tuple[Band, ...] = ()

    @property
    def key(self) -> PlaneKey:
        """What tells these pixels from all others."""
        return PlaneKey(id(self.layer), self.version, self.index)

    @property
    def curve(self) -> tuple[Image, bool]:
        """What tells its curves from those of other planes, while its pixels change."""
        return self.layer, self.role == "reblurred"

    @property
    def shown(self) -> tuple[Any, ...]:
        """What tells it, as its curves are drawn, from any other."""
        made = None if self.made is None else (self.made.key, self.made.source)
        place = self.world_to_data.tobytes(), self.unit, self.shape
        return self.key, self.name, self.role, made, self.bands, place

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        height, width = self.data.shape[-2:]
        return int(height), int(width)

    def crossed_by(self, path: NDArray[np.float64]) -> bool:
        """Return whether a path runs over the plane for more than a pixel or two."""
        corners = self._holds(path)
        if np.any(corners[:-1] & corners[1:]):
            return True
        share = np.linspace(0.0, 1.0, CROSSINGS, endpoint=False)[:, None]
        world = (path[:-1, None] + share * (path[1:, None] - path[:-1, None])).reshape(-1, 2)
        return int(self._holds(np.concatenate([world, path[-1:]])).sum()) > 1

    def _holds(self, world: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which places of the world lie on the plane."""
        data = world @ self.world_to_data[:2, :2].T + self.world_to_data[:2, 2]
        inside = (data >= -0.5) & (data <= np.array(self.shape) - 0.5)
        return np.asarray(inside.all(axis=1))

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
        picture = isinstance(layer, Image) and MAP not in layer.metadata
        if not picture or not (layer.visible or layer is reference):
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
    how = made(layer) if role == "result" else None
    bands = bands_of(layer)
    return Plane(layer, layer.name, role, data, index, world_to_data, unit, version, how, bands)


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


def data_of(result: Plane, planes: Sequence[Plane]) -> Plane | None:
    """Return the plane that a result was made of, or else the only input there is."""
    inputs = [plane for plane in planes if plane.role == "input"]
    source = None if result.made is None else result.made.source
    named = [plane for plane in inputs if plane.name == source]
    if named:
        return named[0]
    return inputs[0] if len(inputs) == 1 else None
