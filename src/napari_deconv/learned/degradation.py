"""From sharp scenes to blurred, noisy ones, as a detector sees them: pairs to learn from."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn import functional

from napari_deconv.core.merging import shifted
from napari_deconv.core.operators import Blur
from napari_deconv.core.params import Declared, OneOf
from napari_deconv.core.scale import RANGE
from napari_deconv.learned.motion import displacements, warped
from napari_deconv.learned.random_psfs import random_psf
from napari_deconv.learned.scenes import Crop
from napari_deconv.learned.view import View, seen
from napari_deconv.psf.sampling import Psf

Rng = np.random.Generator

FAINT = 8e-4
"""Noise below this share of the grey range is next to none."""
PATTERN = (3e-4, 8e-3)
"""How strong fine patterns are that noise is mistaken for: of lattices and stars, as measured."""
VARIED = 0.15
"""How much gain and read noise of a scanner may differ from what was measured, relative."""
MANY = 1e-9
"""Grey values per photon below which counts are so many that they are as good as normal."""


class Pairs(NamedTuple):
    """A batch to learn from, less the mean and in units where the grey range is 1.

    Attributes
    ----------
    view : View
        What the model is shown.
    truth : Tensor, shape (B, 1, H, W)
    """

    view: View
    truth: Tensor

    def to(self, device: torch.device) -> Pairs:
        """Return the batch on a device."""
        if device.type == "cpu":
            return self
        view = self.view
        names = ["data", "blur", "sigma", "noise", "known"] + ["frames"] * (view.frames is not None)
        parts = {name: getattr(view, name).to(device) for name in names}
        moved = Pairs(replace(view, shown=None, **parts), self.truth.to(device))
        return moved if view.shown is None else moved.lasting()

    def lasting(self) -> Pairs:
        """Return the same pairs, to be looked at many times."""
        return self._replace(view=self.view.lasting())

    def ranges(self) -> tuple[Tensor, Tensor]:
        """Return mean and range of the grey values of each frame, as methods take them.

        Both of shape (B, 1, 1, 1), on the processor.
        """
        frames = self.view.crop(self.view.data).flatten(1).numpy()
        low, high = np.percentile(frames, RANGE, axis=1)
        spans = np.maximum(high - low, 1e-6)
        mean, span = (torch.from_numpy(x.astype(np.float32)) for x in (frames.mean(1), spans))
        return mean.view(-1, 1, 1, 1), span.view(-1, 1, 1, 1)

    def as_shown(self) -> Pairs:
        """Return the same pairs less each frame's mean, in units of its range, as `restore` has it.

        Drawn pairs are less the mean and in units of the range of the whole sharp scene. Nobody
        knows these of a scan, and of a small frame its own can be far from them.
        """
        mean, span = self.ranges()
        return Pairs(self.view.less(mean).scaled(1 / span), (self.truth - mean) / span)


class Degradation(Declared):
    """What happens to a scene on its way: blur without assumptions beyond the border, noise."""

    psf: Annotated[Psf, OneOf("psf")] | None = Field(
        None, description="PSF to learn for; none for random ones of many families."
    )
    blurred: bool = Field(True, description="Whether there is a blur at all.")
    jitter: float = Field(
        0.15, ge=0, lt=1, description="How much wider or narrower a given PSF may be, relative."
    )
    support: int = Field(
        49, ge=3, le=255, description="Side of the PSF, odd.", json_schema_extra={"unit": "px"}
    )
    weakest: float = Field(
        1e-5, gt=0, description="Least noise sigma.", json_schema_extra={"unit": "of range"}
    )
    strongest: float = Field(
        0.1, gt=0, description="Greatest noise sigma.", json_schema_extra={"unit": "of range"}
    )
    faint: float = Field(
        0.3,
        ge=0,
        le=1,
        description="Share of pairs with next to no noise, below 8e-4 of the range.",
    )
    alike: float = Field(
        0.4, ge=0, le=1, description="Share of pairs whose noise is told as alike everywhere."
    )
    mistaken: float = Field(
        0.2,
        ge=0,
        le=1,
        description="Share of pairs whose noise is told too large, as where it was measured on "
        "fine patterns.",
    )
    frames: int = Field(1, ge=1, le=64, description="Frames of a burst.")
    shift: float = Field(
        6.0,
        ge=0,
        description="How far a burst's frames lie from the first at most, along each axis.",
        json_schema_extra={"unit": "px"},
    )
    misplaced: float = Field(
        0.05,
        ge=0,
        description="What registration leaves of a frame's shift: its sigma along each axis.",
        json_schema_extra={"unit": "px"},
    )
    motion: float = Field(
        0.0,
        ge=0,
        le=20,
        description="How far parts of the scene move by themselves between frames, at most: the "
        "rms of a smooth random field.",
        json_schema_extra={"unit": "px"},
    )
    motion_length: float = Field(
        24.0,
        ge=4,
        description="Over what length that motion changes.",
        json_schema_extra={"unit": "px"},
    )
    gain: float | None = Field(
        None,
        ge=0,
        description="Variance per grey value of a scanner whose noise is known, where scenes go "
        "from 0 to 1; none for any noise.",
    )
    read: float | None = Field(
        None, ge=0, description="Its noise in the dark, as standard deviation; goes with gain."
    )

    @model_validator(mode="after")
    def _knows_both(self) -> Degradation:
        if (self.gain is None) != (self.read is None):
            raise ValueError("Noise that was measured has gain and read noise: give both.")
        return self

    @model_validator(mode="after")
    def _is_of_a_picture(self) -> Degradation:
        if self.psf is not None:
            sampled(self.psf)  # refuses what is not
        return self

    def pairs(self, crops: list[Crop], rngs: list[Rng]) -> Pairs:
        """Return what becomes of crops, each by its own random numbers.

        Crops are larger than the frame by ``support - 1``: what lies beyond the border reaches in.
        """
        made = [self._pair(crop, rng) for crop, rng in zip(crops, rngs, strict=True)]
        frame, truth, kernel, sigma, apart = zip(*made, strict=True)
        view = seen(torch.stack(frame), kernel, torch.stack(sigma))
        if self.frames > 1:
            view = replace(view, frames=torch.stack(apart))
        return Pairs(view, torch.stack(truth))

    def sigma(self, rng: Rng) -> float:
        """Return a noise level, spread evenly over the orders of magnitude."""
        low, high = self.weakest, self.strongest
        if low < FAINT < high:
            low, high = (low, FAINT) if rng.random() < self.faint else (FAINT, high)
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))

    def noise(self, crop: Crop, rng: Rng) -> tuple[float, float]:
        """Return gain and read noise of a crop, in its grey values."""
        if self.gain is not None and self.read is not None:
            gain_off, read_off = np.exp(rng.normal(0, VARIED, 2))
            return self.gain * float(gain_off), self.read * float(read_off)
        size = self.sigma(rng)
        share = float(rng.uniform(0.001, 0.999))
        gain = share * (size * crop.scale) ** 2 / max(crop.mean, 0.02)
        return gain, float(np.sqrt(1 - share)) * size * crop.scale

    def kernel(self, rng: Rng) -> NDArray[Any]:
        """Return a PSF of shape (support, support)."""
        if not self.blurred:
            point = np.zeros((self.support,) * 2)
            point[self.support // 2, self.support // 2] = 1
            return point
        if self.psf is None:
            return random_psf(rng, self.support)
        return _fitted(sampled(self.psf), self.support, 1 + self.jitter * rng.uniform(-1, 1))

    def _apart(self, scene: Tensor, blur: Blur, rng: Rng) -> tuple[Tensor, Tensor]:
        """Return frames without noise, laid over the first, and 1 where each sees a pixel, else 0.

        Of a moved frame a border of the first is not seen. Shape (N, H, W).
        """
        edge = self.support // 2
        inner = (slice(edge, -edge), slice(edge, -edge))
        first = blur(scene)
        clean = [first[inner]]
        seen = [torch.ones_like(clean[0])]
        for _ in range(1, self.frames):
            rows, columns = (
                _inside(side, rng.uniform(-self.shift, self.shift)) for side in clean[0].shape
            )
            off = rng.normal(0, self.misplaced, 2)
            frame = blur(self._moved(scene, rng)) if self.motion else first
            clean.append(shifted(frame, (float(off[0]), float(off[1])))[inner])
            seen.append(rows[:, None] * columns)
        return torch.stack(clean).clamp(min=0), torch.stack(seen)

    def _moved(self, scene: Tensor, rng: Rng) -> Tensor:
        """Return a scene whose parts have moved."""
        shape = (scene.shape[0], scene.shape[1])
        size = rng.uniform(0, self.motion)
        return warped(scene, displacements(rng, shape, size, self.motion_length))

    def _pair(self, crop: Crop, rng: Rng) -> tuple[Tensor, ...]:
        """Return frame (of a burst, the mean), truth, PSF, told noise of one crop, and frames."""
        kernel = torch.from_numpy(self.kernel(rng).astype(np.float32))
        scene, edge = torch.from_numpy(crop.values).float(), self.support // 2
        gain, read = self.noise(crop, rng)
        clean, seen = self._apart(scene, Blur(kernel, (scene.shape[0], scene.shape[1])), rng)
        frames = torch.stack([_exposed(one, gain, read, rng) for one in clean])
        count = seen.sum(0)
        frame = (frames * seen).sum(0) / count
        frames = torch.where(seen > 0, frames, frame)
        told = float(np.exp(rng.normal(0, 0.08)))
        variance = _averaged(frame).clamp(min=0) * gain + read**2
        if rng.random() < self.alike:
            variance = variance.mean().expand_as(variance)
        sigma = variance.sqrt() * (told / crop.scale) / count.sqrt()
        if rng.random() < self.mistaken:
            sigma = torch.hypot(sigma, sigma.new_tensor(_pattern(rng)))
        truth = scene[edge:-edge, edge:-edge]
        frame, truth, frames = ((x - crop.mean) / crop.scale for x in (frame, truth, frames))
        return frame[None], truth[None], kernel, sigma[None], frames


def _pattern(rng: Rng) -> float:
    """Return how strong a fine pattern is that is taken for noise."""
    return float(np.exp(rng.uniform(*np.log(PATTERN))))


def _exposed(clean: Tensor, gain: float, read: float, rng: Rng) -> Tensor:
    """Return counted photons and read noise: ``gain Poisson(clean / gain) + N(0, read^2)``."""
    array = clean.numpy().astype(np.float64)
    if gain > MANY:
        counted = rng.poisson(array / gain) * gain
    else:
        counted = array + np.sqrt(gain * array) * rng.normal(size=array.shape)
    noisy = counted + rng.normal(size=array.shape) * read
    return torch.from_numpy(noisy.astype(np.float32))


def _inside(side: int, shift: float) -> Tensor:
    """Return 1 for each of a row's pixels that a frame moved by so much still sees, else 0."""
    at = torch.arange(side) - shift
    return ((at >= 0) & (at <= side - 1)).float()


def _averaged(frame: Tensor) -> Tensor:
    """Return the mean over 3 x 3 pixels, as the noise model's weights take it."""
    return functional.avg_pool2d(frame[None], 3, 1, 1, count_include_pad=False)[0]


@lru_cache(maxsize=8)
def sampled(psf: Psf) -> NDArray[Any]:
    """Return a PSF on its pixels: sampled once, for with a tail it takes longer than all else.

    Raises
    ------
    ValueError
        If it is none of a picture, or its lengths are not in pixels.
    """
    kernel = psf.kernel()
    if kernel.ndim != 2:
        raise ValueError("The PSF is one of a volume: give a 2-D one.")
    kernel.flags.writeable = False
    return kernel


def _fitted(kernel: NDArray[Any], side: int, factor: float) -> NDArray[Any]:
    """Return a PSF `factor` times as wide on a grid of another side, of sum 1."""
    from scipy.ndimage import map_coordinates

    at = (np.arange(side) - side // 2) / factor
    places = np.meshgrid(*(at + (n - 1) // 2 for n in kernel.shape), indexing="ij")
    widened = np.clip(map_coordinates(kernel, places, order=1), 0, None)
    result: NDArray[Any] = widened / widened.sum()
    return result
