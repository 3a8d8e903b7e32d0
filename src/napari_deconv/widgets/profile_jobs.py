"""Run the latest of many requests away from the screen, and drop those it overtook."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
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


@dataclass
class _Timed(Generic[Result]):
    """A task that notes what it cost."""

    task: Callable[[], Result]
    cost: float = 0.0

    def __call__(self) -> Result:
        begun = time.thread_time()
        try:
            return self.task()
        finally:
            self.cost = time.thread_time() - begun


class Latest(QObject, Generic[Result]):
    """Hands the newest task to an executor and its result to a receiver, in the GUI thread.

    While a task runs, a newer one waits, and one newer still takes its place. Between the starts
    of two tasks there is a pause, longer after a slow task, so that it never keeps a processor to
    itself. A light task runs here and now if the last one was quick: beside a busy window, which
    keeps Python to itself for most of the time, it would wait longer than it computes elsewhere.

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
    quick : float
        Seconds of processor time within which a task is quick.
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
        quick: float = 0.0,
    ) -> None:
        super().__init__(parent)
        self._executor = executor
        self._receive = receive
        self._fail = fail
        self._pause, self._rest, self._quick = pause, rest, quick
        self._task: Callable[[], Result] | None = None
        self._light = False
        self._last: _Timed[Result] | None = None
        self._future: Future[Result] | None = None
        self._started = self._took = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._look)

    @property
    def idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return self._task is None and self._future is None

    def submit(self, task: Callable[[], Result], light: bool = False) -> None:
        """Run a task as soon as it is due, instead of any that still waits.

        Parameters
        ----------
        task : callable
            What is to be run.
        light : bool
            Whether it computes from what is in memory alone.
        """
        self._task, self._light = task, light
        if not self._timer.isActive():
            self._timer.start()
        self._look()

    def drop(self) -> None:
        """Forget what waits and what runs; a running task ends unheard."""
        self._task = self._future = None
        self._last = None  # it may not have ended: its cost is not known
        self._timer.stop()

    def _look(self) -> None:
        if self._future is not None:
            if not self._future.done():
                return
            future, self._future = self._future, None
            self._hand_on(future)
        if self._task is None:
            self._timer.stop()
        elif time.monotonic() - self._started >= max(self._pause, self._rest * self._took):
            self._start(_Timed(self._task))

    def _start(self, task: _Timed[Result]) -> None:
        here = self._light and self._last is not None and self._last.cost <= self._quick
        self._task, self._last = None, task
        self._started = time.monotonic()
        if not here:
            self._future = self._executor.submit(task)
            return
        done: Future[Result] = Future()
        try:
            done.set_result(task())
        except Exception as error:
            done.set_exception(error)
        self._hand_on(done)

    def _hand_on(self, done: Future[Result]) -> None:
        self._took = time.monotonic() - self._started
        error = done.exception()
        if error is None:
            self._receive(done.result())
        else:
            self._fail(error)
