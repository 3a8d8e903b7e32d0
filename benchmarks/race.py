"""Race walkers to one and the same objective value, and find out when each was there.

A walker yields its estimates one by one. Only the walker is on the clock, which counts the CPU time
of the process on one thread; the objective of each estimate is computed outside, in float64.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from math import inf
from time import process_time
from typing import Any

import numpy as np
import torch

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
"""Environment that keeps every library to one thread; read when they are loaded."""
LONGEST = 600
"""Estimates after which a walker gives up."""

Objective = Callable[[Any], float]
Walker = Callable[..., Iterator[Any]]


@dataclass(frozen=True)
class Contender:
    """A walker, and what suits it.

    Attributes
    ----------
    name : str
        Whose it is, for the table.
    walker : callable
        Takes a case and a setting as keywords, yields estimates.
    settings : sequence of mapping
        What is tried before the race; the one that gets there first is raced with.
    needs : str
        Package that it comes from.
    stride : int
        Iterations between two estimates.
    around_ours : bool
        True if it walks with operators of ours: raced for agreement, not for speed.
    """

    name: str
    walker: Walker
    settings: Sequence[Mapping[str, Any]] = ({},)
    needs: str = "napari_deconv"
    stride: int = 1
    around_ours: bool = False

    def is_there(self) -> bool:
        """Return whether its package is installed."""
        return find_spec(self.needs) is not None


@dataclass(frozen=True)
class Walk:
    """CPU seconds since the start, and the objective, after each estimate."""

    seconds: list[float]
    values: list[float]

    def reached(self, target: float) -> tuple[int, float] | None:
        """Return estimates and seconds until the objective fell to a target."""
        for number, value in enumerate(self.values):
            if value <= target:
                return number + 1, self.seconds[number]
        return None

    def each(self) -> float:
        """Return the seconds from one estimate to the next, a median without the set-up."""
        steps = np.diff(self.seconds) if len(self.seconds) > 1 else self.seconds
        return float(np.median(steps))


@dataclass(frozen=True)
class Finish:
    """How a contender fared: medians over its walks.

    Attributes
    ----------
    each : float
        Seconds an iteration.
    iterations, seconds
        Until the target was reached; None if it was not.
    times : float or None
        Its seconds over those of the first contender.
    spread : tuple of float or None
        Least and greatest of that ratio in one round.
    """

    contender: Contender
    setting: Mapping[str, Any]
    each: float
    iterations: int | None
    seconds: float | None
    times: float | None
    spread: tuple[float, float] | None


def on_one_thread() -> None:
    """Start this script anew with one thread where it was not."""
    if any(os.environ.get(key) != value for key, value in ONE_THREAD.items()):
        again = [sys.executable, *sys.argv]
        raise SystemExit(subprocess.run(again, env=os.environ | ONE_THREAD).returncode)
    torch.set_num_threads(1)


def walk(
    steps: Callable[[], Iterator[Any]],
    objective: Objective,
    target: float,
    *,
    most: int = LONGEST,
    patience: float = inf,
) -> Walk:
    """Walk until the objective has fallen to the target, or patience (in seconds) is lost."""
    seconds: list[float] = []
    values: list[float] = []
    spent = 0.0
    began = process_time()
    for x in islice(steps(), most):
        spent += process_time() - began
        seconds.append(spent)
        values.append(objective(x))
        if values[-1] <= target or spent > patience:
            break
        began = process_time()
    return Walk(seconds, values)


def end(steps: Iterator[Any], objective: Objective, most: int) -> float:
    """Return the objective of the last estimate of a long walk."""
    return objective(deque(islice(steps, most), maxlen=1)[0])


def fastest_setting(
    contender: Contender, case: Any, objective: Objective, target: float
) -> Mapping[str, Any]:
    """Return the setting with which a contender reaches the target first."""
    best, patience = contender.settings[0], inf
    for setting in contender.settings if len(contender.settings) > 1 else ():
        tried = walk(
            lambda s=setting: contender.walker(case, **s), objective, target, patience=patience
        )
        if (found := tried.reached(target)) and found[1] < patience:
            best, patience = setting, found[1]
    return best


def race(
    case: Any,
    entries: Sequence[tuple[Contender, Mapping[str, Any]]],
    objective: Objective,
    target: float,
    repeats: int,
) -> list[Finish]:
    """Walk all in turn, `repeats` times, the first contender being whom the others are beside."""
    walks: list[list[Walk]] = [[] for _ in entries]
    for _ in range(repeats):
        for group, (contender, setting) in zip(walks, entries, strict=True):
            walker = contender.walker
            group.append(walk(lambda w=walker, s=setting: w(case, **s), objective, target))
    first = [found[1] if (found := w.reached(target)) else None for w in walks[0]]
    return [
        _finish(contender, setting, group, first, target)
        for (contender, setting), group in zip(entries, walks, strict=True)
    ]


def _finish(
    contender: Contender,
    setting: Mapping[str, Any],
    walks: list[Walk],
    first: list[float | None],
    target: float,
) -> Finish:
    each = float(np.median([w.each() for w in walks])) / contender.stride
    found = [w.reached(target) for w in walks]
    if not all(found):
        return Finish(contender, setting, each, None, None, None, None)
    iterations = int(np.median([f[0] for f in found if f])) * contender.stride
    seconds = float(np.median([f[1] for f in found if f]))
    ratios = [f[1] / s for f, s in zip(found, first, strict=True) if f and s]
    if not ratios:
        return Finish(contender, setting, each, iterations, seconds, None, None)
    times = seconds / float(np.median([s for s in first if s]))
    spread = min(ratios), max(ratios)
    return Finish(contender, setting, each, iterations, seconds, times, spread)


def pair_seconds(grid: tuple[int, ...], times: int = 30) -> float:
    """Return the CPU time of one real FFT and its inverse in float32, a median."""
    x = torch.rand(grid)
    spent = []
    for _ in range(times):
        began = process_time()
        torch.fft.irfftn(torch.fft.rfftn(x), s=grid)
        spent.append(process_time() - began)
    return float(np.median(spent))
