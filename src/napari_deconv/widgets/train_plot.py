"""The live plots of a training: PSNR on what is kept apart, and the loss below it."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_deconv.training_events import BLURRED, OWN, SHIPPED, TV
from napari_deconv.widgets.tone import colours

HEIGHTS = {"psnr": 168, "loss": 106}
AXIS = 60
"""Pixels of both plots' left axes, so that they stand above each other."""
OWN_COLOUR, LOSS = "#4f94e8", "#d99c3a"
RIVALS = {BLURRED: "#9a9a9a", TV: "#58a55c", SHIPPED: "#b98ae0"}
"""Colours that can be read on the backgrounds of both themes."""
DEEPEST, LEAST = 15.0, 1.0
"""Most and least of PSNR that is shown, in dB."""
SHORT = {TV: "TV", SHIPPED: "shipped"}


class TrainPlot(QWidget):
    """PSNR of the model beside level lines of what it should beat, and the loss."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("train_plot")
        self.setAccessibleName("PSNR on what is kept apart, and loss, against the step")
        self.scores: list[tuple[int, float]] = []
        self.losses: list[tuple[int, float]] = []
        self.rivals: dict[str, float] = {}
        self._plots = {name: self._made(name) for name in HEIGHTS}
        self._own = self._plots["psnr"].plot()
        self._own.setZValue(1)  # above the lines of what it should beat
        self._loss = self._plots["loss"].plot()
        self._levels: dict[str, Any] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for plot in self._plots.values():
            layout.addWidget(plot)
        self.hide()

    def begin(self) -> None:
        """Start anew."""
        self.scores.clear()
        self.losses.clear()
        self.rivals = {}
        for line in self._levels.values():
            self._plots["psnr"].removeItem(line)
        self._levels.clear()
        self._draw()
        self.show()

    def add_loss(self, step: int, loss: float) -> None:
        """Add a point to the loss."""
        self.losses.append((step, loss))
        self._draw()

    def add_score(self, step: int, psnr: float, rivals: dict[str, float]) -> None:
        """Add a look at what is kept apart."""
        self.scores.append((step, psnr))
        self.rivals = dict(rivals)
        for name, value in rivals.items():
            if name not in self._levels:
                self._levels[name] = self._level(name, value)
        self._draw()

    def paint(self, theme: str) -> None:
        """Use the colours of a napari theme."""
        colour = colours(theme)
        for name, plot in self._plots.items():
            plot.setBackground(colour["background"])
            item = plot.getPlotItem()
            for side in ("left", "bottom"):
                item.getAxis(side).setPen(colour["quiet"])
                item.getAxis(side).setTextPen(colour["quiet"])
            item.setLabel("left", "PSNR (dB)" if name == "psnr" else "loss")
        self._plots["loss"].getPlotItem().setLabel("bottom", "step")
        self._plots["psnr"].getPlotItem().setTitle(OWN, color=OWN_COLOUR, size="9pt")

    def _made(self, name: str) -> pg.PlotWidget:
        plot = pg.PlotWidget(self, enableMenu=False)
        item = plot.getPlotItem()
        # Made even if it is never shown; it must end with the dock, and stay a window of its own.
        item.ctrlMenu.setParent(self, Qt.WindowType.Popup)
        item.hideButtons()
        item.setContentsMargins(0, 6, 6, 0)
        for side in ("left", "bottom"):
            item.getAxis(side).enableAutoSIPrefix(False)
        item.getAxis("left").setWidth(AXIS)
        plot.setMouseEnabled(x=False, y=False)
        plot.setFixedHeight(HEIGHTS[name])
        plot.setObjectName(f"train_{name}")
        return plot

    def _level(self, name: str, value: float) -> pg.InfiniteLine:
        colour = RIVALS.get(name, "#9a9a9a")
        places = {BLURRED: (0.5, 0.5), TV: (0.02, 0.0), SHIPPED: (0.98, 1.0)}
        position, anchor = places.get(name, (0.5, 0.5))
        line = pg.InfiniteLine(
            value,
            0,
            pen=pg.mkPen(colour, width=1.5, style=Qt.PenStyle.DashLine),
            label=f"{SHORT.get(name, name)} {value:.1f}",
            labelOpts={
                "position": position,
                "color": colour,
                "anchors": [(anchor, 1)] * 2,
            },
        )
        self._plots["psnr"].addItem(line)
        return line

    def _draw(self) -> None:
        for curve, points, colour in (
            (self._own, self.scores, OWN_COLOUR),
            (self._loss, self.losses, LOSS),
        ):
            symbol = "o" if len(points) < 3 else None
            curve.setData(
                [x for x, _ in points],
                [y for _, y in points],
                pen=pg.mkPen(colour, width=2),
                symbol=symbol,
                symbolBrush=colour,
                symbolPen=None,
            )
        self._plots["psnr"].setYRange(*self._range(), padding=0.3)  # for the labels, too

    def _range(self) -> tuple[float, float]:
        """Return the PSNRs between which everything lies that is to be compared."""
        shown = [y for _, y in self.scores]
        shown += [y for name, y in self.rivals.items() if name != BLURRED]  # it is far below all
        if not shown:
            return 0.0, 1.0
        high = max(shown)
        low = max(min(shown), high - DEEPEST)  # a model from scratch begins far below
        spare = max(LEAST - (high - low), 0) / 2
        return low - spare, high + spare
