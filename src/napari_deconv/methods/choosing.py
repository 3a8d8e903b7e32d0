"""Find the strength whose estimate a rule likes best, in a handful of solves."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from pydantic import Field

from napari_deconv.core.params import Declared
from napari_deconv.methods.rules import Fit, Rule, sharpened, sharpening
from napari_deconv.methods.strength import LEAST_NOISE, assumed_noise

if TYPE_CHECKING:
    from torch import Tensor

    from napari_deconv.core.problem import Problem
    from napari_deconv.methods.method import Method

WEAKER = 4.0
"""How many times weaker than the noise suggests a strength may be: a PSF that is too wide asks for
far weaker ones, which follow the noise."""
UNCLEAR = 2.0
"""The same where texture can't be told from noise smeared over pixels."""
TRIALS = 5
"""Most strengths that are tried by solving."""
FIRST, LATER = (0.6, 60), (0.35, 40)
"""Part of a solve's iterations that the first trial gets, which begins cold, and a later one, which
goes on from the last; and the most iterations that are enough for each. With the second solve that
tells the degrees of freedom, five trials cost as much as four solves."""
STEP = math.log(3.16)
"""From one strength to the next, as a logarithm, until the best lies between two."""
CLOSE = math.log(1.2)
"""A strength nearer than this to one that was tried is as good as that."""
NUDGE = 0.1
"""The change of the data that tells the degrees of freedom, in noise sigmas."""
FINE = (1e-6, 1e2, 3)
"""Strengths at which a closed form is tried: the least, the greatest, how many a decade."""
KNOWN = LEAST_NOISE / 10
"""Noise in units of the grey range below which there is nothing for statistics to go by."""
LEAST, MOST = 1e-8, 1e3
"""Between these every strength lies."""


class Curve(Declared):
    """How a strength was found: what was tried, what the rule said of it, what came of it.

    Scores are logarithms but for an unknown constant; only where the least lies has a meaning.
    """

    rule: str = Field(description="Rule whose score should be least.")
    weights: tuple[float, ...] = Field(description="Strengths that were tried, rising.")
    scores: tuple[float, ...] = Field(description="The rule's score of each.")
    chosen: float = Field(description="Where the least lies: the strength that was taken.")
    solves: float = Field(description="What it cost, in solves of the whole.")

    @property
    def index(self) -> int:
        """Which of the tried strengths had the least score."""
        return min(range(len(self.scores)), key=self.scores.__getitem__)


@dataclass(frozen=True)
class Trying:
    """One iteration of the search for a strength.

    Attributes
    ----------
    trial, trials : int
        This is trial `trial` (from 1) of at most `trials`.
    estimate : Tensor
        On the grid of the problem that is tried on.
    curve : Curve or None
        What is known after this; None before the first trial has ended.
    """

    trial: int
    trials: int
    estimate: Tensor
    curve: Curve | None

    def __str__(self) -> str:
        """Return where the search is."""
        return told(self.trial, self.trials)


def told(trial: int, trials: int) -> str:
    """Return where a search is, for people."""
    return f"choosing the strength: {trial} of {trials}"


class Ladder:
    """Descend to the least of a curve over the logarithm, by few evaluations.

    Parameters
    ----------
    first : float
        Logarithm to begin at.
    fallback : float, optional
        Logarithm that is taken where the curve has no least; `first` if not given.
    weaker : float
        How many times weaker than that a strength may be.
    """

    def __init__(self, first: float, fallback: float | None = None, weaker: float = WEAKER) -> None:
        self._next, self._weaker = first, weaker
        self._fallback = first if fallback is None else fallback
        self.points: dict[float, float] = {}

    def next(self) -> float | None:
        """Return where to look next; None where nothing more is to be learned."""
        if len(self.points) == 0:
            return self._next
        if len(self.points) == 1:
            return self._next + STEP
        x = sorted(self.points)
        best = min(x, key=self.points.__getitem__)
        if best == x[0]:
            there = best - STEP
        elif best == x[-1]:
            there = best + STEP
        else:
            there = self.least
        known = any(abs(there - one) < CLOSE for one in x)
        return None if known or not math.log(LEAST) <= there <= math.log(MOST) else there

    @property
    def least(self) -> float:
        """Logarithm at which the parabola through the best and its neighbours is least."""
        x = sorted(self.points)
        i = min(range(len(x)), key=lambda k: self.points[x[k]])
        if i in (0, len(x) - 1):
            return x[i]
        left, middle, right = x[i - 1 : i + 2]
        fall = (self.points[middle] - self.points[left]) / (middle - left)
        rise = (self.points[right] - self.points[middle]) / (right - middle)
        bend = (rise - fall) / (right - left)
        if bend <= 0:
            return middle
        return min(max((left + middle) / 2 - fall / (2 * bend), left), right)

    @property
    def chosen(self) -> float:
        """Logarithm to go by: the least, but not far below what the noise suggests.

        Where the curve falls to its weakest end the residual is taken for detail at any strength:
        the noise is not white, or the PSF is not that of the data, and the weakest strength would
        follow all of it.
        """
        weakest = min(self.points)
        falls = len(self.points) > 1 and min(self.points, key=self.points.__getitem__) == weakest
        if falls:
            return max(self._fallback, weakest)
        return max(self.least, self._fallback - math.log(self._weaker))

    def curve(self, rule: Rule, solves: float) -> Curve:
        """Return what is known; the strength in two digits, which rounding hardly reaches."""
        x = sorted(self.points)
        return Curve(
            rule=rule.key(),
            weights=tuple(math.exp(one) for one in x),
            scores=tuple(self.points[one] for one in x),
            chosen=float(f"{math.exp(self.chosen):.2g}"),
            solves=round(solves, 2),
        )


