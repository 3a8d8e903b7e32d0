"""A recipe at work on one image: problems made, steps yielded, results gathered."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from napari_deconv import rehearsal, verdict
from napari_deconv.core import device as devices
from napari_deconv.core import memory
from napari_deconv.core.tiling import cells
from napari_deconv.evidence.leftover import Expectation
from napari_deconv.evidence.reference import psnr
from napari_deconv.evidence.residual import ResidualCheck, Unchecked
from napari_deconv.history import History, Result, checked_reference
from napari_deconv.methods.choosing import Curve, Trying, filtered, nothing_to_go_by, search
from napari_deconv.methods.method import Method, Step
from napari_deconv.methods.start import beginning
from napari_deconv.plan import Plan
from napari_deconv.posing import middle_of
from napari_deconv.standing import Standing
from napari_deconv.walking import Walk

if TYPE_CHECKING:
    from napari_deconv.planning import Forecast

P = TypeVar("P", bound=Plan)
T = TypeVar("T")

LARGE = 2**20
"""Pixels from which on a run takes long enough to be foretold."""
RECORDED = 50
"""Most steps of a run whose objective and PSNR are kept: each costs a blur."""


class Restoration(Standing[P]):
    """A recipe standing ready to iterate on one image; see `Standing` for what it knows."""

    def _get_ready(self) -> None:
        """Pick the rule for strengths, and find those that take no solving."""
        recipe = self.recipe
        told = recipe.boundary.continues and self._measured.white
        self._rule = recipe.strength.of(recipe.method.rule if told else "noise")
        self._resolve()

    @property
    def chosen(self) -> bool:
        """Whether every strength is a number."""
        return not self.recipe.method.automatic()

    def choosing(self) -> Iterator[Trying]:
        """Find the strengths that were left to be found, and yield what is tried.

        Nothing is yielded where nothing is to be found. Afterwards they are numbers in `recipe`,
        with the curve that led to them. What is tried is the part of the whole image (of a stack,
        of its middle slice) that tells most, so that a region gets the strength of the whole.
        """
        if self.chosen:
            return
        part, index = self._telling()
        problem = self._poser.problem(self.recipe, part, index)
        curve = None
        for trying in self._alike(search(self.recipe.method, problem, self._rule)):
            curve = trying.curve
            yield trying
        assert curve is not None
        self._take(curve)

    def choose(self) -> None:
        """Find the strengths that were left to be found."""
        for _ in self.choosing():
            pass

    def glimpse(self, trying: Trying) -> npt.NDArray[np.float32]:
        """Return what can be seen of the result while a strength is being searched for.

        That is what is tried, if it is the whole; else the estimate that solvers start from.
        """
        if len(self._tiles) > 1:
            return self._data(0)
        estimate = beginning(self._first)
        if trying.estimate.shape == estimate.shape and self.slices == 1:
            estimate = trying.estimate
        seen = self._first.crop(estimate)[self._tiles[0].inner]
        glimpsed: npt.NDArray[np.float32] = self._to_grey(seen).cpu().numpy()
        return glimpsed

    def retune(self, method: Method) -> None:
        """Take the same method at other strengths; steps of one picture begin at the last estimate.

        Raises
        ------
        ValueError
            If more than strengths differ.
        """
        if not self.recipe.method.is_but_for_strength(method):
            raise ValueError("Only strengths can be changed on the way: begin a new run.")
        method.check(self._first)
        self.recipe = self.recipe.model_copy(update={"method": method, "curve": None})
        if self.slices == len(self._tiles) == 1 and self._last is not None:
            self._first = replace(self._first, start=self._last, near=True)

    def foreseen(self, slices: int | None = None) -> Forecast:
        """Return tiles and memory, and of a large picture the time, by a few iterations on a part.

        A search for strengths counts with the rest. Of a small picture memory is only bounded.

        Parameters
        ----------
        slices : int, optional
            How many there are to restore, where others than those at hand.
        """
        tile, free, count = int(self.recipe.tile), devices.free(self.device), slices or self.slices
        small = count * math.prod(self._poser.sides) < LARGE
        told = replace(self._asked().forecast(tile, free, roughly=small), slices=count)
        if small:
            return told
        part, index = self._telling()
        problem = self._poser.problem(self.recipe, part, index)
        method = self.recipe.method
        try:
            with self._threads():
                each = rehearsal.timed(problem, method.resolved(problem))
        except (MemoryError, RuntimeError) as error:
            if not devices.ran_out(error):
                raise
            return told
        grid = self._first.blur.grid
        steps = self.total // self.slices * count
        seconds = each * steps * math.prod(grid) * rehearsal.slower(grid, self.device)
        if not self.chosen:
            solve = each * method.total(problem) * math.prod(problem.blur.grid)
            seconds += rehearsal.SEARCH * solve
        return replace(told, seconds=seconds)

    def steps(self) -> Iterator[Step]:
        """Find what strengths are on auto, then yield the estimates of every slice.

        Where the device runs out of memory, the slice is begun anew with tiles of half the side:
        `notes` then say so, and `total` and the steps' are others.
        """
        self.choose()
        began, number = time.perf_counter(), 0
        while number < self.slices:
            try:
                yield from self._slice_steps(number, began)
                number += 1
            except (MemoryError, RuntimeError) as error:
                if not devices.ran_out(error):
                    raise
                self._last = None
                self._lay(self._halved())

    def _slice_steps(self, number: int, began: float) -> Iterator[Step]:
        """Yield the estimates of one slice."""
        walk = Walk(
            self.recipe,
            self._tiles,
            lambda tile: self.problem(number, tile),
            lambda: self._data(number),
        )
        if number > 0:
            self._last = None
        first = self._first if number == 0 else self.problem(number)
        once = self.recipe.method.total(first) == 1
        with memory.lean() if once and not self._stacked else nullcontext():
            for pace in self._alike(walk.paces(first, self._to_grey)):
                self._last = pace.estimate
                yield Step(
                    index=number * pace.total + pace.index,
                    total=self.slices * pace.total,
                    estimate=pace.seen,
                    seconds=time.perf_counter() - began,
                    to_grey=self._to_grey,
                    measure=partial(self.recipe.method.objective, pace.problem, pace.estimate),
                    slice=number if self.slices > 1 else None,
                    into=pace.into,
                )
                del pace

    def _alike(self, steps: Iterator[T]) -> Iterator[T]:
        """Take steps; of a stack, so that they come out the same on every machine."""
        while True:
            with self._threads():
                step = next(steps, None)
            if step is None:
                return
            yield step
            del step

    def _threads(self) -> AbstractContextManager[None]:
        """Return what says how many threads a step takes: one for a slice of a stack."""
        return devices.one_thread(self.device) if self._stacked else nullcontext()

    def image(self) -> npt.NDArray[np.float32]:
        """Run to the end and return the restored image."""
        image = self._blank()
        for step in self.steps():
            if step.index % (step.total // self.slices) == 0:
                self._slice(image, step.slice or 0)[...] = step.image()
            del step  # of a stack, nothing of a slice stays while the next is restored
        return image

    def run(self, reference: npt.ArrayLike | None = None) -> Result[P]:
        """Run to the end, record objective and PSNR on the way, and return all of it."""
        truth = None if reference is None else checked_reference(reference, self._blank().shape)
        image = self._blank()
        history = History()
        for step in self.steps():
            ends = step.index % (step.total // self.slices) == 0
            every = -(-step.total // RECORDED)
            if ends:
                self._slice(image, step.slice or 0)[...] = step.image()
            if ends or step.index == 1 or step.index % every == 0:
                history.iteration.append(step.index)
                history.objective.append(step.objective)
                history.seconds.append(step.seconds)
                if truth is not None:
                    part = self._slice(truth, step.slice or 0)
                    history.psnr.append(psnr(step.image(), part, float(np.nanmax(truth))).value)
            del step
        warnings = (*self.notes, *self.remarks(image))
        return Result(image, history, self.recipe, warnings)

    def agreement(self, result: npt.NDArray[np.float32]) -> ResidualCheck | Unchecked:
        """Return whether a result, as `image` returns it, agrees with the data when blurred again.

        Where that can't be told, why not. A check that finds no memory costs no result.
        """
        try:
            expected = self.expectation()
            checks = [
                self._reblur(wide).agreement(result[self._within(wide)], expected)
                for _, wide in self._pieces()
            ]
            return verdict.together(checks)
        except (MemoryError, RuntimeError) as error:
            if not devices.ran_out(error):
                raise
            return Unchecked(verdict.NO_ROOM)

    def expectation(self) -> Expectation | None:
        """Return what the method leaves of noise alone, once its strengths are numbers."""
        return verdict.expectation(self.recipe, self._poser, *self._telling())

    def residual(self, result: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return a result, blurred again, less the data in units of the noise; NaN: not known."""
        left = np.full(result.shape, np.nan, np.float32)
        refused: ValueError | None = None
        for core, wide in self._pieces():
            try:
                around = self._reblur(wide).residual(result[self._within(wide)])
            except ValueError as error:  # a tile at the border may lie within the PSF's reach
                refused = error
                continue
            inner: Any = tuple(
                slice(a.start - b.start, a.stop - b.start) for a, b in zip(core, wide, strict=True)
            )
            left[self._within(core)] = around[(Ellipsis, *inner)]
        if refused is not None and np.isnan(left).all():
            raise refused
        return left

    @property
    def reblur(self) -> verdict.Reblur:
        """What blurring a result again and comparing it with the data takes."""
        return self._reblur(self._target)

    def _reblur(self, part: tuple[slice, ...]) -> verdict.Reblur:
        """Return the same for a part, by the PSF of each of its places."""
        frame, field = self._poser.frame.part((..., *part)), self._poser.exposure.field
        blur = None if field is None else partial(field.blur, corner=[one.start for one in part])
        kernel = self._poser.kernel(middle_of(part))
        sharper = self.recipe.method.sharper()
        return verdict.Reblur(frame, kernel, self._measured, self.recipe.fidelity, blur, sharper)

    def _pieces(self) -> list[tuple[tuple[slice, ...], tuple[slice, ...]]]:
        """Return the tiles of what is restored, and widened by the PSF's reach."""
        pieces = []
        for core in cells(self._target, self._asked().sides(int(self.recipe.tile))):
            wide = (
                slice(max(part.start, one.start - k // 2), min(part.stop, one.stop + k // 2))
                for part, one, k in zip(self._target, core, self._kernel.array.shape, strict=True)
            )
            pieces.append((core, tuple(wide)))
        return pieces

    def _within(self, part: tuple[slice, ...]) -> Any:
        """Return where a part lies in what is restored."""
        places = (
            slice(one.start - all_.start, one.stop - all_.start)
            for one, all_ in zip(part, self._target, strict=True)
        )
        return (..., *places)

    def remarks(self, result: npt.NDArray[np.float32]) -> tuple[str, ...]:
        """Return what looks odd of a result, a sentence each."""
        return verdict.far_out(result, self._range)

    def verdict(self, result: npt.NDArray[np.float32]) -> str:
        """Return what is to be said of a result, a sentence or two."""
        return " ".join((*self.remarks(result), str(self.agreement(result))))

    def _resolve(self) -> None:
        """Find the strengths that take no solving: of a linear filter, or from the noise alone."""
        method = self.recipe.method
        if not method.automatic():
            return
        if self._rule.key() == "noise" or nothing_to_go_by(self._first):
            resolved = method.resolved(self._first)
            self.recipe = self.recipe.model_copy(update={"method": resolved})
        elif method.is_filter(self._first):
            part, index = self._telling()
            problem = self._poser.problem(self.recipe, part, index)
            self._take(filtered(method, problem, self._rule))

    def _take(self, curve: Curve) -> None:
        """Note the strength that a curve led to."""
        method = self.recipe.method.strengthened(curve.chosen)
        self.recipe = self.recipe.model_copy(update={"method": method, "curve": curve})
