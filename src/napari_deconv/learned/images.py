"""A user's own sharp images to learn from, a quarter of them kept apart for testing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_deconv.core.scale import RANGE
from napari_deconv.learned.scenes import Crop

BLOCKS = 16
"""Blocks that a sequence is cut into: neighbouring angles of a scan lie in one of them."""
CANDIDATES = 3
"""Crops of which the richest is taken, half the times: only few parts of a scan are hard."""


@dataclass(frozen=True, eq=False)
class Images:
    """Sharp pictures that crops are taken from.

    Attributes
    ----------
    pictures : tuple of ndarray, shape (H, W)
        Grey values from 0 to 1.
    span : tuple of float
        Grey values, as they were given, that became 0 and 1.
    """

    pictures: tuple[NDArray[np.float32], ...]
    span: tuple[float, float] = (0.0, 1.0)

    @classmethod
    def of(cls, arrays: Sequence[NDArray[Any]], side: int) -> Images:
        """Return pictures of any grey values, or stacks of them, brought to 0 to 1 all alike.

        Parameters
        ----------
        arrays : sequence of ndarray, shape (H, W) or (N, H, W)
        side : int
            What crops need, in pixels.

        Raises
        ------
        ValueError
            If there is none, or one is too small, holds no grey values or not only numbers.
        """
        planes: list[NDArray[Any]] = []
        for array in arrays:
            if array.ndim not in (2, 3) or array.dtype.kind not in "buif":
                raise ValueError(
                    f"An image of shape {array.shape} can't be learned from: give grey images "
                    "(H, W) or stacks of them (N, H, W)."
                )
            planes.extend(array if array.ndim == 3 else [array])
        if not planes:
            raise ValueError("There is no image to learn from: name files, or a folder of images.")
        smallest = min(min(plane.shape) for plane in planes)
        if smallest < side:
            raise ValueError(
                f"An image is {smallest} pixels wide, but crops need {side}: give larger ones, or "
                "a smaller side or support."
            )
        if not all(np.isfinite(plane).all() for plane in planes):
            raise ValueError("An image holds NaN or infinite values: mend it before training.")
        low = min(float(np.percentile(plane, RANGE[0])) for plane in planes)
        high = max(float(np.percentile(plane, RANGE[1])) for plane in planes)
        if not high > low:
            raise ValueError("The images are all of one grey value: there is nothing to learn.")
        return cls(
            tuple(np.clip((p - low) / (high - low), 0, 1).astype(np.float32) for p in planes),
            (low, high),
        )

    def halves(self, side: int) -> tuple[Images, Images]:
        """Return three quarters to learn from and a quarter to test on.

        Of a sequence every fourth block is kept apart, so that no picture that is tested has a
        neighbour that was learned from except at a block's ends. Of fewer than 4 pictures the last
        quarter of the rows is kept apart, or half of them where a quarter is less than `side`.
        """
        number = len(self.pictures)
        if number >= 4:
            length = max(1, number // BLOCKS)
            apart = [k // length % 4 == 3 for k in range(number)]
            kept = tuple(p for p, out in zip(self.pictures, apart, strict=True) if not out)
            return Images(kept), Images(tuple(self.pictures[k] for k in np.flatnonzero(apart)))
        learned, tested = [], []
        for picture in self.pictures:
            height = picture.shape[0]
            cut = height - max(height // 4, side)
            if cut < side:
                raise ValueError(
                    f"Of an image {height} rows high nothing can be kept apart for testing: give "
                    "at least 4 images, or larger ones."
                )
            learned.append(picture[:cut])
            tested.append(picture[cut:])
        return Images(tuple(learned)), Images(tuple(tested))

    def crop(self, seed: int, step: int, place: int, side: int) -> Crop:
        """Return a turned crop, the same for the same numbers; parameters as of `Scenes.crop`."""
        rng = np.random.default_rng((seed, 1, step, place))
        picture = self.pictures[int(rng.integers(len(self.pictures)))]
        candidates = []
        for _ in range(CANDIDATES if rng.random() < 0.5 else 1):
            top, left = (int(rng.integers(n - side + 1)) for n in picture.shape)
            candidates.append(picture[top : top + side, left : left + side])
        crop = max(candidates, key=_richness)
        crop = np.rot90(crop, int(rng.integers(4)))
        crop = np.ascontiguousarray(crop[:, ::-1] if rng.integers(2) else crop)
        low, high = np.percentile(picture[::2, ::2], RANGE)
        return Crop(crop, float(max(high - low, 1e-3)), float(picture[::2, ::2].mean()))


def _richness(crop: NDArray[np.float32]) -> float:
    return float(np.abs(np.diff(crop, axis=0)).mean() + np.abs(np.diff(crop, axis=1)).mean())
