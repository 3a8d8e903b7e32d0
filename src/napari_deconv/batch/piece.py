"""What one process does of a batch: read some slices, restore them, write them."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from napari_deconv.core import memory
from napari_deconv.scans.journal import Finished

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from napari_deconv.recipe import Recipe
    from napari_deconv.restoration import Restoration
    from napari_deconv.scans.scan import Scan
    from napari_deconv.scans.sink import Sink


Piece = tuple[int, int]
"""First slice and end."""


@dataclass(frozen=True)
class Ticket:
    """All that a process has to know of a batch.

    Attributes
    ----------
    recipe : Recipe
        With every number that was measured or found.
    scan : Scan
    sink : Sink
    device : str
    key : str
        Differs from one batch to another.
    around : int or None
        Slices on either side that a slice of a volume depends on; None if each stands alone.
    """

    recipe: Recipe
    scan: Scan
    sink: Sink
    device: str
    key: str
    around: int | None = None


class Failed(NamedTuple):
    """A piece that could not be restored: first slice, end, and why in a sentence."""

    start: int
    stop: int
    reason: str


_standing: dict[str, Restoration[Recipe]] = {}
"""The restoration that this process works with, by the batch's key: made once, not each piece."""


def compute(ticket: Ticket, start: int, stop: int) -> Finished | Failed:
    """Restore some slices and write them; they lie on disk when this returns.

    Parameters
    ----------
    ticket : Ticket
    start, stop : int
        First slice and end.

    Returns
    -------
    Finished or Failed
        Failed where the scan is damaged; the other slices are none the worse.

    Raises
    ------
    OSError
        If the result can't be written: no other slice could be either.
    """
    began = time.perf_counter()
    stamp = ticket.scan.stamp(start, stop)
    try:
        image, notes = _restored(ticket, start, stop)
    except (ValueError, MemoryError) as error:
        return Failed(start, stop, str(error) or "There is not enough memory.")
    digest, clipped = ticket.sink.put(start, image)
    seconds = round(time.perf_counter() - began, 3)
    worker = f"{os.uname().nodename}:{os.getpid()}" if hasattr(os, "uname") else str(os.getpid())
    return Finished(start, stop, digest, stamp, seconds, worker, clipped, notes)


def compute_some(ticket: Ticket, pieces: Sequence[Piece], own: bool) -> list[Finished | Failed]:
    """Do the same for several pieces, in a worker.

    Parameters
    ----------
    ticket : Ticket
    pieces : sequence of tuple
        First slice and end of each.
    own : bool
        Whether this process does nothing else and ends with the batch: freed memory stays for
        good. That of a cluster is somebody else's, and gets it back after each handful.

    Returns
    -------
    list of Finished or Failed
        Where the result can't be written any more, of those before only.

    Raises
    ------
    OSError
        If the first one can't be written.
    """
    slices = ticket.around is None  # blocks of a volume are large, and each is posed anew
    if slices and own:
        memory.keep_for_good()
    outcomes: list[Finished | Failed] = []
    with memory.kept() if slices and not own else nullcontext():
        for piece in pieces:
            try:
                outcomes.append(compute(ticket, *piece))
            except OSError:
                if not outcomes:
                    raise
                break
    return outcomes


def _restored(
    ticket: Ticket, start: int, stop: int
) -> tuple[npt.NDArray[np.float32], tuple[str, ...]]:
    if ticket.around is not None:
        return _of_volume(ticket, start, stop)
    planes = ticket.scan.read(start, stop)
    restoration = _standing.get(ticket.key)
    if restoration is None:
        restoration = ticket.recipe.begin(planes, device=ticket.device)
        _standing.clear()
        _standing[ticket.key] = restoration
    else:
        restoration.take(planes)
    return restoration.image(), restoration.notes


def _of_volume(
    ticket: Ticket, start: int, stop: int
) -> tuple[npt.NDArray[np.float32], tuple[str, ...]]:
    """Restore slices of a volume together with those around that they depend on."""
    assert ticket.around is not None
    first = max(0, start - ticket.around)
    last = min(len(ticket.scan), stop + ticket.around)
    block = ticket.scan.read(first, last)
    whole = (slice(0, n) for n in block.shape[1:])
    region = (slice(start - first, stop - first), *whole)
    restoration = ticket.recipe.begin(block, device=ticket.device, region=region)
    return restoration.image(), restoration.notes
