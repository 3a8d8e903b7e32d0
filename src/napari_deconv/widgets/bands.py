"""Bands around a layer's picture: kept in its metadata, traced along lines like the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv.evidence.band import Band

if TYPE_CHECKING:
    from napari.layers import Image
    from numpy.typing import NDArray

    from napari_deconv.evidence.profile import Profile

BANDS = "napari-deconv-bands"
"""Key of a layer's metadata under which its bands lie, each by its name."""


@dataclass(frozen=True)
class BandTrace:
    """A band along a line: the values of its ends at the samples of the picture's profile."""

    words: str
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


def attach(layer: Image, name: str, band: Band) -> None:
    """Give a layer a band, in place of one of the same name; whoever plots the layer is told.

    Parameters
    ----------
    layer : napari.layers.Image
    name : str
        Which band it is; a layer may have several.
    band : Band
        Its pictures have the shape of the layer's data.

    Raises
    ------
    ValueError
        If they have not.
    """
    if band.lower.shape != tuple(layer.data.shape):
        raise ValueError(
            f"The band has shape {band.lower.shape}, '{layer.name}' {tuple(layer.data.shape)}; "
            "give a band of the layer's shape."
        )
    layer.metadata = {**layer.metadata, BANDS: {**layer.metadata.get(BANDS, {}), name: band}}


def detach(layer: Image, name: str) -> None:
    """Take a band from a layer, if it has it."""
    kept = {key: band for key, band in layer.metadata.get(BANDS, {}).items() if key != name}
    layer.metadata = {**layer.metadata, BANDS: kept}


def bands_of(layer: Image) -> tuple[Band, ...]:
    """Return the bands of a layer that fit its data as they are now."""
    known: dict[str, Any] = layer.metadata.get(BANDS, {})
    if not known or layer.multiscale:
        return ()
    shape = tuple(layer.data.shape)
    return tuple(b for b in known.values() if isinstance(b, Band) and b.lower.shape == shape)


def traced(
    bands: Sequence[Band],
    index: tuple[int, ...],
    along: Callable[[NDArray[Any]], Profile],
) -> tuple[BandTrace, ...]:
    """Return bands along a line.

    Parameters
    ----------
    bands : sequence of Band
    index : tuple of int
        Where the plane on display lies along the leading axes.
    along : callable
        Returns the profile of a plane along the line.
    """
    return tuple(
        BandTrace(band.words, along(band.lower[index]).values, along(band.upper[index]).values)
        for band in bands
    )
