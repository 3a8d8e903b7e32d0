"""What the thread does for the evidence of a result: its residual, and its doubts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from napari_deconv.core import device as devices
from napari_deconv.doubts import Doubts
from napari_deconv.widgets.order import Doubted, Mapped, Varied
from napari_deconv.widgets.worker import PERIOD, guarded

if TYPE_CHECKING:
    from napari_deconv.widgets.control import Control
    from napari_deconv.widgets.order import Message, Variation


def map_residual(variation: Variation, control: Control) -> Iterator[Message]:
    """Blur a result again, in a thread, and tell what is left of the data."""
    yield from guarded(_residual(variation))


def doubt(variation: Variation, control: Control) -> Iterator[Message]:
    """Restore a result's image with all varied that nobody knows, in a thread, and compare."""
    yield from guarded(_doubts(variation, control))


def _residual(variation: Variation) -> Iterator[Message]:
    order = variation.order
    weights = None if order.weights is None else order.weights()
    run = variation.recipe.begin(order.image(), None, order.device, order.region, weights)
    yield Mapped(run.residual(variation.result))


def _doubts(variation: Variation, control: Control) -> Iterator[Message]:
    order = variation.order
    weights = None if order.weights is None else order.weights()
    devices.leave_a_core()
    doubts = Doubts(
        variation.recipe, order.image(), device=order.device, region=order.region, weights=weights
    )
    due, began = -float("inf"), time.monotonic()
    for told in doubts.steps():
        now = time.monotonic()
        if control.seen and now >= due:
            control.sent()
            due = now + PERIOD
            yield Varied(told.number, told.total, now - began - control.rested, told.name, "result")
        control.rest()
        if control.stopped:
            return
    yield Doubted(doubts.of(variation.result), doubts.passed)
