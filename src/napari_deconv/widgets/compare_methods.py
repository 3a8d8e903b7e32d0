"""Which methods are compared, and at what strengths."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from napari_deconv.comparing import FACTORS, Candidate, candidates, every_method
from napari_deconv.methods.variational import TotalVariationModel
from napari_deconv.registry import choices
from napari_deconv.widgets.column import Column, Line
from napari_deconv.widgets.strength import Strength

if TYPE_CHECKING:
    from napari_deconv.methods.method import Method

FIRST = ("wiener", "tv", "wavelet", "richardson-lucy")
"""Chosen before the user has: quick ones, each of another kind."""
ROWS = 7
"""Methods in sight; the others are scrolled to."""


class MethodList(QWidget):
    """A check list of methods, their strength, and whether weaker and stronger ones are tried.

    Attributes
    ----------
    changed : Signal
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._all = {method.key() for method in every_method()}
        self.list = QListWidget()
        self.list.setObjectName("methods")
        self.list.setAccessibleName("methods")
        self.list.setToolTip("What is run, with the parameters that each method comes with.")
        for name, cls in choices("method").items():
            item = QListWidgetItem(cls.label or name)
            item.setData(Qt.ItemDataRole.UserRole, name)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(_state(name in FIRST))
            self.list.addItem(item)
        self.list.setSpacing(1)
        height = (self.list.sizeHintForRow(0) + 2) * ROWS + 2 * self.list.frameWidth()
        self.list.setFixedHeight(height)
        self.all = _button("All, automatic strength", "all_methods")
        self.all.setToolTip("Check every method but those of other libraries, which are slow.")
        self.none = _button("None", "no_methods")
        self.strength = Strength(_number, "auto", label="Strength", tooltip=_STRENGTH)
        self.strength.native.setObjectName("compare.strength")
        self.strength.name_parts("compare.strength")
        self.around = QCheckBox("also a third of it and three times it")
        self.around.setObjectName("around")
        self.around.setToolTip("Run each at x1/3, x1 and x3: does the strength matter?")
        self.line = Line("methods_line")
        self._lay_out()
        self.list.itemChanged.connect(self._tell)
        self.around.toggled.connect(self._tell)
        self.strength.changed.connect(self._tell)
        self.all.clicked.connect(self._choose_all)
        self.none.clicked.connect(lambda: self.choose(()))
        self._tell()

    @property
    def names(self) -> list[str]:
        """Names of the methods that are checked."""
        return [
            item.data(Qt.ItemDataRole.UserRole)
            for item in self._items()
            if item.checkState() == Qt.CheckState.Checked
        ]

    def choose(self, names: Iterable[str]) -> None:
        """Check these methods and no other."""
        wanted = set(names)
        self.list.blockSignals(True)
        for item in self._items():
            item.setCheckState(_state(item.data(Qt.ItemDataRole.UserRole) in wanted))
        self.list.blockSignals(False)
        self._tell()

    def candidates(self) -> list[Candidate]:
        """Return what is to be run.

        Raises
        ------
        ValueError
            In one sentence, if no method is checked or no strength was typed.
        """
        classes: Any = choices("method")
        methods: list[Method] = []
        for name in self.names:
            required = [n for n, f in classes[name].parameters().items() if f.is_required()]
            if required:
                raise ValueError(f"{name} needs {', '.join(required)}; run it in the Deblur dock.")
            methods.append(classes[name]())
        if not methods:
            raise ValueError("Nothing is chosen to compare; check a method or two.")
        return candidates(
            methods, self.strength.value, FACTORS if self.around.isChecked() else (1,)
        )

    def _choose_all(self) -> None:
        self.strength.value = "auto"
        self.choose(self._all)

    def _items(self) -> list[QListWidgetItem]:
        found = (self.list.item(row) for row in range(self.list.count()))
        return [item for item in found if item is not None]

    def _tell(self, *_: Any) -> None:
        try:
            runs = len(self.candidates())
        except ValueError as error:
            self.line.say(str(error), "error")
        else:
            many = "1 method" if len(self.names) == 1 else f"{len(self.names)} methods"
            self.line.say(f"{many}, {runs} {'run' if runs == 1 else 'runs'}")
        self.changed.emit()

    def _lay_out(self) -> None:
        column = Column()
        column.row("Methods", self.list)
        column.row("", self.all, self.none)
        column.row("Strength", self.strength.native)
        column.row("", self.around)
        column.beneath(self.line)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(column)


_STRENGTH = "Of every method that has one."


def _number(text: str) -> float:
    """Return the strength that a text stands for, as TV's own field sees it."""
    try:
        float(text)
    except ValueError:
        raise ValueError(f"The strength should be a number, not {text!r}.") from None
    weight: float | Literal["auto"] = TotalVariationModel(weight=float(text)).weight
    return float(weight)


def _button(text: str, name: str) -> QPushButton:
    button = QPushButton(text)
    button.setObjectName(name)
    return button


def _state(checked: bool) -> Qt.CheckState:
    return Qt.CheckState.Checked if checked else Qt.CheckState.Unchecked
