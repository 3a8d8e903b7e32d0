"""The Correct dock: layers are guessed, a result lies over the raw image and says what was done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QThreadPool

from napari_deconv import io
from napari_deconv.correcting import Frames
from napari_deconv.widgets.correct import CorrectWidget
from napari_deconv.widgets.correct_layers import CORRECTION
from napari_deconv.widgets.deblur import DeblurWidget
from napari_deconv.xray.correct import Correction

SHAPE = (72, 96)


def raw(seed: int, scene: np.ndarray | float = 1.0) -> np.ndarray:
    draws = np.random.default_rng(seed)
    return (draws.poisson(4000 * scene * np.ones(SHAPE)) + draws.normal(90, 3, SHAPE)).round()


def part() -> np.ndarray:
    scene = np.ones(SHAPE)
    scene[20:50, 30:70] = 0.3
    return scene


@pytest.fixture
def opened(make_napari_viewer: Any) -> Iterator[Callable[..., CorrectWidget]]:
    """Return what opens a viewer with the dock and layers of a name and data each."""

    def make(**layers: np.ndarray) -> CorrectWidget:
        viewer = make_napari_viewer()
        for name, data in layers.items():
            placed = {"scale": (0.1, 0.1), "translate": (3, 4), "units": ("mm", "mm")}
            viewer.add_image(data, name=name, **(placed if data.ndim == 2 else {}))
        dock = CorrectWidget(viewer)
        viewer.window.add_dock_widget(dock, name="Correct", area="right")
        return dock

    yield make
    assert QThreadPool.globalInstance().waitForDone(30_000)


def run(dock: CorrectWidget, qtbot: Any) -> bool:
    with qtbot.waitSignal(dock.finished, timeout=60_000) as ended:
        assert dock.correct(), dock.status.text()
    return bool(ended.args[0])


def chosen(dock: CorrectWidget) -> list[str | None]:
    return [getattr(menu.value, "name", None) for menu in dock.layers.menus]


def test_a_result_lies_over_the_raw_image(opened: Any, qtbot: Any) -> None:
    flats, darks = np.stack([raw(1), raw(2)]), np.stack([raw(3, 0), raw(4, 0)])
    dock = opened(flat_fields=flats, scan=raw(0, part()), dark=darks, other=np.ones((5, 5)))
    assert chosen(dock) == ["scan", "flat_fields", "dark"]
    assert "2 flats, 2 darks" in dock.noise_line.text()
    assert run(dock, qtbot)
    layer = dock.result
    assert layer is not None
    assert layer.name == "scan transmission"
    image = dock.layers.image.value
    assert image.name == "scan"  # the result does not become the next raw image
    np.testing.assert_array_equal(layer.scale, image.scale)
    np.testing.assert_array_equal(layer.translate, image.translate)
    assert layer.units == image.units
    expected = Correction().correct(raw(0, part()), flats, darks)
    np.testing.assert_array_equal(layer.data, expected.values)
    assert str(expected.noise).capitalize() in dock.status.text()
    said = layer.metadata[CORRECTION]
    assert said["domain"] == "transmission"
    assert said["fidelity"]["gain"] == pytest.approx(expected.noise.gain)


def test_options_reach_the_correction(opened: Any, qtbot: Any) -> None:
    dock = opened(scan=raw(0, part()), flat=raw(1), dark=raw(2, 0))
    wish = Correction(domain="attenuation", spots="none", open_field="0:10, 0:20", spot_sigma=7.5)
    dock.correction = wish
    assert dock.correction == wish
    assert run(dock, qtbot)
    assert dock.result.name == "scan attenuation"
    expected = wish.correct(raw(0, part()), raw(1), raw(2, 0)).values
    np.testing.assert_array_equal(dock.result.data, expected)


def test_the_deblur_dock_takes_result_and_noise(opened: Any, qtbot: Any) -> None:
    flats, darks = np.stack([raw(1), raw(2)]), np.stack([raw(3, 0), raw(4, 0)])
    dock = opened(flat=flats, scan=raw(0, part()), dark=darks)
    deblur = DeblurWidget(dock._viewer)
    dock._viewer.window.add_dock_widget(deblur, name="Deblur", area="right")
    assert run(dock, qtbot)
    assert not dock.onward.isHidden()
    assert dock.deblur() is deblur
    assert deblur.image is dock.result
    noise = Correction().correct(raw(0, part()), flats, darks).noise
    assert deblur.recipe.fidelity == noise.fidelity()
    dock._viewer.layers.remove(dock.result)
    assert dock.deblur() is None
    assert "correct again" in dock.status.text()


def test_selected_layers_are_frames(opened: Any, qtbot: Any) -> None:
    dock = opened(scan=raw(0, part()), one=raw(1), two=raw(2), three=raw(3))
    viewer = dock._viewer
    viewer.layers.selection = {viewer.layers["one"], viewer.layers["two"], viewer.layers["three"]}
    dock.layers.image.value = viewer.layers["scan"]
    assert dock.layers.flats.currentText() == "none"
    frames = dock.layers.flats._values[-1]
    dock.layers.flats.value = frames
    viewer.layers.selection = {viewer.layers["scan"]}
    assert dock.layers.flats.value == frames
    assert "3 flats" in dock.noise_line.text()
    dock.correction = Correction(domain="counts")
    assert run(dock, qtbot)
    assert np.isfinite(dock.result.data).all()


def test_what_is_wrong_is_said_in_the_dock(opened: Any, qtbot: Any) -> None:
    dock = opened(scan=raw(0, part()), flat=raw(1, 0), dark=raw(2))
    assert not run(dock, qtbot)
    assert dock.status.text() == "The flats are no brighter than the darks; check which is which."
    dock.layers.flats.value = None
    assert not run(dock, qtbot)
    assert "needs flat frames" in dock.status.text()
    dock.fields.parameters = {"open_field": "left"}
    assert not dock.correct()
    assert "write for example" in dock.status.text()
    dock.fields.parameters = {"open_field": ""}
    assert "write for example" not in dock.status.text()
    assert dock.result is None


def test_without_layers_it_asks_for_one(opened: Any) -> None:
    dock = opened()
    assert not dock.correct()
    assert "open a raw one" in dock.status.text()
    dock._viewer.add_image(raw(0), name="scan")
    assert chosen(dock) == ["scan", None, None]


def test_closing_the_dock_ends_it_quietly(opened: Any) -> None:
    dock = opened(scan=raw(0, part()), flat=raw(1), dark=raw(2, 0))
    viewer = dock._viewer
    assert dock.correct()
    viewer.window.remove_dock_widget(dock)
    assert QThreadPool.globalInstance().waitForDone(30_000)
    viewer.add_image(raw(5), name="another")
    assert [layer.name for layer in viewer.layers] == ["scan", "flat", "dark", "another"]


EDGE = [f"pairs/neutron_edge_{name}.tif" for name in (3, "ob", "dc")]
WEDGE = [f"dose/neutron_wedge_120s.tif[{page}]" for page in range(3)]


@pytest.mark.parametrize("files", [EDGE, WEDGE], ids=["edge", "wedge"])
def test_dock_command_line_and_python_give_the_same(
    opened: Any, qtbot: Any, shared_data: Path, tmp_path: Path, files: list[str]
) -> None:
    from typer.testing import CliRunner

    from napari_deconv.cli import app

    paths = [shared_data / file for file in files]
    image, beam, dark = (Frames.of(path).read().array for path in paths)
    by_python = Correction().correct(image, beam, dark).values
    options = ["--flat", str(paths[1]), "--dark", str(paths[2]), "--out", str(tmp_path)]
    done = CliRunner().invoke(app, ["correct", str(paths[0]), *options])
    assert done.exit_code == 0, done.output
    (written,) = tmp_path.glob("*_transmission.tif")
    dock = opened(scan=image, scan_ob=beam, scan_dc=dark)
    assert chosen(dock) == ["scan", "scan_ob", "scan_dc"]
    assert run(dock, qtbot)
    np.testing.assert_array_equal(io.read(written).array, by_python)
    np.testing.assert_array_equal(dock.result.data, by_python)
