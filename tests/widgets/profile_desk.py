"""What the tests of the Profiles dock share: pictures with an edge, and patience."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import erf

SHAPE = (120, 160)


def edge(sigma: float, noise: float = 0.002, shape: Any = SHAPE, seed: int = 0) -> np.ndarray:
    """Return a picture of an edge of a width, with noise."""
    x = np.arange(shape[1], dtype=float)
    step = erf((x - shape[1] / 2 - 0.3) / (sigma * np.sqrt(2)))
    image = np.tile(0.5 + 0.3 * step, (shape[0], 1))
    return image + np.random.default_rng(seed).normal(0, noise, shape)


def shown(widget: Any, number: int = 1) -> dict[str, np.ndarray]:
    """Return the curves of a line by the names of the layers."""
    return widget._plots.values(number)


def settle(qtbot: Any, widget: Any) -> None:
    """Wait until all curves and figures are there."""
    qtbot.waitUntil(lambda: not widget.busy, timeout=120_000)
