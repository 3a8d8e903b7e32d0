"""What a burst is worth: one frame, the mean of all, the aligned mean, weighted Fourier sums.

    python benchmarks/burst.py [--markdown]

Frames of a simulated radiograph, each moved by up to 3 px and blurred in its own way before it is
cut out of a larger scene, with white noise of a share of the grey range. PSNR with K the maximum
of the truth, 8 px of the border left out; the strength is the automatic one, and beside it the best
of a grid around it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve
from table import parser, show

import napari_deconv as nd
from napari_deconv import samples
from napari_deconv.psf.shapes import GaussianPsf

SIDE, BORDER, FAR = 512, 64, 3.0
"""Of the scene, what is cut off around it, and the largest shift, in pixels."""
FRAMES = 4
PARTS: tuple[samples.PartName, ...] = ("bearing", "weld")
SEEDS = (0, 1)
FACTORS = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0)
"""Strengths of the grid, in automatic ones."""


class Case(NamedTuple):
    """PSFs of the frames, and their noise as a share of the grey range."""

    name: str
    psfs: tuple[NDArray[np.floating], ...]
    noise: tuple[float, ...]


class Burst(NamedTuple):
    """Frames, their PSFs, the truth, and where the frames lie."""

    frames: NDArray[np.float32]
    psfs: NDArray[np.floating]
    truth: NDArray[np.floating]
    shifts: list[tuple[float, float]]


def gaussian(sigma: float) -> NDArray[np.floating]:
    """Return a Gaussian on 25 x 25 pixels."""
    psf = GaussianPsf(sigma=sigma).kernel()
    wide = np.pad(psf, 13)
    middle = len(wide) // 2
    cut = wide[middle - 12 : middle + 13, middle - 12 : middle + 13]
    return cut / cut.sum()


def smear(length: float, degrees: float) -> NDArray[np.floating]:
    """Return a line through the middle of 25 x 25 pixels: motion while a frame was taken."""
    y, x = np.mgrid[:25, :25] - 12.0
    turn = np.deg2rad(degrees)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    line = np.clip(length / 2 + 0.5 - abs(along), 0, 1) * np.clip(1 - abs(across), 0, 1)
    return line / line.sum()


CASES = (
    Case("alike", (gaussian(2),) * FRAMES, (0.02,) * FRAMES),
    Case("alike, more noise", (gaussian(2),) * FRAMES, (0.05,) * FRAMES),
    Case("noise 1:4", (gaussian(2),) * FRAMES, (0.02, 0.04, 0.06, 0.08)),
    Case("widths 1.5 to 3 px", tuple(map(gaussian, (1.5, 2, 2.5, 3))), (0.02,) * FRAMES),
    Case(
        "smeared 9 px each its way",
        tuple(smear(9, degrees) for degrees in (0, 45, 90, 135)),
        (0.02,) * FRAMES,
    ),
)


def taken(case: Case, part: samples.PartName, seed: int, side: int = SIDE) -> Burst:
    """Return the frames of a case."""
    rng = np.random.default_rng(seed)
    scene = samples.radiograph((side, side), part=part).truth.astype(np.float64)
    cut = (slice(BORDER, -BORDER), slice(BORDER, -BORDER))
    shifts = [(0.0, 0.0)]
    shifts += [(float(d), float(r)) for d, r in rng.uniform(-FAR, FAR, (len(case.psfs) - 1, 2))]
    frames = []
    for psf, share, shift in zip(case.psfs, case.noise, shifts, strict=True):
        blurred = fftconvolve(np.pad(scene, 16, mode="edge"), psf, mode="same")[16:-16, 16:-16]
        phase = np.fft.fftfreq(side)[:, None] * shift[0] + np.fft.rfftfreq(side) * shift[1]
        moved = np.fft.irfft2(np.fft.rfft2(blurred) * np.exp(-2j * np.pi * phase), s=scene.shape)
        frame = moved[cut]
        frames.append(frame + rng.normal(0, share * np.ptp(scene), frame.shape))
    return Burst(np.asarray(frames, np.float32), np.stack(case.psfs), scene[cut], shifts)


def decibel(image: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Return the PSNR without the border."""
    inner = (slice(8, -8), slice(8, -8))
    error = np.mean((image - truth)[inner] ** 2)
    return float(10 * np.log10(truth.max() ** 2 / error))


