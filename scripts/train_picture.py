"""Draw the Train dock's states: before, learning, stopped, done, and used in Deblur.

xvfb-run -a -s "-screen 0 1400x900x24" python scripts/train_picture.py [--minutes 2]

The model that ships learns more on drawn scenes, for the simulated radiograph, while it is watched:
small patches, for the pictures to come soon. Written to docs/images/train-*.png.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ["NAPARI_CONFIG"] = ""  # leave the user's settings alone

import napari
from PIL import Image
from qtpy.QtCore import QEventLoop, QTimer

from napari_deconv import samples
from napari_deconv.widgets.train import TrainWidget

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "images"
LONGEST, SETTLED, LOOK = 1_800_000, 3000, 200
"""Milliseconds that a training may take, after which the screen is drawn, between two looks."""
SIZE = (1200, 860)
WIDTH = 900
"""Of a picture in pixels."""
COLOURS = 128
SMALL = {"batch": 2, "side": 80}
"""Patches of a step."""


def until(condition: Callable[[], bool], most: int = LONGEST) -> None:
    """Let events pass until something is so."""
    loop, timer = QEventLoop(), QTimer()
    timer.timeout.connect(lambda: loop.quit() if condition() else None)
    timer.start(LOOK)
    QTimer.singleShot(most, loop.quit)
    loop.exec()
    timer.stop()


def draw(viewer: napari.Viewer, name: str) -> None:
    """Draw the window."""
    loop = QEventLoop()
    QTimer.singleShot(SETTLED, loop.quit)
    loop.exec()
    window = viewer.screenshot(canvas_only=False, flash=False)
    height = round(WIDTH * window.shape[0] / window.shape[1])
    picture = (
        Image.fromarray(window[..., :3])
        .resize((WIDTH, height))
        .quantize(COLOURS, Image.Quantize.MAXCOVERAGE)
    )
    file = FOLDER / f"train-{name}.png"
    picture.save(file, optimize=True)
    print(f"{file.name}: {file.stat().st_size} bytes", flush=True)


def main() -> None:
    """Train, stop, resume and draw."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=2.0)
    minutes = parser.parse_args().minutes
    viewer = napari.Viewer(show=True)
    viewer.window.resize(*SIZE)
    sample = samples.radiograph()
    viewer.add_image(sample.psf, name="psf", visible=False)
    viewer.add_image(sample.image, name="scan")
    dock = TrainWidget(viewer)
    viewer.window.add_dock_widget(dock, name="Train", area="right")
    with TemporaryDirectory() as folder:
        os.chdir(folder)  # the path that the picture shows is nobody's
        dock.choices.folder.setText("our tomograph")
        dock.choices.minutes.setText(f"{minutes:g}")
        dock.choices.settings = SMALL
        dock.choices.explain()
        until(lambda: False, SETTLED)  # the canvas finds its size
        viewer.reset_view()
        draw(viewer, "before")
        assert dock.run()
        until(lambda: len(dock.plot.scores) > 2 and len(dock.plot.losses) > 3)
        viewer.reset_view()
        dock.area.ensureWidgetVisible(dock.plot)
        draw(viewer, "learning")
        dock.stop()
        until(lambda: dock.state == "idle")
        dock.area.ensureWidgetVisible(dock.result)
        draw(viewer, "stopped")
        assert dock.run()
        until(lambda: dock.state == "idle")
        dock.area.ensureWidgetVisible(dock.result)
        draw(viewer, "done")
        print(dock.status.text(), dock.result.verdict.text(), sep="\n")
        assert dock.result.model is not None
        dock.use(str(dock.result.model))
        draw(viewer, "used")
    viewer.close()


if __name__ == "__main__":
    main()
