"""The thread's side of a run: what it tells, how often, and how it stops, rests and fails."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import numpy as np
import pytest
from napari.utils import progress
from qtpy.QtCore import QThread
from scipy.ndimage import gaussian_filter

from napari_deconv import telling, verdict
from napari_deconv.evidence.reference import psnr
from napari_deconv.psf.shapes import GaussianPsf
from napari_deconv.recipe import Recipe
from napari_deconv.restoration import Restoration
from napari_deconv.widgets.order import (
    Begun,
    Choosing,
    Chosen,
    Failure,
    Order,
    Question,
    Verdict,
    View,
)
from napari_deconv.widgets.worker import PERIOD, Control, Run, restore

TRUTH = np.ones((64, 80))
TRUTH[16:48, 20:60] = 0.4
rng = np.random.default_rng(1)
IMAGE = (gaussian_filter(TRUTH, 1.5) + rng.normal(0, 0.005, TRUTH.shape)).astype(np.float32)


def order(iterations: int = 20, weight: float | str = 0.002, **changes: Any) -> Order:
    method = {"name": "tv", "iterations": iterations, "weight": weight}
    recipe = Recipe(psf=GaussianPsf(sigma=1.5), method=method)
    given: dict[str, Any] = {"recipe": recipe, "image": lambda: IMAGE, "device": "cpu"}
    return Order(**{**given, **changes})


def views(messages: list[Any]) -> list[View]:
    return [message for message in messages if isinstance(message, View)]


class Told:
    """A run in Qt's pool, what it told, and how it ended."""

    def __init__(self, qtbot: Any, what: Order) -> None:
        self.qtbot = qtbot
        self.messages: list[Any] = []
        self.threads: set[bool] = set()
        self.endings: list[str] = []
        self.run = Run(what)
        self.run.told.connect(self._hear)
        self.run.ended.connect(self.endings.append)
        self.run.start()

    def _hear(self, message: Any) -> None:
        self.threads.add(QThread.currentThread() is self.run.thread())
        self.messages.append(message)

    def wait_for_view(self) -> None:
        self.qtbot.waitUntil(lambda: bool(views(self.messages)), timeout=60_000)

    def wait(self) -> str:
        self.qtbot.waitUntil(lambda: bool(self.endings), timeout=60_000)
        return self.endings[0]


def test_a_check_without_memory_leaves_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(verdict.Reblur, "agreement", fail)
    *_, last, said = restore(order(iterations=3), Control())
    assert isinstance(last, View)
    assert last.index == last.total
    assert isinstance(said, Verdict)
    assert said.light == "grey"
    assert said.text.endswith("the result is whole, but the check did not fit into memory.")


def test_what_is_told_and_in_which_order() -> None:
    messages = list(restore(order(), Control()))
    assert isinstance(messages[0], Begun)
    assert messages[0].total == 20
    assert messages[0].device == "cpu"
    assert isinstance(messages[0].recipe.method.weight, float)
    assert views(messages)[0].index == 1
    assert views(messages)[-1].index == 20
    assert isinstance(messages[-1], Verdict)
    assert "chi-square" in messages[-1].text


def test_a_search_for_the_strength_is_told_before_the_views() -> None:
    control, told = Control(), []
    for message in restore(order(weight="auto"), control):
        control.shown()
        told.append(message)
    kinds = list(dict.fromkeys(type(message) for message in told))
    assert kinds == [Begun, Choosing, Chosen, View, Verdict]
    assert told[0].recipe.method.weight == "auto"
    (chosen,) = [message for message in told if isinstance(message, Chosen)]
    assert chosen.recipe.method.weight == chosen.recipe.curve.chosen
    searched = [message for message in told if isinstance(message, Choosing)]
    assert str(searched[0]) == "choosing the strength: 1 of 5"
    assert searched[0].image.shape == IMAGE.shape
    assert np.abs(searched[-1].image - TRUTH).max() < 1


def test_a_search_on_a_part_shows_a_first_estimate_of_the_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(telling.SIDE, 2, 40)
    messages = list(restore(order(weight="auto"), Control()))
    (searched,) = [message for message in messages if isinstance(message, Choosing)]
    assert searched.image.shape == IMAGE.shape


def test_the_last_view_is_the_library_s_result() -> None:
    what = order()
    expected = what.recipe.run(IMAGE, device="cpu")
    last = views(list(restore(what, Control())))[-1]
    np.testing.assert_allclose(last.image, expected.image, atol=1e-6)
    assert last.objective == pytest.approx(expected.history.objective[-1], rel=1e-5)


def test_unseen_views_are_skipped_and_never_queued() -> None:
    control = Control()
    seen = views(list(restore(order(300), control)))
    assert [view.index for view in seen] == [1, 300]  # nobody answered the first


def test_at_most_ten_views_a_second_and_the_last() -> None:
    control = Control()
    began = time.monotonic()
    sent = 0
    for message in restore(order(5000), control):
        sent += isinstance(message, View)
        control.shown()
    assert 2 < sent <= (time.monotonic() - began) / PERIOD + 2


@pytest.mark.parametrize("region", [None, (slice(10, 50), slice(12, 70))])
def test_psnr_is_that_of_what_is_shown_with_the_k_of_the_whole(region: Any) -> None:
    messages = list(restore(order(region=region, reference=lambda: TRUTH), Control()))
    last = views(messages)[-1]
    part = TRUTH if region is None else TRUTH[region]
    assert last.image.shape == part.shape
    assert last.psnr == psnr(last.image, part, data_range=TRUTH.max())


