"""Results blurred with their PSF again lie on the data; differences say where they don't."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QLabel, QPushButton
from scipy.ndimage import gaussian_filter
from scipy.signal import fftconvolve

from napari_deconv.evidence.profile import line_profile
from napari_deconv.psf.shapes import GaussianPsf

from .conftest import blurred, part
from .profile_desk import settle, shown

LINE = [[40, 12], [44, 116]]
AGAIN = "scan tv, re-blurred"


@pytest.fixture
def restored(desk, profile_dock):
    """Return a desk with the result of a real run, and the Profiles dock beside it."""
    from napari_deconv.widgets.profiles import ProfilesWidget

    desk.dock.psf, desk.dock.image = desk.layers["psf"], desk.layers["scan"]
    desk.use("tv", iterations=40, weight=0.002)
    desk.run_to_end()
    widget = ProfilesWidget(desk.viewer)
    desk.viewer.window.add_dock_widget(widget, area="bottom", name="Profiles")
    widget.reference = None
    widget.add_line(*LINE)
    settle(desk.qtbot, widget)
    return desk, widget


def test_the_dotted_curve_is_the_result_blurred_again(restored):
    desk, widget = restored
    curves = shown(widget)
    assert set(curves) == {"scan", "scan tv", AGAIN}
    kernel = GaussianPsf(sigma=1.5).kernel()
    whole = fftconvolve(desk.layers["scan tv"].data, kernel, mode="same")
    expected = line_profile(whole, LINE, width=3)
    np.testing.assert_allclose(curves[AGAIN][1], expected.values, atol=1e-4)
    data = curves["scan"][1]
    assert np.std(curves[AGAIN][1] - data) < 0.3 * np.std(curves["scan tv"][1] - data)
    assert np.std(curves[AGAIN][1] - data) < 0.006  # the noise is 0.004, less where averaged


def test_it_follows_new_pixels_and_can_be_switched_off(restored):
    desk, widget = restored
    layer = desk.layers["scan tv"]
    layer.data = np.full_like(layer.data, 0.7)
    settle(desk.qtbot, widget)
    np.testing.assert_allclose(shown(widget)[AGAIN][1], 0.7, atol=1e-5)
    assert AGAIN in widget.csv(curves=True)
    assert AGAIN not in widget.csv()
    widget.findChild(QPushButton, "profile-reblurred").click()
    settle(desk.qtbot, widget)
    assert set(shown(widget)) == {"scan", "scan tv"}
    legend = widget.findChild(QLabel, "profile-legend").text()
    assert "re-blurred" not in legend


def test_differences_are_from_the_data_or_from_the_reference(restored):
    desk, widget = restored
    widget.findChild(QPushButton, "profile-difference").click()
    settle(desk.qtbot, widget)
    curves, less = shown(widget), widget._plots.differences(1)
    assert set(less) == {"scan tv", AGAIN}
    for name in less:
        np.testing.assert_allclose(less[name][1], curves[name][1] - curves["scan"][1])
    widget.reference = "reference"
    settle(desk.qtbot, widget)
    curves, less = shown(widget), widget._plots.differences(1)
    assert set(less) == {"scan", "scan tv", AGAIN}
    np.testing.assert_allclose(less["scan"][1], curves["scan"][1] - curves["reference"][1])
    np.testing.assert_allclose(less[AGAIN][1], curves[AGAIN][1] - curves["scan"][1])
    widget.findChild(QPushButton, "profile-difference").click()
    assert widget._plots.differences(1) == {}


def test_only_the_blocks_on_the_line_are_blurred(profile_dock, qtbot, monkeypatch):
    from napari_deconv.evidence import reblurred
    from napari_deconv.recipe import Recipe

    computed = []
    blur = reblurred._blur
    monkeypatch.setattr(reblurred, "_blur", lambda *a: (computed.append(a[2]), blur(*a))[1])
    viewer, widget = profile_dock()
    picture = blurred(part((640, 640)))
    recipe = Recipe(psf={"name": "gaussian", "sigma": 2.0}).plain()
    viewer.add_image(picture, name="tv", metadata={"napari-deconv": recipe})
    widget.add_line((300, 10), (300, 630))
    settle(qtbot, widget)
    assert 10 <= len(computed) <= 20  # of 100 blocks of 64 x 64
    expected = line_profile(gaussian_filter(picture, 2.0), [[300, 10], [300, 630]], width=3)
    inner = slice(40, -40)
    again = shown(widget)["tv, re-blurred"][1]
    np.testing.assert_allclose(again[inner], expected.values[inner], atol=2e-3)
    count = len(computed)
    widget._lines.layer.data = [np.array([[303, 10], [303, 630]])]
    settle(qtbot, widget)
    assert len(computed) == count  # the same blocks: nothing is blurred twice


def test_a_result_without_a_plane_psf_has_no_dotted_curve(profile_dock, qtbot):
    viewer, widget = profile_dock()
    for name, metadata in (
        ("no psf", {}),
        ("volume", {"psf": {"name": "gaussian", "sigma": 1.0, "dimensions": 3}}),
        ("broken", {"psf": {"name": "nonsense"}}),
    ):
        viewer.add_image(blurred(part()), name=name, metadata={"napari-deconv": metadata})
    widget.add_line(*LINE)
    settle(qtbot, widget)
    assert set(shown(widget)) == {"no psf", "volume", "broken"}
