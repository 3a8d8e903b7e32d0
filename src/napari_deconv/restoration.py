"""A recipe at work on one image: problems made, steps yielded, results gathered."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from napari_deconv import verdict
from napari_deconv.core import device as devices
from napari_deconv.core.scale import Measurement, judged
from napari_deconv.core.units import PixelSize
from napari_deconv.evidence.leftover import Expectation
from napari_deconv.evidence.reference import psnr
from napari_deconv.evidence.residual import ResidualCheck, Unchecked
from napari_deconv.exposures import exposed
from napari_deconv.history import History, Result, checked_reference
from napari_deconv.methods.choosing import Curve, Trying, filtered, nothing_to_go_by, search
from napari_deconv.methods.method import Method, Step
from napari_deconv.methods.start import beginning
from napari_deconv.plan import Plan
from napari_deconv.posing import Poser, check_counts
from napari_deconv.psf.checks import on_image
from napari_deconv.region import Cut, reach
from napari_deconv.telling import telling_part, telling_slice
from napari_deconv.xray import frame as frames
from napari_deconv.xray.weights import pixel_weights

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.problem import Problem
    from napari_deconv.xray.frame import Frame

P = TypeVar("P", bound=Plan)
T = TypeVar("T")

SMEARED = (
    "The noise of neighbouring pixels correlates by {:.2f}: automatic strengths follow its size, "
    "for rules that look at the residual would take it for detail."
)
RECORDED = 50
"""Most steps of a run whose objective and PSNR are kept: each costs a blur."""


class Restoration(Generic[P]):
    """A recipe standing ready to iterate on one image, everything checked.

    Attributes
    ----------
    recipe : Recipe
        With what was measured and what automatic parameters came to.
    notes : tuple of str
        What was understood, mended or masked, a sentence each.
    device : torch.device
    total : int
        Number of steps, slices x iterations.
    slices : int
        How many pictures of a stack are restored one by one.
    """

    def __init__(
        self,
        recipe: P,
        image: npt.NDArray[np.generic],
        device: str,
        region: tuple[slice, ...] | None = None,
        weights: npt.ArrayLike | None = None,
    ) -> None:
        if recipe.psf is None:
            raise ValueError("The recipe has no PSF; give an array or a shape such as 'gaussian'.")
        frames.check_image(image, volume=True)
        size = PixelSize.parse(recipe.pixel_size) if recipe.pixel_size else None
        self.device = devices.pick(device)
        exposure = exposed(recipe, image, size, self.device)
        recipe, image, self._kernel = exposure.recipe, exposure.image, exposure.kernel
        trust = None if weights is None else pixel_weights(weights, image.shape)
        if trust is not None:  # what counts for nothing is not looked at either
            image = np.ma.array(image, mask=(trust == 0) | np.ma.getmaskarray(image))
        self._axes = self._kernel.array.ndim
        around = reach(self._kernel.array.shape, recipe)
        self._cut = Cut.of(image.shape[-self._axes :], region, around, recipe.method.alignment)
        whole = exposure.frame or self._understood(recipe, image)
        whole = whole if trust is None else whole.weighed(trust)
        fresh = self._fresh(whole)
        measured = recipe.measured or fresh
        self._poser = Poser(exposure, whole, measured, self.device)
        devices.check_memory(self._poser.grid(recipe, self._cut.wide), self.device)
        low, high = whole.range()
        self._range = low + whole.level, high + whole.level
        self._measured = measured
        self._frame = whole.part((..., *self._cut.wide))
        fidelity = recipe.fidelity.resolved(measured)
        known = {"measured": measured, "fidelity": fidelity, "method": recipe.method.pinned()}
        self.recipe = recipe.model_copy(update=known)
        clipped = check_counts(self.recipe, self._frame, measured)
        self._first = self.problem(0)
        self._last: Tensor | None = None
        self._check_method()
        self.slices = 1 if image.ndim == self._axes else len(image)
        self.total = self.slices * recipe.method.total(self._first)
        told = recipe.boundary.continues and measured.white
        self._rule = recipe.strength.of(recipe.method.rule if told else "noise")
        smeared = () if measured.white else (SMEARED.format(measured.neighbours),)
        self._resolve()
        remarks = recipe.method.remarks(self._first)
        said = (*recipe.replaced_noise(), *smeared, *measured.foreign(fresh))
        inside = [part.stop - part.start for part in self._cut.inner]
        shape = self._kernel.array.shape
        placed = on_image(shape, self._kernel.widths, image.shape[-self._axes :], inside)
        self.notes = (*self._kernel.notes, *placed, *whole.notes, *clipped, *remarks, *said)

    def take(self, image: npt.NDArray[np.generic]) -> None:
        """Go on with other slices of the same scan, nothing of which is measured again.

        Parameters
        ----------
        image : ndarray, shape (N, H, W)
            Slices as large as those that were looked at.
        """
        assert self.chosen
        frame = self._understood(self.recipe, image)
        self._poser = replace(self._poser, frame=frame)
        self._frame = frame.part((..., *self._cut.wide))
        self._first, self._last = self.problem(0), None
        self.slices = len(image)
        self.total = self.slices * self.recipe.method.total(self._first)
        self.notes = frame.notes

    def problem(self, index: int = 0) -> Problem:
        """Return the problem of one slice (or of the whole image), on the device."""
        return self._poser.problem(self.recipe, self._cut.wide, index)

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
        estimate = beginning(self._first)
        if trying.estimate.shape == estimate.shape and self.slices == 1:
            estimate = trying.estimate
        seen: npt.NDArray[np.float32] = self._to_grey(self._seen(estimate)).cpu().numpy()
        return seen

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
        if self.slices == 1 and self._last is not None:
            self._first = replace(self._first, start=self._last, near=True)

    def steps(self) -> Iterator[Step]:
        """Find what strengths are on auto, then yield the estimates of every slice."""
        self.choose()
        began = time.perf_counter()
        method = self.recipe.method
        for number in range(self.slices):
            problem = self._first if number == 0 else self.problem(number)
            each = method.total(problem)
            for index, x in enumerate(self._alike(method.iterates(problem)), start=1):
                self._last = x
                yield Step(
                    index=number * each + index,
                    total=self.slices * each,
                    estimate=self._seen(x),
                    seconds=time.perf_counter() - began,
                    to_grey=self._to_grey,
                    measure=partial(method.objective, problem, x),
                    slice=number if self.slices > 1 else None,
                )

    def _alike(self, steps: Iterator[T]) -> Iterator[T]:
        """Take steps; of a stack, so that they come out the same on every machine."""
        stacked = self._frame.values.ndim > self._axes
        while True:
            with devices.one_thread(self.device) if stacked else nullcontext():
                step = next(steps, None)
            if step is None:
                return
            yield step

    def image(self) -> npt.NDArray[np.float32]:
        """Run to the end and return the restored image."""
        image = self._blank()
        for step in self.steps():
            if step.index % (step.total // self.slices) == 0:
                self._slice(image, step.slice or 0)[...] = step.image()
        return image

    def run(self, reference: npt.ArrayLike | None = None) -> Result[P]:
        """Run to the end, record objective and PSNR on the way, and return all of it."""
        truth = None if reference is None else checked_reference(reference, self._blank().shape)
        image = self._blank()
        history = History()
        each = self.total // self.slices
        every = -(-self.total // RECORDED)
        for step in self.steps():
            ends = step.index % each == 0
            if ends:
                self._slice(image, step.slice or 0)[...] = step.image()
            if ends or step.index == 1 or step.index % every == 0:
                history.iteration.append(step.index)
                history.objective.append(step.objective)
                history.seconds.append(step.seconds)
                if truth is not None:
                    part = self._slice(truth, step.slice or 0)
                    history.psnr.append(psnr(step.image(), part, float(np.nanmax(truth))).value)
        warnings = (*self.notes, *self.remarks(image))
        return Result(image, history, self.recipe, warnings)

    def agreement(self, result: npt.NDArray[np.float32]) -> ResidualCheck | Unchecked:
        """Return whether a result, as `image` returns it, agrees with the data when blurred again.

        Where that can't be told, why not.
        """
        return self.reblur.agreement(result, self.expectation())

    def expectation(self) -> Expectation | None:
        """Return what the method leaves of noise alone, once its strengths are numbers."""
        return verdict.expectation(self.recipe, self._poser, *self._telling())

    def residual(self, result: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return a result, blurred again, less the data in units of the noise; NaN: not known."""
        return self.reblur.residual(result)

    @property
    def reblur(self) -> verdict.Reblur:
        """What blurring a result again and comparing it with the data takes."""
        frame = self._frame.part((..., *self._cut.inner))
        return verdict.Reblur(frame, self._kernel.array, self._measured, self.recipe.fidelity)

    def remarks(self, result: npt.NDArray[np.float32]) -> tuple[str, ...]:
        """Return what looks odd of a result, a sentence each."""
        return verdict.far_out(result, self._range)

    def verdict(self, result: npt.NDArray[np.float32]) -> str:
        """Return what is to be said of a result, a sentence or two."""
        return " ".join((*self.remarks(result), str(self.agreement(result))))

    def _understood(self, recipe: P, image: npt.NDArray[np.generic]) -> Frame:
        """Return the image understood; of a stack, each slice by what the whole was judged by."""
        look = frames.understand if image.ndim == self._axes else frames.understand_slices
        known = None if recipe.measured is None else recipe.measured.defects
        return look(image, _follows_level(recipe), known)

    def _fresh(self, whole: Frame) -> Measurement:
        """Return what is measured of the whole, or of the slices that a stack is judged by."""
        if whole.values.ndim > self._axes:
            whole = whole.part((judged(len(whole.values)),))
        measured = Measurement.of(whole.values, whole.valid, whole.level, whole.weights)
        return measured.model_copy(update={"defects": whole.defects})

    def _seen(self, x: Tensor) -> Tensor:
        """Return the view of the region in a tensor on the grid."""
        return self._first.crop(x)[self._cut.inner]

    def _blank(self) -> npt.NDArray[np.float32]:
        """Return an array for the result, not filled in."""
        stack = self._frame.values.shape[: -self._axes]
        return np.empty((*stack, *(s.stop - s.start for s in self._cut.inner)), np.float32)

    def _slice(self, array: npt.NDArray[Any], index: int) -> npt.NDArray[Any]:
        return array if array.ndim == self._axes else array[index]

    def _to_grey(self, estimate: Tensor) -> Tensor:
        return estimate * self._measured.scale + (self._frame.level - self.recipe.offset)

    def _check_method(self) -> None:
        """Refuse what the method can't do with this problem."""
        recipe, method = self.recipe, self.recipe.method
        method.check(self._first)
        if recipe.offset and any(t.prior.constraint for t in method.terms(self._first)):
            hint = "set the offset to 0 or positive off."
            raise ValueError(f"Positivity would hold for image plus offset; {hint}")

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

    def _telling(self) -> tuple[tuple[slice, ...], int]:
        """Return which part of which slice strengths are tried on."""
        values = self._poser.frame.values
        if values.ndim == self._axes:
            return telling_part(values), 0
        seen = judged(len(values))
        index = seen[telling_slice(values[seen])]
        return telling_part(values[index]), index

    def _take(self, curve: Curve) -> None:
        """Note the strength that a curve led to."""
        method = self.recipe.method.strengthened(curve.chosen)
        self.recipe = self.recipe.model_copy(update={"method": method, "curve": curve})


def _follows_level(recipe: Plan) -> bool:
    """Return whether a constant added to the image is added to the result, and no more."""
    gaussian = recipe.fidelity.key() == "gaussian"
    return gaussian and recipe.boundary.level and recipe.method.follows_level()
