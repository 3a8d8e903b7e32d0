"""The Correct dock: a raw image, its flats and darks, and Correct."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image
from napari.qt.threading import create_worker
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget
from superqt.utils import FunctionWorker

from napari_deconv.core.params import from_plain
from napari_deconv.widgets.column import CalmFields, Column, Line, Scroll
from napari_deconv.widgets.correct_layers import CORRECTION, RawLayers, fetching, frame_count
from napari_deconv.widgets.form import Fields
from napari_deconv.widgets.presence import Presence
from napari_deconv.widgets.tone import set_tone, sheet
from napari_deconv.xray.correct import Corrected, Correction

if TYPE_CHECKING:
    import napari
    import numpy.typing as npt

    from napari_deconv.widgets.deblur import DeblurWidget

    Fetch = Callable[[], npt.NDArray[Any] | None]

log = logging.getLogger(__name__)

SHOWN = (0.1, 99.9)
"""Percentiles of the grey values that are shown black and white."""
KEPT = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")
"""What a corrected layer has from the raw one: where it lies."""


class CorrectWidget(QWidget):
    """The dock, which scripts may drive as well.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose layers are offered and get the result.
    parent : QWidget, optional

    Attributes
    ----------
    finished : Signal(bool)
        A correction ended; True if there is a result.
    layers : RawLayers
        The lists of layers.
    fields : Fields
        The options of `Correction`.
    result : Image or None
        The layer of the last result.
    """

    finished = Signal(bool)

    def __init__(self, viewer: napari.viewer.Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = getattr(viewer, "__wrapped__", viewer)
        self._worker: FunctionWorker[Any] | None = None
        self._raw: tuple[Image, Correction] | None = None
        self.result: Image | None = None
        self._presence = Presence(self, self._events, self._arrive, self._rest)
        self.setObjectName("correct")
        self.layers = RawLayers(self._viewer)
        self.image_line, self.noise_line = Line("image_line"), Line("frames_line")
        self.fields = Fields(Correction, Correction.model_fields, "correction")
        self.button, self.onward = QPushButton("Correct"), QPushButton("Deblur it…")
        self.button.setObjectName("correct_button")
        self.onward.setObjectName("deblur_it")
        self.onward.setToolTip(
            "Choose the result in the Deblur dock, with the noise measured here."
        )
        self.onward.hide()
        set_tone(self.button, "run")
        self.status = Line("correct_status")
        self._lay_out()
        self.button.clicked.connect(self.correct)
        self.onward.clicked.connect(self.deblur)
        for menu in self.layers.menus:
            menu.picked.connect(self._explain)
            menu.altered.connect(self._explain)
        self.fields.changed.connect(lambda: self._explain())
        self._presence.join()

    @property
    def correction(self) -> Correction:
        """What the fields say; setting it fills them.

        Raises
        ------
        ValueError
            With a sentence, if a field holds what it can't.
        """
        return Correction(**self.fields.parameters)

    @correction.setter
    def correction(self, correction: Correction) -> None:
        self.fields.parameters = correction.plain()

    def correct(self, checked: bool = False) -> bool:
        """Start a correction; return whether it could be, the status line says why not."""
        image = self.layers.image.value
        try:
            if image is None:
                raise ValueError("There is no image to correct; open a raw one.")
            correction = self.correction
        except ValueError as error:
            self.status.say(str(error), "error")
            return False
        if self._worker is not None:
            return False
        self._raw = image, correction
        self.button.setEnabled(False)
        self.status.say("Correcting …", "plain")
        fetches = [fetching(menu.value) for menu in self.layers.menus]
        self._worker = create_worker(
            _corrected,
            correction,
            *fetches,
            _worker_class=FunctionWorker,
            _connect={"returned": self._show},
        )
        return True

    def deblur(self, checked: bool = False) -> DeblurWidget | None:
        """Choose the result in the Deblur dock, opened if need be, with the noise measured here."""
        from napari_deconv.widgets.deblur import DeblurWidget

        if self.result is None or self.result not in self._viewer.layers:
            self.status.say("The result is gone; correct again.", "error")
            return None
        window = self.window()
        docks = [] if window is None else window.findChildren(DeblurWidget)
        opening = self._viewer.window.add_plugin_dock_widget
        dock: DeblurWidget = docks[0] if docks else opening("napari-deconv", "Deblur")[1]
        dock.image = self.result
        model = self.result.metadata[CORRECTION]["fidelity"]
        if model is not None:
            dock.panel.more.fidelity.value = from_plain("fidelity", model)
        if (holder := dock.parentWidget()) is not None:
            holder.show()
            holder.raise_()
        return dock

    def _show(self, found: Corrected | str) -> None:
        """Add the result as a layer, and say what was done."""
        if self._worker is None or self._raw is None:
            return  # the dock was closed meanwhile
        self._worker = None
        self.button.setEnabled(True)
        if isinstance(found, str):
            self.status.say(found, "error")
            self.finished.emit(False)
            return
        image, correction = self._raw
        self.result = self._viewer.add_image(
            found.values,
            name=f"{image.name} {correction.domain}",
            rgb=False,
            colormap=image.colormap,
            contrast_limits=_limits(found.values),
            metadata={CORRECTION: _said(found, correction)},
            **{name: getattr(image, name) for name in KEPT},
        )
        self.status.say(" ".join([*found.notes, *_noise(found)]) or "Corrected.", "plain")
        self.onward.setVisible(correction.domain != "attenuation")
        self.finished.emit(True)

    def _explain(self) -> None:
        """Say what is understood of the choices, and what is wrong with the fields."""
        image, flats, darks = (menu.value for menu in self.layers.menus)
        if image is None:
            self.image_line.say("No image yet: drop a raw one on the window.")
        else:
            data = image.data[0] if image.multiscale else image.data
            self.image_line.say(" × ".join(map(str, data.shape)) + " px")
        counts = [(frame_count(flats), "flat"), (frame_count(darks), "dark")]
        told = ", ".join(f"{n} {kind}{'' if n == 1 else 's'}" for n, kind in counts if n)
        measured = "; gain and read noise will be measured" if counts[0][0] > 1 else ""
        self.noise_line.say(told + measured)
        try:
            _ = self.correction
        except ValueError as error:
            self.status.say(str(error), "error")
        else:
            self.status.mend()

    def _follow_layers(self, event: Any = None) -> None:
        self.layers.refresh()
        self._explain()

    def _events(self) -> list[tuple[Any, Any]]:
        layers = self._viewer.layers.events
        follow = [layers.inserted, layers.removed, layers.reordered, layers.renamed]
        return [
            *((emitter, self._follow_layers) for emitter in follow),
            (self._viewer.events.theme, self._paint),
        ]

    def _arrive(self) -> None:
        """Follow the viewer's layers and theme."""
        self.layers.follow(True)
        self._paint()
        self._follow_layers()

    def _rest(self) -> None:
        """Follow the viewer no more; a correction under way ends unheard."""
        self.layers.follow(False)
        self._worker = None
        self.button.setEnabled(True)

    def _paint(self, event: Any = None) -> None:
        self.setStyleSheet(sheet(self._viewer.theme))

    def _lay_out(self) -> None:
        column = Column(margin=6)
        column.row("Image", self.layers.image)
        column.beneath(self.image_line)
        column.row("Flats", self.layers.flats)
        column.row("Darks", self.layers.darks)
        column.beneath(self.noise_line)
        column.wide(self.fields.native)
        column.end()
        pinned = Column(margin=6)
        pinned.wide(self.button)
        pinned.wide(self.status)
        pinned.wide(self.onward)
        self._calm = CalmFields(column)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(Scroll(column), 1)
        layout.addWidget(pinned)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)


def _corrected(correction: Correction, image: Fetch, flats: Fetch, darks: Fetch) -> Corrected | str:
    """Correct in a thread; return a sentence where it can't be done."""
    try:
        raw = image()
        assert raw is not None
        return correction.correct(raw, flats(), darks())
    except ValueError as error:
        return str(error)
    except Exception as error:
        log.exception("The correction failed")
        return f"The correction failed ({type(error).__name__}); the log has the details."


def _limits(values: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Return contrast limits that a few odd pixels don't spread."""
    seen = values[np.isfinite(values)]
    low, high = (float(edge) for edge in np.percentile(seen, SHOWN)) if seen.size else (0.0, 1.0)
    return (low, high) if high > low else (low, low + 1)


def _noise(found: Corrected) -> list[str]:
    """Return a line on the noise."""
    if found.noise is None:
        return []
    return [f"{str(found.noise).capitalize()}."]


def _said(found: Corrected, correction: Correction) -> dict[str, Any]:
    """Return how a result was made, for its layer's metadata."""
    noise = found.noise
    model = None if noise is None else noise.fidelity().plain()
    return {**correction.plain(), "notes": list(found.notes), "fidelity": model}
