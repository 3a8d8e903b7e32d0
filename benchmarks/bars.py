"""Every method and boundary on a volume: the hollow bars of the EPFL Biomedical Imaging Group.

    python benchmarks/bars.py [--markdown]

The volume is looked for in ../shared/data beside the checkout. PSNR in dB with K the maximum of the
truth, after the least-squares gain and offset that bring a result to the truth's grey scale: data,
PSF and truth are not on one. The strength of each method is the best of a grid around its automatic
or default one with the border `periodic`, whose grid is an eighth of the others', and the same for
all borders. CPU time and memory are those of one thread in a process of its own: the growth of its
highest resident size from before the image is given to the method. Linux only: it reads /proc.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import numpy as np
import tifffile
import torch
from numpy.typing import NDArray
from table import parser, show

import napari_deconv as nd

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "micro"
CENTRE = "peak"
"""The PSF's sides are even: its brightest voxel, not its middle one, is where the data have it."""
FACTORS = (0.1, 0.3, 1.0, 3.0, 10.0)
"""Strengths of the grid, in automatic or default ones."""
SEARCHED = "periodic"
"""The border with which the strength is searched for."""
STRENGTH = {"least-squares": "cutoff", "wiener": "noise", "richardson-lucy": "iterations"}
"""The parameter that is a method's strength; of the weighted sums it is `tv`, else `weight`."""


class Bars(NamedTuple):
    """A volume, its PSF and the truth, each on a grey scale of its own."""

    image: NDArray[np.float32]
    psf: NDArray[np.float32]
    truth: NDArray[np.float32]


class Cost(NamedTuple):
    """What one restoration came to."""

    psnr: float
    seconds: float
    memory: float


def read(folder: Path) -> Bars:
    """Return the bars."""
    return Bars(*(tifffile.imread(folder / f"bars_{k}.tif") for k in ("data", "kernel", "actual")))


