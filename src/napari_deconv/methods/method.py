"""The one protocol: a method walks a problem and yields estimates; whoever runs it sees steps."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Literal, Self, get_args

from napari_deconv.core.params import Choice
from napari_deconv.methods.strength import PER_SIGMA, from_noise

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

    from napari_deconv.core.priors import Term
    from napari_deconv.core.problem import Problem

IDLE = 1.1
"""What a loop takes beyond what lives at once: blocks that lie idle between others."""


class Method(Choice):
    """A way to restore an image."""

    fidelities: ClassVar[tuple[str, ...]] = ("gaussian",)
    """Names of the noise models whose mathematics it follows; the first is its own."""
    on_host: ClassVar[bool] = False
    """Whether another library computes it on the host: slow, and for comparison only."""
    learned: ClassVar[bool] = False
    """Whether it puts in what it learned from other pictures."""
    dimensions: ClassVar[tuple[int, ...]] = (2, 3)
    """Numbers of axes of the PSFs that it knows what to do with."""
    margin: ClassVar[int] = 48
    """Pixels around a region, beside the PSF's reach, over which an estimate forgets its border."""
    alignment: ClassVar[int] = 1
    """Places of which every so many-th serves a region's beginning."""
    bias: ClassVar[str] = ""
    """If it does not keep grey values: what it does to them, for the user."""
    rule: ClassVar[str] = "noise"
    """Name of the rule that finds its strength where the user leaves that to it."""
    per_sigma: ClassVar[float] = PER_SIGMA
    """Strength per noise sigma, near the best on pictures of many kinds."""

    @classmethod
    def mark(cls) -> str:
        """Return what a result's layer is called after it."""
        return f"{cls.key()} (learned)" if cls.learned else cls.key()

    def automatic(self) -> list[str]:
        """Return the names of the strengths that are to be found."""
        return [name for name in self.parameters() if getattr(self, name) == "auto"]

    def pinned(self) -> Self:
        """Return the method with what it takes from files named by its hash, to be repeated."""
        return self

    def frames(self) -> int:
        """Return how many frames of a burst it looks at apart; 0 if their mean is all it takes."""
        return 0

    def is_but_for_strength(self, other: Method) -> bool:
        """Return whether another method is this one but for strengths, all of them numbers."""
        if type(self) is not type(other) or other.automatic():
            return False
        changed = {n for n in self.parameters() if getattr(self, n) != getattr(other, n)}
        return changed <= set(self.strengths())

    @classmethod
    def strengths(cls) -> list[str]:
        """Return the names of the fields that may be left to be found."""
        fields = cls.parameters().items()
        return [name for name, field in fields if Literal["auto"] in get_args(field.annotation)]

    def sharper(self) -> tuple[str, ...]:
        """Return what of its parameters smooths the result less, in words; none if none does.

        Strengths do, when lower; of others it is declared with the field.
        """
        found = {}
        for name, info in self.parameters().items():
            extra = info.json_schema_extra or {}
            if name in self.strengths() and "sharper" not in extra:
                found["less strength"] = True
            elif extra.get("sharper") == "on":
                found[f"{name} on"] = not getattr(self, name)
            elif "sharper" in extra:
                found[f"{extra['sharper']} {name}"] = True
        return tuple(words for words, helps in found.items() if helps)

    def strengthened(self, strength: float) -> Self:
        """Return the method at a strength, which those to be found share alike."""
        names = self.automatic()
        return self.replace(**{name: strength / len(names) for name in names}) if names else self

    def guess(self, problem: Problem) -> float:
        """Return the strength that the noise alone suggests."""
        return from_noise(problem, self.per_sigma)

    def resolved(self, problem: Problem) -> Self:
        """Return the method with every ``"auto"`` replaced by what the noise alone suggests."""
        return self.strengthened(self.guess(problem))

    def is_filter(self, problem: Problem) -> bool:
        """Return whether its estimate is a linear filter of the data, in closed form."""
        return False

    def filtered(self, problem: Problem) -> tuple[Tensor, Tensor]:
        """Return the filter's estimate, and how much of each frequency of the data it keeps."""
        raise TypeError(f"{type(self).__name__} is no linear filter.")

    def is_local(self) -> bool:
        """Return whether an estimate hangs only on the data nearby: a region equals the whole."""
        return True

    def follows_level(self) -> bool:
        """Return whether a constant added to the data is added to the result, and no more."""
        return "gaussian" in self.fidelities and not self.bias

    def total(self, problem: Problem) -> int:
        """Return how many estimates `iterates` yields."""
        raise TypeError(f"{type(self).__name__} does not say how many estimates it yields.")

    def check(self, problem: Problem) -> None:
        """Refuse a problem that the method can't solve, before any work.

        Raises
        ------
        ValueError
            In one sentence.
        """

    def remarks(self, problem: Problem) -> tuple[str, ...]:
        """Return what is to be known of it before it begins, a sentence each."""
        return (self.bias,) if self.bias else ()

    def multiple(self) -> int:
        """Return the number, a power of 2, of which every side of the grid must be a multiple."""
        return 1

    def terms(self, problem: Problem) -> list[Term]:
        """Return the priors of its objective with their weights, in the problem's units."""
        return []

    def iterates(self, problem: Problem) -> Iterator[Tensor]:
        """Yield estimates on the problem's grid; a yielded tensor is never written again."""
        raise TypeError(f"{type(self).__name__} does not say how it restores an image.")

    def need(self, problem: Problem) -> tuple[float, float]:
        """Return how many bytes `iterates` takes for each pixel of the grid, and beside them.

        Found on a problem without numbers, on the meta device; all that the problem holds counts.
        """
        import math

        from napari_deconv.core import footprint

        held = (problem.data, problem.blur.spectrum, problem.weights)
        known = [tensor for tensor in held if tensor is not None]
        most = footprint.peak(self.resolved(problem).iterates(problem), known)
        idle = IDLE if self.total(problem) > 1 else 1.0
        return idle * most / math.prod(problem.blur.grid), 0.0

    def survey(self, data: Tensor, kernel: Tensor) -> tuple[float, ...] | None:
        """Return what it takes of the whole picture before it works on parts; None for nothing.

        Parameters
        ----------
        data : Tensor
            The whole with its border, in the problem's units.
        kernel : Tensor
            PSF.
        """
        return None

    def objective(self, problem: Problem, estimate: Tensor) -> Tensor:
        """Return what it minimises, of an estimate on the grid: a 0-dimensional tensor."""
        return problem.objective(estimate, self.terms(problem))


