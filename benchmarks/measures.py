"""What deblurring changes of the measures of quality: line pairs, duplex wires, noise.

    python benchmarks/measures.py [--markdown]

Two real scans are looked for in ../shared/data beside the checkout: a radiograph of the QC-3
phantom and a CT slice of a CatPhan's line pairs. The duplex wires are simulated. PSFs are those
that the scans themselves show: edges of the QC-3, the bead of the CatPhan's next slice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from qc3 import edges
from qc3_edges import psf_sigma
from qc3_phantom import FLATS, GROUPS, PIXEL, SCAN, box, detrended, modulation
from table import parser, show

from napari_deconv import Recipe, samples
from napari_deconv.evidence.contrast_noise import signal_to_noise
from napari_deconv.evidence.duplex import Duplex, duplex_wires
from napari_deconv.evidence.linepairs import LineGroup, find_groups, group_modulation
from napari_deconv.evidence.measures import corners_around
from napari_deconv.evidence.mtf import edge_mtf
from napari_deconv.evidence.noise_box import NoiseBox
from napari_deconv.evidence.noise_power import noise_power
from napari_deconv.evidence.profile import Profile, line_profile
from napari_deconv.psf.measure import measure
from napari_deconv.psf.shapes import GaussianPsf

Image = NDArray[Any]
METHODS = ("wiener", "tikhonov", "tv")
"""Each with its automatic strength."""

CATPHAN, BEAD = (SCAN.with_name(f"ct_catphan_{name}.tif") for name in ("linepairs", "bead"))
CT_PIXEL = 0.488
"""Side of its pixels in mm."""
RING = (255.5, 258.0, 97.0)
"""Row, column and radius of the circle that the bars lie on, in pixels."""
TURN = (170.0, -40.0)
"""Degrees from the columns' axis over which the groups of 1 to 12 line pairs per cm follow."""
WIDE = 7.0
"""Pixels that profiles are averaged over along the bars."""
MIDDLE = ((225, 228), (285, 288))
"""Two corners of a box of even grey inside the ring."""
AROUND_BEAD = ((286, 248), (306, 268))
SAME = 0.04
"""Part by which a group's frequency may lie off the nominal one."""

EVEN = 72
"""Pixels of the side of the box in which noise of the simulated radiograph is measured."""
EXPOSURES = (5_000.0, 20_000.0, 100_000.0)
"""Counts of a pixel in the open beam."""


def restored(image: Image, psf: Any) -> list[Image]:
    """Return the results of all methods."""
    return [Recipe(psf=psf, method=m).run(image, device="cpu").image for m in METHODS]


def qc3_rows(image: Image, results: Sequence[Image]) -> list[list[str]]:
    """Return modulation and noise of the QC-3, before and after."""
    pictures = [image, *results]
    rows = []
    for group in GROUPS:
        name = f"modulation at {1 / (group.period * PIXEL):.3f} lp/mm"
        rows.append([name, *(f"{100 * modulation(p, group):.1f} %" for p in pictures)])
    for name, limits in FLATS.items():
        where = box(image.shape, limits)
        sigmas = [float(np.nanstd(detrended(p, where))) for p in pictures]
        rows.append([f"noise, {name}", *(f"{sigma:.2f}" for sigma in sigmas)])
    return rows


def arc(image: Image) -> Profile:
    """Return the grey values along the circle of the CatPhan's bars."""
    row, column, radius = RING
    turn = np.deg2rad(np.linspace(*TURN, 120))
    path = np.stack([row + radius * np.sin(turn), column + radius * np.cos(turn)], axis=1)
    return line_profile(image, path, width=WIDE)


def per_cm(group: LineGroup) -> float:
    """Return the line pairs per cm of a group."""
    return 10 / (group.period * CT_PIXEL)


def groups_of(profile: Profile) -> dict[int, LineGroup]:
    """Return the groups by their nominal line pairs per cm."""
    found = {}
    for group in find_groups(profile):
        nominal = round(per_cm(group))
        if nominal and abs(per_cm(group) / nominal - 1) < SAME:
            found[nominal] = group
    return found


def catphan_rows(image: Image, results: Sequence[Image]) -> list[list[str]]:
    """Return modulation and noise of the CatPhan, before and after."""
    profiles = [arc(picture) for picture in (image, *results)]
    found = [groups_of(profile) for profile in profiles]
    names = sorted({name for groups in found for name in groups})
    rows = []
    for name in names:
        place = next(groups[name] for groups in found if name in groups)
        shares = [
            group_modulation(p, groups.get(name, place)) for p, groups in _each(profiles, found)
        ]
        row = ["-" if share is None else f"{100 * share:.1f} %" for share in shares]
        rows.append([f"modulation at {name} lp/cm", *row])
    noise = [NoiseBox.of(picture, corners_around(MIDDLE)) for picture in (image, *results)]
    rows.append(["noise inside the ring", *(_pm(n.sigma, n.sigma_error) for n in noise)])
    rows.append(["mean there", *(f"{n.mean:.1f}" for n in noise)])
    return rows


def _each(
    profiles: Sequence[Profile], found: Sequence[dict[int, LineGroup]]
) -> list[tuple[Profile, dict[int, LineGroup]]]:
    return list(zip(profiles, found, strict=True))


