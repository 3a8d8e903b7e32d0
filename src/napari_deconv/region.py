"""A region of an image, and how far around a place its estimate depends on the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_deconv.methods.method import Method

if TYPE_CHECKING:
    from napari_deconv.plan import Plan

WIDEST = 2**31
"""Reach of a method whose every pixel depends on the whole image."""


def reach(kernel: tuple[int, ...], recipe: Plan) -> tuple[int, ...]:
    """Return how many pixels around a region its estimate depends on, for a kernel's shape."""
    if not recipe.method.is_local():
        return (WIDEST,) * len(kernel)
    return tuple(k // 2 + recipe.method.margin for k in kernel)


def in_pieces(recipe: Plan) -> bool:
    """Return whether a piece with what lies around it tells enough, without the whole at hand."""
    method = recipe.method
    looks = type(method).survey is not Method.survey
    return method.is_local() and recipe.boundary.local and method.multiple() == 1 and not looks


def target(frame: tuple[int, ...], region: tuple[slice, ...] | None) -> tuple[slice, ...]:
    """Return what is to be restored of a frame: a region, or all of it without one.

    Raises
    ------
    ValueError
        In one sentence, if the region does not cover two pixels along each axis.
    """
    if region is None:
        return tuple(slice(0, n) for n in frame)
    inside = [range(n)[part] for n, part in zip(frame, region, strict=True)]
    if any(len(part) < 2 or part.step != 1 for part in inside):
        raise ValueError("The region does not cover the image; draw it over the image.")
    return tuple(slice(part.start, part.stop) for part in inside)
