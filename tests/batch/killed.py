"""Kill a batch at ten random moments, run each again, and say what came of it.

    python tests/batch/killed.py FOLDER

Prints an object with how many pieces were noted at each kill (null where the batch had ended), how
many pieces were computed twice, and whether all results are those of a batch that was not killed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import h5py  # noqa: F401 - not by each process
import numpy as np
import tifffile  # noqa: F401
import torch
import zarr  # noqa: F401

import napari_deconv as nd
from napari_deconv.batch import order
from napari_deconv.scans.opening import open_scan

KILLS, COUNT, SIDE = 10, 32, 32
ENDINGS = (".zarr", ".h5", ".tif", ".npy")
RECIPE = nd.Recipe(
    psf={"name": "gaussian", "sigma": 1.2}, method={"name": "tv", "weight": 0.01, "iterations": 20}
)


def forked(work: Callable[[], object]) -> int:
    """Do something in another process, and return its number."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return child


def batch(folder: Path, name: str) -> Callable[[], object]:
    """Return what restores the scan."""
    ordered = order.Order(RECIPE, folder / "scan.npy", folder / name, device="cpu")
    return lambda: list(ordered.begin().run())


def noted(folder: Path, name: str) -> list[int]:
    """Return the first slices of the pieces that the journal holds whole."""
    journal = folder / f"{name}.journal"
    text = journal.read_text() if journal.is_file() else ""
    return [json.loads(line)["start"] for line in text[: text.rfind("\n") + 1].splitlines()[1:]]


def main() -> None:
    folder, chance = Path(sys.argv[1]), random.Random(8)
    torch.set_num_threads(1)
    order.PIECE = 4 * SIDE * SIDE  # a slice
    scan = np.random.default_rng(0).normal(500, 50, (COUNT, SIDE, SIDE)).astype(np.float32)
    np.save(folder / "scan.npy", scan)
    batch(folder, "whole.npy")()  # imports once what all need
    began = time.monotonic()
    os.waitpid(forked(batch(folder, "again.npy")), 0)
    seconds = time.monotonic() - began
    found: list[int | None] = []
    twice, alike = 0, True
    for number in range(KILLS):
        name = f"out{number}{ENDINGS[number % len(ENDINGS)]}"
        child = forked(batch(folder, name))
        time.sleep(chance.uniform(0, seconds))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        before = noted(folder, name)
        found.append(len(before) if os.WIFSIGNALED(status) else None)
        os.waitpid(forked(batch(folder, name)), 0)
        after = noted(folder, name)
        twice += len(after) - len(set(after)) + (after[: len(before)] != before)
        parts = [open_scan(folder / each).read(0, COUNT) for each in ("whole.npy", name)]
        alike &= bool(np.array_equal(*parts)) and sorted(after) == list(range(COUNT))
    print(json.dumps({"noted": found, "twice": twice, "alike": alike}))


if __name__ == "__main__":
    main()
