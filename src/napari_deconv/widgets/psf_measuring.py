"""The PSF dock at work: what is asked for is measured in a thread, and only the latest counts."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, QTimer

from napari_deconv.psf.measure import CURVE
from napari_deconv.widgets.profile_jobs import Latest
from napari_deconv.widgets.profile_planes import shows_plane
from napari_deconv.widgets.profile_watch import ViewerWatch
from napari_deconv.widgets.psf_boxes import NAME, PsfBoxes
from napari_deconv.widgets.psf_refining import PsfRefining, RefineTask
from napari_deconv.widgets.psf_task import Answer, Best, ShapeTask, Task
from napari_deconv.widgets.psf_words import DRAWING, REFINE, SHAPE, TODO, Scale, box_labels
from napari_deconv.widgets.source import Source

if TYPE_CHECKING:
    from napari import Viewer

    from napari_deconv.widgets.psf_panel import PsfPanel
    from napari_deconv.widgets.tone import Tone

PAUSE = 0.08
"""Least seconds between two measurements: they follow a box that is dragged."""
SOON = 20
"""Milliseconds from a change to its measurement; more changes meanwhile are one."""


class PsfMeasuring(QObject):
    """Follows a viewer and the dock's fields, and shows what they come to.

    Parameters
    ----------
    viewer : napari.Viewer
    panel : PsfPanel

    Attributes
    ----------
    answer : Answer or None
        The PSF as it stands.
    boxes : PsfBoxes
    """

    def __init__(self, viewer: Viewer, panel: PsfPanel) -> None:
        super().__init__(panel)
        self._viewer, self._panel = viewer, panel
        self.answer: Answer | None = None
        self._asked: tuple[Any, ...] = ()
        self.boxes = PsfBoxes(viewer, self.schedule)
        self._watch = ViewerWatch(viewer, self.schedule, self._relist, self._restyle)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SOON)
        self._timer.timeout.connect(self.look)
        executor = ThreadPoolExecutor(1, thread_name_prefix="napari-deconv-psf")
        start = partial(Latest, self, executor)
        self._latest: Latest[Answer] = start(self._show, self._complain, PAUSE)
        self._best: Latest[tuple[str, bool]] = start(self._fit_best, self._complain, PAUSE)
        self._refining = PsfRefining(self, executor, self._show, self._complain)
        self._refining.turned.connect(lambda text: panel.status.say(text, "plain"))
        self._refining.ended.connect(self._refined)
        panel.refine.clicked.connect(self._refine_or_stop)
        panel.changed.connect(self.schedule)
        panel.better.clicked.connect(self._look_for_best)
        panel.destroyed.connect(partial(_end, self._watch, self.boxes, executor))

    @property
    def busy(self) -> bool:
        """Whether a measurement is under way or waits."""
        return (
            self._timer.isActive()
            or self._refining.busy
            or not (self._latest.idle and self._best.idle)
        )

    def join(self) -> None:
        """Follow the viewer: the dock opens, or is put back."""
        self._watch.open()
        self._restyle()
        self._relist()

    def rest(self) -> None:
        """Follow the viewer no more: the dock is closed."""
        self._timer.stop()
        self._drop()
        self._panel.image.leave()
        self._asked = ()
        _end(self._watch, self.boxes)

    def schedule(self) -> None:
        """Look soon at what is asked for."""
        if not self._timer.isActive():
            self._timer.start()

    def draw(self, *, anew: bool) -> None:
        """Let the next drag on the canvas draw a box."""
        source = self.source()
        if source is not None:
            self.boxes.draw(source, anew=anew)
            said = DRAWING.get(self._panel.kind_name, "")
            self._panel.status.say(said, "plain")
            self._viewer.status = said

    def _relist(self) -> None:
        self._panel.image.refresh()
        self.schedule()

    def _restyle(self) -> None:
        self._panel.paint(self._viewer.theme)

    def source(self) -> Source | None:
        """Return the plane that is measured; None where there is none."""
        layer = self._panel.image.value
        try:
            return None if layer is None else Source.of(layer, self._viewer.dims)
        except ValueError:
            return None

    def scale(self) -> Scale:
        """Return the unit that figures are in."""
        source = self.source()
        return Scale.of(None if source is None else source.pixel_size)

    def look(self) -> None:
        """Say what there is to measure, and have it measured if it is not what it was."""
        self.boxes.find()
        self.boxes.fit()
        source = self.source()
        boxes = [] if source is None else self.boxes.read(source)
        self._panel.show_source(source, len(boxes))
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
        elif isinstance(task, RefineTask):
            if asked != self._asked:  # what was refined is not what is asked for now
                self._forget(self._todo())
                self._asked = asked
        elif asked != self._asked:
            self._asked = asked
            self._best.drop()
            self._latest.submit(task)

    def _look_for_best(self) -> None:
        source = self.source()
        task, _ = (None, ()) if source is None else self._task(source, self.boxes.read(source))
        if isinstance(task, Task):
            self._panel.status.say("Trying all models …", "plain")
            self._best.submit(Best(task))

    def _refine_or_stop(self) -> None:
        if self._refining.busy:
            self._panel.status.say("Stopping …", "plain")
            self._refining.stop()
            return
        self.look()
        source = self.source()
        task, _ = (None, ()) if source is None else self._task(source, self.boxes.read(source))
        if isinstance(task, RefineTask):
            self._clear()
            self._panel.show_refining(True)
            self._panel.status.say("Looking for edges …", "plain")
            self._refining.start(task)

    def _refined(self) -> None:
        self._panel.show_refining(False)
        self._panel.status.say(self._todo(), "plain")

    def _drop(self) -> None:
        self._latest.drop()
        self._best.drop()
        self._refining.drop()

    def _fit_best(self, choice: tuple[str, bool]) -> None:
        if self._panel.options == {**self._panel.options, "model": choice[0], "sloping": choice[1]}:
            self._panel.status.say("No other model fits better.", "plain")
        else:
            self._panel.fit_by(*choice)

    def _task(self, source: Source, boxes: Sequence[Any]) -> tuple[Any, tuple[Any, ...]]:
        """Return what is to be worked out, and what tells it from any other task."""
        scale = self.scale()
        if self._panel.kind_name == SHAPE:
            shape: Any = self._panel.forms.value
            return ShapeTask(shape, source.pixel_size, scale), (shape, source.pixel_size)
        refine = self._panel.kind_name == REFINE
        if not (boxes or refine) or not shows_plane(self._viewer):
            return None, ()
        options, shown = self._panel.options, self.boxes.chosen()
        seen = (id(source.layer), self._watch.version(source.layer), source.index, scale)
        if refine:
            box = boxes[shown] if boxes else None
            given: Any = self._panel.forms.value
            begun = RefineTask(source.fetch, box, given, source.pixel_size, scale)
            return begun, (*seen, None if box is None else np.round(box, 3).tobytes(), given)
        task = Task(source.fetch, boxes, shown, options, scale)
        return task, (*seen, np.round(boxes, 3).tobytes(), shown, *options.values())

    def _todo(self) -> str:
        if not shows_plane(self._viewer):
            return "A PSF is measured in 2-D; let the viewer show the image's last two axes."
        if self.boxes.drawing:
            return DRAWING[self._panel.kind_name]
        others = self.boxes.others()
        extra = f" {others} of the shapes in '{NAME}' are no boxes." if others else ""
        return TODO[self._panel.kind_name] + extra

    def _forget(self, said: str = "", tone: Tone = "plain") -> None:
        """Take back what was measured, and say why there is nothing."""
        self._drop()
        self._asked = ()
        self._clear()
        self._panel.status.say(said, tone)

    def _clear(self) -> None:
        self.answer = None
        self._panel.clear(self.scale())
        self.boxes.number()

    def _show(self, answer: Answer) -> None:
        self.answer = answer
        self._panel.show_answer(answer)
        blur, source = answer.blur, self.source()
        labels: list[str] = []
        if blur is not None and source is not None:
            count, scale = len(self.boxes.read(source)), answer.drawing.scale
            labels = box_labels(blur, count, scale, curve=self._panel.model_name == CURVE)
        self.boxes.label(labels)

    def _complain(self, error: BaseException) -> None:
        self._clear()
        said = str(error) if isinstance(error, ValueError) else f"It can't be measured: {error!r}."
        self._panel.status.say(said, "error")


def _end(
    watch: ViewerWatch, boxes: PsfBoxes, executor: ThreadPoolExecutor | None = None, *_: Any
) -> None:
    """Let go of the viewer; a measurement that still runs ends unheard."""
    watch.close()
    boxes.release()
    if executor is not None:
        executor.shutdown(wait=False, cancel_futures=True)
