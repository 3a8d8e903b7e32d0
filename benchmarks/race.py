"""Race walkers to one and the same objective value, and find out when each was there.

A walker yields its estimates one by one. A first walk, without a clock, finds how many it takes to
the target, judged in float64; the race then takes the CPU time of the process on one thread for as
many.
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
GLANCE = 5
"""Estimates from one judgement to the next while settings are tried."""

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
    like : str
        Name of the contender with the same mathematics, whose setting it takes.
    """

    name: str
    walker: Walker
    settings: Sequence[Mapping[str, Any]] = ({},)
    needs: str = "napari_deconv"
    stride: int = 1
    around_ours: bool = False
    like: str = ""

    def is_there(self) -> bool:
        """Return whether its package is installed."""
        return find_spec(self.needs) is not None


@dataclass(frozen=True)
class Finish:
    """How a contender fared: medians over the rounds.

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


def reach(
    steps: Iterator[Any],
    objective: Objective,
    target: float,
    *,
    every: int = 1,
    patience: float = inf,
) -> tuple[int, float] | None:
    """Return after how many estimates and CPU seconds the objective has fallen to the target.

    Every so many estimates are judged, off the clock. None if it takes more than `LONGEST`, or
    longer than the patience in seconds.
    """
    spent, began = 0.0, process_time()
    for number, x in enumerate(islice(steps, LONGEST), start=1):
        if number % every == 0:
            spent += process_time() - began
            if objective(x) <= target:
                return number, spent
            if spent > patience:
                break
            began = process_time()
    return None


def end(steps: Iterator[Any], objective: Objective, most: int) -> float:
    """Return the objective of the last estimate of a long walk."""
    return objective(deque(islice(steps, most), maxlen=1)[0])


def stopwatch(
    contender: Contender, case: Any, setting: Mapping[str, Any], number: int
) -> list[float]:
    """Return the CPU seconds from the start to each of so many estimates."""
    began = process_time()
    steps = islice(contender.walker(case, **setting), number)
    return [process_time() - began for _ in steps]


def fastest_setting(
    contender: Contender, case: Any, objective: Objective, target: float
) -> Mapping[str, Any]:
    """Return the setting with which a contender reaches the target first."""
    best, patience = contender.settings[0], inf
    for setting in contender.settings if len(contender.settings) > 1 else ():
        steps = contender.walker(case, **setting)
        found = reach(steps, objective, target, every=GLANCE, patience=patience)
        if found and found[1] < patience:
            best, patience = setting, found[1]
    return best


def race(
    case: Any,
    entries: Sequence[tuple[Contender, Mapping[str, Any]]],
    objective: Objective,
    target: float,
    repeats: int,
) -> list[Finish]:
    """Race all in turn, `repeats` times, the first contender being whom the others are beside."""
    found = [reach(peer.walker(case, **setting), objective, target) for peer, setting in entries]
    rounds: list[list[list[float]]] = [[] for _ in entries]
    for _ in range(repeats):
        for group, (peer, setting), there in zip(rounds, entries, found, strict=True):
            group.append(stopwatch(peer, case, setting, there[0] if there else GLANCE))
    first = [seconds[-1] for seconds in rounds[0]] if found[0] else []
    return [
        _finish(peer, setting, group, bool(there), first)
        for (peer, setting), group, there in zip(entries, rounds, found, strict=True)
    ]


def _finish(
    contender: Contender,
    setting: Mapping[str, Any],
    rounds: list[list[float]],
    arrived: bool,
    first: list[float],
) -> Finish:
    between = [np.diff(seconds) if len(seconds) > 1 else seconds for seconds in rounds]
    each = float(np.median(np.concatenate(between))) / contender.stride
    if not arrived:
        return Finish(contender, setting, each, None, None, None, None)
    seconds = float(np.median([seconds[-1] for seconds in rounds]))
    iterations = len(rounds[0]) * contender.stride
    if not first:
        return Finish(contender, setting, each, iterations, seconds, None, None)
    ratios = [seconds[-1] / s for seconds, s in zip(rounds, first, strict=True)]
    times = seconds / float(np.median(first))
    return Finish(contender, setting, each, iterations, seconds, times, (min(ratios), max(ratios)))


def pair_seconds(grid: tuple[int, ...], times: int = 30) -> float:
    """Return the CPU time of one real FFT and its inverse in float32, a median."""
    x = torch.rand(grid)
    spent = []
    for _ in range(times):
        began = process_time()
        torch.fft.irfftn(torch.fft.rfftn(x), s=grid)
        spent.append(process_time() - began)
    return float(np.median(spent))
