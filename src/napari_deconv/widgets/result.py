"""The result's layer: it lies over the input, looks like it, and says how it was made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import ref

from napari.experimental import link_layers

from napari_deconv.evidence.band import Band
from napari_deconv.widgets.layer_choice import MAP, METADATA
from napari_deconv.widgets.stack_source import StackSource

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import numpy.typing as npt
    from napari.components import ViewerModel
    from napari.layers import Image, Layer

    from napari_deconv.doubts import Made
    from napari_deconv.recipe import Recipe
    from napari_deconv.widgets.evidence_maps import MapLook
    from napari_deconv.widgets.order import Begun
    from napari_deconv.widgets.source import Region, Source

RAN = "ran"
"""Key beside the recipe's own under which a result says what it was made of."""


class ResultLayer:
    """The layer that a run fills.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
        Where the layer is added with the first estimate.
    source : Source
        What is restored.
    region : tuple of slice or None
        The part of it.

    Attributes
    ----------
    psf_origin : plain data
        How the PSF was measured, if it was; None otherwise.
    weights : napari.layers.Image or None
        What says how much each pixel counts.
    """

    def __init__(self, viewer: ViewerModel, source: Source, region: Region | None) -> None:
        self._viewer, self._source, self._region = viewer, source, region
        self._begun: Begun | None = None
        self.psf_origin: Any = None
        self.weights: Image | None = None
        self.layer: Image | None = None

    @property
    def source(self) -> Source:
        """What is restored."""
        return self._source

    @property
    def there(self) -> bool:
        """Whether the layer was added and not deleted since."""
        return self.layer is not None and self.layer in self._viewer.layers

    def begin(self, begun: Begun) -> None:
        """Note the recipe that runs."""
        self._begun = begun

    def change(self, recipe: Recipe) -> None:
        """Note that another strength runs."""
        assert self._begun is not None
        self._begun = replace(self._begun, recipe=recipe)
        if self.layer is not None:
            ran = self.layer.metadata[METADATA][RAN]
            self.layer.metadata[METADATA] = {**self._metadata(self._begun), RAN: ran}

    def show(self, image: npt.NDArray[np.float32]) -> bool:
        """Add the layer with the first estimate, then refresh it; return False if it is gone."""
        data = self._source.placed(image)
        if self.layer is None:
            self._add(data)
        elif self.there:
            self.layer.data = data
        return self.there

    def show_all(self, array: npt.NDArray[np.float32]) -> bool:
        """Add the layer of a stack with its first slice, then redraw it; False if it is gone."""
        if self.layer is None:
            self._add(array)
        elif self.there:
            self.layer.refresh()
        return self.there

    def note(self, **ran: Any) -> None:
        """Write into the layer's metadata what ran, beside the recipe."""
        if self.layer is not None:
            self.layer.metadata[METADATA][RAN].update(ran)

    def remove(self) -> None:
        """Take the layer back: it holds no result."""
        if self.there:
            self._viewer.layers.remove(self.layer)
        self.layer = None

    def plane(self) -> npt.NDArray[np.float32]:
        """Return the picture, of two axes."""
        assert self.layer is not None
        data: npt.NDArray[np.float32] = self.layer.data
        others = tuple(axis for axis in range(data.ndim) if axis not in self._source.axes)
        return data.squeeze(others)

    def placed(self, band: Band) -> Band:
        """Return a band around the picture with the layer's other axes."""
        lower, upper = (self._source.placed(end) for end in (band.lower, band.upper))
        return Band(lower, upper, band.words)

    def lay_over(self, picture: npt.NDArray[np.float32], look: MapLook) -> Image:
        """Show a map of the picture's shape as a layer over it, in place of an earlier one."""
        assert self.layer is not None
        name, layers = f"{self.layer.name}: {look.suffix}", self._viewer.layers
        if name in layers:
            layers.remove(name)
        active = layers.selection.active
        place = {**self._source.place(self._region), **look.arguments(picture)}
        place["metadata"] = {MAP: look.suffix}
        above = layers.index(self.layer) + 1
        added = self._viewer.add_image(self._source.placed(picture), name=name, rgb=False, **place)
        layers.move(layers.index(added), above)
        if active is not None:
            layers.selection.active = active
        return added

    def lay_under(self, made: Made) -> None:
        """Add another method's result of the same picture as a hidden layer below."""
        assert self.layer is not None
        assert self._begun is not None
        other = ResultLayer(self._viewer, self._source, self._region)
        other.psf_origin, other.weights = self.psf_origin, self.weights
        other.begin(replace(self._begun, recipe=made.recipe, notes=made.notes))
        layers, active = self._viewer.layers, self._viewer.layers.selection.active
        other.show(made.image)
        assert other.layer is not None
        other.layer.visible = False
        layers.move(layers.index(other.layer), layers.index(self.layer))
        layers.selection.active = active

    def _add(self, data: npt.NDArray[np.float32]) -> None:
        assert self._begun is not None
        layer, selected = self._source.layer, self._viewer.layers.selection.active
        self.layer = self._viewer.add_image(
            data,
            name=f"{layer.name} {self._begun.recipe.method.mark()}",
            rgb=False,
            metadata={METADATA: self._metadata(self._begun)},
            **self._source.place(self._region),
        )
        layers = self._viewer.layers
        below = [layer, *results_of(layer, layers)]
        places = [layers.index(one) for one in below if one in layers and one is not self.layer]
        if places:  # the input may have been deleted while the run began
            # Over the input and its older results, under the lines and points drawn on them.
            layers.move(layers.index(self.layer), max(places) + 1)
        if selected is not None and not isinstance(selected, type(self.layer)):
            layers.selection.active = selected  # someone is drawing
        self.layer.contrast_limits_range = layer.contrast_limits_range
        link_layers([layer, self.layer], ("contrast_limits",))
        _follow_name(layer, self.layer, "source")
        if self.weights is not None:
            _follow_name(self.weights, self.layer, "weights")

    def _metadata(self, begun: Begun) -> dict[str, Any]:
        from napari_deconv import __version__

        region = self._region
        ran = {
            "version": __version__,
            "source": self._source.layer.name,
            "slice": list(self._source.slice_index) or None,
            "slices": self._source.count if isinstance(self._source, StackSource) else None,
            "axes": list(self._source.axes),
            "region": None if region is None else [[part.start, part.stop] for part in region],
            "device": begun.device,
            "psf": self.psf_origin,
            "weights": None if self.weights is None else self.weights.name,
            "notes": list(begun.notes),
        }
        return {**begun.recipe.plain(), RAN: ran}


