"""What is assumed beyond the border of the picture.

A boundary extends the data to the padded grid and says how much the extension weighs: 1 where it
is taken for a measurement, 0 where nothing is assumed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from napari_deconv.core.params import Choice, register

if TYPE_CHECKING:
    from torch import Tensor

Places = npt.NDArray[np.int64]
"""Places along an axis, 0 the first pixel of the frame."""


class Boundary(Choice):
    """How the picture goes on beyond its border."""

    weight: ClassVar[float] = 1.0
    padded: ClassVar[bool] = True
    local: ClassVar[bool] = False
    """Whether what is assumed hangs only on the pixels nearby, whatever the size of the grid."""
    level: ClassVar[bool] = True
    """Whether it follows a constant that is added to the picture."""
    continues: ClassVar[bool] = True
    """Whether a picture of anything goes on without a step: where it does not, the estimate can
    follow the data only by ringing, which rules that look at the residual take for detail."""

    def sources(self, places: Places, n: int) -> Places:
        """Return which of the n pixels of an axis the places of a line show, before or behind too.

        Where a constant lies beyond the border, the nearest pixel.
        """
        return places.clip(0, n - 1)

    def constant(self, fill: float) -> float | None:
        """Return the grey value beyond the border; None where pixels of the frame show there.

        Parameters
        ----------
        fill : float
            Mean grey value of the layer, which `mean` fills the border with.
        """
        return None

    def extend(self, image: Tensor, grid: tuple[int, ...], fill: float) -> Tensor:
        """Return `image` extended to `grid` on its last axes, the frame in the middle.

        Parameters
        ----------
        image : Tensor, shape (..., *frame)
            Finite grey values.
        grid : tuple of int
            Shape of the padded grid, at least the frame on each axis.
        fill : float
            Mean grey value of the layer.
        """
        import torch

        value = self.constant(fill)
        for axis in range(-len(grid), 0):
            n = image.shape[axis]
            before, after = margins(n, grid[axis])
            places = np.arange(-before, n + after)
            index = torch.from_numpy(self.sources(places, n)).to(image.device)
            image = image.index_select(axis, index)
            if value is not None:
                image.narrow(axis, 0, before).fill_(value)
                image.narrow(axis, before + n, after).fill_(value)
        return image


def margins(frame: int, grid: int) -> tuple[int, int]:
    """Return how many pixels of an axis of the grid lie before and behind the frame."""
    before = (grid - frame) // 2
    return before, grid - frame - before


@register("boundary")
class Zero(Boundary):
    """Black beyond the border: right only for an object on a background of zero."""

    name: Literal["zero"] = "zero"
    label: ClassVar[str] = "Zero: dark background"
    continues: ClassVar[bool] = False
    level: ClassVar[bool] = False

    def constant(self, fill: float) -> float:
        """Return 0."""
        return 0.0


@register("boundary")
class Mean(Boundary):
    """The mean grey value beyond the border, as in the study that this project grew from."""

    name: Literal["mean"] = "mean"
    label: ClassVar[str] = "Mean: the average grey value"
    continues: ClassVar[bool] = False

    def constant(self, fill: float) -> float:
        """Return the layer's mean."""
        return fill


@register("boundary")
class Edge(Boundary):
    """The border pixels repeated outwards."""

    name: Literal["edge"] = "edge"
    local: ClassVar[bool] = True
    label: ClassVar[str] = "Edge: border pixels repeated"


@register("boundary")
class Reflect(Boundary):
    """The picture mirrored at its border pixels."""

    name: Literal["reflect"] = "reflect"
    label: ClassVar[str] = "Reflect: mirrored at the border"

    def sources(self, places: Places, n: int) -> Places:
        """Mirror the picture, the border pixel not repeated."""
        period = max(2 * (n - 1), 1)
        places = places % period
        return np.minimum(places, period - places).clip(0, n - 1)


@register("boundary")
class Periodic(Boundary):
    """The picture goes on at its opposite side; no padding."""

    name: Literal["periodic"] = "periodic"
    label: ClassVar[str] = "Periodic: goes on at the other side"
    continues: ClassVar[bool] = False
    padded: ClassVar[bool] = False

    def sources(self, places: Places, n: int) -> Places:
        """Go on at the other side."""
        return places % n


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
