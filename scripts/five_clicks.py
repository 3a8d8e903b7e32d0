"""From an opened radiograph to a learned result in five clicks of the mouse, photographed.

    xvfb-run -a -s "-screen 0 1400x900x24" python scripts/five_clicks.py FOLDER [--docs]

The simulated radiograph is opened from a file, without its PSF and without the truth. Before each
click the screen is photographed, with a ring where it goes. It fails if there is no restored layer
after the fifth. With --docs the pictures become docs/images/clicks/*.png.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ["NAPARI_CONFIG"] = ""  # leave the user's settings alone

import napari
from PIL import Image, ImageDraw
from qtpy.QtCore import QPoint, QRect, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QComboBox, QMenu, QPushButton, QWidget

from napari_deconv import io, samples
from napari_deconv.widgets.deblur import DeblurWidget

DOCS = Path(__file__).resolve().parents[1] / "docs" / "images" / "clicks"
SIZE = (1180, 780)
MOST = 5
LEFT = Qt.MouseButton.LeftButton
CROP, RING, WIDTH = (620, 400), 22, 900
"""Sides of a picture around a click, radius of the ring, and the last picture's width."""


class Hand:
    """A hand with a mouse and a camera."""

    def __init__(self, window: QWidget, folder: Path) -> None:
        self.window, self.folder, self.clicks = window, folder, 0

    def photograph(self) -> Image.Image:
        """Return the screen over the window."""
        QTest.qWait(500)
        file = self.folder / "screen.png"
        place = self.window.geometry()
        screen = QApplication.primaryScreen().grabWindow(0)
        screen.copy(place).save(str(file))
        picture = Image.open(file).convert("RGB")
        file.unlink()
        return picture

    def click(self, what: str, widget: QWidget, area: QRect | None = None) -> None:
        """Photograph where a click goes, and click."""
        centre = (widget.rect() if area is None else area).center()
        self.clicks += 1
        print(f"{self.clicks} click {what}", flush=True)
        picture = self.photograph()
        at = widget.mapToGlobal(centre) - self.window.geometry().topLeft()
        x, y = at.x(), at.y()
        ImageDraw.Draw(picture).ellipse(
            (x - RING, y - RING, x + RING, y + RING), outline=(255, 140, 0), width=4
        )
        left = min(max(x - CROP[0] // 2, 0), picture.width - CROP[0])
        top = min(max(y - CROP[1] // 2, 0), picture.height - CROP[1])
        box = (left, top, left + CROP[0], top + CROP[1])
        self.keep(picture.crop(box), str(self.clicks))
        QTest.mouseClick(widget, LEFT, pos=centre)
        QTest.qWait(900)

    def point(self, menu: QMenu, area: QRect) -> None:
        """Move the mouse over an entry of a menu, which opens what lies under it."""
        QTest.mouseMove(menu, QPoint(area.left() + 3, area.center().y()))
        QTest.mouseMove(menu, area.center())
        QTest.qWait(900)

    def keep(self, picture: Image.Image, name: str) -> None:
        """Write a picture; few colours, the rare ones (of a light) among them."""
        colours = picture.quantize(256, Image.Quantize.MAXCOVERAGE)
        colours.save(self.folder / f"{name}.png", optimize=True)

    def wait(self, busy: Callable[[], bool], seconds: float = 300) -> None:
        """Wait until something has ended."""
        QTest.qWait(500)
        for _ in range(int(10 * seconds)):
            if not busy():
                return
            QTest.qWait(100)
        raise SystemExit(f"It had not ended after {seconds:g} s.")


def walk(hand: Hand, viewer: napari.Viewer) -> DeblurWidget:
    """Go the way; return the dock once the restored layer is there."""
    plugins = viewer.window.plugins_menu
    bar = hand.window.menuBar()
    hand.click("Plugins", bar, bar.actionGeometry(plugins.menuAction()))
    (ours,) = (action.menu() for action in plugins.actions() if "Deconv" in action.text())
    hand.point(plugins, plugins.actionGeometry(ours.menuAction()))
    (entry,) = (action for action in ours.actions() if action.text().startswith("Deblur"))
    hand.click("Deblur", ours, ours.actionGeometry(entry))
    QTest.qWait(1500)
    dock = hand.window.findChild(DeblurWidget)
    menu = dock.findChild(QComboBox, "method")
    hand.click("the list of methods", menu)
    row = menu.findText("Learned: any PSF and noise")
    view = menu.view()
    view.scrollTo(view.model().index(row, 0))
    hand.click(menu.itemText(row), view.viewport(), view.visualRect(view.model().index(row, 0)))
    hand.click("Run", dock.findChild(QPushButton, "run"))
    hand.wait(lambda: dock.result_layer is None)
    return dock


def main() -> None:
    """Write the radiograph, open it, go the way."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path, help="where the pictures go; made if missing")
    arguments.add_argument("--docs", action="store_true", help="replace the pictures of the docs")
    given = arguments.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    viewer = napari.Viewer()
    window = viewer.window._qt_window  # noqa: SLF001
    window.setGeometry(40, 40, *SIZE)
    sample = samples.radiograph()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "radiograph.tif"
        io.write(file, sample.image, pixel_size=sample.pixel_size, unit=sample.unit)
        viewer.open(file)
        QApplication.processEvents()
        hand = Hand(window, given.folder)
        dock = walk(hand, viewer)
        hand.wait(lambda: dock.running)
    picture = hand.photograph()
    height = round(WIDTH * picture.height / picture.width)
    hand.keep(picture.resize((WIDTH, height)), "result")
    names = [layer.name for layer in viewer.layers]
    print("layers: " + ", ".join(names))
    if given.docs:
        DOCS.mkdir(exist_ok=True)
        for made in given.folder.glob("*.png"):
            (DOCS / made.name).write_bytes(made.read_bytes())
    viewer.close()
    if hand.clicks > MOST or "radiograph restore (learned)" not in names:
        raise SystemExit("There is no restored layer after five clicks.")
    print(f"{hand.clicks} clicks")


if __name__ == "__main__":
    main()
