"""What a run restores beside its result, into files: other widths of the PSF, a second opinion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_deconv.doubts import Doubts, second_opinion
from napari_deconv.sensitivity import Sensitivity, spread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from napari_deconv.recipe import Recipe

    Write = Callable[[Path, NDArray[np.float32], Recipe], Any]

MAP = ".doubt.tif"
"""What the name of the map of a second opinion ends with."""


@dataclass(frozen=True)
class Varying:
    """How far what is restored beside a result is: `index` of `total`, of what."""

    index: int
    total: int
    words: str


@dataclass(frozen=True)
class Asked:
    """What is to be restored beside a result.

    Attributes
    ----------
    widths : bool
        The same with the PSF narrower and wider.
    opinion : bool or None
        The same by another method, and where that differs; None for learned methods only.
    """

    widths: bool = False
    opinion: bool | None = None

    def wants_opinion(self, recipe: Recipe) -> bool:
        """Return whether another method is asked as well."""
        return recipe.method.learned if self.opinion is None else self.opinion

    def width_files(self, output: Path) -> tuple[Path, Path]:
        """Return where results with the PSF narrower and wider go."""
        narrower, wider = (output.with_suffix(f".psf{s}10.tif") for s in "-+")
        return narrower, wider

    def opinion_files(self, output: Path, recipe: Recipe) -> tuple[Path, Path]:
        """Return where the other method's result goes, and where that differs.

        Raises
        ------
        ValueError
            If there is no other method.
        """
        variants = second_opinion(recipe)
        if not variants:
            noise = recipe.fidelity.key()
            raise ValueError(f"There is no second opinion: no other method knows {noise} noise.")
        return output.with_suffix(f".{variants[0].name}.tif"), output.with_suffix(MAP)

    def files(self, output: Path, recipe: Recipe) -> tuple[Path, ...]:
        """Return all files that go beside a result."""
        widths = self.width_files(output) if self.widths else ()
        return (
            *widths,
            *(self.opinion_files(output, recipe) if self.wants_opinion(recipe) else ()),
        )


class Beside:
    """It at work, once the result is there.

    Parameters
    ----------
    asked : Asked
    recipe : Recipe
        Of the result, every automatic choice a number.
    image : ndarray
        What was restored.
    **given
        `device` and `weights`, as in `Recipe.begin`.
    """

    def __init__(self, asked: Asked, recipe: Recipe, image: NDArray[Any], **given: Any) -> None:
        self._asked, self._recipe = asked, recipe
        self._widths = Sensitivity(recipe, image, **given) if asked.widths else None
        self._opinion: Doubts | None = None
        if asked.wants_opinion(recipe):
            self._opinion = Doubts(recipe, image, varied=second_opinion, **given)

    def steps(self) -> Iterator[Varying]:
        """Restore all of it; whoever takes no further step has stopped it."""
        if self._widths is not None:
            for step in self._widths.steps():
                yield Varying(step.index, step.total, "PSF narrower, wider")
        if self._opinion is not None:
            for told in self._opinion.steps():
                yield Varying(told.index, told.of, f"second opinion, {told.name}: {told.counted}")

    def save_widths(
        self, output: Path, result: NDArray[np.float32], write: Write
    ) -> dict[str, Any] | None:
        """Write what other widths of the PSF gave, and return what it comes to."""
        varied = self._widths
        if varied is None:
            return None
        files = self._asked.width_files(output)
        for path, recipe, picture in zip(files, varied.recipes, varied.pictures, strict=True):
            write(path, picture, recipe)
        band = varied.band(result)
        narrower, wider = map(str, files)
        return {"words": band.words, "half": spread(band), "narrower": narrower, "wider": wider}

    def save_opinion(
        self, output: Path, result: NDArray[np.float32], write: Write
    ) -> dict[str, Any] | None:
        """Write what the other method gave and where it differs; return what it comes to."""
        if self._opinion is None:
            return None
        picture, doubt = self._asked.opinion_files(output, self._recipe)
        (made,) = self._opinion.made
        found = self._opinion.of(result)
        write(picture, made.image, made.recipe)
        write(doubt, found.beyond, self._recipe)
        rms = float((found.spread.astype(float) ** 2).mean() ** 0.5)
        method = made.recipe.method.key()
        return {"method": method, "differs": rms, "output": str(picture), "doubt": str(doubt)}
