"""The Train dock: a model for this scanner, learned beside what is done in the viewer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Literal

from napari.qt.threading import create_worker
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QProgressBar, QSizePolicy, QVBoxLayout, QWidget
from superqt.utils import FunctionWorker

from napari_deconv import training_events as events
from napari_deconv.learned.restore import Restore
from napari_deconv.trainer import BEST
from napari_deconv.widgets.column import CalmFields, Column, Line, Scroll
from napari_deconv.widgets.docks import DEBLUR, bring_forward, open_dock, open_docks
from napari_deconv.widgets.naming import push_button
from napari_deconv.widgets.presence import Presence
from napari_deconv.widgets.tone import Tone, set_tone, sheet
from napari_deconv.widgets.train_choices import TrainChoices
from napari_deconv.widgets.train_folder import again, fresh_folder, holds_training, withdraw
from napari_deconv.widgets.train_plot import TrainPlot
from napari_deconv.widgets.train_preview import TrainPreview
from napari_deconv.widgets.train_process import TrainProcess
from napari_deconv.widgets.train_result import TrainResult
from napari_deconv.widgets.train_words import score, status

if TYPE_CHECKING:
    import napari

State = Literal["idle", "preparing", "running", "stopping"]
UNITS = 1000
"""Positions of the bar."""


class TrainWidget(QWidget):
    """The dock, which scripts may drive as well.

    Parameters
    ----------
    viewer : napari.Viewer
    parent : QWidget, optional

    Attributes
    ----------
    finished : Signal(str)
        A training ended: ``"done"``, ``"stopped"`` or ``"failed"``.
    choices : TrainChoices
    result : TrainResult
    area : Scroll
        The rows, plots and results; buttons and status stay in sight below.
    """

    finished = Signal(str)

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # napari hands plugins a proxy; the layers that its events bring are no proxies.
        self._viewer = getattr(viewer, "__wrapped__", viewer)
        self._presence = Presence(self, self._events, self._arrive, self._rest)
        self.setObjectName("train")
        self._state: State = "idle"
        self._process: TrainProcess | None = None
        self._worker: FunctionWorker[Any] | None = None
        self._called_off = Event()
        self._resuming = False
        self._best = ""
        self.choices, self.plot, self.result = (
            TrainChoices(self._viewer),
            TrainPlot(),
            TrainResult(),
        )
        self.preview = TrainPreview(self._viewer)
        self.button = push_button("Train", "train_button", "Begin, in a process of its own.")
        self.anew = push_button("Start anew", "train_anew", "Keep that training; begin another.")
        self.bar = QProgressBar()
        self.bar.setObjectName("train_progress")
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.bar.setRange(0, UNITS)
        self.status, self.score_line = Line("train_status"), Line("train_score")
        self._lay_out()
        self._connect()
        self._presence.join()

    @property
    def state(self) -> State:
        """Whether nothing runs, or a training is being prepared, under way or ending."""
        return self._state

    @property
    def pid(self) -> int:
        """Number of the process that learns; 0 where there is none."""
        return 0 if self._process is None else self._process.pid

    def run(self) -> bool:
        """Begin a training, or go on with the one in the folder; return whether it could be."""
        if self._state != "idle":
            return False
        self._called_off = Event()
        prepare: Callable[[], Path | None]
        try:
            place, minutes = self.choices.place(), self.choices.time()
            self._resuming = holds_training(place)
            if self._resuming:  # as it was begun: other rows play no part
                prepare = partial(again, place, minutes)
            else:
                prepare = partial(self.choices.order().write, self._called_off.is_set)
        except ValueError as error:
            self.status.say(str(error), "error")
            return False
        if not self._resuming:
            self.plot.begin()
            self._best = ""
        self.result.begin()
        self.plot.show()
        self._show("preparing")
        self.status.say("Reading what is chosen …", "plain")
        self._worker = create_worker(
            _prepared,
            prepare,
            _worker_class=FunctionWorker,
            _connect={"returned": self._start},
        )
        return True

    def stop(self) -> None:
        """End after the step under way; the best model so far is there at once."""
        if self._state == "preparing":
            self._called_off.set()
            self._show("stopping")
            self.status.say("Stopping once what is being read has been read.", "plain")
        if self._process is None or self._state != "running":
            return
        self._process.stop()
        self._show("stopping")
        self.status.say(f"Stopping after this step. {self._best}".strip(), "plain")
        self._offer_best()

    def use(self, model: str) -> None:
        """Choose a model in the Deblur dock, which is opened if it is not, for the scan."""
        from napari_deconv.widgets.deblur import DeblurWidget

        if not open_docks(self._viewer, DeblurWidget):
            open_dock(self._viewer, DEBLUR)
        for dock in open_docks(self._viewer, DeblurWidget):
            if self.choices.scan.value in self._viewer.layers:
                dock.image = self.choices.scan.value
            # Its layer may be gone, or be what is deblurred: then it is no PSF there.
            with suppress(ValueError):
                dock.psf = self.choices.psf.value
                dock.panel.psf.resample(self.choices.psf.resampled_from is not None)
            dock.method = Restore(model=model)
            bring_forward(dock)
        self.result.line.say("It is chosen in Deblur: press Run there.")

    def _start(self, found: Path | str | None) -> None:
        """Start the process, now that the plan is written."""
        if self._worker is None:
            return  # the dock was closed meanwhile
        self._worker = None
        if isinstance(found, str):
            self._fall_back(found, "error", "failed")
            return
        if found is None or self._called_off.is_set():
            self._fall_back(f"Stopped before it began. {self._best}", "plain", "stopped")
            self._offer_best()
            return
        self._process = TrainProcess(self)
        self._process.told.connect(self._hear)
        self._process.ended.connect(self._end)
        self._show("running")
        self.status.say("Starting …", "plain")
        self._process.start(found)

    def _fall_back(self, text: str, tone: Tone, ending: str) -> None:
        """Say why no process was started."""
        self._show("idle")
        self.choices.follow_layers()  # that were added or removed meanwhile
        self.status.say(text.strip(), tone)
        self.finished.emit(ending)

    def _hear(self, event: events.Event) -> None:
        """Show what the training tells."""
        if isinstance(event, events.Refused):
            self.status.say(event.text, "plain" if self._state == "stopping" else "error")
        elif isinstance(event, events.Done):
            self.result.show_done(event)
        elif isinstance(event, events.Validated):
            self.plot.add_score(event.step, event.restored, event.others)
            self.score_line.say(score(event), "plain")
            if event.best:
                self._best = (
                    f"The best so far, {event.restored:.2f} dB at step {event.step}, stays."
                )
            self.preview.show(event.preview, self.choices.scan.value)
        else:
            if isinstance(event, events.Learned):
                self.plot.add_loss(event.step, event.loss)
                self.bar.setValue(round(UNITS * event.done / event.total))
            if self._state == "running":
                self.status.say(status(event), "plain")

    def _end(self, ending: str) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
            if process.refused and not self._resuming:
                withdraw(self.choices.place())  # or the same would be refused again
            if process.refused and self._state == "stopping":
                ending = "stopped"
        self._show("idle")
        self.choices.follow_layers()  # that were added or removed meanwhile
        if ending == "stopped" and self._holds_training():
            self.status.say(f"Stopped; Resume goes on from here. {self._best}".strip(), "plain")
        elif ending == "stopped":
            self.status.say("Stopped before anything was learned.", "plain")
        elif ending == "done":
            self.bar.setValue(UNITS)
            self.status.say("Done. To train on, give more minutes and press Resume.", "plain")
            self.score_line.say("")  # of the last step, which need not be the best
        elif not self.result.isVisible():
            self._offer_best()
        self.finished.emit(ending)

    def _offer_best(self) -> None:
        """Offer the best model that the folder holds, if it holds one."""
        best = self.choices.place() / BEST
        if best.is_file():
            self.result.offer(best, self._best or "The best so far stays.")

    def _show(self, state: State) -> None:
        """Show a state on the buttons; rows can't be changed while it learns."""
        self._state = state
        idle = state == "idle"
        held = idle and self._holds_training()
        texts = {"idle": "Resume" if held else "Train", "stopping": "Stopping …"}
        self.button.setText(texts.get(state, "Stop"))
        self.button.setAccessibleName(self.button.text())
        self.button.setEnabled(state != "stopping")
        set_tone(self.button, "run" if idle else "stop")
        self.anew.setVisible(held)
        self.choices.setEnabled(idle)

    def _holds_training(self) -> bool:
        try:
            return holds_training(self.choices.place())
        except ValueError:
            return False

    def _begin_anew(self) -> None:
        self.choices.folder.setText(str(fresh_folder()))
        self.choices.explain()
        self.result.begin()
        self.score_line.say("")
        self.status.say("")
        self.bar.setValue(0)

    def _press(self) -> None:
        if self._state == "idle":
            self.run()
        else:
            self.stop()

    def _check(self) -> None:
        if self._state == "idle":
            self._show("idle")

    def _follow_layers(self, event: Any = None) -> None:
        if self._state == "idle":
            self.choices.follow_layers()

    def _connect(self) -> None:
        self.button.clicked.connect(self._press)
        self.anew.clicked.connect(self._begin_anew)
        self.choices.changed.connect(self._check)
        self.choices.failed.connect(lambda text: self.status.say(text, "error"))
        self.result.use_asked.connect(self.use)

    def _events(self) -> list[tuple[Any, Any]]:
        layers = self._viewer.layers.events
        follow = [layers.inserted, layers.removed, layers.reordered, layers.renamed]
        return [
            *((emitter, self._follow_layers) for emitter in follow),
            (self._viewer.events.theme, self._paint),
        ]

    def _arrive(self) -> None:
        """Follow the viewer's layers and theme."""
        self._paint()
        self.choices.follow_layers()
        self._show(self._state)

    def _rest(self) -> None:
        """End what learns, its last state kept, and follow the viewer no more."""
        self._worker = None
        self._called_off.set()
        if self._process is not None:
            self._process.abandon()
            self._process.deleteLater()
            self._process = None
        self._state = "idle"
        self.choices.leave()

    def _paint(self, event: Any = None) -> None:
        self.setStyleSheet(sheet(self._viewer.theme))
        self.plot.paint(self._viewer.theme)

    def _lay_out(self) -> None:
        column = Column(margin=6)
        for widget in (self.choices, self.plot, self.result):
            column.wide(widget)
        column.end()
        pinned = Column(margin=6)  # in sight however low the dock is
        pinned.wide(self.button, self.anew)
        pinned.wide(self.bar)
        pinned.wide(self.status)
        pinned.wide(self.score_line)
        self._calm = CalmFields(column)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.area = Scroll(column)
        layout.addWidget(self.area, 1)
        layout.addWidget(pinned)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)


def _prepared(prepare: Callable[[], Path | None]) -> Path | str | None:
    """Write the plan, in a thread; return a sentence where that can't be done."""
    try:
        return prepare()
    except ValueError as error:
        return str(error)
    except Exception as error:
        return f"What is chosen could not be read ({type(error).__name__}: {error})."
