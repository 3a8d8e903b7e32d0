"""What the Train dock asks for, refuses and takes back; and that the user's files stay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml

from napari_deconv.widgets import train_folder, train_pictures
from napari_deconv.widgets.deblur import DeblurWidget
from napari_deconv.widgets.train_choices import ANY, FOUND, TYPED
from napari_deconv.widgets.train_folder import PLAN, again
from napari_deconv.widgets.train_order import found_noise, levels
from napari_deconv.widgets.train_process import TrainProcess

from .train_bench import Bench, laid_out, scan


@pytest.fixture
def bench(make_napari_viewer: Any, qtbot: Any, tmp_path: Path) -> Iterator[Bench]:
    yield from laid_out(make_napari_viewer(), qtbot, tmp_path)


def plan_of(bench: Bench) -> dict[str, Any]:
    path = bench.dock.choices.order().write()
    assert path is not None
    plain: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return plain


@pytest.mark.parametrize("name", ["psf.npy", "run.pt", "thesis.docx"])
def test_a_folder_with_the_user_s_files_is_refused(bench: Bench, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / name).write_bytes(b"mine")
    bench.dock.choices.explain()
    assert "holds other files" in bench.dock.choices.plan_line.text()
    with pytest.raises(ValueError, match="choose a new or empty folder"):
        bench.dock.choices.order().write()
    assert [file.name for file in folder.iterdir()] == [name]
    assert (folder / name).read_bytes() == b"mine"


def test_hidden_files_are_in_nobody_s_way(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".DS_Store").write_bytes(b"")
    bench.dock.choices.explain()
    assert "A new model learns" in bench.dock.choices.plan_line.text()
    assert plan_of(bench)["minutes"] == 15


def test_a_disk_that_takes_nothing_is_named(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(train_folder.os, "replace", full)
    with pytest.raises(ValueError, match=r"run can't be written: No space left on device\."):
        bench.dock.choices.order().write()
    assert not list((tmp_path / "run").iterdir())


def test_a_user_s_plan_keeps_its_notes(tmp_path: Path) -> None:
    path = tmp_path / PLAN
    path.write_text("# my notes\nsteps: 8000  # many\nimages: [sharp/]\n", encoding="utf-8")
    again(tmp_path, 15.0)
    assert path.read_text(encoding="utf-8") == "# my notes\nimages: [sharp/]\nminutes: 15.0\n"
    path.write_text("minutes: 15  # as agreed\n", encoding="utf-8")
    again(tmp_path, 15.0)
    assert path.read_text(encoding="utf-8") == "minutes: 15  # as agreed\n"
    path.write_text("{minutes: 5, title: mine}", encoding="utf-8")
    again(tmp_path, 15.0)
    plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert (plain["minutes"], plain["steps"], plain["title"]) == (15, None, "mine")


def test_a_plan_is_resumed_whatever_other_rows_say(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / PLAN).write_text("minutes: 3")
    bench.dock.choices.noise.setCurrentText(TYPED)  # and nothing is typed
    bench.dock.choices.explain()
    assert bench.dock.run(), bench.dock.status.text()
    bench.dock.stop()
    assert bench.ended(1) == "stopped"


@pytest.mark.parametrize(
    ("low", "high", "black"),
    [
        (0, 1, 0.0),  # transmission
        (0.3, 1, 0.0),
        (0.8, 1, 0.8),  # an object that hardly absorbs
        (32_000, 34_000, 32_000),  # slices with an offset
        (-1000, 1000, -1000),  # signed
        (-1000, -100, -1000),
        (-0.02, 1, 0.0),  # noise around a dark that was taken off
    ],
)
def test_where_a_scan_begins(low: float, high: float, black: float) -> None:
    values = np.linspace(low, high, 4001, dtype=np.float32).reshape(1, -1)
    span = high - low
    assert levels(values) == pytest.approx((black, high), abs=0.002 * span)


def test_a_scan_with_gaps_is_measured_beside_them() -> None:
    gaps = np.where(np.eye(128) > 0, np.nan, scan())
    gaps[0, :3] = np.inf
    gain, read = found_noise(gaps)
    assert np.isfinite([gain, read]).all()
    assert gain == pytest.approx(1, rel=0.3)
    black, white = levels(gaps)
    assert (black, white) == (0, pytest.approx(np.percentile(scan(), 99.9), rel=0.01))
    with pytest.raises(ValueError, match="NaN or infinite values alone"):
        levels(np.full((8, 8), np.nan))
    with pytest.raises(ValueError, match="one grey value"):
        levels(np.ones((8, 8)))


def test_noise_needs_a_grey_scan(bench: Bench) -> None:
    choices, layers = bench.dock.choices, bench.viewer.layers
    colour = bench.viewer.add_image(np.zeros((400, 400, 3), np.uint8), name="rgb", rgb=True)
    choices.scan.value = colour
    for noise, words in ((FOUND, "in which the noise is measured"), (TYPED, "is given")):
        choices.noise.setCurrentText(noise)
        assert words in choices.noise_line.text()
        assert not bench.dock.run()
        assert "Choose a grey scan" in bench.dock.status.text()
    assert "in colour" in choices.invitation.line.text()
    for name in ("rgb", "scan", "slices"):
        layers.remove(name)
    assert not bench.dock.run()
    choices.noise.setCurrentText(ANY)
    plain = plan_of(bench)
    assert (plain["gain"], plain["read"], plain["white"]) == (None, None, None)


def test_a_psf_is_taken_at_the_scan_s_pixels_if_that_is_wanted(bench: Bench) -> None:
    choices, layers = bench.dock.choices, bench.viewer.layers
    for name, side in (("scan", 0.1), ("psf", 0.05)):
        layers[name].units, layers[name].scale = ("mm", "mm"), (side, side)
    bench.dock._follow_layers()
    whole = choices.order().psf()
    choices.psf.resample(True)
    half = choices.order().psf()
    assert half.shape[0] < 0.7 * whole.shape[0]
    assert half.sum() == pytest.approx(1, abs=1e-4)
    bench.dock.use("default")
    (deblur,) = bench.viewer.window._qt_window.findChildren(DeblurWidget)
    assert deblur.panel.psf.resampled_from == "0.05 mm"
    choices.psf.resample(False)
    bench.dock.use("default")
    assert deblur.panel.psf.resampled_from is None


@pytest.mark.parametrize("state", ["running", "stopping"])
def test_what_was_refused_is_no_dead_end(bench: Bench, tmp_path: Path, state: Any) -> None:
    dock = bench.dock
    dock.choices.sharp.value = bench.viewer.layers["slices"]
    plan_of(bench)
    dock._process = TrainProcess(dock)
    dock._process.refused = True
    dock._show(state)
    dock._end("failed")
    assert bench.endings == ["failed" if state == "running" else "stopped"]
    assert dock.button.text() == "Train"
    assert not list((tmp_path / "run").iterdir())
    plan_of(bench)


def test_what_was_learned_is_never_withdrawn(bench: Bench, tmp_path: Path) -> None:
    plan_of(bench)
    (tmp_path / "run" / "run.pt").write_bytes(b"")
    bench.dock._process = TrainProcess(bench.dock)
    bench.dock._process.refused = True
    bench.dock._end("failed")
    assert bench.dock.button.text() == "Resume"
    assert len(list((tmp_path / "run").iterdir())) == 3


def test_layers_that_go_meanwhile_are_gone_afterwards(bench: Bench) -> None:
    dock = bench.dock
    dock._show("running")
    for name in ("scan", "psf"):
        bench.viewer.layers.remove(name)
    dock.use("default")  # of layers that are no more, none is chosen
    bench.viewer.add_image(scan(), name="new scan")
    dock._end("done")
    assert dock.choices.scan.value.name == "new scan"
    dock._show("preparing")
    bench.viewer.layers.remove("new scan")
    bench.viewer.add_image(scan(), name="newest scan")
    dock._fall_back("Stopped before it began.", "plain", "stopped")
    assert dock.choices.scan.value.name == "newest scan"


def test_a_huge_stack_is_thinned_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    da = pytest.importorskip("dask.array")
    read: list[int] = []

    def block(block_info: Any = None) -> np.ndarray:
        place = block_info[None]["chunk-location"]
        read.append(place[0] * 10 + place[1])
        return np.full((1, 1, 8, 8), read[-1], np.uint16)

    data = da.map_blocks(
        block, chunks=((1,) * 2, (1,) * 10, (8,), (8,)), dtype=np.uint16, meta=np.empty((0,) * 4)
    )
    layer: Any = SimpleNamespace(data=data, multiscale=False)
    assert train_pictures.pictures_of(layer).shape == (20, 8, 8)
    monkeypatch.setattr(train_pictures, "MOST", 5 * 64)
    read.clear()
    taken = train_pictures.pictures_of(layer)
    assert taken.dtype == np.uint16
    assert taken[:, 0, 0].tolist() == [0, 5, 10, 14, 19]
    assert sorted(read) == [0, 5, 10, 14, 19]
    assert train_pictures.told(layer).startswith("5 of 20 slices are taken")
