"""How much a result hangs on the PSF's width: restored again with it narrower and wider."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv.core.units import PixelSize
from napari_deconv.evidence.band import Band
from napari_deconv.psf.changing import Changing, PsfGrid, stacked
from napari_deconv.psf.kernel import understand
from napari_deconv.psf.measured import MeasuredPsf
from napari_deconv.psf.resampling import widened

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_deconv.methods.method import Step
    from napari_deconv.psf.checks import Centre
    from napari_deconv.recipe import Recipe

SHARE = 0.1
"""Share of its width by which the PSF is made narrower and wider."""


class Sensitivity:
    """A result's recipe at two other widths of the PSF; all else stays, strengths too.

    Parameters
    ----------
    recipe : Recipe
        Of a result: with its PSF, and every automatic choice as the number it came to.
    image : array_like
        What it was made of; as in `Recipe.begin`, and so are `device`, `region` and `weights`.
    share : float
        Share of its width by which the PSF is made narrower and wider.

    Attributes
    ----------
    recipes : tuple of Recipe
        With the narrower and with the wider PSF.
    total : int
        Number of steps of both together; 0 until the first.
    words : str
        What is varied, and by how much.

    Raises
    ------
    ValueError
        In one sentence, if the recipe has no PSF or a strength on auto.
    """

    def __init__(
        self,
        recipe: Recipe,
        image: npt.ArrayLike,
        *,
        device: str = "auto",
        region: tuple[slice, ...] | None = None,
        weights: npt.ArrayLike | None = None,
        share: float = SHARE,
    ) -> None:
        self.recipes = _with_width(recipe, 1 - share), _with_width(recipe, 1 + share)
        self.words = f"PSF ±{share:.0%}".replace("%", " %")
        self.total = 0
        self._image, self._device = image, device
        self._region, self._weights = region, weights
        self._pictures: list[npt.NDArray[np.float32]] = []

    def steps(self) -> Iterator[Step]:
        """Restore with the narrower, then with the wider PSF; steps are counted over both.

        Whoever takes no further step has stopped it.

        Raises
        ------
        ValueError
            As `Recipe.begin`.
        """
        began = time.perf_counter()
        self._pictures = []
        for number, recipe in enumerate(self.recipes):
            run = recipe.begin(
                self._image, device=self._device, region=self._region, weights=self._weights
            )
            self.total = 2 * run.total
            each = run.total // run.slices
            planes = []
            for step in run.steps():
                if step.index % each == 0:
                    planes.append(step.image())
                if step.index == run.total:
                    self._pictures.append(planes[0] if run.slices == 1 else np.stack(planes))
                yield replace(
                    step,
                    index=number * run.total + step.index,
                    total=self.total,
                    seconds=time.perf_counter() - began,
                )

    def run(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Run to the end and return the results of the narrower and of the wider PSF."""
        for _ in self.steps():
            pass
        return self.pictures

    @property
    def pictures(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """The results of the narrower and of the wider PSF.

        Raises
        ------
        ValueError
            If `steps` was not walked to its end.
        """
        if len(self._pictures) < len(self.recipes):
            raise ValueError("The PSF's width was not varied to the end; walk all steps first.")
        narrow, wide = self._pictures
        return narrow, wide

    def band(self, result: npt.NDArray[Any]) -> Band:
        """Return what lies between the results of all three widths, pixel by pixel.

        Parameters
        ----------
        result : ndarray
            Of the PSF as it is.
        """
        return Band.around(self.words, result, *self.pictures)


def spread(band: Band) -> float:
    """Return half the height of a band, root mean square over the picture."""
    half = (band.upper.astype(np.float64) - band.lower) / 2
    return float(np.sqrt(np.mean(half**2)))


def _with_width(recipe: Recipe, factor: float) -> Recipe:
    """Return a recipe whose PSF is wider by a factor, about its centroid."""
    if recipe.psf is None:
        raise ValueError("The recipe has no PSF; give the recipe of a result.")
    if recipe.method.automatic():
        raise ValueError(
            "A strength of the recipe is still on auto; give the recipe of a result, so that "
            "only the PSF differs."
        )
    size = PixelSize.parse(recipe.pixel_size) if recipe.pixel_size else None
    if isinstance(recipe.psf, Changing):
        grid = _grid_with_width(recipe.psf, recipe.centre, factor)
        return recipe.model_copy(update={"psf": grid, "centre": "middle"})
    array = recipe.psf.kernel(size)
    if recipe.burst is not None and array.ndim == 3:
        raise ValueError(
            "The frames of this burst have a PSF each; vary the width with one PSF for all."
        )
    kernel = understand(array, recipe.centre).array
    psf = MeasuredPsf.of(widened(kernel, factor))
    return recipe.model_copy(update={"psf": psf, "centre": "middle"})


def _grid_with_width(psf: Changing, centre: Centre, factor: float) -> PsfGrid:
    """Return a grid of PSFs all of which are wider by a factor."""
    if not isinstance(psf, PsfGrid):
        raise ValueError(
            "The width of a shape that varies across the picture is its own parameter; change "
            "that, or give a grid of PSFs."
        )
    array = psf.array()
    psfs = array.reshape(-1, *array.shape[2:])
    wider = stacked([widened(understand(one, centre).array, factor) for one in psfs])
    grid = wider.reshape(*array.shape[:2], *wider.shape[1:])
    return PsfGrid.of(grid, psf.rows, psf.columns)
