"""Two newcomer's tours on the screen, by real clicks: from an empty window to a report.

Each action is one thing that a user does: a click, a drag, a name typed, a key. The script counts
them, times them, and leaves a picture of the window after each that changes what is seen:

    xvfb-run -a -s "-screen 0 1400x900x24" python scripts/tour.py DIR
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
from qtpy.QtCore import QPoint, Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QApplication,
    QDialogButtonBox,
    QFileDialog,
    QLineEdit,
    QMenu,
    QPushButton,
    QScrollArea,
    QWidget,
)

from napari_deconv.widgets.compare import CompareWidget
from napari_deconv.widgets.deblur import DeblurWidget
from napari_deconv.widgets.docks import open_docks
from napari_deconv.widgets.profiles import ProfilesWidget

MOST = 15
"""Actions that a tour stays below."""
PATIENCE = 300.0
LEFT = Qt.MouseButton.LeftButton
SIZE = (1400, 900)


class Tour:
    """A window, a user who acts on it, and somebody who counts."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.actions: list[tuple[str, float]] = []
        self.viewer = napari.Viewer(title=name)
        self.window: Any = self.viewer.window._qt_window  # noqa: SLF001
        self.window.resize(*SIZE)
        self.settle()

    def settle(self, seconds: float = 0.3) -> None:
        """Let the window live."""
        due = time.monotonic() + seconds
        while time.monotonic() < due:
            QApplication.processEvents()
            time.sleep(0.005)

    def wait(self, condition: Callable[[], bool]) -> None:
        """Let the window live until something has happened."""
        due = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > due:
                raise TimeoutError(f"{self.name}: nothing came of {self.actions[-1][0]}")
            self.settle(0.05)

    def act(self, words: str, action: Callable[[], Any]) -> None:
        """Do one thing, as a user would."""
        began = time.perf_counter()
        action()
        self.settle(0.1)
        self.actions.append((words, time.perf_counter() - began))

    def press(self, dock: QWidget, name: str, words: str) -> None:
        """Click a button."""
        button = self.reach(dock, name)
        self.act(words, lambda: QTest.mouseClick(button, LEFT))

    def reach(self, dock: QWidget, name: str) -> QPushButton:
        """Return a button that is in sight: it is scrolled to if need be, which is an action."""
        button = dock.findChild(QPushButton, name)
        assert button is not None, name
        assert button.isVisible(), name
        areas = [area for area in dock.findChildren(QScrollArea) if area.isAncestorOf(button)]
        if areas and button.visibleRegion().boundingRect() != button.rect():
            self.act(f"scroll to {button.text()}", lambda: areas[0].ensureWidgetVisible(button))
        assert button.visibleRegion().boundingRect() == button.rect(), name
        return button

    def menu(self, *path: str) -> None:
        """Click through the window's menus."""
        bar = self.window.menuBar()
        self.act(f"menu {path[0]}", lambda: click_entry(bar, path[0]))
        for entry in path[1:]:
            popup = QApplication.activePopupWidget()
            assert isinstance(popup, QMenu), path
            self.act(f"... {entry}", lambda popup=popup, entry=entry: click_entry(popup, entry))

    def save_as(self, dock: QWidget, name: str, path: Path) -> None:
        """Click a button that opens a file dialog, type a name, click Save."""
        button = self.reach(dock, name)

        def save() -> None:
            dialog = QApplication.activeModalWidget()
            if not isinstance(dialog, QFileDialog):
                return
            field = dialog.findChild(QLineEdit, "fileNameEdit")
            button = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Save)
            if not button.isEnabled():  # the dialog had not read the folder yet
                field.clear()
                QTest.keyClicks(field, str(path))
            field.completer().popup().hide()
            QTest.mouseClick(button, LEFT)
            QTimer.singleShot(500, save)

        def answer() -> None:
            dialog = QApplication.activeModalWidget()
            if not isinstance(dialog, QFileDialog):
                QTimer.singleShot(100, answer)
                return
            field = dialog.findChild(QLineEdit, "fileNameEdit")
            field.clear()
            self.actions.append((f"click {button.text()}", 0.0))
            self.actions.append(("type a name", 0.0))
            QTest.keyClicks(field, str(path))
            QTimer.singleShot(300, save)

        QTimer.singleShot(300, answer)
        self.act("click Save", lambda: QTest.mouseClick(button, LEFT))

    def drag(self, widget: QWidget, by: QPoint) -> None:
        """Drag a widget by its middle."""
        start = widget.rect().center()
        QTest.mousePress(widget, LEFT, pos=start)
        for step in range(1, 6):
            QTest.mouseMove(widget, start + by * (step / 5) - QPoint(widget.x() - self.at, 0))
            self.settle(0.02)
        QTest.mouseRelease(widget, LEFT, pos=start)

    def picture(self, name: str) -> None:
        """Keep how the window looks."""
        self.settle()
        self.window.grab().save(str(self.folder / f"{self.name}-{name}.png"))

    def dock(self, kind: type[Any]) -> Any:
        """Return the dock of a kind, once it is there."""
        self.wait(lambda: bool(open_docks(self.viewer, kind)))
        return open_docks(self.viewer, kind)[0]

    at = 0


