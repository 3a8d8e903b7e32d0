"""A real radiograph of the QC-3 line-pair phantom, deblurred: what was gained, and what held.

    python benchmarks/qc3.py [--picture FILE.png] [--recipe FILE.yaml] [--markdown]

The scan is looked for in ../shared/data beside the checkout. The Gaussian PSF is fitted to edges of
the phantom's blocks. TV runs with its automatic weight, and with the weight at which the re-blurred
result leaves as much of the data as the noise is (Morozov's discrepancy principle).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tifffile
from qc3_edges import EDGE_REACH, EDGES, EdgeFit, fit_edge, psf_sigma
from qc3_phantom import (
    FLATS,
    GROUPS,
    PHANTOM,
    PIXEL,
    SCAN,
    Image,
    Noise,
    across,
    box,
    detrended,
    modulation,
)
from scipy.optimize import brentq
from table import parser, show

from napari_deconv import Recipe
from napari_deconv.evidence.residual import residual_check
from napari_deconv.verdict import sigma_by_grey

if TYPE_CHECKING:
    from napari_deconv.history import Result

Sigma = Callable[[Image], Image]

WEIGHTS = (2e-4, 5e-3)
"""Between them lies the weight of the discrepancy principle."""


def edges(image: Image) -> tuple[list[list[str]], float, float]:
    """Return the rows of the edges' table, their mean sigma and its standard error in pixels."""
    fits = [fit_edge(image, edge) for edge in EDGES]
    rows = []
    for edge, fit in zip(EDGES, fits, strict=True):
        level = fit_edge(image, edge, level=True)
        rows.append([edge.name, *_plus_minus(fit), f"{fit.rms:.1f}"])
        rows[-1] += [f"{level.sigma:.3f}", f"{level.rms:.1f}"]
    sigmas = np.array([fit.sigma for fit in fits])
    return rows, float(sigmas.mean()), float(sigmas.std(ddof=1) / np.sqrt(sigmas.size))


def _plus_minus(fit: EdgeFit) -> list[str]:
    return [
        f"{fit.sigma:.3f} ± {fit.error:.3f}",
        f"{fit.sigma * PIXEL:.3f} ± {fit.error * PIXEL:.3f}",
    ]


def recipe_for(sigma: float, weight: float | str = "auto") -> Recipe:
    """Return the recipe: a Gaussian PSF of `sigma` pixels, TV, and all else as it comes."""
    return Recipe(psf={"name": "gaussian", "sigma": sigma}, method={"name": "tv", "weight": weight})


def agreement(
    restored: Image, image: Image, sigma: Image | float | Sigma, psf: float, phantom: bool
) -> tuple[float, float]:
    """Return chi-square and lag-1 correlation of what the re-blurred result leaves of the data."""
    kernel = recipe_for(psf).psf.kernel()
    where = box(image.shape, PHANTOM) if phantom else None
    check = residual_check(restored, image, kernel, sigma, where)
    return check.chi2, check.whiteness


def found_in_image(recipe: Recipe) -> Sigma:
    """Return what the dock and the command line take for the noise of each grey level."""
    return sigma_by_grey(recipe.measured, recipe.fidelity, 0.0)


def matched_weight(chi2: Callable[[float], float]) -> float:
    """Return the weight at which the chi-square is 1, to two digits."""
    low, high = np.log(WEIGHTS)
    found = brentq(lambda log: chi2(float(np.exp(log))) - 1, low, high, xtol=0.02)
    return float(f"{np.exp(found):.2g}")


def figures(image: Image, results: list[Result[Recipe]], noise: Noise) -> list[list[str]]:
    """Return the rows of the main table: before, and after each result."""
    after = [result.image for result in results]
    pictures = [image, *after]
    rows = []
    coarsest = [modulation(picture, GROUPS[0]) for picture in pictures]
    for group in GROUPS:
        found = [modulation(picture, group) for picture in pictures]
        name = f"modulation at {1 / (group.period * PIXEL):.3f} lp/mm ({group.period:.2f} px)"
        cells = [f"{m:.4f} ({m / c:.3f})" for m, c in zip(found, coarsest, strict=True)]
        rows.append([name, *cells])
    for name, limits in FLATS.items():
        where = box(image.shape, limits)
        means = [float(picture[where].mean(dtype=np.float64)) for picture in pictures]
        shifts = [f"{m:.1f} ({100 * (m / means[0] - 1):+.3f} %)" for m in means[1:]]
        rows.append([f"mean, {name}", f"{means[0]:.1f}", *shifts])
        spreads = [float(np.nanstd(detrended(picture, where))) for picture in pictures]
        rows.append([f"noise, {name}", *(f"{s:.2f}" for s in spreads)])
    return [*rows, *_chi_squares(image, results, noise)]


