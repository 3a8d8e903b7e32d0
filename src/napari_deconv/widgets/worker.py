"""Steps in a thread: throttle, progress, pause, stop.

The thread computes all that the screen shows; the screen answers each view, and no other is sent
until it has, so that a slow screen skips views and never queues them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from napari.qt.threading import create_worker
from napari.utils import progress
from qtpy.QtCore import QObject, Signal
from superqt.utils import GeneratorWorker

from napari_deconv.core import device as devices
from napari_deconv.evidence.reference import Psnr, peak, psnr
from napari_deconv.sensitivity import Sensitivity
from napari_deconv.widgets.control import Control
from napari_deconv.widgets.order import (
    Banded,
    Begun,
    Choosing,
    Chosen,
    Doubted,
    Failure,
    Filled,
    Mapped,
    Message,
    Noted,
    Order,
    Question,
    Variation,
    Varied,
    Verdict,
    View,
)
from napari_deconv.xray.domain import looks_like_attenuation

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_deconv.methods.method import Method, Step
    from napari_deconv.recipe import Recipe
    from napari_deconv.restoration import Restoration

    Compare = Callable[[npt.NDArray[Any]], Psnr | None]

log = logging.getLogger(__name__)

PERIOD = 0.1
"""Least seconds between two views."""

Ending = Literal["done", "stopped", "failed", "asked"]


def restore(order: Order, control: Control) -> Iterator[Message]:
    """Carry an order out, in a thread, and tell what happens."""
    yield from guarded(_messages(order, control))


def vary(variation: Variation, control: Control) -> Iterator[Message]:
    """Restore a result again at other widths of its PSF, in a thread, and tell what happens."""
    yield from guarded(_variations(variation, control))


def guarded(messages: Iterator[Message]) -> Iterator[Message]:
    """Tell in a sentence what goes wrong."""
    try:
        yield from messages
    except ValueError as error:
        log.debug("Refused", exc_info=True)
        yield Failure(str(error))
    except Exception as error:
        log.exception("The deconvolution failed")
        lines = str(error).strip().splitlines() or [""]
        reason = f"{type(error).__name__}: {lines[0]}".rstrip(": .")
        yield Failure(f"The computation failed ({reason}); the log has the details.")


def _messages(order: Order, control: Control) -> Iterator[Message]:
    image = order.image()
    if not order.asked and looks_like_attenuation(image):
        yield Question()
        return
    recipe = order.recipe
    if order.psf is not None:
        recipe = recipe.with_psf(order.psf(), order.psf_pixel)
    truth = None if order.reference is None else order.reference()
    devices.leave_a_core()
    weights = None if order.weights is None else order.weights()
    run = recipe.begin(image, None, order.device, order.region, weights)
    notes, forecast = run.notes, run.foreseen().sentence
    yield Begun(run.recipe, (*order.remarks, *notes), str(run.device), run.total, forecast)
    if not run.chosen:
        yield from _choosing(run, control)
        if control.stopped:
            return
        if run.chosen:
            yield Chosen(run.recipe)
    last: View | None = None
    for message in _views(run, _compared(truth, order.region), control):
        last = message if isinstance(message, View) else last
        if run.notes != notes:
            notes = run.notes
            yield Noted((*order.remarks, *notes), run.total)
        yield message
    if last is not None and last.index == last.total:
        check = run.agreement(last.image)
        text = " ".join((*run.remarks(last.image), str(check)))
        yield Verdict(text, check.light, check.meaning)


def _variations(variation: Variation, control: Control) -> Iterator[Message]:
    order = variation.order
    weights = None if order.weights is None else order.weights()
    devices.leave_a_core()
    varied = Sensitivity(
        variation.recipe, order.image(), device=order.device, region=order.region, weights=weights
    )
    due = -float("inf")
    for step in varied.steps():
        if step.index == step.total or (control.seen and time.monotonic() >= due):
            control.sent()
            due = time.monotonic() + PERIOD
            yield Varied(step.index, step.total, step.seconds - control.rested, varied.words)
        control.rest()
        if control.stopped:
            return
    yield Banded(varied.band(variation.result))


def _choosing(run: Restoration[Recipe], control: Control) -> Iterator[Message]:
    """Search for the strength, and tell of it now and then."""
    due = -float("inf")
    for trying in run.choosing():
        if control.stopped or control.paused or (control.seen and time.monotonic() >= due):
            message = Choosing(trying.trial, trying.trials, run.glimpse(trying), trying.curve)
            control.sent()
            due = time.monotonic() + PERIOD
            yield message
        control.rest()
        if control.stopped or control.waiting:
            return


def _views(run: Restoration[Recipe], compare: Compare, control: Control) -> Iterator[View | Chosen]:
    """Yield views of the steps: at most one a `PERIOD`, none unseen, and the last of all.

    Where the strength was changed, the steps begin again at the last estimate.
    """
    while True:
        if (method := control.retuned()) is not None:
            run.retune(method)
            yield Chosen(run.recipe)
        yield from _until_retuned(run, compare, control)
        if control.stopped or not control.waiting:
            return


def _until_retuned(run: Restoration[Recipe], compare: Compare, control: Control) -> Iterator[View]:
    """Yield views until the last step, or until a strength is changed."""
    due = -float("inf")
    for step in run.steps():
        if control.stopped or control.paused or step.index == step.total:
            show = True
        else:
            show = control.seen and time.monotonic() >= due
        if show:
            view = _view(step, run, compare, control)
            control.sent()
            due = time.monotonic() + PERIOD
            yield view
        control.rest()
        if control.stopped or control.waiting:
            return


def _view(step: Step, run: Restoration[Recipe], compare: Compare, control: Control) -> View:
    image = step.image()
    seconds = step.seconds - control.rested
    return View(
        step.index, step.total, image, step.objective, compare(image), seconds, str(run.device)
    )


def _compared(truth: npt.NDArray[Any] | None, region: tuple[slice, slice] | None) -> Compare:
    """Return what gives an estimate's PSNR, K being the maximum of the whole reference."""
    if truth is None:
        return lambda image: None
    top = peak(truth)
    part = truth if region is None else truth[region]
    return lambda image: psnr(image, part, top)


