"""The planner's forecast of memory beside what a run takes at its highest.

    python benchmarks/planner.py [--markdown]

Each run is a process of its own, on one thread. It makes a small run first, so that libraries are
loaded; what it then takes at its highest beyond that (VmHWM less VmRSS, a run that begins after the
image was measured) is compared with the forecast. Linux only: it reads /proc.
"""

from __future__ import annotations

import os
import re
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from table import parser, show

from napari_deconv import Recipe, choices
from napari_deconv.core import device as devices
from napari_deconv.core import memory

METHODS = ("wiener", "tikhonov", "richardson-lucy", "tv")
SIZES = {2: (1000, 1500, 2000), 3: (112,)}
TILES = {2: (500, 1000), 3: ()}
"""Longest sides of tiles of the largest picture."""
SMALL = {2: 64, 3: 24}
FEW = 3
"""Iterations: the third holds all that a method keeps."""


def resident(kind: str) -> int:
    """Return a figure of this process's status in bytes: VmRSS or VmHWM."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(rf"^{kind}:\s*(\d+) kB", status, re.MULTILINE)
    assert found is not None
    return 1024 * int(found[1])


def recipe_of(name: str, axes: int, tile: int) -> Recipe:
    """Return a recipe whose strengths are numbers."""
    method = choices("method")[name]
    chosen: dict[str, Any] = {"name": name, **dict.fromkeys(method.strengths(), 0.01)}
    if "iterations" in method.parameters():
        chosen["iterations"] = FEW
    psf = {"name": "gaussian", "sigma": 2, "dimensions": axes}
    return Recipe(psf=psf, method=chosen, tile=tile)


def measure(name: str, axes: int, size: int, tile: int, slices: int) -> tuple[int, int]:
    """Return forecast and highest use in bytes; of a stack the result of all slices is in both."""
    torch.set_num_threads(1)
    recipe = recipe_of(name, axes, tile)
    chance = np.random.default_rng(0)
    recipe.replace(tile=0).begin(chance.random((SMALL[axes],) * axes), device="cpu").image()
    stack = (slices,) if slices > 1 else ()
    image = chance.random((*stack, *(size,) * axes), dtype=np.float32)
    ready = recipe.begin(image, device="cpu")
    forecast = ready._asked().forecast(tile, devices.free(ready.device)).memory
    forecast += 4 * (slices - 1) * size**axes
    held = sum(t.untyped_storage().nbytes() for t in _held(ready))
    memory.give_back()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # VmHWM starts anew
    before = resident("VmRSS") - held
    result = ready.image()
    assert np.isfinite(result).all()
    return forecast, resident("VmHWM") - before


def _held(ready: Any) -> list[torch.Tensor]:
    problem = ready._first
    parts = (problem.data, problem.weights, problem.blur.spectrum)
    return [part for part in parts if part is not None]


def in_child(*what: Any) -> tuple[int, int]:
    """Measure in a process of its own."""
    with get_context("fork").Pool(1) as pool:
        return pool.apply(measure, what)


def row(name: str, axes: int, size: int, tile: int = 0, slices: int = 1) -> list[str]:
    """Return forecast, measured and their difference."""
    forecast, used = in_child(name, axes, size, tile, slices)
    shape = (f"{slices} of " if slices > 1 else "") + " × ".join([str(size)] * axes)
    cut = f", tiles of {tile}" if tile else ""
    print(name, shape + cut, forecast, used, flush=True)
    off = f"{100 * (forecast / used - 1):+.0f} %"
    return [f"`{name}`", shape + cut, f"{forecast / 1e6:.0f}", f"{used / 1e6:.0f}", off]


def main() -> None:
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--methods", nargs="+", default=list(METHODS))
    arguments.add_argument("--axes", type=int, nargs="+", default=[2, 3])
    arguments.add_argument("--sizes", type=int, nargs="+")
    arguments.add_argument("--tiles", type=int, nargs="*")
    arguments.add_argument("--slices", type=int, default=1, help="Of a stack, with --axes 2.")
    given = arguments.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    made = []
    for name in given.methods:
        for axes in given.axes:
            sizes = given.sizes or SIZES[axes]
            cut = given.tiles if given.tiles is not None else TILES[axes]
            made += [row(name, axes, size, 0, given.slices) for size in sizes]
            made += [row(name, axes, sizes[-1], tile, given.slices) for tile in cut]
    header = ["method", "picture", "forecast (MB)", "measured (MB)", "difference"]
    show("Memory while iterating", header, made, given.markdown)


if __name__ == "__main__":
    main()
