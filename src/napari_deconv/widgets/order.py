"""What a dock asks a thread to do, and what the thread tells it on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_deconv.batch.running import Progress
from napari_deconv.methods.choosing import told

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from napari_deconv.doubts import Made
    from napari_deconv.evidence.band import Band
    from napari_deconv.evidence.disagreement import Disagreement
    from napari_deconv.evidence.passed import Passed
    from napari_deconv.evidence.rates import Light
    from napari_deconv.evidence.reference import Psnr
    from napari_deconv.methods.choosing import Curve
    from napari_deconv.recipe import Recipe

    Fetch = Callable[[], npt.NDArray[Any]]


ATTENUATION = (
    "The values look like attenuation: they lie around zero, many below it. "
    "A PSF measured on projections belongs to counts or transmission."
)


@dataclass(frozen=True)
class Order:
    """What to restore; arrays are fetched in the thread, for they may lie in files.

    Attributes
    ----------
    recipe : Recipe
    image : callable
        Returns the image, shape (H, W).
    psf : callable or None
        Returns the PSF; None if the recipe has one.
    psf_pixel : str or None
        Pixel size that the PSF is resampled from; None if it is used pixel by pixel.
    remarks : tuple of str
        What is to be said beside the run's own notes.
    reference : callable or None
        Returns the true image, of the image's shape.
    weights : callable or None
        Returns how much each pixel counts, of the image's shape.
    device : str
    region : tuple of slice or None
    asked : bool
        Whether the user has said what the grey values are.
    """

    recipe: Recipe
    image: Fetch
    psf: Fetch | None = None
    psf_pixel: str | None = None
    remarks: tuple[str, ...] = ()
    reference: Fetch | None = None
    weights: Fetch | None = None
    device: str = "auto"
    region: tuple[slice, slice] | None = None
    asked: bool = False


@dataclass(frozen=True)
class Begun:
    """Image and PSF were understood, and the iterations begin; what they take, if it is much."""

    recipe: Recipe
    notes: tuple[str, ...]
    device: str
    total: int
    forecast: str = ""


@dataclass(frozen=True)
class Noted:
    """Something happened on the way that changes how the rest is done."""

    notes: tuple[str, ...]
    total: int


@dataclass(frozen=True)
class Choosing:
    """The strength is being searched for."""

    trial: int
    trials: int
    image: npt.NDArray[np.float32] | None
    curve: Curve | None

    def __str__(self) -> str:
        """Return where the search is."""
        return told(self.trial, self.trials)


@dataclass(frozen=True)
class Chosen:
    """The strength was found, or changed on the way."""

    recipe: Recipe


@dataclass(frozen=True)
class View:
    """An estimate on its way, ready to be shown."""

    index: int
    total: int
    image: npt.NDArray[np.float32]
    objective: float
    psnr: Psnr | None
    seconds: float
    device: str


@dataclass(frozen=True)
class Filled:
    """How far a stack is.

    Attributes
    ----------
    slice : int or None
        The one that is being restored; None at the end.
    done, before, total : int
        Slices that are restored, that were when this run began, and of all.
    """

    slice: int | None
    done: int
    before: int
    total: int
    seconds: float
    device: str

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self.done == self.total

    def __str__(self) -> str:
        """Return it in one line: slices, rate, time left, device."""
        reached = Progress(self.done, self.total, self.done - self.before, self.seconds)
        return f"{reached} · {self.seconds:.1f} s · {self.device}"


@dataclass(frozen=True)
class Verdict:
    """Whether the result, blurred again, agrees with the data; what that does and doesn't mean."""

    text: str
    light: Light = "grey"
    meaning: str = ""


@dataclass(frozen=True)
class Question:
    """The grey values look like attenuation; nothing was done."""


@dataclass(frozen=True)
class Variation:
    """To restore a result again with its PSF narrower and wider.

    Attributes
    ----------
    order : Order
        That the result came of.
    recipe : Recipe
        The result's own, every automatic choice a number.
    result : ndarray
        Its picture.
    """

    order: Order
    recipe: Recipe
    result: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Varied:
    """How far the runs of variants are, such as other widths of the PSF.

    Attributes
    ----------
    index, total : int
        This is iteration (or what `counted` says) `index` of `total`.
    words : str
        What is varied.
    """

    index: int
    total: int
    seconds: float
    words: str
    counted: str = "iteration"


@dataclass(frozen=True)
class Banded:
    """The runs at other widths of the PSF have ended, and what lies between them."""

    band: Band


@dataclass(frozen=True)
class Mapped:
    """What a result, blurred again, leaves of the data, in sigma of the noise; NaN: not known."""

    residual: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Doubted:
    """The variants of a result were restored, and where they differ."""

    found: Disagreement
    passed: Passed | None

    @property
    def size(self) -> float:
        """Root mean square of the spread, in grey values."""
        return float((self.found.spread.astype(float) ** 2).mean() ** 0.5)


@dataclass(frozen=True)
class Opined(Doubted):
    """Another method has restored the same image: its result, and where the two differ.

    Attributes
    ----------
    made : Made
        The other method's result.
    """

    made: Made


@dataclass(frozen=True)
class Failure:
    """One sentence on what is wrong."""

    text: str


Message = (
    Begun
    | Noted
    | Choosing
    | Chosen
    | View
    | Filled
    | Verdict
    | Question
    | Varied
    | Banded
    | Mapped
    | Doubted
    | Failure
)