def scaled_psnr(image: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Return the PSNR in dB after the gain and offset that bring `image` nearest to `truth`."""
    x, y = image.astype(np.float64).ravel(), truth.astype(np.float64).ravel()
    x, y = x - x.mean(), y - y.mean()
    gain = (x @ y) / max(x @ x, np.finfo(float).tiny)  # an even volume has no gain
    error = np.mean((gain * x - y) ** 2)
    return float(10 * np.log10(float(truth.max()) ** 2 / error))


def model_error(bars: Bars, padded: bool, origin: tuple[int, ...]) -> float:
    """Return how far the data are from the blurred truth, scaled to them: grey values rms.

    Beyond the truth lies black if `padded`, else its other side; `origin` is that of the PSF.
    """
    sides = [2 * n if padded else n for n in bars.truth.shape]
    axes = range(len(sides))
    psf = np.fft.rfftn(bars.psf / bars.psf.sum(dtype=np.float64), sides, axes)
    blurred = np.fft.irfftn(np.fft.rfftn(bars.truth, sides, axes) * psf, sides, axes)
    rolled = np.roll(blurred, [-n for n in origin], tuple(axes))
    x = rolled[tuple(map(slice, bars.truth.shape))].ravel()
    x, y = x - x.mean(), bars.image.ravel() - bars.image.mean(dtype=np.float64)
    return float(np.sqrt(np.mean((x * (x @ y) / (x @ x) - y) ** 2)))


def strength(name: str) -> str:
    """Return the parameter that is a method's strength."""
    known = nd.choices("method")[name].parameters()
    return STRENGTH.get(name) or ("weight" if "weight" in known else "tv")


def begun(bars: Bars, name: str, boundary: str, **parameters: Any) -> Any:
    """Return the restoration of a volume by a method, all checked."""
    method = {"name": name, **parameters}
    recipe = nd.Recipe(method=method, boundary=boundary, centre=CENTRE)
    return recipe.begin(bars.image, bars.psf, device="cpu")


def grid(bars: Bars, name: str) -> Iterator[dict[str, float]]:
    """Yield strengths around a method's own."""
    parameter = strength(name)
    usual = getattr(begun(bars, name, SEARCHED).recipe.method, parameter)
    field = nd.choices("method")[name].parameters()[parameter]
    most = next((float(m.le) for m in field.metadata if hasattr(m, "le")), np.inf)
    for factor in FACTORS:
        value = min(usual * factor, most)
        yield {parameter: round(value) if isinstance(usual, int) else value}


def best_strength(bars: Bars, name: str) -> dict[str, float]:
    """Return the strength of the highest PSNR."""

    def score(parameters: dict[str, float]) -> float:
        return scaled_psnr(begun(bars, name, SEARCHED, **parameters).image(), bars.truth)

    return max(grid(bars, name), key=score)


def measured(bars: Bars, name: str, boundary: str, parameters: dict[str, float]) -> Cost:
    """Return PSNR, CPU seconds and MiB of one restoration."""
    small = Bars(*(part[8:24, 16:48, 16:48] for part in bars))
    begun(small, name, boundary, **{**parameters, **_short(name)}).image()  # loads what it needs
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # VmHWM starts anew
    before, began = resident("VmRSS"), process_time()
    image = begun(bars, name, boundary, **parameters).image()
    seconds = process_time() - began
    memory = (resident("VmHWM") - before) / 2**20
    return Cost(scaled_psnr(image, bars.truth), seconds, memory)


def _short(name: str) -> dict[str, int]:
    return {"iterations": 2} if "iterations" in nd.choices("method")[name].parameters() else {}


def resident(kind: str) -> int:
    """Return a figure of this process's status in bytes: VmRSS or VmHWM."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith(kind))
    return 1024 * int(line.split()[1])


def alone(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function returns in a process of its own."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply(function, arguments)


def main() -> None:
    markdown = parser(__doc__.splitlines()[0]).parse_args().markdown
    if not (FOLDER / "bars_data.tif").is_file():
        print(f"Skipped: {FOLDER / 'bars_data.tif'} is not there.")
        return
    torch.set_num_threads(1)
    bars, boundaries = read(FOLDER), list(nd.choices("boundary"))
    tables: list[list[list[str]]] = [[], [], []]
    for name, choice in nd.choices("method").items():
        if 3 not in choice.dimensions:
            continue
        best = alone(best_strength, bars, name)
        costs = [alone(measured, bars, name, boundary, best) for boundary in boundaries]
        said = f"`{name}`, " + ", ".join(f"{key} {value:.3g}" for key, value in best.items())
        print(f"{said}: {costs}", file=sys.stderr, flush=True)
        for table, figures in zip(tables, zip(*costs, strict=True), strict=True):
            digits = 2 if table is tables[0] else 1 if table is tables[1] else 0
            table.append([said, *(f"{figure:.{digits}f}" for figure in figures)])
    shape = " × ".join(map(str, bars.image.shape))
    print(f"As it is: {scaled_psnr(bars.image, bars.truth):.2f} dB; K = {bars.truth.max():g}.")
    brightest = tuple(map(int, np.unravel_index(bars.psf.argmax(), bars.psf.shape)))
    middle = tuple((n - 1) // 2 for n in bars.psf.shape)
    for padded, origin in ((False, brightest), (True, brightest), (True, middle)):
        error = model_error(bars, padded, origin)
        border = "black border" if padded else "periodic"
        print(
            f"Blurred truth, {border}, origin {origin}: {error:.0f} of {bars.image.std():.0f} rms."
        )
    titles = ("PSNR in dB, scaled to the truth", "CPU seconds, one thread", "peak memory in MiB")
    for title, rows in zip(titles, tables, strict=True):
        show(f"Bars, {shape}: {title}", ["method", *boundaries], rows, markdown)


if __name__ == "__main__":
    main()
