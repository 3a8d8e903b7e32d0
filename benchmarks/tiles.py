"""How near tiles come to the picture as a whole, by what they overlap: error, seam, time.

    python benchmarks/tiles.py [--size 1024] [--tiles 256 384 512] [--markdown]

The strength is found once, then the same recipe goes over the picture as a whole and in tiles.
Error and seam are in units of the grey range (99.9 less 0.1 percentile). The seam is the rms step
of the error from the last line of a tile to the first of the next, the worst of all. Overlap is
what a tile computes on each side beyond the PSF's reach. Times are CPU times on one thread, in
parts of that of the whole.
"""

from __future__ import annotations

from itertools import pairwise
from time import process_time
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from table import parser, show

from napari_deconv import Recipe, choices, samples
from napari_deconv.core.tiling import cells

METHODS = ("wiener", "tikhonov", "tv", "richardson-lucy", "wavelet")
OVERLAPS = (0, 16, 32, 48, 80)


def figures(
    whole: np.ndarray[Any, Any], tiled: np.ndarray[Any, Any], side: int
) -> tuple[float, float, float]:
    """Return rms error, largest error and seam of a picture in tiles."""
    low, high = np.percentile(whole, (0.1, 99.9))
    error = (tiled.astype(float) - whole) / (high - low)
    target = tuple(slice(0, n) for n in whole.shape)
    edges = [sorted({cell[axis].start for cell in cells(target, (side, side))}) for axis in (0, 1)]
    steps = [
        np.sqrt(np.mean(np.square(np.take(error, at, axis) - np.take(error, at - 1, axis))))
        for axis, starts in enumerate(edges)
        for _, at in pairwise(starts)
    ]
    return float(np.sqrt(np.mean(error**2))), float(np.abs(error).max()), max(steps, default=0.0)


def timed(recipe: Recipe, image: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], float]:
    """Return a result and the CPU time of getting it."""
    ready = recipe.begin(image, device="cpu")
    began = process_time()
    return ready.image(), process_time() - began


def rows(
    sample: samples.Sample, name: str, sides: list[int], overlaps: tuple[int, ...] = OVERLAPS
) -> list[list[str]]:
    """Return a row for each tile and overlap."""
    found = Recipe(psf=sample.psf, method=name, tile=0).begin(sample.image, device="cpu")
    found.choose()
    whole, usual = timed(found.recipe, sample.image)
    made = []
    method = choices("method")[name]
    for side in sides:
        for overlap in overlaps:
            with patch.object(method, "margin", overlap):
                tiled, seconds = timed(found.recipe.replace(tile=side), sample.image)
            error, largest, seam = figures(whole, tiled, side)
            mark = " (its own)" if overlap == method.margin else ""
            made.append(
                [
                    f"`{name}`",
                    str(side),
                    f"{overlap}{mark}",
                    f"{error:.1e}",
                    f"{largest:.1e}",
                    f"{seam:.1e}",
                    f"{seconds / usual:.2f}",
                ]
            )
    return made


def main() -> None:
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--size", type=int, default=1024)
    arguments.add_argument("--tiles", type=int, nargs="+", default=[256, 384, 512])
    arguments.add_argument("--methods", nargs="+", default=list(METHODS))
    arguments.add_argument("--overlaps", type=int, nargs="+", default=list(OVERLAPS))
    given = arguments.parse_args()
    torch.set_num_threads(1)
    sample = samples.radiograph(shape=(given.size, given.size))
    header = ["method", "tile (px)", "overlap (px)", "rms error", "largest", "seam", "time / whole"]
    made = [
        row
        for name in given.methods
        for row in rows(sample, name, given.tiles, tuple(given.overlaps))
    ]
    show(f"Tiles of {given.size} × {given.size} px", header, made, given.markdown)


if __name__ == "__main__":
    main()
