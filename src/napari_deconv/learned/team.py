"""Who learns together: one process, or several that share a batch and what they find."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class Team(Protocol):
    """Processes that learn one model together.

    Attributes
    ----------
    rank : int
        Which of them this is; 0 writes files and speaks.
    size : int
    """

    rank: int
    size: int

    def mean(self, vector: Tensor) -> Tensor:
        """Return the mean over all processes, the same on each."""

    def wait(self) -> None:
        """Go on when all have come here."""


class Alone:
    """One process by itself."""

    rank, size = 0, 1

    def mean(self, vector: Tensor) -> Tensor:
        """Return the vector itself."""
        return vector

    def wait(self) -> None:
        """Go on."""


class FabricTeam:
    """Processes under lightning-fabric, on one or more nodes.

    Parameters
    ----------
    devices : int or str
        Processes on each node, or ``"auto"``.
    accelerator : str
        ``"auto"``, ``"cpu"`` or ``"cuda"``.
    nodes : int

    Raises
    ------
    ValueError
        If lightning-fabric is not installed.
    """

    def __init__(
        self, devices: int | str = "auto", accelerator: str = "auto", nodes: int = 1
    ) -> None:
        try:
            from lightning_fabric import Fabric
        except ImportError:
            raise ValueError(
                "Several devices need lightning-fabric: pip install 'napari-deconv[train]'."
            ) from None
        self._fabric: Any = Fabric(
            accelerator=accelerator, devices=devices, num_nodes=nodes, strategy="ddp"
        )
        self._fabric.launch()
        self.rank, self.size = int(self._fabric.global_rank), int(self._fabric.world_size)

    @property
    def device(self) -> torch.device:
        """Where this process computes."""
        device: torch.device = self._fabric.device
        return device

    def mean(self, vector: Tensor) -> Tensor:
        """Return the mean over all processes, the same on each."""
        found: Tensor = self._fabric.all_reduce(vector, reduce_op="mean")
        return found

    def wait(self) -> None:
        """Go on when all have come here."""
        self._fabric.barrier()


def share(batch: int, team: Team) -> range:
    """Return which places of a batch this process learns from.

    Raises
    ------
    ValueError
        If the batch can't be shared evenly.
    """
    if batch % team.size:
        raise ValueError(
            f"A batch of {batch} can't be shared evenly by {team.size} processes: give a batch "
            f"of {team.size}, {2 * team.size}, {4 * team.size}, ..."
        )
    each = batch // team.size
    return range(team.rank * each, (team.rank + 1) * each)


def together(parameters: Sequence[Tensor], extra: Tensor, team: Team) -> Tensor:
    """Put the mean of all processes' gradients into parameters, and return that of more numbers.

    In one message, so that processes wait for each other once a step.
    """
    import torch

    if team.size == 1:
        return extra
    found = [one.grad for one in parameters if one.grad is not None]
    vector = team.mean(torch.cat([*(one.flatten() for one in found), extra]))
    start = 0
    for one in found:
        one.copy_(vector[start : start + one.numel()].view_as(one))
        start += one.numel()
    return vector[start:]
