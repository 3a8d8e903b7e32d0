"""Draw docs/images/batch.png: the Batch dock with one scan done and another on its way.

xvfb-run -a -s "-screen 0 1400x900x24" python scripts/batch_picture.py [FILE.png]
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

os.environ["NAPARI_CONFIG"] = ""  # leave the user's settings alone

import napari
import numpy as np
from PIL import Image
from qtpy.QtCore import QEventLoop, QTimer
from qtpy.QtGui import QPixmap

from napari_deconv import Recipe, samples
from napari_deconv.core.units import PixelSize
from napari_deconv.scans.targets import kind_of
from napari_deconv.widgets.batch import BatchWidget

FILE = Path(__file__).resolve().parents[1] / "docs" / "images" / "batch.png"
SIDE, COUNT = 256, 96
"""Pixels along each side of a slice, and slices of a scan."""
COLOURS = 256
"""Of the picture's palette."""
SETTLED = 500
"""Milliseconds after which a window has found its size."""
SHOWN = "~/results"
"""What the picture shows in place of a folder of this machine."""


def wait_until(done: Callable[[], bool]) -> None:
    """Let the window live until something is done."""
    loop = QEventLoop()
    timer = QTimer()
    timer.timeout.connect(lambda: loop.quit() if done() else None)
    timer.start(20)
    loop.exec()


def make(path: Path, turned: int) -> Path:
    """Write a scan of a part that moves, with its pixel size."""
    part = samples.radiograph((SIDE, SIDE))
    rng = np.random.default_rng(turned)
    noise = part.sigma * rng.standard_normal((COUNT, SIDE, SIDE), np.float32)
    moved = [np.roll(part.image, turned + step, axis=1) for step in range(COUNT)]
    sink = kind_of(path)(path, (COUNT, SIDE, SIDE), "float32", PixelSize(0.1, "mm"))
    sink.lay_out()
    sink.put(0, np.stack(moved).astype(np.float32) + noise)
    sink.finish()
    return path


def main() -> None:
    """Restore two scans, and save the window while the second is under way."""
    viewer = napari.Viewer()
    viewer.window.resize(1300, 820)
    _, dock = viewer.window.add_plugin_dock_widget("napari-deconv", "Batch")
    assert isinstance(dock, BatchWidget)
    heard: list[tuple[str, dict[str, object]]] = []
    dock._batch.told.connect(lambda scan, line: heard.append((scan.source.stem, line)))  # noqa: SLF001
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        psf = {"name": "gaussian", "sigma": 1.5}
        Recipe(psf=psf, method={"name": "tv"}).save(folder / "weld.yaml")
        dock.use_recipe(folder / "weld.yaml")
        dock.scans = [make(folder / f"weld_{n}.tif", 20 * n) for n in (1, 2)]
        dock.panel.folder.setText(str(folder / "results"))
        dock.panel.workers.setValue(2)
        dock.run()
        wait_until(lambda: any(stem == "weld_2" and "slices" in line for stem, line in heard))
        dock.panel.changed.disconnect()
        dock.panel.file.setText("weld.yaml")
        dock.panel.folder.setText(SHOWN)
        wait_until(lambda: len(viewer.layers) > 0)
        loop = QEventLoop()
        QTimer.singleShot(SETTLED, loop.quit)
        loop.exec()
        shot: QPixmap = viewer.window._qt_window.grab()  # noqa: SLF001
        dock.stop()
        wait_until(lambda: not dock.running)
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    shot.save(str(file))
    Image.open(file).convert("RGB").quantize(COLOURS).save(file, optimize=True)
    viewer.close()


if __name__ == "__main__":
    main()
