"""What the tests of the Train dock share: a viewer with a scan, and settings that are quick."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import Qt, QThreadPool
from qtpy.QtWidgets import QPushButton
from scipy.ndimage import gaussian_filter

from napari_deconv.psf.shapes import GaussianPsf
from napari_deconv.widgets.train import TrainWidget

LEFT = Qt.MouseButton.LeftButton
TINY = {
    "architecture": {"width": 8, "encoder": [1], "middle": 1, "decoder": [1], "stages": 1},
    "scenes": {"side": 96, "kept": 4},
    "batch": 2,
    "side": 32,
    "warmup": 4,
    "rate": 2e-3,
}
WAIT = 240_000
"""Milliseconds, on a machine that does much else."""


def scan(side: int = 128) -> np.ndarray:
    rng = np.random.default_rng(3)
    truth = np.ones((side, side))
    truth[30:90, 30:90] = 0.4
    blurred = 1000 * gaussian_filter(truth, 1.5)
    return (rng.poisson(blurred) + rng.normal(0, 4, truth.shape)).astype(np.float32)


@dataclass
class Bench:
    """A viewer with the Train dock, a scan and its PSF."""

    viewer: Any
    dock: TrainWidget
    qtbot: Any
    endings: list[str]

    def press(self, name: str) -> None:
        button = self.dock.findChild(QPushButton, name)
        assert button is not None
        assert button.isEnabled(), name
        self.qtbot.mouseClick(button, LEFT)

    def wait(self, condition: Callable[[], bool]) -> None:
        self.qtbot.waitUntil(condition, timeout=WAIT)

    def ended(self, count: int) -> str:
        self.wait(lambda: len(self.endings) >= count)
        return self.endings[-1]


def laid_out(viewer: Any, qtbot: Any, tmp_path: Path) -> Iterator[Bench]:
    """Yield the dock beside a scan, its PSF and a stack of sharp slices, all set to be quick."""
    viewer.add_image(np.stack([scan(64)] * 8), name="slices", visible=False)
    viewer.add_image(GaussianPsf(sigma=1.5).kernel(), name="psf", visible=False)
    viewer.add_image(scan(), name="scan")
    dock = TrainWidget(viewer)
    viewer.window.add_dock_widget(dock, name="Train", area="right")
    dock.choices.settings = TINY
    dock.choices.begin.setCurrentIndex(1)
    dock.choices.folder.setText(str(tmp_path / "run"))
    dock.choices.explain()
    endings: list[str] = []
    dock.finished.connect(endings.append)
    yield Bench(viewer, dock, qtbot, endings)
    dock._presence.part()
    assert QThreadPool.globalInstance().waitForDone(30_000)
