"""A queue of candidates in a thread: one bar, and Stop, which keeps what is finished."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from napari.qt.threading import create_worker
from qtpy.QtCore import QObject, Signal
from superqt.utils import GeneratorWorker

from napari_deconv.appraisal import Outcome
from napari_deconv.comparing import Advance, Candidate, Queue, Scene, measured
from napari_deconv.jobs import Reference
from napari_deconv.widgets.control import Control
from napari_deconv.widgets.order import Failure
from napari_deconv.xray.domain import WARNING, looks_like_attenuation

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_deconv.recipe import Recipe

    Fetch = Callable[[], npt.NDArray[Any]]

log = logging.getLogger(__name__)

PERIOD = 0.1
"""Least seconds between two messages on how far it is."""

Ending = Literal["done", "stopped", "failed"]
DATA = "data"
"""Label of the first outcome: the picture as it was measured."""


@dataclass(frozen=True)
class Comparison:
    """What to compare; arrays are fetched in the thread, for they may lie in files.

    Attributes
    ----------
    entries : sequence of Candidate
    recipe : Recipe
        Its method is not looked at.
    image : callable
        Returns the image, shape (H, W).
    psf, reference, weights : callable or None
    psf_pixel : str or None
        Pixel size that the PSF is resampled from; None if it is used pixel by pixel.
    remarks : tuple of str
        What is to be said of every result beside its own notes.
    device : str
    """

    entries: Sequence[Candidate]
    recipe: Recipe
    image: Fetch
    psf: Fetch | None = None
    psf_pixel: str | None = None
    remarks: tuple[str, ...] = ()
    reference: Fetch | None = None
    weights: Fetch | None = None
    device: str = "auto"

    def scene(self) -> Scene:
        """Read what lies in files.

        Raises
        ------
        ValueError
            In one sentence, if it can't be compared.
        """
        recipe = self.recipe
        if self.psf is not None:
            recipe = recipe.with_psf(self.psf(), self.psf_pixel)
        truth = None if self.reference is None else Reference.of(self.reference(), None)
        weights = None if self.weights is None else self.weights()
        return Scene(self.image(), recipe, truth, weights, self.device)


def carry_out(comparison: Comparison, control: Control) -> Iterator[Advance | Outcome | Failure]:
    """Carry a comparison out, in a thread, and tell what happens."""
    try:
        yield from _messages(comparison, control)
    except ValueError as error:
        log.debug("Refused", exc_info=True)
        yield Failure(str(error))
    except Exception as error:
        log.exception("The comparison failed")
        reason = f"{type(error).__name__}: {error}".splitlines()[0].rstrip(".")
        yield Failure(f"The computation failed ({reason}); the log has the details.")


def _messages(comparison: Comparison, control: Control) -> Iterator[Advance | Outcome]:
    scene = comparison.scene()
    notes = (WARNING,) if looks_like_attenuation(scene.image) else ()
    yield Outcome(DATA, figures=measured(scene.image, scene), notes=notes)
    due = -float("inf")
    for message in Queue(scene, comparison.entries):
        if control.stopped:
            return
        if isinstance(message, Outcome):
            yield replace(message, notes=(*comparison.remarks, *message.notes))
        elif control.seen and time.monotonic() >= due:
            control.sent()
            due = time.monotonic() + PERIOD
            yield message


class _Worker(GeneratorWorker[Any, Any, Any]):
    """A worker that napari's own ways to quit stop within an iteration."""

    def __init__(self, function: Any, comparison: Comparison, control: Control) -> None:
        super().__init__(function, comparison, control)
        self._control = control

    def quit(self) -> None:
        """Stop; also called when the window or the application closes."""
        self._control.stop()
        super().quit()


class Trials(QObject):
    """A comparison being carried out, seen from the GUI thread.

    Attributes
    ----------
    told : Signal(object)
        An `Advance`, an `Outcome` or a `Failure`.
    ended : Signal(str)
        How it ended: done, stopped or failed.
    """

    told = Signal(object)
    ended = Signal(str)

    def __init__(self, comparison: Comparison, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._comparison = comparison
        self._control = Control()
        self._left = len(comparison.entries)
        self._failed = False
        self._heard = True

    @property
    def stopping(self) -> bool:
        """Whether it will end after the iteration under way."""
        return self._control.stopped

    def start(self) -> None:
        """Begin, in a thread of Qt's pool."""
        worker = create_worker(
            carry_out, self._comparison, self._control, _worker_class=_Worker, _ignore_errors=True
        )
        worker.yielded.connect(self._receive)
        worker.finished.connect(self._finish)
        worker.start()

    def stop(self) -> None:
        """End after the iteration under way."""
        self._control.stop()

    def abandon(self) -> None:
        """Stop and tell no more: the dock is closing."""
        self._heard = False
        self._control.stop()

    def _receive(self, message: Advance | Outcome | Failure) -> None:
        if not self._heard:
            return
        if isinstance(message, Outcome) and message.label != DATA:
            self._left -= 1
        self._failed = self._failed or isinstance(message, Failure)
        self.told.emit(message)
        if isinstance(message, Advance):
            self._control.shown()

    def _finish(self) -> None:
        if self._heard:
            over: Ending = "done" if self._left == 0 else "stopped"
            self.ended.emit("failed" if self._failed else over)


def named(outcome: Outcome, name: str) -> Outcome:
    """Return an outcome under the name of its layer."""
    return replace(outcome, label=name)
