"""How the Profiles dock is laid out: controls above, plots beside their table, a line beneath."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import QFrame, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from napari_deconv.widgets.column import Line, Scroll
from napari_deconv.widgets.profile_controls import ProfileControls
from napari_deconv.widgets.profile_plot import ProfilePlots
from napari_deconv.widgets.profile_style import LayerColors
from napari_deconv.widgets.profile_table import FiguresTable

if TYPE_CHECKING:
    from napari import Viewer
    from qtpy.QtGui import QResizeEvent

SIDE_BY_SIDE = 700
"""Width in pixels from which the table lies beside the plots rather than below them."""

LEAST = 110
"""Pixels of height of plots and table, at least: more would not fit a screen of 800 pixels."""

SHARES = [570, 430]
"""How plots and table share the room when one lies below the other."""

MOST_TABLE = 0.45
"""Share of the width that a table beside the plots gets at most."""
SPARING = 380
"""Pixels of height below which, in a narrow dock, plots come before what the cursors read."""


class ProfileView(QWidget):
    """Everything that the Profiles dock shows.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers are offered as the reference.

    Attributes
    ----------
    colors : LayerColors
        Which layer has which colour.
    controls : ProfileControls
    plots : ProfilePlots
    table : FiguresTable
    status : Line
        What the figures mean, what was left out, what went wrong.
    """

    def __init__(self, viewer: Viewer) -> None:
        super().__init__()
        self.setObjectName("profile-view")
        self.colors = LayerColors()
        self.controls = ProfileControls(viewer)
        self.plots = ProfilePlots(self.colors)
        self.table = FiguresTable()
        self.status = Line("profile-status")
        self._hint = Line("profile-hint")
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.setObjectName("profile-split")
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self.plots)
        self._split.addWidget(self.table)
        self._split.setSizes(SHARES)
        self._moved = self._advised = False
        self._todo: str | None = None
        self._split.splitterMoved.connect(self._leave_shares)
        self.table.figures.modelReset.connect(self._share)
        scroll = Scroll(self._split)  # a low dock shows a whole plot, and the table further down
        scroll.setObjectName("profile-scroll")
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setMinimumHeight(LEAST)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._hint)
        self._stack.addWidget(scroll)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 2, 6, 4)
        layout.setSpacing(4)
        layout.addWidget(self.controls)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self.plots.readout)
        layout.addWidget(self.status)

    def advise(self, todo: str) -> None:
        """Show what to do instead of plots and table, or these where there is nothing to do."""
        if todo == self._todo:
            return
        self._todo = todo
        self._hint.say(todo, "plain")
        self._stack.setCurrentIndex(0 if todo else 1)
        self._advised = bool(todo)
        self._spare()

    def sizeHint(self) -> QSize:
        """Ask for enough to read a curve and a few rows, at the bottom as on the right."""
        return QSize(460, 320)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Lay the table beside the plots where there is room, else below."""
        wide = self.width() >= SIDE_BY_SIDE
        way = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if self._split.orientation() != way:
            self._split.setOrientation(way)
            self._moved = False
        self._share()
        self._spare()
        super().resizeEvent(event)

    def _spare(self) -> None:
        """Show what the cursors read, but in a dock that is narrow and low."""
        roomy = self.width() >= SIDE_BY_SIDE or self.height() >= SPARING
        self.plots.readout.setVisible(roomy and not self._advised)

    def _leave_shares(self, *_: Any) -> None:
        self._moved = True

    def _share(self) -> None:
        """Give the table what it needs to be seen whole, until the user moves the border."""
        if self._moved:
            return
        if self._split.orientation() == Qt.Orientation.Vertical:
            self._split.setSizes(SHARES)
            return
        width = self._split.width()
        table = min(self.table.whole_width, int(MOST_TABLE * width))
        self._split.setSizes([width - table, table])
