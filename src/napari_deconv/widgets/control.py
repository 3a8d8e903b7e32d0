"""What the screen tells the thread that computes."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_deconv.methods.method import Method


class Control:
    """What the screen tells the thread: stop, pause, resume, seen, and another strength."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._going = threading.Event()
        self._seen = threading.Event()
        self._going.set()
        self._seen.set()
        self._method: Method | None = None
        self.rested = 0.0

    @property
    def stopped(self) -> bool:
        """Whether to stop before the next iteration."""
        return self._stopped.is_set()

    @property
    def paused(self) -> bool:
        """Whether to rest before the next iteration."""
        return not self._going.is_set()

    @property
    def seen(self) -> bool:
        """Whether the screen has shown the last view."""
        return self._seen.is_set()

    def stop(self) -> None:
        """Ask the thread to stop, also out of a pause."""
        self._stopped.set()
        self._going.set()

    def pause(self) -> None:
        """Ask the thread to rest."""
        self._going.clear()

    def resume(self) -> None:
        """Let the thread go on."""
        self._going.set()

    def retune(self, method: Method) -> None:
        """Ask the thread to go on at another strength."""
        self._method = method

    def retuned(self) -> Method | None:
        """Return, once, the method to go on with; None if it is the same."""
        method, self._method = self._method, None
        self.rested = 0.0  # time is counted from there
        return method

    @property
    def waiting(self) -> bool:
        """Whether another strength waits to be taken."""
        return self._method is not None

    def sent(self) -> None:
        """Note that a view is on its way to the screen."""
        self._seen.clear()

    def shown(self) -> None:
        """Note that the screen has shown it."""
        self._seen.set()

    def rest(self) -> None:
        """Wait while paused, in the thread."""
        began = time.perf_counter()
        self._going.wait()
        self.rested += time.perf_counter() - began
