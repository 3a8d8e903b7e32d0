"""Draw docs/images/psf-band.png: what the PSF's width does to profiles of the simulated radiograph.

xvfb-run -a -s "-screen 0 1400x900x24" python scripts/band_picture.py
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ["NAPARI_CONFIG"] = ""  # leave the user's settings alone

import napari
from qtpy.QtCore import QEventLoop
from qtpy.QtWidgets import QLabel

from napari_deconv import choices
from napari_deconv.readers import radiograph_sample
from napari_deconv.widgets.deblur import DeblurWidget
from napari_deconv.widgets.profiles import ProfilesWidget

FILE = Path(__file__).resolve().parents[1] / "docs" / "images" / "psf-band.png"
LINES = [((33, 33), (33, 39)), ((28.2, 12.8), (28.2, 23))]
"""In mm: across a step, and over balls of the bearing."""


def main() -> None:
    """Restore, vary the PSF's width, and save the plots."""
    viewer = napari.Viewer(show=True)
    viewer.window._qt_window.resize(1400, 900)  # noqa: SLF001
    for data, arguments, _ in radiograph_sample():
        viewer.add_image(data, **arguments)
    dock, profiles = DeblurWidget(viewer), ProfilesWidget(viewer)
    viewer.window.add_dock_widget(dock, name="Deblur", area="right")
    viewer.window.add_dock_widget(profiles, name="Profiles", area="bottom")
    dock.method = choices("method")["tv"](iterations=60)
    loop = QEventLoop()
    dock.finished.connect(loop.quit)
    dock.varied.connect(loop.quit)
    dock.run()
    loop.exec()
    dock.vary_width()
    loop.exec()
    for line in LINES:
        profiles.add_line(*line)
    profiles.save_plot(FILE)
    print(dock.findChild(QLabel, "psf_width_line").text())
    viewer.close()


if __name__ == "__main__":
    main()
