"""What the thread does for the evidence of a result: its residual, its doubts, a second opinion."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from napari_deconv.core import device as devices
from napari_deconv.doubts import Doubting, Doubts, Variant, second_opinion, variants
from napari_deconv.widgets.order import Doubted, Mapped, Opined, Varied
from napari_deconv.widgets.worker import PERIOD, guarded

if TYPE_CHECKING:
    from napari_deconv.recipe import Recipe
    from napari_deconv.widgets.control import Control
    from napari_deconv.widgets.order import Message, Variation


def map_residual(variation: Variation, control: Control) -> Iterator[Message]:
    """Blur a result again, in a thread, and tell what is left of the data."""
    yield from guarded(_residual(variation))


def doubt(variation: Variation, control: Control) -> Iterator[Message]:
    """Restore a result's image with all varied that nobody knows, in a thread, and compare."""
    yield from guarded(_doubts(variation, control))


def opine(variation: Variation, control: Control) -> Iterator[Message]:
    """Restore a result's image by another method, in a thread, and compare."""
    yield from guarded(_opinion(variation, control))


def _residual(variation: Variation) -> Iterator[Message]:
    order = variation.order
    weights = None if order.weights is None else order.weights()
    run = variation.recipe.begin(order.image(), None, order.device, order.region, weights)
    yield Mapped(run.residual(variation.result))


def _doubts(variation: Variation, control: Control) -> Iterator[Message]:
    doubts = _begun(variation, variants)
    for told, seconds in _heard(doubts, control):
        yield Varied(told.number, told.total, seconds, told.name, "result")
    if not control.stopped:
        yield Doubted(doubts.of(variation.result), doubts.passed)


def _opinion(variation: Variation, control: Control) -> Iterator[Message]:
    doubts = _begun(variation, second_opinion)
    for told, seconds in _heard(doubts, control):
        words = f"Second opinion: {told.name}"
        yield Varied(told.index, told.of, seconds, words, told.counted)
    if not control.stopped:
        yield Opined(doubts.of(variation.result), doubts.passed, doubts.made[0])


def _begun(variation: Variation, varied: Callable[[Recipe], list[Variant]]) -> Doubts:
    order = variation.order
    weights = None if order.weights is None else order.weights()
    devices.leave_a_core()
    return Doubts(
        variation.recipe,
        order.image(),
        device=order.device,
        region=order.region,
        weights=weights,
        varied=varied,
    )


def _heard(doubts: Doubts, control: Control) -> Iterator[tuple[Doubting, float]]:
    """Walk the variants' steps; yield now and then where they are, and for how many seconds."""
    due, began = -float("inf"), time.monotonic()
    for told in doubts.steps():
        now = time.monotonic()
        if control.seen and now >= due:
            control.sent()
            due = now + PERIOD
            yield told, now - began - control.rested
        control.rest()
        if control.stopped:
            return
