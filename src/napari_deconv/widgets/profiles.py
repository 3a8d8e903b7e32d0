"""The Profiles dock: what lines show of every visible image, while they are dragged."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
import numpy as np
from napari.layers import Image, Layer
from qtpy.QtCore import QEvent, QTimer
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_deconv.widgets.layer_choice import MUCH_SMALLER
from napari_deconv.widgets.profile_csv import write_csv, write_curves_csv
from napari_deconv.widgets.profile_curves import Curves
from napari_deconv.widgets.profile_export import ProfileExport
from napari_deconv.widgets.profile_jobs import Paced
from napari_deconv.widgets.profile_lines import ProfileLines
from napari_deconv.widgets.profile_picture import PlotPicture
from napari_deconv.widgets.profile_planes import Plane, shows_plane, visible_planes
from napari_deconv.widgets.profile_store import ImageFigures
from napari_deconv.widgets.profile_style import Theme
from napari_deconv.widgets.profile_view import ProfileView
from napari_deconv.widgets.profile_watch import ViewerWatch
from napari_deconv.widgets.profile_words import hint, label, meaning
from napari_deconv.widgets.profile_work import (
    CURVES_PAUSE,
    FIGURES_PAUSE,
    ProfileWork,
    Receivers,
    Task,
)
from napari_deconv.widgets.tone import sheet

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from qtpy.QtGui import QImage


DRAWING = {
    "add_line": "Drag on the canvas to draw a profile line.",
    "add_polyline": "Click on the canvas at each corner of the path; a double click ends it.",
}
"""What the viewer says while a line or a path is drawn."""


class ProfilesWidget(QWidget):
    """Plots and measures lines over all visible images at once.

    Parameters
    ----------
    viewer : napari.viewer.Viewer
        The viewer whose images are compared.
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.setObjectName("profiles-dock")
        self._viewer = viewer = getattr(viewer, "__wrapped__", viewer)
        self._refreshed = 0.0
        self._notices: list[str] = []
        self._lines = ProfileLines(viewer, self._schedule)
        self._watch = ViewerWatch(
            viewer, self._schedule, self._relist, self._restyle, self._lines.place_labels
        )
        self._view = ProfileView(viewer)
        self._controls, self._plots = self._view.controls, self._view.plots
        self._table, self._status = self._view.table, self._view.status
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._view)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._refresh)
        receivers = Receivers(
            self._show_curves, self._table.figures.set_rows, self._show_images, self._show_error
        )
        self._work = ProfileWork(self, receivers)
        self._labeling = Paced(self, self._lines.label, FIGURES_PAUSE)
        self._connect()
        self.destroyed.connect(partial(_end, self._watch, self._lines, self._work.executor))
        self._resume()

    def _connect(self) -> None:
        controls, table = self._controls, self._table
        self._export = ProfileExport(self, self._status.say)
        controls.add.clicked.connect(self._on_add)
        controls.path.clicked.connect(lambda: self._draw("add_polyline"))
        controls.width_box.valueChanged.connect(self._on_width)
        controls.reference_box.picked.connect(self._schedule)
        controls.reblurred.toggled.connect(self._schedule)
        controls.difference.toggled.connect(self._plots.show_differences)
        controls.markers.toggled.connect(self._plots.show_markers)
        controls.offer_copies(self._export.copies())
        controls.save.clicked.connect(self._export.save)
        table.figures.widened.connect(lambda number, px: self._lines.set_width(px, number))
        table.recolored.connect(lambda number, color: self._lines.set_color(color, number))

    @property
    def reference(self) -> Layer | None:
        """The layer that all others are compared with; set it to a layer, its name, or None."""
        return self._controls.reference

    @reference.setter
    def reference(self, layer: Layer | str | None) -> None:
        if isinstance(layer, str):
            if layer not in self._viewer.layers:
                raise ValueError(f"There is no layer {layer!r} in this viewer.")
            layer = self._viewer.layers[layer]
        self._controls.reference = layer

    @property
    def line_width(self) -> int:
        """Width of new lines in pixels of the finest image that they cross; setting it sets all."""
        return int(self._controls.width_box.value())

    @line_width.setter
    def line_width(self, pixels: int) -> None:
        box = self._controls.width_box
        if not box.minimum() <= pixels <= box.maximum():
            raise ValueError(
                f"The line width must be {box.minimum()} to {box.maximum()} pixels, not {pixels}."
            )
        box.setValue(pixels)
        self._lines.set_width(pixels)

    @property
    def busy(self) -> bool:
        """Whether curves or figures are on their way."""
        return self._timer.isActive() or not (self._work.idle and self._labeling.idle)

    def add_line(self, start: ArrayLike, end: ArrayLike, width: int | None = None) -> None:
        """Add a line to the layer ``profiles``, which is made if it is not there.

        Parameters
        ----------
        start, end : array_like, (2,)
            The ends as (y, x) in world coordinates.
        width : int, optional
            Pixels that it is averaged over; those of new lines if left out.

        Raises
        ------
        ValueError
            If the viewer shows no image.
        """
        self.add_path(np.asarray([start, end], np.float64), width)

    def add_path(self, points: ArrayLike, width: int | None = None) -> None:
        """Add a path to the layer ``profiles``, which is made if it is not there.

        Parameters
        ----------
        points : array_like, (k, 2)
            Its corners as (y, x) in world coordinates, two or more.
        width : int, optional
            Pixels that it is averaged over; those of new lines if left out.

        Raises
        ------
        ValueError
            If the viewer shows no image, or the points are no path.
        """
        corners = np.asarray(points, np.float64)
        if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 2:
            raise ValueError("A path needs two or more points (y, x).")
        self._lines.make(self._main_plane().layer)
        self._lines.add(corners, width)
        self._schedule()

    def table_rows(self) -> list[dict[str, Any]]:
        """Return the table as it stands for the present lines and data.

        Returns
        -------
        list of dict
            One for each line and layer; figures that are not there are None.
        """
        self._refresh_now()
        return self._table.figures.records()

    def csv(self, curves: bool = False) -> str:
        """Return the table, or every sample of every curve, as comma-separated values.

        Parameters
        ----------
        curves : bool
            The curves instead of the table.

        Returns
        -------
        str
            The text with a header line.
        """
        rows = self.table_rows()
        return write_curves_csv(self._work.curves) if curves else write_csv(rows)

    def picture(self) -> QImage:
        """Return legend and plots, also those that are scrolled out of sight."""
        self._refresh_now()
        return PlotPicture(self._plots, Theme.named(self._viewer.theme)).image()

    def save_plot(self, path: str | Path) -> None:
        """Write legend and plots as PNG or SVG.

        Parameters
        ----------
        path : str or Path
            Where to write; it ends in ``.png`` or ``.svg``.

        Raises
        ------
        ValueError
            If the path ends otherwise or cannot be written.
        """
        self._refresh_now()
        PlotPicture(self._plots, Theme.named(self._viewer.theme)).save(Path(path))

    def event(self, event: QEvent | None) -> bool:
        """Rest while the dock is closed, and start again when it is docked anew."""
        if event is not None and event.type() == QEvent.Type.ParentChange:
            if self.parent() is None:
                self._rest()
            else:
                self._resume()
        return bool(super().event(event))

    def _resume(self) -> None:
        self._watch.open()
        self._restyle()
        self._relist()

    def _rest(self) -> None:
        self._timer.stop()
        self._labeling.drop()
        self._work.rest()
        _end(self._watch, self._lines)

    def _schedule(self) -> None:
        if not self._timer.isActive():
            due = self._refreshed + CURVES_PAUSE - time.monotonic()
            self._timer.start(max(1, round(1000 * due)))

    def _relist(self) -> None:
        self._controls.reference_box.refresh()
        self._view.colors.part(self._viewer.layers)
        self._schedule()

    def _restyle(self) -> None:
        self.setStyleSheet(sheet(self._viewer.theme))
        self._plots.set_theme(Theme.named(self._viewer.theme))

    def _refresh(self) -> None:
        self._work.submit(self._snapshot())

    def _refresh_now(self) -> None:
        self._timer.stop()
        self._work.compute(self._snapshot())

    def _snapshot(self) -> Task:
        """Return what is to be computed; the worker reads no layer."""
        self._refreshed = time.monotonic()
        self._lines.find()
        self._lines.fit()
        planes: list[Plane] = []
        self._notices = []
        if shows_plane(self._viewer):
            planes, left_out = visible_planes(self._viewer, self.reference, self._watch.version)
            self._notices = [f"Left out: {', '.join(left_out)}."] if left_out else []
        others = self._lines.others()
        if others:
            self._notices.append(f"{others} of the shapes in 'profiles' are no lines.")
        lines = self._lines.read() if planes else []
        return Task(lines, planes, self._controls.reblurred.isChecked())

    def _show_curves(self, curves: Curves) -> None:
        todo = hint(self._viewer, curves)
        self._view.advise(todo)
        self._view.colors.meet(curves.planes)
        self._plots.show_curves(curves)
        self._lines.place_labels()
        self._labeling.submit([label(line) for line in curves.lines])
        known = [] if todo else [meaning(curves, self.reference)]
        self._status.say(" ".join([*known, *self._notices]))

    def _show_images(self, images: dict[Image, ImageFigures | None]) -> None:
        self._table.figures.set_images(images)

    def _show_error(self, error: BaseException) -> None:
        self._status.say(f"The profiles could not be computed: {error}", "error")

    def _main_plane(self) -> Plane:
        """Return the plane that lines are meant for: the active image, unless it is a PSF."""
        planes, _ = visible_planes(self._viewer, self.reference, self._watch.version)
        if not planes:
            raise ValueError("Profile lines need a visible image; open one first.")
        active = self._viewer.layers.selection.active
        areas = {plane: plane.shape[0] * plane.shape[1] for plane in planes}
        large = [plane for plane in planes if MUCH_SMALLER * areas[plane] > max(areas.values())]
        return max(large, key=lambda p: (p.layer is active, p.role != "reference", areas[p]))

    def _on_add(self) -> None:
        self._lines.find()
        if self._lines.read():
            self._draw("add_line")
            return
        try:
            plane = self._main_plane()
        except ValueError as error:
            self._status.say(str(error), "error")
            return
        self._lines.make(plane.layer)
        self._lines.add_first(plane)
        self._lines.grasp()
        self._schedule()

    def _draw(self, mode: str) -> None:
        """Let what is drawn next on the canvas be a line or a path."""
        try:
            self._lines.make(self._main_plane().layer)
        except ValueError as error:
            self._status.say(str(error), "error")
            return
        self._lines.draw(mode)
        self._viewer.status = DRAWING[mode]
        self._schedule()

    def _on_width(self, pixels: int) -> None:
        self._lines.widths.set_usual(pixels)
        self._lines.set_width(pixels)


def _end(
    watch: ViewerWatch, lines: ProfileLines, executor: ThreadPoolExecutor | None = None, *_: Any
) -> None:
    """Let go of the viewer; a task that still runs ends unheard."""
    watch.close()
    lines.release()
    if executor is not None:
        executor.shutdown(wait=False, cancel_futures=True)
