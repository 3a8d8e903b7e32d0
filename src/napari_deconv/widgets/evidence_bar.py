"""Two buttons under the verdict: where the residual lies, and how sure the result is."""

from __future__ import annotations

from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_deconv.evidence.reference import format_level
from napari_deconv.widgets.column import Line
from napari_deconv.widgets.order import Doubted, Opined

WORTH = (
    "Most errors lie at edges, which you see anyway; of the rest the marks tell a part "
    "(correlation 0.25 to 0.72 on five test pictures): a hint where to doubt, no map of errors."
)


class EvidenceBar(QWidget):
    """The buttons and the line that says what came of them; there while a result is.

    Attributes
    ----------
    residual, sure : QPushButton
    """

    def __init__(self) -> None:
        super().__init__()
        self.residual = QPushButton("Residual map")
        self.residual.setObjectName("residual_map")
        self.residual.setToolTip(
            "Show the result, blurred again, less the data, in units of the noise's sigma: red "
            "where it is too bright, blue where too dark. A pattern, not speckle, speaks against "
            "result or PSF."
        )
        self.sure = QPushButton("How sure?")
        self.sure.setObjectName("how_sure")
        self.sure.setToolTip(
            "Restore again with the strength divided and multiplied by 3, the PSF 10 % narrower "
            "and wider, and another method; mark where results differ more than edges explain. "
            + WORTH
        )
        self.line = Line("sure_line")
        buttons = QHBoxLayout()
        buttons.addWidget(self.residual)
        buttons.addWidget(self.sure)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        layout.addLayout(buttons)
        layout.addWidget(self.line)
        self.hide()

    def offer(self, possible: bool) -> None:
        """Let the buttons be pressed; the first time, show them."""
        self.residual.setEnabled(possible)
        self.sure.setEnabled(possible)
        if possible:
            self.show()

    def tell(self, doubted: Doubted) -> None:
        """Say how far results differ, and what the data speak of at all."""
        if isinstance(doubted, Opined):
            self.line.say(
                f"{doubted.found.band.words.upper()} differs by {format_level(doubted.size)} grey "
                "values (rms): marked where, and a band in Profiles. Its layer lies hidden below."
            )
            return
        said = (
            f"{doubted.found.number} results ({doubted.found.band.words}) differ by "
            f"{format_level(doubted.size)} grey values (rms): marked where, and a band in Profiles."
        )
        self.line.say(said if doubted.passed is None else f"{said} {doubted.passed}")

    def forget(self) -> None:
        """Say nothing: it was another result's."""
        self.line.say("")
        self.hide()
