"""How the Profiles dock follows: 10 lines over 6 layers of 2048 x 2048 pixels.

    xvfb-run -a -s "-screen 0 1400x900x24" python benchmarks/profiles.py [--markdown] [--seconds 8]

A real window; the mouse is pressed, moved 60 times a second and released. Printed are how often the
curves were drawn anew in a second of the clock, the processor time of one such update (all threads
together, napari's own drawing included), how often one processor could do that in a second, and
the longest block: processor time of the window's thread between two rounds of its event loop. The
same with the dock closed says what of it is napari's own.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field

os.environ["NAPARI_CONFIG"] = ""  # leave the user's settings alone
os.environ.setdefault("OMP_NUM_THREADS", "1")

import napari
import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPoint, Qt, QTimer
from qtpy.QtTest import QTest
from scipy.ndimage import gaussian_filter
from table import show

from napari_deconv.recipe import Recipe
from napari_deconv.widgets.profile_curves import Curves
from napari_deconv.widgets.profiles import ProfilesWidget

SIDE, LINES = 2048, 10
SIZE = (1400, 900)
PATIENCE = 60.0
"""Seconds that the first figures are waited for."""
MOVES = 60
"""Moves of the mouse in a second."""
HEADER = (
    "while",
    "updates a second",
    "processor time of one (ms)",
    "so at most a second",
    "longest block (ms)",
)


@dataclass
class Watch:
    """Counts updates and looks at the event loop."""

    updates: int = 0
    blocks: list[float] = field(default_factory=list)
    _last: float = 0.0

    def begin(self) -> None:
        """Start anew."""
        self.updates, self.blocks = 0, []
        self._last = time.thread_time()

    def beat(self) -> None:
        """Note the processor time that the window's thread took since the last round."""
        now = time.thread_time()
        self.blocks.append(now - self._last)
        self._last = now


@dataclass
class Desk:
    """A window with six layers, and with the dock or without."""

    viewer: napari.Viewer
    watch: Watch
    dock: ProfilesWidget | None

    def on_canvas(self, y: float, x: float) -> QPoint:
        """Return where a place in the world is on the canvas."""
        size = np.array(self.viewer.window._qt_viewer.canvas.size, float)
        camera = self.viewer.scene.camera
        row, column = (np.array((y, x)) - camera.center[-2:]) * camera.zoom + size / 2
        return QPoint(round(column), round(row))

    def mouse(self, what: str, place: tuple[float, float]) -> None:
        """Press, move or release the mouse at a place in the world."""
        canvas = self.viewer.window._qt_viewer.canvas.native
        point = self.on_canvas(*place)
        if what == "move":
            QTest.mouseMove(canvas, point)
            return
        act = QTest.mousePress if what == "press" else QTest.mouseRelease
        act(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)


def pictures() -> dict[str, NDArray[np.float32]]:
    """Return a reference, its blurred and noisy image, and four results of made-up sharpness."""
    rng = np.random.default_rng(0)
    truth = np.zeros((SIDE, SIDE))
    for _ in range(400):
        y, x = rng.integers(0, SIDE, 2)
        h, w = rng.integers(8, 200, 2)
        truth[y : y + h, x : x + w] += rng.uniform(-0.3, 0.5)
    found = {"reference": truth, "radiograph": gaussian_filter(truth, 3.0)}
    found["radiograph"] = found["radiograph"] + rng.normal(0, 0.01, truth.shape)
    for name, sigma in (("tv", 0.7), ("wavelet", 1.0), ("tgv", 0.8), ("wiener", 1.4)):
        found[f"radiograph {name}"] = gaussian_filter(truth, sigma)
    return {name: picture.astype(np.float32) for name, picture in found.items()}


def opened(with_dock: bool, layers: dict[str, NDArray[np.float32]]) -> Desk:
    """Return a window; without the dock the lines are those of a plain layer of shapes."""
    viewer = napari.Viewer(show=True)
    viewer.window.resize(*SIZE)
    recipe = Recipe(psf={"name": "gaussian", "sigma": 3.0}, method="tv").plain()
    for name, picture in layers.items():
        made = {"napari-deconv": recipe} if " " in name else {}
        viewer.add_image(picture.copy(), name=name, metadata=made)
    watch, dock = Watch(), None
    rows = np.linspace(0.08, 0.9, LINES) * SIDE
    ends = [[(row, 0.06 * SIDE), (row + 0.05 * SIDE, 0.94 * SIDE)] for row in rows]
    if with_dock:
        dock = ProfilesWidget(viewer)
        viewer.window.add_dock_widget(dock, area="bottom", name="Profiles")
        for end in ends[:-1]:
            dock.add_line(*end)
        dock.add_path([ends[-1][0], (0.95 * SIDE, 0.5 * SIDE), ends[-1][1]])
        _count(dock, watch)
    else:
        viewer.add_shapes(ends, shape_type="line", edge_width=5, name="lines")
    QTest.qWait(1000)
    until = time.monotonic() + PATIENCE
    while dock is not None and dock.busy and time.monotonic() < until:
        QTest.qWait(50)
    return Desk(viewer, watch, dock)


