"""Draw docs/images/learned.png: the Deblur dock after `restore` on the simulated radiograph.

xvfb-run -a -s "-screen 0 1400x900x24" python scripts/learned_picture.py
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ["NAPARI_CONFIG"] = ""  # leave the user's settings alone

import napari
from PIL import Image
from qtpy.QtCore import QEventLoop, QTimer

from napari_deconv import choices, samples
from napari_deconv.widgets.deblur import DeblurWidget

FILE = Path(__file__).resolve().parents[1] / "docs" / "images" / "learned.png"
LONGEST, SETTLED = 120_000, 800
"""Milliseconds that a run may take, and after which the screen is drawn."""
SIZE = (1200, 760)
WIDTH = 900
"""Of the picture in pixels."""


def main() -> None:
    """Restore and draw."""
    viewer = napari.Viewer(show=True)
    viewer.window.resize(*SIZE)
    sample = samples.radiograph()
    for name, array in (("truth", sample.truth), ("psf", sample.psf)):
        viewer.add_image(array, name=name, visible=False)
    viewer.add_image(sample.image, name="scan")
    dock = DeblurWidget(viewer)
    viewer.window.add_dock_widget(dock, name="Deblur", area="right")
    dock.method = choices("method")["restore"]()
    loop = QEventLoop()
    dock.varied.connect(loop.quit)  # after the result comes the second opinion
    QTimer.singleShot(LONGEST, loop.quit)
    assert dock.run()
    loop.exec()
    viewer.reset_view()
    viewer.camera.zoom *= 1.8
    QTimer.singleShot(SETTLED, loop.quit)
    loop.exec()
    window = viewer.screenshot(canvas_only=False, flash=False)
    height = round(WIDTH * window.shape[0] / window.shape[1])
    picture = Image.fromarray(window[..., :3]).resize((WIDTH, height)).quantize(256)
    picture.save(FILE, optimize=True)
    print(f"{FILE.name}: {FILE.stat().st_size} bytes")
    viewer.close()


if __name__ == "__main__":
    main()
