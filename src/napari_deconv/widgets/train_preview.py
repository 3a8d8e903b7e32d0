"""The preview layer of a training: blurred, TV, the model so far and the truth, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QRect, Qt
from qtpy.QtGui import QColor, QImage, QPainter

from napari_deconv.widgets.layer_choice import MAP

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image
    from numpy.typing import NDArray

NAME = "training: blurred, TV, model, truth"
PANELS = ("blurred", "TV", "model now", "truth")
LETTERS = 0.13
"""Height of the words above the panels, as a share of a panel's width."""
APART = 0.06
"""Gap between scan and preview, as a share of the scan's height."""


class TrainPreview:
    """One layer below the scan, which follows what the model makes of a picture kept apart.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self.layer: Image | None = None

    def show(self, file: str | Path, scan: Any) -> None:
        """Show the picture in a file; a layer that the user took away comes again."""
        try:
            picture = labelled(np.load(file, allow_pickle=False))
        except (OSError, ValueError):  # the folder is gone
            return
        if self.layer is not None and self.layer in self._viewer.layers:
            if self.layer.data.shape == picture.shape:
                self.layer.data = picture
                return
            self._viewer.layers.remove(self.layer)
        active = self._viewer.layers.selection.active
        self.layer = self._viewer.add_image(
            picture, name=NAME, metadata={MAP: "training"}, rgb=False, **_place(picture, scan)
        )
        self._viewer.layers.selection.active = active  # what the user was at stays at hand


def labelled(picture: NDArray[Any]) -> NDArray[Any]:
    """Return a picture of panels side by side, and above each what it is."""
    width, height = picture.shape[1], max(10, round(LETTERS * picture.shape[1] / len(PANELS)))
    strip = QImage(width, height + 4, QImage.Format.Format_Grayscale8)
    strip.fill(0)
    painter = QPainter(strip)
    painter.setPen(QColor("white"))
    font = painter.font()
    font.setPixelSize(height)
    painter.setFont(font)
    for number, name in enumerate(PANELS):
        left, right = (round(n * width / len(PANELS)) for n in (number, number + 1))
        room = QRect(left, 0, right - left, height + 2)
        painter.drawText(room, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, name)
    painter.end()
    bits: Any = strip.constBits()
    if hasattr(bits, "setsize"):  # as PyQt gives it
        bits.setsize(strip.sizeInBytes())
    rows = np.frombuffer(bits, np.uint8).reshape(height + 4, strip.bytesPerLine())[:, :width]
    low, high = float(picture.min()), float(picture.max())
    words = low + (high - low) * rows.astype(picture.dtype) / 255
    return np.concatenate([words.astype(picture.dtype), picture])


def _place(picture: Any, scan: Any) -> dict[str, Any]:
    """Return the arguments that lay a picture below the scan, as wide as it."""
    if scan is None or scan.ndim < 2:
        return {}
    extent = np.asarray(scan.extent.world)[:, -2:]
    size = np.ptp(extent, axis=0)
    scale = float(size[1] / picture.shape[1]) or 1.0
    corner = (extent[1][0] + APART * size[0], extent[0][1])
    return {"scale": (scale, scale), "translate": corner, "units": scan.units[-2:]}