def _chi_squares(image: Image, results: list[Result[Recipe]], noise: Noise) -> list[list[str]]:
    """Return the rows of the re-blur check: by the measured noise, and by what the recipe took."""
    psf, measured = results[0].recipe.psf.sigma, results[0].recipe.measured
    by_grey = noise.sigma(image)
    rows = []
    for region, phantom in (("phantom", True), ("all", False)):
        where = box(image.shape, PHANTOM) if phantom else ...
        mean = float(np.sqrt(np.mean(by_grey[where] ** 2)))
        for name, sigma in (
            ("sigma by grey value", by_grey),
            (f"sigma {mean:.2f}, its mean", mean),
            ("sigma found in the image, as the dock has it", found_in_image(results[0].recipe)),
            (f"sigma {measured.noise:.2f}, that of the finest details", measured.noise),
        ):
            pairs = [agreement(result.image, image, sigma, psf, phantom) for result in results]
            cells = [f"{chi2:.3f} ({lag:+.2f})" for chi2, lag in pairs]
            rows.append([f"chi-square, {region}, {name}", "", *cells])
    return rows


def picture(path: Path, image: Image, restored: Image, title: str) -> None:
    """Save the phantom before and after, and the profiles of its line pairs."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=(17, 20), layout="constrained")
    panels = figure.subplot_mosaic("ab;cd;01;23;4.", height_ratios=(6, 6, 2, 2, 2))
    low, high = np.percentile(restored, (1, 99.5))
    for names, (rows, columns) in (
        ("ab", (slice(60, 710), slice(190, 840))),
        ("cd", (slice(270, 490), slice(390, 610))),
    ):
        for name, part, when in zip(names, (image, restored), ("before", title), strict=True):
            shown = part[rows, columns]
            panels[name].imshow(shown, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
            panels[name].set(title=when, xticks=[], yticks=[])
    for number, group in enumerate(GROUPS):
        panel = panels[str(number)]
        for part, label in ((image, "before"), (restored, "after")):
            start = group.first - 12
            profile = across(part, group.u, start, group.last + 12, 60)
            panel.plot(profile.distance + start, profile.values, label=label, linewidth=1)
        panel.set_title(f"{1 / (group.period * PIXEL):.3f} lp/mm, averaged along 60 px")
    panel.legend(loc="center left", bbox_to_anchor=(1.05, 0.5))
    figure.savefig(path, dpi=80)
    plt.close(figure)


def main() -> None:
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--picture", type=Path, help="save before and after here (PNG)")
    arguments.add_argument("--recipe", type=Path, help="save the recipe here, to run it elsewhere")
    given = arguments.parse_args()
    if not SCAN.is_file():
        print(f"Skipped: the scan is not there ({SCAN}).")
        return
    image = tifffile.imread(SCAN)
    rows, edge_sigma, error = edges(image)
    sigma = round(psf_sigma(edge_sigma), 2)
    title = f"Error function with sloping plateaus, ± {EDGE_REACH:g} px; beside it level plateaus"
    header = ["edge", "sigma, px", "sigma, mm", "rms left", "level: sigma, px", "rms left"]
    show(title, header, rows, given.markdown)
    print(
        f"\nMean {edge_sigma:.3f} ± {error:.3f} px "
        f"({edge_sigma * PIXEL:.3f} ± {error * PIXEL:.3f} mm at the detector); less the pixels' "
        f"width the PSF is a Gaussian of {sigma:.2f} px."
    )
    noise = Noise.of(image)
    print(
        f"Noise: variance {noise.gain:.4f} × grey value; neighbours correlate by "
        f"{noise.neighbours:.2f}; the finest differences see {noise.white:.2f} of it."
    )
    automatic = recipe_for(sigma).run(image, device="cpu")
    found = automatic.recipe.measured
    print(
        f"Found in the image: variance {found.gain:.4f} × grey value + {found.read_noise:.2f}²; "
        f"neighbours correlate by {found.neighbours:.2f}."
    )

    def chi2(weight: float) -> float:
        restored = recipe_for(sigma, weight).begin(image, device="cpu").image()
        return agreement(restored, image, noise.sigma(image), sigma, phantom=True)[0]

    matched = recipe_for(sigma, matched_weight(chi2)).run(image, device="cpu")
    print("Warnings of the result:", *(matched.warnings or ("none",)))
    for result in (automatic, matched):
        ready = result.recipe.begin(image, device="cpu")
        print(f"Weight {result.recipe.method.weight:.2g}: {ready.agreement(result.image)}")
    weights = [float(result.recipe.method.weight) for result in (automatic, matched)]
    header = ["QC-3", "before", f"auto, weight {weights[0]:.2g}", f"weight {weights[1]:.2g}"]
    title = "In brackets: over the coarsest group; change of the mean; correlation of neighbours"
    show(title, header, figures(image, [automatic, matched], noise), given.markdown)
    if given.recipe:
        recipe_for(sigma, weights[1]).save(given.recipe)
    if given.picture:
        picture(given.picture, image, matched.image, f"after, TV weight {weights[1]:.2g}")


if __name__ == "__main__":
    main()
