"""What a restored layer says of itself: the PSF to blur it with again, the data it came from."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from napari_deconv.widgets.layer_choice import METADATA
from napari_deconv.widgets.result import RAN

if TYPE_CHECKING:
    import numpy as np
    from napari.layers import Layer
    from numpy.typing import NDArray

PARTS = ("psf", "centre", "pixel_size", "fidelity", "burst")
"""What of a recipe says how a result becomes data again."""


class Blurring(NamedTuple):
    """How a restored plane becomes data again.

    Attributes
    ----------
    psf : ndarray, (h, w)
        Of sum 1, its origin at index ``(n - 1) // 2``.
    background : float
        Grey value that is added.
    """

    psf: NDArray[np.float32]
    background: float


class Made(NamedTuple):
    """How a result was made, as far as profiles ask.

    Attributes
    ----------
    parts : mapping
        What of its recipe says how it becomes data again, as plain data.
    key : hashable
        What tells these parts from others.
    source : str or None
        Name of the layer that it was made of.
    last_axes : bool
        Whether its plane is that of the data's last two axes.
    """

    parts: Mapping[str, Any]
    key: Hashable
    source: str | None
    last_axes: bool


def made(layer: Layer) -> Made:
    """Return how a layer with a recipe in its metadata was made."""
    metadata: dict[str, Any] = layer.metadata[METADATA]
    ran = metadata.get(RAN, {})
    axes, source = ran.get("axes"), ran.get("source")
    parts = {name: metadata[name] for name in PARTS if metadata.get(name) is not None}
    plane = axes is None or list(axes) == [layer.ndim - 2, layer.ndim - 1]
    return Made(parts, _frozen(parts), source if isinstance(source, str) else None, plane)


def blurring(result: Made) -> Blurring | None:
    """Return what a result is to be blurred with to lie on its data.

    None where its PSF is not one of the plane on display: a volume's, one for each frame of a
    burst, one that changes from place to place, or that of another section.
    """
    from napari_deconv.core.fidelities import Poisson
    from napari_deconv.core.units import PixelSize
    from napari_deconv.psf.changing import Changing
    from napari_deconv.psf.kernel import understand
    from napari_deconv.recipe import Recipe

    if not result.last_axes:
        return None
    try:
        recipe = Recipe(**result.parts)
        if recipe.psf is None or recipe.burst is not None or isinstance(recipe.psf, Changing):
            return None
        size = None if recipe.pixel_size is None else PixelSize.parse(recipe.pixel_size)
        kernel = understand(recipe.psf.kernel(size), recipe.centre).array
    except ValueError:
        return None
    if kernel.ndim != 2:
        return None
    fidelity = recipe.fidelity
    return Blurring(kernel, fidelity.background if isinstance(fidelity, Poisson) else 0.0)


def _frozen(value: Any) -> Hashable:
    """Return plain data as something that can be a key; long texts are not copied."""
    if isinstance(value, Mapping):
        return tuple((key, _frozen(part)) for key, part in sorted(value.items()))
    if isinstance(value, list | tuple):
        return tuple(map(_frozen, value))
    return value if isinstance(value, Hashable) else repr(value)
