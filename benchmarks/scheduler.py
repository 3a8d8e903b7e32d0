"""What handing out pieces costs, and how many workers that feeds: measured, then simulated.

    python benchmarks/scheduler.py [--pieces 1000 10000 100000] [--workers 64] [--markdown]

First table: pieces that compute nothing go through the engine of whole scans to the workers of a
dask cluster in this process (threads, over TCP) and back, as many at a time as in a real run; CPU
time of client, scheduler and workers together, which is more than the client's; each piece is a
handful by itself, as long ones are. Second: a line of
the journal, flushed to this disk (wall time: it waits for the disk), and reading a journal of that
many lines again. Third: a simulation of the workers: the client hands out one handful after the
other, a worker has one to go on with while it computes. `--pieces 0` prints the simulation alone.
"""

from __future__ import annotations

import heapq
import resource
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import dask
from distributed import Client, LocalCluster
from table import parser, show

from napari_deconv.batch import engine
from napari_deconv.batch.engine import AHEAD, SPAN
from napari_deconv.scans.journal import Finished, Journal, Task

SECONDS = (0.1, 0.92, 2.0)
"""Seconds of a handful on a worker that are simulated; 0.92 is docs/scaling.md's budget of two."""
HANDING = (0.002, 0.005, 0.01, 0.02, 0.03)
"""Seconds of the client for each handful that are simulated."""
SIMULATED = 20_000
"""Pieces of a simulation: many times more than there are workers, so that only the rate counts."""


def nothing(ticket: object, start: int, stop: int) -> Finished:
    """Take the place of a piece's computation."""
    return Finished(start, stop, "0" * 32, "0" * 16, SPAN, "nobody")


def nothings(ticket: object, pieces: Sequence[tuple[int, int]], own: bool) -> list[Finished]:
    """Take the place of a handful's; each piece says that it took so long that it goes alone."""
    return [nothing(ticket, *piece) for piece in pieces]


@contextmanager
def cluster(workers: int) -> Iterator[Client]:
    """Yield a client of workers that are threads of this process, spoken to over TCP."""
    kinds: dict[str, Any] = {"processes": False, "protocol": "tcp://", "dashboard_address": ":0"}
    with (
        dask.config.set(engine.SETTINGS),
        LocalCluster(n_workers=workers, threads_per_worker=1, memory_limit=0, **kinds) as made,
        Client(made.scheduler_address) as client,
    ):
        yield client


def handed_out(client: Client, count: int) -> float:
    """Return the CPU seconds that a piece costs client, scheduler and worker."""
    kept, engine.compute_some = engine.compute_some, nothings
    began = process_time()
    try:
        pieces = [(i, i + 1) for i in range(count)]
        done = sum(len(some) for some in engine._spread(client, None, pieces, own=True))
    finally:
        engine.compute_some = kept
    assert done == count
    return (process_time() - began) / count


def noted(folder: Path, count: int) -> tuple[float, float]:
    """Return the seconds of a line of the journal, and of reading one of that many lines."""
    task = Task("", "", "scan", (count, 1, 1), "float32", "float32", 1)
    journal, lines = Journal.begin(folder / "journal", task), min(count, 200)
    began = perf_counter()
    for index in range(lines):
        journal.note(nothing(None, index, index + 1))
    each = (perf_counter() - began) / lines
    text = journal.path.read_text()
    last = text.splitlines()[-1]
    more = (last.replace(f'"start": {lines - 1}', f'"start": {i}') for i in range(lines, count))
    journal.path.write_text(text + "".join(f"{line}\n" for line in more))
    began = process_time()
    found = Journal.resume(journal.path)
    assert found is not None
    assert len(found.finished) == count
    return each, process_time() - began


def simulated(workers: int, seconds: float, handing: float, pieces: int = SIMULATED) -> float:
    """Return which part of the workers' time is spent computing.

    The client is a queue of one server: each piece that comes back is noted and another one handed
    out, which takes `handing` seconds. Every worker holds `AHEAD` pieces, so it waits only if those
    that it holds are done before the next arrives.
    """
    free = [0.0] * workers  # when each worker has computed all that it was given
    clock = 0.0
    back: list[tuple[float, int]] = []
    given = 0
    for _ in range(AHEAD):
        for worker in range(workers):
            clock += handing
            free[worker] = max(free[worker], clock) + seconds
            heapq.heappush(back, (free[worker], worker))
            given += 1
    while back:
        done, worker = heapq.heappop(back)
        clock = max(clock, done) + handing
        if given < pieces:
            free[worker] = max(free[worker], clock) + seconds
            heapq.heappush(back, (free[worker], worker))
            given += 1
    return given * seconds / (workers * max(clock, *free))


def main() -> None:
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--pieces", type=int, nargs="+", default=[500, 2000])
    arguments.add_argument("--workers", type=int, default=64)
    given = arguments.parse_args()
    if not any(given.pieces):
        simulate(given.workers, given.markdown)
        return
    costs, rows = [], []
    with cluster(given.workers) as client:
        for count in given.pieces:
            costs.append(handed_out(client, count))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            figures = [f"{1e3 * costs[-1]:.2f}", f"{1 / costs[-1]:.0f}", f"{peak:.0f}"]
            rows.append([f"{count}", *figures])
    header = ["pieces", "ms each", "pieces / s", "process, MiB"]
    show(f"Handed out to {given.workers} workers", header, rows, given.markdown)
    with tempfile.TemporaryDirectory() as place:
        each, again = noted(Path(place), max(given.pieces))
    row = [f"{1e3 * each:.2f}", f"{again:.2f}"]
    header = ["ms a line", f"s to read {max(given.pieces)} lines"]
    show("The journal", header, [row], given.markdown)
    simulate(given.workers, given.markdown)


def simulate(workers: int, markdown: bool) -> None:
    """Print which part of their time workers compute, by what handfuls and handing out take."""
    rows = [
        [
            f"{1e3 * handing:g}",
            *(f"{100 * simulated(workers, seconds, handing):.0f} %" for seconds in SECONDS),
        ]
        for handing in HANDING
    ]
    header = ["ms to note one and hand out another", *(f"{s:g} s each" for s in SECONDS)]
    show(f"Simulated: how busy {workers} workers are", header, rows, markdown)


if __name__ == "__main__":
    main()
