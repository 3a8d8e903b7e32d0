"""What leaves the Profiles dock: to the clipboard, and to files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from qtpy.QtGui import QImage
from qtpy.QtWidgets import QApplication, QWidget

from napari_deconv.widgets.profile_saving import ask_path

TABLE, CURVES, PNG, SVG = (
    "Table (*.csv)",
    "All curves (*.csv)",
    "Plots (*.png)",
    "Plots (*.svg)",
)
"""What the dialog offers to save."""


class Exported(Protocol):
    """What can be exported."""

    def csv(self, curves: bool = False) -> str:
        """Return the table, or all curves."""

    def picture(self) -> QImage:
        """Return the plots."""

    def save_plot(self, path: str | Path) -> None:
        """Write the plots."""


class ProfileExport:
    """Copies and saves what a dock shows.

    Parameters
    ----------
    dock : QWidget and Exported
        The dock.
    say : callable
        Tells the user, in a tone, what came of it.
    """

    def __init__(self, dock: Exported, say: Callable[..., None]) -> None:
        self._dock, self._say = dock, say

    def copies(self) -> dict[str, Callable[[], None]]:
        """Return what can be copied, by its name in a menu."""
        return {
            "Table": lambda: self._copy(self._dock.csv(), "The table is"),
            "Curves": lambda: self._copy(self._dock.csv(curves=True), "The curves are"),
            "Picture": lambda: self._copy(self._dock.picture(), "The picture is"),
        }

    def save(self) -> None:
        """Ask what to save and where, and write it."""
        assert isinstance(self._dock, QWidget)
        asked = ask_path(self._dock, "Save profiles", [TABLE, CURVES, PNG, SVG])
        if asked is None:
            return
        path, kind = asked
        try:
            if kind in (PNG, SVG):
                self._dock.save_plot(path)
            else:
                path.write_text(self._dock.csv(kind == CURVES), encoding="utf-8", newline="")
        except (OSError, ValueError) as error:
            self._say(f"Nothing was saved: {error}", "error")
        else:
            self._say(f"Saved {path}.")

    def _copy(self, content: str | QImage, what: str) -> None:
        clipboard = QApplication.clipboard()
        if clipboard is None:
            return
        if isinstance(content, str):
            clipboard.setText(content)
        else:
            clipboard.setImage(content)
        self._say(f"{what} on the clipboard.")
