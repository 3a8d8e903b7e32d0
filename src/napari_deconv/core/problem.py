"""What the measurement fixes: padded data, their weights, the blur and the noise model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.fidelities import Fidelity
    from napari_deconv.core.operators import Blur
    from napari_deconv.core.priors import Term


@dataclass(frozen=True)
class Problem:
    """A deconvolution problem on a padded grid, in units where the grey range is 1.

    Attributes
    ----------
    data : Tensor, shape (..., *grid)
        Measured image and its extension beyond the border, finite everywhere.
    weights : Tensor or None
        How much each pixel counts: 0 where `data` holds no measurement, 1 for a usual one, more
        for a better one; None if all count alike.
    blur : Blur
        Circulant on the grid.
    fidelity : Fidelity
        Noise model, in the problem's units.
    window : tuple of slice
        Where the frame lies on the grid.
    noise : float
        Standard deviation of the noise, in units of the grey range; of smeared noise, that of the
        white noise as strong at low frequencies.
    mean : float
        Mean grey value of the layer, in units of the grey range.
    scale : float
        Grey range: how many grey values a unit of the problem is.
    masked : bool
        Whether some of the weights may be 0.
    graded : bool
        Whether the user lets some pixels count more than others, beyond masking them.
    unclear : bool
        Whether texture in the data can't be told from smeared noise.
    near : bool
        Whether `start` is nearly the solution, which large first steps would only lead away from.
    start : Tensor or None
        An estimate to begin with, shape of `data`; None to begin afresh.
    spread : float
        Rms radius of the PSF along one axis in pixels; 0 if not known.
    frames : Tensor or None
        Frames of a burst laid over each other, shape (N, *frame), `data` being their mean, where
        the method looks at them apart; None else.
    survey : tuple of float or None
        What the method took of the whole picture, where this is a part of it.
    """

    data: Tensor
    weights: Tensor | None
    blur: Blur
    fidelity: Fidelity
    window: tuple[slice, ...]
    noise: float
    mean: float
    scale: float = 1.0
    unclear: bool = False
    near: bool = False
    masked: bool = True
    graded: bool = False
    start: Tensor | None = None
    spread: float = 0.0
    frames: Tensor | None = None
    survey: tuple[float, ...] | None = None

    @property
    def ndim(self) -> int:
        """Number of axes that the blur acts on."""
        return len(self.blur.grid)

    def crop(self, x: Tensor) -> Tensor:
        """Return the view of the frame in a tensor on the grid."""
        index: tuple[Any, ...] = (..., *self.window)
        return x[index]

    def misfit(self, u: Tensor) -> Tensor:
        """Return the data term of an estimate on the grid, ``f(H u; g)``."""
        return self.fidelity.misfit(self.blur(u), self.data, self.weights)

    def objective(self, u: Tensor, terms: Sequence[Term]) -> Tensor:
        """Return data term plus weighted penalties of an estimate on the grid."""
        value = self.misfit(u)
        for term in terms:
            penalty = term.prior.value(u, self.ndim)
            value = value + (penalty if term.prior.constraint else term.weight * penalty)
        return value
