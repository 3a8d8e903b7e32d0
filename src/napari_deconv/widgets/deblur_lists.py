"""The lists of layers that a restoration is made of: each leaves out what another one took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from napari_deconv.widgets.layer_choice import (
    LayerChoice,
    images,
    likely_image,
    likely_reference,
)
from napari_deconv.widgets.psf_source import PsfSource
from napari_deconv.widgets.source import Source

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

NO_REFERENCE = "none"
NO_WEIGHTS = "all pixels alike"


class DeblurLists:
    """What image, PSF, reference and pixel weights can be chosen from.

    Parameters
    ----------
    viewer : napari.components.ViewerModel

    Attributes
    ----------
    image, reference, weights : LayerChoice
    psf : PsfSource
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._psf_menu: LayerChoice | None = None  # it needs the list of images, and that asks it
        self.image = LayerChoice("image", self._image_options, self._guess_image)
        self.psf = PsfSource(viewer, self.image)
        self._psf_menu = self.psf.menu
        self.reference = LayerChoice("reference", self._reference_options, self._guess_reference)
        self.weights = LayerChoice("weights", self._weight_options, lambda _: None)
        self.image.explain("The blurred image; of a stack, the slice on display.")
        self.weights.explain("How much each pixel counts, from 0; none if all count alike.")
        self.reference.explain("What the image should look like, for the PSNR; none if unknown.")

    def source(self) -> Source:
        """Return the plane to restore.

        Raises
        ------
        ValueError
            In one sentence, if there is no image or it can't be restored.
        """
        if self.image.value is None:
            raise ValueError("There is no image to deblur; open one, or the sample.")
        return Source.of(self.image.value, self._viewer.dims)

    def companions(self, source: Source) -> tuple[Source | None, Source | None]:
        """Return the planes of reference and pixel weights, None for what is not chosen.

        Raises
        ------
        ValueError
            In one sentence, if one has another shape than the image.
        """
        dims, weights = self._viewer.dims, self.weights.value
        reference = source.companion(self.reference.value, "reference", dims)
        return reference, source.companion(weights, "layer of pixel weights", dims)

    def refresh(self) -> None:
        """Look again at the viewer's layers, and keep what the user chose."""
        for menu in (self.image, self.psf.menu, self.reference, self.weights):
            menu.refresh()

    def fit_image(self) -> None:
        """Offer what fits another image."""
        for menu in (self.psf.menu, self.reference, self.weights):
            menu.refresh()

    def leave(self) -> None:
        """Follow the chosen layers no more."""
        for menu in (self.image, self.psf.menu, self.reference, self.weights):
            menu.leave()

    def _image_options(self) -> list[tuple[str, Any]]:
        taken = self._psf_menu.value if self._psf_menu and self._psf_menu.decided else None
        offered = (layer for layer in images(self._viewer.layers) if layer is not taken)
        return [(layer.name, layer) for layer in offered]

    def _guess_image(self, _: Any) -> Image | None:
        psf = None if self._psf_menu is None else self._psf_menu.value
        return likely_image(self._viewer.layers, psf)

    def _reference_options(self) -> list[tuple[str, Any]]:
        grey = [i for i in images(self._viewer.layers) if not i.rgb and i is not self.image.value]
        return [(NO_REFERENCE, None), *((layer.name, layer) for layer in grey)]

    def _weight_options(self) -> list[tuple[str, Any]]:
        return [(NO_WEIGHTS, None), *self._reference_options()[1:]]

    def _guess_reference(self, _: Any) -> Image | None:
        return likely_reference(self._viewer.layers, cast("Image | None", self.image.value))
