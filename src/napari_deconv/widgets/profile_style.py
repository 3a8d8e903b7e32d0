"""Colours and line styles by which lines and layers are told apart, in both of napari's themes."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from napari.utils.theme import get_theme
from qtpy.QtGui import QColor, QPen

from napari_deconv.widgets.profile_planes import Plane, Role
from napari_deconv.widgets.tone import colours

if TYPE_CHECKING:
    from napari.layers import Image, Layer

LINE_COLORS = (
    "#ff9f40",
    "#5cc8ff",
    "#c3e04a",
    "#ff7bd5",
    "#ffe45c",
    "#ff6b5e",
    "#3fe0c5",
    "#c9b6ff",
)
"""Colours of the lines: bright, because radiographs are grey and often dark."""

LAYER_COLORS = {
    "dark": ("#6fb1ff", "#ff79b0", "#45d19a", "#c79bf2", "#f0b43c", "#9fd6e0"),
    "light": ("#1667c2", "#c9186b", "#0a7f52", "#7d3bbd", "#a86400", "#2b7480"),
}
"""Colours of the first layers' curves: the same hues in both themes."""

HUES = tuple(range(0, 360, 10))

SHADES = {
    "dark": ((0.55, 1.0), (0.68, 0.9), (0.82, 0.8), (0.62, 0.45)),
    "light": ((0.22, 1.0), (0.32, 0.9), (0.42, 0.8), (0.36, 0.4)),
}
"""Lightness and saturation of the colours that are chosen from."""

READABLE = {"dark": (50.0, 100.0), "light": (0.0, 55.0)}
"""CIE lightness, 0 to 100, that stands out from a theme's background."""

WIDTHS: dict[Role, float] = {"reference": 1.4, "input": 1.2, "result": 2.4, "reblurred": 1.6}
"""Widths of the curves in pixels: the result stands out, the input is fine."""

PATTERNS: dict[Role, list[float]] = {"reference": [4, 3], "reblurred": [2, 2]}
"""Dashes and gaps of the curves that are no plain layers, in widths of the pen."""

DASHES = {"reference": "╌╌", "input": "──", "result": "━━", "reblurred": "┅┅"}
"""How the styles look in a legend made of text."""


@dataclass(frozen=True)
class Theme:
    """Colours of napari's theme as ``#rrggbb``."""

    kind: str
    background: str
    text: str
    quiet: str

    @classmethod
    def named(cls, name: str) -> Theme:
        """Return the colours of one of napari's themes."""
        look = colours(name)
        return cls(get_theme(name).type, look["background"], look["text"], look["quiet"])


class LayerColors:
    """Gives each layer a colour that it keeps for as long as it is shown."""

    def __init__(self) -> None:
        self._numbers: dict[Image, int] = {}

    def meet(self, planes: Iterable[Plane]) -> None:
        """Give layers that are met for the first time the first colours that are free."""
        for plane in planes:
            if plane.role != "reference" and plane.layer not in self._numbers:
                taken = set(self._numbers.values())
                self._numbers[plane.layer] = min(set(range(len(taken) + 1)) - taken)

    def part(self, layers: Container[Layer]) -> None:
        """Free the colours of layers that are gone; one that is only hidden keeps its colour."""
        self._numbers = {layer: n for layer, n in self._numbers.items() if layer in layers}

    def color(self, plane: Plane, theme: Theme) -> str:
        """Return the colour of a plane's curves."""
        if plane.role == "reference":
            return theme.quiet
        return layer_color(self._numbers.get(plane.layer, 0), theme.kind)

    def pen(self, plane: Plane, theme: Theme) -> QPen:
        """Return the pen of a plane's curves: grey dashes, dots, a fine or a strong line."""
        pen: QPen = pg.mkPen(QColor(self.color(plane, theme)), width=WIDTHS[plane.role])
        if plane.role in PATTERNS:
            pen.setDashPattern(PATTERNS[plane.role])
        return pen


@cache
def layer_color(number: int, kind: str) -> str:
    """Return the colour of the curves of a layer, as unlike all those before it as can be.

    After the hand-picked ones, each is the candidate whose least distance to the colours before
    it is the largest, in both themes at once, so that a layer has about one hue in both.

    Parameters
    ----------
    number : int
        From 0, in the order in which layers are met.
    kind : {"dark", "light"}
        Of the theme.

    Returns
    -------
    str
        As ``#rrggbb``.

    References
    ----------
    C. A. Glasbey et al., "Colour displays for categorical images", Color Research and Application
    32, 2007.
    """
    first = LAYER_COLORS[kind]
    if number < len(first):
        return first[number]
    from skimage.color import rgb2lab

    themes = list(LAYER_COLORS)
    candidates = _candidates()
    taken = {theme: [layer_color(n, theme) for n in range(number)] for theme in themes}
    gaps = np.full(len(candidates), np.inf)
    for theme in themes:
        lab = rgb2lab(np.array([_rgb(pair[theme]) for pair in candidates]))
        others = rgb2lab(np.array([_rgb(color) for color in taken[theme]]))
        apart = np.linalg.norm(lab[:, None] - others[None], axis=-1).min(axis=1)
        least, most = READABLE[theme]
        readable = (lab[:, 0] >= least) & (lab[:, 0] <= most)
        gaps = np.minimum(gaps, np.where(readable, apart, 0.0))
    return candidates[int(np.argmax(gaps))][kind]


def _candidates() -> list[dict[str, str]]:
    """Return pairs of colours, one hue and shade of each theme."""
    shades = [dict(zip(SHADES, pair, strict=True)) for pair in zip(*SHADES.values(), strict=True)]
    return [
        {
            kind: QColor.fromHslF(hue / 360, saturation, lightness).name()
            for kind, (lightness, saturation) in shade.items()
        }
        for shade in shades
        for hue in HUES
    ]


def _rgb(color: str) -> tuple[float, float, float]:
    red, green, blue, _ = QColor(color).getRgbF()
    return red, green, blue


def free_color(taken: list[str]) -> str:
    """Return the first colour for lines that is taken least."""
    return min(LINE_COLORS, key=taken.count)
