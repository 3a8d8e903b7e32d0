"""The quiet line under the PSF: size, width, sum, centre, what was mended, and one click."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_deconv.psf.checks import TOLERATED_SHIFT
from napari_deconv.psf.kernel import Kernel, understand
from napari_deconv.widgets.column import Line
from napari_deconv.widgets.profile_jobs import Latest
from napari_deconv.widgets.tone import Tone

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_deconv.core.units import PixelSize
    from napari_deconv.psf.checks import Centre

    Fetch = Callable[[], npt.NDArray[Any]]

log = logging.getLogger(__name__)

PAUSE = 0.15
"""Least seconds between two looks at a PSF that is being edited."""


class Understanding(QWidget):
    """What is understood of a PSF, worked out away from the screen.

    Attributes
    ----------
    centring_asked : Signal
        The user wants the PSF's centroid for its centre.
    """

    centring_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._line = Line("psf_line")
        self._centre = QPushButton("Centre it")
        self._centre.setObjectName("centre_it")
        self._centre.setToolTip("Take the PSF's centroid for its centre, so that nothing moves.")
        self._centre.clicked.connect(self.centring_asked)
        self._centre.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._line)
        layout.addWidget(self._centre)
        self._layout = layout
        self._executor: ThreadPoolExecutor | None = None
        self._latest: Latest[tuple[str, bool]] | None = None

    @property
    def text(self) -> str:
        """What the line says."""
        return str(self._line.text())

    def offer(self, button: QPushButton) -> None:
        """Show a button beneath the line."""
        self._layout.addWidget(button)

    def look(self, fetch: Fetch, centre: Centre, size: PixelSize | None) -> None:
        """Look at a PSF and say what is understood of it, soon.

        Parameters
        ----------
        fetch : callable
            Returns the PSF as an array; it runs in a thread.
        centre : {"middle", "centroid", "peak"}
            Which point of it is its origin.
        size : PixelSize or None
            Pixel size of the image, for widths in its unit.
        """
        if self._latest is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="psf")
            self._latest = Latest(self, self._executor, self._show, self._complain, PAUSE)
        self._latest.submit(lambda: _looked(fetch, centre, size))

    def say(self, text: str, tone: Tone = "quiet") -> None:
        """Show a text instead, such as what is wrong with the shape's parameters."""
        if self._latest is not None:
            self._latest.drop()
        self._centre.hide()
        self._line.say(text, tone)

    def close_down(self) -> None:
        """Let the thread end; the next look starts another."""
        if self._latest is not None and self._executor is not None:
            self._latest.drop()
            self._executor.shutdown(wait=False)
        self._latest = self._executor = None

    def _show(self, looked: tuple[str, bool]) -> None:
        text, off = looked
        self._line.say(text)
        self._centre.setVisible(off)

    def _complain(self, error: BaseException) -> None:
        if not isinstance(error, ValueError):
            log.error("The PSF could not be understood", exc_info=error)
        self._line.say(str(error) or f"The PSF could not be read ({error!r}).", "error")
        self._centre.hide()


def _looked(fetch: Fetch, centre: Centre, size: PixelSize | None) -> tuple[str, bool]:
    """Return the line, and whether the PSF should be centred."""
    kernel = understand(fetch(), centre)
    off = centre == "middle" and max(map(abs, kernel.shift)) > TOLERATED_SHIFT
    return "\n".join((described(kernel, centre, size), *kernel.notes)), off


def described(kernel: Kernel, centre: Centre, size: PixelSize | None) -> str:
    """Return size, width, sum and centre in one line; widths in the image's unit if known."""
    unit, sides = "px", (1.0,) * kernel.array.ndim
    if size is not None:
        unit, sides = size.unit, size.along(kernel.array.ndim, size.unit)
    widths = " × ".join(
        f"{width * side:.3g}" for width, side in zip(kernel.widths, sides, strict=True)
    )
    moved = max(map(abs, kernel.shift)) > TOLERATED_SHIFT
    if centre == "middle":
        place = "off centre" if moved else "centred"
    else:
        place = f"centred on its {centre}"
    return " · ".join(
        (
            " × ".join(map(str, kernel.array.shape)) + " px",
            f"FWHM {widths} {unit}",
            f"sum {kernel.given_sum:.4g}",
            place,
        )
    )
