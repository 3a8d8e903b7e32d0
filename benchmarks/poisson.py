"""Counted photons: Kullback-Leibler, weighted and plain least squares with TV, best weight each.

    python benchmarks/poisson.py [--markdown] [--size 128] [--peaks 30 100 1000] [--seed 0]

A scene whose transmission falls from 1 to 0.003 in six steps, with the same bars, holes and wires
on each. Every solution is converged; the best weight is looked for by steps of the root of 2, once
for the PSNR, once for the thickness, that is for the mean relative error of the six steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from math import sqrt
from typing import Any

import numpy as np
import torch
from scipy.signal import fftconvolve
from table import parser, show

from napari_deconv import Recipe
from napari_deconv.evidence.reference import psnr
from napari_deconv.methods import solvers
from napari_deconv.phantom.gauges import ATTENUATION
from napari_deconv.phantom.solids import Place, Rays, disk, rod, span
from napari_deconv.samples import core_and_tail

TRANSMISSIONS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003)
"""Transmission of the six steps, before what lies on them takes some more."""
PIXEL = 0.1
"""Side of a pixel, mm."""
ITERATIONS = 400
"""Iterations of a solution."""
PENALTY = 2.0
"""Penalty of the split v = H u here, for which objective and every step stand after 300 iterations.

At the 0.3 that suits narrower ranges of grey the dark steps are not there after 6000.
"""
STEPS = (2.0, sqrt(2))
"""Ratios of neighbouring weights: a climb by large, then by small steps."""


@dataclass(frozen=True, eq=False)
class Scene:
    """Counts, relative to the open beam, and the transmission behind them."""

    peak: float
    image: np.ndarray
    truth: np.ndarray
    blurred: np.ndarray
    psf: np.ndarray
    step: np.ndarray

    @cached_property
    def fidelities(self) -> dict[str, dict[str, Any]]:
        """Noise models, told what the noise is."""
        return {
            "Kullback-Leibler": {"name": "poisson", "gain": 1 / self.peak},
            "weighted least squares": {
                "name": "poisson-gaussian",
                "gain": 1 / self.peak,
                "read": 0.0,
            },
            "least squares": {"name": "gaussian"},
        }


def scene(peak: float, size: int, seed: int = 0) -> Scene:
    """Return the exposure of a `size` x `size` frame; the scene goes on past its border."""
    psf = core_and_tail(21, core=1.2, tail=3.0)
    margin = psf.shape[0] // 2
    corner = (-margin * PIXEL, -margin * PIXEL)
    rays = Rays.grid((size + 2 * margin, size + 2 * margin), PIXEL, corner)
    tread = size * PIXEL / len(TRANSMISSIONS)
    light = np.exp(-_attenuation(rays, tread))
    blurred = np.maximum(fftconvolve(light, psf, mode="valid"), 0)
    counts = np.random.default_rng(seed).poisson(peak * blurred)
    inside = slice(margin, margin + size)
    number = np.clip(((np.arange(size) + 0.5) * PIXEL / tread).astype(int), 0, 5)
    return Scene(
        peak=peak,
        image=(counts / peak).astype(np.float32),
        truth=light[inside, inside],
        blurred=blurred,
        psf=psf,
        step=np.broadcast_to(number[None, :], (size, size)),
    )


def _attenuation(rays: Rays, tread: float) -> np.ndarray:
    """Return a wedge along x, and across all of its steps bars, holes and wires."""
    edges = [-1e3, *(k * tread for k in range(1, len(TRANSMISSIONS))), 1e3]
    depth = -np.log(TRANSMISSIONS)
    total = sum(
        d * span(rays.x, low, high, PIXEL)
        for d, low, high in zip(depth, edges, edges[1:], strict=False)
    )
    high = len(TRANSMISSIONS) * tread
    for k in range(4):
        total = total + 0.5 * span(
            rays.y, 0.08 * high + 0.9 * k, 0.08 * high + 0.9 * k + 0.45, PIXEL
        )
    for k in range(len(TRANSMISSIONS)):
        middle = (k + 0.5) * tread
        total = total + 0.6 * disk(rays.at(Place(middle, 0.45 * high)), 0.3 * tread)
        total = total + 0.2 * disk(rays.at(Place(middle, 0.65 * high)), 0.3 * tread)
        wire = rays.at(Place(middle, 0.87 * high, 20.0))
        total = total + ATTENUATION["steel"] * 5 * rod(wire, 0.25, 0.24 * high)
    return total


@dataclass(frozen=True, eq=False)
class Fit:
    """A converged solution and its errors.

    Attributes
    ----------
    weight : float
        Strength of TV.
    psnr : float
        In dB, K the truth's maximum.
    bands : tuple of float
        Root mean square error of each step over its mean transmission.
    image : ndarray
    shift : float
        What the mean of the darkest step is off, relative.
    objective : float
        Misfit plus penalty.
    """

    weight: float
    psnr: float
    bands: tuple[float, ...]
    image: np.ndarray
    shift: float
    objective: float = 0.0

    @property
    def relative(self) -> float:
        """Mean over the steps of the relative error."""
        return float(np.mean(self.bands))


def fit(scene: Scene, fidelity: str, weight: float, iterations: int = ITERATIONS) -> Fit:
    """Solve, and measure the error of each step."""
    method = {"name": "tv", "weight": weight, "iterations": iterations, "positive": True}
    recipe = Recipe(method=method, fidelity=scene.fidelities[fidelity])
    restoration = recipe.begin(scene.image, scene.psf, device="cpu")
    *_, last = restoration.steps()
    return replace(measured(last.image(), scene, weight), objective=last.objective)


@contextmanager
def steady(penalty: float = PENALTY) -> Iterator[None]:
    """Let the solver's split of counts and of weighted pixels carry another penalty for a while."""
    usual = solvers.SPLIT_PENALTY, solvers.MASKED_PENALTY
    solvers.SPLIT_PENALTY = solvers.MASKED_PENALTY = penalty
    try:
        yield
    finally:
        solvers.SPLIT_PENALTY, solvers.MASKED_PENALTY = usual


