"""Choose a layer: a list that follows the viewer, guesses well, and never overrides the user."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from napari.layers import Image
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox

from napari_deconv.widgets.column import shrinking

if TYPE_CHECKING:
    from napari.layers import Layer

METADATA = "napari-deconv"
"""Key of a layer's metadata under which results carry their recipe."""
MAP = "napari-deconv-map"
"""Key of a layer's metadata that says that it maps the evidence of a result: it is no picture."""
ORIGIN = "napari-deconv-psf"
"""Key of a PSF layer's metadata that says how it was measured."""
MUCH_SMALLER = 4
"""An image has at least this many times the pixels of its PSF."""
SMALL = 128 * 128
"""A grey image of at most so many pixels beside a much larger colour one is its PSF."""
FOLLOWED = ("data", "scale", "affine", "units")
"""Events of a chosen layer after which it is looked at again."""
REFERENCES = ("reference", "truth", "sharp", "ground")
"""Words in the name of a layer that holds what the image should look like."""


class LayerChoice(QComboBox):
    """A list of options, some of them layers.

    Parameters
    ----------
    name : str
        Object name.
    options : callable
        Returns what there is to choose now, as pairs of text and value; a value that is an
        empty text is a separator.
    guess : callable
        Takes the value that is chosen now, and returns the one to choose as long as the user
        has not.

    Attributes
    ----------
    picked : Signal
        Another value is chosen, by whomever, or a guess has become the user's choice.
    altered : Signal
        The chosen layer's data, or where they lie, have changed.
    """

    picked = Signal()
    altered = Signal()

    def __init__(
        self, name: str, options: Callable[[], list[tuple[str, Any]]], guess: Callable[[Any], Any]
    ) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(name)
        shrinking(self)
        self._options, self._guess = options, guess
        self._values: list[Any] = []
        self._decided = False
        self._shown: Any = None
        self._told = False
        self._tip = ""
        self.activated.connect(self._decide)
        self.refresh()

    @property
    def value(self) -> Any:
        """What is chosen: a layer, a name, or None; setting it counts as the user's choice."""
        row = self.currentIndex()
        return self._values[row] if 0 <= row < len(self._values) else None

    @value.setter
    def value(self, value: Any) -> None:
        if not any(value is known or value == known for known in self._values):
            raise ValueError(f"{value} can't be chosen as {self.objectName()}.")
        self._decided = True
        self._choose(value)

    def explain(self, tip: str) -> None:
        """Say in the tooltip what the list is for."""
        self._tip = tip
        self.setAccessibleDescription(tip)
        self._name_choice()

    def leave(self) -> None:
        """Follow the chosen layer no more."""
        self._watch(self._shown, False)
        self._shown = None

    @property
    def decided(self) -> bool:
        """Whether the user has chosen, not a guess."""
        return self._decided

    def refresh(self) -> None:
        """Look again at what there is, and keep the choice if it is still there."""
        before = self.value
        was_blocked = self.blockSignals(True)
        self.clear()
        self._values = []
        for text, value in self._options():
            if value == "":
                self.insertSeparator(self.count())
            else:
                self.addItem(text)
            self._values.append(value)
        self.blockSignals(was_blocked)
        there = any(before is value for value in self._values if value is not None)
        kept = there or (before is None and None in self._values)
        self._decided = self._decided and kept
        self._choose(before if self._decided else self._guess(before))

    def _choose(self, value: Any) -> None:
        rows = [row for row, known in enumerate(self._values) if known is value or known == value]
        self.setCurrentIndex(rows[0] if rows else -1)
        self._name_choice()
        if self.value is not self._shown or self._decided != self._told:
            self._watch(self._shown, False)
            self._shown, self._told = self.value, self._decided
            self._watch(self._shown, True)
            self.picked.emit()

    def _name_choice(self) -> None:
        """Say all of a name that the list may cut short."""
        self.setToolTip("\n".join(filter(None, (self._tip, self.currentText()))))

    def _watch(self, value: Any, follow: bool) -> None:
        if not isinstance(value, Image):
            return
        for name in FOLLOWED:
            emitter = getattr(value.events, name)
            (emitter.connect if follow else emitter.disconnect)(self._alter)

    def _alter(self, event: Any = None) -> None:
        self.altered.emit()

    def _decide(self) -> None:
        self._decided = True
        self._choose(self.value)


def images(layers: Sequence[Layer]) -> list[Image]:
    """Return the image layers, the topmost first; not those that map a result's evidence."""
    return [one for one in reversed(layers) if isinstance(one, Image) and MAP not in one.metadata]


def likely_image(layers: Sequence[Layer], psf: Any = None) -> Image | None:
    """Return the largest grey-value image that is no result and not the PSF.

    Of several images of one size, one that is named a reference comes last. A colour image is
    returned where there is nothing but its PSF beside it: it can't be deblurred, and is told why.
    """
    grey = [layer for layer in _measured(layers) if layer is not psf]
    best = max(grey, key=lambda i: (pixels(i), not _is_reference(i), i.visible), default=None)
    colour = max((layer for layer in images(layers) if layer.rgb), key=pixels, default=None)
    if best is None or colour is None:
        return best or colour
    a_psf = pixels(best) <= min(SMALL, pixels(colour) // MUCH_SMALLER)
    return colour if a_psf else best


def likely_psf(layers: Sequence[Layer], image: Image | None) -> Image | None:
    """Return the smallest image layer that is no result, if it is much smaller than the image."""
    others = [layer for layer in _measured(layers) if layer is not image]
    smallest = min(others, key=pixels, default=None)
    if image is None or smallest is None or MUCH_SMALLER * pixels(smallest) > pixels(image):
        return None
    return smallest


def likely_reference(layers: Sequence[Layer], image: Image | None) -> Image | None:
    """Return the layer whose name says that it is the truth, if it has the image's size."""
    for layer in images(layers):
        same = image is not None and layer is not image and not layer.rgb
        if same and _is_reference(layer) and pixels(layer) == pixels(image):
            return layer
    return None


def pixels(layer: Image) -> int:
    """Return how many pixels the largest plane of a layer has, at full resolution."""
    shape = (layer.data[0] if layer.multiscale else layer.data).shape
    sides = sorted(map(int, shape[:-1] if layer.rgb else shape), reverse=True)
    return sides[0] * sides[1] if len(sides) > 1 else 0


def _measured(layers: Sequence[Layer]) -> list[Image]:
    """Return the grey-value images that are no result of ours."""
    return [i for i in images(layers) if not i.rgb and METADATA not in i.metadata]


def _is_reference(layer: Image) -> bool:
    words = re.findall("[a-z]+", layer.name.lower())
    return METADATA not in layer.metadata and not set(words).isdisjoint(REFERENCES)
