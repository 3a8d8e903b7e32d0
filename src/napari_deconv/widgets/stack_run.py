"""A stack restored slice by slice in a thread, straight into the array that the layer shows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import psutil

from napari_deconv.core import device as devices
from napari_deconv.widgets.order import (
    Begun,
    Choosing,
    Filled,
    Message,
    Noted,
    Order,
    Question,
    Verdict,
)
from napari_deconv.widgets.worker import PERIOD, guarded
from napari_deconv.xray.domain import looks_like_attenuation

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_deconv.recipe import Recipe
    from napari_deconv.restoration import Restoration
    from napari_deconv.widgets.control import Control
    from napari_deconv.widgets.source import Region
    from napari_deconv.widgets.stack_source import StackSource

MOST = 0.5
"""Part of the free memory that the result may take."""


@dataclass(eq=False)
class Filling:
    """A stack's result while it fills in; the thread writes the slices, the screen what it wants.

    Attributes
    ----------
    source : StackSource
    region : tuple of slice or None
    wanted : int
        The slice that comes next if it is not done: the one on display.
    array : ndarray or None
        The result, NaN where nothing is known yet; None before it begins.
    done : ndarray of bool
        Which slices are.
    recipe : Recipe or None
        With all that was measured and found, once it was.
    """

    source: StackSource
    region: Region | None
    wanted: int = 0
    array: npt.NDArray[np.float32] | None = None
    done: npt.NDArray[np.bool_] = field(init=False)
    recipe: Recipe | None = None

    def __post_init__(self) -> None:
        """Look whether there is room for the result.

        Raises
        ------
        ValueError
            In one sentence, if it takes too much memory.
        """
        sides = self.source.shape
        if self.region is not None:
            sides = tuple(part.stop - part.start for part in self.region)
        needed, free = (
            4 * self.source.count * sides[0] * sides[1],
            psutil.virtual_memory().available,
        )
        if needed > MOST * free:
            raise ValueError(
                f"All {self.source.count} slices take {needed / 2**30:.3g} GiB, of which "
                f"{free / 2**30:.3g} are free: use the Batch dock, which writes them to disk."
            )
        self.wanted = self.source.shown
        self.done = np.zeros(self.source.count, bool)

    def put(self, number: int, plane: npt.NDArray[np.float32] | float) -> None:
        """Write a slice, or that it is not known."""
        self.plane(number)[...] = plane

    def plane(self, number: int) -> npt.NDArray[np.float32]:
        """Return the view of a slice of the result."""
        if self.array is None:
            self.array = self.source.blank(self.region)
        return self.source.taken(self.array, number)

    def next(self) -> int | None:
        """Return the slice to restore now: the wanted one, or the first after it; None at the end.

        After the last slice come those before.
        """
        left = np.flatnonzero(~self.done)
        if not left.size:
            return None
        after = left[left >= self.wanted]
        return int(after[0] if after.size else left[0])


@dataclass(frozen=True)
class StackOrder:
    """To restore what is not done yet of a stack.

    Attributes
    ----------
    order : Order
        Its image are the slices that the stack is judged by.
    filling : Filling
    """

    order: Order
    filling: Filling

    def same(self, other: StackOrder) -> bool:
        """Return whether another order asks for the same numbers, so that it can go on here."""
        mine, its = self.order, other.order
        source, image = self.filling.source, other.filling.source
        return (
            source.data is image.data
            and source.axes == image.axes
            and self.filling.region == other.filling.region
            and mine.recipe == its.recipe
            and (mine.psf_pixel, mine.device) == (its.psf_pixel, its.device)
            and _psf_data(mine) == _psf_data(its)
        )


def _psf_data(order: Order) -> list[int]:
    """Return which arrays the PSF is read of; none of a shape."""
    layers = order.psf.args if isinstance(order.psf, partial) else ()
    return [id(layer.data) for layer in layers]


def fill(stack: StackOrder, control: Control) -> Iterator[Message]:
    """Restore a stack, in a thread, and tell how far it is."""
    yield from guarded(_filled(stack, control))


def _filled(stack: StackOrder, control: Control) -> Iterator[Message]:
    order, filling = stack.order, stack.filling
    if order.weights is not None:
        raise ValueError("Pixel weights are of one picture; restore only the slice on display.")
    looked_at = order.image()
    if not order.asked and looks_like_attenuation(looked_at):
        yield Question()
        return
    recipe = filling.recipe or order.recipe
    if order.psf is not None and filling.recipe is None:
        recipe = recipe.with_psf(order.psf(), order.psf_pixel)
    devices.leave_a_core()
    run = recipe.begin(looked_at, None, order.device, order.region)
    left = int((~filling.done).sum())
    begun = Begun(
        run.recipe,
        (*order.remarks, *run.notes),
        str(run.device),
        filling.source.count,
        run.foreseen(left).sentence,
    )
    yield begun
    yield from _searched(run, control)
    if not run.chosen:
        return
    filling.recipe = run.recipe
    yield replace(begun, recipe=run.recipe)
    yield from _slices(run, filling, control)


def _searched(run: Restoration[Recipe], control: Control) -> Iterator[Message]:
    """Search for the strength, until it is found or the run stopped."""
    due = -float("inf")
    for trying in run.choosing():
        if control.seen and time.monotonic() >= due:
            control.sent()
            due = time.monotonic() + PERIOD
            yield Choosing(trying.trial, trying.trials, None, trying.curve)
        control.rest()
        if control.stopped:
            return


def _slices(run: Restoration[Recipe], filling: Filling, control: Control) -> Iterator[Message]:
    """Restore slice after slice, until none is left or the run stopped."""
    began, before = time.monotonic(), int(filling.done.sum())

    def reached(number: int | None) -> Filled:
        done, seconds = int(filling.done.sum()), time.monotonic() - began - control.rested
        return Filled(number, done, before, filling.source.count, seconds, str(run.device))

    while not control.stopped and (number := filling.next()) is not None:
        for noted in _slice(run, filling, number, control):
            if noted is not None:
                yield noted
                continue
            control.sent()
            yield reached(number)
        if filling.done[number] and filling.done.sum() == before + 1:
            yield _verdict(run, filling, number)
    yield reached(None)


def _slice(
    run: Restoration[Recipe], filling: Filling, number: int, control: Control
) -> Iterator[Noted | None]:
    """Restore a slice, and yield when the screen is due; of a stopped one nothing stays.

    What happens on the way (no memory left, smaller tiles) is yielded as well.
    """
    due = time.monotonic() + PERIOD
    run.take(filling.source.plane(number)[None])
    notes = run.notes
    for step in run.steps():
        if run.notes != notes:
            notes = run.notes
            yield Noted(notes, filling.source.count)
        ends, show = step.index == step.total, control.seen and time.monotonic() >= due
        if ends or (show and number == filling.wanted):
            filling.put(number, step.image())
        filling.done[number] = ends
        if show or (ends and control.seen):
            due = time.monotonic() + PERIOD
            yield None
        control.rest()
        if control.stopped and not ends:
            filling.put(number, np.nan)
            return


def _verdict(run: Restoration[Recipe], filling: Filling, number: int) -> Verdict:
    """Return whether the first slice, blurred again, agrees with its data."""
    image = filling.plane(number)[None]
    check = run.agreement(image)
    text = " ".join((f"Slice {number}:", *run.remarks(image), str(check)))
    return Verdict(text, check.light, check.meaning)
