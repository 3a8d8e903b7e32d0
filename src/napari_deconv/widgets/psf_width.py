"""One button: how far the result would be another one, were the PSF a little narrower or wider."""

from __future__ import annotations

from qtpy.QtWidgets import QPushButton, QVBoxLayout, QWidget

from napari_deconv.evidence.reference import format_level
from napari_deconv.sensitivity import SHARE
from napari_deconv.widgets.column import Line


class PsfWidth(QWidget):
    """The button and the line that says what came of it; there while a result is.

    Attributes
    ----------
    button : QPushButton
    """

    def __init__(self) -> None:
        super().__init__()
        percent = f"{SHARE:.0%}".replace("%", " %")
        self.button = QPushButton(f"Vary the PSF's width ±{percent}")
        self.button.setObjectName("psf_width")
        self.button.setToolTip(
            f"Restore again with the PSF {percent} narrower and {percent} wider, at the same "
            "strength; Profiles then shows the band behind the result's curves."
        )
        self._line = Line("psf_width_line")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addWidget(self.button)
        layout.addWidget(self._line)
        self.hide()

    def offer(self, possible: bool) -> None:
        """Let the button be pressed; the first time, show it."""
        self.button.setEnabled(possible)
        if possible:
            self.show()

    def tell(self, words: str, half: float) -> str:
        """Say how high the band is, and return it in short.

        Parameters
        ----------
        words : str
            What was varied.
        half : float
            Half the band's height, root mean square, in grey values.
        """
        moved = f"{words}: ±{format_level(half)}"
        self._line.say(
            f"{moved} grey values (rms). Profiles shows the band behind the result's curves."
        )
        return f"{moved}, see Profiles"

    def forget(self) -> None:
        """Say nothing: it was another result's."""
        self._line.say("")
        self.hide()
