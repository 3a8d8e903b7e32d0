"""How the maps of a result's evidence look as layers over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.colormaps import Colormap

if TYPE_CHECKING:
    import numpy.typing as npt

SIGMAS = 5.0
"""Sigma of the noise at which the residual's colours end."""


MOST = 99.9
"""Percentile at which the colour of doubt is full."""


@dataclass(frozen=True)
class MapLook:
    """How a map looks.

    Attributes
    ----------
    suffix : str
        What the layer's name has after the result's.
    colours : tuple
        RGBA from the low to the high end.
    limits : tuple of float or None
        Values at the ends; None for 0 and the greatest but for a thousandth.
    blending : str
    """

    suffix: str
    colours: tuple[tuple[float, float, float, float], ...]
    limits: tuple[float, float] | None
    blending: str

    def arguments(self, picture: npt.NDArray[np.floating]) -> dict[str, Any]:
        """Return what `add_image` takes of it."""
        top = float(np.nanpercentile(picture, MOST))
        limits = self.limits or (0.0, top if top > 0 else 1.0)
        colormap = Colormap(np.array(self.colours), name=f"napari-deconv {self.suffix}")
        return {
            "colormap": colormap,
            "contrast_limits": limits,
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
    "doubt",
    ((1, 0.75, 0, 0), (1, 0.45, 0, 0.75)),
    None,
    "translucent",
)
