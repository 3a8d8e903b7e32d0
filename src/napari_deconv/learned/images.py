"""A user's own sharp images to learn from, a quarter of them kept apart for testing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_deconv.core.scale import RANGE
from napari_deconv.learned.scenes import Crop

RUNS, FEWEST = 4, 12
"""Runs of neighbours that a sequence is cut into at most, and pictures that each has at least."""
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

        Pictures next to each other, such as slices, show nearly the same. So a sequence is cut into
        long runs, the last quarter of each of which is kept apart, and of this quarter the pictures
        next to what is learned from neither teach nor test. Of 4 pictures the last one tests. Of
        fewer the last quarter of the rows is kept apart, or half of them where a quarter is less
        than `side`.
        """
        if len(self.pictures) >= 4:
            return self._sequence()
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

    def _sequence(self) -> tuple[Images, Images]:
        """Return pictures of a sequence to learn from, and those to test on."""
        number = len(self.pictures)
        runs = np.array_split(np.arange(number), max(1, min(RUNS, number // FEWEST)))
        learned, tested = [], []
        for run in runs:
            cut = len(run) - -(-len(run) // 4)
            learned += [self.pictures[k] for k in run[:cut]]
            apart = run[cut + 1 :] if len(run) - cut > 1 else run[cut:]
            tested += [self.pictures[k] for k in (apart if run is runs[-1] else apart[:-1])]
        return Images(tuple(learned)), Images(tuple(tested))

    def parted(self, side: int) -> tuple[Images, Images | None]:
        """Return some to pick a model by, and others to judge it by; None if there is no room.

        Parameters
        ----------
        side : int
            What crops need, in pixels. A single picture is cut in two where it is long enough.
        """
        number = len(self.pictures)
        if number > 1:
            half = number // 2
            return Images(self.pictures[:half]), Images(self.pictures[half:])
        (picture,) = self.pictures
        long = int(np.argmax(picture.shape))
        cut = max(side, picture.shape[long] // 3)
        if picture.shape[long] - cut < side:
            return self, None
        first, rest = np.split(picture, [cut], axis=long)
        return Images((first,)), Images((rest,))

    def tiles(self, side: int, most: int) -> Tiles:
        """Return crops of all pictures, none of which overlap: half of them at least, the richer.

        Parameters
        ----------
        side : int
            In pixels.
        most : int
            How many are enough.
        """
        every = [
            self._crop(picture, picture[top : top + side, left : left + side])
            for picture in self.pictures
            for top in range(0, picture.shape[0] - side + 1, side)
            for left in range(0, picture.shape[1] - side + 1, side)
        ]
        if len(every) > most:
            rich = sorted(range(len(every)), key=lambda k: -richness(every[k].values))
            rich = sorted(rich[: max(most, len(every) // 2)])
            chosen = np.linspace(0, len(rich) - 1, most).astype(int)
            every = [every[rich[k]] for k in chosen]
        return Tiles(tuple(every))

    def crop(self, seed: int, step: int, place: int, side: int) -> Crop:
        """Return a turned crop, the same for the same numbers; parameters as of `Scenes.crop`."""
        rng = np.random.default_rng((seed, 1, step, place))
        picture = self.pictures[int(rng.integers(len(self.pictures)))]
        candidates = []
        for _ in range(CANDIDATES if rng.random() < 0.5 else 1):
            top, left = (int(rng.integers(n - side + 1)) for n in picture.shape)
            candidates.append(picture[top : top + side, left : left + side])
        crop = max(candidates, key=richness)
        crop = np.rot90(crop, int(rng.integers(4)))
        return self._crop(picture, crop[:, ::-1] if rng.integers(2) else crop)

    @staticmethod
    def _crop(picture: NDArray[np.float32], part: NDArray[np.float32]) -> Crop:
        sparse = picture[::2, ::2]
        low, high = np.percentile(sparse, RANGE)
        scale = float(max(high - low, 1e-3))
        return Crop(np.ascontiguousarray(part), scale, float(sparse.mean()))


@dataclass(frozen=True, eq=False)
class Tiles:
    """Crops to be judged by, each of which is seen once, in batches of one."""

    crops: tuple[Crop, ...]

    def crop(self, seed: int, step: int, place: int, side: int) -> Crop:
        """Return that of a step; the rest is as of `Scenes.crop`, and has no say."""
        return self.crops[step]


def richness(crop: NDArray[np.floating[Any]]) -> float:
    """Return how much there is to be seen in a picture."""
    return float(np.abs(np.diff(crop, axis=0)).mean() + np.abs(np.diff(crop, axis=1)).mean())
