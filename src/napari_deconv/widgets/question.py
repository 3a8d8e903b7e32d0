"""A question asked inside a dock, never in a window of its own."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from napari_deconv.widgets.column import Line


class Question(QWidget):
    """A sentence with two answers, hidden until it is asked.

    Attributes
    ----------
    answered : Signal(bool)
        True for the first answer.
    """

    answered = Signal(bool)

    def __init__(self, name: str, yes: str, no: str = "Cancel") -> None:
        super().__init__()
        self.setObjectName(name)
        self._line = Line(f"{name}_line")
        self.yes, self.no = QPushButton(yes), QPushButton(no)
        self.yes.setObjectName(f"{name}_yes")
        self.no.setObjectName(f"{name}_no")
        self.yes.clicked.connect(self._say_yes)
        self.no.clicked.connect(self._say_no)
        answers = QHBoxLayout()
        answers.addWidget(self.yes)
        answers.addWidget(self.no)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._line)
        layout.addLayout(answers)
        self.hide()

    def ask(self, text: str) -> None:
        """Show a sentence and wait for an answer; nothing else is held up."""
        self._line.say(text, "question")
        self.show()

    def _say_yes(self) -> None:
        self.hide()
        self.answered.emit(True)

    def _say_no(self) -> None:
        self.hide()
        self.answered.emit(False)
