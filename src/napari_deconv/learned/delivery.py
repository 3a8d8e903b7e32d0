"""From a training run to a model that others can use: averaged weights and their card."""

from __future__ import annotations

import math
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from napari_deconv.learned.card import Card
from napari_deconv.learned.degradation import Degradation
from napari_deconv.learned.model import save
from napari_deconv.learned.training import Run, Source, Training
from napari_deconv.psf.kernel import rms_radius

DRAWN, PATCHES = 1000, 300
"""PSFs that are drawn to tell how wide they are, and patches to tell a scanner's noise."""
RANGE = (0.5, 99.5)
"""Percentiles of what was drawn that count as trained on."""


def deliver(
    run: Run, path: Path, title: str, data: str = "", scores: dict[str, float] | None = None
) -> Card:
    """Write a run's averaged weights as a model, and return its card.

    Parameters
    ----------
    run : Run
        At the end of its cooling, or of its training.
    path : Path
        A .safetensors file.
    title : str
        What the model is, in a few words.
    data : str
        What it was trained on; drawn scenes if not given.
    scores : dict of str to float, optional
        How it does, in dB.
    """
    training = run.training
    narrowest, widest = widths(training.degradation, training.seed)
    source: Any = run.source  # hashable, which a protocol doesn't say
    weakest, strongest = noises(training, source)
    how = f"constant rate, then cooled over {run.cooling} steps" if run.cooling else "not cooled"
    begun = f", begun as {run.begun_as}" if run.begun_as else ""
    card = Card(
        title=title,
        architecture=training.architecture,
        narrowest=round(narrowest, 2),
        widest=round(widest, 2),
        weakest=weakest,
        strongest=strongest,
        data=data or drawn(training.scenes.soft, training.scenes.stark),
        made=f"batches of {training.batch} {_pictures(training.degradation)} of "
        f"{training.side} px, {how}{begun}",
        seed=training.seed,
        scores=scores or {},
        steps=run.step,
        minutes=round(run.seconds / 60, 1),
        program=version("napari-deconv"),
    )
    save(path, run.averaged, card)
    return card


def _pictures(degradation: Degradation) -> str:
    """Return in words what is learned from."""
    if degradation.frames == 1:
        return "pictures"
    moving = (
        f", parts of which move by up to {degradation.motion:g} px," if degradation.motion else ""
    )
    return f"bursts of {degradation.frames} frames{moving}"


@lru_cache(maxsize=4)
def widths(degradation: Degradation, seed: int) -> tuple[float, float]:
    """Return the least and the greatest rms radius of the PSFs that are trained on, in pixels."""
    rng = np.random.default_rng((seed, 3))
    found = [rms_radius(degradation.kernel(rng)) for _ in range(DRAWN)]
    low, high = np.percentile(found, RANGE)
    return float(low), float(high)


@lru_cache(maxsize=4)
def noises(training: Training, source: Source | None = None) -> tuple[float, float]:
    """Return the weakest and the strongest noise that is trained on, of the grey range.

    A scanner's depends on how bright a picture is and on how far its own grey values reach.

    Parameters
    ----------
    training : Training
    source : Source or None
        Of the pictures; drawn scenes if None. Hashable, for the answer is kept.
    """
    degradation = training.degradation
    if degradation.gain is None:
        return degradation.weakest, degradation.strongest
    found = []
    for place in range(PATCHES):
        crop, rng = training.patch_of((0, 0, place), source)
        gain, read = degradation.noise(crop, rng)
        found.append(math.sqrt(gain * max(crop.mean, 0) + read**2) / crop.scale)
    low, high = np.percentile(found, RANGE) / math.sqrt(degradation.frames)
    return float(low), float(high)


def drawn(soft: float, stark: float) -> str:
    """Return in words what drawn scenes are."""
    return (
        f"scenes drawn by napari-deconv: {1 - soft - stark:.0%} industrial assemblies, {soft:.0%} "
        f"soft scenes, {stark:.0%} plain fields of full contrast; no measured image"
    )
