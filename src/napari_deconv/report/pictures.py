"""Grey values as pictures that a page carries within itself."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONGEST = 1200
"""Pixels of a picture's longer side beyond which it is reduced, so that a page stays small."""


@dataclass(frozen=True)
class Shown:
    """A picture on a page.

    Attributes
    ----------
    uri : str
        The PNG as a data URI.
    height, width : int
        Of the PNG.
    reduced : int
        How many pixels a side became one; 1 if every pixel is there.
    """

    uri: str
    height: int
    width: int
    reduced: int


def as_png(image: NDArray[Any], window: tuple[float, float], longest: int = LONGEST) -> Shown:
    """Return a picture in 256 greys.

    Parameters
    ----------
    image : ndarray, (H, W)
        What is not finite is drawn black.
    window : tuple of float
        Grey values that are black and white.
    longest : int
        A larger picture is reduced by a whole number, each pixel the mean of a block.
    """
    from PIL import Image

    factor = -(-max(image.shape) // longest)
    grey = _reduced(image.astype(np.float32), factor)
    low, high = window
    with np.errstate(invalid="ignore"):
        part = np.nan_to_num((grey - low) / (high - low), nan=0.0, posinf=1.0, neginf=0.0)
    pixels = np.round(255 * np.clip(part, 0, 1)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return Shown(
        f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode('ascii')}",
        pixels.shape[0],
        pixels.shape[1],
        factor,
    )


def as_text_uri(text: str, kind: str) -> str:
    """Return text as a data URI that a link can save."""
    return f"data:{kind};base64,{base64.b64encode(text.encode('utf-8')).decode('ascii')}"


def _reduced(image: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Return means of whole blocks; a rest at the border is left out."""
    if factor == 1:
        return image
    rows, columns = (n // factor for n in image.shape)
    whole = image[: rows * factor, : columns * factor]
    means: NDArray[np.float32] = whole.reshape(rows, factor, columns, factor).mean(axis=(1, 3))
    return means
