"""How the maps of a result's evidence look as layers over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.utils.colormaps import Colormap

SIGMAS = 5.0
"""Sigma of the noise at which the residual's colours end."""
TIMES = 3.0
"""Times the usual spread at which the colour of disagreement is full."""


@dataclass(frozen=True)
class MapLook:
    """How a map looks.

    Attributes
    ----------
    suffix : str
        What the layer's name has after the result's.
    colours : tuple
        RGBA from the low to the high end.
    limits : tuple of float
        Values at the ends.
    blending : str
    """

    suffix: str
    colours: tuple[tuple[float, float, float, float], ...]
    limits: tuple[float, float]
    blending: str

    def arguments(self) -> dict[str, Any]:
        """Return what `add_image` takes of it."""
        colormap = Colormap(np.array(self.colours), name=f"napari-deconv {self.suffix}")
        return {
            "colormap": colormap,
            "contrast_limits": self.limits,
            "blending": self.blending,
            "gamma": 1.0,
        }


RESIDUAL = MapLook(
    "residual (sigma)",
    ((0.25, 0.55, 1, 1), (0, 0, 0, 1), (1, 0.35, 0.15, 1)),
    (-SIGMAS, SIGMAS),
    "translucent",
)
DISAGREEMENT = MapLook(
    "doubt (x usual)",
    ((1, 0.75, 0, 0), (1, 0.45, 0, 0.75)),
    (1.0, TIMES),
    "translucent",
)
