"""The lines under the PSF: size, width, sum, centre; what looks odd, and one click to mend it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_deconv.psf.checks import on_image
from napari_deconv.widgets.column import Line
from napari_deconv.widgets.profile_jobs import Latest
from napari_deconv.widgets.psf_look import Looked, look

if TYPE_CHECKING:
    from napari_deconv.widgets.psf_look import Glance

log = logging.getLogger(__name__)

PAUSE = 0.15
"""Least seconds between two looks at a PSF that is being edited."""
POINT = "\N{BULLET} "
RESAMPLE, AS_IT_IS = "Resample to the image's pixels", "Use it pixel by pixel"


class Understanding(QWidget):
    """What is understood of a PSF, worked out away from the screen.

    Attributes
    ----------
    centring_asked : Signal
        The user wants the PSF's centroid for its centre.
    resampling_asked : Signal(bool)
        The user wants the PSF at the image's pixels; or, False, pixel by pixel as it is.
    """

    centring_asked = Signal()
    resampling_asked = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self._line = Line("psf_line")
        self._warnings = Line("psf_warnings")
        self._centre = self._button(
            "centre_it", "Centre it", "Take the PSF's centroid for its centre, so nothing moves."
        )
        self._centre.clicked.connect(self.centring_asked)
        self._resample = self._button(
            "resample_psf", RESAMPLE, "Its pixels have another size than the image's."
        )
        self._resample.clicked.connect(self._ask)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self._line, self._warnings, self._centre, self._resample):
            layout.addWidget(widget)
        self._layout = layout
        self._executor: ThreadPoolExecutor | None = None
        self._latest: Latest[tuple[Glance, Looked]] | None = None
        self._seen: tuple[Glance, Looked] | None = None
        self._sizes: tuple[Sequence[int], Sequence[int]] | None = None

    @property
    def text(self) -> str:
        """What the lines say."""
        return "\n".join(filter(None, (self._line.text(), self._warnings.text())))

    def offer(self, button: QPushButton) -> None:
        """Show a button beneath the lines."""
        self._layout.addWidget(button)

    def look(self, glance: Glance) -> None:
        """Look at a PSF and say what is understood of it, soon."""
        if self._latest is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="psf")
            self._latest = Latest(self, self._executor, self._show, self._complain, PAUSE)
        self._latest.submit(partial(_looked, glance))

    def lie_on(self, sizes: tuple[Sequence[int], Sequence[int]] | None) -> None:
        """Take the sizes of the image and of the region to restore; None without an image."""
        if sizes != self._sizes:
            self._sizes = sizes
            self._warn()

    def forget(self) -> None:
        """Say nothing: the shape has no parameters that could be looked at."""
        if self._latest is not None:
            self._latest.drop()
        self._clear("")

    def close_down(self) -> None:
        """Let the thread end; the next look starts another."""
        if self._latest is not None and self._executor is not None:
            self._latest.drop()
            self._executor.shutdown(wait=False)
        self._latest = self._executor = None

    def _show(self, seen: tuple[Glance, Looked]) -> None:
        self._seen = glance, looked = seen
        self._line.say(looked.line)
        self._warn()
        self._centre.setVisible(looked.off)
        self._resample.setText(AS_IT_IS if glance.resample else RESAMPLE)
        self._resample.setVisible(looked.unlike)

    def _warn(self) -> None:
        """Say what is odd of the PSF, by itself and on its image."""
        if self._seen is None:
            return
        _, looked = self._seen
        placed: tuple[str, ...] = ()
        if self._sizes is not None and len(looked.shape) == len(self._sizes[0]):
            placed = on_image(looked.shape, looked.widths, *self._sizes)
        said = (*looked.notes, *placed)
        self._warnings.say("\n".join(f"{POINT}{note}" for note in said), "question")

    def _ask(self) -> None:
        if self._seen is not None:
            self.resampling_asked.emit(not self._seen[0].resample)

    def _complain(self, error: BaseException) -> None:
        if not isinstance(error, ValueError):
            log.error("The PSF could not be understood", exc_info=error)
        self._clear(str(error) or f"The PSF could not be read ({error!r}).")

    def _clear(self, complaint: str) -> None:
        """Take back what was said of another PSF."""
        self._seen = None
        self._warnings.say("")
        self._line.say(complaint, "error" if complaint else "quiet")
        self._centre.hide()
        self._resample.hide()

    def _button(self, name: str, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setToolTip(tip)
        button.hide()
        return button


def _looked(glance: Glance) -> tuple[Glance, Looked]:
    return glance, look(glance)
