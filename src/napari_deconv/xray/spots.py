"""Spots that gamma rays leave in a radiograph: found by a median test, and replaced."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]
Kind = Literal["bright", "bright and dark", "none"]

LEVELS = 16
"""Grey levels for which the noise is measured."""
FEWEST = 200
"""Fewer pixels of a grey level tell nothing of its noise."""
MAD = 0.6745
"""Median of the absolute value of a standard normal variable."""
ALLOWED = 2
"""As many pixels of the rim may be as bright as the spot: the tail of another spot."""


def without_spots(
    image: Doubles, size: int, sigma: float, kind: Kind = "bright", keep_lines: bool = True
) -> tuple[Doubles, Mask]:
    """Replace spots by the median of their surroundings; all other pixels stay as they are.

    A spot differs from the median of its neighbourhood by `sigma` times the noise of its grey
    level. To keep lines, it has to differ from all but one pixel of the neighbourhood's rim as
    well: a slit, an edge or a corner has its like there.

    Parameters
    ----------
    image : ndarray of float64, shape (H, W) or (N, H, W)
        Grey values; what is not finite is looked past.
    size : int
        Side of the neighbourhood in pixels, odd, 3 or more. It holds spots of `size` - 2.
    sigma : float
        Threshold in standard deviations of the noise.
    kind : {"bright", "bright and dark", "none"}
        Which spots.
    keep_lines : bool
        Whether to leave thin lines alone, and with them the long tracks of gamma rays.

    Returns
    -------
    replaced : ndarray, shape of the image
    spots : ndarray of bool, shape of the image

    Raises
    ------
    ValueError
        If the size is even or below 3.
    """
    if size < 3 or size % 2 == 0:
        raise ValueError(f"The neighbourhood of a spot is {size} px; give an odd number from 3.")
    spots = np.zeros(image.shape, dtype=bool)
    rim = size if keep_lines else 0
    if kind == "none":
        return image, spots
    replaced = image.copy()
    flat = (-1, *image.shape[-2:])
    planes = zip(image.reshape(flat), spots.reshape(flat), replaced.reshape(flat), strict=True)
    for plane, found, mended in planes:
        middle = running_median(plane, size)
        found |= _spots(plane, middle, sigma, rim)
        if kind == "bright and dark":
            found |= _spots(-plane, -middle, sigma, rim)
        mended[found] = middle[found]
    return replaced, spots


def _spots(plane: Doubles, middle: Doubles, sigma: float, size: int) -> Mask:
    """Return the bright spots of a plane with a running median; `size` 0 looks at no rim."""
    above = np.where(np.isfinite(plane), plane - middle, 0.0)
    least = sigma * noise_by_level(above, middle)
    found: Mask = (above > least) & (least > 0)
    rows, columns = np.nonzero(found)
    if size == 0 or rows.size == 0:
        return found
    rim = _rim(np.where(np.isfinite(plane), plane, middle), (rows, columns), size)
    others = np.partition(rim, -ALLOWED, axis=1)[:, -ALLOWED]
    found[rows, columns] = plane[rows, columns] - others > least[rows, columns]
    return found


def noise_by_level(difference: Doubles, level: Doubles) -> Doubles:
    """Return every pixel's noise: the spread of the differences of pixels of its grey level.

    Parameters
    ----------
    difference : ndarray, shape (H, W)
        Pixels less the median of their surroundings.
    level : ndarray, shape (H, W)
        That median.
    """
    known = np.isfinite(level) & np.isfinite(difference)
    if not known.any():
        return np.zeros(level.shape)
    bins = int(np.clip(known.sum() // FEWEST, 1, LEVELS))
    edges = np.quantile(level[known], np.linspace(0, 1, bins + 1))
    place = np.clip(np.searchsorted(edges, level, side="right") - 1, 0, bins - 1)
    centres, noises = [], []
    for number in range(bins):
        inside = known & (place == number)
        if inside.any():
            centres.append(float(np.median(level[inside])))
            noises.append(float(np.median(np.abs(difference[inside]))) / MAD)
    usual = float(np.median(np.abs(difference[known]))) / MAD
    noises = [max(noise, usual / 10) for noise in noises]
    return np.asarray(np.interp(np.where(known, level, centres[0]), centres, noises))


def running_median(plane: Doubles, size: int) -> Doubles:
    """Return the median around every pixel, shape (H, W), as if its nearest stood for a NaN."""
    from scipy.ndimage import distance_transform_edt, median_filter

    finite = np.isfinite(plane)
    if not finite.all():
        if not finite.any():
            return plane
        nearest = distance_transform_edt(~finite, return_distances=False, return_indices=True)
        plane = plane[tuple(nearest)]
    return np.asarray(median_filter(plane, size=size, mode="mirror"))


def _rim(plane: Doubles, places: tuple[Any, Any], size: int) -> Doubles:
    """Return the pixels around places, `size` // 2 away, shape (places, pixels)."""
    reach = size // 2
    steps = [
        (down, right)
        for down in range(-reach, reach + 1)
        for right in range(-reach, reach + 1)
        if max(abs(down), abs(right)) == reach
    ]
    rows, columns = places
    height, width = plane.shape
    # Beyond the border the picture is mirrored, as the median sees it.
    return np.stack(
        [
            plane[_mirrored(rows + down, height), _mirrored(columns + right, width)]
            for down, right in steps
        ],
        axis=1,
    )


def _mirrored(index: npt.NDArray[np.intp], length: int) -> npt.NDArray[np.intp]:
    folded = length - 1 - np.abs(length - 1 - np.abs(index))
    return np.asarray(np.clip(folded, 0, length - 1))
