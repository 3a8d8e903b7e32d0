"""The curves of one plot: kept alive, styled by what they show, moved only if that changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from napari_deconv.widgets.profile_curve import Curve
from napari_deconv.widgets.profile_curves import Trace
from napari_deconv.widgets.profile_planes import Plane
from napari_deconv.widgets.profile_style import LayerColors, Theme

if TYPE_CHECKING:
    import pyqtgraph as pg
    from numpy.typing import NDArray

HEIGHTS = {"reference": 1, "result": 2, "input": 3, "reblurred": 4}
"""Which curves lie on top: the fine one on the strong one, and the reference shows where it is
not reached."""


class CurveItems:
    """The curves of a plot, one for each layer and one for each re-blurred result.

    Parameters
    ----------
    plot : pyqtgraph.PlotItem
        The plot.
    theme : Theme
        napari's colours.
    """

    def __init__(self, plot: pg.PlotItem, theme: Theme) -> None:
        self._plot, self._theme = plot, theme
        self._items: dict[Any, Curve] = {}
        self._names: dict[Any, str] = {}
        self._drawn: dict[Any, Any] = {}
        self._styles: dict[Any, Any] = {}

    @property
    def by_name(self) -> dict[str, Curve]:
        """The curves by the names of what they show."""
        return {self._names[key]: item for key, item in self._items.items()}

    def values(self) -> dict[str, NDArray[Any]]:
        """Return the points of each curve as (2, n) arrays by the name of what it shows."""
        return {name: item.points for name, item in self.by_name.items()}

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """Least and greatest value of each curve that has one."""
        return [item.bounds for item in self._items.values() if item.bounds is not None]

    def keep(self, planes: Sequence[Plane]) -> None:
        """Remove the curves of all other planes."""
        self._names = {plane.curve: plane.name for plane in planes}
        for key in set(self._items) - set(self._names):
            self._plot.removeItem(self._items.pop(key))
            self._drawn.pop(key, None)
            self._styles.pop(key, None)

    def move(
        self,
        trace: Trace,
        factor: float,
        shown: tuple[tuple[Any, ...], NDArray[Any]],
        colors: LayerColors,
    ) -> None:
        """Show values at the distances of a trace.

        Parameters
        ----------
        trace : Trace
            Whose plane gives the style.
        factor : float
            What turns world units into the unit shown.
        shown : tuple
            The profiles that the values were computed from, and the values.
        colors : LayerColors
            Which layer has which colour.
        """
        key, (what, values) = trace.plane.curve, shown
        item = self._item(key)
        style = colors.color(trace.plane, self._theme), trace.plane.role
        if self._styles.get(key) != style:
            self._styles[key] = style
            item.setPen(colors.pen(trace.plane, self._theme))
            item.setZValue(HEIGHTS[trace.plane.role])
        # Profiles of lines that stay where they are come from a store: the same ones again.
        if not _same(self._drawn.get(key), (what, factor)):
            self._drawn[key] = what, factor
            item.setData(trace.profile.distance * factor, values)

    def _item(self, key: Any) -> Curve:
        if key not in self._items:
            self._items[key] = Curve()
            self._plot.addItem(self._items[key], ignoreBounds=True)
        return self._items[key]


def _same(before: tuple[tuple[Any, ...], float] | None, now: tuple[tuple[Any, ...], float]) -> bool:
    """Whether values were computed from the very same profiles."""
    if before is None or before[1] != now[1]:
        return False
    return all(one is other for one, other in zip(before[0], now[0], strict=True))
