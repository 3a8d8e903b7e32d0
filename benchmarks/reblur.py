"""How often the light of the re-blurred result is green, yellow and red, and when it should be.

    python benchmarks/reblur.py [--markdown] [--seeds 20] [--noise 0.01 0.02 0.05]

Seeds begin with 100: the thresholds were chosen on those below 20. Three simulated pictures
(bearing, weld, casting) of 192 px, blurred by a Gaussian of 2 px, with white noise of 1, 2 and 5 %
of the grey range, restored by TV at the automatic strength with the right PSF, with wrong ones, and
30 times too strongly. The strength, and what it leaves of noise alone, are found for the first seed
of each case. A wire, 1 px wide and 24 px long, is painted into or out of the right result where and
how chance wills: its re-blurred image is as high as so many sigma of a pixel's noise. The noise's
sigma is that of the simulation, or the one that was found in the image.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import torch
from scenes import SIDE, Array, scan
from scipy.signal import fftconvolve
from table import parser, show

import napari_deconv as nd
from napari_deconv.evidence.leftover import Expectation
from napari_deconv.evidence.residual import ResidualCheck
from napari_deconv.methods.method import Method
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
OTHERS = ("tikhonov", "wiener", "richardson-lucy")
OTHER_SEEDS = 3
FIRST = 100
"""First seed; the thresholds were chosen on those below 20."""
LIGHTS = ("green", "yellow", "red")
CLEAR = 24
"""Pixels from the border within which no wire is painted."""

Checks = dict[tuple[str, float, bool], list[ResidualCheck]]
"""By what was done, noise as a share of the grey range, and whether its sigma is known."""


@cache
def psf_of(error: float) -> Array:
    """Return the PSF, taken for so much wider than it is."""
    return GaussianPsf(sigma=SIGMA * (1 + error)).kernel()


@cache
def chosen(method: str, name: str, share: float, error: float) -> Method:
    """Return a method at the strength that is found for the first seed."""
    first = scan(name, psf_of(0.0), share, FIRST).image
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


@cache
def left_of_noise(method: Method, name: str, share: float, error: float) -> Expectation | None:
    """Return what a method leaves of noise alone, of the first seed: it hardly hangs on it."""
    first = scan(name, psf_of(0.0), share, FIRST).image
    ready = nd.Recipe(method=method).begin(first, psf_of(error), device="cpu")
    return ready.expectation()


def checked(
    method: Method, name: str, share: float, error: float, seed: int, painted: bool = False
) -> Iterator[list[ResidualCheck]]:
    """Yield the checks with the sigma known and estimated: of a result, then of painted wires."""
    taken = scan(name, psf_of(0.0), share, seed)
    ready = nd.Recipe(method=method).begin(taken.image, psf_of(error), device="cpu")
    result, expected = ready.image(), left_of_noise(method, name, share, error)
    estimated = ready.reblur
    known = estimated.measured.model_copy(
        update={"noise": taken.sigma, "gain": 0.0, "read_noise": taken.sigma, "neighbours": 0.0}
    )
    judges = [replace(estimated, measured=known), estimated]
    yield [judge.agreement(result, expected) for judge in judges]
    if not painted:
        return
    rng = np.random.default_rng(seed)
    for height in WIRES:
        for sign in (-1, 1):
            more = result + sign * height * taken.sigma * wire(rng, psf_of(error))
            yield [judge.agreement(more.astype(np.float32), expected) for judge in judges]


def of_tv(share: float, seeds: int, names: Sequence[str] = PICTURES) -> Checks:
    """Return the checks of TV at one level of noise."""
    painted = [f"wire painted {way}, {h} sigma" for h in WIRES for way in ("in", "out")]
    found: Checks = {}

    def note(what: str, checks: list[ResidualCheck]) -> None:
        for known, check in zip((True, False), checks, strict=True):
            found.setdefault((what, share, known), []).append(check)

    for name in names:
        for seed in range(FIRST, FIRST + seeds):
            right = chosen("tv", name, share, 0.0)
            every = checked(right, name, share, 0.0, seed, painted=True)
            for what, checks in zip(["right", *painted], every, strict=True):
                note(what, checks)
            strong = right.replace(weight=TOO_STRONG * right.weight)
            note(f"strength x {TOO_STRONG}", next(checked(strong, name, share, 0.0, seed)))
            for error in ERRORS:
                wrong = chosen("tv", name, share, error)
                note(f"PSF {error:+.0%}", next(checked(wrong, name, share, error, seed)))
    return found


def of_others(share: float, seeds: int, names: Sequence[str] = PICTURES) -> Checks:
    """Return the checks of other methods with right and too wide PSFs, at one level of noise."""
    found: Checks = {}
    for method, error, name in product(OTHERS, (0.0, *ERRORS), names):
        by = chosen(method, name, share, error)
        what = f"{method}, " + (f"PSF {error:+.0%}" if error else "right")
        for seed in range(FIRST, FIRST + seeds):
            checks = next(checked(by, name, share, error, seed))
            for known, check in zip((True, False), checks, strict=True):
                found.setdefault((what, share, known), []).append(check)
    return found


def rows(found: Checks, noises: Sequence[float] = NOISES) -> list[list[str]]:
    """Return a row for each thing that was done: green / yellow / red."""

    def cell(what: str, share: float, known: bool) -> str:
        lights = Counter(check.light for check in found[what, share, known])
        return " / ".join(str(lights[light]) for light in LIGHTS)

    return [
        [what, *(cell(what, share, known) for share in NOISES for known in (True, False))]
        for what in dict.fromkeys(what for what, _, _ in found)
    ]


def main() -> None:
    """Print the rates."""
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--seeds", type=int, default=20)
    arguments.add_argument("--noise", type=float, nargs="+", default=NOISES, choices=NOISES)
    given = arguments.parse_args()
    torch.set_num_threads(1)
    began = time.process_time()
    header = [f"{s:.0%} noise, {k}" for s in given.noise for k in ("known", "estimated")]
    few = min(OTHER_SEEDS, given.seeds)
    tv, others = {}, {}
    for share in given.noise:
        tv |= of_tv(share, given.seeds)
        others |= of_others(share, few)
    number = given.seeds * len(PICTURES)
    title = f"Lights of {number} results each, green / yellow / red"
    show(title, ["TV", *header], rows(tv, given.noise), given.markdown)
    title = f"The same of {few * len(PICTURES)} results of other methods"
    show(title, ["method", *header], rows(others, given.noise), given.markdown)
    print(f"\n{time.process_time() - began:.0f} s of CPU time")


if __name__ == "__main__":
    main()
