"""Seconds that `restore` takes for a frame, the first time and after that.

    python benchmarks/learned_speed.py [--sides 512 1024] [--repeats 5] [--markdown]

From the grey values to the restored ones, on all cores, which must have nothing else to do. The
first frame of a program loads the model, and PyTorch prepares itself.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from time import perf_counter

import torch
from table import parser, show

import napari_deconv as nd
from napari_deconv import samples
from napari_deconv.psf.shapes import GaussianPsf

PSF = GaussianPsf(sigma=2.0)
FIRST = "--first"
"""Asks a program of its own for the first frame's seconds, and nothing else."""


def seconds(side: int) -> float:
    """Return what one frame takes."""
    image = samples.radiograph(shape=(side, side)).image
    began = perf_counter()
    nd.deconvolve(image, PSF, "restore", device="cpu")
    return perf_counter() - began


def first(side: int) -> float:
    """Return what a frame takes in a program that has just begun."""
    command = [sys.executable, __file__, FIRST, "--sides", str(side)]
    told = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(told.stdout)


def main() -> None:
    arguments = parser(__doc__ or "")
    arguments.add_argument("--sides", type=int, nargs="+", default=[512, 1024], help="pixels")
    arguments.add_argument("--repeats", type=int, default=5, help="frames after the first")
    arguments.add_argument(FIRST, action="store_true", help="print the first frame's seconds alone")
    given = arguments.parse_args()
    if given.first:
        print(seconds(given.sides[0]))
        return
    rows = []
    for side in given.sides:
        began = first(side)
        later = [seconds(side) for _ in range(given.repeats + 1)][1:]
        rows.append(
            [
                f"{side} × {side}",
                f"{began:.2f}",
                f"{statistics.median(later):.2f} ({min(later):.2f} to {max(later):.2f})",
            ]
        )
    title = f"Seconds for a frame, {torch.get_num_threads()} threads"
    show(title, ["frame", "the first", "after that, median"], rows, given.markdown)


if __name__ == "__main__":
    main()
