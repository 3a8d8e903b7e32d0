"""A batch at work: pieces restored and noted, the result moved into place when it is whole."""

from __future__ import annotations

import errno
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from napari_deconv.batch.piece import Failed
from napari_deconv.scans.journal import Finished, Journal

if TYPE_CHECKING:
    from napari_deconv.batch.engine import Engine
    from napari_deconv.batch.piece import Ticket
    from napari_deconv.scans.journal import Task
    from napari_deconv.scans.sink import Sink


class Progress(NamedTuple):
    """How far a batch is.

    Attributes
    ----------
    done, total : int
        Slices.
    computed : int
        Slices of this run.
    seconds : float
        Since its start.
    last : Finished, Failed or None
        The piece that this tells of; None before the first.
    """

    done: int
    total: int
    computed: int
    seconds: float
    last: Finished | Failed | None = None

    @property
    def left(self) -> float | None:
        """Seconds that the rest will take at this rate, None before any is done."""
        if not self.computed:
            return None
        return self.seconds / self.computed * (self.total - self.done)

    def __str__(self) -> str:
        """Return it in one line: slices, rate, time left."""
        line = f"{self.done} of {self.total} slices"
        if self.left is None:
            return line
        rate = self.computed / self.seconds
        return f"{line} · {rate:.3g} a second · {_spoken(self.left)} left"


@dataclass
class Batch:
    """A batch that stands ready; `run` does it.

    Attributes
    ----------
    ticket : Ticket
    engine : Engine
    task : Task
    notes : tuple of str
        What was noted when the scan was measured.
    anew : bool
        Whether a whole result is made again.
    failed : list of Failed
        Pieces that could not be restored.
    journal : Journal or None
        What has been finished, once it runs.
    """

    ticket: Ticket
    engine: Engine
    task: Task
    notes: tuple[str, ...] = ()
    anew: bool = False
    failed: list[Failed] = field(default_factory=list)
    journal: Journal | None = None

    @property
    def sink(self) -> Sink:
        """Where the result goes."""
        return self.ticket.sink

    @property
    def whole(self) -> bool:
        """Whether everything is done."""
        return self.journal is not None and not self.journal.missing()

    def run(self) -> Iterator[Progress]:
        """Do what is missing, and say how far it is after each piece.

        Raises
        ------
        ValueError
            In one sentence, if the result can't be written, the cluster is lost, or another run
            works on the same result. What is done stays, and the next run goes on from there.
        """
        began = time.perf_counter()
        with _alone(self.sink):
            self.journal = journal = self._taken_up()
            total = self.task.shape[0]
            done = before = total - sum(b - a for a, b in journal.missing())
            yield Progress(done, total, 0, 0.0)
            try:
                for outcomes in self.engine.run(self.ticket, journal.missing()):
                    self._note(journal, outcomes)  # all, before anybody can end this
                    for outcome in outcomes:
                        done += outcome.stop - outcome.start if isinstance(outcome, Finished) else 0
                        seconds = time.perf_counter() - began
                        yield Progress(done, total, done - before, seconds, outcome)
                if self.whole and self.sink.part.exists():
                    self.ticket.recipe.save(self.sink.target.with_suffix(".yaml"))
                    self.sink.finish()
            except OSError as error:
                raise ValueError(self._stopped(error, done, total)) from None

    def _note(self, journal: Journal, outcomes: list[Finished | Failed]) -> None:
        """Keep what became of pieces."""
        for outcome in outcomes:
            if isinstance(outcome, Finished):
                journal.note(outcome)
            else:
                self.failed.append(outcome)

    def said(self) -> tuple[str, ...]:
        """Return what is to be said of the pieces, each sentence once."""
        finished = () if self.journal is None else tuple(self.journal.finished.values())
        counts = Counter(note for piece in finished for note in piece.warnings)
        said = [note if n == 1 else f"{note} (in {n} pieces)" for note, n in counts.items()]
        if clipped := sum(piece.clipped for piece in finished):
            said.append(f"{clipped} pixels clipped to 0 or 65535, the range of uint16.")
        missing = (f"Slices {a} to {b - 1} are missing: {why}" for a, b, why in self.failed)
        return (*said, *missing)

    def _taken_up(self) -> Journal:
        """Return the journal to go on in, its pieces looked at again; or a new one."""
        sink = self.sink
        journal = Journal.resume(sink.journal)
        there = sink.part.exists() or (sink.target.exists() and not self.anew)
        if journal is None or journal.task != self.task or not there:
            try:
                sink.lay_out()
                return Journal.begin(sink.journal, self.task)
            except OSError as error:
                raise ValueError(f"{sink.target} can't be written: {error.strerror}.") from None
        if not sink.part.exists():  # it is whole and in its place
            return journal
        for piece in tuple(journal.finished.values()):
            changed = piece.stamp != self.ticket.scan.stamp(piece.start, piece.stop)
            if changed or piece.digest != sink.digest(piece.start, piece.stop):
                journal.drop(piece.start)
        return journal

    def _stopped(self, error: OSError, done: int, total: int) -> str:
        """Return what happened, and what to do, when the result could not be written."""
        reason = error.strerror or str(error)
        if error.errno == errno.ENOSPC:
            reason = "the disk is full"
        return (
            f"{self.sink.target.name} can't be written: {reason}. {done} of {total} slices are "
            "done; mend it and run the same command again, it goes on from there."
        )


def _spoken(seconds: float) -> str:
    """Return a time as people say it."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest} s"
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


@contextmanager
def _alone(sink: Sink) -> Iterator[None]:
    """Keep two runs from working on one result; the lock goes with the process that holds it."""
    from filelock import FileLock, Timeout

    path = sink.journal.with_name(f".{sink.journal.name}.lock")
    try:
        lock = FileLock(path, timeout=0)
        lock.acquire()
    except Timeout:
        raise ValueError(
            f"Another run works on {sink.target}; wait for it, or choose another name."
        ) from None
    except OSError as error:
        raise ValueError(f"{sink.target} can't be written: {error.strerror}.") from None
    try:
        yield
    finally:
        lock.release()
        path.unlink(missing_ok=True)
