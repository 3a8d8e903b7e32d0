"""A recipe for a whole scan: checked and measured once, or taken up where it was cut off."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_deconv import io
from napari_deconv.batch.engine import Engine
from napari_deconv.batch.piece import Ticket
from napari_deconv.batch.running import Batch
from napari_deconv.core import device as devices
from napari_deconv.core.units import PixelSize
from napari_deconv.planning import plan
from napari_deconv.region import in_pieces
from napari_deconv.scans.journal import Journal, Task
from napari_deconv.scans.opening import open_scan
from napari_deconv.scans.targets import kind_of
from napari_deconv.storing import StoredType

if TYPE_CHECKING:
    from napari_deconv.planning import Forecast
    from napari_deconv.recipe import Recipe
    from napari_deconv.restoration import Restoration
    from napari_deconv.scans.scan import Scan
    from napari_deconv.scans.sink import Sink

PIECE = 8 * 2**20
"""Bytes of float32 of a piece, one slice if that is larger: what a kill costs to do again."""
THICK = 64
"""Slices of a piece of a volume, each piece being read with those that it depends on."""
LOOKED_AT = 96
"""Slices in the middle of a volume that all of it is judged by."""


LONG = 1.0
"""Seconds that a slice may take to be tried before the start."""


@dataclass(frozen=True)
class Order:
    """What is to be done.

    Attributes
    ----------
    recipe : Recipe
        With its PSF: a 2-D one for slices that stand alone, a 3-D one for a volume.
    source, target : Path
        Scan, and where its restoration goes.
    engine : Engine
        Who computes.
    device : str
    stored : {"float32", "uint16"}
    pixel_size : PixelSize or None
        In place of what the scan says.
    overwrite : bool
        Whether to begin anew, whatever is there.
    """

    recipe: Recipe
    source: Path
    target: Path
    engine: Engine = field(default_factory=Engine)
    device: str = "auto"
    stored: StoredType = "float32"
    pixel_size: PixelSize | None = None
    overwrite: bool = False

    def begin(self) -> Batch:
        """Check everything, and measure what is not known, unless an earlier run did.

        Raises
        ------
        ValueError
            In one sentence, before any long work.
        """
        self.engine.check()
        scan = open_scan(self.source)
        if self.recipe.psf is None:
            raise ValueError("The recipe has no PSF; give one.")
        size = self.pixel_size or scan.size
        recipe = self.recipe
        if size is not None:
            recipe = recipe.model_copy(update={"pixel_size": str(size)})
        sink = kind_of(self.target)(self.target, scan.shape, self.stored, size)
        io.check_target(sink.journal, overwrite=True)
        if self.source.resolve() == self.target.resolve():
            raise ValueError(f"{self.target} is the scan itself; choose another name.")
        asked = _digest(recipe.to_yaml())
        if (journal := self._begun(sink, scan, asked)) is not None:
            measured = type(recipe).from_yaml(journal.task.recipe)
            return self._batch(measured, (scan, sink), journal.task, ())
        if self.target.exists() and not self.overwrite:
            raise ValueError(
                f"{self.target} exists already; choose another name or add --overwrite."
            )
        sink.check_room()
        measured, notes = self._measured(recipe, scan)
        task = Task(
            recipe=measured.to_yaml(),
            asked=asked,
            source=scan.path.name,
            shape=scan.shape,
            dtype=str(scan.dtype),
            stored=self.stored,
            step=_step(measured, scan),
        )
        return self._batch(measured, (scan, sink), task, notes)

    def _begun(self, sink: Sink, scan: Scan, asked: str) -> Journal | None:
        """Return the journal of an earlier run of this order; refuse to mix it with another's."""
        journal = None if self.overwrite else Journal.resume(sink.journal)
        if journal is None or not (sink.part.exists() or self.target.exists()):
            return None
        task = journal.task
        asked_for = (
            ("recipe", task.asked, asked),
            ("scan", task.source, scan.path.name),
            ("shape of the scan", task.shape, scan.shape),
            ("type", task.stored, self.stored),
        )
        for what, then, now in asked_for:
            if then != now:
                raise ValueError(
                    f"{self.target.name} was begun with another {what}; choose another name, or "
                    "add --overwrite to begin anew."
                )
        return journal

    def _measured(self, recipe: Recipe, scan: Scan) -> tuple[Recipe, tuple[str, ...]]:
        """Return the recipe with all that is measured and found as numbers, and what was noted."""
        recipe = self._planned(recipe, scan)
        restoration = recipe.begin(_looked_at(recipe, scan), device=self.device)
        restoration.choose()
        found = restoration.recipe
        notes = (*scan.metadata.get("notes", ()), *restoration.notes)
        if self.engine.scheduler is None and _around(found) is None:
            told = restoration.foreseen(len(scan))
            if told.seconds is not None:
                seconds = max(told.seconds, _tried(restoration, scan, told.seconds))
                notes = (*notes, self._foretold(told, seconds))
        return found, notes

    def _foretold(self, told: Forecast, seconds: float) -> str:
        """Return in a sentence what slices take here.

        Where processes share a scan, each has the memory of one, and at best the pace of one.
        """
        workers = self.engine.workers
        each = f" in each of {workers} processes, at best" if workers > 1 else ""
        return (
            f"This takes {replace(told, seconds=seconds / workers)}{each}, and what writing takes."
        )

    def _planned(self, recipe: Recipe, scan: Scan) -> Recipe:
        """Return the recipe with tiles of slices that fit into the share of each process."""
        if recipe.tile != "auto" or _around(recipe) is not None:
            return recipe
        device, workers = devices.pick(self.device), self.engine.workers
        chosen = plan(recipe, scan.shape, device, workers=workers, roughly=True)
        return recipe.model_copy(update={"tile": chosen.tile})

    def _batch(
        self, recipe: Recipe, ends: tuple[Scan, Sink], task: Task, notes: tuple[str, ...]
    ) -> Batch:
        ticket = Ticket(
            recipe,
            *ends,
            device=self.device,
            key=_digest(task.recipe),
            around=_around(recipe),
        )
        return Batch(ticket, self.engine, task, notes, anew=self.overwrite)


