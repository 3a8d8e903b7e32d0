"""What is assumed beyond the border of the picture.

A boundary extends the data to the padded grid and says how much the extension weighs: 1 where it
is taken for a measurement, 0 where nothing is assumed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from napari_deconv.core.params import Choice, register

if TYPE_CHECKING:
    from torch import Tensor


class Boundary(Choice):
    """How the picture goes on beyond its border."""

    weight: ClassVar[float] = 1.0
    padded: ClassVar[bool] = True
    local: ClassVar[bool] = False
    """Whether what is assumed hangs only on the pixels nearby, whatever the size of the grid."""
    level: ClassVar[bool] = True
    """Whether it follows a constant that is added to the picture."""

    def extend(self, image: Tensor, grid: tuple[int, ...], fill: float) -> Tensor:
        """Return `image` extended to `grid` on its last axes, the frame in the middle.

        Parameters
        ----------
        image : Tensor, shape (..., *frame)
            Finite grey values.
        grid : tuple of int
            Shape of the padded grid, at least the frame on each axis.
        fill : float
            Mean grey value of the layer, which `mean` fills the border with.
        """
        raise TypeError(f"{type(self).__name__} does not say how to extend an image.")


def margins(frame: int, grid: int) -> tuple[int, int]:
    """Return how many pixels of an axis of the grid lie before and behind the frame."""
    before = (grid - frame) // 2
    return before, grid - frame - before


@register("boundary")
class Zero(Boundary):
    """Black beyond the border: right only for an object on a background of zero."""

    name: Literal["zero"] = "zero"
    label: ClassVar[str] = "Zero: dark background"
    level: ClassVar[bool] = False

    def extend(self, image: Tensor, grid: tuple[int, ...], fill: float) -> Tensor:
        """Fill the border with 0."""
        return _filled(image, grid, 0.0)


@register("boundary")
class Mean(Boundary):
    """The mean grey value beyond the border, as in the study that this project grew from."""

    name: Literal["mean"] = "mean"
    label: ClassVar[str] = "Mean: the average grey value"

    def extend(self, image: Tensor, grid: tuple[int, ...], fill: float) -> Tensor:
        """Fill the border with the layer's mean."""
        return _filled(image, grid, fill)


@register("boundary")
class Edge(Boundary):
    """The border pixels repeated outwards."""

    name: Literal["edge"] = "edge"
    local: ClassVar[bool] = True
    label: ClassVar[str] = "Edge: border pixels repeated"

    def extend(self, image: Tensor, grid: tuple[int, ...], fill: float) -> Tensor:
        """Repeat the border pixels."""
        return _gathered(image, grid, _clamped)


@register("boundary")
class Reflect(Boundary):
    """The picture mirrored at its border pixels."""

    name: Literal["reflect"] = "reflect"
    label: ClassVar[str] = "Reflect: mirrored at the border"

    def extend(self, image: Tensor, grid: tuple[int, ...], fill: float) -> Tensor:
        """Mirror the picture, the border pixel not repeated."""
        return _gathered(image, grid, _mirrored)


@register("boundary")
class Periodic(Boundary):
    """The picture goes on at its opposite side; no padding."""

    name: Literal["periodic"] = "periodic"
    label: ClassVar[str] = "Periodic: goes on at the other side"
    padded: ClassVar[bool] = False

    def extend(self, image: Tensor, grid: tuple[int, ...], fill: float) -> Tensor:
        """Return the image itself: the grid is the frame."""
        return image


@register("boundary")
class Unknown(Boundary):
    """Nothing assumed beyond the border: the unknown image is estimated there as well.

    References
    ----------
    M. S. C. Almeida, M. A. T. Figueiredo, "Deconvolving images with unknown boundaries using the
    alternating direction method of multipliers", IEEE Trans. Image Process. 22, 2013.
    """

    name: Literal["unknown"] = "unknown"
    label: ClassVar[str] = "Unknown: nothing assumed, slow"
    weight: ClassVar[float] = 0.0

    def extend(self, image: Tensor, grid: tuple[int, ...], fill: float) -> Tensor:
        """Repeat the border pixels, as a start that weighs nothing."""
        return _gathered(image, grid, _clamped)


def _filled(image: Tensor, grid: tuple[int, ...], value: float) -> Tensor:
    from torch.nn.functional import pad

    pads = [
        margin
        for axis in range(-1, -len(grid) - 1, -1)
        for margin in margins(image.shape[axis], grid[axis])
    ]
    return pad(image, pads, value=value)


def _gathered(image: Tensor, grid: tuple[int, ...], source: _Source) -> Tensor:
    """Extend by looking up, for each place of the grid, the pixel of the frame it repeats."""
    import torch

    for axis in range(-len(grid), 0):
        n = image.shape[axis]
        before, after = margins(n, grid[axis])
        places = torch.arange(-before, n + after, device=image.device)
        image = image.index_select(axis, source(places, n))
    return image


def _clamped(places: Tensor, n: int) -> Tensor:
    return places.clamp(0, n - 1)


def _mirrored(places: Tensor, n: int) -> Tensor:
    period = max(2 * (n - 1), 1)
    places = places.remainder(period)
    return places.minimum(period - places).clamp(0, n - 1)


if TYPE_CHECKING:
    from collections.abc import Callable

    _Source = Callable[[Tensor, int], Tensor]
