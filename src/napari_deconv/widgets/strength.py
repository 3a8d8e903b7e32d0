"""The strength of a prior: an Auto box, a slider over a logarithm, and the number itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

from magicgui.widgets import CheckBox, Container, Slider
from qtpy.QtWidgets import QSlider

from napari_deconv.widgets.number import Number

LOWEST, HIGHEST = 1e-6, 1.0
"""Ends of the slider; the number field takes any strength."""
STEPS = 600
"""Positions of the slider: a hundred a decade."""
START = 1e-3
"""Shown while no run has said what "auto" comes to."""


class Strength(Container):  # type: ignore[type-arg]
    """A number from 0 up, or "auto".

    Parameters
    ----------
    check : callable
        Takes the text of the number and returns it, or raises ValueError with a sentence.
    value : float or "auto"
    **options
        Passed to magicgui.
    """

    def __init__(
        self, check: Callable[[str], float], value: float | Literal["auto"], **options: Any
    ) -> None:
        tooltip = str(options.get("tooltip", ""))
        self._auto = CheckBox(
            text="auto", value=value == "auto", tooltip=f"{tooltip} Auto finds it from the noise."
        )
        self._slider = Slider(min=0, max=STEPS, readout=False, tooltip=tooltip)
        self._number: Any = Number(
            check, START if value == "auto" else float(value), tooltip=tooltip
        )
        self._number.max_width = 90
        self._sliding = False
        super().__init__(
            widgets=[self._auto, self._slider, self._number],
            layout="horizontal",
            labels=False,
            **options,
        )
        self.margins = (0, 0, 0, 0)
        self._auto.changed.connect(self._enable)
        self._slider.changed.connect(self._from_slider)
        self._number.changed.connect(self._from_number)
        self._from_number()
        self._enable()

    @property
    def value(self) -> float | Literal["auto"]:
        """The strength; reading it raises ValueError if no number was typed."""
        return "auto" if self._auto.value else float(self._number.value)

    @value.setter
    def value(self, value: float | Literal["auto"]) -> None:
        if value != "auto":
            self._number.value = value
        self._auto.value = value == "auto"

    @property
    def auto(self) -> bool:
        """Whether the method finds the strength."""
        return bool(self._auto.value)

    def show_found(self, value: float) -> None:
        """Show the number that "auto" came to, in three digits, without choosing it."""
        if self._auto.value:
            with self.changed.blocked():
                self._number.value = float(f"{value:.3g}")

    @property
    def error(self) -> str:
        """The sentence that says what is wrong with the number; empty if nothing is."""
        return "" if self._auto.value else self._number.error

    def name_parts(self, name: str) -> None:
        """Give the three parts names for screen readers and tests."""
        parts: dict[str, Any] = {"auto": self._auto, "slider": self._slider, "number": self._number}
        for part, widget in parts.items():
            widget.native.setObjectName(f"{name}.{part}")
            for native in (widget.native, *widget.native.findChildren(QSlider)):
                native.setAccessibleName(f"{self.label}, {part}")

    def _enable(self) -> None:
        self._slider.enabled = self._number.enabled = not self._auto.value

    def _from_slider(self, position: int) -> None:
        decades = math.log10(HIGHEST / LOWEST)
        strength = LOWEST * 10 ** (decades * position / STEPS)
        self._sliding = True
        self._number.value = float(f"{strength:.2g}")
        self._sliding = False

    def _from_number(self) -> None:
        """Put the slider where the number is; that changes neither a number nor a drag."""
        if self._sliding or self._number.error:
            return
        strength = min(max(float(self._number.value), LOWEST), HIGHEST)
        decades = math.log10(HIGHEST / LOWEST)
        with self._slider.changed.blocked():
            self._slider.value = round(STEPS * math.log10(strength / LOWEST) / decades)