def duplex_rows(sample: samples.Sample, pictures: Sequence[Image]) -> list[list[str]]:
    """Return iSRb and the dips of a simulated gauge."""
    line, side = sample.features["duplex wires"], sample.pixel_size
    found = [duplex_wires(picture, line, side=side) for picture in pictures]
    rows = [["iSRb, mm", *(_resolution(each) for each in found)]]
    limits = ["all" if each.limiting is None else f"D{each.limiting}" for each in found]
    rows.append(["first pair not told apart", *limits])
    dips = [[f"dip of D{k}", *(_dip(each, k) for each in found)] for k in range(5, 12)]
    return [*rows, *dips]


def _resolution(duplex: Duplex) -> str:
    if not np.isfinite(duplex.resolution):
        return "finer than the gauge"
    return _pm(duplex.resolution, duplex.error, 3)


def _dip(duplex: Duplex, number: int) -> str:
    index = number - duplex.first
    return f"{duplex.dips[index]:.0f} %" if 0 <= index < duplex.dips.size else "-"


def whole_rows(sample: samples.Sample, pictures: Sequence[Image]) -> list[list[str]]:
    """Return the other measures of a simulated radiograph."""
    start, end = (np.array(point) for point in sample.features["edge"])
    normal = (end - start) / np.hypot(*(end - start))
    along = np.array([-normal[1], normal[0]])
    middle = (start + end) / 2
    around = np.array(
        [middle + a * 20 * normal + b * 30 * along for a, b in ((-1, -1), (-1, 1), (1, 1), (1, -1))]
    )
    even = even_box(sample)
    rows: list[list[str]] = []

    def add(name: str, take: Callable[[Image], str]) -> None:
        rows.append([name, *(take(picture) for picture in pictures)])

    side = sample.pixel_size
    add("MTF50, lp/mm", lambda p: _figure(edge_mtf(p, around).reading("").in_mm(side)))
    add("SNR", lambda p: _figure(signal_to_noise(p, even)))
    add("mean frequency of the noise, lp/mm", lambda p: _mean_frequency(p, even, side))
    return rows


def even_box(sample: samples.Sample) -> Image:
    """Return the corners of the most even box of the truth."""
    truth = np.lib.stride_tricks.sliding_window_view(sample.truth, (EVEN, EVEN))[::8, ::8]
    relative = truth.std((2, 3)) / truth.mean((2, 3))
    row, column = (8 * int(i) for i in np.unravel_index(np.argmin(relative), relative.shape))
    return corners_around([(row, column), (row + EVEN - 1, column + EVEN - 1)])


def _mean_frequency(picture: Image, even: Image, side: float) -> str:
    return f"{noise_power(picture, even).mean_frequency / side:.2f}"


def _figure(reading: Any) -> str:
    value, error = reading.figures[0].value, reading.figures[0].error
    return _pm(value, error) if np.isfinite(value) else "beyond 1 cycle/px"


def _pm(value: float, error: float, digits: int = 2) -> str:
    """Return a value with its 95 % interval."""
    interval = f" ± {1.96 * error:.{digits}f}" if np.isfinite(error) else ""
    return f"{value:.{digits}f}{interval}"


def simulated(peak: float) -> tuple[samples.Sample, list[Image]]:
    """Return a radiograph and its restorations by its true PSF."""
    psf = samples.core_and_tail(31, core=1.6, tail=4, share=0.15)
    sample = samples.radiograph((768, 768), peak=peak, psf=psf)
    return sample, restored(sample.image, sample.psf)


def main() -> None:
    arguments = parser(__doc__.splitlines()[0])
    markdown = arguments.parse_args().markdown
    header = ["before", *METHODS]
    if SCAN.is_file():
        image = tifffile.imread(SCAN).astype(np.float32)
        sigma = round(psf_sigma(edges(image)[1]), 2)
        rows = qc3_rows(image, restored(image, GaussianPsf(sigma=sigma)))
        show(f"PSF: Gaussian of {sigma} px, from edges", ["QC-3", *header], rows, markdown)
    else:
        print(f"Skipped: the scan is not there ({SCAN}).")
    if CATPHAN.is_file() and BEAD.is_file():
        image = tifffile.imread(CATPHAN).astype(np.float32)
        bead = measure(tifffile.imread(BEAD), [corners_around(AROUND_BEAD)], "point")
        rows = catphan_rows(image, restored(image, bead.psf))
        show(f"PSF: the bead, {bead.summary()}", ["CatPhan CT", *header], rows, markdown)
    else:
        print(f"Skipped: the scans are not there ({CATPHAN}, {BEAD}).")
    for peak in EXPOSURES:
        sample, results = simulated(peak)
        pictures = [sample.blurred, sample.image, *results, sample.truth]
        rows = duplex_rows(sample, pictures) + whole_rows(sample, pictures[1:5])
        for row in rows[-3:]:
            row.insert(1, "")
            row.append("")
        title = f"Simulated radiograph, {sample.pixel_size:.4g} mm a pixel, {peak:g} counts"
        names = ["duplex wires", "blurred, no noise", *header, "truth"]
        show(title, names, rows, markdown)


if __name__ == "__main__":
    main()
