"""Merge frames of one scene, moved, blurred and exposed differently, into one problem.

Frames ``g_i = S_i H_i u + n_i`` (S_i a shift, H_i a blur, n_i white noise of variance ``1/w_i``)
carry the misfit ``sum_i w_i/2 ||S_i H_i u - g_i||^2``. In Fourier space it is, up to a constant,

    1/2 sum_f P |u|^2 - Re(conj(u) B),   P = sum_i w_i |h_i|^2,   B = sum_i w_i conj(h_i s_i) g_i,

so that it hangs on the frames through P and B alone. Any h with ``|h|^2 = P / W`` and the data
``g = B / (W conj(h))``, ``W = sum_i w_i``, have the misfit ``W/2 ||h u - g||^2`` with the same P
and B: one picture, one PSF, white noise of variance ``1/W``, to which every method applies. The
phase of h is free. With that of ``sum_i w_i h_i``, and all h_i alike, h is that PSF itself and g
the aligned mean.

References
----------
L. P. Yaroslavsky, H. J. Caulfield, "Deconvolution of multiple images of the same object", Appl.
Opt. 33, 1994 (weighted sums of spectra); M. Elad, Y. Hel-Or, "A fast super-resolution
reconstruction algorithm for pure translational motion and common space-invariant blur", IEEE
Trans. Image Process. 10, 2001 (one blur: the aligned mean stands for the frames).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import torch

from napari_deconv.core.boundary import Edge, margins
from napari_deconv.core.operators import Blur, fast_length

if TYPE_CHECKING:
    from torch import Tensor

    Shift = tuple[float, float]
    Aligned = Callable[[int], tuple[Tensor, Tensor]]
    """Returns the frame of an index, aligned, and True where it holds a measurement."""

WRAP = 32
"""Least pixels over which one end of a picture fades into the other before a shift."""
LOST = 1e-4
"""Share of the equivalent PSF's energy that its array may leave out."""
FAINT = 1e-4
"""Response below which the frames hold nothing but noise: their mean stands for them there."""


def shifted(image: Tensor, shift: Shift) -> Tensor:
    """Return ``image(x - shift)``, band-limited: noise stays white, nothing is softened.

    Beyond a border the picture is taken for mirrored, fading into its other end.

    Parameters
    ----------
    image : Tensor, shape (..., H, W)
        Finite grey values.
    shift : tuple of float
        Pixels along the two axes.
    """
    if shift == (0.0, 0.0):
        return image
    rows, columns = image.shape[-2:]
    for axis, d in ((-2, shift[0]), (-1, shift[1])):
        image = _wrapped(image, axis, WRAP + 2 * math.ceil(abs(d)))
    spectrum: Tensor = torch.fft.rfft2(image)
    for axis, d, frequencies in (
        (-2, shift[0], torch.fft.fftfreq),
        (-1, shift[1], torch.fft.rfftfreq),
    ):
        f = frequencies(image.shape[axis], device=image.device, dtype=image.dtype)
        angle = -2 * math.pi * d * f
        # At the highest frequency only the real part of a shift is known.
        sine = angle.sin().masked_fill(f.abs() >= 0.5, 0.0)
        phase = torch.complex(angle.cos(), sine)
        spectrum = spectrum * (phase if axis == -1 else phase[:, None])
    moved: Tensor = torch.fft.irfft2(spectrum, s=image.shape[-2:])
    return moved[..., :rows, :columns]


def seen(valid: Tensor, shift: Shift) -> Tensor:
    """Return where a mask that moves by `shift` is still True: no pixel beside it is False.

    Parameters
    ----------
    valid : Tensor of bool, shape (H, W)
        True where the frame holds a measurement; beyond its border it holds none.
    shift : tuple of float
        As for `shifted`.
    """
    result = valid
    for axis, d in enumerate(shift):
        low, high = math.floor(d + 1e-3), math.ceil(d - 1e-3)
        moved = _rolled(result, low, axis)
        result = moved if low >= high else moved & _rolled(result, high, axis)
    return result


def blurred(image: Tensor, kernel: Tensor) -> Tensor:
    """Return a picture blurred, its border pixels repeated outwards; shape of `image`."""
    grid = tuple(fast_length(n + k) for n, k in zip(image.shape, kernel.shape, strict=True))
    whole = Blur(kernel, grid)(Edge().extend(image, grid, 0.0))
    return _framed(whole, tuple(image.shape))


def mean(aligned: Aligned, weights: Sequence[float]) -> tuple[Tensor, Tensor]:
    """Return the weighted mean of what the frames saw, and how much of the weight saw a pixel.

    Parameters
    ----------
    aligned : callable
        Returns a frame and where it holds measurements; it is called once for each.
    weights : sequence of float
        One over the variance of each frame's noise; 0 for a frame that is left out.

    Returns
    -------
    picture, share : Tensor, shape (H, W)
        Share is 1 where every frame saw the pixel, 0 where none did (the picture is what the
        frames were filled with there).
    """
    total, known, filled = None, None, None
    for index, weight in enumerate(weights):
        if weight == 0:
            continue
        frame, valid = aligned(index)
        weighted = valid * weight
        if total is None or known is None or filled is None:
            total, known, filled = frame * weighted, weighted, frame * weight
        else:
            total, known, filled = (
                total + frame * weighted,
                known + weighted,
                filled + frame * weight,
            )
    if total is None or known is None or filled is None:
        raise ValueError("No frame of the burst is left to merge.")
    whole = sum(weights)
    picture = torch.where(known > 0, total / known.clamp(min=1e-6 * whole), filled / whole)
    share = known / whole
    return picture, share.masked_fill(share > 1 - 1e-5, 1.0)  # exactly, whatever was rounded


