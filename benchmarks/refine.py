"""How well a PSF is refined on the simulated radiograph's own edges: the table of docs/psf.md.

The part is drawn and blurred on a grid three times as fine as the pixels, then averaged over them:
nothing of it was made by what is tested. Widths are stated relative to the truth.

    python benchmarks/refine.py
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from napari_deconv.psf.refine import refine
from napari_deconv.psf.sampling import Psf
from napari_deconv.psf.shapes import DiskPsf, ExponentialPsf, GaussianPsf, MoffatPsf
from napari_deconv.samples import radiograph

SIDE, FINER = 512, 3
NOISES = (0.005, 0.01, 0.02, 0.05)
STARTS = (0.7, 1.3)
CASES: dict[str, tuple[type[Psf], str, float]] = {
    "Gaussian, sigma 0.8 px": (GaussianPsf, "sigma", 0.8),
    "Gaussian, sigma 2 px": (GaussianPsf, "sigma", 2.0),
    "Gaussian, sigma 4 px": (GaussianPsf, "sigma", 4.0),
    "Disk, radius 3 px": (DiskPsf, "radius", 3.0),
    "Exponential, length 1.2 px": (ExponentialPsf, "length", 1.2),
    "Moffat, width 2.5 px": (MoffatPsf, "width", 2.5),
}
REGIONS = {
    "all": (0, 0, 511, 511),
    "housing": (150, 80, 449, 355),
    "line pairs": (20, 20, 147, 319),
    "tube": (10, 330, 169, 499),
}


def corners(top: int, left: int, bottom: int, right: int) -> list[list[int]]:
    """Return the corners of a region."""
    return [[top, left], [top, right], [bottom, right], [bottom, left]]


def clean(shape: type[Psf], name: str, width: float) -> npt.NDArray[np.floating]:
    """Return the blurred part without noise."""
    fine = radiograph((SIDE * FINER,) * 2, psf=shape(**{name: FINER * width}).kernel()).blurred
    return fine.reshape(SIDE, FINER, SIDE, FINER).mean((1, 3))


def told(image: npt.NDArray[np.floating], case: tuple[type[Psf], str, float], box: object) -> str:
    """Return the widths that both starts lead to, with the 95 % interval of the first."""
    shape, name, truth = case
    found = []
    for start in STARTS:
        try:
            figure = refine(image, shape(**{name: start * truth}), box).figures[0]
        except ValueError:
            found.append("refused")
        else:
            found.append(f"{figure.value / truth:.3f} ± {1.96 * figure.error / truth:.3f}")
    return " / ".join(dict.fromkeys(found))


def rows() -> Iterator[str]:
    """Yield the table's rows."""
    yield f"| PSF | region | {' | '.join(f'noise {noise:.1%}' for noise in NOISES)} |"
    yield f"| --- | --- | {' | '.join('---' for _ in NOISES)} |"
    for said, case in CASES.items():
        sharp = clean(*case)
        images = []
        for noise in NOISES:
            counts = np.random.default_rng(0).poisson(sharp / noise**2)
            images.append((counts * noise**2).astype(np.float32))
        for region, ends in REGIONS.items():
            cells = [told(image, case, corners(*ends)) for image in images]
            yield f"| {said} | {region} | {' | '.join(cells)} |"


if __name__ == "__main__":
    for row in rows():
        print(row, flush=True)