@dataclass(frozen=True)
class Step:
    """One estimate on its way.

    Attributes
    ----------
    index, total : int
        This is estimate `index` (from 1) of `total`, counted over slices x iterations.
    estimate : Tensor, shape of the frame, or of a tile of it
        View on the device, in units where the grey range is 1.
    seconds : float
        Time since the first iteration began.
    slice : int or None
        Which slice of a stack it belongs to.
    into : callable or None
        Puts a tile into the picture that tiles fill in; None where the estimate is the picture.
    """

    index: int
    total: int
    estimate: Tensor
    seconds: float
    to_grey: Callable[[Tensor], Tensor] = field(repr=False)
    measure: Callable[[], Tensor] = field(repr=False)
    slice: int | None = None
    into: Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]] | None = field(
        default=None, repr=False
    )

    @cached_property
    def objective(self) -> float:
        """Value of what the method minimises, in a tile if there are some; computed when asked."""
        return float(self.measure())

    def image(self) -> npt.NDArray[np.float32]:
        """Return the picture as a float32 array on the input's grey scale.

        Of a picture in tiles, those that are done with this one among them; look before you go on.
        """
        array: npt.NDArray[np.float32] = self.to_grey(self.estimate).cpu().numpy()
        return array if self.into is None else self.into(array)


def until(steps: Iterator[Step], stop: Callable[[Step], bool]) -> Iterator[Step]:
    """Yield steps up to and including the first for which `stop` is true."""
    for step in steps:
        yield step
        if stop(step):
            return


def throttle(
    steps: Iterator[Step], seconds: float = 0.1, clock: Callable[[], float] = time.monotonic
) -> Iterator[Step]:
    """Yield the first step, then at most one every `seconds`, and the last of all."""
    due = -float("inf")
    pending: Step | None = None
    for step in steps:
        now = clock()
        if now >= due:
            yield step
            due, pending = now + seconds, None
        else:
            pending = step
    if pending is not None:
        yield pending


def last(steps: Iterator[Step]) -> Step:
    """Return the last step.

    Raises
    ------
    ValueError
        If there is none.
    """
    held = deque(steps, maxlen=1)
    if not held:
        raise ValueError("The method yielded no estimate; ask for at least one iteration.")
    return held[0]
