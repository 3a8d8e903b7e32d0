"""The report that the Deblur dock writes of a result says of it what the dock says."""

from __future__ import annotations

from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_deconv.psf.shapes import GaussianPsf
from napari_deconv.report.limits import Limits
from napari_deconv.widgets.report_layers import LayersReport

from .conftest import blurred, part


def written(desk: Any, path: Path) -> str:
    """Press Report and return the text of the page."""
    report, ended = desk.dock.panel.saving.report, []
    report.finished.connect(ended.append)
    assert report.write(path), report.line.text()
    desk.wait(lambda: bool(ended))
    assert ended == [True], report.line.text()
    return unescape(path.read_text(encoding="utf-8"))


@pytest.fixture
def weighed(desk: Any) -> Any:
    """Return a result of a scan whose right half is noisier, and weighed by as much less."""
    scan = desk.layers["scan"]
    rng = np.random.default_rng(7)
    scan.data[:, 64:] += rng.normal(0, 0.03, (96, 64)).astype(np.float32)
    weights = np.ones((96, 128), np.float32)
    weights[:, 64:] = 0.004**2 / (0.004**2 + 0.03**2)
    trust = desk.viewer.add_image(weights, name="trust", visible=False)
    desk.dock.panel.more.weights.value = trust
    desk.dock.psf = desk.layers["psf"]
    desk.use("tv", iterations=30, weight=0.002)
    desk.run_to_end()
    return desk


def test_a_report_weighs_pixels_as_the_run_did(weighed: Any, tmp_path: Path) -> None:
    desk = weighed
    verdict = desk.dock.panel.verdict.text().splitlines()[0]
    assert "chi-square" in verdict
    desk.dock.panel.more.weights.value = None  # what the fields say now is of the next run
    desk.layers["trust"].name = "how sure"
    page = written(desk, tmp_path / "r.html")
    assert verdict in " ".join(page.split())
    assert "Pixels weighed by" in page


def test_a_report_without_its_weights_is_refused(weighed: Any, tmp_path: Path) -> None:
    desk, report = weighed, weighed.dock.panel.saving.report
    desk.layers.remove("trust")
    assert not report.write(tmp_path / "r.html")
    sentence = "The layer of pixel weights 'trust' is not among the layers any more; open it again."
    assert report.line.text() == sentence


def test_the_report_of_a_stack_is_of_the_slice_on_display(empty_desk: Any, tmp_path: Path) -> None:
    desk = empty_desk()
    planes = np.stack([blurred(part() * (1 + i / 5)) for i in range(3)])
    desk.viewer.add_image(planes, name="stack")
    desk.dock.psf = GaussianPsf(sigma=1.5)
    desk.use("tikhonov")
    desk.dock.all_slices = True
    desk.viewer.dims.set_current_step(0, 1)
    result = desk.run_to_end()
    found = LayersReport.of(desk.viewer, [result], Limits()).contents()
    np.testing.assert_array_equal(found.image, planes[1])
    np.testing.assert_array_equal(found.outcomes[0].image, result.data[1])
    assert found.facts["Slice (from 0)"] == "1"
    result.data[2] = np.nan
    desk.viewer.dims.set_current_step(0, 2)
    report = desk.dock.panel.saving.report
    assert not report.write(tmp_path / "r.html")
    assert "was not restored at this slice" in report.line.text()
