"""What an empty dock offers: the sample, and a file dialog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Layer
from napari.qt.threading import create_worker
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget
from superqt.utils import FunctionWorker

from napari_deconv.widgets.column import Line

if TYPE_CHECKING:
    from napari.components import ViewerModel


class Invitation(QWidget):
    """A sentence and two buttons, shown while there is no image.

    Attributes
    ----------
    failed : Signal(str)
        A file or the sample could not be opened: why.
    """

    failed = Signal(str)

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self.line = Line("invitation")
        self._sample = QPushButton("Open the sample")
        self._sample.setObjectName("open_sample")
        self._sample.setToolTip("A simulated radiograph with its PSF and the truth.")
        self._sample.clicked.connect(self.open_sample)
        self._open = QPushButton("Open…")
        self._open.setObjectName("open_file")
        self._open.setToolTip("Open image files; the largest is taken for the image.")
        self._open.clicked.connect(self._choose_files)
        buttons = QHBoxLayout()
        buttons.addWidget(self._sample)
        buttons.addWidget(self._open)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.line)
        layout.addLayout(buttons)

    def open_sample(self) -> None:
        """Draw the sample in a thread and add its layers."""
        from napari_deconv.readers import radiograph_sample

        self._sample.setEnabled(False)
        self.line.say("Drawing the sample …")
        create_worker(
            radiograph_sample,
            _worker_class=FunctionWorker,
            _connect={"returned": self._add, "errored": self._fail},
        )

    def _add(self, layers: list[Any]) -> None:
        self._sample.setEnabled(True)
        for data in layers:
            self._viewer.add_layer(Layer.create(*data))
        self._viewer.reset_view()  # napari fits the view to the first layer alone

    def _fail(self, error: Exception) -> None:
        self._sample.setEnabled(True)
        self.line.say("")
        self.failed.emit(f"The sample could not be drawn: {error}.")

    def _choose_files(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(self, "Open images")
        if not paths:
            return
        try:
            self._viewer.open(paths)
        except Exception as error:  # readers raise what they like
            self.failed.emit(f"The file could not be opened: {error}")
