"""Which frames make the picture: the plane on display, an axis of a stack, or several layers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from napari_deconv.core.burst import Burst
from napari_deconv.widgets.burst_source import BurstSource
from napari_deconv.widgets.column import Column, Line, shrinking
from napari_deconv.widgets.layer_choice import MAP, METADATA
from napari_deconv.widgets.profile_jobs import Latest
from napari_deconv.widgets.source import Source

if TYPE_CHECKING:
    import numpy.typing as npt
    from napari.components import ViewerModel

    Fetch = Callable[[], npt.NDArray[Any]]
    Way = int | tuple[Image, ...] | None
    """One axis, several layers, or no burst."""

log = logging.getLogger(__name__)

PAUSE = 0.2
"""Least seconds between two looks at a burst."""
MOST = 256
"""A longer axis is hardly one of frames."""
HEADINGS = ("frame", "px down", "px right", "gain", "noise", "")
ROW_HEIGHT = 22
"""Pixels of a row of the table."""
ROWS = 6
"""Rows of the table in sight; the others are scrolled to."""


class FramesChoice(QWidget):
    """The list of ways to take frames, what was found of them, and their shifts.

    It takes no room where there is nothing to choose: over a plain image, while no other image
    layer of its size is selected in the viewer's list.

    Attributes
    ----------
    changed : Signal
        Another way was chosen.
    """

    changed = Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._source: Source | None = None
        self._ways: list[Way] = []
        self._looked: tuple[tuple[Any, ...], Burst | None] | None = None
        self._executor: ThreadPoolExecutor | None = None
        self._latest: Latest[tuple[tuple[Any, ...], Burst, float]] | None = None
        self.menu = shrinking(QComboBox())
        self.menu.setObjectName("frames")
        self.menu.setAccessibleName("frames")
        self.menu.setToolTip(
            "A burst: frames of one scene, laid over each other and merged into one picture "
            "with less noise. An axis of a stack, or the layers selected in the list."
        )
        self.menu.activated.connect(self._choose)
        self.line = Line("frames_line")
        self.fold = QToolButton()
        self.fold.setObjectName("frames_fold")
        self.fold.setText("Shifts of the frames")
        self.fold.setCheckable(True)
        self.fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.fold.toggled.connect(self._unfold)
        self.table = _table()
        column = Column()
        column.row("Frames", self.menu)
        column.beneath(self.line)
        column.beneath(self.fold)
        column.wide(self.table)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(column)
        self._forget()
        self.hide()

    @property
    def way(self) -> Way:
        """The axis or the layers that the frames lie in; None for no burst."""
        row = self.menu.currentIndex()
        return self._ways[row] if 0 <= row < len(self._ways) else None

    @way.setter
    def way(self, way: Way) -> None:
        if way not in self._ways:
            raise ValueError("These frames are not offered for the chosen image.")
        self.menu.setCurrentIndex(self._ways.index(way))
        self._choose()

    @property
    def burst(self) -> Burst | None:
        """The burst with what was found of it so far; None for a plain image."""
        if self.way is None or self._source is None:
            return None
        if self._looked is not None and self._looked[1] is not None:
            return self._looked[1]
        return Burst()

    def of(self, source: Source) -> Source:
        """Return the frames that lie over a plane, or the plane itself.

        Raises
        ------
        ValueError
            In one sentence, if the chosen layers differ in shape.
        """
        way = self.way
        if way is None:
            return source
        if isinstance(way, int):
            return BurstSource.along(source, way)
        planes = tuple(Source.of(layer, self._viewer.dims) for layer in way)
        if len({plane.shape for plane in planes}) > 1:
            raise ValueError("The frames of a burst need one shape; choose layers of one size.")
        return BurstSource.across(source, planes)

    def look(self, source: Source | None) -> None:
        """Offer what there is for a plane, and look at the frames if they are others now."""
        self._source = source
        self._follow(True)
        self._offer()
        if source is None or self.way is None:
            self._forget()
            return
        try:
            burst = self.of(source)
        except ValueError as error:
            self._forget()
            self.line.say(str(error), "error")
            return
        assert isinstance(burst, BurstSource)
        if self._looked is None or self._looked[0] != burst.key:
            self._measure(burst)

    def leave(self) -> None:
        """Let the thread end and follow the viewer no more; the next look begins anew."""
        self._follow(False)
        if self._latest is not None and self._executor is not None:
            self._latest.drop()
            self._executor.shutdown(wait=False)
        self._latest = self._executor = None

    def _offer(self) -> None:
        """List the ways there are, and keep the chosen one if it is among them."""
        chosen = self.way
        options = self._options()
        self._ways = [way for _, way in options]
        if chosen not in self._ways and isinstance(chosen, tuple):
            there = [layer for layer in chosen if layer in self._viewer.layers]
            if len(there) == len(chosen) and self._source and self._source.layer in there:
                options.append((_of_layers(chosen), chosen))
                self._ways.append(chosen)
        self.menu.clear()
        self.menu.addItems([text for text, _ in options])
        self.menu.setCurrentIndex(self._ways.index(chosen) if chosen in self._ways else 0)
        self.setVisible(len(options) > 1)

    def _options(self) -> list[tuple[str, Way]]:
        source = self._source
        if source is None:
            return []
        others = [axis for axis in range(len(source.index)) if axis not in source.axes]
        alone = "the slice on display" if others else "this image alone"
        options: list[tuple[str, Way]] = [(alone, None)]
        lengths = ((axis, int(source.data.shape[axis])) for axis in others)
        options += [
            (f"burst over axis {axis}: {n} frames", axis) for axis, n in lengths if 2 <= n <= MOST
        ]
        if len(layers := self._selected(source)) > 1:
            options.append((_of_layers(layers), layers))
        return options

    def _selected(self, source: Source) -> tuple[Image, ...]:
        """Return the selected image layers of the source's size, if it is one of them."""
        chosen = self._viewer.layers.selection
        if source.layer not in chosen:
            return ()
        return tuple(
            layer
            for layer in self._viewer.layers
            if layer in chosen
            and isinstance(layer, Image)
            and not layer.rgb
            and not {METADATA, MAP} & set(layer.metadata)
            and layer.data.shape == source.layer.data.shape
        )

    def _choose(self, _: int = 0) -> None:
        self.look(self._source)
        self.changed.emit()

    def _measure(self, source: BurstSource) -> None:
        """Look at the frames away from the screen."""
        self._forget()
        self._looked = source.key, None
        self.line.say("Laying the frames over each other …")
        if self._latest is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="burst")
            self._latest = Latest(self, self._executor, self._show, self._complain, PAUSE)
        key, fetch = source.key, source.fetch
        self._latest.submit(lambda: (key, *_seen(fetch)))

    def _show(self, looked: tuple[tuple[Any, ...], Burst, float]) -> None:
        key, burst, after = looked
        if self._looked is None or self._looked[0] != key:
            return
        self._looked = key, burst
        before = float(np.median([one.noise for one in burst.found if not one.doubt]))
        self.line.say(burst.summary(before, after))
        self.fold.show()
        _fill(self.table, burst)
        self._unfold(self.fold.isChecked())

    def _complain(self, error: BaseException) -> None:
        if not isinstance(error, ValueError):
            log.error("The burst could not be looked at", exc_info=error)
        self.line.say(str(error) or f"The frames could not be read ({error!r}).", "error")

    def _forget(self) -> None:
        if self._latest is not None:
            self._latest.drop()
        self._looked = None
        self.line.say("")
        self.fold.hide()
        self.table.hide()

    def _unfold(self, open_: bool) -> None:
        self.fold.setArrowType(Qt.ArrowType.DownArrow if open_ else Qt.ArrowType.RightArrow)
        self.table.setVisible(open_ and not self.fold.isHidden())

    def _follow(self, follow: bool) -> None:
        """Follow which layers are selected."""
        emitter = self._viewer.layers.selection.events.changed
        emitter.disconnect(self._follow_selection)
        if follow:
            emitter.connect(self._follow_selection)

    def _follow_selection(self, event: Any = None) -> None:
        self._offer()