def _count(dock: ProfilesWidget, watch: Watch) -> None:
    """Count the updates in which a curve of a layer is another one; re-blurred ones come beside."""
    seen: set[int] = set()
    show_curves = dock._plots.show_curves

    def counted(curves: Curves) -> None:
        shown = {id(trace.profile) for line in curves.lines for trace in line.measured}
        watch.updates += not shown <= seen
        seen.clear()
        seen.update(shown)
        show_curves(curves)

    dock._plots.show_curves = counted


def drag_an_end(desk: Desk, seconds: float) -> None:
    """Drag an end of the fifth line up and down."""
    layer = desk.viewer.layers[-1]
    desk.viewer.layers.selection.active = layer
    layer.mode = "direct"
    layer.selected_data = {4}
    y, x = layer.data[4][0]
    _drag(desk, (y, x), lambda t: (y + 0.05 * SIDE * np.sin(4 * t), x + 0.02 * SIDE * t), seconds)


def drag_all(desk: Desk, seconds: float) -> None:
    """Drag all lines at once."""
    layer = desk.viewer.layers[-1]
    desk.viewer.layers.selection.active = layer
    layer.mode = "select"
    layer.selected_data = set(range(LINES))
    y, x = np.mean(layer.data[4], axis=0)
    _drag(desk, (y, x), lambda t: (y + 0.03 * SIDE * np.sin(4 * t), x), seconds)


def run(desk: Desk, seconds: float) -> None:
    """Give a result new pixels ten times a second, as a running deconvolution does."""
    layer = desk.viewer.layers["radiograph tv"]
    first, until = layer.data, time.monotonic() + seconds
    step = 0
    while time.monotonic() < until:
        step += 1
        layer.data = first * np.float32(1 + 0.001 * step)
        QTest.qWait(100)
    layer.data = first


def _drag(
    desk: Desk,
    start: tuple[float, float],
    way: Callable[[float], tuple[float, float]],
    seconds: float,
) -> None:
    desk.mouse("move", start)  # napari grasps what the mouse lay over before the press
    QTest.qWait(100)
    desk.mouse("press", start)
    begun = time.monotonic()
    while (t := time.monotonic() - begun) < seconds:
        desk.mouse("move", way(t))
        QTest.qWait(round(1000 / MOVES))
    desk.mouse("release", way(seconds))


def measured(
    name: str, act: Callable[[Desk, float], None], desk: Desk, seconds: float
) -> list[str]:
    """Return a row of the table."""
    timer = QTimer()
    timer.timeout.connect(desk.watch.beat)
    desk.watch.begin()
    timer.start(1)
    cpu, wall = time.process_time(), time.monotonic()
    act(desk, seconds)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    timer.stop()
    count = desk.watch.updates
    if desk.dock is not None and not count:
        raise SystemExit(f"No curve moved while {name}: the mouse missed the line.")
    each = [f"{count / wall:.1f}", f"{1000 * cpu / max(count, 1):.1f}", f"{count / cpu:.0f}"]
    longest = f"{1000 * max(desk.watch.blocks):.0f}"
    return [name, *(each if desk.dock is not None else ["-"] * 3), longest]


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--markdown", action="store_true", help="print markdown")
    arguments.add_argument("--seconds", type=float, default=8.0, help="of each row")
    asked = arguments.parse_args()
    layers, rows = pictures(), []
    for with_dock in (True, False):
        desk = opened(with_dock, layers)
        where = "" if with_dock else ", dock closed"
        for name, act in (
            ("an end of a line is dragged", drag_an_end),
            ("all lines are dragged", drag_all),
            ("a deconvolution runs", run),
        ):
            rows.append(measured(name + where, act, desk, asked.seconds))
        desk.viewer.close()
    title = f"{LINES} lines over {len(layers)} layers of {SIDE} x {SIDE}"
    show(title, HEADER, rows, asked.markdown)


if __name__ == "__main__":
    main()
