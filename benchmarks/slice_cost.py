"""What a slice of a scan costs a processor: to read, to restore, to write.

    python benchmarks/slice_cost.py [--sides 1024 2048] [--methods wiener tikhonov tv] [--markdown]

CPU time on one thread in milliseconds a megapixel, medians over pieces as a run of a whole scan
makes them: out of zarr, the method at its default settings with a given strength, into OME-Zarr
with its checksum. Writing holds the packing, and no wait for a disk.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from time import process_time

import numpy as np
import torch
from table import parser, show
from whole_scan import make

import napari_deconv as nd
from napari_deconv.batch import piece
from napari_deconv.batch.order import PIECE, Order
from napari_deconv.core import memory
from napari_deconv.psf.shapes import GaussianPsf

STRENGTH = 0.01
"""Given, for the search is done once a scan: what a slice costs does not hang on it."""
PIECES = 4
"""Pieces that are timed after one that is not."""


def costs(folder: Path, side: int, method: str) -> tuple[float, float, float]:
    """Return milliseconds a megapixel to read, restore and write."""
    chosen = nd.choices("method")[method]()
    if chosen.automatic():
        chosen = chosen.strengthened(STRENGTH)
    recipe = nd.Recipe(psf=GaussianPsf(sigma=1.5), method=chosen)
    order = Order(recipe, folder / f"{side}.zarr", folder / f"{method}{side}.zarr", device="cpu")
    batch = order.begin()
    ticket, task = batch.ticket, batch.task
    ticket.sink.lay_out()
    clocks = []
    for start, stop in task.pieces()[: PIECES + 1]:
        clock = [process_time()]
        ticket.scan.read(start, stop)
        clock.append(process_time())
        image, _ = piece._restored(ticket, start, stop)
        clock.append(process_time())
        ticket.sink.put(start, image)
        clock.append(process_time())
        clocks.append(np.diff(clock) * 1e3 / ((stop - start) * side**2 / 1e6))
    read, both, write = np.median(clocks[1:], axis=0)
    return float(read), float(both - read), float(write)


def main() -> None:
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--sides", type=int, nargs="+", default=[1024])
    arguments.add_argument("--methods", nargs="+", default=["wiener", "tikhonov", "tv"])
    given = arguments.parse_args()
    torch.set_num_threads(1)
    memory.keep_for_good()  # as workers do
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for side in given.sides:
            each = max(1, PIECE // (4 * side**2))
            make(Path(place) / f"{side}.zarr", each * (PIECES + 1), side)
            for method in given.methods:
                figures = [f"{cost:.1f}" for cost in costs(Path(place), side, method)]
                rows.append([f"`{method}`, {side} × {side}", *figures])
    header = ["ms of one processor a megapixel", "read", "restore", "write"]
    show("A slice from disk to disk", header, rows, given.markdown)


if __name__ == "__main__":
    main()
