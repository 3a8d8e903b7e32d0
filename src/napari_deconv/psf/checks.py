"""What looks odd of a PSF, a sentence each with what to do: by itself, and on its image."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from napari_deconv.core.noise import gaussian_sigma
from napari_deconv.core.units import PixelSize

if TYPE_CHECKING:
    from collections.abc import Sequence

Centre = Literal["middle", "centroid", "peak"]
Floats = npt.NDArray[np.floating]

TOLERATED_SHIFT = 0.25
"""Pixels by which a centroid may lie off the middle without being named."""
EVEN_SHIFT = 1.25
"""Pixels up to which a shift is put down to an even size, whose middle lies between two pixels."""
REMEDY = "choose the centre 'centroid'"
"""What is said of a PSF that moves the picture."""
LOBES = 1e-3
"""Share of negative values that is not worth a word."""
RIM = 0.01
"""Share of the energy on the outermost pixels above which a PSF counts as cut off."""
NOISE = 0.05
"""Noise around a PSF, added up as a share of its sum, above which it is named."""
NOISE_SIDE = 15
"""Least side of a PSF around which there is room to measure noise."""
ALIKE = 1e-3
"""Pixel sizes that differ by a smaller share are one."""


def alike(one: PixelSize, other: PixelSize, axes: int) -> bool:
    """Return whether two pixel sizes are the same along the last axes."""
    sides = zip(one.along(axes, "nm"), other.along(axes, "nm"), strict=True)
    return all(math.isclose(a, b, rel_tol=ALIKE) for a, b in sides)


def of_itself(
    psf: Floats, given_sum: float, shift: Sequence[float], centre: Centre
) -> tuple[str, ...]:
    """Return what looks odd of a PSF.

    Parameters
    ----------
    psf : ndarray, 2-D or 3-D
        Of sum 1, as it was given otherwise.
    given_sum : float
        Its sum before.
    shift : sequence of float
        Its centroid less its middle, in pixels.
    centre : {"middle", "centroid", "peak"}
        Which point of it is the origin.
    """
    said = []
    if abs(given_sum - 1) > 1e-3:
        said.append(f"The PSF summed to {given_sum:.4g}; it was normalised to 1.")
    noise = noise_share(psf)
    if (share := lobes(psf)) > max(LOBES, noise):  # noise is below zero here and there
        said.append(
            f"The PSF has negative values ({share:.1%} of its sum), as no blur of intensities has; "
            "set them to 0 unless they are meant."
        )
    if (share := rim_share(psf)) > RIM:
        said.append(
            f"The PSF seems cut off: {share:.0%} of its sum lies on its rim; take a larger piece "
            "of it, or take off the grey it stands on."
        )
    if noise > NOISE:
        said.append(
            f"The PSF is noisy: the noise around it adds up to {noise:.0%} of its sum; average "
            "more points, or fit a shape in the PSF dock."
        )
    return (*said, *_off_centre(psf, shift, centre))


def on_image(
    shape: Sequence[int], widths: Sequence[float], image: Sequence[int], region: Sequence[int]
) -> tuple[str, ...]:
    """Return what looks odd of a PSF on an image, of which a region is restored.

    Parameters
    ----------
    shape : sequence of int
        The PSF's.
    widths : sequence of float
        Its full widths at half maximum, in pixels.
    image, region : sequence of int
        Sizes along the axes of the PSF.
    """
    if any(n > size for n, size in zip(shape, image, strict=True)):
        return (
            f"The PSF, {_times(shape)} px, is larger than the image, {_times(image)} px: much of "
            "what it mixes lies beyond the border; take a larger image, or crop the PSF to its "
            "core.",
        )
    if any(width > size for width, size in zip(widths, region, strict=True)):
        rounded = [round(width) for width in widths]
        return (
            f"The PSF is {_times(rounded)} px wide, wider than the region, {_times(region)} px; "
            "restore a larger region.",
        )
    return ()


def on_pixels(psf: PixelSize, image: PixelSize | None, axes: int) -> tuple[str, ...]:
    """Say so if a PSF is sampled at another pixel size than the image; see `psf.resampling`."""
    if image is None:
        return (
            f"The PSF was sampled at {psf}, but the image's pixel size is not known; it is used "
            "pixel by pixel, unless you give the image its own.",
        )
    if alike(psf, image, axes):
        return ()
    return (f"The PSF was sampled at {psf}, the image at {image}; it is used pixel by pixel.",)


def lobes(psf: Floats) -> float:
    """Return the sum of the negative values, as a positive number."""
    return float(-psf[psf < 0].sum())


def rim_share(psf: Floats) -> float:
    """Return the share of the energy on the outermost pixels; 0 for a PSF that is mostly rim."""
    if min(psf.shape) < 5:
        return 0.0
    inner = psf[tuple(slice(1, -1) for _ in psf.shape)]
    return float(1 - inner.sum())


def noise_share(psf: Floats) -> float:
    """Return the sum of all noise, without its signs, judged by that around the PSF."""
    if min(psf.shape) < NOISE_SIDE:
        return 0.0
    around = np.ones(psf.shape, bool)
    around[tuple(slice(n // 4, n - n // 4) for n in psf.shape)] = False
    return gaussian_sigma(psf.astype(np.float64), around) * psf.size * math.sqrt(2 / math.pi)


def _off_centre(psf: Floats, shift: Sequence[float], centre: Centre) -> tuple[str, ...]:
    """Return how far the picture moves, and whether an even size is why."""
    if centre == "centroid":
        return ()
    even = all(
        abs(s) <= TOLERATED_SHIFT or (n % 2 == 0 and 0 < s <= EVEN_SHIFT)
        for s, n in zip(shift, psf.shape, strict=True)
    )
    size = f"has an even number of pixels ({_times(psf.shape)})"
    if centre == "peak":
        highest = np.argwhere(psf >= psf.max() * (1 - 1e-6))
        moved = highest.mean(axis=0) - highest[0]
        if not even or abs(moved).max() <= TOLERATED_SHIFT:
            return ()
        return (
            f"The PSF {size} and several highest ones side by side, of which the first is taken: "
            f"the picture moves by {vector(moved)} px; {REMEDY}.",
        )
    if max(map(abs, shift)) <= TOLERATED_SHIFT:
        return ()
    if even:
        return (
            f"The PSF {size}, so that its centroid lies {vector(shift)} px from its middle pixel "
            f"and the picture moves by as much; {REMEDY}, or give odd sizes.",
        )
    return (
        f"The PSF's centroid lies {vector(shift)} px from its middle, so the picture moves by as "
        f"much; {REMEDY} unless the PSF is truly lopsided.",
    )


def vector(values: Sequence[float] | npt.NDArray[np.floating]) -> str:
    """Return lengths along the axes, with their signs."""
    return "(" + ", ".join(f"{value:+.2f}" for value in values) + ")"


def _times(sizes: Sequence[int]) -> str:
    return " × ".join(map(str, sizes))
