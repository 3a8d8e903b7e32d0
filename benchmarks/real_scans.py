"""The real scans whose blur is measured, and where: boxes around edges, a hole, a bead.

They are looked for in ../shared/data beside the checkout; the README there names their sources.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_deconv.psf.measure import MeasuredBlur, measure
from napari_deconv.xray.correct import Correction

Array = NDArray[Any]

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def box(top: float, left: float, bottom: float, right: float) -> Array:
    """Return the corners of a box along the pixels."""
    return np.array([[top, left], [top, right], [bottom, right], [bottom, left]], float)


EDGES = {
    (0, "top"): box(35, 200, 115, 400),
    (0, "left"): box(200, 35, 400, 115),
    (3, "top"): box(38, 200, 118, 400),
    (3, "left"): box(200, 44, 400, 124),
}
"""Boxes on the edges of the square in the neutron radiographs, by the radiograph's number."""
QC3_EDGE = np.array([[238, 577], [292, 525], [314, 549], [260, 601]], float)
"""Box across the left edge of the QC-3 phantom's dark block."""
HOLE = box(180, 182, 331, 332)
BEAD = box(286, 248, 306, 268)


@dataclass(frozen=True)
class Site:
    """Where blur is measured: a name, what is there, and with what options."""

    name: str
    box: Array
    kind: str = "edge"
    options: dict[str, Any] = field(default_factory=dict)

    def measure(self, image: Array) -> MeasuredBlur:
        """Measure the blur there."""
        return measure(image, [self.box], kind=self.kind, **self.options)


def transmission(number: int) -> Array:
    """Return a radiograph of the edge series, corrected as the Correct dock does by itself."""
    image, beam, dark = (
        tifffile.imread(DATA / "pairs" / f"neutron_edge_{name}.tif")
        for name in (number, "ob", "dc")
    )
    return Correction().correct(image, beam, dark).values


def slices(name: str) -> Array:
    """Return another scan, in 64 bits."""
    return np.asarray(tifffile.imread(DATA / "xray" / f"{name}.tif"), float)


def sites() -> Iterator[tuple[Array, Site]]:
    """Yield scans and where they are measured; in what way is written beside the figures."""
    for number in (0, 3):
        image = transmission(number)
        for side in ("top", "left"):
            name = f"neutron edge {number}, {side}"
            for model in ("gaussian", "core-tail", "curve"):
                yield image, Site(name, EDGES[number, side], options={"model": model})
    phantom = slices("mv_qc3_linepairs")
    for model in ("gaussian", "core-tail"):
        yield phantom, Site("QC-3 block, 45°", QC3_EDGE, options={"model": model})
    sloping = {"model": "gaussian", "sloping": True}
    yield slices("ct_catphan_hole"), Site("CatPhan, round edge", HOLE, "disk", sloping)
    yield slices("ct_catphan_bead"), Site("CatPhan, bead", BEAD, "point", {})
