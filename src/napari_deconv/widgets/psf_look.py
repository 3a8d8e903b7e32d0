"""Look at a PSF as an image will use it, in a thread: what it is, and what is odd of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_deconv.exposures import check_axes
from napari_deconv.psf.checks import REMEDY, TOLERATED_SHIFT, on_pixels
from napari_deconv.psf.kernel import Kernel, understand
from napari_deconv.psf.resampling import resampled

if TYPE_CHECKING:
    import numpy.typing as npt

    from napari_deconv.core.units import PixelSize
    from napari_deconv.psf.checks import Centre

    Fetch = Callable[[], npt.NDArray[Any]]


@dataclass(frozen=True)
class Glance:
    """A PSF, and what it is to be used for.

    Attributes
    ----------
    fetch : callable
        Returns the PSF as an array; it runs in a thread.
    centre : {"middle", "centroid", "peak"}
        Which point of it is its origin.
    image : PixelSize or None
        Pixel size of the image.
    own : PixelSize or None
        Pixel size that the PSF is sampled at, if it says.
    resample : bool
        Whether the user wants it resampled to the image's pixels.
    axes : int
        Most axes that it may have.
    nameless : tuple of str
        What is to be said of a scale that has no unit.
    """

    fetch: Fetch
    centre: Centre
    image: PixelSize | None
    own: PixelSize | None = None
    resample: bool = False
    axes: int = 2
    nameless: tuple[str, ...] = ()


@dataclass(frozen=True)
class Looked:
    """What was seen of a PSF.

    Attributes
    ----------
    line : str
        Size, width, sum and centre.
    notes : tuple of str
        What is odd, a sentence each.
    off : bool
        Whether centring it would help.
    unlike : bool
        Whether its pixels have another size than the image's.
    shape, widths : tuple
        Of the PSF as it is used, in pixels.
    """

    line: str
    notes: tuple[str, ...]
    off: bool
    unlike: bool
    shape: tuple[int, ...]
    widths: tuple[float, ...]


def look(glance: Glance) -> Looked:
    """Return what is seen of a PSF.

    Raises
    ------
    ValueError
        In one sentence, if it is none, or none for this image.
    """
    array = glance.fetch()
    if array.ndim == 4:
        return _grid(array, glance.centre)
    check_axes(array.ndim, glance.axes)
    own, image = glance.own, glance.image
    said = () if own is None else on_pixels(own, image, 2)
    unlike = bool(said) and image is not None
    resample = unlike and glance.resample
    if resample and own is not None and image is not None:
        array = resampled(array, own, image)
    kernel = understand(array, glance.centre)
    line = described(kernel, glance.centre, image)
    return Looked(
        line + f" · resampled from {own}" if resample else line,
        (*(() if resample else said), *glance.nameless, *kernel.notes),
        glance.centre != "centroid" and any(REMEDY in note for note in kernel.notes),
        unlike,
        tuple(map(int, kernel.array.shape)),
        kernel.widths,
    )


def _grid(array: npt.NDArray[Any], centre: Centre) -> Looked:
    """Return what is seen of PSFs at several places."""
    if array.size == 0:
        raise ValueError(f"The grid of PSFs has shape {array.shape}; it is empty.")
    kernels = [understand(psf, centre) for psf in array.reshape(-1, *array.shape[2:])]
    middle = kernels[len(kernels) // 2]
    widths = [max(kernel.widths) for kernel in kernels]
    rows, columns, *sides = array.shape
    line = (
        f"{rows} × {columns} PSFs of {' × '.join(map(str, sides))} px, FWHM {min(widths):.3g} to "
        f"{max(widths):.3g} px, evenly spread over the image"
    )
    off = [kernel for kernel in kernels if any(REMEDY in note for note in kernel.notes)]
    notes = tuple(dict.fromkeys(note for kernel in kernels for note in kernel.notes))[:3]
    shape = tuple(map(int, middle.array.shape))
    return Looked(line, notes, centre != "centroid" and bool(off), False, shape, middle.widths)


def described(kernel: Kernel, centre: Centre, size: PixelSize | None) -> str:
    """Return size, width, sum and centre in one line; widths in the image's unit if known."""
    unit, sides = "px", (1.0,) * kernel.array.ndim
    if size is not None:
        unit, sides = size.unit, size.along(kernel.array.ndim, size.unit)
    widths = " × ".join(
        f"{width * side:.3g}" for width, side in zip(kernel.widths, sides, strict=True)
    )
    moved = max(map(abs, kernel.shift)) > TOLERATED_SHIFT
    if centre == "middle":
        place = "off centre" if moved else "centred"
    else:
        place = f"centred on its {centre}"
    return " · ".join(
        (
            " × ".join(map(str, kernel.array.shape)) + " px",
            f"FWHM {widths} {unit}",
            f"sum {kernel.given_sum:.4g}",
            place,
        )
    )
