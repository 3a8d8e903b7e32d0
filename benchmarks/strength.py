"""How near each rule for the strength comes to the best strength, in dB.

    python benchmarks/strength.py [--markdown] [--each]

24 cases to judge by (4 pictures x 2 PSFs x 3 noise levels) and 8 others with harder PSFs, each
blurred so that what lies beyond the border reaches in, with white noise of a share of the grey
range. PSNR over the whole frame with K the maximum of the truth; the gap is that to the best
strength of a sweep; a rule's own choice is where its score over that sweep is least, and its PSNR
is read off there. `--each` prints the best strength and the gaps of every case.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.signal import fftconvolve
from table import parser, show

import napari_deconv as nd
from napari_deconv import samples
from napari_deconv.core.params import from_plain
from napari_deconv.methods.choosing import Ladder, Walk, fit_of_filter
from napari_deconv.methods.rules import Fit
from napari_deconv.psf.shapes import DiskPsf, GaussianPsf

Array = NDArray[np.floating]

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SIDE, AROUND = 192, 30
"""Of the frame, and what lies beyond each border, in pixels."""
MODELS = ("tv", "wavelet", "tv-wavelet", "tikhonov")
SEARCH = "auto, searched"
"""The rule that a model declares, by the search that users get, final solve included."""
COLD, WARM = 120, 50
"""Iterations of the first strength of a sweep, and of those that start from their neighbour."""
RULES = ("discrepancy", "sure", "gcv", "gcv-inflated", "whiteness", "gcv-steady")
FIXED = 0.15
"""Strength per sigma of the rule that all others are to beat."""
GRID = 10 ** np.arange(-2.0, 0.61, 0.2)
"""Strengths of the sweep per sigma; for Tikhonov, whose strength follows the square of sigma nearer
than sigma, `COARSE` itself."""
COARSE = 10 ** np.arange(-5.0, 0.51, 0.2)


class Case(NamedTuple):
    """A picture to restore, and what it should become."""

    name: str
    image: NDArray[np.float32]
    psf: Array
    truth: Array


def cut(scene: Array, row: int, column: int) -> Array:
    """Return a frame of a scene and what lies around it."""
    return scene[row - AROUND : row + SIDE + AROUND, column - AROUND : column + SIDE + AROUND]


def part(name: samples.PartName) -> Array:
    """Return a simulated part."""
    return samples.radiograph((512, 512), part=name).truth.astype(np.float64)


def stored(path: str) -> Array:
    """Return a clean picture of the data beside the checkout."""
    import tifffile

    return tifffile.imread(DATA / path).astype(np.float64)


JUDGED: dict[str, Callable[[], Array]] = {
    "bearing": lambda: cut(part("bearing"), 60, 60),
    "weld": lambda: cut(part("weld"), 170, 150),
    "camera": lambda: cut(stored("clean/camera.tif"), 60, 140),
    "chart": lambda: stored("clean/resolution_chart.tif")[1:253, 1:253],
}
OTHERS: dict[str, Callable[[], Array]] = {
    "bearing, other part": lambda: cut(part("bearing"), 230, 250),
    "brick": lambda: cut(stored("clean/brick.tif"), 100, 100),
    "sandstone": lambda: cut(stored("xray/ct_sandstone_a.tif"), 300, 300),
    "camera, other part": lambda: cut(stored("clean/camera.tif"), 250, 200),
}


def smear(length: float, degrees: float) -> Array:
    """Return a line through the middle of 25 x 25 pixels: motion while a frame was taken."""
    y, x = np.mgrid[:25, :25] - 12.0
    turn = np.deg2rad(degrees)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    line = np.clip(length / 2 + 0.5 - abs(along), 0, 1) * np.clip(1 - abs(across), 0, 1)
    return line / line.sum()


SETS: dict[str, tuple[dict[str, Callable[[], Array]], dict[str, Array], tuple[float, ...]]] = {
    "judged": (
        JUDGED,
        {"Gaussian 2 px": GaussianPsf(sigma=2.0).kernel(), "with tail": samples.core_and_tail()},
        (0.005, 0.02, 0.05),
    ),
    "others": (
        OTHERS,
        {"disk 3 px": DiskPsf(radius=3.0).kernel(), "smear 9 px": smear(9, 30)},
        (0.01,),
    ),
}
"""Pictures, PSFs, and noise as a share of the grey range."""


def taken(name: str, scene: Array, psf: Array, share: float) -> Case:
    """Return the case of a scene from 0 to 1, its frame blurred by what lies around as well."""
    blurred = fftconvolve(scene, psf, mode="valid")
    inset = (len(blurred) - SIDE) // 2
    frame = blurred[inset : inset + SIDE, inset : inset + SIDE]
    rng = np.random.default_rng(round(1000 * share))
    noisy = frame + rng.normal(0, share * np.ptp(frame), frame.shape)
    truth = scene[AROUND : AROUND + SIDE, AROUND : AROUND + SIDE]
    return Case(name, noisy.astype(np.float32), psf, truth)


def cases(which: str) -> Iterator[Case]:
    """Yield the cases of a set; say so where the pictures beside the checkout are missing."""
    scenes, psfs, shares = SETS[which]
    for name, scene in scenes.items():
        try:
            picture = scene()
        except FileNotFoundError as error:
            print(f"skipped {name}: {error.filename} is not there")
            continue
        picture = 0.05 + 0.9 * (picture - picture.min()) / np.ptp(picture)
        for shape, psf in psfs.items():
            for share in shares:
                yield taken(f"{name}, {shape}, {share:.1%}", picture, psf, share)


def decibel(image: Array, truth: Array) -> float:
    """Return the PSNR with K the maximum of the truth."""
    return float(10 * np.log10(truth.max() ** 2 / np.mean((image - truth) ** 2)))


class Sweep(NamedTuple):
    """Strengths from the least to the greatest, how each fits the data, and its PSNR."""

    weights: Array
    fits: list[Fit]
    values: list[float]

    def at(self, weight: float) -> float:
        """Return the PSNR at a strength between those of the sweep."""
        inside = np.clip(np.log(weight), *np.log(self.weights[[0, -1]]))
        return float(CubicSpline(np.log(self.weights), self.values)(inside))

    def best(self) -> float:
        """Return the strength of the greatest PSNR."""
        fine = np.geomspace(self.weights[0], self.weights[-1], 1000)
        return float(fine[np.argmax([self.at(weight) for weight in fine])])

    def of(self, rule: str) -> float:
        """Return the strength that a rule takes."""
        judge = nd.choices("strength")[rule]()
        ladder = Ladder(0.0)
        scores = map(judge.score, self.fits)
        ladder.points = dict(zip(np.log(self.weights).tolist(), scores, strict=True))
        return float(np.exp(ladder.least))


def swept(case: Case, model: str) -> Sweep:
    """Return the sweep of a case, from the greatest strength down, each warm from the last."""
    ready = nd.Recipe(method=model, strength="noise").begin(case.image, psf=case.psf, device="cpu")
    problem = ready.problem()
    weights = COARSE if model == "tikhonov" else problem.noise * GRID
    method = from_plain("method", model)
    walk = Walk(problem, with_freedom=True)
    fits, values = [], []
    for number, weight in enumerate(weights[::-1]):
        chosen = method.strengthened(float(weight))
        if chosen.is_filter(problem):
            estimate, _ = chosen.filtered(problem)
            fit = fit_of_filter(chosen, problem)
        else:
            for estimates in walk.steps(chosen, WARM if number else COLD):
                estimate = estimates[0]
            fit = walk.fit()
        fits.append(fit)
        grey = problem.crop(estimate).numpy() * problem.scale
        values.append(decibel(grey, case.truth))
    return Sweep(weights, fits[::-1], values[::-1])


class Gap(NamedTuple):
    """What a case showed: how many dB each rule misses, where the best lies, what was spent."""

    missed: dict[str, float]
    best: float
    psnr: float
    solves: float


def gap(case: Case, model: str) -> Gap:
    """Return what a case shows of every rule, and of the whole search by a model's own rule."""
    sweep = swept(case, model)
    best = sweep.best()
    psnr = sweep.at(best)
    ready = nd.Recipe(method=model).begin(case.image, psf=case.psf, device="cpu")
    problem = ready.problem()
    found = {
        "0.15 sigma": FIXED * problem.noise,
        "noise": from_plain("method", model).guess(problem),
        **{rule: sweep.of(rule) for rule in RULES},
    }
    missed = {rule: psnr - sweep.at(weight) for rule, weight in found.items()}
    missed[SEARCH] = psnr - decibel(ready.image(), case.truth)
    curve = ready.recipe.curve  # none where the noise is found to be smeared
    solves = 1 + (0 if curve is None else curve.solves)
    return Gap(missed, best / problem.noise, psnr, solves)


