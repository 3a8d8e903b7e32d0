"""What the disagreement of several results tells of their error that the gradient does not.

    python benchmarks/disagreement.py [--markdown] [--seeds 3] [--pictures rock sandstone]
    python benchmarks/disagreement.py --learned [--second MODEL.safetensors] [--markdown] ...

Pictures of 192 px, blurred by a Gaussian of 2 px (or of 2.3 px, 15 % wider than the PSF that the
methods are told), noise of 1 and 3 % of the grey range. TV at the automatic strength, its strength
divided and multiplied by 3, its PSF 10 % narrower and wider, and wavelets are compared. Over blocks
of 8 px, the root mean square error of the TV result is compared with the gradient of that result
(which costs nothing), with the spread of the six, with the spread less what is usual at that
gradient ("beyond", what the dock shows), and with gradient and spread multiplied.

With --learned the result is that of `restore`, and what is compared with it are TV at its automatic
strength (the second opinion of dock and command line) and, with --second, `restore` by another
model, such as one trained from another seed: two results each.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from scenes import SIDE, Array, scan, there
from scipy.stats import pearsonr, rankdata, spearmanr
from table import parser, show

import napari_deconv as nd
from napari_deconv.doubts import Doubts, second_opinion
from napari_deconv.evidence.disagreement import SIDE as BLOCK
from napari_deconv.evidence.disagreement import Disagreement, compared, gradient
from napari_deconv.psf.shapes import GaussianPsf

SIGMA, WIDER = 2.0, 1.15
"""Of the PSF that methods are told, in pixels; how much wider the true one may be."""
PICTURES = ["bearing", "weld", "grains", "rock", "sandstone"]
NOISES = (0.01, 0.03)
BORDER = 16
"""Pixels at the borders that are not looked at."""
WORST = 0.1
"""Share of the blocks that count as the worst."""
FORMS = ("gradient", "spread", "beyond", "gradient x spread")


class Worth(NamedTuple):
    """How well a map tells the error of blocks.

    Attributes
    ----------
    pearson, spearman : float
        Correlation with the error, of values and of ranks.
    found : float
        Part of the worst tenth of the blocks that is in the tenth where the map is greatest.
    more, more_ranks : float
        Correlations after map and error were both freed of the gradient: of values, of a
        quadratic in it; of ranks, of a straight line. NaN for the gradient itself.
    """

    pearson: float
    spearman: float
    found: float
    more: float
    more_ranks: float


def split(picture: Array) -> Array:
    """Return the blocks of a picture, (number, pixels)."""
    inner = picture[BORDER:-BORDER, BORDER:-BORDER]
    n = (SIDE - 2 * BORDER) // BLOCK
    return inner.reshape(n, BLOCK, n, BLOCK).swapaxes(1, 2).reshape(n * n, -1)


def rms(picture: Array) -> Array:
    """Return the root mean square over each block."""
    return np.sqrt(np.square(split(picture)).mean(1))


def freed(values: Array, of: Array, degree: int) -> Array:
    """Return values less the polynomial in something else that fits them best."""
    return values - np.polyval(np.polyfit(of, values, degree), of)


def worth(told: Array, error: Array, edges: Array) -> Worth:
    """Return how well a map of blocks tells their error."""
    number = round(WORST * error.size)
    worst, pointed = (set(np.argsort(values)[-number:].tolist()) for values in (error, told))
    more = more_ranks = np.nan
    if told is not edges:
        more = float(pearsonr(freed(told, edges, 2), freed(error, edges, 2))[0])
        ranks = [freed(rankdata(values), rankdata(edges), 1) for values in (told, error)]
        more_ranks = float(pearsonr(*ranks)[0])
    return Worth(
        float(pearsonr(told, error)[0]),
        float(spearmanr(told, error)[0]),
        len(worst & pointed) / number,
        more,
        more_ranks,
    )


class Opinion(NamedTuple):
    """A result, and where others disagree with it.

    Attributes
    ----------
    against : str
        What it is compared with; empty for its own variants.
    """

    against: str
    result: Array
    found: Disagreement


def of_tv(image: Array, psf: Array) -> Iterator[Opinion]:
    """Yield TV's result and its variants."""
    made = nd.Recipe(psf=psf, method="tv").run(image, device="cpu")
    doubts = Doubts(made.recipe, image, device="cpu")
    for _ in doubts.steps():
        pass
    yield Opinion("", made.image, doubts.of(made.image))


def of_models(image: Array, psf: Array, second: str | None) -> Iterator[Opinion]:
    """Yield the result of `restore` beside TV, and beside that of a second model."""
    made = nd.Recipe(psf=psf, method="restore").run(image, device="cpu")
    doubts = Doubts(made.recipe, image, device="cpu", varied=second_opinion)
    for _ in doubts.steps():
        pass
    yield Opinion(", against TV", made.image, doubts.of(made.image))
    if second is not None:
        method = {"name": "restore", "model": second}
        other = nd.Recipe(psf=psf, method=method).run(image, device="cpu")
        found = compared([made.image, other.image])
        yield Opinion(", against the second model", made.image, found)


def measured(case: tuple[str, float, float, int], given: argparse.Namespace) -> dict[str, Worth]:
    """Return what each form of the map is worth in one case: picture, noise, PSF, seed."""
    name, share, wider, seed = case
    taken = scan(name, GaussianPsf(sigma=SIGMA * wider).kernel(), share, seed)
    psf = GaussianPsf(sigma=SIGMA).kernel()
    opinions = (
        of_models(taken.image, psf, given.second) if given.learned else of_tv(taken.image, psf)
    )
    table: dict[str, Worth] = {}
    for against, result, found in opinions:
        error, edges = rms(result - taken.truth), rms(gradient(result))
        spread = rms(found.spread)
        maps = (edges, spread, split(found.beyond).mean(1), edges * spread)
        for form, told in zip(FORMS, maps, strict=True):
            label = form if form == FORMS[0] else form + against
            table[label] = worth(told, error, edges)
    return table


def main() -> None:
    """Print the table."""
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--pictures", nargs="+", default=PICTURES, choices=PICTURES)
    arguments.add_argument("--learned", action="store_true", help="results of restore")
    arguments.add_argument("--second", metavar="FILE", help="another model, with --learned")
    given = arguments.parse_args()
    if given.second and not given.learned:
        arguments.error("--second is for --learned")
    torch.set_num_threads(1)
    began = time.process_time()
    rows = []
    for name in there(given.pictures):
        for wider in (1.0, WIDER):
            cases = [
                measured((name, share, wider, seed), given)
                for share in NOISES
                for seed in range(given.seeds)
            ]
            psf = "right" if wider == 1 else f"{wider - 1:.0%} too narrow"
            means = {
                form: Worth(*np.mean([case[form] for case in cases], axis=0)) for form in cases[0]
            }
            rows += [
                [
                    f"{name}, PSF {psf}",
                    form,
                    f"{one.pearson:.2f}",
                    f"{one.spearman:.2f}",
                    f"{one.found:.0%}",
                    *("" if np.isnan(m) else f"{m:.2f}" for m in (one.more, one.more_ranks)),
                ]
                for form, one in means.items()
            ]
    header = ["picture", "map", "Pearson", "Spearman", "worst 10 % found"]
    header += ["Pearson given the gradient", "Spearman given the gradient"]
    noises = " and ".join(f"{share:.0%}" for share in NOISES)
    title = f"Means over {noises} of noise and {given.seeds} seeds"
    show(title, header, rows, given.markdown)
    print(f"\n{time.process_time() - began:.0f} s of CPU time")


if __name__ == "__main__":
    main()