def _looked_at(recipe: Recipe, scan: Scan) -> npt.NDArray[np.generic]:
    """Return what a scan is judged by: slices spread over it; of a volume, its middle."""
    if _around(recipe) is None:
        return scan.sample()
    first = max(0, (len(scan) - LOOKED_AT) // 2)
    return scan.read(first, min(len(scan), first + LOOKED_AT))


def _tried(restoration: Restoration[Recipe], scan: Scan, iterating: float) -> float:
    """Return the seconds that all slices take, by two that go from the file to grey values.

    Nothing is tried where iterating takes so long that it is nearly all, and what goes wrong is
    said of the slices when their turn comes. The restoration is spent afterwards.
    """
    count = len(scan)
    if iterating > LONG * count:
        return iterating
    spent = 0.0
    for first in (0, max(0, count - 2)):  # the first time more is made ready
        began = perf_counter()
        try:
            planes = scan.read(first, min(first + 2, count))
            restoration.take(planes)
            restoration.image()
        except (ValueError, MemoryError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and not devices.ran_out(error):
                raise
            return iterating
        spent = (perf_counter() - began) / len(planes)
    return spent * count


def _around(recipe: Recipe) -> int | None:
    """Return how many slices on either side one depends on; None if each stands alone."""
    assert recipe.psf is not None
    size = PixelSize.parse(recipe.pixel_size) if recipe.pixel_size else None
    shape = recipe.psf.kernel(size).shape
    if len(shape) == 2:
        return None
    if not in_pieces(recipe):
        raise ValueError(
            f"{recipe.method.key()} works on a volume as a whole, not in pieces; take another "
            "method or border, or restore a smaller volume in memory."
        )
    return int(shape[0]) // 2 + recipe.method.margin


def _step(recipe: Recipe, scan: Scan) -> int:
    if _around(recipe) is not None:
        return THICK
    return max(1, PIECE // (4 * int(np.prod(scan.shape[1:]))))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
