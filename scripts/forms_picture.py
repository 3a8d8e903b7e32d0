"""Draw docs/images/forms.png: the form of every method and noise model in the Deblur dock.

xvfb-run -a -s "-screen 0 1400x900x24" python scripts/forms_picture.py
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

os.environ["NAPARI_CONFIG"] = ""  # leave the user's settings alone

import napari
from qtpy.QtCore import QEventLoop, QTimer
from qtpy.QtGui import QColor, QPainter, QPixmap
from qtpy.QtWidgets import QToolButton

from napari_deconv import choices
from napari_deconv.widgets.deblur import DeblurWidget

FILE = Path(__file__).resolve().parents[1] / "docs" / "images" / "forms.png"
COLUMNS, GAP = 4, 14
SETTLED = 300
"""Milliseconds after which a form has found its size."""


def forms(dock: DeblurWidget) -> Iterator[QPixmap]:
    """Yield the form of each method, then of each noise model."""
    dock.findChild(QToolButton, "fold").click()
    for name, choice in choices("method").items():
        dock.method = choice()
        _wait()
        print(name)
        yield dock.panel.method.native.grab()
    dock.method = choices("method")["tv"]()
    for name, choice in choices("fidelity").items():
        dock.panel.more.fidelity.value = choice()
        _wait()
        print(name)
        yield dock.panel.more.fidelity.native.grab()


def _wait() -> None:
    loop = QEventLoop()
    QTimer.singleShot(SETTLED, loop.quit)
    loop.exec()


def sheet(tiles: list[QPixmap]) -> QPixmap:
    """Return the tiles on one picture, each below what leaves most room."""
    width = max(tile.width() for tile in tiles) + GAP
    ends = [GAP] * COLUMNS
    places = []
    for tile in tiles:
        column = ends.index(min(ends))
        places.append((GAP + column * width, ends[column]))
        ends[column] += tile.height() + 2 * GAP
    picture = QPixmap(COLUMNS * width + GAP, max(ends))
    picture.fill(QColor("#15161a"))
    painter = QPainter(picture)
    for tile, (left, top) in zip(tiles, places, strict=True):
        painter.drawPixmap(left, top, tile)
    painter.end()
    return picture


def main() -> None:
    """Open the dock, draw all forms and save them."""
    viewer = napari.Viewer()
    viewer.window.resize(1400, 900)
    viewer.open_sample("napari-deconv", "radiograph")
    _, dock = viewer.window.add_plugin_dock_widget("napari-deconv", "Deblur")
    _wait()
    sheet(list(forms(dock))).save(str(FILE))
    viewer.close()


if __name__ == "__main__":
    main()
