"""Where the PSF comes from: an image layer, or a shape with its form."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, cast
from weakref import WeakSet

import numpy as np
from napari.layers import Image
from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QPushButton

from napari_deconv.psf.checks import ALIKE, on_pixels
from napari_deconv.psf.sampling import Psf
from napari_deconv.registry import choices
from napari_deconv.widgets.docks import PSF, open_dock
from napari_deconv.widgets.form import Forms
from napari_deconv.widgets.layer_choice import ORIGIN, LayerChoice, images, likely_psf
from napari_deconv.widgets.psf_look import Glance
from napari_deconv.widgets.source import Source
from napari_deconv.widgets.understanding import Understanding

if TYPE_CHECKING:
    import numpy.typing as npt
    from napari.components import ViewerModel

    from napari_deconv.core.units import PixelSize
    from napari_deconv.psf.checks import Centre

    Fetch = Callable[[], npt.NDArray[Any]]

GUESS = "gaussian"
"""The shape that is offered while no layer looks like a PSF."""


class PsfSource(QObject):
    """The PSF's list, the form of a shape, and the line on what was understood.

    Attributes
    ----------
    menu : LayerChoice
        Image layers, then shapes.
    forms : Forms
        Form of the chosen shape.
    understanding : Understanding
    measure : QPushButton
        Opens the PSF dock; there while a shape is chosen.
    changed : Signal
        Another PSF, or another parameter.
    """

    changed = Signal()

    def __init__(self, viewer: ViewerModel, image: LayerChoice) -> None:
        super().__init__()
        self._viewer, self._image = viewer, image
        known = choices("psf").items()
        self.shapes = {n: cls for n, cls in known if issubclass(cls, Psf) and not cls.stored}
        self.forms = Forms("psf", key=GUESS, omit=("dimensions",))
        self.understanding = Understanding()
        self.measure = QPushButton("Measure it in the image…")
        self.measure.setObjectName("measure_psf")
        self.measure.setToolTip("Open the PSF dock: the blur of an edge, a wire, a point.")
        self.measure.clicked.connect(lambda: open_dock(viewer, PSF))
        self.understanding.offer(self.measure)
        self.menu = LayerChoice("psf", self._options, self._guess)
        self.menu.explain("What a point is blurred to: an image layer, or a shape.")
        self.menu.picked.connect(self._pick)
        self.menu.altered.connect(self._tell)
        self.forms.changed.connect(self._tell)
        self._resampled: WeakSet[Image] = WeakSet()
        self.understanding.resampling_asked.connect(self.resample)
        self._pick()

    @property
    def value(self) -> Image | Psf:
        """The layer, or the shape with its parameters.

        Raises
        ------
        ValueError
            With a sentence, if a parameter is wrong.
        """
        chosen = self.menu.value
        return chosen if isinstance(chosen, Image) else self.forms.value

    @value.setter
    def value(self, value: Image | Psf) -> None:
        if isinstance(value, Image):
            self.menu.value = value
            return
        self.forms.value = value
        self.menu.value = value.key()
        self._tell()

    def fetch(self) -> Fetch | None:
        """Return what reads the layer's array; None if a shape is chosen."""
        chosen = self.menu.value
        return partial(_array, chosen) if isinstance(chosen, Image) else None

    @property
    def origin(self) -> Any:
        """What the chosen layer says of its measurement; None if nothing."""
        chosen = self.menu.value
        return chosen.metadata.get(ORIGIN) if isinstance(chosen, Image) else None

    @property
    def measured(self) -> bool:
        """Whether the chosen layer says that it was measured in a picture."""
        return "figures" in (self.origin or {})

    @property
    def pixel_size(self) -> PixelSize | None:
        """Pixel size of the chosen layer; None for a shape, and where the layer knows no length."""
        chosen = self.menu.value
        return _sampled_at(chosen) if isinstance(chosen, Image) else None

    @property
    def resampled_from(self) -> str | None:
        """The chosen layer's pixel size, if the user wants it at the image's; None if not."""
        size = self.pixel_size
        return str(size) if size is not None and self.menu.value in self._resampled else None

    def resample(self, wanted: bool) -> None:
        """Take the chosen layer at the image's pixels from now on, or no longer."""
        chosen = self.menu.value
        if isinstance(chosen, Image):
            (self._resampled.add if wanted else self._resampled.discard)(chosen)
        self.changed.emit()

    def remarks(self, size: PixelSize | None) -> tuple[str, ...]:
        """Return what a run has to say of the layer's pixels: that they are used as they are."""
        own = self.pixel_size
        if own is None:
            return self._nameless()
        return () if self.resampled_from is not None else on_pixels(own, size, 2)

    def look(self, centre: Centre, size: PixelSize | None, axes: int = 2) -> None:
        """Say what is understood of the PSF.

        Parameters
        ----------
        centre : {"middle", "centroid", "peak"}
        size : PixelSize or None
            Pixel size of the image.
        axes : int
            Most axes that a PSF of the image may have.
        """
        try:
            fetch, value = self.fetch(), self.value
        except ValueError:  # the field is marked, and the status line says why
            self.understanding.forget()
            return
        if fetch is None:
            fetch = partial(cast("Psf", value).kernel, size)
        resample = self.resampled_from is not None
        glance = Glance(fetch, centre, size, self.pixel_size, resample, axes, self._nameless())
        self.understanding.look(glance)

    def _nameless(self) -> tuple[str, ...]:
        """Say so if the PSF's layer has a scale that differs from the image's, but no unit."""
        chosen, image = self.menu.value, self._image.value
        if not isinstance(chosen, Image) or image is None or self.pixel_size is not None:
            return ()
        own, other = _scale(chosen), _scale(image)
        unset = [1.0] * len(own)
        if unset in (own, other) or np.allclose(own, other, rtol=ALIKE, atol=0):
            return ()
        told, against = (" x ".join(map(str, dict.fromkeys(one))) for one in (own, other))
        return (
            f"The PSF's layer has a scale of {told} without a unit, the image's {against}; it is "
            "used pixel by pixel, unless both get their units.",
        )

    def _options(self) -> list[tuple[str, Any]]:
        layers = [(layer.name, layer) for layer in images(self._viewer.layers) if not layer.rgb]
        others = [pair for pair in layers if pair[1] is not self._image.value]
        shapes = [(cls.label, name) for name, cls in self.shapes.items()]
        return [*others, *([("", "")] if others else []), *shapes]

    def _guess(self, before: Image | str | None) -> Image | str:
        if self._image.value is None and before in self._viewer.layers:
            return cast("Image", before)  # a PSF is none the less one while there is no image
        return likely_psf(self._viewer.layers, self._image.value) or GUESS

    def _pick(self) -> None:
        chosen = self.menu.value
        self.forms.key = chosen if isinstance(chosen, str) else ""
        self.measure.setVisible(isinstance(chosen, str))
        self.changed.emit()

    def _tell(self) -> None:
        self.changed.emit()


def _array(layer: Image) -> npt.NDArray[Any]:
    """Return all of a layer's data; the library says what is no PSF of a 2-D image."""
    return np.asarray(layer.data[0] if layer.multiscale else layer.data)


def _scale(layer: Image) -> list[float]:
    """Return a layer's scale along its last two axes, without the noise of its last digits."""
    return [float(f"{side:.9g}") for side in layer.scale[-2:]]


def _sampled_at(layer: Image) -> PixelSize | None:
    """Return the pixel size along a layer's last two axes; None where it knows no length."""
    ndim = layer.ndim
    if ndim < 2:
        return None
    data = layer.data[0] if layer.multiscale else layer.data
    return Source(layer, data, (ndim - 2, ndim - 1), (0,) * ndim).pixel_size
