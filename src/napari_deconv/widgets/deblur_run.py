"""A run of the Deblur dock, and what its thread tells, shown in the panel and in a layer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_deconv.sensitivity import spread
from napari_deconv.widgets import order as told
from napari_deconv.widgets.bands import attach
from napari_deconv.widgets.evidence_maps import DISAGREEMENT, RESIDUAL
from napari_deconv.widgets.evidence_work import doubt, map_residual, opine
from napari_deconv.widgets.result import recipe_of
from napari_deconv.widgets.source import Source
from napari_deconv.widgets.stack_run import StackOrder, fill
from napari_deconv.widgets.stack_source import StackSource
from napari_deconv.widgets.worker import Run, restore, vary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari.components import Dims

    from napari_deconv.methods.method import Method
    from napari_deconv.widgets.deblur_panel import DeblurPanel
    from napari_deconv.widgets.result import ResultLayer

BAND = "psf-width"
"""Name of the band that a varied width of the PSF gives."""
DOUBTS = "doubts"
"""Name of the band of all variants of a result."""


class Running(QObject):
    """What the dock is at: a run, the same again at other widths of the PSF, or nothing.

    Parameters
    ----------
    panel : DeblurPanel
        Where it is shown.

    Attributes
    ----------
    ended : Signal(str)
        A run ended: ``"done"``, ``"stopped"``, ``"failed"`` or ``"asked"``.
    varied : Signal(str)
        So did the variation of the PSF's width.
    result : ResultLayer or None
        Of the last run.
    aside : bool
        Whether what is under way is a second opinion that nobody asked for by hand.
    """

    ended = Signal(str)
    varied = Signal(str)

    def __init__(self, panel: DeblurPanel) -> None:
        super().__init__(panel)  # it hears nothing more once the panel is gone
        self._panel = panel
        self._run: Run | None = None
        self._order: told.Order | None = None
        self._last: told.View | None = None
        self._stack: StackOrder | None = None
        self._filled: told.Filled | None = None
        self._loss = self._moved = ""
        self.aside = False
        self.result: ResultLayer | None = None

    @property
    def busy(self) -> bool:
        """Whether anything is under way, on hold or stopping."""
        return self._run is not None

    def begin(self, order: told.Order | StackOrder, result: ResultLayer) -> None:
        """Start a run that fills a layer, or go on in that of a stack that was stopped.

        A second opinion on the last one ends.
        """
        if self.aside:
            self.abandon()
        self._panel.begin_run()
        loaded = "torch" in sys.modules  # before the thread begins to load it
        self._last = self._filled = None
        if isinstance(order, StackOrder):
            if not self._goes_on(order):
                self._stack, self.result = order, result
            self._order = None
            self._start(Run(self._stack, self, fill), self._end)
        else:
            self._order, self._stack, self.result = order, None, result
            self._start(Run(order, self, restore), self._end)
        self._panel.controls.status.say(
            "Reading the image …" if loaded else "Loading PyTorch …", "plain"
        )

    def look_at(self, dims: Dims) -> None:
        """Take the slice on display next, where all of a stack are restored."""
        if self._stack is not None and self.busy:
            filling = self._stack.filling
            plane = Source.of(filling.source.layer, dims)
            if plane.axes == filling.source.axes:
                filling.wanted = StackSource.around(plane).shown

    def _goes_on(self, order: StackOrder) -> bool:
        """Return whether an order is that of the stack that was stopped, and look where it does."""
        stopped, result = self._stack, self.result
        if stopped is None or result is None or not result.there or not stopped.same(order):
            return False
        if stopped.filling.done.all():
            return False
        stopped.filling.wanted = order.filling.wanted
        return True

    def vary(self) -> bool:
        """Restore the last result at other widths of the PSF; return whether that could begin."""
        return self._again(vary, "Varying the PSF's width …")

    def map_residual(self) -> bool:
        """Show what the last result, blurred again, leaves of the data; False if it can't."""
        return self._again(map_residual, "Blurring the result again …")

    def doubt(self) -> bool:
        """Restore the last result's variants and show where they differ; False if it can't."""
        return self._again(doubt, "Restoring variants of the result …")

    def _opine(self) -> None:
        """Ask another method for a second opinion, where the result is a learned one's."""
        if self._order is not None and self._panel.opinion.wanted(self._order.recipe.method):
            self.aside = self._again(opine, "Second opinion …")

    def _again(self, work: Callable[..., Iterator[told.Message]], words: str) -> bool:
        """Do something with the last result; return whether that could begin."""
        result, order = self.result, self._order
        if self.busy or order is None or result is None or not result.there:
            return False
        assert result.layer is not None
        self._moved = ""
        varied = told.Variation(order, recipe_of(result.layer), result.plane())
        self._start(Run(varied, self, work), self._end_varied)
        self._panel.controls.status.say(words, "plain")
        return True

    def stop(self) -> None:
        """End it after the iteration under way; the last estimate stays."""
        if self._run is not None:
            self._panel.controls.state = "stopping"
            self._panel.controls.status.say("stopping …", "plain")
            self._run.stop()

    def pause(self) -> None:
        """Hold it after the iteration under way."""
        if self._run is not None and not self._run.stopping:
            self._run.pause()
            self._panel.controls.state = "paused"

    def resume(self) -> None:
        """Go on with what is on hold."""
        if self._run is not None and not self._run.stopping:
            self._run.resume()
            self._panel.controls.state = "running"

    def retune(self, method: Method) -> None:
        """Go on at another strength; the slices of a stack have one."""
        if self._run is not None and self._stack is None:
            self._run.retune(method)

    def lose(self) -> None:
        """Stop, for the layer was deleted."""
        if self.busy:
            self._loss = "The result layer was deleted, so the run was stopped."
            self.stop()
        self.offer()

    def abandon(self) -> None:
        """Stop and hear no more: the dock is closing."""
        if self._run is not None:
            self._run.abandon()
            self._run, self.aside = None, False
            self._panel.controls.state = "idle"

    def offer(self) -> None:
        """Offer to vary the PSF's width where there is a result that it was given for."""
        there = self.result is not None and self.result.there and self._last is not None
        self._panel.psf_width.offer(there and not self.busy)
        self._panel.evidence.offer(there and not self.busy)

    def _start(self, run: Run, end: Callable[[str], None]) -> None:
        self._run, self._loss = run, ""
        run.told.connect(self._hear)
        run.ended.connect(end)
        self._panel.controls.state = "running"
        self._panel.controls.expect(0)
        self.offer()
        run.start()

    def _hear(self, message: Any) -> None:
        """Show what the thread tells."""
        panel, result = self._panel, self.result
        if result is None:
            return
        if isinstance(message, told.Begun):
            result.begin(message)
            panel.show_begun(message)
            if self._stack is not None:
                panel.plot.hide()
        elif isinstance(message, told.Noted):
            panel.show_noted(message)
        elif isinstance(message, told.Choosing):
            self._show_choosing(message, result)
        elif isinstance(message, told.Chosen):
            result.change(message.recipe)
            panel.show_chosen(message.recipe)
        elif isinstance(message, told.View):
            self._show(message, result)
        elif isinstance(message, told.Filled):
            self._show_filled(message, result)
        elif isinstance(message, told.Verdict):
            panel.verdict.tell(message)
        elif isinstance(message, told.Question):
            panel.question.ask(told.ATTENUATION)
        elif isinstance(message, told.Failure):
            panel.controls.status.say("")
            panel.controls.status.say(message.text, "error")
        elif isinstance(message, told.Varied):
            panel.controls.show_varied(message)
        else:
            self._hear_again(message, result)

    def _hear_again(self, message: Any, result: ResultLayer) -> None:
        """Show what the thread tells of work with a result."""
        if not result.there or result.layer is None:
            return
        if isinstance(message, told.Banded):
            attach(result.layer, BAND, result.placed(message.band))
            self._moved = self._panel.psf_width.tell(message.band.words, spread(message.band))
        elif isinstance(message, told.Mapped):
            result.lay_over(message.residual, RESIDUAL)
        elif isinstance(message, told.Doubted):
            if isinstance(message, told.Opined):
                result.lay_under(message.made)
            attach(result.layer, DOUBTS, result.placed(message.found.band))
            result.lay_over(message.found.beyond, DISAGREEMENT)
            self._panel.evidence.tell(message)

    def _show_filled(self, filled: told.Filled, result: ResultLayer) -> None:
        """Draw a stack as far as it is."""
        self._filled = filled
        assert self._stack is not None
        array = self._stack.filling.array
        if array is None or not result.show_all(array):
            return
        result.note(done=filled.done, seconds=filled.seconds)
        if self._run is not None and not self._run.stopping:
            self._panel.controls.show_filled(filled)

    def _show_choosing(self, choosing: told.Choosing, result: ResultLayer) -> None:
        if choosing.image is not None:
            result.show(choosing.image)
        if self._run is not None and not self._run.stopping:
            self._panel.show_choosing(choosing)

    def _show(self, view: told.View, result: ResultLayer) -> None:
        if not result.show(view.image):
            return
        self._last = view
        result.note(iteration=view.index, of=view.total, seconds=view.seconds)
        if self._run is not None and not self._run.stopping:
            self._panel.show_view(view, result.source)

    def _finish(self) -> None:
        if self._run is not None:
            self._run.deleteLater()
        self._run, self.aside = None, False
        self._panel.controls.state = "idle"
        self._panel.more.list_devices()

    def _end(self, ending: str) -> None:
        self._finish()
        status = self._panel.controls.status
        if ending == "asked":
            status.say("")
        elif self._loss:
            status.say(self._loss, "plain")
        elif self._filled is not None and self._filled.done and ending != "failed":
            self._panel.controls.show_filled(self._filled, ending)
        elif ending == "stopped" and self._last is None:
            self._end_early()
        elif ending != "failed":
            self._say_last(ending)
        self.offer()
        self.ended.emit(ending)
        if ending == "done" and not self.busy:
            self._opine()

    def _end_early(self) -> None:
        """Take back what was shown of a search for a strength that was stopped: it is no result."""
        searching = self.result is not None and self.result.layer is not None
        first = "a strength was chosen" if searching else "the first estimate"
        if self.result is not None:
            self.result.remove()
        self._panel.curve.forget()
        self._panel.controls.expect(1)
        self._panel.controls.status.say(f"Stopped before {first}.", "plain")

    def _end_varied(self, ending: str) -> None:
        self._finish()
        if self._loss:
            self._panel.controls.status.say(self._loss, "plain")
        elif ending != "failed":
            self._say_last(self._moved)
        self.offer()
        self.varied.emit(ending)

    def _say_last(self, ending: str) -> None:
        """Say where the last run ended."""
        if self._last is not None and self.result is not None:
            prefix = self._panel.prefix(self.result.source, ending)
            self._panel.controls.show_view(self._last, prefix)
