"""The curve that led to a strength, with the chosen point: to look at, and to drag."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_deconv.registry import choices
from napari_deconv.widgets.column import Line
from napari_deconv.widgets.plot import OBJECTIVE, PSNR
from napari_deconv.widgets.tone import colours

if TYPE_CHECKING:
    from napari_deconv.methods.choosing import Curve
    from napari_deconv.methods.method import Method
    from napari_deconv.widgets.form import FamilyForm

HEIGHT = 96
RISE = 1.2
"""Most that a score may lie above the least and still be drawn in full: the valley is shown."""


class StrengthCurve(QWidget):
    """Score against strength, of the method that a form shows; hidden where there is none.

    Parameters
    ----------
    form : FamilyForm
        Of methods; dragging the marker types the strength into it, in place of auto.
    """

    def __init__(self, form: FamilyForm) -> None:
        super().__init__()
        self.setObjectName("strength_curve")
        self._form = form
        self._curve: Curve | None = None
        self._key = ""
        self._names: list[str] = []
        self._plot = pg.PlotWidget(self, enableMenu=False)
        self._plot.setObjectName("strength_plot")
        self._plot.setAccessibleName("score of the strengths that were tried")
        self._plot.setToolTip("How the rule judged each strength that was tried: lower is better.")
        self._plot.setFixedHeight(HEIGHT)
        self._plot.setMouseEnabled(x=False, y=False)
        item = self._plot.getPlotItem()
        item.ctrlMenu.setParent(self, Qt.WindowType.Popup)  # it must end with the dock
        item.hideButtons()
        item.hideAxis("left")  # a score has no meaning but where it is least
        item.setLogMode(x=True, y=False)
        self._points = item.plot()
        self.marker = pg.InfiniteLine(angle=90, movable=True)
        self.marker.sigDragged.connect(self._drag)
        self.marker.sigPositionChangeFinished.connect(self._follow)
        self._ends: tuple[float, float] | None = None
        item.addItem(self.marker)
        self.line = Line("strength_line")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._plot)
        layout.addWidget(self.line)
        form.changed.connect(self._follow)
        self.hide()

    @property
    def curve(self) -> Curve | None:
        """What is drawn."""
        return self._curve

    def paint(self, theme: str) -> None:
        """Use the colours of a napari theme."""
        colour = colours(theme)
        self._plot.setBackground(colour["background"])
        axis = self._plot.getPlotItem().getAxis("bottom")
        axis.setPen(colour["quiet"])
        axis.setTextPen(colour["quiet"])
        self.marker.setPen(pg.mkPen(PSNR, width=2))
        self.marker.setHoverPen(pg.mkPen(PSNR, width=4))

    def show_curve(self, curve: Curve | None) -> None:
        """Draw a curve and say what it is; None hides it, and so do fewer than two points."""
        self._curve = curve
        if curve is None or len(curve.weights) < 2:
            self.hide()
            return
        self._key = self._form.key
        self._names = self._form.on_auto or self._names
        self._draw(curve)
        self._mark(curve.chosen)
        self.line.say(self._words(curve))
        self.show()

    def forget(self) -> None:
        """Show nothing: it was another picture's."""
        self.show_curve(None)

    def _draw(self, curve: Curve) -> None:
        """Draw the valley; scores far above it would press it flat."""
        lowest = min(curve.scores)
        near = [i for i, score in enumerate(curve.scores) if score < lowest + RISE]
        first, last = max(near[0] - 1, 0), min(near[-1] + 2, len(curve.scores))
        x, y = curve.weights[first:last], curve.scores[first:last]
        self._points.setData(
            x, y, pen=pg.mkPen(OBJECTIVE, width=2), symbol="o", symbolSize=6, symbolBrush=OBJECTIVE
        )
        room = max(max(score for score in y if score < lowest + RISE) - lowest, 1e-6)
        self._plot.setYRange(lowest - 0.08 * room, lowest + 1.05 * room, padding=0)
        least, greatest = min(x[0], curve.chosen), max(x[-1], curve.chosen)
        ends = math.log10(least), math.log10(greatest)
        self._plot.setXRange(*ends, padding=0.06)
        self._ends = ends
        self._plot.getPlotItem().getAxis("bottom").setTicks([_ticks(least, greatest)])

    def _words(self, curve: Curve) -> str:
        if curve.scores[0] == min(curve.scores) and curve.chosen > curve.weights[0]:
            return (
                f"{len(curve.weights)} trials show no least (smeared noise, or another PSF): the "
                "strength follows the noise; drag the line to change it."
            )
        label = choices("strength")[curve.rule].label.split(":")[0]
        return f"Chosen by {label} from {len(curve.weights)} trials; drag the line to change it."

    def _mark(self, weight: float) -> None:
        at = math.log10(max(weight, 1e-12))
        self.marker.setValue(at)
        if self._ends is not None and not self.marker.moving:  # in sight, to be dragged back
            ends = min(self._ends[0], at), max(self._ends[1], at)
            self._plot.setXRange(*ends, padding=0.06)

    def _drag(self, *_: Any) -> None:
        """Type the strength at the marker into the form."""
        weight = float(f"{10 ** self.marker.value():.3g}")
        method: Any = self._form.value
        each = weight / max(len(self._names), 1)
        self._form.value = method.replace(**dict.fromkeys(self._names, each))

    def _follow(self, *_: Any) -> None:
        """Move the marker to a strength that was typed; hide for another method."""
        if self._curve is None:
            return
        if self._form.key != self._key:
            self.hide()
            return
        try:
            method: Method = self._form.value  # type: ignore[assignment]
        except ValueError:
            return
        strengths = [getattr(method, name) for name in self._names]
        if "auto" in strengths or not strengths:
            self._mark(self._curve.chosen)
            self.line.say(self._words(self._curve))
            return
        total = sum(strengths)
        self._mark(total)
        if total != self._curve.chosen:
            self.line.say(f"{total:.3g} by hand; {self._curve.chosen:.3g} had the least score.")


def _ticks(least: float, greatest: float) -> list[tuple[float, str]]:
    """Return where an axis of logarithms is labelled, and with what: few enough to be read."""
    decades = math.log10(greatest / least)
    steps = (1, 2, 5) if decades < 2 else (1,)
    powers = range(math.floor(math.log10(least)) - 1, math.ceil(math.log10(greatest)) + 2)
    every = max(1, round(decades / 4))
    numbers = [step * 10.0**power for power in powers if power % every == 0 for step in steps]
    return [(math.log10(number), f"{number:.6g}") for number in numbers]
