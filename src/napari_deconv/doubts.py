"""A result's recipe varied in what nobody knows exactly, and where the results then disagree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv.core.params import from_plain
from napari_deconv.evidence.disagreement import Disagreement, compared
from napari_deconv.evidence.passed import Passed
from napari_deconv.sensitivity import SHARE, Sensitivity

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_deconv.methods.method import Method
    from napari_deconv.recipe import Recipe

STRENGTHS = (1 / 3, 3.0)
"""Times the strength that was taken: a step of the search for it."""
OTHER = {"tv": "wavelet"}
"""Method that a method is compared with; `tv` if none is named."""
LEAST, MOST = 1e-8, 1e3
"""Between these every strength is varied."""


@dataclass(frozen=True)
class Variant:
    """One way to restore the same image.

    Attributes
    ----------
    name : str
        What differs.
    recipe : Recipe
    """

    name: str
    recipe: Recipe


@dataclass(frozen=True)
class Doubting:
    """Which variant is under way, and how far.

    Attributes
    ----------
    number, total : int
        This is variant `number` (from 1) of `total`.
    name : str
        What differs.
    index, of : int
        Trial or iteration `index` of `of`.
    counted : str
        Which of these is counted.
    """

    number: int
    total: int
    name: str
    index: int
    of: int
    counted: str


@dataclass(frozen=True, eq=False)
class Made:
    """A variant that was restored.

    Attributes
    ----------
    recipe : Recipe
        As it ran: every automatic choice is the number it came to.
    image : ndarray of float32
        On the grey scale of the data.
    notes : tuple of str
        What was understood, mended or masked.
    """

    recipe: Recipe
    image: npt.NDArray[np.float32]
    notes: tuple[str, ...]


def variants(recipe: Recipe) -> list[Variant]:
    """Return a result's recipe with other strengths, other widths of the PSF, another method.

    Parameters
    ----------
    recipe : Recipe
        Of a result: with its PSF, and every automatic choice as the number it came to.

    Raises
    ------
    ValueError
        In one sentence, if it has no PSF or a strength on auto.
    """
    method = recipe.method
    widths = Sensitivity(recipe, np.zeros((1, 1))).recipes
    found = [
        Variant(name, recipe.model_copy(update={"method": varied}))
        for name, varied in _strengths(method)
    ]
    for sign, varied in zip(("\u2212", "+"), widths, strict=True):
        found.append(Variant(f"PSF {sign}{SHARE:.0%}".replace("%", " %"), varied))
    return found + second_opinion(recipe)


def second_opinion(recipe: Recipe) -> list[Variant]:
    """Return a result's recipe with another method, whose strength is found anew; one at most.

    That is TV, of TV itself wavelets. What a learned model added, it can't know: where the two
    differ, the data did not say it.
    """
    other = OTHER.get(recipe.method.key(), "tv")
    another: Any = from_plain("method", other)
    if recipe.fidelity.key() not in another.fidelities:
        return []
    return [Variant(other, recipe.model_copy(update={"method": another, "curve": None}))]


def _strengths(method: Method) -> Iterator[tuple[str, Method]]:
    """Yield a method weaker and stronger: by its strengths, or where it has none its iterations."""
    names = method.strengths() or [name for name in ("strength",) if name in method.parameters()]
    for factor, written in zip(STRENGTHS, ("÷ 3", "× 3"), strict=True):
        values = {name: min(max(getattr(method, name) * factor, LEAST), MOST) for name in names}
        if names:
            yield f"strength {written}", method.replace(**values)
        elif (iterations := getattr(method, "iterations", None)) is not None:
            fewer = max(round(iterations / factor), 1)
            yield f"strength {written}", method.replace(iterations=fewer)


class Doubts:
    """A result's variants at work on its image.

    Parameters
    ----------
    recipe : Recipe
        Of a result: with its PSF, and every automatic choice as the number it came to.
    image : array_like
        What it was made of; as in `Recipe.begin`, and so are `device`, `region` and `weights`.
    others : sequence of array_like
        Results of anything else, to be compared as well.
    varied : callable
        Returns the variants of the recipe: `variants`, or `second_opinion` for that alone.

    Attributes
    ----------
    made : list of Made
        The variants that were restored so far.

    Raises
    ------
    ValueError
        In one sentence, if the recipe has no PSF or a strength on auto, or nothing can be varied.
    """

    def __init__(
        self,
        recipe: Recipe,
        image: npt.ArrayLike,
        *,
        device: str = "auto",
        region: tuple[slice, ...] | None = None,
        weights: npt.ArrayLike | None = None,
        others: Sequence[npt.ArrayLike] = (),
        varied: Callable[[Recipe], list[Variant]] = variants,
    ) -> None:
        self.variants = varied(recipe)
        if not self.variants and not others:
            raise ValueError("No other method follows this noise model: choose another one.")
        self.passed: Passed | None = None
        self._image, self._device, self._region = image, device, region
        self._weights, self._others = weights, others
        self.made: list[Made] = []

    @property
    def words(self) -> str:
        """What is varied, as in a legend."""
        names = [variant.name for variant in self.variants]
        return ", ".join([*names, *(f"other {i}" for i, _ in enumerate(self._others, 1))])

    def steps(self) -> Iterator[Doubting]:
        """Restore by every variant; whoever takes no further step has stopped it."""
        self.made = []
        for number, variant in enumerate(self.variants, 1):
            told = partial(Doubting, number, len(self.variants), variant.name)
            run = variant.recipe.begin(
                self._image, device=self._device, region=self._region, weights=self._weights
            )
            self.passed = self.passed or run.reblur.passed()
            for trying in run.choosing():
                yield told(trying.trial, trying.trials, "trial")
            planes, each = [], run.total // run.slices
            for step in run.steps():
                if step.index % each == 0:
                    planes.append(step.image())
                yield told(step.index, step.total, "iteration")
            picture = planes[0] if run.slices == 1 else np.stack(planes)
            self.made.append(Made(run.recipe, picture, run.notes))

    def of(self, result: npt.NDArray[Any]) -> Disagreement:
        """Return where a result and its variants disagree.

        Raises
        ------
        ValueError
            If `steps` was not walked to its end, or shapes differ.
        """
        if len(self.made) < len(self.variants):
            raise ValueError("Not all variants were restored; walk all steps first.")
        pictures = [made.image for made in self.made]
        return compared([result, *pictures, *self._others], self.words)


def disagreement(
    recipe: Recipe,
    image: npt.ArrayLike,
    result: npt.ArrayLike | None = None,
    *,
    others: Sequence[npt.ArrayLike] = (),
    varied: Callable[[Recipe], list[Variant]] = variants,
    device: str = "auto",
    weights: npt.ArrayLike | None = None,
) -> Disagreement:
    """Restore an image again with all varied that nobody knows exactly, and compare.

    Parameters
    ----------
    recipe : Recipe
        With its PSF; strengths on auto are found first.
    image : array_like
        What is restored.
    result : array_like, optional
        What the recipe made of it, which is to be judged; made first if not given.
    others : sequence of array_like
        Results of anything else, such as a learned model, to be compared as well.
    varied : callable
        What is varied: `variants`, or `second_opinion` for another method alone.
    device, weights
        As in `Recipe.begin`.

    Returns
    -------
    Disagreement
        ``.spread`` in grey values, ``.beyond`` what edges explain, and the ``.band``.

    Raises
    ------
    ValueError
        In one sentence, if anything does not fit.
    """
    if result is None or recipe.method.automatic():
        made = recipe.run(image, device=device, weights=weights)
        recipe, result = made.recipe, made.image if result is None else result
    doubts = Doubts(recipe, image, others=others, varied=varied, device=device, weights=weights)
    for _ in doubts.steps():
        pass
    return doubts.of(np.asarray(result))
