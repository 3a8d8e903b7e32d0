"""Learned methods in the Deblur dock: preview, stop, live PSNR, a second opinion, refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QCheckBox, QLabel, QPushButton

from napari_deconv.learned.card import Card
from napari_deconv.learned.model import digest_of, save
from napari_deconv.psf.shapes import GaussianPsf
from napari_deconv.widgets.bands import bands_of

SMALL = {"width": 8, "encoder": (1,), "middle": 1, "decoder": (1,)}
INPUTS = {"restore": "physics", "plug-and-play": "noise"}
FIELD = {"restore": "model", "plug-and-play": "denoiser"}


@pytest.fixture
def models(tmp_path: Path) -> dict[str, dict[str, str]]:
    """Return what each method is told of a small model, which corrects nothing yet."""
    told = {}
    for method, inputs in INPUTS.items():
        card = Card(
            title=f"small {inputs}",
            architecture={**SMALL, "inputs": inputs, "stages": 1},
            narrowest=0.5,
            widest=5.0,
            strongest=0.2,
        )
        path = tmp_path / f"{inputs}.safetensors"
        save(path, card.architecture.build(), card)
        told[method] = {FIELD[method]: str(path)}
    return told


def box(desk: Any) -> QCheckBox:
    return desk.dock.findChild(QCheckBox, "second_opinion")


def settle(desk: Any) -> None:
    """Wait until nothing is under way, a second opinion neither."""
    desk.wait(lambda: not desk.dock.running)


def seen(desk: Any) -> list[Any]:
    """Return what the thread tells, as it is told."""
    told: list[Any] = []
    desk.dock._running._run.told.connect(told.append)
    return told


@pytest.mark.parametrize("method", INPUTS)
def test_a_learned_method_is_seen_at_work_and_marked(desk: Any, models: Any, method: str) -> None:
    desk.use(method, **models[method])
    box(desk).setChecked(False)
    assert desk.dock.run(), desk.status
    told = seen(desk)
    assert desk.wait_for_end() == "done"
    views = [one for one in told if type(one).__name__ == "View"]
    assert len(views) > 1  # previews
    assert not np.array_equal(views[0].image, views[-1].image)
    assert views[-1].psnr.value > 15
    assert "PSNR" in desk.status
    result = desk.dock.result_layer
    assert result.name == f"scan {method} (learned)"
    noted = result.metadata["napari-deconv"]
    (file,) = models[method].values()
    digest = digest_of(file)
    assert f"{file}@{digest}" in noted["method"].values()
    assert any("earned" in note and digest in note for note in noted["ran"]["notes"])
    assert not desk.dock.running  # no second opinion


def test_stop_keeps_the_last_estimate_of_a_learned_method(desk: Any, models: Any) -> None:
    desk.use("plug-and-play", iterations=1000, **models["plug-and-play"])
    assert desk.dock.run()
    desk.wait(lambda: desk.dock.result_layer is not None)
    QTest.mouseClick(desk.dock.findChild(QPushButton, "run"), Qt.MouseButton.LeftButton)
    assert desk.wait_for_end() == "stopped"
    assert np.isfinite(desk.dock.result_layer.data).all()
    assert not desk.dock.running
    assert [one.name for one in desk.layers if "tv" in one.name] == []


def test_a_second_opinion_comes_by_itself_after_the_result(desk: Any, models: Any) -> None:
    desk.use("restore", **models["restore"])
    assert box(desk).isVisibleTo(desk.dock)
    result = desk.run_to_end()
    assert desk.dock.running  # the result is there, the opinion comes
    endings: list[str] = []
    desk.dock.varied.connect(endings.append)
    settle(desk)
    assert endings == ["done"]
    tv, doubt = desk.layers["scan tv"], desk.layers[f"{result.name}: doubt"]
    assert (tv.visible, doubt.visible) == (False, True)
    order = [desk.layers.index(one) for one in (desk.layers["scan"], tv, result, doubt)]
    assert order == sorted(order)
    method = tv.metadata["napari-deconv"]["method"]
    assert method["name"] == "tv"
    assert isinstance(method["weight"], float)
    (band,) = bands_of(result)
    np.testing.assert_array_equal(band.lower, np.minimum(result.data, tv.data))
    said = desk.dock.findChild(QLabel, "sure_line").text()
    assert said.startswith("TV differs by ")
    assert desk.dock.result_layer is result


def test_a_second_opinion_is_stopped_switched_off_and_gives_way_to_a_run(
    desk: Any, models: Any
) -> None:
    desk.use("restore", **models["restore"])
    desk.run_to_end()
    desk.dock.stop()
    settle(desk)
    assert not any("tv" in one.name for one in desk.layers)
    desk.run_to_end()
    assert desk.dock.running
    desk.run_to_end()  # it gives way
    desk.dock.stop()
    settle(desk)
    box(desk).setChecked(False)
    desk.run_to_end()
    assert not desk.dock.running
    desk.use("tikhonov")
    assert not box(desk).isVisibleTo(desk.dock)
    box(desk).setChecked(True)
    desk.run_to_end()
    assert not desk.dock.running


def test_how_sure_asks_tv_about_a_learned_result(desk: Any, models: Any) -> None:
    desk.use("restore", **models["restore"])
    box(desk).setChecked(False)
    desk.run_to_end()
    endings: list[str] = []
    desk.dock.varied.connect(endings.append)
    desk.dock.findChild(QPushButton, "how_sure").click()
    desk.wait(lambda: bool(endings))
    said = desk.dock.findChild(QLabel, "sure_line").text()
    assert said.startswith("4 results (PSF")
    assert "tv)" in said


def test_what_is_far_outside_the_training_is_refused_until_forced(desk: Any, models: Any) -> None:
    desk.use("restore", **models["restore"])
    box(desk).setChecked(False)
    desk.dock.psf = GaussianPsf(sigma=11.0)
    assert desk.dock.run()
    assert desk.wait_for_end() == "failed"
    assert "the PSF is wider (" in desk.status
    assert "by a factor of" in desk.status
    (force,) = (one for one in desk.dock.findChildren(QCheckBox) if one.text() == "Force")
    QTest.mouseClick(force, Qt.MouseButton.LeftButton)
    if not force.isChecked():  # offscreen, a click beside the box's mark does nothing
        force.setChecked(True)
    desk.run_to_end()
    assert "Outside the model's training: the PSF is wider" in desk.dock.panel.notes.text()