def gains(burst: Burst, method: str) -> tuple[list[float], float]:
    """Return the PSNR of each way to use a burst, and the rms error of the shifts in pixels.

    One frame (the first, which is the best of its case), the mean without aligning, the aligned
    mean restored by the mean PSF, the weighted Fourier sums with shifts found and with shifts
    known.
    """
    frames, psfs, truth, shifts = burst
    mean_psf = psfs.mean(axis=0)
    plain, whole = nd.Recipe(method=method), nd.Recipe(method=method, burst={})
    sums = whole.run(frames, psf=psfs, device="cpu")
    known = [
        {**one.plain(), "shift": shift}
        for one, shift in zip(sums.recipe.burst.found, shifts, strict=True)
    ]
    told = nd.Recipe(method=method, burst={"reference": 0, "found": known})
    ways = (
        plain.run(frames[0], psf=psfs[0], device="cpu"),
        plain.run(frames.mean(axis=0), psf=mean_psf, device="cpu"),
        whole.run(frames, psf=mean_psf, device="cpu"),
        sums,
        told.run(frames, psf=psfs, device="cpu"),
    )
    found = np.array([one.shift for one in sums.recipe.burst.found])
    error = np.sqrt(np.mean((found - shifts)[1:] ** 2))
    return [decibel(way.image, truth) for way in ways], float(error)


def best(burst: Burst, method: str) -> tuple[float, float]:
    """Return the PSNR of one frame and of the Fourier sums, each at its best strength."""
    found = []
    for image, psf, plan in (
        (burst.frames[0], burst.psfs[0], None),
        (burst.frames, burst.psfs, {}),
    ):
        ready = nd.Recipe(method=method, burst=plan).begin(image, psf=psf, device="cpu")
        ready.choose()
        recipe = ready.recipe
        tried = [
            recipe.model_copy(update={"method": recipe.method.replace(weight=weight)})
            for weight in (factor * recipe.method.weight for factor in FACTORS)
        ]
        images = (each.run(image, device="cpu").image for each in tried)
        found.append(max(decibel(each, burst.truth) for each in images))
    return found[0], found[1]


def rows(method: str, side: int = SIDE) -> list[list[str]]:
    """Return a row for each case: means over parts and seeds."""
    table = []
    for case in CASES:
        measured = [
            gains(taken(case, part, seed, side), method) for part in PARTS for seed in SEEDS
        ]
        at_best = np.mean(
            [best(taken(case, part, SEEDS[0], side), method) for part in PARTS], axis=0
        )
        means = np.mean([values for values, _ in measured], axis=0)
        shift = np.sqrt(np.mean([error**2 for _, error in measured]))
        figures = [*means, means[3] - means[0], *at_best]
        table.append([case.name, *(f"{value:.2f}" for value in figures), f"{shift:.3f}"])
    return table


HEADER = [
    "frames",
    "one",
    "mean",
    "aligned mean",
    "Fourier sums",
    "shifts known",
    "sums - one",
    "one, best strength",
    "sums, best strength",
    "shift error (px)",
]


def main() -> None:
    """Print a table for each method."""
    markdown = parser(__doc__.splitlines()[0]).parse_args().markdown
    for method in ("tv", "tikhonov"):
        title = f"{method}: PSNR in dB, {FRAMES} frames, {SIDE - 2 * BORDER} px"
        show(title, HEADER, rows(method), markdown)


if __name__ == "__main__":
    main()
