"""In the Deblur dock nothing moves either, whatever the PSF's parity, centre and scale."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_deconv.widgets.deblur import DeblurWidget

PLACE = (30.3, 33.6)


def spot(shape: tuple[int, int], place: tuple[float, float], sigma: float) -> np.ndarray:
    rows, columns = np.indices(shape, float)
    picture = np.exp(-((rows - place[0]) ** 2 + (columns - place[1]) ** 2) / 2 / sigma**2)
    return (picture / picture.sum()).astype(np.float32)


def test_centroid_leaves_a_point_where_it_was(make_napari_viewer: Any, qtbot: Any) -> None:
    viewer = make_napari_viewer()
    dock = DeblurWidget(viewer)
    viewer.window.add_dock_widget(dock, name="Deblur", area="right")
    dock.image = viewer.add_image(100 * spot((64, 64), PLACE, 2.0), name="scan")
    dock.psf = viewer.add_image(250 * spot((16, 15), (5.5, 7.4), 1.2), name="psf", visible=False)
    dock.panel.more.fields.parameters = {"centre": "centroid"}
    ended: list[str] = []
    dock.finished.connect(ended.append)
    assert dock.run()
    qtbot.waitUntil(lambda: bool(ended), timeout=120_000)
    assert ended == ["done"]
    found = np.asarray(dock.result_layer.data)
    weight = np.where(found > 0.02 * found.max(), found, 0)
    rows, columns = np.indices(found.shape)
    centroid = [(weight * axis).sum() / weight.sum() for axis in (rows, columns)]
    assert centroid == pytest.approx(PLACE, abs=0.01)
