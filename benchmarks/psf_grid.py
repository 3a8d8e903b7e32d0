"""A PSF that widens across the frame: a grid of PSFs beside the best single one, and its seams.

    python benchmarks/psf_grid.py [--size 512] [--markdown]

The simulated radiograph is blurred by a Gaussian whose sigma grows from 1.5 px on the left to
4 px on the right, with noise of 0.5 % of its range. The grid knows three PSFs, in the middle of the
left, the middle and the right third. The best single PSF is the Gaussian of the highest PSNR among
sigmas a quarter of a pixel apart. PSNR: K is the maximum of the truth. Where two tiles fade into
each other, the seam is what this adds to the step from a column to the next: the difference of the
two results over the columns that it takes, rms along the column, the worst of all, of the range.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from table import parser, show

from napari_deconv import PsfGrid, Recipe, choices, samples
from napari_deconv.evidence.reference import psnr
from napari_deconv.psf.changing import VaryingPsf, stacked

GAUSSIAN = choices("psf")["gaussian"]
FIRST, LAST, NOISE = 1.5, 4.0, 0.005
METHODS: tuple[dict[str, Any], ...] = (
    {"name": "wiener"},
    {"name": "tikhonov"},
    {"name": "tv"},
    {"name": "richardson-lucy", "iterations": 50},
)

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


def seam(run: Any, picture: Picture) -> float:
    """Return the worst step that fading adds from a column to the next, rms, of the range."""
    worst, before, last = 0.0, None, None
    for number, tile in enumerate(run._tiles):
        problem = run.problem(0, tile=number)
        *_, x = run.recipe.method.iterates(problem)
        result = run._to_grey(problem.crop(x)[tile.inner]).numpy()
        if before is not None and last is not None:
            both = before.core[1].stop - tile.core[1].start
            change = (result[:, :both] - last[:, -both:]) / both
            worst = max(worst, float(np.sqrt(np.mean(change**2, axis=0)).max()))
        before, last = tile, result
    return worst / float(np.ptp(picture))


def row(truth: Picture, image: Picture, method: dict[str, Any], sigmas: list[float]) -> list[str]:
    """Return PSNR of scan, best single PSF and grid, and the seams."""

    def score(psf: Any) -> tuple[float, Any, Picture]:
        run = Recipe(psf=psf, method=method).begin(image, device="cpu")
        result = run.image()
        return psnr(result, truth, float(truth.max())).value, run, result

    alone = {sigma: score(GAUSSIAN(sigma=sigma))[0] for sigma in sigmas}
    best = max(alone, key=alone.__getitem__)
    value, run, result = score(grid(truth.shape[1]))
    return [
        f"`{method['name']}`",
        f"{psnr(image, truth, float(truth.max())).value:.2f}",
        f"{alone[best]:.2f} (sigma {best:g})",
        f"{value:.2f}",
        f"{value - alone[best]:+.2f}",
        f"{seam(run, result):.1e}",
    ]


def main() -> None:
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--size", type=int, default=512)
    given = arguments.parse_args()
    truth, image = scene(given.size)
    sigmas = [float(sigma) for sigma in np.arange(FIRST, 3.51, 0.25)]
    made = [row(truth, image, method, sigmas) for method in METHODS]
    header = ["method", "scan (dB)", "one PSF (dB)", "grid (dB)", "gain", "seam"]
    show(f"Gaussian of {FIRST} to {LAST} px, {given.size} px", header, made, given.markdown)


if __name__ == "__main__":
    main()
