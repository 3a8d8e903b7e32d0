"""The line that says whether a result, blurred again, agrees with the data, behind its light."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor, QPainter

from napari_deconv.widgets.column import Line

if TYPE_CHECKING:
    from qtpy.QtGui import QPaintEvent

    from napari_deconv.evidence.rates import Light
    from napari_deconv.widgets.order import Verdict
    from napari_deconv.widgets.tone import Tone

COLOURS = {"green": "#3fa34d", "yellow": "#e0a800", "red": "#d8412f", "grey": "#8a8a8a"}
"""Of the lights, seen on both themes; the words say the same."""
ROOM, RADIUS = 18, 5.5
"""Pixels before the text that the light takes, and its radius."""


class VerdictLine(Line):
    """A line with a traffic light before it.

    Attributes
    ----------
    light : str
        green, yellow, red or grey; empty while nothing is said.
    """

    def __init__(self) -> None:
        super().__init__("verdict")
        self.light: Light | str = ""

    def tell(self, verdict: Verdict) -> None:
        """Show a verdict and what it does and doesn't mean."""
        self.say("\n".join(filter(None, (verdict.text, verdict.meaning))))
        self._shine(verdict.light)
        self.setToolTip(f"{verdict.light.capitalize()} light. {_HELP}")

    def say(self, text: str, tone: Tone = "quiet") -> None:
        """Show a text without a light."""
        super().say(text, tone)
        self._shine("")

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Draw the text, and the light beside its first line."""
        super().paintEvent(event)
        if not self.light:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(COLOURS[self.light]))
        painter.drawEllipse(QPointF(RADIUS + 1, self.fontMetrics().height() / 2), RADIUS, RADIUS)
        painter.end()

    def _shine(self, light: Light | str) -> None:
        self.light = light
        self.setContentsMargins(ROOM if light else 0, 0, 0, 0)
        self.setAccessibleDescription(f"{light} light" if light else "")
        self.update()


_HELP = (
    "The result is blurred again and compared with the data, in units of their noise. Green: what "
    "is left looks like noise. Yellow: a little more is left. Red: far more, or in one place. "
    "Detail that the PSF does not pass is not judged: How sure? looks at that."
)
