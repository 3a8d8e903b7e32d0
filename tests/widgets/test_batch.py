"""The Batch dock: real runs of the command line beside the window, stopped, killed, gone on."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_deconv.core.units import PixelSize
from napari_deconv.recipe import Recipe
from napari_deconv.scans.opening import open_scan
from napari_deconv.scans.targets import kind_of
from napari_deconv.widgets.batch import LOOKING, BatchWidget
from napari_deconv.widgets.batch_plan import Results, plan
from napari_deconv.widgets.deblur import DeblurWidget

COUNT, SIDE, PIECE = 18, 512, 8
"""Slices of a scan that is restored in three pieces."""
RECIPE = Recipe(psf={"name": "gaussian", "sigma": 1.2}, method={"name": "tikhonov", "weight": 0.01})


def slices(count: int = COUNT, side: int = SIDE) -> np.ndarray:
    """Return slices of bars with noise."""
    rng = np.random.default_rng(5)
    bars = np.where(np.arange(side) % 16 < 8, 200.0, 900.0)
    return (bars + rng.normal(0, 9, (count, side, side))).astype(np.float32)


def tiff(path: Path, array: np.ndarray) -> Path:
    """Write a stack with its pixel size."""
    sink = kind_of(path)(path, array.shape, "float32", PixelSize(0.1, "mm"))
    sink.lay_out()
    sink.put(0, array)
    sink.finish()
    return path


@dataclass
class Desk:
    """A viewer with the Batch dock, and what it told."""

    viewer: Any
    dock: BatchWidget
    qtbot: Any
    endings: list[str] = field(default_factory=list)
    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def status(self) -> str:
        return str(self.dock.panel.status.text())

    @property
    def states(self) -> list[str]:
        table = self.dock.panel.scans
        return [table.item(row, 2).text() for row in range(table.rowCount())]

    def wait(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition, timeout=400_000)

    def run(self) -> str:
        """Run to the end and return how it ended."""
        count = len(self.endings)
        self.dock.run()
        self.wait(
            lambda: len(self.endings) > count or not (self.dock.running or self.status == LOOKING)
        )
        return self.endings[-1] if len(self.endings) > count else "refused"

    def run_on(self) -> None:
        """Run until the first piece is done."""
        self.lines.clear()
        self.dock.run()
        self.wait(lambda: any("slices" in line for line in self.lines))


@pytest.fixture
def desk(make_napari_viewer: Any, qtbot: Any, tmp_path: Path) -> Desk:
    """Return a viewer with the dock, told to restore a scan by a file's recipe."""
    viewer = make_napari_viewer()
    dock = BatchWidget(viewer)
    viewer.window.add_dock_widget(dock, name="Batch", area="right")
    made = Desk(viewer, dock, qtbot)
    dock.finished.connect(made.endings.append)
    dock._batch.told.connect(lambda scan, line: made.lines.append(line))
    RECIPE.save(tmp_path / "r.yaml")
    dock.use_recipe(tmp_path / "r.yaml")
    dock.panel.folder.setText(str(tmp_path / "out"))
    dock.panel.workers.setValue(1)
    return made


@pytest.mark.timeout(900)
def test_a_stopped_batch_goes_on_and_ends_as_in_python(desk: Desk, tmp_path: Path) -> None:
    panel, out = desk.dock.panel, tmp_path / "out" / "a_restored.h5"
    desk.dock.scans = [tiff(tmp_path / "a.tif", slices()), tmp_path / "nothing.tif"]
    panel.kind.setCurrentText("HDF5")
    desk.wait(lambda: "18 slices of 512 × 512 px" in panel.plan_line.text())
    assert "GiB are free · 1 can't be read" in panel.plan_line.text()
    assert panel.run_button.text() == "Run"
    desk.run_on()
    assert panel.run_button.text() == "Stop"
    assert not panel.scans.isEnabled()
    desk.dock.stop()
    desk.wait(lambda: bool(desk.endings))
    assert desk.endings == ["stopped"]
    assert desk.status.startswith("Stopped; what is done stays")
    desk.wait(lambda: "of them are done already" in panel.plan_line.text())
    assert panel.run_button.text() == "Go on"
    assert not out.exists()
    desk.lines.clear()
    assert desk.run() == "incomplete"  # the other scan is not there
    assert "There is no file" in desk.status
    assert desk.lines[0]["done"] >= PIECE
    assert desk.states == [
        "done: a_restored.h5",
        f"There is no file or folder {tmp_path}/nothing.tif.",
    ]
    lines = (tmp_path / "out" / "a_restored.h5.journal").read_text().splitlines()[1:]
    assert sorted(json.loads(line)["start"] for line in lines) == [0, 8, 16]
    result = open_scan(out)
    np.testing.assert_array_equal(result.read(0, COUNT), RECIPE.run(slices(), device="cpu").image)
    assert result.size == PixelSize(0.1, "mm")
    desk.wait(lambda: len(desk.viewer.layers) == 1)  # the last slice, live
    assert desk.viewer.layers[0].name == "a_restored: the last slice"
    assert desk.viewer.layers[0].data.shape == (SIDE, SIDE)
    panel.show_results.click()
    layer = desk.viewer.layers["a_restored"]
    assert layer.data.shape == (COUNT, SIDE, SIDE)
    assert not isinstance(layer.data, np.ndarray)
    np.testing.assert_allclose(layer.scale, (1, 0.1, 0.1))


