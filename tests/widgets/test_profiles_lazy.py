"""Large lazy layers: only the chunks that a line runs over are computed, and once."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QLabel

from napari_deconv.evidence.profile import line_profile
from napari_deconv.widgets import profile_store
from napari_deconv.widgets.profile_curves import Line
from napari_deconv.widgets.profile_planes import visible_planes
from napari_deconv.widgets.profile_work import Task, reads_little

from .profile_desk import edge, settle, shown

SIDE, CHUNK = 2048, 256


@pytest.fixture
def lazy(profile_dock, monkeypatch):
    """Return a dock, a lazy plane of 64 chunks too large to be read whole, and what was read."""
    monkeypatch.setattr(profile_store, "WHOLE", SIDE * SIDE - 1)
    read = []
    picture = edge(3.0, shape=(SIDE, SIDE)).astype(np.float32)

    def block(block_info=None):
        (top, bottom), (left, right) = block_info[None]["array-location"]
        read.append((top // CHUNK, left // CHUNK))
        return picture[top:bottom, left:right]

    chunks = ((CHUNK,) * (SIDE // CHUNK),) * 2
    array = da.map_blocks(block, chunks=chunks, dtype=np.float32)
    viewer, widget = profile_dock()
    layer = viewer.add_image(array, name="lazy", contrast_limits=(0, 1), cache=False)
    return widget, layer, picture, read


def test_only_the_chunks_on_the_line_are_computed(lazy, qtbot):
    widget, layer, picture, read = lazy
    layer.visible = False  # napari itself reads a whole plane to draw it
    layer.events.visible.disconnect()
    layer._visible = True
    qtbot.wait(100)
    read.clear()
    line = [[100.0, 300.0], [100.0, 1700.0]]
    widget.add_line(*line)
    settle(qtbot, widget)
    assert sorted(read) == [(0, j) for j in range(1, 7)]  # 6 of 64, each once
    np.testing.assert_allclose(
        shown(widget)["lazy"][1], line_profile(picture, line, width=3).values, atol=1e-6
    )
    read.clear()
    widget._lines.layer.data = [np.array([[120.0, 300.0], [130.0, 1700.0]])]
    settle(qtbot, widget)
    assert read == []
    widget._lines.layer.data = [np.array([[120.0, 300.0], [400.0, 1700.0]])]
    settle(qtbot, widget)
    assert 0 < len(read) <= 6
    assert all(i == 1 for i, _ in read)


def test_a_reference_too_large_to_be_read_whole_gives_no_psnr_and_says_why(lazy, qtbot):
    widget, layer, picture, _ = lazy
    widget._viewer.add_image(picture, name="scan")
    widget.reference = layer
    widget.add_line((100, 300), (100, 1700))
    settle(qtbot, widget)
    assert "too large to be read whole" in widget.findChild(QLabel, "profile-status").text()
    assert all(row["image_psnr_db"] is None for row in widget.table_rows())


def test_only_narrow_lines_over_pixels_in_memory_are_read_in_the_window(tmp_path):
    pixels = np.zeros((64, 64), np.float32)
    np.save(tmp_path / "scan.npy", pixels)
    viewer = ViewerModel()
    viewer.add_image(pixels, name="here")
    here, _ = visible_planes(viewer, None, lambda layer: 1)
    viewer.layers.clear()
    viewer.add_image(np.load(tmp_path / "scan.npy", mmap_mode="r"), name="mapped")
    mapped, _ = visible_planes(viewer, None, lambda layer: 1)
    path = np.array([[0.0, 0.0], [60.0, 60.0]])
    narrow, wide = (Line(1, "#ffffff", path, width) for width in (3.0, 999.0))
    assert reads_little(Task([narrow], here))
    assert not reads_little(Task([narrow, wide], here))
    assert not reads_little(Task([narrow], mapped))
