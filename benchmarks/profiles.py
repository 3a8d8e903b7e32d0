"""How the Profiles dock follows: 10 lines over 6 layers of 2048 x 2048 pixels.

    xvfb-run -a -s "-screen 0 1400x900x24" python benchmarks/profiles.py [--markdown] [--seconds 8]

A real window; the mouse is pressed, moved 60 times a second and released. Printed are how often the
curves were drawn anew in a second of the clock; the processor time of one such update: of the
window's thread with napari's own drawing, of the dock's part in it (looking at the layers, reading
them if that is quick, moving and painting the curves), and of all threads together; and how late a
timer of 5 ms came at most, by the clock. Without a graphics card napari's canvas, and with it the
whole window, is drawn by the processor, with Python held: so the dock is also shown in a window of
its own, with napari's hidden; and napari's window without the dock says what is napari's own.
Processor times hold on a machine with other work as well; updates a second and the timer need one
that is idle.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
from napari_deconv.widgets import profile_work
from napari_deconv.widgets.profile_curves import Curves
from napari_deconv.widgets.profiles import ProfilesWidget

SIDE, LINES = 2048, 10
SIZE, SIZE_ALONE = (1400, 900), (1400, 340)
PLACES = ALONE, DOCKED, CLOSED = (
    "the dock in a window of its own, napari's hidden",
    "the dock in napari's window",
    "napari without the dock",
)
PATIENCE = 60.0
"""Seconds that the first figures are waited for."""
MOVES = 60
"""Moves of the mouse in a second."""
HEADER = (
    "shown",
    "while",
    "updates a second",
    "window's thread, each (ms)",
    "of it the dock (ms)",
    "all threads, each (ms)",
    "latest timer (ms)",
)
ASKED = 20
"""Updates a second that are asked for; with the dock closed, each is a twentieth of a second."""
BEAT = 5
"""Milliseconds of the timer."""


@dataclass
class Watch:
    """Counts updates, looks at the event loop, and at the time that the dock takes of it."""

    updates: int = 0
    late: float = 0.0
    dock: float = 0.0
    _last: float = 0.0
    _deep: int = 0

    def begin(self) -> None:
        """Start anew."""
        self.updates, self.late, self.dock = 0, 0.0, 0.0
        self._last = time.monotonic()

    def beat(self) -> None:
        """Note how late the timer comes."""
        now = time.monotonic()
        self.late = max(self.late, now - self._last - BEAT / 1000)
        self._last = now

    def timed(self, act: Callable[..., Any]) -> Callable[..., Any]:
        """Return an act of the dock whose processor time is noted."""

        def noted(*arguments: Any) -> Any:
            if threading.current_thread() is not threading.main_thread():
                return act(*arguments)
            begun = time.thread_time()
            self._deep += 1
            try:
                return act(*arguments)
            finally:
                self._deep -= 1
                if not self._deep:  # what one act does within another is counted once
                    self.dock += time.thread_time() - begun

        return noted


@dataclass
class Desk:
    """A window with six layers, and with the dock or without."""

    viewer: napari.Viewer
    watch: Watch
    dock: ProfilesWidget | None = None

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


def opened(place: str, layers: dict[str, NDArray[np.float32]]) -> Desk:
    """Return a window; without the dock the lines are those of a plain layer of shapes."""
    viewer = napari.Viewer(show=True)
    viewer.window.resize(*SIZE)
    recipe = Recipe(psf={"name": "gaussian", "sigma": 3.0}, method="tv").plain()
    for name, picture in layers.items():
        made = {"napari-deconv": recipe} if " " in name else {}
        viewer.add_image(picture.copy(), name=name, metadata=made)
    desk = Desk(viewer, Watch())
    rows = np.linspace(0.08, 0.9, LINES) * SIDE
    ends = [[(row, 0.06 * SIDE), (row + 0.05 * SIDE, 0.94 * SIDE)] for row in rows]
    if place == CLOSED:
        viewer.add_shapes(ends, shape_type="line", edge_width=5, name="lines")
    else:
        dock = desk.dock = ProfilesWidget(viewer)
        if place == ALONE:
            dock.resize(*SIZE_ALONE)
            dock.show()
        else:
            viewer.window.add_dock_widget(dock, area="bottom", name="Profiles")
        for end in ends[:-1]:
            dock.add_line(*end)
        dock.add_path([ends[-1][0], (0.95 * SIDE, 0.5 * SIDE), ends[-1][1]])
        _count(dock, desk.watch)
    QTest.qWait(1000)
    if place == ALONE:
        viewer.window._qt_window.hide()
    until = time.monotonic() + PATIENCE
    while desk.dock is not None and desk.dock.busy and time.monotonic() < until:
        QTest.qWait(50)
    return desk


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

    canvas = dock._plots.canvas
    dock._plots.show_curves = watch.timed(counted)
    dock._snapshot = watch.timed(dock._snapshot)
    profile_work.trace_lines = watch.timed(profile_work.trace_lines)
    canvas.paintEvent = watch.timed(canvas.paintEvent)


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
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(desk.watch.beat)
    desk.watch.begin()
    timer.start(BEAT)
    own, cpu, wall = time.thread_time(), time.process_time(), time.monotonic()
    act(desk, seconds)
    own, cpu = time.thread_time() - own, time.process_time() - cpu
    wall = time.monotonic() - wall
    timer.stop()
    count = desk.watch.updates
    if desk.dock is not None and not count:
        raise SystemExit(f"No curve moved while {name}: the mouse missed the line.")
    late = f"{1000 * desk.watch.late:.0f}"
    if desk.dock is None:
        each = [f"{1000 * seconds / (ASKED * wall):.1f}" for seconds in (own, cpu)]
        return [name, "-", each[0], "-", each[1], late]
    each = [f"{1000 * seconds / count:.1f}" for seconds in (own, desk.watch.dock, cpu)]
    return [name, f"{count / wall:.1f}", *each, late]


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--markdown", action="store_true", help="print markdown")
    arguments.add_argument("--seconds", type=float, default=8.0, help="of each row")
    asked = arguments.parse_args()
    layers, rows = pictures(), []
    for place in PLACES:
        desk = opened(place, layers)
        for name, act in (
            ("an end of a line is dragged", drag_an_end),
            ("all lines are dragged", drag_all),
            ("a deconvolution runs", run),
        ):
            rows.append([place, *measured(name, act, desk, asked.seconds)])
        if place == ALONE and desk.dock is not None:
            desk.dock.close()
        desk.viewer.close()
    title = f"{LINES} lines over {len(layers)} layers of {SIDE} x {SIDE}"
    show(title, HEADER, rows, asked.markdown)


if __name__ == "__main__":
    main()
