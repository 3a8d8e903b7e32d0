"""How often data and PSF alone give away that the PSF is taken too wide, whatever the method.

    python benchmarks/psf_width.py [--markdown] [--seeds 20]

The three pictures of reblur.py, the same blur and noise, but seeds from 100, which no threshold was
chosen on; and other pictures, with few seeds: scenes that models learn from (whose bars are why
the busiest directions are left out), a metal part and sandstone (CT slices), a printed chart, 150
points on an empty field. No picture is restored: what is counted is the re-blur check's slope of
the implied spectrum, which makes the light yellow or red for every method alike.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import numpy as np
from reblur import ERRORS, FIRST, NOISES, PICTURES, psf_of
from scenes import DATA, SCENES, WHOLE, Array, scan, there
from table import parser, show

from napari_deconv.core.scale import Measurement
from napari_deconv.evidence.implied import implied
from napari_deconv.evidence.residual import GROWS, ResidualCheck

FEW = 3
"""Seeds of each of the other pictures."""
STORED = {
    "metal part": ("xray/ct_metal_part.tif", 100, 100),
    "sandstone, elsewhere": ("xray/ct_sandstone_a.tif", 40, 40),
    "printed chart": ("clean/resolution_chart.tif", 100, 100),
}
"""Of the data beside the checkout, and where a crop begins."""
POINTS = 150


def crop(path: str, row: int, column: int) -> Array:
    """Return a part of a clean picture of the data beside the checkout."""
    import tifffile

    picture = tifffile.imread(DATA / path).astype(np.float64)
    return picture[row : row + WHOLE, column : column + WHOLE]


def points() -> Array:
    """Return points on an empty field: the one kind of picture that does not fall."""
    rng = np.random.default_rng(1)
    field = np.zeros((WHOLE, WHOLE))
    field[tuple(rng.integers(0, WHOLE, (2, POINTS)))] = rng.uniform(0.3, 1, POINTS)
    return field


def learned(number: int) -> Array:
    """Return a scene of the kind that models learn from."""
    from napari_deconv.learned.assemblies import assembly

    return assembly(np.random.default_rng((987_654, number)), WHOLE)


def unseen() -> list[str]:
    """Add the other pictures, and return the names of those that are there."""
    more: dict[str, Callable[[], Array]] = {
        f"assembly {k}": (lambda k=k: learned(k)) for k in range(4)
    }
    more |= {name: (lambda place=place: crop(*place)) for name, place in STORED.items()}
    SCENES.update(more, points=points)
    return there([*more, "points"])


def light(slope: float) -> str:
    """Return what a slope makes of the light, if all else is well."""
    return "red" if slope > GROWS[1] else "yellow" if slope > GROWS[0] else "green"


def counted(name: str, share: float, seeds: int) -> dict[tuple[float, bool], Counter[str]]:
    """Return how often the light is what, by the PSF's error and whether sigma is known."""
    found: dict[tuple[float, bool], Counter[str]] = {}
    for seed in range(FIRST, FIRST + seeds):
        taken = scan(name, psf_of(0.0), share, seed)
        measured = Measurement.of(taken.image, None, 0.0, None)
        smeared = 0.0 if measured.white else measured.neighbours
        for known, sigma, r in ((True, taken.sigma, 0.0), (False, measured.noise, smeared)):
            for error in (0.0, *ERRORS):
                slope = implied([taken.image], sigma**2, psf_of(error), r)
                told = ResidualCheck(1.0, 0.0, 1, implied=slope).grows
                found.setdefault((error, known), Counter())[light(told)] += 1
    return found


def cell(lights: Counter[str]) -> str:
    """Return green / yellow / red."""
    return " / ".join(str(lights[name]) for name in ("green", "yellow", "red"))


def main() -> None:
    """Print both tables."""
    arguments = parser(__doc__.splitlines()[0])
    arguments.add_argument("--seeds", type=int, default=20)
    given = arguments.parse_args()
    began = time.process_time()
    header = [f"{s:.0%} noise, {k}" for s in NOISES for k in ("known", "estimated")]
    columns = [(share, known) for share in NOISES for known in (True, False)]
    all_of: dict[tuple[float, float, bool], Counter[str]] = {}
    for share in NOISES:
        for name in PICTURES:
            for (error, known), lights in counted(name, share, given.seeds).items():
                all_of.setdefault((error, share, known), Counter()).update(lights)
    rows = [
        [
            f"PSF {error:+.0%}" if error else "right",
            *(cell(all_of[error, share, known]) for share, known in columns),
        ]
        for error in (0.0, *ERRORS)
    ]
    number = given.seeds * len(PICTURES)
    title = f"By the implied spectrum alone, green / yellow / red of {number} scans"
    show(title, ["any method", *header], rows, given.markdown)
    rows = []
    few = min(FEW, given.seeds)
    for name in unseen():
        counts = {share: counted(name, share, few) for share in NOISES}
        for error in (0.0, 1.0):
            cells = [cell(counts[share][error, known]) for share, known in columns]
            rows.append([f"{name}, {f'PSF {error:+.0%}' if error else 'right'}", *cells])
    title = f"Other pictures, {few} scans each"
    show(title, ["picture", *header], rows, given.markdown)
    print(f"\n{time.process_time() - began:.0f} s of CPU time")


if __name__ == "__main__":
    main()