class FourierSums:
    """The equivalent PSF h of frames with PSFs of their own, and their equivalent picture.

    Of the phase of ``sum_i w_i h_i`` and none at all, h has the one that keeps it more compact.

    Parameters
    ----------
    kernels : sequence of Tensor, shape (h, w)
        PSF of each frame, of sum 1, centred in its array.
    weights : sequence of float
        One over the variance of each frame's noise.
    frame : tuple of int
        Shape of the frames.

    Attributes
    ----------
    spectrum : Tensor
        Of the equivalent PSF, on the half spectrum of the padded grid.
    kernel : Tensor
        The equivalent PSF, of sum 1, its centre in the middle.
    """

    def __init__(
        self, kernels: Sequence[Tensor], weights: Sequence[float], frame: tuple[int, int]
    ) -> None:
        whole = sum(weights)
        self.frame = frame
        self.shares = [weight / whole for weight in weights]
        reach = [2 * max(k.shape[axis] for k in kernels) for axis in (0, 1)]
        self.grid = tuple(fast_length(n + r) for n, r in zip(frame, reach, strict=True))
        self.blurs = [Blur(kernel, self.grid) for kernel in kernels]
        power = torch.zeros_like(self.blurs[0].spectrum.real)
        average = torch.zeros_like(self.blurs[0].spectrum)
        for share, blur in zip(self.shares, self.blurs, strict=True):
            power = power + share * blur.power()
            average = average + share * blur.spectrum
        size, root = average.abs(), power.sqrt()
        known = size > FAINT
        phase = torch.where(known, average / size.clamp(min=FAINT), torch.ones_like(average))
        candidates = (root * phase, root.to(phase.dtype))
        made = [(h, self._cropped(h)) for h in candidates]
        self.spectrum, self.kernel = min(made, key=lambda pair: pair[1].numel())

    def _cropped(self, spectrum: Tensor) -> Tensor:
        """Return a PSF as the smallest odd array that leaves out `LOST` of its energy."""
        psf: Tensor = torch.fft.fftshift(torch.fft.irfft2(spectrum, s=self.grid))
        energy = psf.square()
        away = [(torch.arange(n, device=psf.device) - n // 2).abs() for n in self.grid]
        ring = torch.maximum(away[0][:, None], away[1])
        within = (
            torch.zeros(int(max(self.grid)) // 2 + 1, device=psf.device)
            .index_add_(0, ring.flatten(), energy.flatten())
            .cumsum(0)
        )
        reach = int((within < (1 - LOST) * within[-1]).sum())
        rows, columns = (min(reach, n // 2 - 1) for n in self.grid)
        r, c = (n // 2 for n in self.grid)
        part = psf[r - rows : r + rows + 1, c - columns : c + columns + 1]
        return part / part.sum()

    def picture(self, frames: Callable[[int], Tensor]) -> Tensor:
        """Return the equivalent data ``B / (W conj(h))``, shape (H, W).

        Parameters
        ----------
        frames : callable
            Returns the frame of an index, aligned and finite everywhere, shape (H, W).
        """
        total = torch.zeros_like(self.spectrum)
        known = self.spectrum.abs() > FAINT
        response = torch.where(known, self.spectrum.conj(), torch.ones_like(total))
        for index, (share, blur) in enumerate(zip(self.shares, self.blurs, strict=True)):
            if share > 0:
                extended = Edge().extend(frames(index), self.grid, 0.0)
                matched = torch.where(known, blur.spectrum.conj() / response, response)
                total = total + share * matched * blur.forward(extended)
        return _framed(torch.fft.irfft2(total, s=self.grid), self.frame)


def _framed(whole: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return the middle of a padded grid, of the shape of the frame."""
    for axis, (n, grid) in enumerate(zip(shape, whole.shape, strict=True)):
        whole = whole.narrow(axis, margins(n, grid)[0], n)
    return whole


def _wrapped(image: Tensor, axis: int, least: int) -> Tensor:
    """Append to an axis a stretch in which its end, mirrored, fades into its mirrored start."""
    n = image.shape[axis]
    extra = fast_length(n + least) - n
    places = torch.arange(extra, device=image.device)
    period = max(2 * (n - 1), 1)
    after = (n + places) % period
    before = (extra - places) % period
    end = image.index_select(axis, torch.minimum(after, period - after))
    start = image.index_select(axis, torch.minimum(before, period - before))
    fade = (places.to(image.dtype) + 0.5) / extra
    fade = (0.5 - 0.5 * torch.cos(math.pi * fade)).reshape(-1, *[1] * (-axis - 1))
    return torch.cat([image, torch.lerp(end, start, fade)], axis)


def _rolled(mask: Tensor, step: int, axis: int) -> Tensor:
    """Move a mask by whole pixels; what comes in over the border is False."""
    n = mask.shape[axis]
    moved = torch.zeros_like(mask)
    kept = n - abs(step)
    if kept > 0:
        source = mask.narrow(axis, max(-step, 0), kept)
        moved.narrow(axis, max(step, 0), kept).copy_(source)
    return moved
