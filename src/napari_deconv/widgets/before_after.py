"""Hold a key to see the input in place of its results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from napari_deconv.widgets.result import results_of

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_deconv.widgets.result import ResultLayer

KEY = "H"
"""Free in every layer's own keys: a key of the selected layer would come first."""


class BeforeAfter:
    """A held key that shows the input in place of the last result, and of those below it."""

    def __init__(self, viewer: ViewerModel, result: Callable[[], ResultLayer | None]) -> None:
        self._viewer, self._result = viewer, result
        self._replaced: Any = None
        self._bound = False

    def bind(self) -> None:
        """Listen to the key."""
        if not self._bound:
            self._replaced = self._viewer.bind_key(KEY, self._hold, overwrite=True)
            self._bound = True

    def unbind(self) -> None:
        """Give the key back."""
        if self._bound:
            self._viewer.bind_key(KEY, self._replaced, overwrite=True)
            self._bound = False

    def _hold(self, viewer: ViewerModel) -> Iterator[None]:
        result = self._result()
        if result is None or result.layer is None:
            return
        before = result.source.layer
        if before not in viewer.layers:  # there is nothing to show in its place
            return
        results = {result.layer, *results_of(before, viewer.layers)}
        shown = {layer: layer.visible for layer in (before, *results) if layer in viewer.layers}
        _show({layer: layer is before for layer in shown})
        yield
        _show({layer: was for layer, was in shown.items() if layer in viewer.layers})


def _show(visible: dict[Any, bool]) -> None:
    """Show and hide layers, touching only those that change.

    To draw the layer below one that was just deleted crashes napari 0.9 with Mesa's renderer.
    """
    for layer, wish in visible.items():
        if layer.visible != wish:
            layer.visible = wish


def show_only(layers: Iterable[Any], wanted: Iterable[Any]) -> None:
    """Show some of the layers and hide the others, touching only those that change."""
    kept = list(wanted)
    _show({layer: any(layer is one for one in kept) for layer in layers})
