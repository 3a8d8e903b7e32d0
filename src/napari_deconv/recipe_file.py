"""Recipes as YAML: text, and files with a measured PSF beside them; plain data in and out."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from napari_deconv.psf.changing import PsfGrid
from napari_deconv.psf.measured import MeasuredPsf, packed

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_deconv.plan import Plan


def dumps(recipe: Plan) -> str:
    """Return a recipe as YAML text; a measured PSF is embedded."""
    return yaml.safe_dump(recipe.plain(), sort_keys=False, allow_unicode=True, width=100)


def loads(text: str) -> dict[str, Any]:
    """Return the plain data of the recipe that YAML text describes.

    Raises
    ------
    ValueError
        In one sentence, if the text is no YAML mapping.
    """
    return _parsed(text, "The text")


def save(recipe: Plan, path: Path) -> None:
    """Write ``path`` and, for a measured PSF, ``NAME.psf.tif`` beside it."""
    import tifffile

    plain = recipe.plain()
    if isinstance(recipe.psf, MeasuredPsf | PsfGrid):
        beside = path.with_suffix(".psf.tif")
        array = recipe.psf.array().astype("float32")
        with _Replacing(beside) as temporary:
            tifffile.imwrite(temporary, array, photometric="minisblack")
        kept = {key: value for key, value in recipe.psf.plain().items() if key != "data"}
        if isinstance(recipe.psf, PsfGrid):  # TIFF readers leave out sides of one
            kept["shape"] = list(array.shape)
        plain["psf"] = {**kept, "file": beside.name, "sha256": _digest(beside)}
    text = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=100)
    with _Replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def load(path: Path) -> dict[str, Any]:
    """Return the plain data of a recipe, from ``path`` and the PSF file that it names.

    Raises
    ------
    ValueError
        In one sentence, if there is no such file, it is no recipe, or its PSF was changed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise ValueError(f"{path} can't be read as a recipe; give a YAML file.") from None
    plain = _parsed(text, str(path))
    psf = plain.get("psf")
    if isinstance(psf, dict) and "file" in psf:
        known = ("file", "sha256", "shape")
        kept = {key: value for key, value in psf.items() if key not in known}
        array = _array(path.parent / str(psf["file"]), psf.get("sha256"), psf.get("shape"))
        plain["psf"] = {"name": "measured", **kept, "data": packed(array)}
    return plain


class _Loader(yaml.SafeLoader):
    """A safe loader that reads ``1e-3`` as a number, as YAML 1.2 and people do."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+$"),
    list("-+.0123456789"),
)


def parse_yaml(text: str) -> Any:
    """Return what YAML text means; raises ``yaml.YAMLError`` if it is none."""
    return yaml.load(text, Loader=_Loader)


def _parsed(text: str, origin: str) -> dict[str, Any]:
    try:
        plain = parse_yaml(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        raise ValueError(f"{origin} is not YAML; a recipe is lines such as 'method: tv'.") from None
    if not isinstance(plain, dict):
        raise ValueError(f"{origin} is no recipe; a recipe is lines such as 'method: tv'.")
    return {str(key): value for key, value in plain.items()}


def _array(path: Path, digest: str | None, shape: Any) -> npt.NDArray[Any]:
    import tifffile

    if not path.is_file():
        raise ValueError(f"The recipe's PSF {path} is missing; put it back beside the recipe.")
    if digest is not None and _digest(path) != digest:
        raise ValueError(
            f"The recipe's PSF {path} was changed since the recipe was saved; "
            "restore the file or choose the PSF again."
        )
    try:
        array = tifffile.imread(path)
        return array if shape is None else array.reshape(shape)
    except (ValueError, TypeError, OSError, tifffile.TiffFileError):
        raise ValueError(f"The recipe's PSF {path} is not a TIFF image.") from None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class _Replacing:
    """Write to a temporary file that takes the place of ``path`` when it is whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.temporary = path.with_name(f".{path.name}.{os.getpid()}.part")

    def __enter__(self) -> Path:
        if not self.path.parent.is_dir():
            raise ValueError(f"{self.path} can't be written: its folder does not exist.")
        return self.temporary

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                self.temporary.replace(self.path)
            else:
                self.temporary.unlink(missing_ok=True)
        except OSError as refused:
            raise ValueError(f"{self.path} can't be written: {refused.strerror}.") from None
        if isinstance(error, OSError):
            raise ValueError(f"{self.path} can't be written: {error.strerror}.") from None
