"""Rows that choose what a restoration is made of: image, PSF, and perhaps the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_deconv.recipe import Recipe
from napari_deconv.widgets.column import Column, Line
from napari_deconv.widgets.invitation import Invitation
from napari_deconv.widgets.layer_choice import (
    LayerChoice,
    images,
    likely_image,
    likely_reference,
)
from napari_deconv.widgets.more import More
from napari_deconv.widgets.psf_source import PsfSource
from napari_deconv.widgets.source import Source

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_deconv.core.units import PixelSize

NO_REFERENCE = "none"
NO_WEIGHTS = "all pixels alike"


class Inputs(QWidget):
    """Rows that choose image, PSF and reference, and border, noise model and device under More.

    Parameters
    ----------
    viewer : napari.components.ViewerModel

    Attributes
    ----------
    changed : Signal
        Anything here was edited.
    failed : Signal(str)
        The sample or a file could not be opened: why.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._psf_menu: LayerChoice | None = None  # it needs the list of images, and that asks it
        self.invitation = Invitation(viewer)
        self.image = LayerChoice("image", self._image_options, self._guess_image)
        self.image_line = Line("image_line")
        self.psf = PsfSource(viewer, self.image)
        self._psf_menu = self.psf.menu
        self.reference = LayerChoice("reference", self._reference_options, self._guess_reference)
        self.more = More(LayerChoice("weights", self._weight_options, lambda _: None))
        self.image.explain("The blurred image; of a stack, the slice on display.")
        self.reference.explain("What the image should look like, for PSNR and SSIM.")
        self.more.weights.explain("How much each pixel counts, from 0; none if all count alike.")
        self._lay_out()
        self._connect()

    def source(self) -> Source:
        """Return the plane to restore.

        Raises
        ------
        ValueError
            In one sentence, if there is none.
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
        dims, weights = self._viewer.dims, self.more.weights.value
        reference = source.companion(self.reference.value, "reference", dims)
        return reference, source.companion(weights, "layer of pixel weights", dims)

    def recipe(self) -> Recipe:
        """Return what the fields say, without a method and without the array of a PSF layer.

        Raises
        ------
        ValueError
            In one sentence, if a field is wrong.
        """
        psf, size = self.psf.value, self._pixel_size()
        return Recipe(
            psf=None if isinstance(psf, Image) else psf,
            pixel_size=None if size is None else str(size),
            **self.more.parts,
        )

    def follow_layers(self) -> None:
        """Look again at the viewer's layers, and keep what the user chose."""
        for menu in self._menus():
            menu.refresh()
        self.explain()

    def explain(self, *_: Any) -> None:
        """Say what is understood of image and PSF."""
        empty = self.image.value is None
        try:
            self.image_line.say(self.source().summary())
        except ValueError as error:
            self.image_line.say("" if empty else str(error), "error")
        self.invitation.setVisible(empty)
        if empty:
            self.invitation.line.say("No image yet: drop one on the window, or")
        self._look_at_psf()
        self.changed.emit()

    def leave(self) -> None:
        """Let threads end: the dock is closing."""
        self.psf.understanding.close_down()
        for menu in self._menus():
            menu.leave()

    def _menus(self) -> tuple[LayerChoice, ...]:
        return self.image, self.psf.menu, self.reference, self.more.weights

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
        return likely_reference(self._viewer.layers, self.image.value)

    def _pixel_size(self) -> PixelSize | None:
        try:
            return self.source().pixel_size
        except ValueError:
            return None

    def _look_at_psf(self) -> None:
        try:
            centre = self.more.fields.parameters["centre"]
        except ValueError:
            centre = "middle"
        self.psf.look(centre, self._pixel_size())

    def _centre_psf(self) -> None:
        self.more.fields.parameters = {"centre": "centroid"}

    def _change_image(self) -> None:
        for menu in self._menus()[1:]:
            menu.refresh()
        self.explain()

    def _change_psf(self) -> None:
        self._look_at_psf()
        self.changed.emit()

    def _connect(self) -> None:
        self.image.picked.connect(self._change_image)
        self.image.altered.connect(self.explain)
        self.psf.menu.picked.connect(self.image.refresh)
        self.psf.changed.connect(self._change_psf)
        self.psf.understanding.centring_asked.connect(self._centre_psf)
        self.reference.picked.connect(self.explain)
        self.reference.altered.connect(self.explain)
        self.more.changed.connect(self._change_psf)
        self.invitation.failed.connect(self.failed)
        self.more.said.connect(self.failed)

    def _lay_out(self) -> None:
        column = Column()
        column.wide(self.invitation)
        column.row("Image", self.image)
        column.beneath(self.image_line)
        column.row("PSF", self.psf.menu)
        column.wide(self.psf.forms.native)
        column.beneath(self.psf.understanding)
        column.row("Reference", self.reference)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(column)
