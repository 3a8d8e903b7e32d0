"""What a recipe restores: the image itself, or the one picture that the frames of a burst make."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from napari_deconv.core.noise import gaussian_sigma
from napari_deconv.plan import Plan
from napari_deconv.psf.changing import Changing
from napari_deconv.psf.kernel import Kernel, understand
from napari_deconv.xray import frame as frames

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from napari_deconv.core.burst import Burst
    from napari_deconv.core.units import PixelSize
    from napari_deconv.psf.field import Field
    from napari_deconv.xray.defects import Floats
    from napari_deconv.xray.frame import Frame

P = TypeVar("P", bound=Plan)


@dataclass(frozen=True)
class Exposure(Generic[P]):
    """An image with its PSF, ready to be measured.

    Attributes
    ----------
    recipe : Plan
        With what was found of the frames of a burst.
    image : ndarray
        The image; of a burst, the merged picture.
    kernel : Kernel
        Its PSF.
    frame : Frame or None
        The merged picture as it is understood; None for a plain image.
    share : ndarray of float32, shape (H, W), or None
        How much of a burst's weight saw each pixel; None if all of it saw them all.
    exposures : float
        How many exposures the picture is worth.
    frames : ndarray of float32, shape (N, H, W), or None
        The frames of a burst laid over each other, where the method looks at them apart.
    field : Field or None
        PSFs of the frame's places, where one PSF does not hold for all of it.
    """

    recipe: P
    image: npt.NDArray[np.generic]
    kernel: Kernel
    frame: Frame | None = None
    share: Floats | None = None
    exposures: float = 1.0
    frames: Floats | None = None
    field: Field | None = None


def exposed(
    recipe: P,
    image: npt.NDArray[np.generic],
    size: PixelSize | None,
    device: torch.device,
) -> Exposure[P]:
    """Return what a recipe restores of an image.

    Raises
    ------
    ValueError
        In one sentence, if PSF and image don't fit, or the image is no burst.
    """
    assert recipe.psf is not None
    if isinstance(recipe.psf, Changing):
        return _changing(recipe, recipe.psf, image, size)
    psf = recipe.psf.kernel(size)
    if psf.ndim == 2 or recipe.burst is not None:
        frames.check_grey(image)
    if recipe.burst is not None:
        if psf.ndim == 3 and recipe.psf.remarks(size):
            raise ValueError(
                "The PSFs of a burst's frames are taken at the image's pixels; resample each of "
                "them before, or leave out their pixel size."
            )
        merged = _merged(recipe, recipe.burst, image, psf, device)
        return replace(merged, kernel=_remarked(merged.kernel, recipe, size))
    check_axes(psf.ndim, image.ndim)
    kernel = understand(psf, recipe.centre)
    return Exposure(recipe, image, _remarked(kernel, recipe, size))


def _changing(
    recipe: P, psf: Changing, image: npt.NDArray[np.generic], size: PixelSize | None
) -> Exposure[P]:
    """Return an image with PSFs that change over it."""
    frames.check_grey(image)
    if recipe.burst is not None:
        raise ValueError("The frames of a burst take one PSF each, the same all over the picture.")
    field = psf.field(image.shape[-2:], size, recipe.centre)
    kernel = understand(field.middle(image.shape[-2:]))
    return Exposure(recipe, image, kernel, field=field)


def check_axes(psf: int, image: int) -> None:
    """Refuse a PSF of more axes than its image.

    Raises
    ------
    ValueError
        In one sentence.
    """
    if psf > image:
        raise ValueError(
            f"The PSF has {psf} axes, the image {image}; "
            "choose a PSF with as many axes as the image, or a 2-D one."
        )


def _remarked(kernel: Kernel, recipe: Plan, size: PixelSize | None) -> Kernel:
    """Return a kernel whose notes say as well what was done to sample it."""
    assert recipe.psf is not None
    return replace(kernel, notes=(*recipe.psf.remarks(size), *kernel.notes))


def check_burst(image: npt.NDArray[np.generic]) -> None:
    """Refuse what holds no frames.

    Raises
    ------
    ValueError
        In one sentence, if the image is no stack of two frames or more.
    """
    if image.ndim != 3 or len(image) < 2:
        shape = " × ".join(map(str, image.shape))
        raise ValueError(
            f"A burst is a stack of two frames or more; this image is {shape}: "
            "give all frames, or take 'burst' out of the recipe."
        )


def look(burst: Burst, image: npt.NDArray[np.generic]) -> tuple[Burst, float]:
    """Return a burst with what was found of its frames, and the noise of the merged picture.

    Parameters
    ----------
    burst : Burst
    image : ndarray, shape (N, H, W)
        The frames, of one PSF.
    """
    import torch

    taken = _Frames.of(image)
    found = burst.measured(taken.values, taken.valid)
    weights = found.weights(taken.scale)
    picture, share = taken.mean(found, weights, torch.device("cpu"))
    return found, gaussian_sigma(picture.numpy(), share.numpy() == 1)


def _merged(
    recipe: P,
    burst: Burst,
    image: npt.NDArray[np.generic],
    psf: npt.NDArray[np.float64],
    device: torch.device,
) -> Exposure[P]:
    """Return the one picture and the one PSF that stand for a burst."""
    check_burst(image)
    if psf.ndim == 3 and len(psf) != len(image):
        raise ValueError(
            f"There are {len(psf)} PSFs for {len(image)} frames; give one for all, or one each."
        )
    apart = recipe.method.frames()
    if apart and psf.ndim == 3:
        raise ValueError(
            f"{recipe.method.key()} with this model knows one PSF for all frames: give one, or "
            "choose another model or method."
        )
    kernels = [understand(each, recipe.centre) for each in (psf if psf.ndim == 3 else [psf])]
    taken = _Frames.of(image)
    arrays = [kernel.array for kernel in kernels] if psf.ndim == 3 else None
    burst = (burst.moving() if apart else burst).measured(taken.values, taken.valid, arrays)
    weights = burst.weights(taken.scale)
    picture, share = taken.mean(burst, weights, device)
    kernel = kernels[0]
    if arrays is not None:
        picture, kernel = taken.summed(burst, weights, (picture, arrays), kernels)
    values, seen = picture.cpu().numpy(), share.cpu().numpy()
    everywhere = bool((seen == 1).all())
    sigmas = [one.noise for one in burst.found if not one.doubt]
    after = gaussian_sigma(values, seen == 1)
    notes = [burst.summary(float(np.median(sigmas)), after)]
    if unseen := int((seen == 0).sum()):
        notes.append(f"{unseen} pixels that no frame saw masked.")
    frame = frames.Frame(values, seen > 0 if unseen else None, tuple(notes))
    return Exposure(
        recipe.model_copy(update={"burst": burst}),
        values,
        kernel,
        frame,
        None if everywhere else seen,
        burst.exposures(taken.scale),
        taken.apart(burst, weights, apart, picture) if apart else None,
    )


@dataclass(frozen=True)
class _Frames:
    """The frames of a burst, each understood by itself."""

    values: list[Floats]
    valid: list[npt.NDArray[np.bool_] | None]
    scale: float

    @classmethod
    def of(cls, image: npt.NDArray[np.generic]) -> _Frames:
        taken = [_understood(plane) for plane in image]
        low, high = np.percentile(np.stack([frame.values for frame in taken]), (0.1, 99.9))
        return cls(
            [frame.values for frame in taken], [frame.valid for frame in taken], float(high - low)
        )

    def mean(
        self, burst: Burst, weights: tuple[float, ...], device: torch.device
    ) -> tuple[Tensor, Tensor]:
        """Return the mean of the aligned frames and the share of them that saw each pixel."""
        from napari_deconv.core import merging

        return merging.mean(lambda index: self._aligned(burst, index, device), weights)

    def apart(self, burst: Burst, weights: tuple[float, ...], number: int, mean: Tensor) -> Floats:
        """Return the aligned frames, the reference first; where one saw nothing, the mean.

        Of more frames than so many, each is the mean of every so many-th.

        Raises
        ------
        ValueError
            In one sentence, if fewer than that can be laid over each other.
        """
        from napari_deconv.core import merging

        kept = [index for index, weight in enumerate(weights) if weight > 0]
        kept.sort(key=lambda index: index != burst.reference)
        if len(kept) < number:
            raise ValueError(
                f"The model looks at {number} frames of a burst, and {len(kept)} of this one "
                "belong together: take more frames, or choose another model or method."
            )
        found = np.empty((number, *mean.shape), np.float32)
        for place in range(number):
            group = kept[place::number]
            only = [weight * (index in group) for index, weight in enumerate(weights)]
            frame, share = merging.mean(lambda i: self._aligned(burst, i, mean.device), only)
            found[place] = frame.where(share > 0, mean).cpu().numpy()
        return found

    def summed(
        self,
        burst: Burst,
        weights: tuple[float, ...],
        known: tuple[Tensor, list[Floats]],
        kernels: list[Kernel],
    ) -> tuple[Tensor, Kernel]:
        """Return the picture and the PSF that stand for frames of different PSFs."""
        import torch

        from napari_deconv.core.merging import FourierSums

        mean, arrays = known
        given = [torch.from_numpy(array).to(mean) for array in arrays]
        sums = FourierSums(given, weights, (mean.shape[0], mean.shape[1]))

        def filled(index: int) -> Tensor:
            frame, valid = self._aligned(burst, index, mean.device)
            return torch.where(valid, frame, mean)

        notes = tuple(dict.fromkeys(note for kernel in kernels for note in kernel.notes))
        array = sums.kernel.cpu().numpy()
        return sums.picture(filled), Kernel(array, (0.0, 0.0), 1.0, notes)

    def _aligned(self, burst: Burst, index: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Return a frame laid over the reference, on its grey scale, and where it measured."""
        import torch

        from napari_deconv.core.merging import seen, shifted

        found, mask = burst.found[index], self.valid[index]
        back = (-found.shift[0], -found.shift[1])
        frame = torch.from_numpy(self.values[index]).to(device) / found.gain
        valid = torch.ones(frame.shape, dtype=torch.bool, device=device)
        if mask is not None:
            valid = torch.from_numpy(mask).to(device)
        return shifted(frame, back), seen(valid, back)


def _understood(plane: npt.NDArray[np.generic]) -> Frame:
    """Return a frame; one without a single measurement is all masked."""
    if plane.dtype.kind == "f" and not np.isfinite(plane).any():
        return frames.Frame(np.zeros(plane.shape, np.float32), np.zeros(plane.shape, bool), ())
    return frames.understand(plane)
