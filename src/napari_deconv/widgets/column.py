"""A dock's one column, read from top to bottom: labelled rows, and quiet lines beneath them."""

from __future__ import annotations

from typing import cast

from qtpy.QtCore import QEvent, QObject, QSize, Qt
from qtpy.QtGui import QKeyEvent, QResizeEvent, QShowEvent
from qtpy.QtWidgets import (
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_deconv.widgets.tone import Tone, set_tone

LABEL_WIDTH = 92
"""Pixels of the labels' column, the same in every dock and form."""

FEWEST_ROWS = 2
"""Rows of a long text that stay in sight in the lowest dock."""

BORDER = 2
"""Pixels of a border that napari's themes draw around what scrolls."""

USUAL_WIDTH = 390
"""Pixels that a dock asks for."""


class Line(QLabel):
    """A line that says what was understood, what went wrong, or nothing at all."""

    def __init__(self, name: str, text: str = "") -> None:
        super().__init__()
        self._said: tuple[str, Tone] = "", "quiet"
        self.setObjectName(name)
        self.setAccessibleName(name.replace("_", " "))
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setTextFormat(Qt.TextFormat.PlainText)
        set_tone(self, "quiet")
        self.setText(text)
        self.setHidden(not text)

    def say(self, text: str, tone: Tone = "quiet") -> None:
        """Show a text in a tone; the line takes no room while it is empty."""
        if tone != "error":
            self._said = text, tone
        set_tone(self, tone)
        self.setText(text)
        self.setVisible(bool(text))

    def mend(self) -> None:
        """Take a complaint back: say again what was said before."""
        self.say(*self._said)


class Column(QWidget):
    """Rows of a label and a widget, all labels of one width, with a margin around them."""

    def __init__(self, margin: int = 0) -> None:
        super().__init__()
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(margin, margin, margin, margin)
        self._layout.setSpacing(5)

    def row(self, label: str, *widgets: QWidget) -> None:
        """Add widgets side by side behind a label; the first takes the room there is."""
        layout = QHBoxLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        caption = QLabel(label)
        caption.setFixedWidth(LABEL_WIDTH)
        caption.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        caption.setBuddy(widgets[0])
        layout.addWidget(caption)
        for index, widget in enumerate(widgets):
            layout.addWidget(widget, stretch=1 if index == 0 else 0)
        self._layout.addLayout(layout)

    def wide(self, *widgets: QWidget) -> None:
        """Add widgets side by side over the whole width."""
        layout = QHBoxLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in widgets:
            layout.addWidget(widget, stretch=1)
        self._layout.addLayout(layout)

    def beneath(self, line: QWidget) -> None:
        """Add a quiet line under the widgets of the row before."""
        layout = QHBoxLayout()
        layout.setContentsMargins(LABEL_WIDTH + 6, 0, 0, 0)
        layout.addWidget(line)
        self._layout.addLayout(layout)

    def end(self) -> None:
        """Keep the rows together at the top."""
        self._layout.addStretch(1)


class Scroll(QScrollArea):
    """A dock's contents: it scrolls up and down rather than grow or cut anything off."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(content)
        self.setMinimumWidth(content.minimumSizeHint().width() + self._bar_width())

    def sizeHint(self) -> QSize:
        """Ask for room for most entries of the lists; the dock may be made narrower."""
        return QSize(USUAL_WIDTH, super().sizeHint().height())

    def _bar_width(self) -> int:
        bar = self.verticalScrollBar()
        return bar.sizeHint().width() if bar is not None else 0


class Yielding(QScrollArea):
    """A long text that gives way where a dock is low: it scrolls, and squeezes no button.

    Parameters
    ----------
    text : QWidget
        As high as its width asks for, and hidden while it says nothing.
    """

    def __init__(self, text: QWidget) -> None:
        super().__init__()
        self._text = text
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        says = self._says()
        self.setWidget(text)  # which shows it
        text.setVisible(says)
        text.installEventFilter(self)
        self._fit()

    def sizeHint(self) -> QSize:
        """Ask for all of the text."""
        return QSize(self._text.sizeHint().width(), self._height())

    def minimumSizeHint(self) -> QSize:
        """Be content with a few rows of it."""
        rows = FEWEST_ROWS * self.fontMetrics().lineSpacing()
        return QSize(self._text.minimumSizeHint().width(), min(self._height(), rows))

    def eventFilter(self, text: QObject | None, event: QEvent | None) -> bool:
        """Come and go with the text."""
        kinds = (QEvent.Type.ShowToParent, QEvent.Type.HideToParent)
        if event is not None and text is self._text and event.type() in kinds:
            self._fit()
        return super().eventFilter(text, event)

    def viewportEvent(self, event: QEvent | None) -> bool:
        """Ask for another height when the text is another one."""
        if event is not None and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().viewportEvent(event)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Ask for another height after a text that came while the dock was hidden."""
        super().showEvent(event)
        self.updateGeometry()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Ask for another height at another width."""
        super().resizeEvent(event)
        self.updateGeometry()

    def _height(self) -> int:
        if not self._says():
            return 0
        bar = self.verticalScrollBar()  # as if it were there: else it stays once it has been
        width = self.width() - (0 if bar is None else bar.sizeHint().width())
        return self._text.heightForWidth(width) + BORDER

    def _says(self) -> bool:
        return not self._text.isHidden()

    def _fit(self) -> None:
        self.setVisible(self._says())
        self.updateGeometry()


class CalmFields(QObject):
    """Fields are turned by whoever means to: the wheel turns none that was not clicked before.

    Parameters
    ----------
    content : QWidget
        Every field inside it is watched, also one that is made later.
    key : str
        A letter that passes the lists, which would jump to an entry that begins with it.
    """

    def __init__(self, content: QWidget, key: str = "") -> None:
        super().__init__(content)
        self._content, self._key = content, key
        content.installEventFilter(self)
        self._watch()

    def eventFilter(self, field: QObject | None, event: QEvent | None) -> bool:
        """Hand on to what lies around a field what is not meant for it."""
        if not isinstance(field, QWidget) or event is None:
            return False
        if field is self._content:
            if event.type() == QEvent.Type.LayoutRequest:  # there may be another field
                self._watch()
            return False
        if event.type() == QEvent.Type.Wheel:
            passed = not field.hasFocus()
        else:
            passed = isinstance(field, QComboBox) and self._is_key(event)
        if passed:
            event.ignore()
        return passed

    def _is_key(self, event: QEvent) -> bool:
        pressed = event.type() in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease)
        return pressed and self._key != "" and cast("QKeyEvent", event).text().upper() == self._key

    def _watch(self) -> None:
        for kind in (QComboBox, QAbstractSpinBox, QAbstractSlider):
            for field in self._content.findChildren(kind):
                field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
                field.installEventFilter(self)


def shrinking(combo: QComboBox) -> QComboBox:
    """Let a drop-down list be narrower than its longest entry, so that a dock can be narrow."""
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(8)
    combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return combo
