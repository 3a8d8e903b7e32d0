"""Refining a PSF on the image: begun by a button, watched, stopped, forgotten when overtaken."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from napari_deconv.psf.refine import Refinement, Turn
from napari_deconv.widgets.profile_jobs import Latest
from napari_deconv.widgets.psf_refined_curves import of_refined
from napari_deconv.widgets.psf_task import Answer
from napari_deconv.widgets.psf_words import summary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_deconv.core.units import PixelSize
    from napari_deconv.psf.sampling import Psf
    from napari_deconv.widgets.psf_words import Scale

WATCH_MS = 100
"""Milliseconds between two looks at how far a refinement is."""


@dataclass(eq=False)
class RefineTask:
    """What is to be refined; it reads no layer and no widget.

    Attributes
    ----------
    fetch : callable
        Returns the picture.
    box : ndarray or None
        Corners as (row, column) in pixels; None for the whole picture.
    given : Psf
    size : PixelSize or None
    scale : Scale
    turn : Turn or None
        How far it is; another thread reads it.
    """

    fetch: Callable[[], NDArray[Any]]
    box: NDArray[Any] | None
    given: Psf
    size: PixelSize | None
    scale: Scale
    turn: Turn | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Ask it to end after its turn."""
        self._stopped.set()

    def __call__(self) -> Answer | None:
        """Refine; return None if it was stopped.

        Raises
        ------
        ValueError
            In one sentence, if the region can't tell.
        """
        work = Refinement(self.fetch(), self.given, self.box, self.size)
        for turn in work.turns():
            self.turn = turn
            if self._stopped.is_set():
                return None
        blur = work.result()
        drawing = of_refined(blur, self.size, self.scale)
        return Answer(blur.psf, blur, drawing, summary(blur, self.scale))


class PsfRefining(QObject):
    """Runs one refinement at a time and tells how far it is.

    Attributes
    ----------
    turned : Signal
        A turn was taken: what is said of it.
    ended : Signal
        It ended, by itself or not.
    """

    turned = Signal(str)
    ended = Signal()

    def __init__(
        self,
        parent: QObject,
        executor: Executor,
        receive: Callable[[Answer], None],
        fail: Callable[[BaseException], None],
    ) -> None:
        super().__init__(parent)
        self._receive, self._fail = receive, fail
        self._latest: Latest[Answer | None] = Latest(self, executor, self._done, self._failed, 0.0)
        self._task: RefineTask | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(WATCH_MS)
        self._timer.timeout.connect(self._look)

    @property
    def busy(self) -> bool:
        """Whether one is under way."""
        return self._task is not None

    def start(self, task: RefineTask) -> None:
        """Begin a refinement."""
        self._task = task
        self._timer.start()
        self._latest.submit(task)

    def stop(self) -> None:
        """Ask the one under way to end; it answers nothing."""
        if self._task is not None:
            self._task.stop()

    def drop(self) -> None:
        """Forget the one under way: what it was asked is no more."""
        self.stop()
        self._latest.drop()
        self._end()

    def _look(self) -> None:
        if self._task is not None and self._task.turn is not None:
            self.turned.emit(str(self._task.turn))

    def _done(self, answer: Answer | None) -> None:
        self._end()
        if answer is not None:
            self._receive(answer)

    def _failed(self, error: BaseException) -> None:
        self._end()
        self._fail(error)

    def _end(self) -> None:
        self._timer.stop()
        if self._task is not None:
            self._task = None
            self.ended.emit()
