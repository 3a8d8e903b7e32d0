"""Tell of every change in a viewer that changes a profile."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakMethod

import numpy as np
from napari.layers import Image

if TYPE_CHECKING:
    from napari import Viewer
    from napari.layers import Layer

LAYER_EVENTS = ("visible", "scale", "translate", "rotate", "shear", "affine", "units", "metadata")
"""What changes where or whether a layer is plotted, beside its data and its name."""


class ViewerWatch:
    """Connects to a viewer and its image layers, and lets go of them again.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer.
    changed, relisted, restyled, moved : callable
        Bound methods, kept by weak references: to call when curves change, when layers come, go
        or are renamed, when napari's theme changes, and when the canvas shows another part.
    """

    def __init__(
        self,
        viewer: Viewer,
        changed: Callable[[], None],
        relisted: Callable[[], None],
        restyled: Callable[[], None],
        moved: Callable[[], None],
    ) -> None:
        self._viewer = viewer
        self._changed = WeakMethod(changed)
        self._relisted = WeakMethod(relisted)
        self._restyled = WeakMethod(restyled)
        self._moved = WeakMethod(moved)
        self._versions: dict[Layer, int] = {}
        self._clock = 0

    def open(self) -> None:
        """Start to listen; it does no harm to listen already."""
        self.close()
        for emitter, slot in self._emitters():
            emitter.connect(slot)
        for layer in self._viewer.layers:
            self._add(layer)

    def close(self) -> None:
        """Stop to listen."""
        for emitter, slot in self._emitters():
            emitter.disconnect(slot)
        for layer in list(self._versions):
            self._remove(layer)

    def version(self, layer: Layer) -> int:
        """Return a number that is another one as soon as the layer's data are."""
        return self._versions.get(layer, 0)

    def _emitters(self) -> list[tuple[Any, Callable[[Any], None]]]:
        layers, dims = self._viewer.layers.events, self._viewer.dims.events
        camera = getattr(self._viewer, "scene", self._viewer).camera.events
        moved = (dims.point, dims.order, dims.ndisplay, dims.ndim, camera.zoom)
        return [
            (layers.inserted, self._on_inserted),
            (layers.removed, self._on_removed),
            (layers.reordered, self._on_list),
            (self._viewer.events.theme, self._on_theme),
            (camera.center, self._on_camera),
            (camera.zoom, self._on_camera),
            *((emitter, self._on_change) for emitter in moved),
        ]

    def _layer_emitters(self, layer: Layer) -> list[tuple[Any, Callable[[Any], None]]]:
        pairs: list[tuple[Any, Callable[[Any], None]]] = [(layer.events.name, self._on_list)]
        if isinstance(layer, Image):
            pairs.append((layer.events.data, self._on_data))
            if isinstance(layer.data, np.ndarray):
                # Told of arrays that were written into; lazy ones are refreshed at each zoom.
                pairs.append((layer.events.set_data, self._on_data))
            pairs += [
                (getattr(layer.events, name), self._on_change)
                for name in LAYER_EVENTS
                if hasattr(layer.events, name)
            ]
        return pairs

    def _add(self, layer: Layer) -> None:
        self._versions[layer] = self._tick()
        for emitter, slot in self._layer_emitters(layer):
            emitter.connect(slot)

    def _remove(self, layer: Layer) -> None:
        if self._versions.pop(layer, None) is not None:
            for emitter, slot in self._layer_emitters(layer):
                emitter.disconnect(slot)

    def _tick(self) -> int:
        # One clock for all layers: a layer made where another one lay in memory is told from it.
        self._clock += 1
        return self._clock

    def _on_inserted(self, event: Any) -> None:
        self._add(event.value)
        self._on_list(event)

    def _on_removed(self, event: Any) -> None:
        self._remove(event.value)
        self._on_list(event)

    def _on_data(self, event: Any) -> None:
        self._versions[event.source] = self._tick()
        self._on_change(event)

    def _on_change(self, event: Any = None) -> None:
        _call(self._changed)

    def _on_camera(self, event: Any = None) -> None:
        _call(self._moved)

    def _on_list(self, event: Any = None) -> None:
        _call(self._relisted)

    def _on_theme(self, event: Any = None) -> None:
        _call(self._restyled)


def _call(slot: WeakMethod[Callable[[], None]]) -> None:
    method = slot()
    if method is not None:
        method()
