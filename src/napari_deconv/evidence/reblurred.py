"""A restored picture blurred again, computed only in the blocks that a line crosses."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from napari_deconv.evidence.blocks import Blocks, BlockStore, even_edges

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 64
"""Pixels on a side of the blocks at least; a wider PSF has larger ones."""

SEEN = 0.98
"""Share of the PSF that must lie on the picture: what lies beyond the border also blurred in."""


class Boxed(Protocol):
    """A picture that rectangles are read of."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    def box(self, rows: slice, columns: slice) -> NDArray[Any]:
        """Return a rectangle of pixels."""


def reblurred(
    restored: Boxed,
    psf: NDArray[np.floating],
    background: float,
    store: BlockStore,
    key: Hashable,
) -> Blocks:
    """Return PSF * restored + background as a picture that is computed block by block.

    Near the border the PSF's part on the picture counts for the whole of it, as long as that part
    is 98 % or more of its energy; elsewhere the values are NaN.

    Parameters
    ----------
    restored : Boxed
        The restored picture.
    psf : ndarray, (h, w)
        Of sum 1, its origin at index ``(n - 1) // 2``.
    background : float
        Grey value that the method took off the data.
    store : BlockStore
        Keeps blocks.
    key : hashable
        What tells this picture from others in the store.

    Returns
    -------
    Blocks
        float32.
    """
    kernel = np.asarray(psf, np.float32)
    side = max(SIDE, 2 * max(kernel.shape))

    def read(boxes: Any) -> list[NDArray[np.float32]]:
        return [_blur(restored, kernel, box) + np.float32(background) for box in boxes]

    return Blocks(even_edges(restored.shape, side), read, store, key)


def _blur(
    restored: Boxed, kernel: NDArray[np.float32], box: tuple[slice, slice]
) -> NDArray[np.float32]:
    """Return a block of the picture, blurred with what lies around it."""
    from scipy.signal import fftconvolve

    spans, pads = [], []
    for part, n, k in zip(box, restored.shape, kernel.shape, strict=True):
        # Out of h(k) u(i - k) follow the pixels that a block needs before and behind itself.
        before, behind = k - 1 - (k - 1) // 2, (k - 1) // 2
        start, stop = part.start - before, part.stop + behind
        spans.append(slice(max(start, 0), min(stop, n)))
        pads.append((max(0, -start), max(0, stop - n)))
    pixels = np.asarray(restored.box(spans[0], spans[1]), np.float32)
    finite = np.isfinite(pixels)
    around = np.pad(np.where(finite, pixels, np.float32(0)), pads)
    # Less the mean, so that FFTs of float32 keep what varies.
    level = np.float32(around.mean())
    blurred = fftconvolve(around - level, kernel, mode="valid") + level
    if finite.all() and not np.any(pads):
        return np.asarray(blurred, np.float32)
    seen = fftconvolve(np.pad(finite.astype(np.float32), pads), kernel, mode="valid")
    return np.where(seen >= SEEN, blurred / np.maximum(seen, SEEN), np.nan).astype(np.float32)
