"""Rows that choose what a restoration is made of: image, PSF, and perhaps the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_deconv.recipe import Recipe
from napari_deconv.widgets.column import Column, Line
from napari_deconv.widgets.deblur_lists import DeblurLists
from napari_deconv.widgets.invitation import Invitation
from napari_deconv.widgets.more import More

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_deconv.core.units import PixelSize
    from napari_deconv.widgets.source import Source


class Inputs(QWidget):
    """Rows that choose image, PSF and reference, and border, noise model and device under More.

    Parameters
    ----------
    viewer : napari.components.ViewerModel

    Attributes
    ----------
    changed : Signal
        Anything here was edited.
    companions : callable
        See `DeblurLists`.
    failed : Signal(str)
        The sample or a file could not be opened: why.
    """

    changed = Signal()
    failed = Signal(str)

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self.invitation = Invitation(viewer)
        self._lists = lists = DeblurLists(viewer)
        self.image, self.psf, self.reference = lists.image, lists.psf, lists.reference
        self.companions = lists.companions
        self.image_line = Line("image_line")
        self.more = More(lists.weights)
        self._lay_out()
        self._connect()

    def source(self) -> Source:
        """Return the plane to restore.

        Raises
        ------
        ValueError
            In one sentence, if there is none.
        """
        return self._lists.source()

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
        self._lists.refresh()
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
        self._lists.leave()

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
        self._lists.fit_image()
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
