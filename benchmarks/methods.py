"""PSNR of every method on two simulated radiographs: as it comes, and at its best parameter.

    python benchmarks/methods.py [--markdown]

The best parameter is that of a small grid, each step a factor of the square root of two, which is
extended until its best is not at its edge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import sqrt
from typing import NamedTuple

from table import parser, show

from napari_deconv import Recipe, samples
from napari_deconv.evidence.reference import format_level, peak, psnr

STEP = sqrt(2)
"""Ratio of two neighbours of a grid."""
START = 5
"""Points of a grid before it is extended."""
ITERATIONS = 60
"""Richardson-Lucy iterations to look through at first."""
TUNED = {
    "least-squares": "cutoff",
    "ridge": "weight",
    "tikhonov": "weight",
    "wiener": "noise",
    "tv": "weight",
}
"""The strength of each method."""
METHODS = ("least-squares", "ridge", "tikhonov", "wiener", "richardson-lucy", "tv")


class Score(NamedTuple):
    """PSNR of one method, as it comes and at its best parameter."""

    method: str
    default: str
    psnr: float
    best: str
    best_psnr: float
    grid: str


def best_of(score: Callable[[float], float], grid: Sequence[float]) -> tuple[float, list[float]]:
    """Return the value of the highest score, and the grid, extended until it is inside."""
    scores = {value: score(value) for value in grid}
    while True:
        values = sorted(scores)
        best = max(values, key=scores.__getitem__)
        if best == values[0]:
            following = best / STEP
        elif best == values[-1]:
            following = best * STEP
        else:
            return best, values
        scores[following] = score(following)


def score(sample: samples.Sample, name: str) -> Score:
    """Return what a method makes of a sample."""
    if name == "richardson-lucy":
        return _score_path(sample, name)
    parameter = TUNED[name]
    value, setting = _run(sample, name, parameter)
    scores: dict[float, float] = {}

    def measured(x: float) -> float:
        scores[x] = _run(sample, name, parameter, x)[0]
        return scores[x]

    best, grid = best_of(measured, [setting * STEP ** (k - START // 2) for k in range(START)])
    return Score(
        name,
        f"{parameter} {setting:.3g}",
        value,
        f"{parameter} {best:.3g}",
        scores[best],
        f"{grid[0]:.2g} .. {grid[-1]:.2g}",
    )


def _run(
    sample: samples.Sample, name: str, parameter: str, value: float | None = None
) -> tuple[float, float]:
    """Return the PSNR at a value of the parameter (or at its default), and the value."""
    method = {"name": name} if value is None else {"name": name, parameter: value}
    restoration = Recipe(method=method).begin(sample.image, sample.psf, device="cpu")
    ratio = psnr(restoration.image(), sample.truth).value
    return ratio, getattr(restoration.recipe.method, parameter)


def _score_path(sample: samples.Sample, name: str) -> Score:
    """Score the method whose strength is how many iterations it makes."""
    usual = Recipe(method=name).method.iterations
    iterations = max(ITERATIONS, usual)
    while True:
        recipe = Recipe(method={"name": name, "iterations": iterations})
        path = [
            psnr(step.image(), sample.truth).value
            for step in recipe.steps(sample.image, sample.psf, device="cpu")
        ]
        best = max(range(iterations), key=path.__getitem__) + 1
        if best < iterations:
            break
        iterations *= 2
    return Score(
        name,
        f"iterations {usual}",
        path[usual - 1],
        f"iterations {best}",
        path[best - 1],
        f"1 .. {iterations}",
    )


def rows(sample: samples.Sample, methods: Sequence[str] = METHODS) -> list[list[str]]:
    """Return the table's rows for a sample, the blurred picture first."""
    blurred = psnr(sample.image, sample.truth).value
    found = [["blurred", f"{blurred:.2f}", "", "", "", ""]]
    for name in methods:
        s = score(sample, name)
        found.append([s.method, f"{s.psnr:.2f}", s.default, f"{s.best_psnr:.2f}", s.best, s.grid])
    return found


def main() -> None:
    markdown = parser(__doc__.splitlines()[0]).parse_args().markdown
    for part in ("bearing", "weld"):
        sample = samples.radiograph(part=part)
        height, width = sample.image.shape
        title = (
            f"{part}, {height} × {width}: PSNR in dB "
            f"(K = {format_level(peak(sample.truth))}, the truth's maximum)"
        )
        header = ["method", "default", "its value", "best", "its value", "grid"]
        show(title, header, rows(sample), markdown)


if __name__ == "__main__":
    main()
