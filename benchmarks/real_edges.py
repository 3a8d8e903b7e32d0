"""Blur of real scans, with error bars: neutron edges, a phantom's block, a hole and a bead in CT.

    python benchmarks/real_edges.py [--markdown] [--write]

With --write the table goes into docs/psf.md, the curves into docs/images/psf. Where the scans are
missing it says so and ends.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from real_scans import DATA, Site, sites
from sheet import fill
from table import as_markdown, parser, show

from napari_deconv.psf.figures import mtf_of_curve
from napari_deconv.psf.measure import STRUCTURE, MeasuredBlur

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images" / "psf"
HEADER = ["scan", "model", "figures, ± 95 %", "left by the fit"]
DRAWN = {
    ("neutron edge 0, top", "core-tail"): "neutron-edge.png",
    ("QC-3 block, 45°", "core-tail"): "qc3-edge.png",
    ("CatPhan, round edge", "gaussian"): "catphan-hole.png",
}
"""Scan and model -> picture of its curves."""
TITLES = ("edge spread", "residual (% of the step)", "line spread (per px)", "MTF")
BIN = 0.5
"""Pixels over which an edge spread is averaged for the eye."""
REACH = 15.0
"""Pixels on either side of an edge that are drawn."""
DASH = "-"


def row(site: Site, blur: MeasuredBlur) -> list[str]:
    """Return what is said of a measurement."""
    figures = " · ".join(map(str, blur.figures)).replace("tail_length", "tail length")
    if not blur.fits:
        return [site.name, DASH, figures, DASH]
    fit = blur.fits[0]
    model = site.options["model"] + (", sloping" if site.options.get("sloping") else "")
    left = f"noise {fit.noise / (fit.levels[1] - fit.levels[0]):.1%}"
    if fit.structure >= STRUCTURE:
        left += f", structure {fit.structure:.2f}"
    return [site.name, model, figures, left]


def averaged(distance: Array, values: Array) -> tuple[Array, Array, Array]:
    """Return places, means and 95 % bars of points near each other."""
    bins = np.floor(distance / BIN).astype(int)
    bins -= bins.min()
    count = np.bincount(bins)
    safe = np.maximum(count, 2)
    mean = np.bincount(bins, values) / safe
    spread = np.sqrt(np.maximum(np.bincount(bins, values**2) / safe - mean**2, 0))
    enough = count >= 4
    place = np.bincount(bins, distance) / safe
    return place[enough], mean[enough], (1.96 * spread / np.sqrt(safe - 1))[enough]


def draw(site: Site, blur: MeasuredBlur, file: Path) -> None:
    """Draw edge spread with fit and residual, line spread and MTF."""
    from matplotlib import pyplot as plt

    fit = blur.fits[0]
    picture, (spread, rest, line, mtf) = plt.subplots(1, 4, figsize=(12, 2.7), layout="constrained")
    for axes, values in ((spread, fit.share), (rest, 100 * (fit.share - fit.fitted))):
        axes.errorbar(*averaged(fit.distance, values), fmt=".", ms=3, lw=0.8)
    spread.plot(fit.distance, fit.fitted, lw=1)
    rest.axhline(0, color="C1", lw=1)
    frequency = np.linspace(0, 0.5, 101)
    if blur.curves is not None:
        curves = blur.curves
        line.plot(curves.distance, curves.line, lw=1)
        bar = 1.96 * np.interp(frequency, curves.frequency, curves.error)
        raw = np.interp(frequency, curves.frequency, curves.raw)
        mtf.fill_between(frequency, raw - bar, raw + bar, alpha=0.3)
        mtf.plot(frequency, raw, lw=1)
    place = np.linspace(-REACH, REACH, 301)
    rise = np.interp(place, fit.distance, fit.fitted)
    line.plot(place, np.gradient(rise, place), lw=1, color="C1")
    mtf.plot(frequency, fit.modulation(frequency), lw=1, color="C1")
    for axes, title in zip((spread, rest, line, mtf), TITLES, strict=True):
        axes.set_title(title, fontsize=9)
        ends, unit = ((0, 0.5), "cycles/px") if axes is mtf else ((-REACH, REACH), "px")
        axes.set(xlim=ends, xlabel=unit)
    picture.suptitle(f"{site.name}: measured ± 95 % blue, {fit.model.name} orange", fontsize=10)
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(file, dpi=72)
    plt.close(picture)


def main() -> None:
    """Print the figures, and with --write put them and the curves into the docs."""
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--write", action="store_true", help="into docs/")
    chosen = arguments.parse_args()
    if not DATA.is_dir():
        print(f"skipped: the real scans are not there ({DATA})")
        return
    rows = []
    for image, site in sites():
        blur = site.measure(image)
        rows.append(row(site, blur))
        if site.kind == "disk" and blur.curves is not None:
            figures = " · ".join(map(str, mtf_of_curve(blur.curves)))
            rows.append([site.name, "curve", figures, DASH])
        picture = DRAWN.get((site.name, site.options.get("model", "")))
        if chosen.write and picture:
            draw(site, blur, FOLDER / picture)
    show("Blur of real scans", HEADER, rows, chosen.markdown)
    if chosen.write:
        fill("table: real edges", as_markdown(HEADER, rows))


if __name__ == "__main__":
    main()
