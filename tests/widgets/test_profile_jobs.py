"""The newest task first; quick ones from memory at once, slow ones away from the screen."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from qtpy.QtCore import QObject

from napari_deconv.widgets.profile_jobs import Latest

MAIN = threading.main_thread()


class Listener(QObject):
    """Notes what it is handed."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[threading.Thread] = []
        self.errors: list[BaseException] = []


@pytest.fixture
def job(qtbot):
    """Return a job that calls itself quick within 20 ms, and whom it tells."""
    listener, executor = Listener(), ThreadPoolExecutor(1)
    yield (
        Latest(
            listener,
            executor,
            listener.done.append,
            listener.errors.append,
            0.0,
            rest=0.0,
            quick=0.02,
        ),
        listener,
    )
    executor.shutdown()


def quick() -> threading.Thread:
    return threading.current_thread()


def slow() -> threading.Thread:
    until = time.thread_time() + 0.05
    while time.thread_time() < until:
        pass
    return threading.current_thread()


def run(qtbot, latest, listener, *tasks, light: bool = True) -> list[bool]:
    """Return for each task whether the window's own thread ran it."""
    for task in tasks:
        before = len(listener.done) + len(listener.errors)
        latest.submit(task, light)
        qtbot.waitUntil(lambda n=before: len(listener.done) + len(listener.errors) > n)
    return [thread is MAIN for thread in listener.done]


def test_after_a_quick_task_the_next_one_runs_at_once(qtbot, job):
    assert run(qtbot, *job, quick, quick, quick) == [False, True, True]


def test_after_a_slow_task_the_next_one_runs_elsewhere(qtbot, job):
    assert run(qtbot, *job, quick, slow, slow, quick, quick) == [False, True, False, False, True]


def test_what_may_have_to_be_read_never_runs_in_the_window(qtbot, job):
    assert run(qtbot, *job, quick, quick, light=False) == [False, False]


def test_an_error_is_told_wherever_it_arose(qtbot, job):
    def fail() -> threading.Thread:
        raise ValueError("no")

    latest, listener = job
    assert run(qtbot, latest, listener, quick, fail, quick) == [False, True]
    assert [str(error) for error in listener.errors] == ["no"]
    assert latest.idle
