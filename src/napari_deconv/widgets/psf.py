"""The PSF dock: measured from what the picture shows, or made from a shape; ready to run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import napari
import numpy as np
from napari.layers import Image
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication, QFileDialog, QSizePolicy, QVBoxLayout, QWidget

from napari_deconv.widgets import psf_layer
from napari_deconv.widgets.psf_measuring import PsfMeasuring
from napari_deconv.widgets.psf_panel import PsfPanel
from napari_deconv.widgets.psf_words import SHAPE, as_table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from napari_deconv.psf.measure import MeasuredBlur
    from napari_deconv.psf.sampling import Psf

FILTER = "TIFF, float32 (*.tif)"


class PsfWidget(QWidget):
    """The dock, which scripts may drive as well.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose image is measured and whose layers get the PSF.

    Attributes
    ----------
    panel : PsfPanel
        The fields, plots, buttons and lines.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.setObjectName("psf_dock")
        self._viewer = viewer = getattr(viewer, "__wrapped__", viewer)
        self.panel = PsfPanel(viewer)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._measuring = PsfMeasuring(viewer, self.panel)
        self._connect()
        self._measuring.join()

    @property
    def kind(self) -> str:
        """What the PSF comes from: edge, disk, wire, point, refine or shape."""
        return self.panel.kind_name

    @kind.setter
    def kind(self, name: str) -> None:
        self.panel.choose(self.panel.kind, name)

    @property
    def model(self) -> str | None:
        """Name of what is fitted; None for a shape."""
        return self.panel.model_name

    @model.setter
    def model(self, name: str) -> None:
        self.panel.choose(self.panel.model, name)

    @property
    def image(self) -> Image | None:
        """The layer whose blur is looked for."""
        layer: Image | None = self.panel.image.value
        return layer

    @image.setter
    def image(self, layer: Image) -> None:
        self.panel.image.value = layer

    @property
    def psf(self) -> Psf | None:
        """The PSF as it stands, in pixels or, of a shape, in its unit; None if there is none."""
        answer = self._measuring.answer
        return None if answer is None else answer.psf

    @psf.setter
    def psf(self, shape: Psf) -> None:
        self.kind = SHAPE
        self.panel.choose(self.panel.shape, shape.key())
        self.panel.forms.value = shape

    @property
    def blur(self) -> MeasuredBlur | None:
        """The measurement as it stands; None for a shape, or if nothing could be measured."""
        answer = self._measuring.answer
        return None if answer is None else answer.blur

    @property
    def busy(self) -> bool:
        """Whether a measurement is under way or waits."""
        return self._measuring.busy

    def draw_box(self, *, another: bool = False) -> None:
        """Let the next drag on the canvas draw a box, in place of those there are or beside."""
        self._measuring.draw(anew=not another)

    def add_box(self, corners: ArrayLike) -> None:
        """Add a box by its corners.

        Parameters
        ----------
        corners : array_like, shape (4, 2)
            As (row, column) in pixels of the image, one after the other around the box.

        Raises
        ------
        ValueError
            If there is no image.
        """
        source = self._measuring.source()
        if source is None:
            raise ValueError("A box needs an image; open one first.")
        self._measuring.boxes.add(source, corners)
        self._measuring.schedule()

    def make_layer(self) -> Image | None:
        """Add the PSF as a layer and choose it in the Deblur dock; return it."""
        source, answer = self._measuring.source(), self._measuring.answer
        if source is None or answer is None:
            return None
        boxes = self._measuring.boxes.read(source) if answer.blur is not None else []
        middle = boxes[0].mean(0) if boxes else (np.array(source.shape) - 1) / 2
        asked: dict[str, Any] = {"kind": SHAPE}
        if answer.blur is not None:
            asked = {**self.panel.options, "boxes": [np.round(b, 2).tolist() for b in boxes]}
        said = psf_layer.origin(source, answer.psf, answer.blur, asked)
        array = answer.psf.kernel(source.pixel_size)
        layer = psf_layer.add_layer(self._viewer, source, array, middle, said)
        self.panel.status.say(psf_layer.use(self._viewer, source, layer), "plain")
        return layer

    def save_psf(self, path: str) -> bool:
        """Write the PSF as TIFF or npy; the dock says where it went, or why not."""
        try:
            if self._measuring.answer is None:
                raise ValueError("There is no PSF to save yet.")
            said = psf_layer.save(path, self._measuring.answer.psf, self._measuring.source())
        except ValueError as error:
            self.panel.status.say(str(error), "error")
            return False
        self.panel.status.say(said, "plain")
        return True

    def figures_text(self) -> str:
        """Return all figures as lines of name, value, 95 % interval and unit, tab between."""
        if self.blur is None or self.image is None:
            return ""
        told = {"image": self.image.name, "from": self.kind, "model": str(self.model)}
        return as_table(self.blur, self._measuring.scale(), told)

    def event(self, event: QEvent | None) -> bool:
        """Rest while the dock is closed, and start again when it is docked anew."""
        if event is not None and event.type() == QEvent.Type.ParentChange:
            if self.parent() is None:
                self._measuring.rest()
            else:
                self._measuring.join()
        return bool(super().event(event))

    def _connect(self) -> None:
        panel = self.panel
        panel.draw.clicked.connect(lambda: self.draw_box())
        panel.another.clicked.connect(lambda: self.draw_box(another=True))
        panel.make.clicked.connect(lambda: self.make_layer())
        panel.save.clicked.connect(self._choose_file)
        panel.copy.clicked.connect(self._copy)

    def _copy(self) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.figures_text())
            self.panel.status.say("The figures are on the clipboard.", "plain")

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save PSF", "psf.tif", FILTER)
        if path:
            self.save_psf(path if path.lower().endswith((".tif", ".tiff")) else f"{path}.tif")
