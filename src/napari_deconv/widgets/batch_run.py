"""The scans of a batch, restored one after the other, and what is said of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_deconv.widgets.batch_process import BatchProcess

if TYPE_CHECKING:
    from napari_deconv.widgets.batch_panel import BatchPanel
    from napari_deconv.widgets.batch_plan import Planned


class BatchRun(QObject):
    """One scan at a time, each by processes of its own; a scan that fails stops no other.

    Parameters
    ----------
    panel : BatchPanel
        Where it is shown.
    parent : QObject

    Attributes
    ----------
    told : Signal(object, object)
        The scan as it was planned, and a line of JSON as a mapping.
    ended : Signal(str)
        ``"done"``, ``"stopped"``, ``"incomplete"`` or ``"failed"``.
    results : list of Path
        What is whole.
    """

    told = Signal(object, object)
    ended = Signal(str)

    def __init__(self, panel: BatchPanel, parent: QObject) -> None:
        super().__init__(parent)
        self._panel = panel
        self._process: BatchProcess | None = None
        self._waiting: list[tuple[int, Planned]] = []
        self._now: tuple[int, Planned] | None = None
        self._problems: list[str] = []
        self._before = self._count = self._asked = 0
        self._slices = 0
        self.results: list[Path] = []

    @property
    def busy(self) -> bool:
        """Whether a scan is being restored."""
        return self._now is not None

    @property
    def process(self) -> BatchProcess | None:
        """The program that runs now."""
        return self._process

    def begin(self, recipe: Path, scans: Sequence[Planned], words: Sequence[str]) -> None:
        """Restore scans; those with a problem are left out."""
        self._recipe, self._words = recipe, list(words)
        self._waiting = [(row, scan) for row, scan in enumerate(scans) if not scan.problem]
        self._problems = [f"{scan.source.name}: {scan.problem}" for scan in scans if scan.problem]
        self._count, self._before, self.results = len(self._waiting), 0, []
        self._asked = len(scans)
        self._slices = sum(scan.shape[0] for _, scan in self._waiting)
        self._panel.bar.setRange(0, self._slices)
        self._panel.bar.setValue(0)
        self._panel.show_running(True, False)
        self._panel.show_results.hide()
        self._next()

    def stop(self) -> None:
        """End the scan at work, and begin no other; what is done stays."""
        self._waiting.clear()
        if self._process is not None:
            self._panel.run_button.setEnabled(False)
            self._panel.run_button.setText("Stopping …")
            self._process.stop()

    def abandon(self) -> None:
        """End and hear no more: the dock is closing."""
        self._waiting.clear()
        if self._process is not None:
            self._process.abandon()
            self._process = self._now = None
            self._panel.show_running(False, True)

    def _next(self) -> None:
        self._now = row, scan = self._waiting.pop(0)
        self._panel.scans.say(row, "reading and measuring …")
        self._panel.status.say(f"{scan.source.name} …", "plain")
        words = [str(self._recipe), str(scan.source), "--out", str(scan.target), *self._words]
        self._process = BatchProcess(words, self)
        self._process.told.connect(self._hear)
        self._process.ended.connect(self._end)
        self._process.start()

    def _hear(self, message: dict[str, Any]) -> None:
        assert self._now is not None
        row, scan = self._now
        if "said" in message:
            self._panel.scans.say(row, message["said"])
            self._panel.bar.setValue(self._before + int(message["done"]))
            number = self._count - len(self._waiting)
            place = f"scan {number} of {self._count} · " if self._count > 1 else ""
            self._panel.status.say(f"{place}{scan.source.name} · {message['said']}", "plain")
        for warning in message.get("warnings", ()):
            self._problems.append(f"{scan.source.name}: {warning}")
        self.told.emit(scan, message)

    def _end(self, ending: str, sentence: str) -> None:
        assert self._now is not None
        row, scan = self._now
        if self._process is not None:
            self._process.deleteLater()
        self._process = None
        self._before += scan.shape[0]
        if ending == "done":
            self.results.append(scan.target)
            self._panel.scans.say(row, f"done: {scan.target.name}")
        elif ending == "stopped":
            self._panel.scans.say(row, "stopped")
        elif ending == "incomplete":
            self._panel.scans.say(row, "slices are missing")
        else:
            self._panel.scans.say(row, sentence)
            self._problems.append(f"{scan.source.name}: {sentence}")
        if self._waiting:
            self._next()
            return
        self._now = None
        self._finish("stopped" if ending == "stopped" else self._outcome(ending))

    def _outcome(self, ending: str) -> str:
        if len(self.results) == self._asked:
            return "done"
        return ending if self._asked == 1 else "incomplete"

    def _finish(self, ending: str) -> None:
        panel = self._panel
        panel.show_running(False, ending != "done")
        panel.show_results.setVisible(bool(self.results))
        whole = f"{len(self.results)} of {self._asked} scans are restored"
        if ending == "stopped":
            text = "Stopped; what is done stays, and Go on computes the rest."
        else:
            whole = "The scan is restored" if self._asked == len(self.results) == 1 else whole
            text = " ".join([f"{whole}.", *dict.fromkeys(self._problems)])
        panel.status.say(text, "plain" if ending in ("done", "stopped") else "error")
        self.ended.emit(ending)
