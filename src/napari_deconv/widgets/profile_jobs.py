"""Run the latest of many requests away from the screen, and drop those it overtook."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Generic, TypeVar

from qtpy.QtCore import QObject, QTimer

Result = TypeVar("Result")

POLL_MS = 8
"""How often a running job is looked at. Polling, because a signal from another thread could reach
a widget that is being deleted."""


class Paced(QObject, Generic[Result]):
    """Hands something on at once, or after a pause since the last time: then the newest.

    Parameters
    ----------
    parent : QObject
        Whose end is the end of all deliveries.
    receive : callable
        Called with what is handed on.
    pause : float
        Seconds between two calls.
    """

    def __init__(self, parent: QObject, receive: Callable[[Result], None], pause: float) -> None:
        super().__init__(parent)
        self._receive = receive
        self._waiting: list[Result] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(round(1000 * pause))
        self._timer.timeout.connect(self._go_on)

    @property
    def idle(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def submit(self, what: Result) -> None:
        """Hand something on as soon as it is due, instead of what still waits."""
        self._waiting = [what]
        if not self._timer.isActive():
            self._go_on()

    def drop(self) -> None:
        """Forget what waits."""
        self._waiting = []
        self._timer.stop()

    def _go_on(self) -> None:
        if self._waiting:
            self._timer.start()
            self._receive(self._waiting.pop())


class Latest(QObject, Generic[Result]):
    """Hands the newest task to an executor and its result to a receiver, in the GUI thread.

    While a task runs, a newer one waits, and one newer still takes its place. Between the starts
    of two tasks there is a pause, longer after a slow task, so that it never keeps a processor to
    itself.

    Parameters
    ----------
    parent : QObject
        Whose end is the end of all deliveries.
    executor : concurrent.futures.Executor
        Runs the tasks.
    receive : callable
        Called with each result.
    fail : callable
        Called with the error of a task that did not come to a result.
    pause : float
        Seconds between the starts of two tasks.
    rest : float
        Time between the starts of two tasks, in times that the last one took, at least.
    """

    def __init__(
        self,
        parent: QObject,
        executor: Executor,
        receive: Callable[[Result], None],
        fail: Callable[[BaseException], None],
        pause: float,
        *,
        rest: float = 2.0,
    ) -> None:
        super().__init__(parent)
        self._executor = executor
        self._receive = receive
        self._fail = fail
        self._pause, self._rest = pause, rest
        self._task: Callable[[], Result] | None = None
        self._future: Future[Result] | None = None
        self._started = self._took = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._look)

    @property
    def idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return self._task is None and self._future is None

    def submit(self, task: Callable[[], Result]) -> None:
        """Run a task as soon as it is due, instead of any that still waits."""
        self._task = task
        if not self._timer.isActive():
            self._timer.start()
        self._look()

    def drop(self) -> None:
        """Forget what waits and what runs; a running task ends unheard."""
        self._task = self._future = None
        self._timer.stop()

    def _look(self) -> None:
        if self._future is not None:
            if not self._future.done():
                return
            future, self._future = self._future, None
            self._took = time.monotonic() - self._started
            error = future.exception()
            if error is None:
                self._receive(future.result())
            else:
                self._fail(error)
        if self._task is None:
            self._timer.stop()
        elif time.monotonic() - self._started >= max(self._pause, self._rest * self._took):
            task, self._task = self._task, None
            self._started = time.monotonic()
            self._future = self._executor.submit(task)
