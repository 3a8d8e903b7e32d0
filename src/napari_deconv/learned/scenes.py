"""Scenes to learn from: any number of them, each the same for the same seed and number."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from napari_deconv.core.params import Declared
from napari_deconv.core.scale import RANGE

Array = NDArray[np.float32]
Rng = np.random.Generator


class Crop(NamedTuple):
    """A part of a scene, shape (side, side), and grey range and mean of the whole scene."""

    values: Array
    scale: float
    mean: float


class Scenes(Declared):
    """How scenes to learn from are drawn, and how often which kind."""

    soft: float = Field(0.3, ge=0, le=1, description="Share of scenes without hard edges alone.")
    stark: float = Field(
        0.25, ge=0, le=1, description="Share of plain fields with full-contrast edges."
    )
    side: int = Field(304, ge=64, description="Side of a scene.", json_schema_extra={"unit": "px"})
    fresh: int = Field(
        8, ge=1, description="Steps after which the oldest scene gives way to a new one."
    )
    kept: int = Field(160, ge=1, description="Scenes that crops are taken from at any time.")

    def crop(self, seed: int, step: int, place: int, side: int) -> Crop:
        """Return a crop of a scene of grey values from 0 to 1.

        Parameters
        ----------
        seed, step, place : int
            The crop is the same for the same three: of this run, this step, this place in a batch.
        side : int
            In pixels, at most that of the scenes.

        Raises
        ------
        ValueError
            If it is more.
        """
        if side > self.side:
            raise ValueError(
                f"Pictures and PSF need scenes of {side} pixels, and these have {self.side}: set "
                "scenes.side to as many, or side or support to less."
            )
        rng = np.random.default_rng((seed, 1, step, place))
        scene = self._one(rng, seed, step)
        draw = rng.random()
        if draw < 0.2:  # thicknesses add
            powers = rng.uniform(0.4, 1, 2)
            scene = scene ** powers[0] * self._one(rng, seed, step) ** powers[1]
        elif draw < 0.4:
            low = rng.uniform(0.3, 0.95)
            scene = low + (1 - low) * scene if draw < 0.35 else 1 - scene
        sparse = scene[1::4, 1::4]
        low, high = np.percentile(sparse, RANGE)
        # Of a picture with all but nothing in it, the few pixels that hold something are the range.
        scale = float(high - low) if high - low > 0.01 else float(np.ptp(scene)) or 1.0
        return Crop(_richer(rng, scene, side), scale, float(sparse.mean()))

    def _one(self, rng: Rng, seed: int, step: int) -> Array:
        """Return one of the scenes of this step, turned."""
        number = step // self.fresh + int(rng.integers(self.kept))
        scene = np.rot90(_scene(self, seed, number), int(rng.integers(4)))
        return scene[:, ::-1] if rng.integers(2) else scene


def _richer(rng: Rng, scene: Array, side: int) -> Array:
    """Return a crop; half the times the richer one of two."""
    room = scene.shape[0] - side + 1
    places = [tuple(rng.integers(room, size=2)) for _ in range(1 + int(rng.integers(2)))]
    crops = [scene[y : y + side, x : x + side] for y, x in places]
    return np.ascontiguousarray(max(crops, key=_richness) if len(crops) > 1 else crops[0])


def _richness(crop: Array) -> float:
    return float(np.abs(np.diff(crop, axis=0)).mean())


@lru_cache(maxsize=512)
def _scene(scenes: Scenes, seed: int, number: int) -> Array:
    """Return the scene of a number, drawn when first asked for."""
    from napari_deconv.learned.assemblies import assembly
    from napari_deconv.learned.soft_scenes import soft
    from napari_deconv.learned.stark_scenes import stark

    rng = np.random.default_rng((seed, 0, number))
    draw = rng.random()
    if draw < scenes.soft:
        kind: Any = soft
    else:
        kind = stark if draw < scenes.soft + scenes.stark else assembly
    result: Array = np.clip(kind(rng, scenes.side), 0, 1).astype(np.float32)
    return result
