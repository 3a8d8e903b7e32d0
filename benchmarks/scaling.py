"""Cost of a total variation iteration from 512 to 4096 pixels a side, and the memory it takes.

    python benchmarks/scaling.py [--sizes 512 1024 2048 4096] [--markdown]

CPU time on one thread, medians of the iterations after the thresholds have settled. An FFT pair is
one real FFT of the padded grid in float32 and its inverse, timed in the same process twice: as
anyone would call it, and with freed memory kept as the solver keeps it. Memory is the growth of the
process's highest resident size over the solver's run, problem and start made before, in multiples
of the float32 image; each size runs in a process of its own. Linux only: it reads /proc.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch
from race import ONE_THREAD
from table import parser, show

from napari_deconv import Recipe, samples
from napari_deconv.core.memory import kept
from napari_deconv.core.priors import Term, TotalVariation
from napari_deconv.methods.direct import Tikhonov
from napari_deconv.methods.solvers import admm

SETTLED, TIMED = 36, 12
"""Iterations before the clock starts, and on it."""


def pair_seconds(grid: tuple[int, ...], keep: bool, times: int = 12) -> float:
    """Return the CPU time of one real FFT and its inverse, freed memory kept or not."""
    x, spent = torch.rand(grid), []
    with kept() if keep else nullcontext():
        for _ in range(times):
            began = process_time()
            torch.fft.irfftn(torch.fft.rfftn(x), s=grid)
            spent.append(process_time() - began)
    return float(np.median(spent))


def resident(kind: str) -> int:
    """Return a figure of this process's status in bytes: VmRSS or VmHWM."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith(kind))
    return 1024 * int(line.split()[1])


def measure(size: int, isotropic: bool) -> list[str]:
    """Return one row: time of an iteration in several units, and memory."""
    sample = samples.radiograph(shape=(size, size))
    restoration = Recipe(method="tv").begin(sample.image, sample.psf, device="cpu")
    problem = restoration.problem()
    terms = [Term(float(restoration.recipe.method.weight), TotalVariation(isotropic=isotropic))]
    start = Tikhonov(weight=0.01).estimate(problem)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # VmHWM starts anew
    before = resident("VmRSS")
    clock = [process_time() for _ in admm(problem, terms, SETTLED + TIMED, start)]
    memory = (resident("VmHWM") - before) / sample.image.nbytes
    each = float(np.median(np.diff(clock[SETTLED - 1 :])))
    grid = problem.blur.grid
    pairs = [each / pair_seconds(grid, keep) for keep in (False, True)]
    return [
        f"{size}, {'isotropic' if isotropic else 'anisotropic'}",
        " × ".join(map(str, grid)),
        f"{1e3 * each:.1f}",
        f"{1e9 * each / np.prod(grid):.1f}",
        *(f"{pair:.2f}" for pair in pairs),
        f"{memory:.1f}",
    ]


def main() -> None:
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--sizes", type=int, nargs="+", default=[512, 1024, 2048, 4096])
    arguments.add_argument("--only", help="measure this size and kind and print the bare row")
    given = arguments.parse_args()
    if given.only:
        torch.set_num_threads(1)
        size, kind = given.only.split(",")
        print("|".join(measure(int(size), kind == "isotropic")))
        return
    rows: list[list[Any]] = []
    for kind in ("anisotropic", "isotropic"):
        for size in given.sizes:
            command = [sys.executable, __file__, "--only", f"{size},{kind}"]
            ran = subprocess.run(
                command, env=os.environ | ONE_THREAD, check=True, capture_output=True, text=True
            )
            rows.append(ran.stdout.strip().split("|"))
    header = ["TV", "grid", "ms / it", "ns / px", "FFT pairs / it", "pairs, memory kept"]
    header.append("peak memory / image")
    show("Total variation, one thread", header, rows, given.markdown)


if __name__ == "__main__":
    main()
