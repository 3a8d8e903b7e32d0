"""The result's layer: it lies over the input, looks like it, and says how it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.experimental import link_layers

from napari_deconv.widgets.layer_choice import METADATA

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_deconv.recipe import Recipe
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
    """

    def __init__(self, viewer: ViewerModel, source: Source, region: Region | None) -> None:
        self._viewer, self._source, self._region = viewer, source, region
        self._begun: Begun | None = None
        self.psf_origin: Any = None
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

    def show(self, image: npt.NDArray[np.float32]) -> None:
        """Add the layer with the first estimate; refresh it in place with the others."""
        data = self._source.placed(image)
        if self.layer is None:
            self._add(data)
        else:
            self.layer.data = data

    def note(self, **ran: Any) -> None:
        """Write into the layer's metadata what ran, beside the recipe."""
        if self.layer is not None:
            self.layer.metadata[METADATA][RAN].update(ran)

    def _add(self, data: npt.NDArray[np.float32]) -> None:
        assert self._begun is not None
        layer = self._source.layer
        self.layer = self._viewer.add_image(
            data,
            name=f"{layer.name} {self._begun.recipe.method.key()}",
            rgb=False,
            metadata={METADATA: self._metadata(self._begun)},
            **self._source.place(self._region),
        )
        layers = self._viewer.layers  # lines and points drawn over the input stay over the result
        if layer in layers:  # it may have been deleted while the run began
            layers.move(layers.index(self.layer), layers.index(layer) + 1)
        self.layer.contrast_limits_range = layer.contrast_limits_range
        link_layers([layer, self.layer], ("contrast_limits",))

    def _metadata(self, begun: Begun) -> dict[str, Any]:
        from napari_deconv import __version__

        region = self._region
        ran = {
            "version": __version__,
            "source": self._source.layer.name,
            "slice": list(self._source.slice_index) or None,
            "axes": list(self._source.axes),
            "region": None if region is None else [[part.start, part.stop] for part in region],
            "device": begun.device,
            "psf": self.psf_origin,
            "notes": list(begun.notes),
        }
        return {**begun.recipe.plain(), RAN: ran}


def recipe_of(layer: Image) -> Recipe:
    """Return the recipe that a result was made with.

    Raises
    ------
    ValueError
        In one sentence, if the layer is no result.
    """
    from napari_deconv.recipe import Recipe

    if METADATA not in layer.metadata:
        raise ValueError(f"'{layer.name}' is no result of Deblur; select one.")
    kept = {name: part for name, part in layer.metadata[METADATA].items() if name != RAN}
    return Recipe(**kept)
