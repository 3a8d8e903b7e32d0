"""Make the contents of a page: from a result and the recipe that made it, or from files."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv import io
from napari_deconv.appraisal import Outcome
from napari_deconv.comparing import Scene, measured
from napari_deconv.core.units import PixelSize
from napari_deconv.correcting import Frames
from napari_deconv.jobs import Reference
from napari_deconv.recipe import Recipe
from napari_deconv.report.contents import Contents, Line
from napari_deconv.report.limits import Limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Region = tuple[slice, slice]

COLORS = ("#ff9f40", "#5cc8ff", "#c3e04a", "#ff7bd5", "#ffe45c", "#ff6b5e")
"""Colours of lines that bring none of their own, as the Profiles dock gives them."""
_LINE = re.compile(r"\s*({0})\s*,\s*({0})\s*:\s*({0})\s*,\s*({0})\s*".format(r"-?[0-9.]+"))


@dataclass(frozen=True)
class Made:
    """A result, and what made it.

    Attributes
    ----------
    label : str
    image : ndarray or None
        None to run the recipe.
    recipe : Recipe
    seconds : float or None
        What it took, if known.
    weights : callable or None
        Returns how much each pixel of the data counted, of their shape; None if all alike.
    """

    label: str
    image: NDArray[Any] | None
    recipe: Recipe
    seconds: float | None = None
    weights: Callable[[], NDArray[Any]] | None = None


def judged(made: Made, whole: NDArray[Any], scene: Scene, region: Region | None = None) -> Outcome:
    """Return what is to be said of a result; it is made first if it is not there.

    Parameters
    ----------
    made : Made
    whole : ndarray, (H, W)
        The data that the recipe was given.
    scene : Scene
        The part that was restored, with the truth of that part.
    region : tuple of slice, optional
        Which part; the whole if not given.

    Raises
    ------
    ValueError
        In one sentence, if the recipe doesn't fit the data.
    """
    weights = None if made.weights is None else made.weights()
    run = made.recipe.begin(whole, device=scene.device, region=region, weights=weights)
    image, seconds, recipe = made.image, made.seconds, made.recipe
    if image is None:
        began = time.perf_counter()
        image = run.image()
        seconds, recipe = time.perf_counter() - began, run.recipe
    if image.shape != scene.image.shape:
        raise ValueError(
            f"{made.label} has the shape {image.shape}, the image {scene.image.shape}; "
            "give the image that it was made of."
        )
    result = image.astype(np.float32, copy=False)
    figures = replace(measured(result, scene), check=run.agreement(result), seconds=seconds)
    return Outcome(made.label, result, recipe, figures, (*run.notes, *run.remarks(result)))


def unique(labels: Sequence[str]) -> list[str]:
    """Return labels of which no two are the same."""
    seen: dict[str, int] = {}
    found = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        found.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return found


def parse_line(text: str, number: int) -> Line:
    """Return the line that a text such as ``10,20:10,80`` states, as row,column:row,column.

    Raises
    ------
    ValueError
        In one sentence, if it is none.
    """
    found = _LINE.fullmatch(text)
    if found is None:
        raise ValueError(f"--line {text} is no line; write ROW,COLUMN:ROW,COLUMN in pixels.")
    y0, x0, y1, x1 = map(float, found.groups())
    if (y0, x0) == (y1, x1):
        raise ValueError(f"--line {text} has no length; give two different points.")
    return Line(number, COLORS[(number - 1) % len(COLORS)], ((y0, x0), (y1, x1)))


@dataclass(frozen=True)
class Request:
    """What the command line asks for.

    Attributes
    ----------
    sources : sequence of Path
        Results with their recipes beside or inside them, or recipes, which are run.
    image : Path
        What they were made of; ``FILE[2]`` is a slice.
    reference : Path or None
    data_range : float or None
    lines : sequence of str
    limits : Limits
    device : str
    """

    sources: Sequence[Path]
    image: Path
    reference: Path | None = None
    data_range: float | None = None
    lines: Sequence[str] = ()
    limits: Limits = field(default_factory=Limits)
    device: str = "auto"

    def contents(self) -> Contents:
        """Read the files, and judge every result.

        Raises
        ------
        ValueError
            In one sentence, if a file can't be used or doesn't fit.
        """
        lines = tuple(parse_line(text, n) for n, text in enumerate(self.lines, start=1))
        picture = Frames.of(self.image).read()
        truth = None
        if self.reference is not None:
            truth = Reference.of(Frames.of(self.reference).read().array, self.data_range)
        made = [_made(source) for source in self.sources]
        names = unique([one.label for one in made])
        size = picture.size or _stated(made[0].recipe)
        scene = Scene(picture.array, made[0].recipe, truth, device=self.device)
        outcomes = [
            judged(replace(one, label=name), picture.array, scene)
            for one, name in zip(made, names, strict=True)
        ]
        data = Outcome(Frames.of(self.image).name, figures=measured(picture.array, scene))
        return Contents(
            name=self.image.name,
            image=picture.array,
            outcomes=tuple(outcomes),
            data=data,
            reference=truth,
            lines=lines,
            size=size,
            limits=self.limits,
        )


def _stated(recipe: Recipe) -> PixelSize | None:
    return PixelSize.parse(recipe.pixel_size) if recipe.pixel_size else None


def _made(source: Path) -> Made:
    """Return a result file with its recipe, or a recipe with the result beside it if there is."""
    if source.suffix.lower() in (".yaml", ".yml"):
        beside = source.with_suffix(".tif")
        image = io.read(beside).array if beside.is_file() else None
        return _named(source, image, Recipe.load(source))
    picture, beside = io.read(source), source.with_suffix(".yaml")
    if beside.is_file():
        return _named(source, picture.array, Recipe.load(beside))
    if "recipe" in picture.metadata:
        return _named(source, picture.array, Recipe.from_yaml(str(picture.metadata["recipe"])))
    raise ValueError(f"{source} holds no recipe, and there is none beside it as {beside.name}.")


def _named(source: Path, image: NDArray[Any] | None, recipe: Recipe) -> Made:
    """Return what was made, called by its method; by its file where that says more."""
    ending = f"_{recipe.method.key()}"
    plain = source.stem.endswith(ending) or image is None
    return Made(recipe.method.key() if plain else source.stem, image, recipe)
