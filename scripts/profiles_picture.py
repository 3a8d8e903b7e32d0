"""Draw docs/images/profiles.png: the Profiles dock over a simulated radiograph and its result.

xvfb-run -a -s "-screen 0 1400x900x24" python scripts/profiles_picture.py
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ["NAPARI_CONFIG"] = ""  # leave the user's settings alone

import napari
import numpy as np
from PIL import Image
from qtpy.QtCore import QEventLoop, Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QPushButton

import napari_deconv as nd
from napari_deconv.readers import as_layers
from napari_deconv.samples import radiograph
from napari_deconv.widgets.profiles import ProfilesWidget

FILE = Path(__file__).resolve().parents[1] / "docs" / "images" / "profiles.png"
SIZE = (1400, 900)
COLOURS = 128
"""Of the picture, so that its file is small."""
HEIGHT = 430
"""Pixels of the dock."""


def _wait(milliseconds: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def furnished(viewer: napari.Viewer) -> ProfilesWidget:
    """Fill the window with a sample, its result, the dock and lines over wires and line pairs."""
    sample = radiograph()
    reference, _, scan = as_layers(sample, "radiograph")
    truth = viewer.add_image(reference[0], **{**reference[1], "visible": False})
    image = viewer.add_image(scan[0], **scan[1])
    recipe = nd.Recipe(psf=np.asarray(sample.psf), method="tv")
    result = recipe.run(sample.image)
    viewer.add_image(
        result.image,
        name="radiograph tv",
        metadata={"napari-deconv": result.recipe.plain()},
        contrast_limits=image.contrast_limits,
        **{key: scan[1][key] for key in ("scale", "units", "colormap") if key in scan[1]},
    )
    dock = ProfilesWidget(viewer)
    viewer.window.add_dock_widget(dock, area="bottom", name="Profiles")
    dock.reference = truth
    for name, width in (("wire pair D7", 5), ("line pairs", 9)):
        start, end = (image.data_to_world(point) for point in sample.features[name])
        dock.add_line(start, end, width)
    dock.add_path([image.data_to_world(point) for point in ((60, 330), (200, 440), (330, 360))])
    return dock


def main() -> None:
    """Open the window, switch on what the dock can show, and save it."""
    viewer = napari.Viewer()
    viewer.window.resize(*SIZE)
    dock = furnished(viewer)
    for name in ("profile-difference", "profile-markers"):
        dock.findChild(QPushButton, name).click()
    window, around = dock.window(), dock.parentWidget()
    assert isinstance(window, QMainWindow)
    assert isinstance(around, QDockWidget)
    _wait(1000)  # the window must have its size
    window.resizeDocks([around], [HEIGHT], Qt.Orientation.Vertical)
    for _ in range(600):
        _wait(100)
        if not dock.busy:
            break
    viewer.reset_view()
    _wait(1500)
    picture = Image.fromarray(viewer.screenshot(canvas_only=False, flash=False)[..., :3])
    few = picture.quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(FILE, optimize=True)
    print(f"{FILE}: {FILE.stat().st_size} bytes")
    viewer.close()


if __name__ == "__main__":
    main()
