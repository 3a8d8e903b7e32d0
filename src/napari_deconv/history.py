"""What comes of a run: the image, what was recorded on the way, and what is to be said of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from napari_deconv.plan import Plan

P = TypeVar("P", bound=Plan)


@dataclass
class History:
    """What was recorded of a run: lists of the same length.

    Attributes
    ----------
    iteration : list of int
        Index of the step, from 1, counted over slices x iterations.
    objective : list of float
        Value of what the method minimises.
    psnr : list of float
        In decibels; empty without a reference.
    seconds : list of float
        Since the start.
    """

    iteration: list[int] = field(default_factory=list)
    objective: list[float] = field(default_factory=list)
    psnr: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Result(Generic[P]):
    """A restored image and how it came about.

    Attributes
    ----------
    image : ndarray of float32
        Shape and grey scale of the input.
    history : History
    recipe : Recipe
        With every automatic choice as the number it came to; running it again gives `image`.
    warnings : tuple of str
        What was mended, masked or looks odd, a sentence each.
    """

    image: npt.NDArray[np.float32]
    history: History
    recipe: P
    warnings: tuple[str, ...]
