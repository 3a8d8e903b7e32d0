"""Deblur X-ray scans: variational and learned deconvolution, as a library and in napari."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from napari_deconv.registry import choices

if TYPE_CHECKING:
    from napari_deconv.doubts import disagreement
    from napari_deconv.psf.changing import PsfGrid
    from napari_deconv.recipe import Recipe, deconvolve

__version__ = version("napari-deconv")
__all__ = ["PsfGrid", "Recipe", "__version__", "choices", "deconvolve", "disagreement"]


def __getattr__(name: str) -> Any:
    if name in ("Recipe", "deconvolve"):
        from napari_deconv import recipe

        return getattr(recipe, name)
    if name == "PsfGrid":
        from napari_deconv.psf import changing

        return changing.PsfGrid
    if name == "disagreement":
        from napari_deconv import doubts

        return doubts.disagreement
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
