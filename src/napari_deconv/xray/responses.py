"""Frames of a detector made into one, and the pixels that do not respond."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
SpotTest = Callable[[Doubles], tuple[Doubles, Mask]]

WEAK, STRONG = 0.5, 2.0
"""A pixel whose response to light is not within this many times its surroundings' is dead."""
UNLIKE = 1.5
"""Flats whose levels differ by more than this factor are of different exposures."""
AROUND = 9
"""Side of the surroundings, in pixels."""


def stacked(frames: npt.ArrayLike, shape: tuple[int, ...], kind: str) -> Doubles:
    """Return flat or dark frames as a stack (N, H, W).

    Parameters
    ----------
    frames : array_like, shape (H, W) or (N, H, W)
    shape : tuple of int
        Of the image, (H, W) or (M, H, W).
    kind : str
        What they are, for the complaint.

    Raises
    ------
    ValueError
        In one sentence, if they don't fit the image.
    """
    stack = np.asarray(frames)
    if stack.dtype.kind not in "buif":
        raise ValueError(f"The {kind} is of type {stack.dtype}; give real grey values.")
    if stack.ndim not in (2, 3) or stack.shape[-2:] != shape[-2:] or stack.size == 0:
        raise ValueError(
            f"The {kind} has shape {stack.shape}, the image {shape}; "
            f"give a {kind} of the image's size, one frame or many."
        )
    return stack.reshape(-1, *shape[-2:]).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Reference:
    """Flats and darks, each made into one frame without gamma spots.

    Attributes
    ----------
    flat : ndarray, shape (H, W), or None
    dark : ndarray, shape (H, W)
        0 if there is none.
    dead : ndarray of bool, shape (H, W)
        Pixels that do not respond to light.
    notes : tuple of str
        What was replaced.
    """

    flat: Doubles | None
    dark: Doubles
    dead: Mask
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        image: Doubles,
        flats: npt.ArrayLike | None,
        darks: npt.ArrayLike | None,
        test: SpotTest,
        way: Literal["mean", "median"] = "mean",
    ) -> Reference:
        """Combine the frames that go with an image (H, W) or (N, H, W).

        Parameters
        ----------
        image : ndarray
        flats, darks : array_like, shape (H, W) or (N, H, W), or None
        test : callable
            Returns frames without bright spots, and the spots.
        way : {"mean", "median"}

        Raises
        ------
        ValueError
            In one sentence, if shapes differ or the flats are no brighter than the darks.
        """
        first = image if image.ndim == 2 else image[0]
        notes: list[str] = []
        flat, dark = None, np.zeros(first.shape)
        if flats is not None:
            stack = stacked(flats, image.shape, "flat")
            clean, spots = test(stack)
            if len(stack) == 1:  # a pixel's own spot is in the image as well
                spots &= ~test(first)[1]
            flat = _combined(stack, way, passing(spots), clean)
            notes += [*_told(passing(spots), "flat"), *_unlike(stack)]
        if darks is not None:
            stack = stacked(darks, image.shape, "dark")
            clean, spots = test(stack)
            if len(stack) == 1 and spots.any():  # subtracted, a pixel's own spot leaves no hole
                light = first if flat is None else flat
                spots &= test(stack[0] - light)[1]
            dark = _combined(stack, way, passing(spots), clean)
            notes += _told(passing(spots), "dark")
        if flat is None:
            return cls(None, dark, ~np.isfinite(dark), tuple(notes))
        response = flat - dark
        seen = response[np.isfinite(response)]
        if not (seen.size and np.median(seen) > 0):
            raise ValueError("The flats are no brighter than the darks; check which is which.")
        return cls(flat, dark, unresponsive(response), tuple(notes))


def passing(spots: Mask) -> Mask:
    """Return the spots of a stack (N, H, W) that are not in most of its frames.

    What is in most of them is the pixel's own.
    """
    lasting: Mask = spots.sum(axis=0) > max(1, len(spots) / 2)
    return spots & ~lasting


def many(count: int, what: str) -> str:
    """Return a number with its noun."""
    return f"{int(count)} {what}{'' if count == 1 else 's'}"


def _told(spots: Mask, kind: str) -> list[str]:
    if not spots.any():
        return []
    return [f"{many(spots.sum(), 'spot pixel')} replaced in the {kind}s."]


def _unlike(stack: Doubles) -> list[str]:
    """Say so if frames that become one are of unlike exposures."""
    seen = [frame[np.isfinite(frame)] for frame in stack]
    levels = [float(np.median(values)) for values in seen if values.size]
    if not levels or not 0 < UNLIKE * min(levels) < max(levels):
        return []
    factor = max(levels) / min(levels)
    return [f"The flats differ in exposure by {factor:.2g} times; give those that fit the image."]


def _combined(
    stack: Doubles, way: Literal["mean", "median"], spots: Mask, clean: Doubles
) -> Doubles:
    """Return frames as one; where `spots` is true, the others speak, or else `clean`."""
    if len(stack) == 1:
        return np.asarray(np.where(spots[0], clean[0], stack[0]))
    if not spots.any():
        return np.median(stack, axis=0) if way == "median" else np.asarray(stack.mean(axis=0))
    seen = np.where(spots, np.nan, stack)
    with warnings.catch_warnings():  # of pixels that are NaN in every frame
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmedian(seen, 0) if way == "median" else np.nanmean(seen, 0))


def unresponsive(response: Doubles) -> Mask:
    """Return the dead pixels of a response, flat less dark.

    Parameters
    ----------
    response : ndarray, shape (H, W)
        Smooth but for a pattern of less than half its value.

    Returns
    -------
    ndarray of bool
        True where the response is no number, not above 0, or not within 0.5 to 2 times the median
        of the 9 x 9 pixels around it.
    """
    from scipy.ndimage import median_filter

    finite = np.isfinite(response)
    usual = float(np.median(response[finite])) if finite.any() else np.nan
    filled = np.where(finite, response, usual)
    around = median_filter(filled, size=AROUND, mode="mirror")
    around = np.where(around > 0, around, usual)  # a dead line wider than the window
    dead: Mask = ~finite | ~(filled > WEAK * around) | (filled > STRONG * around)
    return dead
