"""How the docks look: colours of both napari themes, given to widgets by the tone they speak in."""

from __future__ import annotations

from typing import Literal

from napari.utils.theme import get_theme
from qtpy.QtWidgets import QWidget

Tone = Literal["plain", "quiet", "error", "question", "run", "stop"]

_ACCENT = {"dark": "#3d6fd1", "light": "#2f62c4"}
_STOP = {"dark": "#b3563a", "light": "#b04a2c"}
_ERROR = {"dark": "#ff9d8f", "light": "#b3261e"}
_QUESTION = {"dark": "#f0c674", "light": "#7a5200"}


def set_tone(widget: QWidget, tone: Tone) -> None:
    """Let a widget inside a dock look as its tone says."""
    if widget.property("tone") == tone:
        return
    widget.setProperty("tone", tone)
    if (style := widget.style()) is not None:
        style.unpolish(widget)
        style.polish(widget)


def colours(theme: str) -> dict[str, str]:
    """Return the colours of a napari theme that plots and sheets draw with, as ``#rrggbb``.

    Parameters
    ----------
    theme : str
        Name of the theme, such as ``"dark"``.
    """
    look = get_theme(theme)
    kind = look.type
    mixed = [
        round(0.68 * text + 0.32 * ground)
        for text, ground in zip(
            look.text.as_rgb_tuple()[:3], look.background.as_rgb_tuple()[:3], strict=True
        )
    ]
    return {
        "background": _hexadecimal(look.background.as_rgb_tuple()[:3]),
        "text": _hexadecimal(look.text.as_rgb_tuple()[:3]),
        "field": _hexadecimal(look.foreground.as_rgb_tuple()[:3]),
        "quiet": _hexadecimal(mixed),
        "accent": _ACCENT[kind],
        "stop": _STOP[kind],
        "error": _ERROR[kind],
        "question": _QUESTION[kind],
    }


def sheet(theme: str) -> str:
    """Return the style sheet of a dock in a napari theme."""
    colour = colours(theme)
    return f"""
    QLabel[tone="quiet"] {{ color: {colour["quiet"]}; }}
    QLabel[tone="error"] {{ color: {colour["error"]}; }}
    QLabel[tone="question"] {{ color: {colour["question"]}; }}
    QLineEdit[tone="error"] {{ border: 1px solid {colour["error"]}; }}
    QPushButton[tone="run"], QPushButton[tone="stop"] {{
        color: white; font-weight: bold; padding: 6px;
    }}
    QPushButton[tone="run"] {{ background-color: {colour["accent"]}; }}
    QPushButton[tone="stop"] {{ background-color: {colour["stop"]}; }}
    QPushButton[tone="run"]:disabled, QPushButton[tone="stop"]:disabled {{
        background-color: {colour["field"]}; color: {colour["quiet"]};
    }}
    QPushButton:focus, QComboBox:focus, QToolButton:focus, QLineEdit:focus,
    QAbstractSpinBox:focus {{ border: 1px solid {colour["accent"]}; }}
    QToolButton#fold {{ text-align: left; padding: 4px; border-radius: 2px; }}
    """


def _hexadecimal(colour: list[int] | tuple[int, ...]) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in colour)
