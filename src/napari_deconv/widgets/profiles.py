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
from qtpy.QtWidgets import QApplication, QVBoxLayout, QWidget

from napari_deconv.evidence.reference import Psnr
from napari_deconv.widgets.layer_choice import MUCH_SMALLER
from napari_deconv.widgets.profile_figures import (
    Curves,
    Row,
    Store,
    image_psnrs,
    measure,
    trace_lines,
)
from napari_deconv.widgets.profile_jobs import Latest
from napari_deconv.widgets.profile_lines import ProfileLines
from napari_deconv.widgets.profile_planes import Plane, shows_plane, visible_planes
from napari_deconv.widgets.profile_saving import ask_path
from napari_deconv.widgets.profile_style import Theme
from napari_deconv.widgets.profile_table import write_csv, write_curves_csv
from napari_deconv.widgets.profile_view import ProfileView
from napari_deconv.widgets.profile_watch import ViewerWatch
from napari_deconv.widgets.profile_words import hint, label, meaning
from napari_deconv.widgets.tone import sheet

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

CURVES_PAUSE = 0.05
"""Seconds between two updates of the curves: 20 a second follow a mouse."""

FIGURES_PAUSE = 0.25
"""Seconds between two updates of the table: faster cannot be read."""

CURVES_FILTER = "All curves (*.csv)"


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
        self._store = Store()
        self._curves = Curves()
        self._keys: tuple[Any, ...] = ()
        self._refreshed = 0.0
        self._notices: list[str] = []
        self._lines = ProfileLines(viewer, self._schedule)
        self._watch = ViewerWatch(viewer, self._schedule, self._relist, self._restyle)
        self._view = ProfileView(viewer)
        self._controls, self._plots = self._view.controls, self._view.plots
        self._table, self._status = self._view.table, self._view.status
        self._controls.width_box.valueChanged.connect(self._schedule)
        self._controls.reference_box.picked.connect(self._schedule)
        self._controls.connect_buttons(
            (self._on_add, self._on_copy, self._on_save_csv, self._on_save_png)
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._view)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._refresh)
        executor = ThreadPoolExecutor(3, thread_name_prefix="napari-deconv-profiles")
        start = partial(Latest, self, executor)
        self._tracing = start(self._show_curves, self._show_error, CURVES_PAUSE)
        self._measuring = start(self._show_rows, self._show_error, FIGURES_PAUSE)
        self._comparing = start(self._show_images, self._show_error, FIGURES_PAUSE)
        self.destroyed.connect(partial(_end, self._watch, self._lines, executor))
        self._resume()

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
        """Width to average over, in pixels of the finest image that a line crosses."""
        return int(self._controls.width_box.value())

    @line_width.setter
    def line_width(self, pixels: int) -> None:
        box = self._controls.width_box
        if not box.minimum() <= pixels <= box.maximum():
            raise ValueError(
                f"The line width must be {box.minimum()} to {box.maximum()} pixels, not {pixels}."
            )
        box.setValue(pixels)

    def add_line(self, start: ArrayLike, end: ArrayLike) -> None:
        """Add a line to the layer ``profiles``, which is made if it is not there.

        Parameters
        ----------
        start, end : array_like, (2,)
            The ends as (y, x) in world coordinates.

        Raises
        ------
        ValueError
            If the viewer shows no image.
        """
        self._lines.make(self._main_plane().layer)
        self._lines.add(np.asarray([start, end], np.float64))
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
        return write_curves_csv(self._curves) if curves else write_csv(rows)

    def save_plot(self, path: str | Path) -> None:
        """Write legend and plots as a PNG.

        Parameters
        ----------
        path : str or Path
            Where to write; it ends in ``.png``.

        Raises
        ------
        ValueError
            If the path does not end in ``.png`` or cannot be written.
        """
        target = Path(path)
        if target.suffix.lower() != ".png":
            raise ValueError(f"Plots are written as .png, not {target.suffix or target.name!r}.")
        self._refresh_now()
        self._plots.save(target)

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
        for job in (self._tracing, self._measuring, self._comparing):
            job.drop()
        self._lines.label([str(line.number) for line in self._lines.read()])
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
        task, planes = self._snapshot()
        self._tracing.submit(task)
        keys = tuple((p.key, p.role, p.world_to_data.tobytes()) for p in planes)
        if keys != self._keys:
            self._keys = keys
            self._comparing.submit(partial(image_psnrs, planes, self._store))

    def _refresh_now(self) -> None:
        """Compute everything here and now, for a script that waits for it."""
        for job in (self._tracing, self._measuring, self._comparing):
            job.drop()
        self._timer.stop()
        task, planes = self._snapshot()
        self._show_curves(task())
        self._measuring.drop()
        self._show_rows((measure(self._curves), self._curves.unit))
        self._show_images(image_psnrs(planes, self._store))

    def _snapshot(self) -> tuple[Any, list[Plane]]:
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
        return partial(trace_lines, lines, planes, float(self.line_width), self._store), planes

    def _show_curves(self, curves: Curves) -> None:
        self._curves = curves
        todo = hint(self._viewer, curves)
        self._view.advise(todo)
        self._view.colors.meet(curves.planes)
        self._plots.show_curves(curves)
        self._lines.label([label(line) for line in curves.lines])
        known = [] if todo else [meaning(curves, self.reference)]
        self._status.say(" ".join([*known, *self._notices]))
        self._measuring.submit(lambda: (measure(curves), curves.unit))

    def _show_rows(self, figures: tuple[list[Row], str]) -> None:
        self._table.figures.set_rows(*figures)

    def _show_images(self, images: dict[Image, Psnr | None]) -> None:
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
        try:
            plane = self._main_plane()
        except ValueError as error:
            self._status.say(str(error), "error")
            return
        self._lines.make(plane.layer)
        if self._lines.read():
            self._lines.draw()
            self._viewer.status = "Drag on the canvas to draw a profile line."
        else:
            self._lines.add_first(plane)
            self._lines.grasp()
        self._schedule()

    def _on_copy(self) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.csv())

    def _on_save_csv(self) -> None:
        asked = ask_path(self, "Save figures", ["Table (*.csv)", CURVES_FILTER], "csv")
        if asked is not None:
            path, kind = asked
            text = self.csv(curves=kind == CURVES_FILTER)
            self._write(lambda: path.write_text(text, encoding="utf-8", newline=""), path)

    def _on_save_png(self) -> None:
        asked = ask_path(self, "Save plots", ["Picture (*.png)"], "png")
        if asked is not None:
            path, _ = asked
            self._write(lambda: self.save_plot(path), path)

    def _write(self, write: Any, path: Path) -> None:
        try:
            write()
        except (OSError, ValueError) as error:
            self._status.say(f"Nothing was saved: {error}", "error")
        else:
            self._status.say(f"Saved {path}.")


def _end(
    watch: ViewerWatch, lines: ProfileLines, executor: ThreadPoolExecutor | None = None, *_: Any
) -> None:
    """Let go of the viewer; a task that still runs ends unheard."""
    watch.close()
    lines.release()
    if executor is not None:
        executor.shutdown(wait=False, cancel_futures=True)
