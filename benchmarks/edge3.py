"""The wider of two neutron edges brought to the sharper one's width, and sharpened by its own PSF.

    python benchmarks/edge3.py [--markdown] [--write]

Radiograph 3 is blurred more than radiograph 0 by a Gaussian, elliptic along rows and columns, whose
widths are those that take edge 0's spread to edge 3's; Tikhonov takes it away again. By its own
PSF, radiograph 3 is sharpened by TGV. Strengths are found automatically. Where the scans are
missing the script says so and ends.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from real_scans import DATA, EDGES, Array, transmission
from scipy.optimize import curve_fit, minimize_scalar
from scipy.special import ndtr
from sheet import fill
from table import as_markdown, parser, show

import napari_deconv as nd
from napari_deconv.psf.directed import EllipticPsf
from napari_deconv.psf.edge import fit_edge
from napari_deconv.psf.line_spread import core_tail, gaussian
from napari_deconv.psf.shapes import CoreTailPsf

if TYPE_CHECKING:
    from napari_deconv.psf.edge_fit import EdgeFit

FILE = Path(__file__).resolve().parents[1] / "docs" / "images" / "psf" / "edge3.png"
SIDES = ("top", "left")
METHODS = {"3, to edge 0": "tikhonov", "3, by its own PSF": "tgv"}
CUT = 440
"""Rows and columns of the radiographs that are taken: both edges, and what lies around."""
NEAR = 24.0
"""Pixels on either side of the edge that are judged."""
FLAT = 14.0
"""Pixels from the edge beyond which grey values are even."""
BIN = 0.25
HEADER = ["edge", "sigma (px)", "to edge 0", "10 to 90 % (px)", "to edge 0", "overshoot", "noise"]


class Look(NamedTuple):
    """An edge as anybody would judge it.

    `sigma` is that of an error function through its pixels, `rise` the way from 10 to 90 %, `over`
    how far means of a quarter pixel rise above the bright level or fall below the dark one,
    `noise` that of the bright side; the last two are shares of the step.
    """

    sigma: float
    rise: float
    over: float
    noise: float
    place: Array
    mean: Array


def look(image: Array, box: Array) -> Look:
    """Judge the edge in a box."""
    fit = fit_edge(image, box, "core-tail")
    t, share = (x[np.abs(fit.distance) < NEAR] for x in (fit.distance, fit.share))
    (_, _, _, sigma), _ = curve_fit(
        lambda t, low, step, at, sigma: low + step * ndtr((t - at) / sigma), t, share, [0, 1, 0, 2]
    )
    bins = np.floor(t / BIN).astype(int)
    bins -= bins.min()
    mean = np.bincount(bins, share) / np.bincount(bins)
    place = np.bincount(bins, t) / np.bincount(bins)
    low, high = share[t < -FLAT].mean(), share[t > FLAT].mean()
    mean = (mean - low) / (high - low)
    upwards = np.maximum.accumulate(mean)
    rise = float(np.interp(0.9, upwards, place) - np.interp(0.1, upwards, place))
    over = float(max(mean.max() - 1, -mean.min()))
    noise = float(share[t > FLAT].std() / (high - low))
    return Look(float(sigma), rise, over, noise, place, mean)


def between(sharp: EdgeFit, wide: EdgeFit) -> float:
    """Return the sigma of the Gaussian that takes one edge's spread nearest to another's."""
    frequency = np.linspace(1e-3, 0.6, 600)
    start, end = (core_tail(frequency, *fit.values) for fit in (sharp, wide))

    def missed(sigma: float) -> float:
        # An edge spread is the line spread's integral: its spectrum is divided by the frequency.
        return float((((end - start * gaussian(frequency, sigma)) / frequency) ** 2).sum())

    return float(minimize_scalar(missed, bounds=(0.1, 5), method="bounded").x)


def psf_between(fits: dict[tuple[int, str], EdgeFit]) -> EllipticPsf:
    """Return the elliptic Gaussian that takes radiograph 0 to radiograph 3."""
    rows, columns = (between(fits[0, side], fits[3, side]) for side in SIDES)
    return EllipticPsf(
        sigma_long=max(rows, columns),
        sigma_short=min(rows, columns),
        angle=90.0 if rows > columns else 0.0,
    )


def own_psf(fits: dict[tuple[int, str], EdgeFit]) -> CoreTailPsf:
    """Return the mean core and tail of radiograph 3's edges."""
    sigma, tail, length = np.mean([fits[3, side].values for side in SIDES], axis=0)
    return CoreTailPsf(sigma=sigma, tail=tail, tail_length=length)


def words(name: str, seen: Look, target: Look) -> list[str]:
    """Return the row of a table."""
    return [
        name,
        f"{seen.sigma:.2f}",
        f"{seen.sigma / target.sigma - 1:+.1%}",
        f"{seen.rise:.2f}",
        f"{seen.rise / target.rise - 1:+.1%}",
        f"{seen.over:.1%}",
        f"{seen.noise:.1%}",
    ]


def draw(looks: dict[tuple[str, str], Look], file: Path) -> None:
    """Draw the profiles of both edges."""
    from matplotlib import pyplot as plt

    picture, places = plt.subplots(1, 2, figsize=(9, 3), layout="constrained", sharey=True)
    for axes, side in zip(places, SIDES, strict=True):
        for name in dict.fromkeys(name for name, _ in looks):
            axes.plot(looks[name, side].place, looks[name, side].mean, lw=1.2, label=name)
        axes.set(xlim=(-10, 10), xlabel="distance from the edge (px)")
        axes.set_title(f"{side} edge, mean along it", fontsize=10)
    places[0].legend(fontsize=8)
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(file, dpi=72)
    plt.close(picture)


def looked() -> tuple[dict[tuple[str, str], Look], list[str]]:
    """Return how every edge looks, and the PSFs that were taken."""
    images = {number: transmission(number)[:CUT, :CUT] for number in (0, 3)}
    fits = {key: fit_edge(images[key[0]], box, "core-tail") for key, box in EDGES.items()}
    shapes = {"3, to edge 0": psf_between(fits), "3, by its own PSF": own_psf(fits)}
    pictures = {
        "0 as it is": (0, images[0]),
        "3 as it is": (3, images[3]),
        **{
            name: (3, nd.deconvolve(images[3], psf.kernel(), method=METHODS[name], device="cpu"))
            for name, psf in shapes.items()
        },
    }
    looks = {
        (name, side): look(image, EDGES[number, side])
        for name, (number, image) in pictures.items()
        for side in SIDES
    }
    return looks, [f"{name}: {psf.plain()}" for name, psf in shapes.items()]


def main() -> None:
    """Print the table, and with --write put it and the profiles into the docs."""
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--write", action="store_true", help="into docs/")
    chosen = arguments.parse_args()
    if not DATA.is_dir():
        print(f"skipped: the real scans are not there ({DATA})")
        return
    looks, said = looked()
    rows = [
        words(f"{name}, {side}", seen, looks["0 as it is", side])
        for (name, side), seen in looks.items()
    ]
    show("Radiograph 3 brought to radiograph 0", HEADER, rows, chosen.markdown)
    print("\n".join(said))
    if chosen.write:
        fill("table: edge 3", as_markdown(HEADER, rows))
        draw(looks, FILE)


if __name__ == "__main__":
    main()
