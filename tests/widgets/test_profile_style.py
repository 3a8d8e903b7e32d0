"""Colours of curves: told apart from each other and from the background, in both themes."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtGui import QColor
from skimage.color import rgb2lab

from napari_deconv.widgets.profile_style import LAYER_COLORS, Theme, layer_color

MANY = 16
"""Layers that an inspector may well have open."""


def rgb(color: str) -> np.ndarray:
    return np.array(QColor(color).getRgbF()[:3])


def brightness(color: str) -> float:
    """Return the relative luminance of WCAG 2."""
    part = rgb(color)
    linear = np.where(part <= 0.03928, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


@pytest.mark.parametrize("kind", LAYER_COLORS)
def test_many_layers_are_told_apart(kind: str) -> None:
    lab = rgb2lab(np.array([rgb(layer_color(number, kind)) for number in range(MANY)]))
    apart = np.linalg.norm(lab[:, None] - lab[None], axis=-1)[np.triu_indices(MANY, 1)]
    assert apart.min() > 20  # 2 is just noticeable


@pytest.mark.parametrize("kind", LAYER_COLORS)
def test_curves_stand_out_from_the_background(kind: str) -> None:
    ground = brightness(Theme.named(kind).background)
    for number in range(MANY):
        light, dark = sorted((ground, brightness(layer_color(number, kind))), reverse=True)
        assert (light + 0.05) / (dark + 0.05) > 3  # what WCAG asks of lines in a picture


def test_a_colour_does_not_change_as_layers_come() -> None:
    before = [layer_color(number, "dark") for number in range(MANY)]
    layer_color.cache_clear()
    layer_color(MANY + 4, "light")
    assert [layer_color(number, "dark") for number in range(MANY)] == before
