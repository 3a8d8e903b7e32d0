"""The button that writes a report, the limits behind it, and the line that says where it went."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from napari.qt.threading import create_worker
from qtpy.QtCore import QUrl, Signal
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget
from superqt.utils import FunctionWorker

from napari_deconv.report.page import files_of, write
from napari_deconv.widgets.column import Line
from napari_deconv.widgets.limits_form import LimitsForm
from napari_deconv.widgets.profile_saving import ask_path
from napari_deconv.widgets.report_layers import LayersReport

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_deconv.appraisal import Outcome

log = logging.getLogger(__name__)

NAME = "report.html"


class ReportBar(QWidget):
    """Writes what is known of results into a page.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
    results : callable
        Returns the layers to report, and what was judged of them already, by layer.

    Attributes
    ----------
    finished : Signal(bool)
        A page was written, or could not be.
    limits : LimitsForm
        For whoever shows this to place where it can unfold.
    reference : callable
        Returns the layer with the truth, None without one, ``"likely"`` for the one that is
        called so.
    """

    finished = Signal(bool)

    def __init__(
        self,
        viewer: ViewerModel,
        results: Callable[[], tuple[Sequence[Image], dict[Image, Outcome]]],
    ) -> None:
        super().__init__()
        self._viewer, self._results = viewer, results
        self._worker: FunctionWorker[Any] | None = None
        self._page: Path | None = None
        self.reference: Callable[[], Image | Literal["likely"] | None] = lambda: "likely"
        self.button = _button("Report…", "report")
        self.button.setToolTip("Write pictures, profiles, measures and recipe as one HTML page.")
        self.button.clicked.connect(self._choose_file)
        self.open = _button("Open it", "open_report")
        self.open.setToolTip("Open the page in the browser.")
        self.open.clicked.connect(self._open)
        self.limits, self.line = LimitsForm(), Line("report_line")
        self.open.hide()
        buttons = QHBoxLayout()
        for button in (self.button, self.open):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addLayout(buttons)
        layout.addWidget(self.line)

    def write(self, path: str | Path) -> bool:
        """Begin to write a page; return whether it could be, the line says why not."""
        if self._worker is not None:
            return False
        try:
            page, _ = files_of(path)
            layers, known = self._results()
            request = LayersReport.of(
                self._viewer, layers, self.limits.value, reference=self.reference(), known=known
            )
        except ValueError as error:
            self.line.say(str(error), "error")
            return False
        self.button.setEnabled(False)
        self.open.hide()
        self.line.say("Writing the report …")
        self._worker = create_worker(
            _written,
            request,
            page,
            _worker_class=FunctionWorker,
            _connect={"returned": self._show},
        )
        return True

    def _show(self, written: tuple[Path, Path] | str) -> None:
        self._worker = None
        self.button.setEnabled(True)
        if isinstance(written, str):
            self.line.say(written, "error")
        else:
            self._page, table = written
            self.line.say(f"Saved {self._page}, with {table.name} beside it.")
            self.open.show()
        self.finished.emit(not isinstance(written, str))

    def _choose_file(self) -> None:
        asked = ask_path(self, "Save report", ("Web page (*.html)",), NAME)
        if asked is not None:
            self.write(asked[0])

    def _open(self) -> None:
        if self._page is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._page)))


def _written(request: LayersReport, path: Path) -> tuple[Path, Path] | str:
    """Write a page in a thread; return a sentence where it can't be."""
    try:
        return write(request.contents(), path)
    except ValueError as error:
        return str(error)
    except Exception as error:
        log.exception("The report failed")
        return f"The report failed ({type(error).__name__}); the log has the details."


def _button(text: str, name: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    return button
