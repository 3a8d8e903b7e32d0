"""A band around a picture: how far it could as well lie below and above, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Band:
    """What a picture lies between.

    Attributes
    ----------
    lower, upper : ndarray
        Pictures of the shape and the grey scale of the one that lies between them.
    words : str
        What the band stands for, as in a legend.
    """

    lower: npt.NDArray[Any]
    upper: npt.NDArray[Any]
    words: str

    def __post_init__(self) -> None:
        """Refuse two pictures that don't fit.

        Raises
        ------
        ValueError
            If they differ in shape.
        """
        if self.lower.shape != self.upper.shape:
            raise ValueError(
                f"The ends of a band have shapes {self.lower.shape} and {self.upper.shape}; "
                "give pictures of one shape."
            )

    @classmethod
    def around(cls, words: str, *pictures: npt.NDArray[Any]) -> Self:
        """Return the band from the least to the greatest of several pictures, pixel by pixel."""
        stack = np.stack(pictures)
        return cls(stack.min(axis=0), stack.max(axis=0), words)
