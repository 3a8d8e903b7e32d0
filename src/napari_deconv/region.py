"""A region of an image, widened by what its estimate depends on, so that preview equals final."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_deconv.plan import Plan

WIDEST = 2**31
"""Reach of a method whose every pixel depends on the whole image."""


def reach(kernel: tuple[int, ...], recipe: Plan) -> tuple[int, ...]:
    """Return how many pixels around a region its estimate depends on, for a kernel's shape."""
    if not (recipe.method.is_local() and recipe.boundary.local):
        return (WIDEST,) * len(kernel)
    return tuple(k // 2 + recipe.method.margin for k in kernel)


@dataclass(frozen=True)
class Cut:
    """A region widened by what its estimate depends on (`wide`), and where it lies in that."""

    wide: tuple[slice, ...]
    inner: tuple[slice, ...]

    @classmethod
    def of(
        cls,
        frame: tuple[int, ...],
        region: tuple[slice, ...] | None,
        reach: tuple[int, ...],
        alignment: int = 1,
    ) -> Cut:
        """Return a region of a frame, widened by a reach; the whole frame without a region.

        It begins at a multiple of `alignment`.
        """
        whole = tuple(slice(0, n) for n in frame)
        if region is None:
            return cls(whole, whole)
        inside = [range(n)[part] for n, part in zip(frame, region, strict=True)]
        if any(len(part) < 2 or part.step != 1 for part in inside):
            raise ValueError("The region does not cover the image; draw it over the image.")
        wide = [
            slice((part.start - r) // alignment * alignment, part.stop + r)
            if r <= part.start and part.stop + r <= n
            else slice(0, n)  # what is assumed beyond a border hangs on the size of the whole
            for part, r, n in zip(inside, reach, frame, strict=True)
        ]
        inner = [
            slice(part.start - w.start, part.stop - w.start)
            for part, w in zip(inside, wide, strict=True)
        ]
        return cls(tuple(wide), tuple(inner))
