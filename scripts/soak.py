"""Use the Profiles dock for half an hour: 10,000 updates and drags, and no memory that grows.

    xvfb-run -a -s "-screen 0 1400x900x24" python scripts/soak.py [--minutes 30] [--actions 10000]

A real window with a sample, two results, five lines and a path. Each action is one of those that a
user takes, chosen at random by a seed: an end is dragged with the mouse, a result gets new pixels,
a slice, a layer's visibility, the zoom or the theme changes, curves are pointed at, a line or a
layer comes and goes. Printed every half minute: actions, Python objects, Qt widgets, items of the
plots, and memory three ways: resident; resident after malloc has given back whole pages that lie
free in it, which it keeps by the hundred megabytes where arrays of a megabyte come and go; and
what malloc has given out. At the end a straight line is laid through the second of them over the
last two thirds; it fails if that rises by more than 5 MB for 1000 actions and 20 MB in all, or if
an action failed. ``--without-dock`` does the same to napari alone: what grows there too is not
ours (vispy keeps each press of the mouse, and with it the one before), and is taken off by
``--alone``.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import sys
import time
from collections.abc import Callable, Sequence
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

SIZE = (900, 660)
MOST_RISE, MOST_A_THOUSAND = 20.0, 5.0
"""Megabytes, in all and for 1000 actions."""
REPORTS = 30.0
"""Seconds between two lines of the report, fewer in a short run."""
LINES = (
    *([(row, 40), (row + 40, 460)] for row in (60, 150, 240, 330, 420)),
    [(100, 100), (200, 300), (400, 200)],
)
"""Corners (y, x) of the lines and the path."""


@dataclass
class Soak:
    """A window in use."""

    viewer: napari.Viewer
    dock: ProfilesWidget | None
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    count: int = 0

    @classmethod
    def opened(cls, with_dock: bool = True) -> Soak:
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
        dock = None
        if with_dock:
            dock = ProfilesWidget(viewer)
            viewer.window.add_dock_widget(dock, area="bottom", name="Profiles")
            for line in LINES:
                dock.add_path(line)
        else:
            kinds = ["line" if len(line) == 2 else "path" for line in LINES]
            viewer.add_shapes(list(LINES), shape_type=kinds, edge_width=3, name="profiles")
        QTest.qWait(500)
        return cls(viewer, dock)

    @property
    def actions(self) -> list[tuple[float, Callable[[], None]]]:
        """What a user does, and how often."""
        of_the_dock = [(0.08, self.point), (0.04, self.widen), (0.01, self.switch)]
        return [
            (0.35, self.drag),
            (0.30, self.update),
            (0.06, self.slice),
            (0.06, self.hide),
            (0.05, self.zoom),
            (0.03, self.line_comes_or_goes),
            (0.015, self.layer_comes_and_goes),
            (0.005, self.theme),
            *of_the_dock,  # nothing without it, so that drags are as many
        ]

    def act(self) -> None:
        """Take one action, and let the window live."""
        shares, acts = zip(*self.actions, strict=True)
        acts[self.rng.choice(len(acts), p=np.divide(shares, sum(shares)))]()
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
        if self.dock is None:
            return
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
        if self.dock is None:
            return
        number = int(self.rng.integers(1, self.viewer.layers["profiles"].nshapes + 1))
        self.dock._lines.set_width(float(self.rng.integers(1, 30)), number)  # noqa: SLF001

    def line_comes_or_goes(self) -> None:
        """Add a line, or remove the last one."""
        layer = self.viewer.layers["profiles"]
        if layer.nshapes > 7:
            layer.selected_data = {layer.nshapes - 1}
            layer.remove_selected()
        else:
            ends = self.rng.uniform(20, 490, (2, 2))
            if self.dock is None:
                layer.add_lines([ends], edge_width=3)
            else:
                self.dock.add_line(*ends)

    def layer_comes_and_goes(self) -> None:
        """Add an image for a moment."""
        noise = self.rng.normal(0.5, 0.1, (512, 512)).astype(np.float32)
        layer = self.viewer.add_image(noise, name="short-lived")
        QTest.qWait(60)
        self.viewer.layers.remove(layer)

    def switch(self) -> None:
        """Press one of the dock's switches."""
        if self.dock is None:
            return
        names = ["profile-reblurred", "profile-difference", "profile-markers"]
        self.dock.findChild(QPushButton, str(self.rng.choice(names))).click()

    def theme(self) -> None:
        """Change between dark and light."""
        self.viewer.theme = "light" if self.viewer.theme == "dark" else "dark"

    def state(self) -> str:
        """Return what could grow beside memory, as text."""
        dock = self.dock
        items = 0 if dock is None else len(dock._plots.canvas.scene().items())  # noqa: SLF001
        return (
            f"{len(gc.get_objects())} objects · {len(QApplication.allWidgets())} widgets · "
            f"{items} items of plots"
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


class _MallInfo(ctypes.Structure):
    """``struct mallinfo2`` of the C library."""

    names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = tuple((name, ctypes.c_size_t) for name in names.split())


@dataclass(frozen=True)
class Memory:
    """Memory of this process in MB.

    Attributes
    ----------
    resident, trimmed : float
        In pages of the machine: as they are, and after malloc gave back those that lie free.
    given_out : float
        By malloc, and not got back.
    """

    resident: float
    trimmed: float
    given_out: float

    @classmethod
    def now(cls) -> Memory:
        """Look, once Python's garbage is gone."""
        gc.collect()
        before = _resident()
        library = ctypes.CDLL(None)
        library.malloc_trim(0)
        library.mallinfo2.restype = _MallInfo
        found = library.mallinfo2()
        return cls(before, _resident(), (found.uordblks + found.hblkhd) / 1e6)

    def __str__(self) -> str:
        """Return all three."""
        return (
            f"{self.resident:.0f} MB resident, {self.trimmed:.0f} trimmed, "
            f"{self.given_out:.0f} given out"
        )


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def verdict(
    actions: Sequence[float], megabytes: Sequence[float], alone: float = 0.0
) -> tuple[bool, str]:
    """Return whether memory is flat after the first third of a run, and a sentence on it.

    What napari alone grows by for 1000 actions is taken off.
    """
    start = len(actions) // 3
    rise = 0.0
    if len(actions) - start > 2 and actions[-1] > actions[start]:
        rise = 1000 * float(np.polyfit(actions[start:], megabytes[start:], 1)[0])
    ours = rise - alone
    grown = ours * (actions[-1] - actions[start]) / 1000
    flat = ours <= MOST_A_THOUSAND or grown <= MOST_RISE
    return flat, (
        f"{'flat' if flat else 'NOT FLAT'}: memory rises by {rise:.2f} MB for 1000 actions, "
        f"{ours:.2f} of them ours, {grown:.0f} MB in the last two thirds; allowed are "
        f"{MOST_A_THOUSAND:.0f} MB for 1000 or {MOST_RISE:.0f} MB in all"
    )


def main() -> None:
    """Use the dock, and report."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--minutes", type=float, default=30.0)
    arguments.add_argument("--actions", type=int, default=10_000, help="at least, however long")
    arguments.add_argument("--without-dock", action="store_true", help="napari alone, to compare")
    arguments.add_argument(
        "--alone", type=float, default=0.0, help="megabytes for 1000 actions that napari takes"
    )
    asked = arguments.parse_args()
    failures: list[str] = []
    sys.excepthook = lambda kind, error, trace: failures.append(f"{kind.__name__}: {error}")
    soak = Soak.opened(not asked.without_dock)
    pause = min(REPORTS, 60 * asked.minutes / 12)
    begun, told = time.monotonic(), -np.inf
    actions: list[float] = []
    megabytes: list[float] = []

    def tell(when: str) -> None:
        found = Memory.now()
        actions.append(soak.count)
        megabytes.append(found.trimmed)
        print(f"{when} · {soak.count} actions · {found} · {soak.state()}", flush=True)

    while (t := time.monotonic() - begun) < 60 * asked.minutes or soak.count < asked.actions:
        soak.act()
        if t - told >= pause:
            told = t
            tell(f"{t / 60:5.1f} min")
    QTest.qWait(1000)
    tell("end")
    flat, sentence = verdict(actions, megabytes, asked.alone)
    print(f"{len(failures)} failures {failures[:3]}")
    soak.viewer.close()
    print(sentence)
    if failures or not flat:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
