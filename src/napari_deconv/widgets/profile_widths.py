"""What each line is averaged over: a feature of its shape, so that it goes where the shape goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from napari.layers import Shapes

FEATURE = "width px"
"""Name of the column in the features of the layer of lines."""

NARROWEST, WIDEST, USUAL = 1, 999, 3
"""Pixels."""


class LineWidths:
    """Reads and sets the widths of the shapes of a layer.

    Attributes
    ----------
    usual : float
        Pixels that a new line is averaged over.
    """

    def __init__(self) -> None:
        self._layer: Shapes | None = None
        self.usual = float(USUAL)

    def hold(self, layer: Shapes) -> None:
        """Look after the widths of a layer; shapes without one get the usual one."""
        self._layer = layer
        if FEATURE not in layer.features.columns:
            layer.features = layer.features.assign(**{FEATURE: [self.usual] * layer.nshapes})
        self._offer()

    def release(self) -> None:
        """Let go of the layer."""
        self._layer = None

    def read(self) -> list[float]:
        """Return the width of each shape in pixels."""
        if self._layer is None:
            return []
        known = self._layer.features.get(FEATURE, [])
        widths = np.full(self._layer.nshapes, self.usual)
        for index, width in enumerate(list(known)[: len(widths)]):
            if np.isfinite(width):
                widths[index] = np.clip(width, NARROWEST, WIDEST)
        return [float(width) for width in widths]

    def set(self, pixels: float, indices: Sequence[int]) -> None:
        """Set the width of some shapes."""
        if self._layer is None:
            return
        widths = self.read()
        for index in indices:
            widths[index] = float(pixels)
        self._layer.features = self._layer.features.assign(**{FEATURE: widths})
        self._offer()

    def set_usual(self, pixels: float) -> None:
        """Set the width of new lines."""
        self.usual = float(pixels)
        self._offer()

    def _offer(self) -> None:
        if self._layer is not None:
            self._layer.feature_defaults = self._layer.feature_defaults.assign(
                **{FEATURE: [self.usual]}
            )
