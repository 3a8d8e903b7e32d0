"""Save a result with its pixel size and recipe, and say what was lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv import io, recipe_file
from napari_deconv.psf.measured import MeasuredPsf
from napari_deconv.storing import StoredType
from napari_deconv.widgets.layer_choice import METADATA
from napari_deconv.widgets.result import RAN, recipe_of
from napari_deconv.widgets.source import Source

if TYPE_CHECKING:
    import numpy.typing as npt
    from napari.layers import Image

    from napari_deconv.io import WriteReport

PLANE = 2
"""Axes of a slice."""
FILTERS: dict[str, StoredType] = {
    "TIFF, float32 (*.tif)": "float32",
    "TIFF, uint16: rounded and clipped (*.tif)": "uint16",
    "NumPy, float32 (*.npy)": "float32",
}
"""What the file dialog offers, and how each stores the numbers."""


def save_result(layer: Image, path: str | Path, dtype: StoredType = "float32") -> str:
    """Write a result and return a sentence on where it went and what was lost.

    Raises
    ------
    ValueError
        In one sentence, if the layer is no result or the path can't be written.
    """
    recipe = recipe_of(layer)
    first, second = layer.metadata[METADATA][RAN]["axes"]
    plane = Source(layer, layer.data, (first, second), (0,) * layer.ndim)
    size = plane.pixel_size
    picture = _planes(np.asarray(layer.data), (first, second))
    report = io.write(
        path,
        picture,
        pixel_size=None if size is None else size.value,
        unit=None if size is None else size.unit,
        recipe=recipe_file.dumps(recipe) + _how_it_ran(layer),
        dtype=dtype,
        overwrite=True,
    )
    kept: list[str] = [dtype]
    if size is not None and "pixel size" not in report.lost:
        kept.append(f"pixel {size}")
    if "recipe" not in report.lost:
        kept.append("with its recipe")
    if picture.ndim > PLANE:
        kept.append(_slices(picture))
    return f"Saved {path}: {', '.join(kept)}.{_losses(report, dtype, layer)}"


def _planes(data: npt.NDArray[Any], axes: tuple[int, int]) -> npt.NDArray[Any]:
    """Return the picture of a result, or all slices of a stack's one after another."""
    planes = np.moveaxis(data, axes, (-2, -1))
    planes = planes.reshape(-1, *planes.shape[-PLANE:])
    return planes[0] if len(planes) == 1 else planes


def _slices(stack: npt.NDArray[Any]) -> str:
    """Return how many slices a stack holds, and how many of them were never restored."""
    missing = int(np.isnan(stack).all((-2, -1)).sum())
    left = f", {missing} of them not restored (NaN)" if missing else ""
    return f"{len(stack)} slices{left}"


def save_recipe(layer: Image, path: str | Path) -> str:
    """Write a result's recipe as YAML and return a sentence on where it went.

    Raises
    ------
    ValueError
        In one sentence, if the layer is no result or the path can't be written.
    """
    recipe, target = recipe_of(layer), Path(path)
    recipe.save(target)
    beside = target.with_suffix(".psf.tif").name
    return f"Saved {path}" + (
        f", its PSF beside it as {beside}." if isinstance(recipe.psf, MeasuredPsf) else "."
    )


def _how_it_ran(layer: Image) -> str:
    """Return slice, region, iterations and the like as comments below the recipe's YAML."""
    import yaml

    ran = layer.metadata[METADATA][RAN]
    text = yaml.safe_dump({"ran": {k: v for k, v in ran.items() if v}}, sort_keys=False)
    return "".join(f"# {line}\n" for line in text.splitlines())


def _losses(report: WriteReport, dtype: StoredType, layer: Image) -> str:
    """Return what a reader of the file should know: rounding, clipping, what is missing."""
    parts = []
    if dtype == "uint16":
        low, high = layer.contrast_limits
        parts.append(f"Rounded to whole grey values ({report.rounding:.3g} rms)")
        if report.rounding > 0.01 * (high - low):
            parts.append("which is coarse for this picture: float32 keeps it")
        parts.append(f"{report.clipped} pixels clipped")
    if report.lost:
        parts.append(f"the format can't hold the {' and the '.join(report.lost)}")
    text = ", ".join(parts)
    return f" {text[0].upper()}{text[1:]}." if parts else ""