def nothing_to_go_by(problem: Problem) -> bool:
    """Return whether the data hold too little noise for any rule but `noise`."""
    return problem.noise < KNOWN


def search(method: Method, problem: Problem, rule: Rule) -> Iterator[Trying]:
    """Solve at up to `TRIALS` strengths, each from the last, and end with the curve.

    The degrees of freedom are told by a second solve of slightly changed data (Ramani, Blu and
    Unser 2008, eq. (13)), which follows the first through all trials, so that the derivative is
    that of all iterations since the first.

    Parameters
    ----------
    method : Method
        With strengths on auto, all of which get their share.
    problem : Problem
    rule : Rule
    """
    guess = math.log(method.guess(problem))
    ladder = Ladder(guess, guess, UNCLEAR if problem.unclear else WEAKER)
    walk = Walk(problem, rule.needs_freedom)
    whole = method.total(problem)
    curve: Curve | None = None
    spent = 0.0
    for trial in range(1, TRIALS + 1):
        there = ladder.next()
        if there is None:
            return
        part, enough = LATER if trial > 1 else FIRST
        each = min(enough, max(1, int(part * whole)))
        steps = walk.steps(method.strengthened(math.exp(there)), each)
        for number, estimates in enumerate(steps, start=1):
            if number == each:
                ladder.points[there] = rule.score(walk.fit())
                spent += len(estimates) * each / whole
                curve = ladder.curve(rule, spent)
            yield Trying(trial, TRIALS, estimates[0], curve)


class Walk:
    """Solves that go on from one another, of the data and of the same slightly changed.

    Parameters
    ----------
    problem : Problem
    with_freedom : bool
        Whether to solve for the changed data too, which tells the degrees of freedom.
    """

    def __init__(self, problem: Problem, with_freedom: bool) -> None:
        self._problems = [problem]
        self._nudge = NUDGE * assumed_noise(problem)
        self._probe = _probe(problem, self._nudge)
        if with_freedom:
            moved = problem.data + self._nudge * self._probe
            self._problems.append(replace(problem, data=moved))

    def steps(self, method: Method, iterations: int) -> Iterator[tuple[Tensor, ...]]:
        """Yield the estimates of both, and note the last: what the next solve starts from."""
        walks = [islice(method.iterates(one), iterations) for one in self._problems]
        for estimates in zip(*walks, strict=True):
            self._problems = [
                replace(one, start=x) for one, x in zip(self._problems, estimates, strict=True)
            ]
            yield estimates

    def fit(self) -> Fit:
        """Return the fit of the last estimate, its freedom from how that of the other differs."""
        problem, *other = self._problems
        estimate = problem.start
        assert estimate is not None
        if not other:
            return Fit.of(problem, estimate, math.nan, math.nan)
        moved = problem.blur(other[0].start - estimate) / self._nudge  # type: ignore[operator]
        probe = self._probe
        freedom = float((probe * moved).sum() / probe.abs().sum().clamp(min=1))
        if problem.weights is not None:
            root = problem.weights.sqrt()
            probe, moved = probe * root, moved * root
        clear, cleared = sharpened(problem, probe), sharpened(problem, moved)
        sharp = float((clear * cleared).sum() / clear.square().sum().clamp(min=1))
        return Fit.of(problem, estimate, freedom, sharp)


def filtered(method: Method, problem: Problem, rule: Rule) -> Curve:
    """Return the curve of a method that is a linear filter: one division a strength, no solve.

    Its degrees of freedom are ``sum_k h_k r_k``, with the filter's response r.
    """
    least, most, a_decade = FINE
    decades = math.log10(most / least)
    guess = math.log(method.guess(problem))
    ladder = Ladder(0.0, guess, UNCLEAR if problem.unclear else WEAKER)
    for step in range(round(decades * a_decade) + 1):
        there = math.log(least) + step * math.log(10) / a_decade
        chosen = method.strengthened(math.exp(there))
        ladder.points[there] = rule.score(fit_of_filter(chosen, problem))
    return ladder.curve(rule, 0.0)


def fit_of_filter(method: Method, problem: Problem) -> Fit:
    """Return the fit of a linear filter, whose degrees of freedom are known."""
    estimate, passed = method.filtered(problem)
    gain = sharpening(problem).square()
    freedom, sharp, whole = (_mean(problem, part) for part in (passed, passed * gain, gain + 0j))
    return Fit.of(problem, estimate, freedom, sharp / whole)


def _mean(problem: Problem, spectrum: Tensor) -> float:
    """Return the mean over all frequencies of what is given on the half spectrum."""
    return float(problem.blur.inverse(spectrum).flatten()[0])


def _probe(problem: Problem, nudge: float) -> Tensor:
    """Return -1 or 1 on every measured pixel of the frame, 0 elsewhere; always the same.

    Counts that the nudge would make negative are left out.
    """
    import torch

    probe = torch.zeros_like(problem.data)
    frame = problem.crop(probe)
    chance = torch.Generator().manual_seed(0)
    signs = torch.randint(0, 2, frame.shape, generator=chance).mul_(2).sub_(1)
    frame.copy_(signs.to(frame))
    if problem.weights is not None:
        probe *= problem.weights > 0
    return probe if problem.fidelity.smooth else probe * (problem.data > nudge)
