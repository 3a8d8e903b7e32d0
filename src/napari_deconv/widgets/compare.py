"""The Compare dock: several methods and strengths on one image, side by side in one table."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QSizePolicy, QSplitter, QVBoxLayout, QWidget

from napari_deconv.appraisal import Outcome
from napari_deconv.comparing import Advance
from napari_deconv.widgets.column import CalmFields, Column, Scroll
from napari_deconv.widgets.compare_edges import EdgeWatch
from napari_deconv.widgets.compare_methods import MethodList
from napari_deconv.widgets.compare_results import CompareResults
from napari_deconv.widgets.compare_table import Row
from napari_deconv.widgets.compare_work import DATA, Comparison, Trials, named
from napari_deconv.widgets.controls import Controls
from napari_deconv.widgets.inputs import Inputs
from napari_deconv.widgets.order import Begun, Failure
from napari_deconv.widgets.presence import Presence
from napari_deconv.widgets.result import ResultLayer
from napari_deconv.widgets.tone import sheet

if TYPE_CHECKING:
    import napari
    from napari.layers import Image

    from napari_deconv.widgets.source import Source

UPPER_HEIGHT, LOWER_HEIGHT = 90, 420
"""Pixels that choices, which are scrolled, and results keep where the dock is low."""
UNITS = 1000
"""Positions of the bar for each candidate."""


class CompareWidget(QWidget):
    """The dock, which scripts may drive as well.

    Parameters
    ----------
    viewer : napari.Viewer
    parent : QWidget, optional

    Attributes
    ----------
    finished : Signal(str)
        A queue ended: ``"done"``, ``"stopped"`` or ``"failed"``.
    inputs : Inputs
    methods : MethodList
    controls : Controls
    results : CompareResults
    """

    finished = Signal(str)

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # napari hands plugins a proxy; the layers that its events bring are no proxies.
        self._viewer = getattr(viewer, "__wrapped__", viewer)
        self._trials: Trials | None = None
        self._source: Source | None = None
        self._reference: Image | None = None
        self._origin: Any = None
        self._weights: Image | None = None
        self._total = 0
        self._presence = Presence(self, self._events, self._arrive, self._rest)
        self.setObjectName("compare")
        self.inputs, self.methods = Inputs(self._viewer), MethodList()
        self.controls = Controls()
        self.controls.pause_button.hide()  # a queue is long: it is stopped, and what is done stays
        self.results = CompareResults(self._viewer)
        self.results.report.reference = lambda: self._reference
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="napari-deconv-edges")
        self._edges = EdgeWatch(self._viewer, self.results, self._executor, self)
        self.destroyed.connect(partial(_shut, self._executor))
        self._lay_out()
        self._connect()
        self._presence.join()

    @property
    def running(self) -> bool:
        """Whether a queue is under way."""
        return self._trials is not None

    def run(self) -> bool:
        """Start the queue; return whether it could be, the status line says why not."""
        if self.running:
            return False
        try:
            comparison = self._ordered()
        except ValueError as error:
            self.controls.status.say(str(error), "error")
            return False
        self.results.begin()
        self._reference = self.inputs.reference.value
        self._edges.begin(self._source, self._reference)
        self._total = len(comparison.entries)
        self.controls.expect(UNITS * self._total)
        self.controls.state = "running"
        self.controls.status.say("Reading the image …", "plain")
        self._trials = Trials(comparison, self)
        self._trials.told.connect(self._hear)
        self._trials.ended.connect(self._end)
        self._trials.start()
        return True

    def stop(self) -> None:
        """End the queue after the iteration under way; what is finished stays."""
        if self._trials is not None:
            self.controls.state = "stopping"
            self.controls.status.say("stopping …", "plain")
            self._trials.stop()

    def _ordered(self) -> Comparison:
        """Return what the fields ask for."""
        source = self.inputs.source()
        reference, weights = self.inputs.companions(source)
        self._source, self._origin = source, self.inputs.psf.origin
        self._weights = None if weights is None else weights.layer
        return Comparison(
            entries=self.methods.candidates(),
            recipe=self.inputs.recipe(),
            image=source.fetch,
            psf=self.inputs.psf.fetch(),
            psf_pixel=self.inputs.psf.resampled_from,
            remarks=self.inputs.psf.remarks(source.pixel_size),
            reference=None if reference is None else reference.fetch,
            weights=None if weights is None else weights.fetch,
            device=self.inputs.more.device,
        )

    def _hear(self, message: Any) -> None:
        """Show what the thread tells."""
        if isinstance(message, Advance):
            self.controls.bar.setValue(round(UNITS * message.done))
            if self._trials is not None and not self._trials.stopping:
                self.controls.status.say(message.text, "plain")
        elif isinstance(message, Outcome):
            self._show(message)
        elif isinstance(message, Failure):
            self.controls.status.say(message.text, "error")

    def _show(self, outcome: Outcome) -> None:
        """Add a row, and its layer."""
        assert self._source is not None
        if outcome.label == DATA:
            name = self._source.layer.name
            self.results.add(Row(named(outcome, name), self._source.layer, data=True))
        elif outcome.image is None:
            self.results.add(Row(outcome, None))
        else:
            layer = self._add_layer(outcome)
            self.results.add(Row(named(outcome, outcome.label), layer))
        self._edges.look()

    def _add_layer(self, outcome: Outcome) -> Any:
        assert self._source is not None
        assert outcome.recipe is not None
        assert outcome.image is not None
        result = ResultLayer(self._viewer, self._source, None)
        result.psf_origin, result.weights = self._origin, self._weights
        result.begin(Begun(outcome.recipe, outcome.notes, outcome.device, 1))
        result.show(outcome.image)
        layer = result.layer
        assert layer is not None
        result.note(seconds=outcome.figures.seconds)
        layer.name = f"{self._source.layer.name} {outcome.label}"
        return layer

    def _end(self, ending: str) -> None:
        if self._trials is not None:
            self._trials.deleteLater()
        self._trials = None
        self.controls.state = "idle"
        self.inputs.more.list_devices()
        if ending != "failed":
            rows = self.results.table.figures.rows
            there = sum(row.layer is not None and not row.data for row in rows)
            refused = sum(bool(row.outcome.complaint) for row in rows)
            if ending == "done":
                self.controls.bar.setValue(UNITS * self._total)
            said = f"{ending} · {there} of {self._total} pictures"
            self.controls.status.say(said + (f" · {refused} refused" if refused else ""), "plain")
        self.finished.emit(ending)

    def _check(self) -> None:
        """Say at once what is wrong with the fields, and no longer once it is mended."""
        if self.running or not self._presence.joined or self.inputs.image.value is None:
            return
        try:
            self.inputs.companions(self.inputs.source())
            self.inputs.recipe()
        except ValueError as error:
            self.controls.status.say(str(error), "error")
        else:
            self.controls.status.mend()

    def _follow_layers(self, event: Any = None) -> None:
        if event is not None and event.type == "removed":
            self.results.drop(event.value)
        if event is not None and event.type == "renamed":
            self.results.rename()
        self.inputs.follow_layers()
        self._edges.look()

    def _events(self) -> list[tuple[Any, Any]]:
        layers, dims = self._viewer.layers.events, self._viewer.dims.events
        follow = [layers.inserted, layers.removed, layers.reordered, layers.renamed]
        return [
            *((emitter, self._follow_layers) for emitter in follow),
            (dims.current_step, self.inputs.explain),
            (dims.order, self.inputs.explain),
            (self._viewer.events.theme, self._paint),
        ]

    def _arrive(self) -> None:
        """Follow the viewer's layers, sliders and theme."""
        self._paint()
        self.inputs.follow_layers()
        self._edges.look()

    def _rest(self) -> None:
        """Stop what runs and follow the viewer no more; its layers stay."""
        if self._trials is not None:
            self._trials.abandon()
            self._trials = None
            self.controls.state = "idle"
        self._edges.leave()
        self.results.view.leave()
        self.inputs.leave()

    def _paint(self, event: Any = None) -> None:
        self.setStyleSheet(sheet(self._viewer.theme))

    def _connect(self) -> None:
        self.controls.run_asked.connect(self.run)
        self.controls.stop_asked.connect(self.stop)
        self.inputs.changed.connect(self._check)
        self.inputs.failed.connect(lambda text: self.controls.status.say(text, "error"))
        self.results.view.failed.connect(lambda text: self.controls.status.say(text, "error"))

    def _lay_out(self) -> None:
        column = Column(margin=6)
        report = self.results.report
        for widget in (self.inputs, self.methods, self.inputs.more, report.limits):
            column.wide(widget)
        column.end()
        pinned = Column(margin=6)  # in sight however low the dock is
        pinned.wide(self.controls)
        self._calm = CalmFields(column)
        lower = QWidget()
        lower.setMinimumHeight(LOWER_HEIGHT)
        below = QVBoxLayout(lower)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(0)
        below.addWidget(pinned)
        below.addWidget(self.results, 1)
        halves = QSplitter(Qt.Orientation.Vertical)
        halves.setObjectName("compare_halves")
        halves.setChildrenCollapsible(False)
        upper = Scroll(column)
        upper.setMinimumHeight(UPPER_HEIGHT)
        halves.addWidget(upper)
        halves.addWidget(lower)
        halves.setStretchFactor(0, 1)
        halves.setStretchFactor(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(halves)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)


def _shut(executor: ThreadPoolExecutor, *_: Any) -> None:
    executor.shutdown(wait=False, cancel_futures=True)
