"""The Train dock as a user drives it: begin, watch, stop, resume, use; and what can go wrong."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from napari_deconv.core.noise import poisson_gaussian
from napari_deconv.learned import model as models
from napari_deconv.learned import scanner
from napari_deconv.learned.job import TrainingPlan
from napari_deconv.training_events import Begun, Comparing, Done, Validated, line, parse
from napari_deconv.widgets import train_words
from napari_deconv.widgets.correct_layers import CORRECTION
from napari_deconv.widgets.deblur import DeblurWidget
from napari_deconv.widgets.layer_choice import ORIGIN, images
from napari_deconv.widgets.train_choices import FOUND, STARTS, TYPED
from napari_deconv.widgets.train_folder import PLAN
from napari_deconv.widgets.train_order import found_noise
from napari_deconv.widgets.train_preview import labelled
from napari_deconv.widgets.train_result import OWN

from .train_bench import WAIT, Bench, laid_out, scan


@pytest.fixture
def bench(make_napari_viewer: Any, qtbot: Any, tmp_path: Path) -> Iterator[Bench]:
    yield from laid_out(make_napari_viewer(), qtbot, tmp_path)


def test_train_stop_resume_save_and_use(bench: Bench, tmp_path: Path) -> None:
    dock, plot = bench.dock, bench.dock.plot
    assert dock.choices.scan.value.name == "scan"
    assert "A new model learns for 15 min" in dock.choices.plan_line.text()
    bench.press("train_button")
    assert not dock.choices.isEnabled()
    bench.wait(lambda: len(plot.scores) >= 2 and len(plot.losses) >= 1)
    assert set(plot.rivals) == {"blurred", "TV, automatic", "shipped model"}
    assert "left" in dock.status.text()
    assert "dB on what is kept apart" in dock.score_line.text()
    preview = dock.preview.layer
    assert preview in bench.viewer.layers
    assert preview not in images(bench.viewer.layers)  # it is no picture to deblur
    began = time.process_time()  # what else the machine does is not the dock's
    bench.press("train_button")
    assert dock.state == "stopping"
    assert dock.pid  # it answers before the process has ended, and doesn't wait for it
    assert "The best so far" in dock.status.text()
    assert dock.result.model == tmp_path / "run" / "best.safetensors"
    assert time.process_time() - began < 1
    assert bench.ended(1) == "stopped"
    assert dock.button.text() == "Resume"
    steps = plot.scores[-1][0]
    dock.choices.minutes.setText("0.001")  # what is left is a moment of cooling
    bench.press("train_button")
    assert bench.ended(2) == "done", dock.status.text()
    assert plot.scores[-1][0] > steps
    assert plot.losses[0][0] <= steps  # the curve goes on
    table = {
        dock.result.table.item(row, 0).text(): float(dock.result.table.item(row, 1).text())
        for row in range(dock.result.table.rowCount())
    }
    assert set(table) == {"blurred", "TV, automatic", "shipped model", "this model"}
    assert "over the model that ships" in dock.result.verdict.text()
    assert "For PSFs 1." in dock.result.card.text()
    assert "press Resume" in dock.status.text()
    assert dock.result.model == tmp_path / "run" / "model.safetensors"
    bench.press("use_model")
    (deblur,) = bench.viewer.window._qt_window.findChildren(DeblurWidget)
    assert deblur.method.model == str(dock.result.model)


def test_a_model_is_saved_and_used(bench: Bench, tmp_path: Path) -> None:
    dock = bench.dock
    shipped = models.location("default")
    table = {"blurred": 25.0, "TV, automatic": 30.0, "shipped model": 31.0, OWN: 31.5}
    plain = models.card_of("default").plain()
    dock.result.show_done(Done("done", str(shipped), plain, table, 12))
    assert "better than both" in dock.result.verdict.text()
    assert dock.result.save(tmp_path / "mine")
    assert (tmp_path / "mine.safetensors").read_bytes() == shipped.read_bytes()
    assert not dock.result.save(tmp_path / "nowhere" / "mine")
    assert "can't be written" in dock.result.line.text()
    bench.press("use_model")
    (deblur,) = bench.viewer.window._qt_window.findChildren(DeblurWidget)
    assert deblur.image.name == "scan"
    assert deblur.psf.name == "psf"
    assert deblur.method.model == str(tmp_path / "mine.safetensors")
    with bench.qtbot.waitSignal(deblur.finished, timeout=WAIT) as over:
        assert deblur.run()
    assert over.args == ["done"], deblur.panel.controls.status.text()


def test_a_killed_training_can_be_resumed_and_a_closed_dock_ends_it(bench: Bench) -> None:
    dock = bench.dock
    bench.press("train_button")
    bench.wait(lambda: len(dock.plot.scores) >= 1)
    os.kill(dock.pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    assert bench.ended(1) == "failed"
    assert "Resume" in dock.status.text()
    assert dock.button.text() == "Resume"
    assert dock.result.model is not None
    bench.press("train_button")
    bench.wait(lambda: dock.pid != 0 and dock.state == "running")
    child = dock.pid
    dock._presence.part()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_stop_while_the_scan_is_read(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dock, read = bench.dock, Event()

    def slow() -> np.ndarray:
        assert read.wait(30)
        return scan()

    order = replace(dock.choices.order(), scan=slow)
    monkeypatch.setattr(dock.choices, "order", lambda: order)
    bench.press("train_button")
    assert dock.state == "preparing"
    bench.press("train_button")
    assert dock.state == "stopping"
    assert "being read" in dock.status.text()
    read.set()
    assert bench.ended(1) == "stopped"
    assert dock.status.text() == "Stopped before it began."
    assert dock.pid == 0
    assert dock.button.text() == "Train"  # no plan was left that Resume would go on with
    assert not (tmp_path / "run" / PLAN).exists()


def test_what_is_wrong_is_said_before_any_work(bench: Bench, tmp_path: Path) -> None:
    dock = bench.dock
    dock.choices.minutes.setText("soon")
    dock.choices.explain()
    assert not dock.run()
    assert "Minutes: give a number above 0" in dock.status.text()
    dock.choices.minutes.setText("1")
    dock.choices.noise.setCurrentText(TYPED)
    assert not dock.run()
    assert "Gain" in dock.status.text()
    dock.choices.noise.setCurrentText(FOUND)
    (tmp_path / "file").write_text("")
    dock.choices.folder.setText(str(tmp_path / "file"))
    assert dock.run()
    assert bench.ended(1) == "failed"
    assert "can't be made" in dock.status.text()


def test_an_order_is_written_as_a_plan(bench: Bench, tmp_path: Path) -> None:
    dock = bench.dock
    dock.choices.sharp.value = bench.viewer.layers["slices"]
    dock.choices.explain()
    assert "three quarters of 8 slices" in dock.choices.sharp_line.text()
    assert "up to 15% wider or narrower" in dock.choices.plan_line.text()
    assert "degradation" not in dock.choices.order().settings  # nobody measured the PSF
    bench.viewer.layers["psf"].metadata[ORIGIN] = {"kind": "edge", "figures": []}
    dock.choices.begin.setCurrentIndex(0)
    assert "up to 5% wider or narrower" in dock.choices.plan_line.text()
    dock.choices.settings = {}
    import yaml

    path = dock.choices.order().write()
    assert path is not None
    plan = TrainingPlan(**yaml.safe_load(path.read_text(encoding="utf-8")))
    gain, read = poisson_gaussian(scan())
    assert (plan.gain, plan.read) == pytest.approx((gain, read))
    assert plan.white == pytest.approx(np.percentile(scan(), 99.9))
    assert plan.start == "default"
    assert plan.training.hard == 0.5
    assert plan.cooling == scanner.COOLING
    assert (plan.training.rate, plan.training.batch) == (scanner.RATE, scanner.BATCH)
    assert plan.training.degradation.jitter == 0.05
    assert np.load(plan.images[0]).shape == (8, 64, 64)
    np.testing.assert_allclose(np.load(plan.psf).sum(), 1, rtol=1e-5)
    assert found_noise(scan()) == (gain, read)


def test_noise_of_corrected_scans_is_known(bench: Bench) -> None:
    layer = bench.viewer.layers["scan"]
    layer.metadata[CORRECTION] = {"fidelity": {"gain": 1.5, "read": 2.5}}
    bench.dock.choices.explain()
    assert "gain 1.5, read noise 2.5" in bench.dock.choices.noise_line.text()
    assert bench.dock.choices.order().noise == (1.5, 2.5)


def test_a_folder_that_holds_a_training_is_gone_on_with(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / PLAN).write_text("minutes: 3")
    bench.dock.choices.explain()
    assert bench.dock.button.text() == "Resume"
    assert "Resume goes on with it" in bench.dock.choices.plan_line.text()
    bench.press("train_anew")
    assert bench.dock.button.text() == "Train"


def test_every_start_is_a_training() -> None:
    from napari_deconv.learned.training import Training

    for _, architecture in STARTS.values():
        Training(architecture=architecture)


def test_events_survive_their_line() -> None:
    for event in (
        Begun("nafnet", "cpu", 0.0, 60.0, 0),
        Validated(3, 31.5, {"blurred": 25.0}, True, "x.npy"),
        Done("done", "m.safetensors", {"title": "x"}, {OWN: 3.0}, 12, "hard"),
    ):
        assert parse(line(event)) == event
    assert parse("no JSON") is None
    assert parse('{"event": "other"}') is None


def test_panels_of_a_preview_are_named(qtbot: Any) -> None:
    picture = np.linspace(-0.5, 0.5, 64 * 268, dtype=np.float32).reshape(64, 268)
    shown = labelled(picture)
    np.testing.assert_array_equal(shown[-64:], picture)
    words = shown[:-64]
    assert words.dtype == np.float32
    assert words.min() == picture.min()
    assert 8 < len(words) < 20
    for panel in np.array_split(words, 4, axis=1):
        assert np.ptp(panel) > 0.5


def test_words() -> None:
    table = {"blurred": 25.0, "TV, automatic": 30.0, "shipped model": 31.0, "this model": 31.5}
    done = Done("done", "m", {}, table, 12)
    assert train_words.verdict(done).startswith("+0.50 dB over the model that ships and +1.50 dB")
    assert "better than both" in train_words.verdict(done)
    unsure = train_words.verdict(replace(done, error=0.3))
    assert "(standard error 0.30 dB). So little more or less is chance" in unsure
    alike = Done("stopped", "m", {}, {**table, "this model": 31.05}, 6, picked=True)
    assert "which also picked it. So little more or less is chance" in train_words.verdict(alike)
    worse = Done("done", "m", {}, {**table, "this model": 30.5}, 12)
    assert "train longer" in train_words.verdict(worse)
    looked = Validated(3, 31.5, {"blurred": 25.0, "TV, automatic": 30.0}, False, "x.npy")
    assert train_words.score(looked).endswith("+6.50 over the blurred pictures, +1.50 over TV")
    assert train_words.status(Comparing(1, 6)).endswith("2 of 6")
    assert [train_words.duration(s) for s in (5, 600, 9000)] == ["5 s", "10 min", "2.5 h"]
