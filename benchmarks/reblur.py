"""How often the light of the re-blurred result is green, yellow and red, and when it should be.

    python benchmarks/reblur.py [--markdown] [--seeds 20]

Three simulated pictures (bearing, weld, casting) of 192 px, blurred by a Gaussian of 2 px, with
white noise of 1, 2 and 5 % of the grey range, restored by TV at the automatic strength (found for
the first seed of each case) with the right PSF, with wrong ones, and 30 times too strongly. A wire,
1 px wide and 24 px long, is painted into or out of the right result where and how chance wills:
its re-blurred image is as high as so many sigma of a pixel's noise. The noise's sigma is that of
the simulation, or the one that was found in the image.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import torch
from scenes import SIDE, Array, Scan, scan
from scipy.signal import fftconvolve
from table import parser, show

import napari_deconv as nd
from napari_deconv.core.params import from_plain
from napari_deconv.psf.shapes import GaussianPsf

SIGMA = 2.0
"""Of the PSF, in pixels."""
PICTURES = ("bearing", "weld", "casting")
NOISES = (0.01, 0.02, 0.05)
ERRORS = (0.1, 0.2, 0.3, 1.0, -0.3)
"""How much wider the PSF is taken than it is."""
TOO_STRONG = 30
WIRES = (5, 2, 1)
"""Height of a painted wire's re-blurred image, in sigma."""
LENGTH = 24
OTHERS = ("tikhonov", "wavelet", "tgv", "wiener", "richardson-lucy")
OTHER_SEEDS = 3
LIGHTS = ("green", "yellow", "red")
CLEAR = 24
"""Pixels from the border within which no wire is painted."""

Counts = dict[tuple[str, float, bool], Counter[str]]


@cache
def psf_of(error: float) -> Array:
    """Return the PSF, taken for so much wider than it is."""
    return GaussianPsf(sigma=SIGMA * (1 + error)).kernel()


@cache
def chosen(method: str, name: str, share: float, error: float) -> object:
    """Return a method at the strength that is found for the first seed."""
    first = scan(name, psf_of(0.0), share, 0).image
    ready = nd.Recipe(method=method).begin(first, psf_of(error), device="cpu")
    ready.choose()
    return ready.recipe.method


def wire(rng: np.random.Generator, psf: Array) -> Array:
    """Return a wire of height 1 after blurring, somewhere in the frame."""
    turn = rng.uniform(0, np.pi)
    row, column = rng.uniform(CLEAR, SIDE - CLEAR, 2)
    y, x = np.mgrid[:SIDE, :SIDE] - np.array([row, column])[:, None, None]
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    line = np.clip(LENGTH / 2 + 0.5 - abs(along), 0, 1) * np.clip(1 - abs(across), 0, 1)
    return line / fftconvolve(line, psf, mode="same").max()


def lights(taken: Scan, method: object, error: float, wires: int = -1) -> Iterator[list[str]]:
    """Yield what the light is with the sigma known and estimated: of the result, then of wires.

    Parameters
    ----------
    wires : int
        Seed of the wires; none are painted if it is negative.
    """
    ready = nd.Recipe(method=method).begin(taken.image, psf_of(error), device="cpu")
    result, expected = ready.image(), ready.expectation()
    estimated = ready.reblur
    known = estimated.measured.model_copy(
        update={"noise": taken.sigma, "gain": 0.0, "read_noise": taken.sigma, "neighbours": 0.0}
    )
    judges = [replace(estimated, measured=known), estimated]
    yield [judge.agreement(result, expected).light for judge in judges]
    if wires < 0:
        return
    rng = np.random.default_rng(wires)
    for height in WIRES:
        for sign in (-1, 1):
            painted = result + np.float32(sign * height * taken.sigma) * wire(rng, psf_of(error))
            painted = painted.astype(np.float32)
            yield [judge.agreement(painted, expected).light for judge in judges]


def rates(seeds: int, names: tuple[str, ...] = PICTURES) -> Counts:
    """Return how often each light was on, by what was done, noise, and whether sigma is known."""
    painted = [f"wire painted {way}, {h} sigma" for h in WIRES for way in ("in", "out")]
    counts: Counts = {}

    def count(what: str, share: float, found: list[str]) -> None:
        for known, light in zip((True, False), found, strict=True):
            counts.setdefault((what, share, known), Counter())[light] += 1

    for share in NOISES:
        for name in names:
            for seed in range(seeds):
                taken = scan(name, psf_of(0.0), share, seed)
                right = chosen("tv", name, share, 0.0)
                what = ["right", *painted]
                for one, found in zip(what, lights(taken, right, 0.0, seed), strict=True):
                    count(one, share, found)
                strong = right.replace(weight=TOO_STRONG * right.weight)
                count(f"strength x {TOO_STRONG}", share, next(lights(taken, strong, 0.0)))
                for error in ERRORS:
                    wrong = chosen("tv", name, share, error)
                    count(f"PSF {error:+.0%}", share, next(lights(taken, wrong, error)))
    return counts


def of_others(seeds: int) -> Counts:
    """Return the same for other methods with the right PSF."""
    counts: Counts = {}
    for method in OTHERS:
        for share in NOISES:
            for name in PICTURES:
                by = chosen(method, name, share, 0.0)
                by = from_plain("method", method) if method == "richardson-lucy" else by
                for seed in range(seeds):
                    found = next(lights(scan(name, psf_of(0.0), share, seed), by, 0.0))
                    for known, light in zip((True, False), found, strict=True):
                        counts.setdefault((method, share, known), Counter())[light] += 1
    return counts


def rows(counts: Counts) -> list[list[str]]:
    """Return a row for each thing that was done: green / yellow / red."""
    return [
        [
            what,
            *(
                " / ".join(str(counts[what, share, known][light]) for light in LIGHTS)
                for share in NOISES
                for known in (True, False)
            ),
        ]
        for what in dict.fromkeys(what for what, _, _ in counts)
    ]


def main() -> None:
    """Print the rates."""
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--seeds", type=int, default=20)
    given = arguments.parse_args()
    torch.set_num_threads(1)
    began = time.process_time()
    header = [f"{s:.0%} noise, {k}" for s in NOISES for k in ("known", "estimated")]
    number = given.seeds * len(PICTURES)
    title = f"Lights of {number} results each, green / yellow / red"
    show(title, ["TV", *header], rows(rates(given.seeds)), given.markdown)
    few = min(OTHER_SEEDS, given.seeds)
    title = f"The same of {few * len(PICTURES)} results of other methods, PSF right"
    show(title, ["method", *header], rows(of_others(few)), given.markdown)
    print(f"\n{time.process_time() - began:.0f} s of CPU time")


if __name__ == "__main__":
    main()
