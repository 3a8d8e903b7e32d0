"""Run that turns into Stop, Pause beside it, the progress bar and the status line."""

from __future__ import annotations

from typing import Literal

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_deconv.evidence.reference import format_level
from napari_deconv.widgets.column import Line
from napari_deconv.widgets.order import Filled, Varied, View
from napari_deconv.widgets.tone import set_tone

State = Literal["idle", "running", "paused", "stopping"]


class Controls(QWidget):
    """What starts, holds and ends a run, and what is said of it.

    Attributes
    ----------
    run_asked, stop_asked, pause_asked, resume_asked : Signal
    status : Line
        One line on where the run is, or why it can't be.
    """

    run_asked = Signal()
    stop_asked = Signal()
    pause_asked = Signal()
    resume_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.run_button = QPushButton()
        self.run_button.setObjectName("run")
        self.run_button.clicked.connect(self._press_run)
        self.pause_button = QPushButton()
        self.pause_button.setObjectName("pause")
        self.pause_button.clicked.connect(self._press_pause)
        self.bar = QProgressBar()
        self.bar.setObjectName("progress")
        self.bar.setAccessibleName("progress")
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.status = Line("status")
        buttons = QHBoxLayout()
        buttons.addWidget(self.run_button, stretch=2)
        buttons.addWidget(self.pause_button, stretch=1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addLayout(buttons)
        layout.addWidget(self.bar)
        layout.addWidget(self.status)
        self.state = "idle"

    @property
    def state(self) -> State:
        """Whether nothing runs, or a run is under way, resting or ending."""
        return self._state

    @state.setter
    def state(self, state: State) -> None:
        self._state: State = state
        idle = state == "idle"
        set_tone(self.run_button, "run" if idle else "stop")
        words = {"idle": "Run", "stopping": "Stopping …"}
        self.run_button.setText(words.get(state, "Stop"))
        self.run_button.setAccessibleName(self.run_button.text())
        self.run_button.setEnabled(state != "stopping")
        self.run_button.setToolTip(
            "Deblur the image into a new layer." if idle else "End now and keep what is there."
        )
        self.pause_button.setText("Resume" if state == "paused" else "Pause")
        self.pause_button.setAccessibleName(self.pause_button.text())
        self.pause_button.setToolTip("Hold the run after this iteration, or go on.")
        self.pause_button.setEnabled(state in ("running", "paused"))
        if idle and self.bar.maximum() == 0:  # nothing was begun, so nothing is under way
            self.expect(1)

    def expect(self, total: int) -> None:
        """Show a bar of `total` steps; 0 for one that only says that something is under way."""
        self.bar.setRange(0, total)
        self.bar.setValue(0)

    def forget(self) -> None:
        """Take back what was said of a run that ended: another image is chosen."""
        if self.state == "idle":
            self.expect(1)
            self.status.say("")

    def show_view(self, view: View, prefix: str = "") -> None:
        """Show how far the run is."""
        self.bar.setRange(0, view.total)
        self.bar.setValue(view.index)
        self.status.say(prefix + described(view), "plain")

    def show_filled(self, filled: Filled, ending: str = "") -> None:
        """Show how far a stack is."""
        self.bar.setRange(0, filled.total)
        self.bar.setValue(filled.done)
        self.status.say(" · ".join(filter(None, (ending, str(filled)))), "plain")

    def show_varied(self, varied: Varied) -> None:
        """Show how far the runs at other widths of the PSF are."""
        if self.state == "stopping":
            return
        self.bar.setRange(0, varied.total)
        self.bar.setValue(varied.index)
        where = f"{varied.counted} {varied.index} of {varied.total}"
        self.status.say(f"{varied.words} · {where} · {varied.seconds:.1f} s", "plain")

    def _press_run(self) -> None:
        (self.run_asked if self.state == "idle" else self.stop_asked).emit()

    def _press_pause(self) -> None:
        (self.resume_asked if self.state == "paused" else self.pause_asked).emit()


def described(view: View) -> str:
    """Return where a run is: iteration, objective, PSNR with its K, seconds, device."""
    parts = [f"iteration {view.index} of {view.total}"]
    parts.append(f"objective {format_level(view.objective)}")
    if view.psnr is not None:
        parts.append(f"PSNR {view.psnr}")
    parts += [f"{view.seconds:.1f} s", view.device]
    return " · ".join(parts)