def watched(case: Case, model: str) -> Gap:
    """Return the gap of a case, and say on the error stream what it is: all of it takes long."""
    found = gap(case, model)
    missed = "  ".join(f"{rule} {value:.2f}" for rule, value in found.missed.items())
    print(f"{model}, {case.name}: best {found.best:.3g} sigma; {missed}", file=sys.stderr)
    return found


def main() -> None:
    """Print a table for the cases to judge by, and one for the others."""
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--each", action="store_true", help="print every case as well")
    arguments.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    arguments.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    chosen = arguments.parse_args()
    began = time.process_time()
    for which in chosen.sets:
        every = list(cases(which))
        measured = {model: [watched(case, model) for case in every] for model in chosen.models}
        rules = list(measured[chosen.models[0]][0].missed)
        rows = []
        for rule in rules:
            missed = [[one.missed[rule] for one in measured[model]] for model in chosen.models]
            rows.append([rule, *(f"{np.median(m):.2f} / {max(m):.2f}" for m in missed)])
        most = max(one.solves for model in chosen.models for one in measured[model])
        title = (
            f"{which}: {len(every)} cases, gap to the best strength in dB, median / worst; "
            f"at most {most:.1f} solves in all"
        )
        show(title, ["rule", *chosen.models], rows, chosen.markdown)
        for model in chosen.models if chosen.each else ():
            each = [
                [
                    case.name,
                    f"{one.best:.3g}",
                    f"{one.psnr:.2f}",
                    *(f"{one.missed[rule]:.2f}" for rule in rules),
                ]
                for case, one in zip(every, measured[model], strict=True)
            ]
            header = ["case", "best per sigma", "PSNR", *rules]
            show(f"{which}, {model}", header, each, chosen.markdown)
    print(f"\n{time.process_time() - began:.0f} s of CPU time")


if __name__ == "__main__":
    main()
