"""What a step of the swipe costs: our own part of it, and napari's redraw of the canvas.

Wall seconds are of no use where others compute as well; processor time of this process is told.
On a machine without a graphics card the redraw is Mesa's, in software.

    xvfb-run -a -s "-screen 0 1400x900x24" python benchmarks/swipe.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import napari
import numpy as np
from qtpy.QtWidgets import QApplication

from napari_deconv.widgets.swipe import Swipe

SIDES = (512, 2048)
STEPS = 60


def cost(step: Callable[[int], object], redraw: bool = True) -> float:
    """Return the processor time of a step in milliseconds."""
    for i in range(5):
        step(i)
        QApplication.processEvents()
    began, spent = time.process_time(), 0.0
    for i in range(STEPS):
        step(i)
        if redraw:
            QApplication.processEvents()
        else:
            spent += time.process_time() - began
            QApplication.processEvents()
            began = time.process_time()
    total = time.process_time() - began if redraw else spent
    return 1e3 * total / STEPS


def rows(side: int) -> list[tuple[str, float]]:
    """Return what is measured with pictures of one size."""
    viewer = napari.Viewer()
    viewer.window._qt_window.resize(1400, 900)
    rng = np.random.default_rng(0)
    before, after = (
        viewer.add_image(rng.random((side, side), np.float32), name=name, contrast_limits=(0, 1))
        for name in ("before", "after")
    )
    swipe = Swipe(viewer)
    canvas = viewer.window._qt_viewer.canvas.native
    found = [("napari's redraw of both, no swipe", cost(lambda _: canvas.update()))]
    swipe.show(before, after)

    def move(i: int) -> None:
        swipe.position = 0.2 + 0.6 * (i % STEPS) / STEPS

    found.append(("a step of the swipe with the redraw", cost(move)))
    found.append(("of it, ours: before the redraw", cost(move, redraw=False)))
    swipe.hide()
    viewer.close()
    return found


def main() -> None:
    """Print the table."""
    tables = {side: rows(side) for side in SIDES}
    print("| ms of processor time | " + " | ".join(f"{s} x {s}" for s in SIDES) + " |")
    print("| --- |" + " ---: |" * len(SIDES))
    for index, (name, _) in enumerate(tables[SIDES[0]]):
        print(f"| {name} | " + " | ".join(f"{tables[s][index][1]:.2f}" for s in SIDES) + " |")


if __name__ == "__main__":
    main()