def _follow_name(source: Image, result: Image, role: str) -> None:
    """Let a result say what it was made of also after that was renamed."""
    known = ref(result)

    def rename(event: Any = None) -> None:
        layer = known()
        if layer is not None and RAN in layer.metadata.get(METADATA, {}):
            layer.metadata[METADATA][RAN][role] = source.name

    source.events.name.connect(rename)


def results_of(source: Image, layers: Iterable[Layer]) -> list[Layer]:
    """Return the results that were made of a layer."""
    found = (layer for layer in layers if METADATA in layer.metadata)
    return [
        one for one in found if one.metadata[METADATA].get(RAN, {}).get("source") == source.name
    ]


def recipe_of(layer: Image) -> Recipe:
    """Return the recipe that a result was made with; of a stopped run, with as many iterations.

    Raises
    ------
    ValueError
        In one sentence, if the layer is no result.
    """
    from napari_deconv.recipe import Recipe

    if METADATA not in layer.metadata:
        raise ValueError(f"'{layer.name}' is no result of Deblur; select one.")
    kept = {name: part for name, part in layer.metadata[METADATA].items() if name != RAN}
    recipe, ran = Recipe(**kept), layer.metadata[METADATA].get(RAN, {})
    steps, asked = ran.get("iteration"), getattr(recipe.method, "iterations", None)
    if steps is not None and ran.get("of") == asked and steps < asked:  # stopped: it repeats that
        return recipe.model_copy(update={"method": recipe.method.replace(iterations=steps)})
    return recipe
