"""PSNR of the outer 10 pixels with every boundary, where the truth goes on past the frame.

    python benchmarks/borders.py [--markdown]

The windows are the frames of the two simulated radiographs and two crops of each, all with their
borders across structure.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from table import parser, show

import napari_deconv as nd
from napari_deconv import samples
from napari_deconv.evidence.reference import peak, psnr

BAND = 10
"""Pixels from the border that are looked at."""
METHODS = ("tv", "tikhonov", "richardson-lucy")
MARGIN_TO_ZERO = 10.0
"""Decibels that the default boundary must be better than `zero`."""
BEHIND_BEST = 1.0
"""Decibels that the default boundary may be behind the best."""


class Window(NamedTuple):
    """A part of a sample, cut out before anything is known of its surroundings."""

    part: samples.PartName
    rows: slice
    columns: slice

    def __str__(self) -> str:
        """Return the part and where the window lies."""
        rows, columns = self.rows, self.columns
        return f"{self.part} {rows.start}:{rows.stop}, {columns.start}:{columns.stop}"


WINDOWS = (
    Window("bearing", slice(0, 512), slice(0, 512)),
    Window("bearing", slice(180, 436), slice(120, 376)),
    Window("bearing", slice(20, 276), slice(150, 406)),
    Window("weld", slice(0, 512), slice(0, 512)),
    Window("weld", slice(130, 386), slice(40, 296)),
    Window("weld", slice(190, 446), slice(190, 446)),
)


def band(shape: tuple[int, ...], width: int = BAND) -> NDArray[np.bool_]:
    """Return True on the outer pixels of a picture."""
    outer = np.ones(shape, dtype=bool)
    outer[tuple(slice(width, n - width) for n in shape)] = False
    return outer


def border_psnr(sample: samples.Sample, window: Window, method: str) -> dict[str, float]:
    """Return the PSNR of the band with each boundary, on the peak of the window's truth."""
    image = sample.image[window.rows, window.columns]
    truth = sample.truth[window.rows, window.columns]
    outer = band(truth.shape)
    found = {}
    for boundary in nd.choices("boundary"):
        restored = nd.deconvolve(image, sample.psf, method, boundary=boundary, device="cpu")
        found[boundary] = psnr(restored[outer], truth[outer], peak(truth)).value
    return found


def verdict(found: dict[str, float]) -> tuple[float, float]:
    """Return by how much `edge` is better than `zero`, and behind the best boundary."""
    return found["edge"] - found["zero"], max(found.values()) - found["edge"]


def main() -> None:
    markdown = parser(__doc__.splitlines()[0]).parse_args().markdown
    parts = {window.part: samples.radiograph(part=window.part) for window in WINDOWS}
    boundaries = list(nd.choices("boundary"))
    header = ["window", *boundaries, "edge - zero", "best - edge"]
    for method in METHODS:
        rows, met = [], 0
        for window in WINDOWS:
            found = border_psnr(parts[window.part], window, method)
            above_zero, behind = verdict(found)
            met += above_zero >= MARGIN_TO_ZERO and behind <= BEHIND_BEST
            values = (*(found[name] for name in boundaries), above_zero, behind)
            rows.append([str(window), *(f"{value:.2f}" for value in values)])
        show(f"{method}: PSNR of the outer {BAND} pixels in dB", header, rows, markdown)
        print(
            f"\nedge is at least {MARGIN_TO_ZERO:g} dB better than zero and within "
            f"{BEHIND_BEST:g} dB of the best boundary in {met} of {len(WINDOWS)} windows."
        )


if __name__ == "__main__":
    main()