def measured(image: np.ndarray, scene: Scene, weight: float) -> Fit:
    """Return how far an image is from the truth."""
    darkest = scene.step == len(TRANSMISSIONS) - 1
    shift = float(image[darkest].mean() / scene.truth[darkest].mean()) - 1
    ratio = psnr(image, scene.truth).value
    return Fit(weight, ratio, bands(image, scene), image, shift)


def bands(image: np.ndarray, scene: Scene) -> tuple[float, ...]:
    """Return the relative error of each step."""
    errors = []
    for number in range(len(TRANSMISSIONS)):
        there = scene.step == number
        error = float(np.sqrt(np.mean((image[there] - scene.truth[there]) ** 2)))
        errors.append(error / float(scene.truth[there].mean()))
    return tuple(errors)


def climb(scene: Scene, fidelity: str) -> tuple[Fit, Fit]:
    """Return the solutions of best PSNR and of least relative error."""
    fits: dict[float, Fit] = {}

    def at(weight: float) -> Fit:
        key = float(f"{weight:.6g}")
        if key not in fits:
            fits[key] = fit(scene, fidelity, key)
        return fits[key]

    found = []
    for score in (lambda f: f.psnr, lambda f: -f.relative):
        weight = max(fits, key=lambda w: score(fits[w])) if fits else start(scene, fidelity)
        for step in STEPS:
            while True:
                around = (weight / step, weight, weight * step)
                top = max(around, key=lambda w: score(at(w)))
                if top == weight:
                    break
                weight = top
        found.append(at(weight))
    return found[0], found[1]


def start(scene: Scene, fidelity: str) -> float:
    """Return a weight near the best, where the climb begins."""
    return carried(0.3 * sqrt(scene.truth.mean() / scene.peak), scene, fidelity)


def carried(weight: float, scene: Scene, fidelity: str) -> float:
    """Return what a weight for least squares is for another misfit, by its curvature at the mean.

    It means the same where the image is as bright as its mean.
    """
    if fidelity != "Kullback-Leibler":
        return weight
    return weight * scene.peak / float(scene.image.mean())


def rows(scene: Scene) -> list[list[str]]:
    """Return the table of one exposure: three misfits, each at three weights."""
    found = [["blurred", "", *_cells(measured(scene.image, scene, 0.0))]]
    with steady():
        fits = {name: climb(scene, name) for name in scene.fidelities}
    for index, label in enumerate(("best PSNR", "best relative")):
        for name in scene.fidelities:
            best = fits[name][index]
            found.append([f"{name}, {label}", f"{best.weight:.3g}", *_cells(best)])
    weight = fits["least squares"][0].weight
    for name in ("Kullback-Leibler", "weighted least squares"):
        with steady():
            there = fit(scene, name, carried(weight, scene, name))
        found.append([f"{name}, least squares' weight", f"{there.weight:.3g}", *_cells(there)])
    # As the package comes: fewer iterations, the usual penalty.
    for name in ("Kullback-Leibler", "weighted least squares"):
        best = fits[name][0]
        early = fit(scene, name, best.weight, iterations=100)
        excess = early.objective / best.objective - 1
        label = f"{name}, best PSNR, as it comes (objective {excess:+.1%})"
        found.append([label, f"{early.weight:.3g}", *_cells(early)])
    return found


def _cells(fit: Fit) -> list[str]:
    return [
        f"{fit.psnr:.2f}",
        *(f"{100 * error:.1f}" for error in fit.bands),
        f"{100 * fit.shift:+.1f}",
    ]


def main() -> None:
    """Print a table for each exposure."""
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--size", type=int, default=128, help="pixels on a side")
    arguments.add_argument("--peaks", type=float, nargs="+", default=[30, 100, 1000])
    arguments.add_argument("--seed", type=int, default=0, help="of the photons")
    chosen = arguments.parse_args()
    torch.set_num_threads(1)
    steps = [f"{100 * t:g} %" for t in TRANSMISSIONS]
    for peak in chosen.peaks:
        title = (
            f"{peak:g} counts in the open beam (PSNR in dB with K = 1; error of each step, and "
            "what the mean of the darkest is off, in % of its transmission)"
        )
        header = ["misfit + TV", "weight", "PSNR", *steps, "darkest, mean"]
        show(title, header, rows(scene(peak, chosen.size, chosen.seed)), chosen.markdown)


if __name__ == "__main__":
    main()
