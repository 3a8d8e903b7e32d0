"""Draw docs/images/measures.png: the Measures dock on a simulated radiograph and its restoration.

xvfb-run -a -s "-screen 0 1400x900x24" python scripts/measures_picture.py
"""

from __future__ import annotations

import os
import time
from pathlib import Path

os.environ["NAPARI_CONFIG"] = ""  # leave the user's settings alone

import napari
import numpy as np
from qtpy.QtCore import QBuffer
from qtpy.QtWidgets import QApplication

from napari_deconv import Recipe, samples
from napari_deconv.widgets.layer_choice import METADATA
from napari_deconv.widgets.measures import MeasuresWidget

FILE = Path(__file__).resolve().parents[1] / "docs" / "images" / "measures.png"
EVEN = [[224, 432], [224, 480], [295, 480], [295, 432]]
BELOW = [[656, 492], [656, 556], [724, 556], [724, 492]]
"""Corners of boxes of even grey in the sample."""
COLORS = 72
"""Colours of the picture: enough for a grey radiograph and its dock, and a small file."""
LONGEST = 60.0
"""Seconds that the measures may take."""


def main() -> None:
    """Restore, measure, choose the duplex wires, and save the window."""
    psf = samples.core_and_tail(31, core=1.6, tail=4, share=0.15)
    sample = samples.radiograph((768, 768), peak=100_000.0, psf=psf)
    recipe = Recipe(psf=sample.psf, method="wiener")
    viewer = napari.Viewer(show=True)
    viewer.window._qt_window.resize(1400, 900)  # noqa: SLF001
    place = {"scale": (sample.pixel_size,) * 2, "units": (sample.unit,) * 2}
    viewer.add_image(sample.image, name="radiograph", **place)
    restored = recipe.run(sample.image, device="cpu").image
    viewer.add_image(restored, name="wiener", metadata={METADATA: {}}, **place)
    dock = MeasuresWidget(viewer)
    viewer.window.add_dock_widget(dock, name="Measures", area="right")
    dock.add_shape(_around(*sample.features["edge"]), "edge-mtf")
    dock.add_shape(EVEN, "snr")
    dock.add_shape(BELOW, "nps")
    dock.add_shape(sample.features["line pairs"], "line-pairs")
    dock.add_shape(sample.features["duplex wires"], "duplex")
    _settle(dock)
    viewer.reset_view()
    _settle(dock)
    _save(viewer.window._qt_window)  # noqa: SLF001
    viewer.close()


def _around(start: tuple[float, ...], end: tuple[float, ...]) -> np.ndarray:
    """Return the corners of a box whose middle line crosses an edge."""
    ends = np.array([start, end])
    across = (ends[1] - ends[0]) / np.hypot(*(ends[1] - ends[0]))
    along = np.array([-across[1], across[0]])
    sides = ((-1, -1), (-1, 1), (1, 1), (1, -1))
    return np.array([ends.mean(0) + a * 20 * across + b * 30 * along for a, b in sides])


def _settle(dock: MeasuresWidget) -> None:
    until = time.monotonic() + LONGEST
    quiet = 0
    while quiet < 30 and time.monotonic() < until:
        QApplication.processEvents()
        time.sleep(0.02)
        quiet = 0 if dock.busy else quiet + 1


def _save(window: object) -> None:
    from io import BytesIO

    from PIL import Image

    buffer = QBuffer()
    window.grab().save(buffer, "PNG")  # type: ignore[attr-defined]
    picture = Image.open(BytesIO(bytes(buffer.data()))).convert("RGB")
    picture.quantize(COLORS, dither=Image.Dither.NONE).save(FILE, optimize=True)


if __name__ == "__main__":
    main()
