"""A dock's presence in its viewer: it follows the viewer only while a window holds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QWidget


class Presence(QObject):
    """Joins a dock to the viewer, and parts them when the dock is taken out of its window.

    Parameters
    ----------
    dock : QWidget
    events : callable
        Returns which of the viewer's emitters are followed meanwhile, each with what it calls.
    begin, end : callable
        What else there is to do then.

    Attributes
    ----------
    joined : bool
    """

    def __init__(
        self,
        dock: QWidget,
        events: Callable[[], list[tuple[Any, Any]]],
        begin: Callable[[], None],
        end: Callable[[], None],
    ) -> None:
        super().__init__(dock)
        self._events, self._begin, self._end = events, begin, end
        self.joined = False
        dock.installEventFilter(self)

    def join(self) -> None:
        """Follow the viewer, unless that is so already."""
        if self.joined:
            return
        self.joined = True
        for emitter, slot in self._events():
            emitter.connect(slot)
        self._begin()

    def part(self) -> None:
        """Follow the viewer no more."""
        if not self.joined:
            return
        self.joined = False
        for emitter, slot in self._events():
            emitter.disconnect(slot)
        self._end()

    def eventFilter(self, dock: QObject | None, event: QEvent | None) -> bool:
        """Part when the dock loses its window, join when it is put back."""
        if dock is not None and event is not None and event.type() == QEvent.Type.ParentChange:
            (self.part if dock.parent() is None else self.join)()
        return False
