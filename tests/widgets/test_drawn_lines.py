"""Lines and paths of the Profiles dock, as the Compare dock and reports read them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_deconv.widgets.drawn_lines import drawn_lines
from napari_deconv.widgets.source import Source

LINE = ((10.0, 5.0), (10.0, 50.0))
PATH = ((20.0, 5.0), (20.0, 40.0), (35.0, 40.0))


@pytest.fixture
def viewer() -> Any:
    """Return a viewer of a plane of 0.1 mm pixels with a box, a path and a line."""
    viewer = ViewerModel()
    viewer.add_image(np.zeros((40, 60)), name="scan", scale=(0.1, 0.1), units=("mm", "mm"))
    layer = viewer.add_shapes(name="profiles", units=("µm", "µm"))
    layer.add_rectangles([np.array([(1.0, 1.0), (9.0, 9.0)])])
    layer.add_paths([100 * np.array(PATH)], edge_color=["#ff0000"])
    layer.add_lines([100 * np.array(LINE)], edge_color=["#00ff00"])
    return viewer


def read(viewer: Any) -> Any:
    return drawn_lines(viewer, Source.of(viewer.layers["scan"], viewer.dims))


def test_lines_and_paths_have_their_numbers_colours_and_corners(viewer: Any) -> None:
    path, line = read(viewer)
    assert (path.number, path.color) == (1, "#ff0000")
    assert (line.number, line.color) == (2, "#00ff00")
    np.testing.assert_allclose(path.path, PATH, atol=1e-4)
    np.testing.assert_allclose(line.path, LINE, atol=1e-4)
    assert path.length == pytest.approx(50, abs=1e-3)


def test_a_path_without_length_is_left_out_and_the_others_keep_their_numbers(viewer: Any) -> None:
    layer = viewer.layers["profiles"]
    layer.data = [layer.data[0], np.full((3, 2), 1000.0), layer.data[2]]
    (line,) = read(viewer)
    assert line.number == 2
