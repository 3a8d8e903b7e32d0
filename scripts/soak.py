"""Use the Profiles dock for half an hour: 10,000 updates and drags, and no memory that grows.

    xvfb-run -a -s "-screen 0 1400x900x24" python scripts/soak.py [--minutes 30] [--actions 10000]

A real window with a sample, two results and five lines. Each action is one of those that a user
takes, chosen at random by a seed: an end is dragged with the mouse, a result gets new pixels, a
slice, a layer's visibility, the zoom or the theme changes, curves are pointed at, a line or a
layer comes and goes. Printed once a minute: actions, resident memory, Python objects, Qt widgets and
items of the plots. At the end a straight line is laid through the memory of the last two thirds;
it fails if that rises by more than 1 MB a minute and 20 MB in all, or if an action failed.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

os.environ["NAPARI_CONFIG"] = ""  # leave the user's settings alone
os.environ.setdefault("OMP_NUM_THREADS", "1")

import napari
import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QPushButton

from napari_deconv.readers import as_layers
from napari_deconv.recipe import Recipe
from napari_deconv.samples import radiograph
from napari_deconv.widgets.profiles import ProfilesWidget

SIZE = (1400, 900)
MOST_RISE, MOST_A_MINUTE = 20.0, 1.0
"""Megabytes."""
REPORTS = 60.0
"""Seconds between two lines of the report, fewer in a short run."""


@dataclass
class Soak:
    """A window in use."""

    viewer: napari.Viewer
    dock: ProfilesWidget
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    count: int = 0

    @classmethod
    def opened(cls) -> Soak:
        """Return a window with a sample, two results, five lines and a path."""
        viewer = napari.Viewer(show=True)
        viewer.window.resize(*SIZE)
        sample = radiograph(shape=(512, 512))
        reference, _, scan = as_layers(sample, "radiograph")
        truth, data = np.asarray(reference[0]), np.asarray(scan[0])
        recipe = Recipe(psf={"name": "gaussian", "sigma": 2.0}, method="tv").plain()
        viewer.add_image(truth, name="reference")
        viewer.add_image(data, name="radiograph")
        for name, share in (("tv", 0.7), ("tgv", 0.5)):
            picture = (share * truth + (1 - share) * data).astype(np.float32)
            viewer.add_image(
                picture, name=f"radiograph {name}", metadata={"napari-deconv": dict(recipe)}
            )
        stack = np.stack([data, truth, 0.5 * (data + truth)]).astype(np.float32)
        viewer.add_image(stack, name="stack", visible=False)
        dock = ProfilesWidget(viewer)
        viewer.window.add_dock_widget(dock, area="bottom", name="Profiles")
        for row in (60, 150, 240, 330, 420):
            dock.add_line((row, 40), (row + 40, 460))
        dock.add_path([(100, 100), (200, 300), (400, 200)])
        QTest.qWait(500)
        return cls(viewer, dock)

    @property
    def actions(self) -> list[tuple[float, Callable[[], None]]]:
        """What a user does, and how often."""
        return [
            (0.35, self.drag),
            (0.30, self.update),
            (0.08, self.point),
            (0.06, self.slice),
            (0.06, self.hide),
            (0.05, self.zoom),
            (0.04, self.widen),
            (0.03, self.line_comes_or_goes),
            (0.015, self.layer_comes_and_goes),
            (0.01, self.switch),
            (0.005, self.theme),
        ]

    def act(self) -> None:
        """Take one action, and let the window live."""
        shares, acts = zip(*self.actions, strict=True)
        acts[self.rng.choice(len(acts), p=shares)]()
        self.count += 1
        QApplication.processEvents()

    def drag(self) -> None:
        """Drag an end of a line with the mouse."""
        layer = self.viewer.layers["profiles"]
        self.viewer.layers.selection.active = layer
        layer.mode = "direct"
        index = int(self.rng.integers(layer.nshapes))
        layer.selected_data = {index}
        start = np.array(layer.data[index][0])
        end = self.rng.uniform(20, 490, 2)
        self._mouse("move", start)
        self._mouse("press", start)
        for share in np.linspace(0.3, 1, 3):
            self._mouse("move", start + share * (end - start))
            QApplication.processEvents()
        self._mouse("release", end)

    def update(self) -> None:
        """Give a result new pixels, as a running deconvolution does."""
        layer = self.viewer.layers[str(self.rng.choice(["radiograph tv", "radiograph tgv"]))]
        noise = self.rng.normal(0, 0.002, layer.data.shape).astype(np.float32)
        layer.data = (layer.data + noise).astype(np.float32)

    def point(self) -> None:
        """Point at a curve."""
        port = self.dock._plots.canvas.viewport()  # noqa: SLF001
        x, y = self.rng.integers(10, (port.width() - 10, port.height() - 10))
        QTest.mouseMove(port, QPoint(int(x), int(y)))

    def slice(self) -> None:
        """Show another slice of the stack."""
        self.viewer.layers["stack"].visible = True
        self.viewer.dims.set_point(0, int(self.rng.integers(3)))

    def hide(self) -> None:
        """Hide a layer, or show it again."""
        layer = self.viewer.layers[str(self.rng.choice(["radiograph", "radiograph tgv", "stack"]))]
        layer.visible = not layer.visible

    def zoom(self) -> None:
        """Look closer or from farther off."""
        self.viewer.scene.camera.zoom = float(self.rng.uniform(0.5, 2.5))
        self.viewer.scene.camera.center = (0.0, 256.0, 256.0)

    def widen(self) -> None:
        """Average a line over another width."""
        number = int(self.rng.integers(1, self.viewer.layers["profiles"].nshapes + 1))
        self.dock._lines.set_width(float(self.rng.integers(1, 30)), number)  # noqa: SLF001

    def line_comes_or_goes(self) -> None:
        """Add a line, or remove the last one."""
        layer = self.viewer.layers["profiles"]
        if layer.nshapes > 7:
            layer.selected_data = {layer.nshapes - 1}
            layer.remove_selected()
        else:
            self.dock.add_line(*self.rng.uniform(20, 490, (2, 2)))

    def layer_comes_and_goes(self) -> None:
        """Add an image for a moment."""
        noise = self.rng.normal(0.5, 0.1, (512, 512)).astype(np.float32)
        layer = self.viewer.add_image(noise, name="short-lived")
        QTest.qWait(60)
        self.viewer.layers.remove(layer)

    def switch(self) -> None:
        """Press one of the dock's switches."""
        names = ["profile-reblurred", "profile-difference", "profile-markers"]
        self.dock.findChild(QPushButton, str(self.rng.choice(names))).click()

    def theme(self) -> None:
        """Change between dark and light."""
        self.viewer.theme = "light" if self.viewer.theme == "dark" else "dark"

    def state(self) -> str:
        """Return what could grow, as text."""
        gc.collect()
        items = len(self.dock._plots.canvas.scene().items())  # noqa: SLF001
        widgets = len(QApplication.allWidgets())
        return (
            f"{self.count} actions · {memory():.0f} MB · {len(gc.get_objects())} objects · "
            f"{widgets} widgets · {items} items of plots"
        )

    def _mouse(self, what: str, world: np.ndarray) -> None:
        canvas = self.viewer.window._qt_viewer.canvas  # noqa: SLF001
        camera = self.viewer.scene.camera
        size = np.array(canvas.size, float)
        y, x = (np.asarray(world) - camera.center[-2:]) * camera.zoom + size / 2
        point = QPoint(round(x), round(y))
        if what == "move":
            QTest.mouseMove(canvas.native, point)
            return
        act = QTest.mousePress if what == "press" else QTest.mouseRelease
        act(canvas.native, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)


