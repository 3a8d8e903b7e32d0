"""How far the axes of a plot reach: a little beyond its curves, so that they seldom move."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyqtgraph as pg

    Span = tuple[float, float]

AROUND, ALONG = 0.05, 0.015
"""Shares of the values' span and of a line's length that are left free at each end of an axis."""

LOOSE, LONG = 1.3, 1.05
"""How many times as much as the curves an axis may reach before it is drawn in."""


class PlotRange:
    """Fits the axes of a plot to what it shows; drawing them anew is slower than all curves.

    Parameters
    ----------
    item : pyqtgraph.PlotItem
        The plot.
    """

    def __init__(self, item: pg.PlotItem) -> None:
        self._box = item.getViewBox()
        self._box.disableAutoRange()

    def fit(self, length: float, values: Iterable[Span]) -> None:
        """Show distances up to a length, and spans of values."""
        spans = list(values)
        if not spans or not length > 0:
            return
        low, high = min(span[0] for span in spans), max(span[1] for span in spans)
        (left, right), (bottom, top) = self._box.viewRange()
        along = reach((0.0, length), (left, right), ALONG, LONG)
        across = reach((low, high), (bottom, top), AROUND, LOOSE)
        if along != (left, right) or across != (bottom, top):
            self._box.setRange(xRange=along, yRange=across, padding=0)


def reach(shown: Span, before: Span, free: float, most: float) -> Span:
    """Return how far an axis reaches.

    Parameters
    ----------
    shown : tuple of float
        Least and greatest value to show.
    before : tuple of float
        How far the axis reached; it stays if it still fits.
    free : float
        Share of what is shown that is left free at each end of a new axis.
    most : float
        How many times what is shown an axis may reach.
    """
    low, high = shown
    span = high - low if high > low else max(abs(low), 1.0)
    if before[0] <= low and high <= before[1] and before[1] - before[0] <= most * span:
        return before
    return low - free * span, high + free * span