@pytest.mark.timeout(900)
def test_a_batch_killed_from_outside_is_told_and_goes_on(desk: Desk, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", slices())
    desk.dock.scans = [tmp_path / "a.npy"]
    desk.dock.panel.live.setChecked(False)
    desk.run_on()
    os.kill(desk.dock._batch.process.pid, signal.SIGKILL)
    desk.wait(lambda: bool(desk.endings))
    assert desk.endings == ["failed"]
    assert "ended from outside" in desk.status
    assert desk.run() == "done"
    assert desk.status == "The scan is restored."
    result = open_scan(tmp_path / "out" / "a_restored.zarr")
    np.testing.assert_array_equal(result.read(0, COUNT), RECIPE.run(slices(), device="cpu").image)
    assert len(desk.viewer.layers) == 0


def test_what_can_t_begin_is_said_in_a_sentence(desk: Desk, tmp_path: Path) -> None:
    assert desk.run() == "refused"
    assert desk.status == "There is no scan; add files or a folder."
    np.save(tmp_path / "a.npy", slices(2, 16))
    desk.dock.scans = [tmp_path / "a.npy"]
    desk.dock.panel.folder.setText("")
    assert desk.run() == "refused"
    assert desk.status == "Choose a folder for the results."
    desk.dock.panel.folder.setText(str(tmp_path / "r.yaml"))
    assert desk.run() == "refused"
    assert "is a file; choose a folder" in desk.status
    desk.dock.panel.folder.setText(str(tmp_path / "out"))
    desk.dock.panel.file.setText(str(tmp_path / "no.yaml"))
    assert desk.run() == "refused"
    assert "no.yaml" in desk.status
    desk.dock.panel.from_file = False
    assert desk.run() == "refused"
    assert desk.status == "Set up the Deblur dock first, or take a recipe from a file."
    assert not (tmp_path / "out").exists()


@pytest.mark.timeout(900)
def test_run_pressed_at_once_and_twice_begins_one_batch(desk: Desk, tmp_path: Path) -> None:
    """The scans have not been looked at yet: the press waits for that, and counts once."""
    np.save(tmp_path / "a.npy", slices(2, 16))
    desk.dock.panel.live.setChecked(False)
    desk.dock.scans = [tmp_path / "a.npy"]
    for _ in range(2):
        desk.dock.panel.run_button.click()
        assert desk.status == LOOKING
        assert not desk.dock.running
    desk.wait(lambda: bool(desk.endings))
    assert desk.endings == ["done"]
    assert [line["total"] for line in desk.lines if line.get("growing")] == [2]
    desk.wait(lambda: "done already" in desk.dock.panel.plan_line.text())
    assert desk.endings == ["done"]
    assert (tmp_path / "out" / "a_restored.zarr").is_dir()


def test_the_recipe_is_that_of_the_deblur_dock_with_its_psf_layer(desk: Desk) -> None:
    deblur = DeblurWidget(desk.viewer)
    desk.viewer.window.add_dock_widget(deblur, name="Deblur", area="right")
    desk.viewer.add_image(slices(1, 64)[0], name="scan")
    psf = desk.viewer.add_image(np.full((3, 3), 1 / 9), name="psf")
    deblur.psf = psf
    desk.dock.panel.from_file = False
    recipe = desk.dock.recipe()
    assert recipe.method == deblur.method
    np.testing.assert_allclose(recipe.psf.kernel(None), np.full((3, 3), 1 / 9))
    assert "no PSF" not in desk.dock.panel.recipe_line.text()


def test_a_plan_names_results_apart_and_knows_what_is_done(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "a.npy", slices(3, 16))
    sources = [tmp_path / folder / "a.npy" for folder in ("one", "two")]
    found = plan(sources, Results(tmp_path / "out", ".zarr"))
    names = [scan.target.name for scan in found.scans]
    assert names == ["one_a_restored.zarr", "two_a_restored.zarr"]
    assert [scan.needed for scan in found.scans] == [3 * 16 * 16 * 4] * 2
    assert str(found).startswith("2 scans, 6 slices of 16 × 16 px · takes")
    assert found.complaint == ""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".one_a_restored.part.zarr").mkdir()
    journal = tmp_path / "out" / "one_a_restored.zarr.journal"
    piece = {"start": 0, "stop": 2, "digest": "", "stamp": "", "seconds": 1.0, "worker": ""}
    journal.write_text('{"batch": {}}\n' + json.dumps(piece) + '\n{"start": 2, "sto')
    torn = journal.read_text()
    found = plan(sources, Results(tmp_path / "out", ".zarr"))
    assert [scan.done for scan in found.scans] == [2, 0]
    assert "2 of them are done already" in str(found)
    assert journal.read_text() == torn
