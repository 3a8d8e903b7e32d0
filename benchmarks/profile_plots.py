"""What one update of the profile plots costs the window's thread: 10 lines over 6 layers.

    QT_QPA_PLATFORM=offscreen python benchmarks/profile_plots.py [--markdown] [--updates 60]

Only the plots, without napari's window and its canvas, whose drawing in software is many times
slower. Curves of 2048 x 2048 pixels, results blurred again among them, are computed before. Printed
are processor times of the window's thread, moving and painting together: the median, and the least,
which other work on the machine changes little.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence

os.environ["NAPARI_CONFIG"] = ""  # leave the user's settings alone
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from napari.components import ViewerModel
from profiles import LINES, SIDE, pictures
from qtpy.QtWidgets import QApplication
from table import show

from napari_deconv.recipe import Recipe
from napari_deconv.widgets.profile_curves import Curves, Line, trace_lines, trace_reblurred
from napari_deconv.widgets.profile_planes import Plane, visible_planes
from napari_deconv.widgets.profile_plot import ProfilePlots
from napari_deconv.widgets.profile_store import Store
from napari_deconv.widgets.profile_style import LayerColors, Theme

SIZE = (1340, 200)
"""Pixels of the plots: those of a dock at the bottom of a window."""
PLACES = 4
"""Places that the lines are moved between."""
HEADER = ("while", "median (ms)", "least (ms)", "of it moving curves (ms)")


def planes() -> list[Plane]:
    """Return the layers of the benchmark of the whole dock as planes."""
    viewer = ViewerModel()
    recipe = Recipe(psf={"name": "gaussian", "sigma": 3.0}, method="tv").plain()
    for name, picture in pictures().items():
        made = {"napari-deconv": recipe} if " " in name else {}
        viewer.add_image(picture, name=name, metadata=made)
    return visible_planes(viewer, viewer.layers["reference"], lambda layer: 1)[0]


def lines(shift: float, moved: Sequence[int]) -> list[Line]:
    """Return all lines, some of them moved down by some pixels."""
    found = []
    for index, row in enumerate(np.linspace(0.08, 0.9, LINES) * SIDE):
        y = row + shift * (index in moved)
        path = np.array([[y, 0.06 * SIDE], [y + 0.05 * SIDE, 0.94 * SIDE]])
        found.append(Line(index + 1, "#ff9f40", path))
    return found


def timed(plots: ProfilePlots, places: Sequence[Curves], updates: int) -> tuple[list[float], float]:
    """Return the milliseconds of each update, and the mean of those before anything is painted."""
    each, moving = [], 0.0
    for index in range(updates):
        begun = time.thread_time()
        plots.show_curves(places[index % len(places)])
        moving += time.thread_time() - begun
        QApplication.processEvents()
        each.append(1000 * (time.thread_time() - begun))
    return each, 1000 * moving / updates


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--markdown", action="store_true", help="print markdown")
    arguments.add_argument("--updates", type=int, default=60, help="of each row")
    asked = arguments.parse_args()
    app = QApplication([])
    shown, store, colors = planes(), Store(), LayerColors()
    colors.meet(shown)
    plots = ProfilePlots(colors)
    plots.resize(*SIZE)
    plots.set_theme(Theme.named("dark"))
    plots.show()
    rows = []
    for name, moved in (("one line is dragged", [4]), ("all lines are dragged", range(LINES))):
        places = []
        for step in range(PLACES):
            now = lines(3.0 * step, moved)
            places.append(trace_lines(now, shown, store).joined(trace_reblurred(now, shown, store)))
        timed(plots, places, PLACES)
        each, moving = timed(plots, places, asked.updates)
        rows.append([name, f"{np.median(each):.1f}", f"{min(each):.1f}", f"{moving:.1f}"])
    plots.close()
    app.processEvents()
    show(f"{LINES} lines over {len(shown)} layers of {SIDE} x {SIDE}", HEADER, rows, asked.markdown)


if __name__ == "__main__":
    main()
