"""A layer that shows the slice of a batch that was finished last."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject

from napari_deconv.scans.opening import open_scan
from napari_deconv.widgets.profile_jobs import Latest

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_deconv.core.units import PixelSize
    from napari_deconv.widgets.batch_plan import Planned

    Seen = tuple[str, npt.NDArray[np.float32], PixelSize | None]

PAUSE = 0.5
"""Least seconds between two looks."""


class LiveSlice(QObject):
    """Reads, in a thread, what a batch has just written.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    parent : QObject
    """

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._growing: Path | None = None
        self._layers: dict[str, Image] = {}
        self._executor: ThreadPoolExecutor | None = None
        self._latest: Latest[Seen] | None = None

    def follow(self, scan: Planned, message: dict[str, Any]) -> None:
        """Look at the last slice that a line of JSON tells of."""
        if "growing" in message:
            self._growing = Path(message["growing"])
        if self._growing is None or "slices" not in message or message.get("failed"):
            return
        if self._latest is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="live")
            self._latest = Latest(self, self._executor, self._show, lambda _: None, PAUSE)
        number = int(message["slices"][1]) - 1
        self._latest.submit(partial(_read, self._growing, scan.target, number))

    def close_down(self) -> None:
        """Let the thread end."""
        if self._latest is not None and self._executor is not None:
            self._latest.drop()
            self._executor.shutdown(wait=False)
        self._latest = self._executor = None

    def _show(self, seen: Seen) -> None:
        name, plane, size = seen
        layer = self._layers.get(name)
        if layer is not None and layer in self._viewer.layers and layer.data.shape == plane.shape:
            layer.data = plane
            return
        place: dict[str, Any] = {}
        if size is not None:
            place = {"scale": size.along(2, size.unit), "units": (size.unit,) * 2}
        self._layers[name] = self._viewer.add_image(plane, name=name, rgb=False, **place)


def _read(growing: Path, target: Path, number: int) -> Seen:
    """Return a slice of a result that grows, or is whole by now."""
    scan = open_scan(growing if growing.exists() else target)
    return f"{target.stem}: the last slice", scan.read(number, number + 1)[0], scan.size
