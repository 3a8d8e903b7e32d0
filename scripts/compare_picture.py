"""Draw docs/images/compare.png and report.png: the Compare dock in use, the top of the sample page.

    python examples/compare.py docs
    xvfb-run -a -s "-screen 0 1400x900x24" python scripts/compare_picture.py [FOLDER]

The page is docs/report-sample.html, which the first command makes; its picture needs Chromium.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ["NAPARI_CONFIG"] = ""  # leave the user's settings alone

import napari
from PIL import Image
from qtpy.QtWidgets import QApplication, QPushButton

from napari_deconv.widgets.compare import CompareWidget

DOCS = Path(__file__).resolve().parents[1] / "docs"
SIZE, PAGE_SIZE = (1400, 900), (900, 1010)
COLOURS = 128
"""Of the pictures, so that their files are small."""
SHOWN = "tv"
"""Row of the table whose picture is swiped over the data."""
PATIENCE = 3600.0
"""Seconds that the comparison may take."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def settle(seconds: float) -> None:
    """Let the window live."""
    due = time.monotonic() + seconds
    while time.monotonic() < due:
        QApplication.processEvents()
        time.sleep(0.01)


def compare(file: Path) -> None:
    """Compare the methods that are checked on the sample, swipe over one, and save the window."""
    viewer = napari.Viewer()
    viewer.window.resize(*SIZE)
    _, dock = viewer.window.add_plugin_dock_widget("napari-deconv", "Compare")
    assert isinstance(dock, CompareWidget)
    ended: list[str] = []
    dock.finished.connect(ended.append)
    dock.findChild(QPushButton, "open_sample").click()
    due = time.monotonic() + PATIENCE
    while not ended and time.monotonic() < due:
        settle(0.05)
        if not dock.running and len(viewer.layers) == 3:
            dock.run()
    assert ended == ["done"], dock.controls.status.text()
    table = dock.results.table
    table.selectRow([row.outcome.label for row in table.order].index(SHOWN))
    dock.findChild(QPushButton, "view_swipe").click()
    settle(1.0)
    dock.results.view.swipe.position = 0.37
    settle(0.5)
    window = viewer.window._qt_window  # noqa: SLF001
    window.grab().save(str(file))
    viewer.close()


def photograph(page: Path, file: Path) -> None:
    """Save the top of a page as a browser shows it."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise SystemExit(f"There is no browser for {file.name}: install {BROWSERS[0]}.")
    with TemporaryDirectory() as folder:
        shot = Path(folder) / "page.png"
        subprocess.run(
            [
                *(program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                f"--user-data-dir={folder}",
                f"--window-size={PAGE_SIZE[0]},{PAGE_SIZE[1]}",
                *(f"--screenshot={shot}", page.as_uri()),
            ],
            check=True,
            capture_output=True,
            timeout=300,
        )
        shutil.copy(shot, file)


def main() -> None:
    """Draw both pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS / "images"
    photograph(DOCS / "report-sample.html", folder / "report.png")
    compare(folder / "compare.png")
    for name in ("compare.png", "report.png"):
        with Image.open(folder / name) as full:
            few = full.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(folder / name, optimize=True)
        print(f"{folder / name}: {(folder / name).stat().st_size} bytes")


if __name__ == "__main__":
    main()
