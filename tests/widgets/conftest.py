"""What the tests of the Deblur dock share: a blurred picture, a viewer, and patience."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from napari.layers import Image
from qtpy.QtCore import QThreadPool
from scipy.ndimage import gaussian_filter

from napari_deconv.psf.shapes import GaussianPsf
from napari_deconv.registry import choices
from napari_deconv.widgets.deblur import DeblurWidget
from napari_deconv.widgets.profiles import ProfilesWidget

SHAPE = (96, 128)
ENDLESS = 100_000
"""Iterations of a run that a test has to end."""


def part(shape: tuple[int, int] = SHAPE) -> np.ndarray:
    """Return a picture of a plate with a hole and a wire, between 0.2 and 1."""
    truth = np.ones(shape)
    truth[20:76, 24:100] = 0.6
    truth[36:52, 44:60] = 0.9
    truth[10:90, 80:83] = 0.2
    return truth


def blurred(truth: np.ndarray, noise: float = 0.004) -> np.ndarray:
    """Return the picture blurred by a Gaussian of 1.5 px, with noise."""
    rng = np.random.default_rng(5)
    picture = gaussian_filter(truth, 1.5, mode="nearest") + rng.normal(0, noise, truth.shape)
    return picture.astype(np.float32)


@dataclass
class Desk:
    """A viewer with the Deblur dock and the layers of a blurred part."""

    viewer: Any
    dock: DeblurWidget
    qtbot: Any
    endings: list[str]

    @property
    def layers(self) -> Any:
        return self.viewer.layers

    @property
    def status(self) -> str:
        return str(self.dock.panel.controls.status.text())

    def use(self, method: str, **parameters: Any) -> None:
        self.dock.method = choices("method")[method](**parameters)

    def run_to_end(self) -> Image:
        """Run and return the result."""
        count = len(self.endings)
        assert self.dock.run(), self.status
        self.wait(lambda: len(self.endings) > count)
        assert self.endings[-1] == "done", self.status
        assert self.dock.result_layer is not None
        return self.dock.result_layer

    def run_on(self) -> Image:
        """Start a run that does not end by itself; return its layer once it is there."""
        self.use("tv", iterations=ENDLESS, weight=0.001)
        assert self.dock.run(), self.status
        self.wait(lambda: self.dock.result_layer is not None)
        assert self.dock.result_layer is not None
        return self.dock.result_layer

    def wait(self, condition: Callable[[], bool], timeout: int = 60_000) -> None:
        self.qtbot.waitUntil(condition, timeout=timeout)

    def wait_for_end(self) -> str:
        self.wait(lambda: bool(self.endings))
        return self.endings[-1]


@pytest.fixture
def empty_desk(make_napari_viewer: Any, qtbot: Any) -> Iterator[Callable[..., Desk]]:
    """Return what opens a viewer with the Deblur dock and no layer."""

    def opened(**options: Any) -> Desk:
        viewer = make_napari_viewer(**options)
        dock = DeblurWidget(viewer)
        viewer.window.add_dock_widget(dock, name="Deblur", area="right")
        endings: list[str] = []
        dock.finished.connect(endings.append)
        return Desk(viewer, dock, qtbot, endings)

    yield opened
    # A run that a test left behind ends before the next test's viewer opens.
    assert QThreadPool.globalInstance().waitForDone(30_000)


@pytest.fixture
def desk(empty_desk: Callable[..., Desk]) -> Desk:
    """Return a viewer with the dock, a blurred image, its PSF and the truth."""
    made = empty_desk()
    made.viewer.add_image(part(), name="reference", visible=False)
    made.viewer.add_image(GaussianPsf(sigma=1.5).kernel(), name="psf", visible=False)
    made.viewer.add_image(blurred(part()), name="scan", contrast_limits=(0.1, 1.1))
    return made


@pytest.fixture
def profile_dock(make_napari_viewer: Any) -> Callable[..., tuple[Any, ProfilesWidget]]:
    """Return what opens a viewer with the Profiles dock and no layer."""

    def opened(**options: Any) -> tuple[Any, ProfilesWidget]:
        viewer = make_napari_viewer(**options)
        widget = ProfilesWidget(viewer)
        viewer.window.add_dock_widget(widget, area="bottom", name="Profiles")
        return viewer, widget

    return opened
