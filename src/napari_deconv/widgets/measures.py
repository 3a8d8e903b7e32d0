"""The Measures dock: figures to standards, in shapes that are measured again on every change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
import numpy as np
from qtpy.QtCore import QEvent, QTimer
from qtpy.QtWidgets import QApplication, QSizePolicy, QVBoxLayout, QWidget

from napari_deconv.evidence.measures import MEASURES
from napari_deconv.widgets.layer_choice import MUCH_SMALLER, likely_image
from napari_deconv.widgets.measure_panel import MeasurePanel
from napari_deconv.widgets.measure_shapes import MeasureShapes
from napari_deconv.widgets.measure_task import Results, Task, larger
from napari_deconv.widgets.measure_words import curves_csv, figures_csv, labels
from napari_deconv.widgets.profile_jobs import Latest
from napari_deconv.widgets.profile_planes import Plane, shows_plane, visible_planes
from napari_deconv.widgets.profile_saving import ask_path
from napari_deconv.widgets.profile_watch import ViewerWatch

if TYPE_CHECKING:
    from napari.layers import Image
    from numpy.typing import ArrayLike

PAUSE = 0.15
"""Least seconds between two measurements: they follow a shape that is dragged."""
SOON = 40
"""Milliseconds from a change to its measurement; more changes meanwhile are one."""
KINDS = ("Table (*.csv)", "All curves (*.csv)")
NO_PLANE = "Measures need the 2-D view of the last two axes: press the 2D/3D or roll button."
NO_VISIBLE = "No image is visible: press the eye of a layer."


class MeasuresWidget(QWidget):
    """The dock, which scripts may drive as well.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        Whose visible images are measured.

    Attributes
    ----------
    panel : MeasurePanel
        The fields, table, plot, buttons and lines.
    results : Results
        What was measured last.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.setObjectName("measures_dock")
        self._viewer = viewer = getattr(viewer, "__wrapped__", viewer)
        self.panel = MeasurePanel(viewer)
        self.results = Results()
        self._known: dict[tuple[Any, ...], Any] = {}
        self._chosen = 0
        self._shapes = MeasureShapes(viewer, self._schedule)
        self._watch = ViewerWatch(
            viewer, self._schedule, self._relist, self._restyle, self._shapes.place_labels
        )
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SOON)
        self._timer.timeout.connect(self._look)
        executor = ThreadPoolExecutor(1, thread_name_prefix="napari-deconv-measures")
        self._latest: Latest[Results] = Latest(self, executor, self._show, self._complain, PAUSE)
        self._connect()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.panel)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.destroyed.connect(partial(_end, self._watch, self._shapes, executor))
        self._join()

    @property
    def kind(self) -> str:
        """Name of the measure that the next shape is for, see `evidence.measures.MEASURES`."""
        return self.panel.kind_name

    @kind.setter
    def kind(self, name: str) -> None:
        if name not in MEASURES:
            raise ValueError(f"There is no measure {name!r}; choose one of: {', '.join(MEASURES)}.")
        self.panel.kind.setCurrentIndex(self.panel.kind.findData(name))

    @property
    def busy(self) -> bool:
        """Whether a measurement is under way or waits."""
        return self._timer.isActive() or not self._latest.idle

    def draw_shape(self) -> None:
        """Let the next drag on the canvas draw what the chosen measure needs."""
        image = self._image()
        if image is not None:
            self._shapes.draw(self.kind, image)
            said = MEASURES[self.kind].drawing
            self.panel.status.say(said, "plain")
            self._viewer.status = said

    def add_shape(self, points: ArrayLike, kind: str | None = None) -> None:
        """Add a shape by its corners or ends.

        Parameters
        ----------
        points : array_like, shape (4, 2) or (2, 2)
            Corners of a box or around a circle, or ends of a line, as (row, column) in pixels of
            the image.
        kind : str, optional
            Name of its measure; the chosen one if left out.

        Raises
        ------
        ValueError
            In one sentence, if there is no image, none that can be measured, or no such measure.
        """
        image = self._image()
        if image is None:
            raise ValueError("A shape needs an image; open one first.")
        if kind is not None:
            self.kind = kind
        planes, left_out = self._planes(everything=True)
        plane = next((p for p in planes if p.layer is image), None)
        if plane is None:
            raise ValueError(_unseen(left_out) if shows_plane(self._viewer) else NO_PLANE)
        to_world = np.linalg.inv(plane.world_to_data)
        world = np.asarray(points, np.float64) @ to_world[:2, :2].T + to_world[:2, 2]
        self._shapes.add(self.kind, world, image)
        self._schedule()

    def csv(self, curves: bool = False) -> str:
        """Return all figures, or every point of every curve, as comma-separated values."""
        return curves_csv(self.results) if curves else figures_csv(self.results)

    def event(self, event: QEvent | None) -> bool:
        """Rest while the dock is closed, and start again when it is docked anew."""
        if event is not None and event.type() == QEvent.Type.ParentChange:
            if self.parent() is None:
                self._timer.stop()
                self._latest.drop()
                _end(self._watch, self._shapes)
            else:
                self._join()
        return bool(super().event(event))

    def _join(self) -> None:
        self._watch.open()
        self._restyle()
        self._relist()

    def _connect(self) -> None:
        panel = self.panel
        panel.changed.connect(self._schedule)
        panel.draw.clicked.connect(self.draw_shape)
        panel.remove.clicked.connect(self._remove)
        panel.copy.clicked.connect(self._copy)
        panel.save.clicked.connect(self._save)
        panel.table.chosen.connect(self._choose)

    def _schedule(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _relist(self) -> None:
        self.panel.colors.part(self._viewer.layers)
        self._schedule()

    def _restyle(self) -> None:
        self.panel.paint(self._viewer.theme)

    def _image(self) -> Image | None:
        return likely_image(self._viewer.layers)

    def _planes(self, *, everything: bool = False) -> tuple[list[Plane], list[str]]:
        """Return what is measured, and why the rest of what is visible is not."""
        if not shows_plane(self._viewer):
            return [], []
        planes, left_out = visible_planes(
            self._viewer, self._image() if everything else None, self._watch.version
        )
        return larger(planes, MUCH_SMALLER), left_out

    def _look(self) -> None:
        """Have measured what is not what it was, or say what there is to do."""
        self._shapes.find()
        self._shapes.fit()
        planes, left_out = self._planes()
        drawn = self._shapes.read()
        image = self._image()
        self.panel.invitation.setVisible(image is None)
        self.panel.draw.setEnabled(image is not None)
        if image is None:
            self.panel.invitation.line.say("No image yet: drop one on the window, or")
        if self._shapes.layer is not None and len(self._shapes.layer.selected_data) == 1:
            self._chosen = self._shapes.chosen()
        todo = "" if image is None else self._todo(planes, left_out, bool(drawn))
        if todo or image is None:
            self._latest.drop()
            self._show(Results())
            self.panel.status.say(todo, "plain")
            return
        try:
            terms = self.panel.terms
        except ValueError as error:
            self.panel.status.say(str(error), "error")
            return
        self._latest.submit(Task(tuple(drawn), tuple(planes), terms, self._known))

    def _todo(self, planes: list[Plane], left_out: list[str], drawn: bool) -> str:
        """Return what to do before there is anything to measure, or nothing."""
        if not shows_plane(self._viewer):
            return NO_PLANE
        if not planes:
            return _unseen(left_out)
        if self._shapes.drawing and not drawn:
            return MEASURES[self.kind].drawing
        return "" if drawn else f"Press “{self.panel.draw.text()}”, then draw on the picture."

    def _show(self, results: Results) -> None:
        self.results = results
        self.panel.colors.meet(results.planes)
        self.panel.show_results(results, self._chosen)
        self._shapes.label(labels(results))

    def _complain(self, error: BaseException) -> None:
        self.panel.status.say(f"It can't be measured: {error!r}.", "error")

    def _choose(self, row: int) -> None:
        self._chosen = row
        self._shapes.choose(row)
        self.panel.show_results(self.results, row)

    def _remove(self) -> None:
        self._shapes.remove(self.panel.row)
        self._chosen = max(0, self._chosen - 1)
        self._schedule()

    def _copy(self) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.csv())
            self.panel.status.say("The figures are on the clipboard.", "plain")

    def _save(self) -> None:
        asked = ask_path(self, "Save measures", KINDS)
        if asked is not None:
            path, kind = asked
            self.save_csv(path, curves=kind == KINDS[1])

    def save_csv(self, path: str | Path, *, curves: bool = False) -> bool:
        """Write figures or curves; the dock says where they went, or why not."""
        try:
            Path(path).write_text(self.csv(curves), encoding="utf-8", newline="")
        except OSError as error:
            self.panel.status.say(f"{path} can't be written: {error.strerror}.", "error")
            return False
        self.panel.status.say(f"Saved {path}.", "plain")
        return True


def _unseen(left_out: list[str]) -> str:
    """Return why nothing that is visible can be measured."""
    return f"Not measured: {', '.join(left_out)}." if left_out else NO_VISIBLE


def _end(
    watch: ViewerWatch,
    shapes: MeasureShapes,
    executor: ThreadPoolExecutor | None = None,
    *_: Any,
) -> None:
    """Let go of the viewer; a measurement that still runs ends unheard."""
    watch.close()
    shapes.release()
    if executor is not None:
        executor.shutdown(wait=False, cancel_futures=True)
