"""A whole scan from disk to disk: peak memory of all processes, and two processes beside one.

    python benchmarks/whole_scan.py [--slices 2000 --side 1024] [--repeats 5] [--markdown]
        [--log FILE]

A scan of float32 slices in zarr is made slice by slice, then restored by the command line with two
processes. Memory is the sum, over all processes that take part, of the highest resident size that
each of them ever had: no less than the highest sum, with shared libraries counted for each process.
Afterwards a short scan is restored with one process on one core (by itself zarr packs on others
beside it) and with two in turn;
rates are slices a second from the first finished piece to the last, so that they hold for a scan of
any length, and the time until then stands beside them. `--log` keeps what the command line said of
the whole scan, a line of JSON for each piece. Linux only: it reads /proc.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import perf_counter

import numpy as np
import psutil
import zarr
from race import ONE_THREAD
from table import parser, show

import napari_deconv as nd
from napari_deconv.psf.shapes import GaussianPsf
from napari_deconv.samples import radiograph

EVERY = 0.5
"""Seconds between two readings of the memory."""
MOST = 2.0
"""GiB that two processes may take at their peak."""
LEAST = 1.6
"""Times the rate of one process that two must reach."""
GIB = 2**30
COMMAND = (sys.executable, "-c", "from napari_deconv.cli import app; app()", "run")


@dataclass(frozen=True)
class Ran:
    """What a run of the command line took.

    Attributes
    ----------
    rate : float
        Slices a second, from the first finished piece to the last.
    start : float
        Seconds from the program's start to the first finished piece.
    seconds : float
        Of all of it.
    resident : float
        Sum of the processes' highest resident sizes, GiB.
    processes : int
        How many took part.
    """

    rate: float
    start: float
    seconds: float
    resident: float
    processes: int


def make(path: Path, count: int, side: int) -> None:
    """Write a scan of a part that turns, with noise, a slice at a time."""
    part = radiograph(shape=(side, side)).image
    made = zarr.create_array(
        path, shape=(count, side, side), chunks=(1, side, side), dtype="float32", zarr_format=2
    )
    rng = np.random.default_rng(0)
    for index in range(count):
        noise = rng.standard_normal((side, side), np.float32)
        made[index] = np.roll(part, 3 * index, axis=1) + 0.01 * noise


def highest(process: psutil.Process) -> dict[int, int]:
    """Return the highest resident size that a process and each that it started ever had, bytes."""
    found = {}
    for each in (process, *process.children(recursive=True)):
        with suppress(OSError, StopIteration):  # it has just ended
            status = Path(f"/proc/{each.pid}/status").read_text(encoding="ascii", errors="replace")
            line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
            found[each.pid] = 1024 * int(line.split()[1])
    return found


def restore(recipe: Path, scan: Path, out: Path, workers: int, log: Path | None = None) -> Ran:
    """Restore a scan by the command line, watched, and remove the result; keep what was said."""
    words = (recipe, scan, "--out", out, "--workers", str(workers), "--json", "--device", "cpu")
    began = perf_counter()
    with subprocess.Popen(
        [*COMMAND, *map(str, words)], stdout=subprocess.PIPE, text=True, env=os.environ | ONE_THREAD
    ) as process:
        os.sched_setaffinity(process.pid, sorted(os.sched_getaffinity(0))[:workers])
        watch = Watch(process.pid)
        assert process.stdout is not None
        said = list(process.stdout)
        watch.end.set()
        watch.join()
    seconds = perf_counter() - began
    if process.returncode:
        raise SystemExit(f"The run ended with {process.returncode}.")
    shutil.rmtree(out)
    if log is not None:
        log.write_text("".join(said), encoding="utf-8")
    told = [json.loads(line) for line in said]
    lines = [(each["seconds"], each["done"]) for each in told if "slices" in each]
    return _ran(lines, seconds, watch.highest)


class Watch(Thread):
    """Reads the memory of a process and all that it started, until told to end."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process = psutil.Process(pid)
        self.highest: dict[int, int] = {}
        self.end = Event()
        self.start()

    def run(self) -> None:
        """Keep the highest sizes, also of processes that have ended since."""
        while not self.end.wait(EVERY):
            with suppress(psutil.Error):  # it has just ended
                self.highest |= highest(self._process)


