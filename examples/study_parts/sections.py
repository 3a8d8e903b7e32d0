"""The tables of the study: each section solves what it shows and keeps pictures for the figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np

from napari_deconv.evidence.reference import psnr
from study_parts.frames import BEAM, Frame
from study_parts.solve import (
    CLOSE,
    STEPS,
    Method,
    Trial,
    begin,
    best,
    ours,
    path,
    quality,
    split_bregman,
    tutorial,
    until_close,
)

BORDERS = ("zero", "mean", "edge", "reflect", "unknown")
OUTER = 10
"""Pixels of the border band."""
LONG = 400
"""Iterations of ours that stand for the optimum."""
MOST = 600
"""Iterations after which PyLops is given up."""
GUESS = 1e-3
"""Where the search for a weight begins."""

Rows = list[list[str]]


@dataclass
class Study:
    """The frames, and the trials that tables, curves and pictures share."""

    frames: list[Frame]
    brief: bool = False
    kept: dict[tuple[str, str], Trial] = field(default_factory=dict)
    curves: dict[tuple[str, str], list[tuple[int, float]]] = field(default_factory=dict)

    @property
    def header(self) -> list[str]:
        """Names of the frames."""
        return [frame.name for frame in self.frames]

    def row(self, label: str, trial: Callable[[Frame], Trial]) -> list[str]:
        """Return a row of PSNR and weight, one frame after the other, and keep the trials."""
        cells = []
        for frame in self.frames:
            self.kept[frame.name, label] = found = trial(frame)
            cells.append(f"{found.psnr:.2f} ({found.weight:.2g})")
        return [label, *cells]

    def best_row(
        self, label: str, run: Callable[[Frame, Method], Trial], method: Method, key: str = "weight"
    ) -> list[str]:
        """Return a row of the best weight each."""
        steps = () if self.brief else STEPS
        start = 0.1 if key == "cutoff" else GUESS
        return self.row(label, lambda f: best(lambda w: run(f, {**method, key: w}), start, steps))

    def iterations(self, count: int) -> int:
        """Return fewer iterations where the study is brief."""
        return min(count, 20) if self.brief else count


def closed_forms(study: Study) -> Rows:
    """Least squares against Tikhonov."""
    blurred = [
        "blurred",
        *(f"{quality(frame.image, frame):.2f}" for frame in study.frames),
    ]
    return [
        blurred,
        study.best_row("least squares (cutoff)", ours, {"name": "least-squares"}, "cutoff"),
        study.best_row("Tikhonov (weight)", ours, {"name": "tikhonov"}),
    ]


def order(study: Study) -> Rows:
    """L1+Haar, TV and TV+Haar: PyLops stopped early, and converged; best weight each."""
    long = {"iterations": study.iterations(LONG)}
    fista = {"name": "pylops-fista", "iterations": study.iterations(100)}
    bregman = {"name": "pylops-split-bregman"}
    both = {**bregman, "share": 0.5}
    wavelet = {"name": "wavelet", **long}
    tv = {"name": "tv", **long}
    compound = {"name": "tv-wavelet", **long}
    rows = [study.best_row("L1+Haar, PyLops FISTA, 100 iterations", ours, fista)]
    rows.append(study.best_row("L1+Haar, ours, converged", ours, {**wavelet, "invariant": False}))
    rows.append(study.best_row("L1+Haar over all shifts, ours, converged", ours, wavelet))
    for outer, inner in EARLY:
        label = f"TV, PyLops, {outer} x {inner} iterations"
        rows.append(study.best_row(label, _bregman(outer, inner), bregman))
    label = "TV, PyLops, 10 x 5, centred differences"
    rows.append(study.best_row(label, _bregman(10, 5, centred=True), bregman))
    rows.append(study.best_row("TV, ours, converged", ours, {**tv, "isotropic": False}))
    rows.append(study.best_row("TV, isotropic, ours, converged", ours, tv))
    for outer, inner in EARLY:
        label = f"TV+Haar, PyLops, {outer} x {inner} iterations"
        rows.append(study.best_row(label, _bregman(outer, inner), both))
    aniso = {**compound, "isotropic": False, "share": 0.5}
    rows.append(study.best_row("TV+Haar, ours, converged", ours, aniso))
    soft = {**compound, "invariant": True, "share": 0.3}
    label = "TV+Haar over all shifts, isotropic, share 0.3, ours"
    rows.append(study.best_row(label, ours, soft))
    rows.append(study.best_row("TGV, ours, converged", ours, {"name": "tgv", **long}))
    return rows


EARLY = ((10, 1), (3, 5), (10, 5))
"""Outer and inner iterations of split Bregman: few, PyLops' default, PyLops' tutorial."""


def _bregman(outer: int, inner: int, centred: bool = False) -> Callable[[Frame, Method], Trial]:
    return lambda frame, method: split_bregman(frame, method, outer, inner, centred)


def untuned(study: Study) -> Rows:
    """The weights that PyLops' tutorial has, on grey values from 0 to 255."""
    return [
        study.row(f"{name}, the tutorial's weight", lambda frame, n=name: tutorial(frame, n))
        for name in ("L1+Haar", "TV", "TV+Haar")
    ]