def memory() -> float:
    """Return the resident memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def slope(minutes: list[float], megabytes: list[float]) -> float:
    """Return how memory rises, in MB a minute, over the last two thirds of a run."""
    start = len(minutes) // 3
    if len(minutes) - start < 3:
        return 0.0
    return float(np.polyfit(minutes[start:], megabytes[start:], 1)[0])


def main() -> None:
    """Use the dock, and report."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--minutes", type=float, default=30.0)
    arguments.add_argument("--actions", type=int, default=10_000, help="at least, however long")
    asked = arguments.parse_args()
    failures: list[str] = []
    sys.excepthook = lambda kind, error, trace: failures.append(f"{kind.__name__}: {error}")
    soak = Soak.opened()
    pause = min(REPORTS, 60 * asked.minutes / 12)
    begun, told = time.monotonic(), -np.inf
    minutes: list[float] = []
    megabytes: list[float] = []
    while (t := time.monotonic() - begun) < 60 * asked.minutes or soak.count < asked.actions:
        soak.act()
        if t - told >= pause:
            told = t
            minutes.append(t / 60)
            megabytes.append(memory())
            print(f"{t / 60:5.1f} min · {soak.state()}", flush=True)
    QTest.qWait(1000)
    rise = slope(minutes, megabytes)
    grown = rise * (minutes[-1] - minutes[len(minutes) // 3])
    print(f"end · {soak.state()}")
    print(f"memory rises by {rise:.2f} MB a minute, {grown:.0f} MB in the last two thirds")
    print(f"{len(failures)} failures {failures[:3]}")
    soak.viewer.close()
    if failures or (rise > MOST_A_MINUTE and grown > MOST_RISE):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
