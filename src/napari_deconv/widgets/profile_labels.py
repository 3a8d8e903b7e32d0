"""Where the labels of lines stand: beside each, inside the canvas, apart from each other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qtpy.QtGui import QFont, QFontMetricsF, QGuiApplication

if TYPE_CHECKING:
    import numpy.typing as npt

GAP = 6.0
"""Pixels of the screen between a line and its label."""

MARGIN = 4.0
"""Pixels of the screen between a label and the canvas' border."""

ENLARGED = 0.98
"""How much wider vispy's own font is than that of Qt, at most."""

LEADING = 1.06
"""Height of a row on the canvas for each height of Qt's font: vispy sets its rows wider."""


class Box(NamedTuple):
    """Where a label is, in pixels of the screen."""

    top: float
    left: float
    height: float
    width: float

    @property
    def bottom(self) -> float:
        """Its lower border."""
        return self.top + self.height

    @property
    def right(self) -> float:
        """Its right border."""
        return self.left + self.width

    def meets(self, other: Box) -> bool:
        """Whether two labels overprint each other."""
        above = self.bottom <= other.top or other.bottom <= self.top
        beside = self.right <= other.left or other.right <= self.left
        return not (above or beside)

    def within(self, canvas: tuple[float, float]) -> Box:
        """Return it moved inside a canvas (height, width)."""
        height, width = canvas
        top = max(MARGIN, min(self.top, height - MARGIN - self.height))
        left = max(MARGIN, min(self.left, width - MARGIN - self.width))
        return self._replace(top=top, left=left)


def placed(
    paths: Sequence[npt.NDArray[Any]],
    sizes: Sequence[tuple[float, float]],
    canvas: tuple[float, float],
) -> list[Box | None]:
    """Return where the label of each path stands.

    It stands above the path's upper end if that is free, else beside that end or beneath the
    lower one; where nothing is free, above the upper end and down from there by rows. A label is
    moved inside the canvas, and left out where its path lies outside.

    Parameters
    ----------
    paths : sequence of ndarray, (k, 2)
        Corners of each path as (y, x) in pixels of the screen.
    sizes : sequence of tuple of float
        Height and width of each label; a height of 0 is no label.
    canvas : tuple of float
        Height and width of the canvas.
    """
    boxes: list[Box | None] = [None] * len(paths)
    order = sorted(range(len(paths)), key=lambda i: -float(paths[i][:, 0].min()))
    for i in order:
        if sizes[i][0] > 0 and _in_sight(paths[i], canvas):
            boxes[i] = _free(paths[i], sizes[i], canvas, [box for box in boxes if box is not None])
    return boxes


def _free(
    path: npt.NDArray[Any],
    size: tuple[float, float],
    canvas: tuple[float, float],
    taken: list[Box],
) -> Box:
    """Return the first place that is free, or else one that is lowered until it is."""
    for box in _beside(path, *size):
        free = box.within(canvas) == box and not any(box.meets(other) for other in taken)
        if free and not _runs_over(path, box):
            return box
    first = next(_beside(path, *size)).within(canvas)
    tops = {first.top, *(other.bottom for other in taken), *(o.top - size[0] for o in taken)}
    for top in sorted(tops, key=lambda top: abs(top - first.top)):
        box = first._replace(top=top)
        if box.within(canvas) == box and not any(box.meets(other) for other in taken):
            return box
    return first


def _beside(path: npt.NDArray[Any], height: float, width: float) -> Iterator[Box]:
    """Yield places beside a path, the best one first."""
    # Of ends of one height the left one, however a box or a level line was drawn.
    order = np.lexsort((path[:, 1], np.round(path[:, 0])))
    upper, lower = path[order[0]], path[order[-1]]
    y, x = upper
    yield Box(y - GAP - height, x, height, width)
    yield Box(y - GAP - height, x - width, height, width)
    middle = path[:, 1].mean()
    beside = [x + GAP, x - GAP - width]
    for left in beside if middle <= x else beside[::-1]:  # first where the path does not run
        yield Box(y, left, height, width)
    y, x = lower
    yield Box(y + GAP, x, height, width)
    yield Box(y + GAP, x - width, height, width)


def _runs_over(path: npt.NDArray[Any], box: Box) -> bool:
    """Whether a path crosses a label, looked at every few pixels."""
    share = np.linspace(0.0, 1.0, 65)[:, None]
    for start, end in itertools.pairwise(path):
        y, x = (start + share * (end - start)).T
        inside = (y >= box.top) & (y <= box.bottom) & (x >= box.left) & (x <= box.right)
        if inside.any():
            return True
    return False


def _in_sight(path: npt.NDArray[Any], canvas: tuple[float, float]) -> bool:
    """Whether the box around a path reaches into the canvas."""
    low, high = path.min(axis=0), path.max(axis=0)
    return bool((low <= canvas).all() and (high >= 0).all())


@lru_cache(maxsize=1024)
def label_size(label: str, points: float) -> tuple[float, float]:
    """Return height and width of a label in pixels of the canvas; an empty one has none."""
    if not label:
        return 0.0, 0.0
    metrics = QFontMetricsF(QFont(QGuiApplication.font().family(), round(points)))
    rows = label.split("\n")
    height = LEADING * ENLARGED * metrics.height() * len(rows)
    return height, ENLARGED * max(map(metrics.horizontalAdvance, rows))