def agreement(study: Study) -> Rows:
    """PyLops run on until its objective is within 0.1 % of the least, at our best weight."""
    rows = []
    peers = {
        "L1+Haar": ({"name": "pylops-fista"}, "L1+Haar, PyLops FISTA, 100 iterations", None),
        "TV": (
            {"name": "pylops-split-bregman"},
            "TV, ours, converged",
            {"name": "tv", "isotropic": False},
        ),
        "TV+Haar": (
            {"name": "pylops-split-bregman", "share": 0.5},
            "TV+Haar, ours, converged",
            {"name": "tv-wavelet", "isotropic": False, "share": 0.5},
        ),
    }
    for frame in study.frames:
        for name, (peer, at, own) in peers.items():
            weight = study.kept[frame.name, at].weight
            rows.append(_agreed(study, frame, name, {**peer, "weight": weight}, own))
    return rows


def _agreed(study: Study, frame: Frame, name: str, peer: Method, own: Method | None) -> list[str]:
    """Return one line: objectives, iterations, time and PSNR of PyLops and of ours."""
    peer = {**peer, "iterations": study.iterations(MOST)}
    if own is None:  # L1 of every coefficient: the peer itself, run on, is the ground
        trials = list(islice(path(frame, peer), study.iterations(MOST)))
        least, mine = min(t.objective for t in trials), None
    else:
        own = {**own, "weight": peer["weight"], "iterations": study.iterations(4 * LONG)}
        least = ours(frame, own).objective
        trials, mine = [], until_close(path(frame, own), least)
    theirs = until_close(
        _watched(path(frame, peer) if own else iter(trials), study, frame, name), least
    )
    gap = theirs.objective / least - 1
    shown = f"{theirs.iterations}" if gap <= CLOSE else f"> {theirs.iterations} ({gap:.1%})"
    return [
        f"{frame.name}, {name}",
        f"{peer['weight']:.2g}",
        shown,
        f"{theirs.seconds:.1f}",
        f"{theirs.psnr:.2f}",
        "" if mine is None else f"{mine.iterations}",
        "" if mine is None else f"{mine.seconds:.2f}",
        "" if mine is None else f"{mine.psnr:.2f}",
    ]


def _watched(trials: Iterator[Trial], study: Study, frame: Frame, name: str) -> Iterator[Trial]:
    """Hand the trials on and keep their PSNR for the figure."""
    curve = study.curves.setdefault((frame.name, name), [])
    for trial in trials:
        curve.append((trial.iterations, trial.psnr))
        yield trial


def autograd(study: Study) -> Rows:
    """L1 of the grey values, and of their differences, by autograd at rate 0.01, and exactly."""
    grey = {"name": "gradient-descent", "tv": 0.0, "learning_rate": 0.01}
    box = {"bounds": "box", "lowest": 0.0, "highest": BEAM}
    slopes = {**grey, "isotropic": False}
    rows = []
    for optimiser, count in DESCENTS:
        rows.append(_descent_row(study, "L1", grey, "l1", optimiser, count))
    rows.append(_descent_row(study, "L1, 0 to open beam", {**grey, **box}, "l1", "adam", 300))
    rows.append(_descent_row(study, "L1 of differences", slopes, "tv", "adam", 300))
    count = {"iterations": study.iterations(LONG)}
    rows.append(study.best_row("L1, exactly", ours, {"name": "l1", **count}))
    bounded = {"name": "sum", "tv": 0.0, **box, **count}
    rows.append(study.best_row("L1, 0 to open beam, exactly", ours, bounded, "l1"))
    return rows


DESCENTS = (
    ("plain", 300),
    ("momentum", 300),
    ("momentum", 3000),
    ("adam", 300),
    ("adam", 1000),
)
"""Optimisers and iterations of gradient descent."""


def _descent_row(
    study: Study, name: str, method: Method, key: str, optimiser: str, count: int
) -> list[str]:
    """Return a row of the better of two weights, one of which is none."""
    method = {**method, "optimiser": optimiser, "iterations": study.iterations(count)}
    weights = (0.0,) if study.brief else (0.0, GUESS)

    def better(frame: Frame) -> Trial:
        trials = [replace(ours(frame, {**method, key: w}), weight=w) for w in weights]
        return max(trials, key=lambda trial: trial.psnr)

    return study.row(f"{name} by autograd, {optimiser}, {count} iterations", better)


def borders(study: Study) -> Rows:
    """What is assumed beyond the border: PSNR of the outer band, and of the rest."""
    rows = []
    for boundary in BORDERS:
        cells = []
        for frame in study.frames:
            weight = study.kept[frame.name, "TV, isotropic, ours, converged"].weight
            method = {"name": "tv", "weight": weight, "iterations": study.iterations(LONG)}
            trial = ours(frame, method, boundary)
            study.kept[frame.name, f"border {boundary}"] = trial
            cells += [f"{value:.2f}" for value in _parts(trial.image, frame)]
        rows.append([boundary, *cells])
    return rows


def _parts(image: np.ndarray, frame: Frame) -> tuple[float, float]:
    """Return the PSNR of the outer band and of the rest."""
    band = np.ones(image.shape, bool)
    band[OUTER:-OUTER, OUTER:-OUTER] = False
    peak = float(frame.truth.max())
    outer, inner = (psnr(image[part], frame.truth[part], peak).value for part in (band, ~band))
    return outer, inner


def noise(frame: Frame) -> float:
    """Return the noise that is found in a frame, in grey values."""
    return float(begin(frame, {"name": "tikhonov"}).recipe.measured.noise)
