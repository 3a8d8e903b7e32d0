"""Find the flat areas of a picture, and measure the noise that a result leaves in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

SIDES = (6, 16)
"""Pixels on a side of a block, least and most: few enough to fit between edges."""

ACROSS = 32
"""Blocks across a picture, where that makes them no smaller or larger than they may be."""

SHARE = 0.1
"""Part of the blocks, the flattest, that counts as flat."""

SMOOTHING = 3.0
"""Sigma in pixels of the blur that tells structure from noise."""

LEVELLED = 3
"""Degrees of freedom that the plane fitted to a block takes."""


def flat_blocks(image: ArrayLike) -> list[tuple[slice, slice]]:
    """Return the blocks of a picture where it is flattest.

    Blocks are ranked by the largest slope, after a blur of 3 pixels, within them; the least tenth,
    four at least, is returned. Blocks with pixels that are not finite are left out. The slope of
    the blurred picture hardly hangs on the noise inside a block, so that blocks which happen to be
    quiet are not preferred.

    Parameters
    ----------
    image : array_like, (H, W)
        A measured picture or a reference, in which structure stands out of the noise.

    Returns
    -------
    list of (slice, slice)
        Rows and columns of each block, up to 16 pixels a side, down to 6 in a small picture;
        empty for a picture of fewer than 24 pixels a side.

    Raises
    ------
    ValueError
        If the picture is not real and two-dimensional.
    """
    from scipy.ndimage import gaussian_filter

    picture = np.asarray(image)
    if picture.ndim != 2 or picture.dtype.kind == "c":
        raise ValueError("Flat areas need a real picture of two dimensions.")
    side = int(np.clip(min(picture.shape) // ACROSS, *SIDES))
    if min(picture.shape) < 4 * side:
        return []
    grey = picture.astype(np.float64)
    finite = np.isfinite(grey)
    smooth = gaussian_filter(np.where(finite, grey, 0.0), SMOOTHING, mode="nearest")
    slope = np.hypot(*np.gradient(smooth))
    slope[~finite] = np.inf
    rows, columns = picture.shape[0] // side, picture.shape[1] // side
    blocks = slope[: rows * side, : columns * side].reshape(rows, side, columns, side)
    steepest = blocks.max(axis=(1, 3)).ravel()
    count = max(4, round(SHARE * steepest.size))
    flattest = [int(i) for i in np.argsort(steepest, kind="stable")[:count]]
    places = [divmod(i, columns) for i in flattest if np.isfinite(steepest[i])]
    return [(slice(r * side, (r + 1) * side), slice(c * side, (c + 1) * side)) for r, c in places]


def flat_noise(image: ArrayLike, blocks: list[tuple[slice, slice]]) -> float | None:
    """Return the noise of a picture in flat areas: its deviation from a plane in each block.

    The root of the median variance over the blocks, each about the plane fitted to it, with the
    plane's three degrees of freedom taken off. White noise is met within 5 % where there are ten
    blocks of 16 pixels or more. What a method has smoothed away is not there any more: a small
    number says that flat areas look calm, not that they are right.

    Parameters
    ----------
    image : array_like, (H, W)
        The picture or a result, of the shape in which the blocks were found.
    blocks : list of (slice, slice)
        As `flat_blocks` returns them.

    Returns
    -------
    float or None
        In grey values; None without blocks, or where none of them is finite.
    """
    picture = np.asarray(image)
    variances = [
        value for value in (_variance(picture[block]) for block in blocks) if np.isfinite(value)
    ]
    return float(np.sqrt(np.median(variances))) if variances else None


def _variance(block: NDArray[Any]) -> float:
    """Return the variance about the plane of least squares."""
    grey = block.astype(np.float64)
    if not np.isfinite(grey).all():
        return float("nan")
    down, across = (np.arange(n) - (n - 1) / 2 for n in grey.shape)
    rest = grey - grey.mean()
    rest -= (
        np.outer(down, np.ones(across.size)) * (down @ rest).sum() / ((down @ down) * across.size)
    )
    rest -= across * (rest @ across).sum() / ((across @ across) * down.size)
    return float((rest**2).sum() / (rest.size - LEVELLED))
