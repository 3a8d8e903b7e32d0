"""Draw docs/images/evidence.png: the light, the residual's map and the doubts of the sample.

xvfb-run -a -s "-screen 0 1400x900x24" python scripts/evidence_picture.py [FILE.png]
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

os.environ["NAPARI_CONFIG"] = ""  # leave the user's settings alone

import napari
from PIL import Image
from qtpy.QtCore import QEventLoop, QTimer
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import QPushButton

from napari_deconv import samples
from napari_deconv.registry import choices
from napari_deconv.widgets.deblur import DeblurWidget

FILE = Path(__file__).resolve().parents[1] / "docs" / "images" / "evidence.png"
SIDE = 256
"""Pixels along each side of the simulated radiograph."""
COLOURS = 256
"""Of the picture's palette."""
SETTLED = 500
"""Milliseconds after which a window has found its size."""


def wait_until(done: Callable[[], bool]) -> None:
    """Let the window live until something is done."""
    loop = QEventLoop()
    timer = QTimer()
    timer.timeout.connect(lambda: loop.quit() if done() else None)
    timer.start(50)
    loop.exec()
    QTimer.singleShot(SETTLED, loop.quit)
    loop.exec()


def press(dock: DeblurWidget, name: str) -> None:
    """Press a button of the dock and wait until it has done its work."""
    ended: list[str] = []
    dock.varied.connect(ended.append)
    dock.findChild(QPushButton, name).click()
    wait_until(lambda: bool(ended))


def main() -> None:
    """Deblur the sample, ask how sure it is, and save the window."""
    viewer = napari.Viewer()
    viewer.window.resize(1400, 900)
    sample = samples.radiograph((SIDE, SIDE))
    viewer.add_image(sample.psf, name="psf", visible=False)
    viewer.add_image(sample.image, name="scan")
    _, dock = viewer.window.add_plugin_dock_widget("napari-deconv", "Deblur")
    dock.method = choices("method")["tv"]()
    ended: list[str] = []
    dock.finished.connect(ended.append)
    dock.run()
    wait_until(lambda: bool(ended))
    press(dock, "residual_map")
    press(dock, "how_sure")
    viewer.layers[
        next(i for i, one in enumerate(viewer.layers) if "residual" in one.name)
    ].visible = False
    viewer.reset_view()
    wait_until(lambda: True)
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    picture: QPixmap = viewer.window._qt_window.grab()  # noqa: SLF001
    picture.save(str(file))
    with Image.open(file) as full:  # a palette of its own keeps it small
        full.convert("RGB").quantize(
            COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        ).save(file, optimize=True)
    viewer.close()


if __name__ == "__main__":
    main()
