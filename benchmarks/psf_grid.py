"""A PSF that widens across the frame: a grid of PSFs beside the best single one, and its seams.

    python benchmarks/psf_grid.py [--size 512] [--methods tv] [--iterations 50 200] [--markdown]

The simulated radiograph is blurred by a Gaussian whose sigma grows from 1.5 px on the left to
4 px on the right, with noise of 0.5 % of its range. The grid knows three PSFs, in the middle of the
left, the middle and the right third. The best single PSF is the Gaussian of the highest PSNR among
sigmas a quarter of a pixel apart. PSNR: K is the maximum of the truth.

By how much the results of two neighbouring tiles differ, before they fade into each other, is given
as rms along the column over the columns that they share, the worst pair of all, of the range.

What tiles add is the difference to the same recipe in tiles of 4 px, each with the PSF of its
place. Given are, of the range and rms along the column: the largest of a column next to a line
where tiles begin, meet or end, and of any other; its steps from a column to the next, at lines and
all of them, both rms; and the seam: by how much, at its worst, a step at a line exceeds the largest
within 5 px of it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from unittest.mock import PropertyMock, patch

import numpy as np
from table import parser, show

from napari_deconv import PsfGrid, Recipe, choices, samples
from napari_deconv.evidence.reference import psnr
from napari_deconv.psf.changing import VaryingPsf, stacked
from napari_deconv.psf.field import Field

GAUSSIAN = choices("psf")["gaussian"]
FIRST, LAST, NOISE = 1.5, 4.0, 0.005
FINEST = 4
"""Side in pixels of tiles beside which those that are usual are compared."""
AROUND = 5
"""Columns on either side of a line that it must not stand out of."""
METHODS = ("wiener", "tikhonov", "tv")
ITERATIONS = (50, 200)
"""Those of Richardson-Lucy, a row each."""

Picture = np.ndarray[Any, Any]


def scene(size: int) -> tuple[Picture, Picture]:
    """Return truth, and the scan."""
    truth = samples.radiograph(shape=(size, size)).truth.astype(float)
    psf = VaryingPsf(first=GAUSSIAN(sigma=FIRST), last=GAUSSIAN(sigma=LAST))
    image = psf.field(truth.shape, None, "middle").blur(truth)
    image += np.random.default_rng(0).normal(0, NOISE * np.ptp(truth), truth.shape)
    return truth, image.astype(np.float32)


def grid(size: int) -> PsfGrid:
    """Return the PSFs of the three thirds."""
    places = [size * share - 0.5 for share in (1 / 6, 1 / 2, 5 / 6)]
    sigmas = [FIRST + (LAST - FIRST) * place / (size - 1) for place in places]
    kernels = stacked([GAUSSIAN(sigma=sigma).kernel() for sigma in sigmas])
    return PsfGrid.of(kernels[None], columns=places)


def finely(recipe: Recipe, image: Picture) -> Picture:
    """Return the picture in tiles so narrow that each place has its own PSF."""
    with patch.object(Field, "steps", PropertyMock(return_value=(0, FINEST))):
        return recipe.begin(image, device="cpu").image()


def apart(run: Any, result: Picture) -> float:
    """Return by how much neighbouring tiles differ where both count, at its worst."""
    worst, before, last = 0.0, None, None
    for number, tile in enumerate(run._tiles):
        problem = run.problem(0, tile=number)
        *_, x = run.recipe.method.iterates(problem)
        own = run._to_grey(problem.crop(x)[tile.inner]).numpy()
        if before is not None and last is not None:
            both = before.core[1].stop - tile.core[1].start
            worst = max(worst, float(np.sqrt(np.mean((own[:, :both] - last[:, -both:]) ** 2))))
        before, last = tile, own
    return worst / float(np.ptp(result))


def lines(tiles: list[Any], size: int) -> list[int]:
    """Return the columns that a tile begins or ends before, or two meet."""
    ends = {end for tile in tiles for end in (tile.core[1].start, tile.core[1].stop)}
    middles = [tile.middle[1] for tile in tiles]
    return sorted((ends | {round((a + b + 1) / 2) for a, b in pairwise(middles)}) - {0, size})


def added(result: Picture, finest: Picture, at: list[int]) -> list[float]:
    """Return what tiles add: at lines and elsewhere, its steps, and how far a line stands out."""
    more = (result - finest.astype(float)) / np.ptp(finest)
    column = np.sqrt(np.mean(more**2, axis=0))
    beside = np.zeros(len(column), bool)
    beside[[line - side for line in at for side in (0, 1)]] = True
    step = np.sqrt(np.mean(np.diff(more, axis=1) ** 2, axis=0))  # [i]: from column i to i + 1
    there = step[[line - 1 for line in at]]
    around = [
        max(
            step[i]
            for i in range(max(0, line - 1 - AROUND), min(len(step), line + AROUND))
            if i + 1 not in at
        )
        for line in at
    ]
    rms = [float(np.sqrt(np.mean(some**2))) for some in (there, step)]
    excess = max(0.0, float((there - around).max()))
    return [float(column[beside].max()), float(column[~beside].max()), *rms, excess]


def row(truth: Picture, image: Picture, method: dict[str, Any], sigmas: list[float]) -> list[str]:
    """Return PSNR of scan, best single PSF and grid, and the seams."""
    count = method.get("iterations")

    def score(psf: Any) -> tuple[float, Any, Picture]:
        run = Recipe(psf=psf, method=method).begin(image, device="cpu")
        result = run.image()
        return psnr(result, truth, float(truth.max())).value, run, result

    alone = {sigma: score(GAUSSIAN(sigma=sigma))[0] for sigma in sigmas}
    best = max(alone, key=alone.__getitem__)
    value, run, result = score(grid(truth.shape[1]))
    found = added(result, finely(run.recipe, image), lines(run._tiles, truth.shape[1]))
    return [
        f"`{method['name']}`" + (f", {count} iterations" if count else ""),
        f"{psnr(image, truth, float(truth.max())).value:.2f}",
        f"{alone[best]:.2f} (sigma {best:g})",
        f"{value:.2f}",
        f"{value - alone[best]:+.2f}",
        *(f"{one:.1e}" for one in (apart(run, result), *found)),
    ]


def main() -> None:
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--size", type=int, default=512)
    arguments.add_argument("--methods", nargs="*", default=list(METHODS))
    arguments.add_argument("--iterations", type=int, nargs="*", default=list(ITERATIONS))
    given = arguments.parse_args()
    truth, image = scene(given.size)
    sigmas = [float(sigma) for sigma in np.arange(FIRST, 3.51, 0.25)]
    methods: list[dict[str, Any]] = [{"name": name} for name in given.methods]
    methods += [{"name": "richardson-lucy", "iterations": count} for count in given.iterations]
    made = []
    for method in methods:
        made.append(row(truth, image, method, sigmas))
        print(*made[-1], flush=True)
    header = ["method", "scan (dB)", "one PSF (dB)", "grid (dB)", "gain"]
    header += ["tiles differ", "at lines", "elsewhere", "steps at lines", "steps", "seam"]
    show(f"Gaussian of {FIRST} to {LAST} px, {given.size} px", header, made, given.markdown)


if __name__ == "__main__":
    main()
