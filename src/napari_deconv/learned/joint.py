"""One step of learning shared by processes: who takes which patches, and what all are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from napari_deconv.learned.hardness import Hardness, Kind, candidates, kind_of
from napari_deconv.learned.team import Alone, Team, share, together

if TYPE_CHECKING:
    from napari_deconv.learned.degradation import Degradation
    from napari_deconv.learned.scenes import Crop


class Patches(Protocol):
    """What patches come from: a training."""

    @property
    def seed(self) -> int:
        """Of everything random."""

    @property
    def batch(self) -> int:
        """Patches a step."""

    @property
    def hard(self) -> float:
        """Share of places where the likely hard one of several patches is taken."""

    @property
    def degradation(self) -> Degradation:
        """What happens to patches."""

    def patch_of(self, at: tuple[int, int, int], source: Any) -> tuple[Crop, np.random.Generator]:
        """Return the crop of a step, branch and place, and what its degradation draws from."""


class Drawn(NamedTuple):
    """Places of a batch that this process learns from, and of what kinds they are where noted."""

    places: list[int]
    kinds: list[Kind]


class Joint:
    """What processes that learn together draw and tell each other; one alone is a team of its own.

    Attributes
    ----------
    team : Team
    hardness : Hardness
    asked : bool
        Whether this process was asked to end, by whatever thread.
    stopping : bool
        Whether to end after this step: of the last step, and so the same for all.
    """

    def __init__(self, patches: Patches, hardness: Hardness | None = None) -> None:
        self._patches = patches
        self.hardness = hardness or Hardness()
        self.team: Team = Alone()
        self.asked = self.stopping = False

    def draw(self, step: int, branch: int, source: Any) -> Drawn:
        """Return what to learn from at a step: the same for the same step and hardness."""
        patches = self._patches
        places = list(share(patches.batch, self.team))
        if not patches.hard:
            return Drawn(places, [])
        drawn = Drawn([], [])
        for place in places:
            rng = np.random.default_rng((patches.seed, 4, step, branch, place))
            offered = candidates(place, rng.random() < patches.hard)
            seen = [patches.patch_of((step, branch, one), source) for one in offered]
            kinds = [kind_of(crop, patches.degradation, draws) for crop, draws in seen]
            best = self.hardness.pick(kinds, rng) if len(kinds) > 1 else 0
            drawn.places.append(offered[best])
            drawn.kinds.append(kinds[best])
        return drawn

    def tell(
        self, weights: Sequence[Tensor], drawn: Drawn, loss: Tensor, costs: Tensor, seconds: float
    ) -> tuple[Tensor, float]:
        """Share gradients and what patches cost; return mean loss and seconds, alike for all.

        Parameters
        ----------
        weights : sequence of Tensor
        drawn : Drawn
        loss : Tensor
            0-dimensional.
        costs : Tensor, shape (number of places,)
            Loss of each patch.
        seconds : float
            That this step took.
        """
        team, batch = self.team, self._patches.batch
        table = costs.new_zeros(3, batch if drawn.kinds else 0)
        if drawn.kinds:
            first = team.rank * len(drawn.places)
            kinds = costs.new_tensor(drawn.kinds).T
            table[:, first : first + len(drawn.places)] = team.size * torch.cat(
                (kinds, costs[None])
            )
        said = loss.new_tensor([seconds, float(self.asked)])
        extra = torch.cat((loss.reshape(1), said, table.flatten()))
        extra = together(weights, extra, team)
        if drawn.kinds:
            contrast, noise, cost = extra[3:].reshape(3, batch).tolist()
            self.hardness.learn(
                [Kind(round(a), round(b)) for a, b in zip(contrast, noise, strict=True)], cost
            )
        if team.size > 1:
            seconds, self.stopping = float(extra[1]), bool(extra[2] > 0)
        else:  # nothing is read off the device before someone looks
            self.stopping = self.asked
        return extra[0], seconds