def _ran(lines: list[tuple[float, int]], seconds: float, sizes: dict[int, int]) -> Ran:
    (first, before), (last, done) = lines[0], lines[-1]
    if last == first:
        raise SystemExit("All came back at once, which is no rate: give it more --slices.")
    steady, resident = last - first, sum(sizes.values()) / GIB
    return Ran((done - before) / steady, seconds - steady, seconds, resident, len(sizes))


def speed(recipe: Path, folder: Path, count: int, repeats: int, side: int) -> list[list[str]]:
    """Return a row for one process and one for two, medians of runs that take turns."""
    scan = folder / "short.zarr"
    make(scan, count, side)
    ran: dict[int, list[Ran]] = {1: [], 2: []}
    for _ in range(repeats):
        for workers, runs in ran.items():
            runs.append(restore(recipe, scan, folder / "out.zarr", workers))
    gain = [two.rate / one.rate for one, two in zip(ran[1], ran[2], strict=True)]
    spread = f"{np.median(gain):.2f} ({min(gain):.2f} to {max(gain):.2f})"
    verdict = {1: "1", 2: f"{spread}, at least {LEAST}: {_met(np.median(gain) >= LEAST)}"}
    return [
        [
            f"{workers}",
            f"{np.median([run.rate for run in runs]):.3g}",
            f"{np.median([run.start for run in runs]):.1f}",
            verdict[workers],
        ]
        for workers, runs in ran.items()
    ]


def _met(met: bool | np.bool_) -> str:
    return "yes" if met else "NO"


def main() -> None:
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--slices", type=int, default=100, help="2000 is the whole 8 GB")
    arguments.add_argument("--side", type=int, default=1024)
    arguments.add_argument("--short", type=int, default=400, help="slices of the race")
    arguments.add_argument("--repeats", type=int, default=5, help="0 for no race")
    arguments.add_argument("--method", default="tikhonov")
    arguments.add_argument("--log", type=Path, help="file for what the whole scan said")
    arguments.add_argument("--folder", type=Path, help="on a disk with room for scan and result")
    given = arguments.parse_args()
    recipe = nd.Recipe(psf=GaussianPsf(sigma=1.5), method=given.method)
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="whole-scan-") as place:
        folder, size = Path(place), given.slices * given.side**2 * 4 / 1e9
        recipe.save(folder / "recipe.yaml")
        began = perf_counter()
        make(folder / "scan.zarr", given.slices, given.side)
        print(f"{size:.3g} GB made in {perf_counter() - began:.0f} s", flush=True)
        places = (folder / "recipe.yaml", folder / "scan.zarr", folder / "out.zarr")
        ran = restore(*places, workers=2, log=given.log)
        shutil.rmtree(folder / "scan.zarr")
        shape = f"{given.slices} × {given.side} × {given.side} float32, {size:.3g} GB"
        header = ["", "seconds", "slices / s", "resident, summed", "processes", "enough"]
        figures = [f"{ran.seconds:.0f}", f"{ran.rate:.3g}", f"{ran.resident:.2f} GiB"]
        enough = f"below {MOST:g} GiB: {_met(ran.resident < MOST)}"
        row = [f"`{given.method}`", *figures, f"{ran.processes}", enough]
        show(f"{shape}, two processes", header, [row], given.markdown)
        if given.repeats:
            rows = speed(
                folder / "recipe.yaml", folder, given.short, given.repeats, side=given.side
            )
            header = ["processes", "slices / s", "seconds to begin and end", "times one"]
            title = f"{given.short} slices, medians of {given.repeats} runs in turn"
            show(title, header, rows, given.markdown)


if __name__ == "__main__":
    main()
