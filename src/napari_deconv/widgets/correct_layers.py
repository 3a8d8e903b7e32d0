"""Which layers are the raw image, the flats and the darks: offered, and guessed by their names."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from napari.layers import Image

from napari_deconv.widgets.layer_choice import LayerChoice, images, likely_image

if TYPE_CHECKING:
    import numpy.typing as npt
    from napari.components import ViewerModel
    from napari.layers import Layer

    Chosen: TypeAlias = Image | tuple[Image, ...] | None

CORRECTION = "napari-deconv correction"
"""Key of a layer's metadata under which corrected images say how they were made."""
FLATS = ("flat", "flats", "ob", "open", "beam", "white", "whites", "ff")
DARKS = ("dark", "darks", "dc", "df", "bias", "darkfield")
"""Words in the name of a layer of such frames."""
NONE = "none"


class RawLayers:
    """Three lists of a viewer's layers: image, flats and darks.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._kept: list[tuple[Image, ...]] = []
        self.image = LayerChoice("raw_image", self._raw, self._guess_image)
        self.flats = LayerChoice("flats", self._frames, lambda now: self._guess(FLATS))
        self.darks = LayerChoice("darks", self._frames, lambda now: self._guess(DARKS))
        self.image.explain("The raw image or stack; every slice of a stack is corrected.")
        self.flats.explain("Open beam: a frame, a stack of frames, or the layers selected.")
        self.darks.explain("No beam: a frame, a stack of frames, or the layers selected.")
        self.image.picked.connect(self._follow_selection)
        for menu in (self.flats, self.darks):
            menu.picked.connect(self._keep)

    @property
    def menus(self) -> tuple[LayerChoice, ...]:
        """The lists."""
        return self.image, self.flats, self.darks

    def refresh(self) -> None:
        """Look again at the viewer's layers, and keep what the user chose."""
        for menu in self.menus:
            menu.refresh()

    def follow(self, follow: bool) -> None:
        """Follow which layers are selected, or no more."""
        emitter = self._viewer.layers.selection.events.changed
        emitter.disconnect(self._follow_selection)
        if follow:
            emitter.connect(self._follow_selection)
            return
        for menu in self.menus:
            menu.leave()

    def _raw(self) -> list[tuple[str, Any]]:
        return [(layer.name, layer) for layer in images(self._viewer.layers) if not layer.rgb]

    def _guess_image(self, now: Any) -> Image | None:
        def is_raw(layer: Layer) -> bool:
            named = _is(layer, FLATS) or _is(layer, DARKS)
            return not named and CORRECTION not in layer.metadata

        return likely_image([layer for layer in self._viewer.layers if is_raw(layer)])

    def _frames(self) -> list[tuple[str, Any]]:
        """Offer what has the image's size."""
        options: list[tuple[str, Any]] = [(NONE, None)]
        fitting = [layer for layer in images(self._viewer.layers) if self._fits(layer)]
        options += [(layer.name, layer) for layer in fitting]
        chosen = tuple(layer for layer in fitting if layer in self._viewer.layers.selection)
        several = [chosen] if len(chosen) > 1 and chosen not in self._kept else []
        for layers in (*self._kept, *several):
            if all(layer in fitting for layer in layers):
                options.append((f"{len(layers)} selected layers", layers))
        return options

    def _keep(self) -> None:
        """Go on offering the layers that are chosen, though others are selected by now."""
        chosen = (self.flats.value, self.darks.value)
        self._kept = [layers for layers in chosen if isinstance(layers, tuple)]

    def _fits(self, layer: Image) -> bool:
        image = self.image.value
        if image is None or layer is image or layer.rgb or CORRECTION in layer.metadata:
            return False
        return plane_shape(layer) == plane_shape(image)

    def _guess(self, words: tuple[str, ...]) -> Image | None:
        fitting = (layer for layer in images(self._viewer.layers) if self._fits(layer))
        return next((layer for layer in fitting if _is(layer, words)), None)

    def _follow_selection(self, event: Any = None) -> None:
        for menu in (self.flats, self.darks):
            menu.refresh()


def plane_shape(layer: Image) -> tuple[int, ...]:
    """Return the last two sides of a layer's data at full resolution."""
    data = layer.data[0] if layer.multiscale else layer.data
    return tuple(int(n) for n in data.shape[-2:])


def fetching(chosen: Chosen) -> Callable[[], npt.NDArray[Any] | None]:
    """Return what reads the frames of a layer or of several, shape (H, W) or (N, H, W)."""
    if chosen is None:
        return lambda: None
    layers = chosen if isinstance(chosen, tuple) else (chosen,)
    arrays = [layer.data[0] if layer.multiscale else layer.data for layer in layers]

    def fetch() -> npt.NDArray[Any]:
        if len(arrays) == 1:
            return np.asarray(arrays[0])
        frames = [np.asarray(array) for array in arrays]
        return np.concatenate([frame.reshape(-1, *frame.shape[-2:]) for frame in frames])

    return fetch


def frame_count(chosen: Chosen) -> int:
    """Return how many frames a choice holds."""
    layers = chosen if isinstance(chosen, tuple) else () if chosen is None else (chosen,)
    shapes = [(layer.data[0] if layer.multiscale else layer.data).shape for layer in layers]
    return sum(int(np.prod(shape[:-2])) for shape in shapes)


def _is(layer: Layer, words: tuple[str, ...]) -> bool:
    return not set(re.findall("[a-z]+", layer.name.lower())).isdisjoint(words)