def click_entry(menu: Any, text: str) -> None:
    """Click an entry of a menu or a menu bar."""
    plain = {one.text().replace("&", "").split(" (")[0]: one for one in menu.actions()}
    assert text in plain, (text, list(plain))
    QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(plain[text]).center())


def deblur_tour(folder: Path) -> Tour:
    """Restore the sample by TV, draw lines, write a report."""
    tour = Tour("deblur", folder)
    tour.menu("Plugins", "Deconvolution", "Deblur")
    dock = tour.dock(DeblurWidget)
    tour.press(dock, "open_sample", "click Open the sample")
    tour.wait(lambda: len(tour.viewer.layers) == 3)
    ended: list[str] = []
    dock.finished.connect(ended.append)
    tour.press(dock, "run", "click Run")
    tour.wait(lambda: bool(ended))
    assert ended == ["done"]
    tour.picture("restored")
    tour.menu("Plugins", "Deconvolution", "Profiles")
    profiles = tour.dock(ProfilesWidget)
    tour.press(profiles, "profile-add", "click Add profile lines")
    tour.picture("lines")
    written: list[bool] = []
    report = dock.panel.saving.report
    report.finished.connect(written.append)
    tour.save_as(dock, "report", folder / "deblur-report.html")
    tour.wait(lambda: bool(written))
    assert written == [True], report.line.text()
    tour.picture("reported")
    return tour


def compare_tour(folder: Path) -> Tour:
    """Compare four methods on the sample, swipe over the best, write a report."""
    tour = Tour("compare", folder)
    tour.menu("Plugins", "Deconvolution", "Compare")
    dock = tour.dock(CompareWidget)
    tour.press(dock, "open_sample", "click Open the sample")
    tour.wait(lambda: len(tour.viewer.layers) == 3)
    ended: list[str] = []
    dock.finished.connect(ended.append)
    tour.press(dock, "run", "click Run")
    tour.wait(lambda: bool(ended))
    assert ended == ["done"]
    table = dock.results.table
    header = table.horizontalHeader()
    place = QPoint(header.sectionViewportPosition(2) + 10, header.height() // 2)
    tour.act("click SSIM", lambda: QTest.mouseClick(header.viewport(), LEFT, pos=place))
    first = table.visualRect(table.model().index(0, 0)).center()
    tour.act("click the first row", lambda: QTest.mouseClick(table.viewport(), LEFT, pos=first))
    tour.picture("table")
    tour.press(dock, "view_swipe", "click Swipe")
    line = dock.results.view.swipe.line
    tour.at = line.x()
    tour.act("drag the line", lambda: tour.drag(line, QPoint(-90, 0)))
    tour.picture("swipe")
    written: list[bool] = []
    dock.results.report.finished.connect(written.append)
    tour.save_as(dock, "report", folder / "compare-report.html")
    tour.wait(lambda: bool(written))
    assert written == [True], dock.results.report.line.text()
    tour.press(dock, "view_grid", "click Grid")
    tour.picture("grid")
    return tour


TOURS = {"deblur": deblur_tour, "compare": compare_tour}


def main(folder: Path, name: str) -> int:
    """Go a tour, print what was done, and return 1 if that took too many actions."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}-report.html").unlink(missing_ok=True)  # the dialog would ask
    began = time.perf_counter()
    tour = TOURS[name](folder)
    seconds = time.perf_counter() - began
    print(f"{name}: {len(tour.actions)} actions, {seconds:.0f} s with computing")
    for number, (words, _) in enumerate(tour.actions, start=1):
        print(f"  {number:2} {words}", flush=True)
    tour.viewer.close()
    return int(len(tour.actions) >= MOST)


if __name__ == "__main__":
    place = sys.argv[1] if len(sys.argv) > 1 else "tour"
    if len(sys.argv) > 2:
        raise SystemExit(main(Path(place), sys.argv[2]))
    command = [sys.executable, __file__, place]  # each newcomer finds a fresh window
    raise SystemExit(max(subprocess.run([*command, each]).returncode for each in TOURS))
