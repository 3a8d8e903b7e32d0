"""Settings such as ``method.weight=0.01``, typed behind ``--set``, applied to a recipe."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from napari_deconv import registry
from napari_deconv.recipe_file import parse_yaml

if TYPE_CHECKING:
    from napari_deconv.core.units import PixelSize
    from napari_deconv.recipe import Recipe

PLAIN_PARTS = ("burst", "measured")
"""Parts of a recipe that have parameters but no name."""


@dataclass(frozen=True)
class Given:
    """How to restore, as it is typed: a recipe file, settings, and a PSF in its own file.

    Attributes
    ----------
    path : Path
    settings : list of str
    psf : Path or None
        Takes the place of the recipe's.
    psf_pixel : str or None
        Its pixel size, or ``"file"`` for the one that it states: it is resampled to the image's.
    burst : bool
    """

    path: Path
    settings: list[str]
    psf: Path | None
    psf_pixel: str | None
    burst: bool

    def recipe(self) -> tuple[Recipe, PixelSize | None]:
        """Return the recipe, and the pixel size that its PSF's file states if it is not used.

        Raises
        ------
        ValueError
            In one sentence, if something is missing, unknown, or stated where it has no meaning.
        """
        from napari_deconv.recipe import Recipe

        if any(setting.partition("=")[0].strip() == "pixel_size" for setting in self.settings):
            raise ValueError("Give the pixel size by --pixel-size, which replaces the files' own.")
        recipe = changed(Recipe.load(self.path), self.settings)
        if self.burst and recipe.burst is None:
            recipe = changed(recipe, ["burst={}"])
        if self.psf is not None:
            return self._with_psf(recipe, self.psf)
        if self.psf_pixel is not None:
            raise ValueError("A pixel size of the PSF is for --psf FILE; shapes take any.")
        if recipe.psf is None:
            raise ValueError(f"{self.path} states no PSF; give --psf FILE or --set psf=gaussian.")
        return recipe, None

    def _with_psf(self, recipe: Recipe, file: Path) -> tuple[Recipe, PixelSize | None]:
        from napari_deconv import io

        picture = io.read(file)
        stated = picture.size
        if self.psf_pixel is None:
            return recipe.with_psf(picture.array), stated
        if self.psf_pixel == "file" and stated is None:
            raise ValueError(f'{file} states no pixel size; give it, such as "5 um".')
        pixel = str(stated) if self.psf_pixel == "file" else self.psf_pixel
        return recipe.with_psf(picture.array, pixel), None


def changed(recipe: Recipe, settings: Iterable[str]) -> Recipe:
    """Return a recipe with settings applied in turn.

    Parameters
    ----------
    recipe : Recipe
        Parts that it does not state follow those that are set, as in a recipe file.
    settings : iterable of str
        ``method=tikhonov`` puts another choice in place, with its defaults;
        ``method.weight=0.01`` changes a parameter of the one that is there.

    Raises
    ------
    ValueError
        In one sentence, if a setting has no ``=``, or names or values are not known.
    """
    settings = list(settings)
    if not settings:
        return recipe
    stated = {key: value for key, value in recipe.plain().items() if key in recipe.model_fields_set}
    for setting in settings:
        _apply(setting, stated, recipe)
    return type(recipe)(**stated)


def _apply(setting: str, stated: dict[str, Any], recipe: Recipe) -> None:
    path, equals, text = setting.partition("=")
    part, dot, parameter = path.strip().partition(".")
    if not equals or not part or (dot and not parameter):
        raise ValueError(f"--set {setting} is no setting; write for example method.weight=0.01.")
    if part not in type(recipe).model_fields:
        known = ", ".join(type(recipe).model_fields)
        raise ValueError(f"A recipe has no part {part!r}; it knows: {known}.")
    if not dot:
        stated[part] = value(text)
        return
    if part not in (*registry.MODULES, *PLAIN_PARTS):
        raise ValueError(f"{part} has no parameters; write {part}=VALUE.")
    current = stated.get(part, recipe.plain()[part])
    if part == "burst" and current is None:
        current = {}  # to state one of its parameters is to state a burst
    if isinstance(current, str):
        current = {"name": current}
    if not isinstance(current, dict):
        raise ValueError(f"The recipe has no {part} to change; set {part}=NAME first.")
    stated[part] = {**current, parameter: value(text)}


def value(text: str) -> Any:
    """Return what a text says as YAML, as in a recipe file.

    Raises
    ------
    ValueError
        If it is not YAML.
    """
    try:
        return parse_yaml(text)
    except yaml.YAMLError:
        raise ValueError(f"The value {text!r} can't be read; quote it.") from None
