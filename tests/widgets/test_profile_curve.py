"""Curves of a plot: thinned out without losing a peak, strokes on a screen, axes that stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
import pytest
from qtpy.QtCore import QObject
from qtpy.QtGui import QColor, QImage

from napari_deconv.widgets.profile_curve import Curve, extremes
from napari_deconv.widgets.profile_jobs import Paced
from napari_deconv.widgets.profile_range import reach


def test_extremes_lose_no_peak_and_keep_gaps() -> None:
    values = np.sin(np.arange(1001.0))
    values[500] = 9.0
    values[100:130] = np.nan
    distance, found = extremes(np.arange(1001.0), values, 10)
    assert found.size == distance.size == 202
    assert np.nanmax(found) == 9.0
    assert distance[np.nanargmax(found)] == pytest.approx(500, abs=5)
    assert np.isnan(found[20:26]).all()
    assert np.isfinite(found).sum() == 202 - 6


@pytest.mark.parametrize(
    ("shown", "before", "expected"),
    [
        ((0.2, 0.8), (0.1, 0.85), (0.1, 0.85)),  # it fits: the axis stays
        ((0.2, 0.9), (0.1, 0.85), (0.13, 0.97)),  # beyond the end
        ((0.4, 0.5), (0.1, 0.85), (0.39, 0.51)),  # far smaller
        ((2.0, 2.0), (0.0, 1.0), (1.8, 2.2)),  # a level line
    ],
)
def test_an_axis_moves_only_when_it_must(shown: Any, before: Any, expected: Any) -> None:
    assert reach(shown, before, 0.1, 1.3) == pytest.approx(expected)


def drawn(qtbot: Any, width: float) -> np.ndarray:
    """Return the darkness of a level curve on the screen, row by row."""
    view = pg.GraphicsLayoutWidget()
    qtbot.addWidget(view)
    view.resize(200, 120)
    view.setBackground("w")
    item = view.addPlot()
    item.getAxis("left").hide()
    item.getAxis("bottom").hide()
    curve = Curve()
    curve.setPen(pg.mkPen(QColor("black"), width=width))
    item.addItem(curve, ignoreBounds=True)
    curve.setData(np.linspace(0, 1, 500), np.full(500, 0.5))
    item.setRange(xRange=(0, 1), yRange=(0, 1), padding=0)
    view.show()
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(image.constBits().asstring(image.sizeInBytes()), np.uint8)
    dark = 255 - rows.reshape(image.height(), image.bytesPerLine())[:, : image.width()].astype(int)
    return dark[:, 60:140].mean(axis=1) / 255


def test_a_strong_curve_is_about_twice_as_wide_as_a_fine_one(qtbot: Any) -> None:
    fine, strong = drawn(qtbot, 1.2).sum(), drawn(qtbot, 2.4).sum()
    assert fine == pytest.approx(1.0, abs=0.3)
    assert 1.7 * fine < strong < 3 * fine


def test_the_newest_arrives_after_a_pause_and_the_others_do_not(qtbot: Any) -> None:
    parent, found = QObject(), []
    pace: Paced[int] = Paced(parent, found.append, 0.05)
    for number in range(5):
        pace.submit(number)
    assert found == [0]
    assert not pace.idle
    qtbot.waitUntil(lambda: pace.idle, timeout=3000)
    assert found == [0, 4]
    pace.submit(5)
    pace.submit(6)
    pace.drop()
    qtbot.wait(80)
    assert 6 not in found
    parent.deleteLater()
