"""What has been finished of a batch, so that it goes on where it was cut off.

A text file of one JSON object a line: what the batch is, then a line for each finished piece with
the checksum of its numbers. A line is added when the piece lies on disk, never before.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True)
class Task:
    """What a batch is; another one may not go on in its journal.

    Attributes
    ----------
    recipe : str
        The recipe with every number that was measured or found, as YAML.
    asked : str
        Digest of the recipe as it was given.
    source : str
        Name of the scan.
    shape : tuple of int
        Slices, rows, columns.
    dtype, stored : str
        Type of the scan's numbers and of the result's.
    step : int
        Slices of a piece.
    """

    recipe: str
    asked: str
    source: str
    shape: tuple[int, ...]
    dtype: str
    stored: str
    step: int

    def pieces(self) -> list[tuple[int, int]]:
        """Return first slice and end of every piece."""
        count = self.shape[0]
        return [(a, min(a + self.step, count)) for a in range(0, count, self.step)]


@dataclass(frozen=True)
class Finished:
    """A piece that lies on disk.

    Attributes
    ----------
    start, stop : int
        First slice and end.
    digest : str
        Checksum of its numbers.
    stamp : str
        Of the files that it was computed from.
    seconds : float
        That it took.
    worker : str
        Which process computed it.
    clipped : int
        Pixels beyond uint16.
    warnings : tuple of str
        What was masked or looks odd.
    """

    start: int
    stop: int
    digest: str
    stamp: str
    seconds: float
    worker: str
    clipped: int = 0
    warnings: tuple[str, ...] = ()


class Journal:
    """A journal on disk; made with `begin` or `resume`.

    Attributes
    ----------
    task : Task
    finished : dict
        Pieces by their first slice.
    """

    def __init__(self, path: Path, task: Task, finished: dict[int, Finished]) -> None:
        self.path, self.task, self.finished = path, task, finished

    @classmethod
    def begin(cls, path: Path, task: Task) -> Self:
        """Begin a journal; an earlier one of this name goes."""
        with path.open("w", encoding="utf-8") as file:
            _append(file, {"batch": asdict(task)})
        return cls(path, task, {})

    @classmethod
    def resume(cls, path: Path) -> Self | None:
        """Return the journal of a path; None if there is none, or it does not say what it is of.

        A last line that a cut left torn is dropped.
        """
        if not path.is_file():
            return None
        text = path.read_text(encoding="utf-8", errors="replace")
        lines = text.split("\n")
        whole, torn = lines[:-1], lines[-1]
        try:
            task = _task(json.loads(whole[0])["batch"])
        except (IndexError, KeyError, TypeError, ValueError):
            return None
        finished: dict[int, Finished] = {}
        for line in whole[1:]:
            entry = _finished(line)
            if entry is not None:
                finished[entry.start] = entry
        if torn:
            with path.open("r+b") as file:
                file.truncate(len("\n".join(whole).encode()) + 1)
        return cls(path, task, finished)

    def note(self, entry: Finished) -> None:
        """Add a piece that lies on disk."""
        with self.path.open("a", encoding="utf-8") as file:
            _append(file, asdict(entry))
        self.finished[entry.start] = entry

    def drop(self, start: int) -> None:
        """Forget a piece whose numbers are not what they were."""
        self.finished.pop(start, None)

    def missing(self) -> list[tuple[int, int]]:
        """Return first slice and end of every piece that is still to be computed."""
        return [piece for piece in self.task.pieces() if piece[0] not in self.finished]


def slices_done(path: Path) -> int:
    """Return how many slices a journal tells of as finished; it is only looked at."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[1:]
    except OSError:
        return 0
    entries = {found.start: found for line in lines if (found := _finished(line)) is not None}
    return sum(entry.stop - entry.start for entry in entries.values())


def _append(file: Any, entry: dict[str, Any]) -> None:
    file.write(json.dumps(entry, ensure_ascii=False) + "\n")
    file.flush()
    os.fsync(file.fileno())


def _task(plain: dict[str, Any]) -> Task:
    return Task(**{**plain, "shape": tuple(plain["shape"])})


def _finished(line: str) -> Finished | None:
    """Return an entry; None if the line is damaged."""
    try:
        plain = json.loads(line)
        known = {field.name for field in fields(Finished)}
        if not isinstance(plain, dict) or not known.issuperset(plain):
            return None
        return Finished(**{**plain, "warnings": tuple(plain.get("warnings", ()))})
    except (ValueError, TypeError):
        return None