def test_stop_ends_before_the_next_iteration(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    steps = Restoration.steps

    def counted(self: Any) -> Any:
        for step in steps(self):
            taken.append(step.index)
            yield step

    monkeypatch.setattr(Restoration, "steps", counted)
    control = Control()
    for message in restore(order(10_000), control):
        if isinstance(message, View):
            control.stop()
    assert taken == [1]


def test_a_stop_between_two_views_still_shows_the_last_estimate() -> None:
    control = Control()
    seen = []
    for message in restore(order(10_000), control):
        if isinstance(message, View):
            seen.append(message.index)
            threading.Timer(0.2, control.stop).start()  # unseen: no view is due any more
    assert len(seen) == 2
    assert 1 < seen[1] < 10_000


def test_a_pause_shows_where_it_rests_and_its_time_does_not_count() -> None:
    control = Control()
    seen = []
    for message in restore(order(200), control):
        if isinstance(message, View):
            seen.append(message)
            if len(seen) == 1:
                control.pause()
                threading.Timer(0.5, control.resume).start()
    assert control.rested == pytest.approx(0.5, abs=0.2)
    assert seen[-1].index == 200
    began = time.perf_counter()
    list(restore(order(200), Control()))
    assert seen[-1].seconds < 0.5 + 3 * (time.perf_counter() - began)


def test_attenuation_is_asked_about_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    attenuation = (-np.log(TRUTH) + rng.normal(0, 0.01, TRUTH.shape)).astype(np.float32)
    begun = []
    monkeypatch.setattr(Recipe, "begin", lambda *_, **__: begun.append(1))
    messages = list(restore(order(image=lambda: attenuation), Control()))
    assert messages == [Question()]
    assert not begun
    monkeypatch.undo()
    answered = list(restore(order(image=lambda: attenuation, asked=True), Control()))
    assert views(answered)


def test_bad_input_is_the_library_s_sentence() -> None:
    (message,) = restore(order(image=lambda: np.full((8, 8), np.nan)), Control())
    assert message == Failure("The image holds no finite value; choose another image.")


@pytest.mark.parametrize(
    "error", [RuntimeError("out of memory\nmore"), MemoryError(), KeyError("x")]
)
def test_what_nobody_foresaw_is_one_sentence_and_a_traceback_in_the_log(
    error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(self: Any) -> Any:
        raise error

    monkeypatch.setattr(Restoration, "steps", fail)
    with caplog.at_level(logging.ERROR):
        message = list(restore(order(), Control()))[-1]
    assert isinstance(message, Failure)
    assert message.text.startswith(f"The computation failed ({type(error).__name__}")
    assert message.text.endswith("the log has the details.")
    assert "\n" not in message.text
    assert "Traceback" in caplog.text


def test_counts_get_a_verdict_and_no_verdict_says_why() -> None:
    poisson = Recipe(
        psf=GaussianPsf(sigma=1.5), method={"name": "richardson-lucy", "iterations": 3}
    )
    counts = list(restore(order(recipe=poisson), Control()))[-1]
    assert isinstance(counts, Verdict)
    assert "chi-square" in counts.text
    wide = Recipe(psf=GaussianPsf(sigma=30), method={"name": "tikhonov"})
    covered = list(restore(order(recipe=wide), Control()))[-1]
    assert isinstance(covered, Verdict)
    assert "No re-blur verdict: the PSF" in covered.text or "no pixel" in covered.text


def test_a_run_is_heard_in_the_gui_s_thread_and_shown_in_the_activity_dock(qtbot: Any) -> None:
    before = len(progress._all_instances)
    told = Told(qtbot, order(100_000))
    told.wait_for_view()
    assert len(progress._all_instances) == before + 1
    told.run.stop()
    assert told.wait() == "stopped"
    assert told.threads == {True}
    assert len(progress._all_instances) == before


def test_a_run_that_ends_is_done(qtbot: Any) -> None:
    told = Told(qtbot, order(30))
    assert told.wait() == "done"
    assert views(told.messages)[-1].index == 30


def test_pause_holds_and_stop_ends_a_run_on_hold(qtbot: Any) -> None:
    told = Told(qtbot, order(100_000))
    told.wait_for_view()
    told.run.pause()
    qtbot.wait(400)
    held = len(told.messages)
    qtbot.wait(400)
    assert len(told.messages) == held
    told.run.stop()
    assert told.wait() == "stopped"


def test_napari_s_own_way_to_quit_stops_a_run_on_hold(qtbot: Any) -> None:
    from napari.qt.threading import GeneratorWorker

    told = Told(qtbot, order(100_000))
    told.wait_for_view()
    told.run.pause()
    GeneratorWorker.await_workers(20_000)
    assert told.wait() == "stopped"


def test_an_abandoned_run_is_heard_no_more(qtbot: Any) -> None:
    before = len(progress._all_instances)
    told = Told(qtbot, order(100_000))
    told.wait_for_view()
    told.run.abandon()
    heard = len(told.messages)
    qtbot.wait(500)
    assert len(told.messages) == heard
    assert not told.endings
    assert len(progress._all_instances) == before
