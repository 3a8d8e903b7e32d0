"""The PSF dock: measured from what the picture shows, or made from a shape; ready to run."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import napari
import numpy as np
from napari.layers import Image
from qtpy.QtCore import QEvent, QTimer
from qtpy.QtWidgets import QApplication, QFileDialog, QSizePolicy, QVBoxLayout, QWidget

from napari_deconv.psf.measure import CURVE
from napari_deconv.widgets import psf_layer
from napari_deconv.widgets.profile_jobs import Latest
from napari_deconv.widgets.profile_planes import shows_plane
from napari_deconv.widgets.profile_watch import ViewerWatch
from napari_deconv.widgets.psf_boxes import NAME, PsfBoxes
from napari_deconv.widgets.psf_panel import PsfPanel
from napari_deconv.widgets.psf_task import Answer, ShapeTask, Task
from napari_deconv.widgets.psf_words import DRAWING, SHAPE, TODO, Scale, as_table, box_labels
from napari_deconv.widgets.source import Source
from napari_deconv.widgets.tone import Tone, sheet

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from napari_deconv.psf.measure import MeasuredBlur
    from napari_deconv.psf.sampling import Psf

PAUSE = 0.08
"""Least seconds between two measurements: they follow a box that is dragged."""
SOON = 20
"""Milliseconds from a change to its measurement; more changes meanwhile are one."""
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
        self._answer: Answer | None = None
        self._asked: tuple[Any, ...] = ()
        self._boxes = PsfBoxes(viewer, self._schedule)
        self._watch = ViewerWatch(viewer, self._schedule, self._relist, self._restyle)
        self.panel = PsfPanel(viewer)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SOON)
        self._timer.timeout.connect(self._look)
        executor = ThreadPoolExecutor(1, thread_name_prefix="napari-deconv-psf")
        self._latest: Latest[Answer] = Latest(self, executor, self._show, self._complain, PAUSE)
        self._connect()
        self.destroyed.connect(partial(_end, self._watch, self._boxes, executor))
        self._resume()

    @property
    def kind(self) -> str:
        """What the PSF comes from: edge, disk, wire, point or shape."""
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
        return None if self._answer is None else self._answer.psf

    @psf.setter
    def psf(self, shape: Psf) -> None:
        self.kind = SHAPE
        self.panel.choose(self.panel.shape, shape.key())
        self.panel.forms.value = shape

    @property
    def blur(self) -> MeasuredBlur | None:
        """The measurement as it stands; None for a shape, or if nothing could be measured."""
        return None if self._answer is None else self._answer.blur

    @property
    def busy(self) -> bool:
        """Whether a measurement is under way or waits."""
        return self._timer.isActive() or not self._latest.idle

    def draw_box(self, *, another: bool = False) -> None:
        """Let the next drag on the canvas draw a box, in place of those there are or beside."""
        source = self._source()
        if source is not None:
            self._boxes.draw(source, anew=not another)
            self._asked = ()
            self.panel.status.say(DRAWING.get(self.kind, ""), "plain")
            self._viewer.status = DRAWING.get(self.kind, "")

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
        source = self._source()
        if source is None:
            raise ValueError("A box needs an image; open one first.")
        self._boxes.add(source, corners)
        self._schedule()

    def make_layer(self) -> Image | None:
        """Add the PSF as a layer and choose it in the Deblur dock; return it."""
        source, answer = self._source(), self._answer
        if source is None or answer is None:
            return None
        boxes = self._boxes.read(source) if answer.blur is not None else []
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
            if self._answer is None:
                raise ValueError("There is no PSF to save yet.")
            said = psf_layer.save(path, self._answer.psf, self._source())
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
        return as_table(self.blur, self._scale(), told)

    def event(self, event: QEvent | None) -> bool:
        """Rest while the dock is closed, and start again when it is docked anew."""
        if event is not None and event.type() == QEvent.Type.ParentChange:
            if self.parent() is None:
                self._rest()
            else:
                self._resume()
        return bool(super().event(event))

    def _connect(self) -> None:
        panel = self.panel
        panel.changed.connect(self._schedule)
        panel.draw.clicked.connect(lambda: self.draw_box())
        panel.another.clicked.connect(lambda: self.draw_box(another=True))
        panel.make.clicked.connect(lambda: self.make_layer())
        panel.save.clicked.connect(self._choose_file)
        panel.copy.clicked.connect(self._copy)

    def _resume(self) -> None:
        self._watch.open()
        self._restyle()
        self._relist()

    def _rest(self) -> None:
        self._timer.stop()
        self._latest.drop()
        self.panel.image.leave()
        self._asked = ()
        _end(self._watch, self._boxes)

    def _schedule(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _relist(self) -> None:
        self.panel.image.refresh()
        self._schedule()

    def _restyle(self) -> None:
        self.setStyleSheet(sheet(self._viewer.theme))
        self.panel.plots.paint(self._viewer.theme)

    def _source(self) -> Source | None:
        """Return the plane that is measured; None where there is none."""
        layer = self.image
        try:
            return None if layer is None else Source.of(layer, self._viewer.dims)
        except ValueError:
            return None

    def _scale(self) -> Scale:
        source = self._source()
        return Scale.of(None if source is None else source.pixel_size)

    def _look(self) -> None:
        """Say what there is to measure, and have it measured if it is not what it was."""
        self._boxes.find()
        self._boxes.fit()
        source = self._source()
        boxes = [] if source is None else self._boxes.read(source)
        self.panel.show_source(source, len(boxes))
        if source is None:
            self._forget()
            return
        try:
            task, asked = self._task(source, boxes)
        except ValueError as error:
            self._forget(str(error), "error")
            return
        if task is None:
            self._forget(self._todo())
        elif asked != self._asked:
            self._asked = asked
            self._latest.submit(task)

    def _task(self, source: Source, boxes: Sequence[Any]) -> tuple[Any, tuple[Any, ...]]:
        """Return what is to be worked out, and what tells it from any other task."""
        scale = self._scale()
        if self.kind == SHAPE:
            shape: Any = self.panel.forms.value
            return ShapeTask(shape, source.pixel_size, scale), (shape, source.pixel_size)
        if not boxes or not shows_plane(self._viewer):
            return None, ()
        options, shown = self.panel.options, self._boxes.chosen()
        task = Task(source.fetch, boxes, shown, options, scale)
        seen = (id(source.layer), self._watch.version(source.layer), source.index, scale)
        return task, (*seen, np.round(boxes, 3).tobytes(), shown, *options.values())

    def _todo(self) -> str:
        if not shows_plane(self._viewer):
            return "A PSF is measured in 2-D; let the viewer show the image's last two axes."
        if self._boxes.drawing:
            return DRAWING[self.kind]
        others = self._boxes.others()
        extra = f" {others} of the shapes in '{NAME}' are no boxes." if others else ""
        return TODO[self.kind] + extra

    def _forget(self, said: str = "", tone: Tone = "plain") -> None:
        """Take back what was measured, and say why there is nothing."""
        self._latest.drop()
        self._asked = ()
        self._clear()
        self.panel.status.say(said, tone)

    def _clear(self) -> None:
        self._answer = None
        self.panel.clear(self._scale())
        self._boxes.label([])

    def _show(self, answer: Answer) -> None:
        self._answer = answer
        self.panel.show_answer(answer)
        blur, source = answer.blur, self._source()
        labels: list[str] = []
        if blur is not None and source is not None:
            count, scale = len(self._boxes.read(source)), answer.drawing.scale
            labels = box_labels(blur, count, scale, curve=self.model == CURVE)
        self._boxes.label(labels)

    def _complain(self, error: BaseException) -> None:
        self._clear()
        said = str(error) if isinstance(error, ValueError) else f"It can't be measured: {error!r}."
        self.panel.status.say(said, "error")

    def _copy(self) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.figures_text())
            self.panel.status.say("The figures are on the clipboard.", "plain")

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save PSF", "psf.tif", FILTER)
        if path:
            self.save_psf(path if path.lower().endswith((".tif", ".tiff")) else f"{path}.tif")


def _end(
    watch: ViewerWatch, boxes: PsfBoxes, executor: ThreadPoolExecutor | None = None, *_: Any
) -> None:
    """Let go of the viewer; a measurement that still runs ends unheard."""
    watch.close()
    boxes.release()
    if executor is not None:
        executor.shutdown(wait=False, cancel_futures=True)
