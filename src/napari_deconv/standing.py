"""An image understood and measured by a recipe, and cut into tiles as memory asks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from napari_deconv.core import device as devices
from napari_deconv.core import memory
from napari_deconv.core.scale import Measurement, judged
from napari_deconv.core.tiling import tiled
from napari_deconv.core.units import PixelSize
from napari_deconv.exposures import exposed
from napari_deconv.plan import Plan
from napari_deconv.planning import Asked, Forecast
from napari_deconv.posing import Poser, check_counts
from napari_deconv.psf.checks import on_image
from napari_deconv.region import reach, target
from napari_deconv.telling import telling_part, telling_slice
from napari_deconv.xray import frame as frames
from napari_deconv.xray.weights import pixel_weights

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.problem import Problem
    from napari_deconv.xray.frame import Frame

P = TypeVar("P", bound=Plan)

SMEARED = (
    "The noise of neighbouring pixels correlates by {:.2f}: automatic strengths follow its size, "
    "for rules that look at the residual would take it for detail."
)


class Standing(Generic[P]):
    """A recipe standing ready before one image, everything checked.

    Attributes
    ----------
    recipe : Recipe
        With what was measured and how it is cut into tiles.
    notes : tuple of str
        What was understood, mended or masked, a sentence each.
    forecast : Forecast
        Tiles and memory.
    device : torch.device
    total : int
        Number of steps, slices x tiles x iterations.
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
        self._target = target(image.shape[-self._axes :], region)
        whole = exposure.frame or self._understood(recipe, image)
        whole = whole if trust is None else whole.weighed(trust)
        fresh = self._fresh(whole)
        self._measured = measured = recipe.measured or fresh
        self._poser = Poser(exposure, whole, measured, self.device)
        low, high = whole.range()
        self._range = low + whole.level, high + whole.level
        fidelity = recipe.fidelity.resolved(measured)
        known = {"measured": measured, "fidelity": fidelity, "method": recipe.method.pinned()}
        self.recipe = recipe.model_copy(update=known)
        clipped = check_counts(self.recipe, whole.part((..., *self._target)), measured)
        self.slices = 1 if image.ndim == self._axes else len(image)
        self.notes: tuple[str, ...] = ()
        self._surveyed: int | None = None
        self._last: Tensor | None = None
        memory.give_back()
        self._lay(self._asked().choose(devices.free(self.device), roughly=True))
        self._check_method()
        smeared = () if measured.white else (SMEARED.format(measured.neighbours),)
        said = (*recipe.replaced_noise(), *smeared, *measured.foreign(fresh), *self.notes)
        self.notes = (*self._kernel.notes, *self._placed(), *whole.notes, *clipped)
        self._get_ready()
        self.notes = (*self.notes, *recipe.method.remarks(self._first), *said)

    def _get_ready(self) -> None:
        """Do what a kind of it needs, now that all is known of the image."""

    def take(self, image: npt.NDArray[np.generic]) -> None:
        """Go on with other slices of the same scan, nothing of which is measured again.

        Parameters
        ----------
        image : ndarray, shape (N, H, W)
            Slices as large as those that were looked at.
        """
        assert not self.recipe.method.automatic()
        frame = self._understood(self.recipe, image)
        self._poser = replace(self._poser, frame=frame)
        self.slices = len(image)
        self._begin()
        self.notes = frame.notes

    def problem(self, index: int = 0, tile: int = 0) -> Problem:
        """Return the problem of a tile of one slice (or of the image), on the device.

        There is only one tile, unless the picture is restored in several.
        """
        part = self._tiles[tile]
        partly = len(self._tiles) > 1 or part.wide != self._poser.all
        if partly and index != self._surveyed:
            self._poser, self._surveyed = self._poser.surveyed(self.recipe, index), index
        return self._poser.problem(self.recipe, part.wide, index, part)

    def _lay(self, forecast: Forecast) -> None:
        """Cut the picture as planned, or into smaller tiles if the device has no room after all."""
        while True:
            self.forecast = forecast
            self.recipe = self.recipe.model_copy(update={"tile": forecast.tile})
            around = reach(self._kernel.array.shape, self.recipe)
            sides = self._asked().sides(forecast.tile)
            how = self.recipe.method.alignment, self._poser.exposure.field is not None
            self._tiles = tiled(self._target, self._poser.sides, sides, around, how)
            try:
                self._begin()
            except (MemoryError, RuntimeError) as error:
                if not devices.ran_out(error):
                    raise
            else:
                return
            forecast = self._halved()

    def _begin(self) -> None:
        """Pose the first problem."""
        self._surveyed = self._last = None
        self._first = self.problem(0)
        self.total = self.slices * len(self._tiles) * self.recipe.method.total(self._first)

    def _halved(self) -> Forecast:
        """Note that the device has no memory left, and return how to go on.

        Raises
        ------
        ValueError
            In one sentence, if tiles would be too small.
        """
        asked, tile = self._asked(), int(self.recipe.tile)
        name = devices.spoken(self.device)
        memory.give_back()
        if not (half := asked.halved(tile)):
            raise ValueError(
                f"{name} has no memory left; close other programs, take another device or method, "
                "or crop the image."
            )
        before = f"tiles of {tile} px" if tile else "the picture as a whole"
        self.notes = (*self.notes, f"{name} had no memory left for {before}: tiles of {half} px.")
        return asked.forecast(half, devices.free(self.device))

    def _asked(self) -> Asked:
        """Return what the planner has to know."""
        sides = tuple(part.stop - part.start for part in self._target)
        known = (self._poser.frame.valid, self._poser.exposure.share, self._poser.frame.weights)
        weighted = any(part is not None for part in known)
        field = self._poser.exposure.field
        steps = () if field is None else field.steps
        shape = self._kernel.array.shape
        return Asked(self.recipe, sides, shape, self.device, weighted, steps, self._stacked)

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

    def _placed(self) -> tuple[str, ...]:
        """Return what looks odd of the PSF on this image."""
        inside = [part.stop - part.start for part in self._target]
        return on_image(self._kernel.array.shape, self._kernel.widths, self._poser.sides, inside)

    def _check_method(self) -> None:
        """Refuse what the method can't do with this problem."""
        recipe, method = self.recipe, self.recipe.method
        method.check(self._first)
        if recipe.offset and any(t.prior.constraint for t in method.terms(self._first)):
            hint = "set the offset to 0 or positive off."
            raise ValueError(f"Positivity would hold for image plus offset; {hint}")

    def _telling(self) -> tuple[tuple[slice, ...], int]:
        """Return which part of which slice strengths are tried on."""
        values = self._poser.frame.values
        if values.ndim == self._axes:
            return telling_part(values), 0
        seen = judged(len(values))
        index = seen[telling_slice(values[seen])]
        return telling_part(values[index]), index

    def _data(self, index: int) -> npt.NDArray[np.float32]:
        """Return the data of what is restored of a slice, on the grey scale of the input."""
        values = self._slice(self._poser.frame.values, index)[self._target]
        data: npt.NDArray[np.float32] = values + np.float32(self._poser.frame.level)
        return data

    @property
    def _stacked(self) -> bool:
        """Whether there are slices, restored one by one."""
        return self._poser.frame.values.ndim > self._axes

    def _blank(self) -> npt.NDArray[np.float32]:
        """Return an array for the result, not filled in."""
        stack = self._poser.frame.values.shape[: -self._axes]
        return np.empty((*stack, *(s.stop - s.start for s in self._target)), np.float32)

    def _slice(self, array: npt.NDArray[Any], index: int) -> npt.NDArray[Any]:
        return array if array.ndim == self._axes else array[index]

    def _to_grey(self, estimate: Tensor) -> Tensor:
        return estimate * self._measured.scale + (self._poser.frame.level - self.recipe.offset)


def _follows_level(recipe: Plan) -> bool:
    """Return whether a constant added to the image is added to the result, and no more."""
    gaussian = recipe.fidelity.key() == "gaussian"
    return gaussian and recipe.boundary.level and recipe.method.follows_level()
