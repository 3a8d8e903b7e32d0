"""A training in a process of its own, seen from the GUI thread: the viewer never waits for it."""

from __future__ import annotations

import sys
from pathlib import Path

from qtpy.QtCore import QObject, QProcess, QProcessEnvironment, Signal

import napari_deconv
from napari_deconv.training_events import Done, Refused, parse

PATIENCE = 2000
"""Milliseconds that a training may take to end when the dock is closed."""
TAIL = 4000
"""Characters of what it complained of that are kept."""


class TrainProcess(QObject):
    """`napari-deconv train PLAN --json` as a child.

    Attributes
    ----------
    told : Signal(object)
        What it tells, an event.
    ended : Signal(str)
        How it ended: done, stopped or failed.
    refused : bool
        Whether it said itself why it can't go on.
    """

    told = Signal(object)
    ended = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ending = "failed"
        self.refused = False
        self._heard = True
        self._rest = b""
        self._complaint = ""
        self._process = QProcess(self)
        self._process.setProcessEnvironment(_environment())
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.readyReadStandardError.connect(self._read_complaint)
        self._process.finished.connect(self._finish)
        self._process.errorOccurred.connect(self._fail)

    @property
    def pid(self) -> int:
        """Its number; 0 where it does not run."""
        return int(self._process.processId())

    def start(self, plan: Path) -> None:
        """Begin, or go on with what the plan's folder holds."""
        order = ["-m", "napari_deconv", "train", str(plan), "--json", "--attached"]
        self._process.start(sys.executable, order)

    def stop(self) -> None:
        """End after the step under way; the best model stays."""
        self._process.write(b"stop\n")

    def abandon(self) -> None:
        """Tell no more and let it end: the dock is closing."""
        self._heard = False
        if self._process.state() == QProcess.ProcessState.NotRunning:
            return
        self._process.closeWriteChannel()
        if not self._process.waitForFinished(PATIENCE):
            self._process.kill()  # its last checkpoint is a minute old at most
            self._process.waitForFinished(PATIENCE)

    def _read(self) -> None:
        lines = (self._rest + bytes(self._process.readAllStandardOutput().data())).split(b"\n")
        self._rest = lines.pop()
        for text in lines:
            event = parse(text.decode("utf-8", "replace"))
            if event is None or not self._heard:
                continue
            if isinstance(event, Done):
                self._ending = event.ending
            self.refused = self.refused or isinstance(event, Refused)
            self.told.emit(event)

    def _read_complaint(self) -> None:
        text = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace")
        self._complaint = (self._complaint + text)[-TAIL:]

    def _fail(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._complaint = f"{sys.executable} could not be started"
            self._finish()

    def _finish(self, *_: object) -> None:
        if not self._heard:
            return
        self._read()
        if self._ending == "failed" and not self.refused:
            lines = [line for line in self._complaint.strip().splitlines() if line.strip()]
            reason = f" ({lines[-1].strip()})" if lines else ""
            self.told.emit(
                Refused(f"The training ended unexpectedly{reason}; Resume goes on with it.")
            )
        self.ended.emit(self._ending)


def _environment() -> QProcessEnvironment:
    """Return this process's environment, in which the child finds the same package."""
    environment = QProcessEnvironment.systemEnvironment()
    here = str(Path(napari_deconv.__file__).parents[1])
    separator = ";" if sys.platform == "win32" else ":"
    paths = [here, environment.value("PYTHONPATH", "")]
    environment.insert("PYTHONPATH", separator.join(filter(None, paths)))
    return environment
