"""A field for a number of any size: what is typed is what is read back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from magicgui.widgets import LineEdit

from napari_deconv.widgets.tone import set_tone


class Number(LineEdit):
    """A line to type a number into, such as ``0.0015`` or ``1.5e-5``.

    A spin box would round to its decimals. Here the text stays as it is; `check` says what it
    stands for, and a text that it refuses is marked and explained.

    Parameters
    ----------
    check : callable
        Takes the text and returns the number, or raises ValueError with a sentence.
    value : float
        The number to start with.
    **options
        Passed to magicgui.
    """

    def __init__(self, check: Callable[[str], float], value: float, **options: Any) -> None:
        self._check = check
        self._hint = str(options.get("tooltip", ""))
        super().__init__(**options)
        self.set_value(value)

    @property
    def error(self) -> str:
        """The sentence that says what is wrong with the text; empty if nothing is."""
        try:
            self._check(self.text)
        except ValueError as error:
            return str(error)
        return ""

    @property
    def text(self) -> str:
        """What stands in the field."""
        return str(super().get_value()).strip()

    def get_value(self) -> Any:
        """Return the number.

        Raises
        ------
        ValueError
            With a sentence, if the text is no number or out of range.
        """
        return self._check(self.text)

    def set_value(self, value: Any) -> None:
        """Show a number in the fewest digits that give it back."""
        super().set_value(shortest(float(value)))

    def _on_value_change(self, value: Any = None) -> None:
        error = self.error
        set_tone(self.native, "error" if error else "plain")
        self.native.setToolTip(error or self._hint)
        self.changed.emit(value)


def shortest(number: float) -> str:
    """Return the fewest digits that stand for exactly this number."""
    brief = f"{number:.6g}"
    return brief if float(brief) == number else repr(number)
