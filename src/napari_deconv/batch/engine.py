"""Who computes the pieces of a batch: this process, processes of this machine, or a cluster."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from napari_deconv.batch.piece import Failed, Piece, Ticket, compute, compute_some
from napari_deconv.core import memory
from napari_deconv.scans.journal import Finished

if TYPE_CHECKING:
    import torch
    from distributed import Client

Outcome = Finished | Failed
AHEAD = 2
"""Handfuls of pieces that a worker has: one to compute, one to go on with."""
SPAN = 1.0
"""Seconds of a handful: what is handed out costs the same, be it one piece or many."""
MOST = 16
"""Pieces of a handful."""
ANSWER = 10
"""Seconds within which a scheduler must answer."""
PATIENCE = 5
"""Workers that may vanish over one piece before it is given up."""
VANISHED = f"{PATIENCE} workers vanished over it, for want of memory perhaps."

SETTINGS = {
    "distributed.scheduler.allowed-failures": PATIENCE,
    "distributed.admin.tick.limit": "1h",
    "distributed.worker.daemon": True,
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.interval": "30s",
    "distributed.admin.tick.interval": "1s",
}
"""Of dask: workers end with their client, and nobody looks at them a hundred times a second."""


@dataclass(frozen=True)
class Engine:
    """Where the work is done.

    Attributes
    ----------
    workers : int
        Processes on this machine; 1 computes in this one.
    scheduler : str or None
        Address of a running dask scheduler, whose workers see the same files; None for this
        machine.
    """

    workers: int = 1
    scheduler: str | None = None

    def check(self) -> None:
        """Refuse what needs a library that is not installed.

        Raises
        ------
        ValueError
            With a sentence that says what to install.
        """
        if self.alone:
            return
        if find_spec("distributed") is None:
            raise ValueError(
                "Several processes need dask.distributed, which is not installed: "
                'pip install "napari-deconv[batch]", or use --workers 1.'
            )

    @property
    def alone(self) -> bool:
        """Whether all is computed in this process."""
        return self.scheduler is None and self.workers == 1

    def run(self, ticket: Ticket, pieces: Sequence[Piece]) -> Iterator[list[Outcome]]:
        """Compute pieces, in any order, and yield what became of those that came back together.

        Raises
        ------
        OSError
            If the result can't be written.
        ValueError
            In one sentence, if the cluster can't be reached, or is lost.
        """
        if self.alone:
            with memory.kept() if ticket.around is None else nullcontext():
                yield from ([compute(ticket, start, stop)] for start, stop in pieces)
            return
        with self._client() as client:
            yield from _spread(client, ticket, pieces, own=self.scheduler is None)

    @contextmanager
    def _client(self) -> Iterator[Client]:
        """Yield a client of the cluster; one that was started here ends with it."""
        import dask
        from distributed import Client, LocalCluster

        with dask.config.set(SETTINGS):
            if self.scheduler is not None:
                try:
                    client = Client(self.scheduler, timeout=ANSWER)
                except (OSError, TimeoutError, ValueError):
                    raise ValueError(
                        f"No dask scheduler answers at {self.scheduler}; start one, or correct "
                        "the address."
                    ) from None
                with client:
                    yield client
                return
            with (
                LocalCluster(
                    n_workers=self.workers,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=":0",  # any free port: batches may run side by side
                    memory_limit=0,
                    silence_logs=logging.CRITICAL,
                ) as cluster,
                Client(cluster) as client,
            ):
                yield client


def processes(device: torch.device) -> int:
    """Return how many processes a device is worth: one a processor, or one for a GPU."""
    return cores() if device.type == "cpu" else 1


def cores() -> int:
    """Return how many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows
        return os.cpu_count() or 1


def _spread(
    client: Client, ticket: Ticket, pieces: Sequence[Piece], own: bool
) -> Iterator[list[Outcome]]:
    """Keep every worker busy with a few pieces, and yield what they send back.

    When workers vanish, one of the pieces that they had is to blame, and those beside it are not:
    in the end each of them goes out while nothing else is under way.
    """
    from distributed import as_completed

    known = client.scatter(ticket, broadcast=True, hash=False)
    left, suspects, seconds = deque(pieces), deque[Piece](), SPAN
    running: dict[Any, list[Piece]] = {}
    by_itself: set[Piece] = set()
    done = as_completed()

    def give(some: list[Piece]) -> None:
        future = client.submit(compute_some, known, some, own, pure=False)
        running[future] = some
        done.add(future)

    def fill() -> None:
        room = AHEAD * max(1, len(client.nthreads()))
        while left and len(running) < room:
            give([left.popleft() for _ in range(_handful(seconds, len(left), room))])
        if suspects and not running:
            by_itself.add(suspects[0])
            give([suspects.popleft()])

    fill()
    while running:
        future = next(done)
        some = running.pop(future)
        outcomes = _outcomes(future)
        if outcomes is None:
            outcomes = [Failed(*piece, VANISHED) for piece in some if piece in by_itself]
            suspects.extend(piece for piece in some if piece not in by_itself)
        else:
            left.extendleft(reversed(some[len(outcomes) :]))
        took = [each.seconds for each in outcomes if isinstance(each, Finished)]
        seconds = sum(took) / len(took) if took else seconds
        fill()
        yield outcomes


def _handful(seconds: float, left: int, room: int) -> int:
    """Return how many pieces of some seconds are handed out at once, so that all end together."""
    long = int(SPAN / max(seconds, SPAN / MOST))
    return max(1, min(long, left // room))


def _outcomes(future: Any) -> list[Outcome] | None:
    """Return what became of a handful, of its first pieces at least; None if workers vanished."""
    from distributed import KilledWorker

    try:
        found: list[Outcome] = future.result()
    except KilledWorker:
        return None
    except OSError as error:
        if future.status == "error":
            raise
        raise ValueError(f"The cluster was lost: {error}.") from None
    return found