def _of_layers(layers: tuple[Image, ...]) -> str:
    return f"burst of {len(layers)} selected layers"


def _seen(fetch: Fetch) -> tuple[Burst, float]:
    from napari_deconv.exposures import look

    return look(Burst(), fetch())


def _table() -> QTableWidget:
    table = QTableWidget(0, len(HEADINGS))
    table.setObjectName("frames_table")
    table.setAccessibleName("what was found of each frame")
    table.setHorizontalHeaderLabels(list(HEADINGS))
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    if (rows := table.verticalHeader()) is not None:
        rows.hide()
        rows.setDefaultSectionSize(ROW_HEIGHT)
    if (heading := table.horizontalHeader()) is not None:
        heading.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        heading.setStretchLastSection(True)
    return table


def _fill(table: QTableWidget, burst: Burst) -> None:
    """Write a row for each frame; its tooltip says why it is left out."""
    table.setRowCount(len(burst.found))
    for row, one in enumerate(burst.found):
        last = "reference" if row == burst.reference else one.doubt and "left out"
        figures = [f"{d:+.2f}" for d in one.shift]
        cells = [str(row), *figures, f"{one.gain:.3f}", f"{one.noise:.3g}", last]
        for number, text in enumerate(cells):
            item = QTableWidgetItem(text)
            item.setToolTip(one.doubt)
            if number < len(cells) - 1:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            table.setItem(row, number, item)
    heading = table.horizontalHeader()
    height = heading.sizeHint().height() if heading is not None else 0
    shown = min(len(burst.found), ROWS) * ROW_HEIGHT
    table.setFixedHeight(height + shown + 2 * table.frameWidth())
