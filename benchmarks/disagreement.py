"""What the disagreement of several results tells of their error that the gradient does not.

    python benchmarks/disagreement.py [--markdown] [--seeds 3]

Pictures of 192 px, blurred by a Gaussian of 2 px (or of 2.3 px, 15 % wider than the PSF that the
methods are told), noise of 1 and 3 % of the grey range. TV at the automatic strength, its strength
divided and multiplied by 3, its PSF 10 % narrower and wider, and wavelets are compared. Over blocks
of 8 px, the root mean square error of the TV result is compared with the gradient of that result
(which costs nothing), with the spread of the six, with the spread less what is usual at that
gradient ("beyond", what the dock shows), and with gradient and spread multiplied.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
import torch
from scenes import SIDE, Array, scan, there
from scipy.stats import pearsonr, rankdata, spearmanr
from table import parser, show

import napari_deconv as nd
from napari_deconv.doubts import Doubts
from napari_deconv.evidence.disagreement import SIDE as BLOCK
from napari_deconv.evidence.disagreement import gradient
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


def measured(name: str, share: float, wider: float, seed: int) -> dict[str, Worth]:
    """Return what each form of the map is worth in one case."""
    taken = scan(name, GaussianPsf(sigma=SIGMA * wider).kernel(), share, seed)
    psf = GaussianPsf(sigma=SIGMA).kernel()
    made = nd.Recipe(psf=psf, method="tv").run(taken.image, device="cpu")
    doubts = Doubts(made.recipe, taken.image, device="cpu")
    for _ in doubts.steps():
        pass
    found = doubts.of(made.image)
    error, edges = rms(made.image - taken.truth), rms(gradient(made.image))
    spread = rms(found.spread)
    maps = (edges, spread, split(found.beyond).mean(1), edges * spread)
    return {form: worth(told, error, edges) for form, told in zip(FORMS, maps, strict=True)}


def main() -> None:
    """Print the table."""
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--seeds", type=int, default=3)
    given = arguments.parse_args()
    torch.set_num_threads(1)
    began = time.process_time()
    rows = []
    for name in there(PICTURES):
        for wider in (1.0, WIDER):
            cases = [
                measured(name, share, wider, seed)
                for share in NOISES
                for seed in range(given.seeds)
            ]
            psf = "right" if wider == 1 else f"{wider - 1:.0%} too narrow"
            means = {
                form: Worth(*np.mean([case[form] for case in cases], axis=0)) for form in FORMS
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
