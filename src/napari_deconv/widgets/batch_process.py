"""The command line at work beside the window: a scan restored by processes of its own.

The screen waits for nothing, whatever happens there; what is done stays, however it ends.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any, Literal

from qtpy.QtCore import QObject, QProcess, QTimer, Signal

COMMAND = "from napari_deconv.cli import app; app()"
GRACE = 5000
"""Milliseconds that a program has to end by itself once it was asked to."""

Ending = Literal["done", "stopped", "incomplete", "failed"]


class BatchProcess(QObject):
    """One run of ``napari-deconv run``.

    Parameters
    ----------
    words : sequence of str
        Arguments behind ``run``.
    parent : QObject

    Attributes
    ----------
    told : Signal(object)
        A line of its JSON, as a mapping.
    ended : Signal(str, str)
        How it ended, and a sentence on what happened, if anything did.
    """

    told = Signal(object)
    ended = Signal(str, str)

    def __init__(self, words: Sequence[str], parent: QObject) -> None:
        super().__init__(parent)
        self._process = QProcess(self)
        self._out = self._error = b""
        self._stopped = self._over = self._summed_up = False
        self._words = ["-c", COMMAND, "run", *words, "--json"]
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.readyReadStandardError.connect(self._read_error)
        self._process.finished.connect(self._finish)
        self._process.errorOccurred.connect(self._fail)
        self._killer = QTimer(self)
        self._killer.setSingleShot(True)
        self._killer.setInterval(GRACE)
        self._killer.timeout.connect(self._process.kill)
        parent.destroyed.connect(self.abandon)

    @property
    def pid(self) -> int:
        """The number of the program."""
        return int(self._process.processId())

    @property
    def stopping(self) -> bool:
        """Whether it was asked to end."""
        return self._stopped

    def start(self) -> None:
        """Begin."""
        self._process.start(sys.executable, self._words)

    def stop(self) -> None:
        """Ask it to end now; after a while it is ended."""
        self._stopped = True
        self._process.terminate()
        self._killer.start()

    def abandon(self) -> None:
        """End it and hear no more: the dock is closing, or gone."""
        self._over = self._stopped = True
        self._process.kill()
        self._process.waitForFinished(GRACE)

    def _read(self) -> None:
        self._out += bytes(self._process.readAllStandardOutput().data())
        *lines, self._out = self._out.split(b"\n")
        for line in lines:
            message = _plain(line)
            if message is not None and not self._over:
                self._summed_up = "output" in message
                self.told.emit(message)

    def _read_error(self) -> None:
        self._error += bytes(self._process.readAllStandardError().data())

    def _fail(self, error: Any) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._end("failed", f"{sys.executable} could not be started.")

    def _finish(self, code: int, status: Any = None) -> None:
        self._killer.stop()
        self._read()
        self._read_error()
        lines = self._error.decode("utf-8", "replace").strip().splitlines()
        ended = f"The program was ended from outside ({code}); Go on computes the rest."
        killed = status == QProcess.ExitStatus.CrashExit  # what it wrote before were remarks
        sentence = ended if killed or not lines else lines[-1]
        if self._stopped:
            self._end("stopped", "")
        elif code == 0:
            self._end("done", "")
        elif code == 1 and self._summed_up:
            self._end("incomplete", "")
        else:
            self._end("failed", sentence)

    def _end(self, ending: Ending, sentence: str) -> None:
        if not self._over:
            self._over = True
            self.ended.emit(ending, sentence)


def _plain(line: bytes) -> dict[str, Any] | None:
    """Return a line of JSON as a mapping; None if it is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
