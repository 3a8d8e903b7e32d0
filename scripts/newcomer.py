"""From an opened radiograph to a deblurred profile by a newcomer's hand, counted and photographed.

    xvfb-run -a -s "-screen 0 1400x900x24" python scripts/newcomer.py FOLDER [--docs]

The radiograph is the simulated one, opened from a file; mouse and menus are moved as a hand would.
It fails if it takes 12 actions. With --docs the window with the measured blur becomes
docs/images/psf.png.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ["NAPARI_CONFIG"] = ""  # leave the user's settings alone

import napari
import numpy as np
from PIL import Image
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QPushButton

from napari_deconv import io, samples
from napari_deconv.widgets.deblur import DeblurWidget
from napari_deconv.widgets.psf import PsfWidget

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "psf.png"
SIZE = (1280, 860)
BOX = ((350, 312), (425, 350))
"""Two corners of a box across the part's right edge, as (row, column)."""
MOST = 11
"""Actions that it may take: fewer than 12."""
LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
COLOURS = 64
"""Of the docs' picture, which stays small with so few."""


class Newcomer:
    """A hand that works in a napari window."""

    def __init__(self, viewer: napari.Viewer, folder: Path) -> None:
        self.viewer, self.folder, self.actions = viewer, folder, 0
        self.window = viewer.window._qt_window  # noqa: SLF001
        self.window.resize(*SIZE)

    def act(self, what: str) -> None:
        """Count an action."""
        self.actions += 1
        print(f"{self.actions:2} {what}", flush=True)

    def look(self, name: str) -> Path:
        """Photograph the window."""
        QTest.qWait(200)
        file = self.folder / f"{self.actions:02}_{name}.png"
        self.window.grab().save(str(file))
        return file

    def open_dock(self, name: str) -> None:
        """Open a dock from the menu."""
        menu = self.viewer.window.plugins_menu
        self.act("click Plugins")
        menu.aboutToShow.emit()
        (ours,) = (action.menu() for action in menu.actions() if "Deconv" in action.text())
        self.act("point at Deconvolution")
        (entry,) = (action for action in ours.actions() if action.text().startswith(name))
        self.act(f"click {name}")
        entry.trigger()
        QTest.qWait(300)

    def click(self, name: str) -> None:
        """Click a button that is to be seen."""
        button = next(b for b in self.window.findChildren(QPushButton, name) if b.isVisible())
        self.act(f"click {button.text()}")
        QTest.mouseClick(button, LEFT)
        QTest.qWait(150)

    def drag(self, start: Sequence[float], end: Sequence[float]) -> None:
        """Drag on the canvas between two places of the picture."""
        self.act("drag a box across an edge")
        layer = self.viewer.layers["radiograph"]
        start, end = (np.asarray(layer.data_to_world(place)) for place in (start, end))
        canvas = self.viewer.window._qt_viewer.canvas.native  # noqa: SLF001
        QTest.mousePress(canvas, LEFT, NO_KEY, self._at(start))
        for share in np.linspace(0.1, 1, 8):
            QTest.mouseMove(canvas, self._at(start + share * (end - start)))
            QTest.qWait(15)
        QTest.mouseRelease(canvas, LEFT, NO_KEY, self._at(end))

    def wait(self, busy: Callable[[], bool], seconds: float = 300) -> None:
        """Wait until something has ended."""
        QTest.qWait(200)
        for _ in range(int(10 * seconds)):
            if not busy():
                return
            QTest.qWait(100)
        raise SystemExit(f"It had not ended after {seconds:g} s.")

    def _at(self, place: np.ndarray) -> QPoint:
        size = np.array(self.viewer.window._qt_viewer.canvas.size, float)  # noqa: SLF001
        camera = self.viewer.scene.camera if hasattr(self.viewer, "scene") else self.viewer.camera
        y, x = (place - np.asarray(camera.center[-2:])) * camera.zoom + size / 2
        return QPoint(round(x), round(y))


def walk(hand: Newcomer) -> Path:
    """Go the whole way; return the picture of the measured blur."""
    hand.look("opened")
    hand.open_dock("PSF")
    hand.click("draw_box")
    hand.drag(*BOX)
    dock = hand.window.findChild(PsfWidget)
    hand.wait(lambda: dock.busy)
    measured = hand.look("measured")
    if dock.blur is None:
        raise SystemExit(dock.panel.status.text())
    print("  ", dock.blur.summary())
    hand.click("make_psf")
    hand.look("made")
    hand.click("run")
    deblur = hand.window.findChild(DeblurWidget)
    hand.wait(lambda: deblur.running)
    hand.look("run")
    hand.open_dock("Profiles")
    hand.click("profile-add")
    QTest.qWait(2000)
    hand.look("profile")
    return measured


def main() -> None:
    """Write the radiograph, open it, go the way, and fail if it is too long."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path, help="where the pictures go; made if missing")
    arguments.add_argument("--docs", action="store_true", help="replace the picture of the docs")
    given = arguments.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    sample = samples.radiograph()
    viewer = napari.Viewer()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "radiograph.tif"
        io.write(file, sample.image, pixel_size=sample.pixel_size, unit=sample.unit)
        viewer.open(file)
        QApplication.processEvents()
        hand = Newcomer(viewer, given.folder)
        measured = walk(hand)
    if given.docs:
        Image.open(measured).convert("RGB").quantize(COLOURS).save(PICTURE, optimize=True)
    viewer.close()
    print(f"{hand.actions} actions")
    if hand.actions > MOST:
        raise SystemExit(f"It takes more than {MOST} actions.")


if __name__ == "__main__":
    main()