class _Worker(GeneratorWorker[Any, Any, Any]):
    """A worker that napari's own ways to quit stop within an iteration."""

    def __init__(self, function: Any, order: Any, control: Control) -> None:
        super().__init__(function, order, control)
        self._control = control

    def quit(self) -> None:
        """Stop; also called when the window or the application closes."""
        self._control.stop()
        super().quit()


class Run(QObject):
    """One order being carried out, seen from the GUI thread.

    Parameters
    ----------
    order : Order, Variation or StackOrder
        What is to be done.
    parent : QObject, optional
    work : callable
        What does it in the thread: `restore`, `vary`, or `stack_run.fill`.

    Attributes
    ----------
    told : Signal(object)
        What the thread tells, a `Message`.
    ended : Signal(str)
        How it ended: done, stopped, failed or asked.
    """

    told = Signal(object)
    ended = Signal(str)

    def __init__(self, order: Any, parent: QObject | None = None, work: Any = restore) -> None:
        super().__init__(parent)
        self._work, self._order = work, order
        self._control = Control()
        self._bar: progress | None = None
        self._ending: Ending = "stopped"
        self._heard = True
        self._over = False
        self._method: Method | None = None

    @property
    def paused(self) -> bool:
        """Whether it rests, or will after the iteration under way."""
        return self._control.paused

    @property
    def stopping(self) -> bool:
        """Whether it will end after the iteration under way."""
        return self._control.stopped

    def start(self) -> None:
        """Begin, in a thread of Qt's pool."""
        worker = create_worker(
            self._work, self._order, self._control, _worker_class=_Worker, _ignore_errors=True
        )
        worker.yielded.connect(self._receive)
        worker.finished.connect(self._finish)
        worker.warned.connect(_log_warning)
        worker.start()

    def stop(self) -> None:
        """End after the iteration under way."""
        self._control.stop()

    def pause(self) -> None:
        """Rest after the iteration under way."""
        self._control.pause()

    def resume(self) -> None:
        """Go on."""
        self._control.resume()

    def retune(self, method: Method) -> None:
        """Go on at another strength from the last estimate; nothing else can be changed."""
        running = self._method
        if running is not None and running != method and running.is_but_for_strength(method):
            self._method = method
            self._control.retune(method)

    def abandon(self) -> None:
        """Stop and tell no more: the dock is closing."""
        self._heard = False
        self._control.stop()
        self._close_bar()

    def _receive(self, message: Message) -> None:
        if not self._heard:
            return
        if isinstance(message, Begun):
            self._method = message.recipe.method
        elif isinstance(message, View):
            self._ending = "done" if message.index == message.total else "stopped"
        elif isinstance(message, Banded | Doubted | Mapped) or (
            isinstance(message, Filled) and message.over
        ):
            self._ending = "done"
        elif isinstance(message, Question):
            self._ending = "asked"
        elif isinstance(message, Failure):
            self._ending = "failed"
        self.told.emit(message)
        # napari's bar lets other events in, the next message and the end among them: it comes last.
        if isinstance(message, Begun):
            self._close_bar()
            self._bar = progress(total=message.total, desc="Deblur")
        elif isinstance(message, Noted) and self._bar is not None:
            self._bar.reset(message.total)
        elif isinstance(message, Choosing):
            self._control.shown()
        elif isinstance(message, View):
            self._control.shown()
            self._move_bar(message.index)
        elif isinstance(message, Filled):
            self._control.shown()
            self._move_bar(message.done)
        elif isinstance(message, Varied):
            self._control.shown()
            if self._bar is None:
                self._bar = progress(total=message.total, desc=message.words)
            self._move_bar(message.index)
        if self._over or not self._heard:
            self._close_bar()

    def _finish(self) -> None:
        self._over = True
        self._close_bar()
        if self._heard:
            self.ended.emit(self._ending)
        else:  # nobody else holds it, nor the arrays that it worked on
            self.deleteLater()

    def _move_bar(self, index: int) -> None:
        if self._bar is not None:
            self._bar.update(index - self._bar.n)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _log_warning(warning: tuple[Any, ...]) -> None:
    log.warning("%s", warning[0])
