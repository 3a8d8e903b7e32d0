"""A training fitted to one scanner: its PSF, its gain and read noise, a model to begin as."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_deconv.learned import model as models
from napari_deconv.learned.architecture import Architecture

if TYPE_CHECKING:
    from napari_deconv.learned.training import Run, Training
    from napari_deconv.psf.sampling import Psf

RATE, BATCH, COOLING = 4e-4, 2, 0.6
"""Of a model that already knows much: rate, patches a step, and the share of its training in which
the rate falls: what a restart at a high rate undoes has to be mended."""
HARD = 0.5
"""Share of patches that are picked as hard, unless told otherwise."""
KNOWN = 0.05
"""How much wider or narrower a PSF that was measured may be, relative. A model is told the PSF of
each patch as it is, so that jitter doesn't teach it to live with a wrong one: it is the range of
PSFs that it is made for. 15 % is for shapes that a user guessed; measured widths are known better,
and what changes them afterwards, such as the place of the object in the beam, is a few percent."""
ENERGY = 0.999
"""Share of a PSF that its grid has to hold; the rest is cut off."""
OTHER = 3.0
"""Pictures whose brightest and whose span both differ from the scan's by more than this factor are
in other units."""
NARROWEST, WIDEST = 9, 129
"""Sides of that grid in pixels, at least and at most."""
LEAST = 0.99
"""Share of a PSF that the widest has to hold."""


def fitted(training: Training, psf: Psf | None, noise: tuple[float, float] | None) -> Training:
    """Return a training for one PSF and one noise.

    Parameters
    ----------
    training : Training
    psf : Psf or None
        None leaves the training's own.
    noise : tuple of float or None
        Gain and read noise in units where scenes go from 0 to 1; None leaves the training's own.

    Raises
    ------
    ValueError
        If the PSF is none of a picture, or too wide to be learned for.
    """
    from napari_deconv.learned.degradation import sampled

    changes: dict[str, Any] = {}
    if psf is not None:
        kernel = sampled(psf)
        _refuse_wide(kernel)
        changes = {"psf": psf.plain(), "support": support(kernel, training.degradation.jitter)}
    if noise is not None:
        changes |= {"gain": noise[0], "read": noise[1]}
    if not changes:
        return training
    plain = training.plain()
    plain["degradation"] |= changes
    return roomy(type(training)(**plain))


def roomy(training: Training) -> Training:
    """Return a training whose scenes are as large as its pictures and PSF need."""
    side = training.side + training.degradation.support - 1
    if training.scenes.side >= side:
        return training
    return training.model_copy(update={"scenes": training.scenes.replace(side=side)})


def support(kernel: NDArray[Any], jitter: float) -> int:
    """Return the odd side of a grid that holds a PSF, also where it is as wide as may be."""
    whole, middle = _positive(kernel)
    reach = max(max(m, n - 1 - m) for m, n in zip(middle, whole.shape, strict=True))
    half = next(h for h in range(reach + 1) if _within(whole, middle, h) >= ENERGY * whole.sum())
    side = 2 * int(np.ceil(half * (1 + jitter))) + 1
    return int(np.clip(side, NARROWEST, WIDEST))


def scaled(gain: float, read: float, low: float, high: float) -> tuple[float, float]:
    """Return gain and read noise in units where grey values `low` to `high` go from 0 to 1."""
    span = high - low
    return gain / span, float(np.sqrt(max(gain * low, 0) + read**2)) / span


def check_noise(gain: float, read: float) -> None:
    """Refuse noise that leaves nothing to be seen, in units where scenes go from 0 to 1.

    Raises
    ------
    ValueError
        In one sentence.
    """
    if (share := float(np.hypot(gain**0.5, read))) > 1:
        raise ValueError(
            f"The noise is {share:.3g} times the range of grey values: say which grey value is "
            "white, or give gain and read noise in the units of the pictures."
        )


def range_of(span: tuple[float, float], scan: tuple[float, float] | None) -> tuple[float, float]:
    """Return the scanner's grey values that are 0 and 1 in pictures.

    Parameters
    ----------
    span : tuple of float
        Least and greatest grey value of the pictures, in units of their own.
    scan : tuple of float or None
        Those of the scan whose noise is known; None leaves the pictures' own.

    Returns
    -------
    tuple of float
        The pictures' own, or the scan's for pictures in other units: 8-bit ones of a 16-bit scan.
    """
    if scan is None or _same(span[1], scan[1]) or _same(span[1] - span[0], scan[1] - scan[0]):
        return span
    return scan


def _same(value: float, other: float) -> bool:
    return value * other > 0 and 1 / OTHER < value / other < OTHER


def begin_as(training: Training, name: str) -> Training:
    """Return a training of the networks of a model that was trained before.

    Raises
    ------
    ValueError
        If there is no such model, or it is a denoiser.
    """
    card = models.card_of(name)
    if not isinstance(card.architecture, Architecture):
        raise ValueError(f"The model {name!r} is of others' networks: they are not trained here.")
    if card.architecture.inputs == "noise":
        raise ValueError(f"The model {name!r} is a denoiser: begin as one that deblurs.")
    return with_networks(training, card.architecture)


def with_networks(training: Training, architecture: Architecture) -> Training:
    """Return a training of networks that were trained before."""
    changes: dict[str, Any] = {"architecture": architecture, "alone": 0}
    if architecture.frames > 1:
        changes["degradation"] = training.degradation.replace(frames=architecture.frames)
    return training.model_copy(update=changes)


def take_over(run: Run, name: str) -> None:
    """Give a run that has not begun the weights of a model of the same networks."""
    model = models.load(name)
    run.begun_as, weights = str(model), model.network.state_dict()
    for network in (run.model, run.averaged):
        network.load_state_dict(weights)


def _refuse_wide(kernel: NDArray[Any]) -> None:
    whole, middle = _positive(kernel)
    share = _within(whole, middle, WIDEST // 2) / whole.sum()
    if share < LEAST:
        raise ValueError(
            f"{1 - share:.0%} of the PSF lie outside of {WIDEST} x {WIDEST} pixels, the largest "
            "that is learned for: bin the images and the PSF."
        )


def _positive(kernel: NDArray[Any]) -> tuple[NDArray[Any], list[int]]:
    """Return what counts of a PSF, and where its middle is."""
    return np.clip(kernel.astype(float), 0, None), [(n - 1) // 2 for n in kernel.shape]


def _within(kernel: NDArray[Any], middle: list[int], half: int) -> float:
    rows, columns = (slice(max(m - half, 0), m + half + 1) for m in middle)
    return float(kernel[rows, columns].sum())
