"""The command line's whole scans: what is shown while they are restored, and said at the end."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

if TYPE_CHECKING:
    from napari_deconv.batch.order import Order
    from napari_deconv.batch.running import Batch
    from napari_deconv.batch.running import Progress as Reached
    from napari_deconv.core.units import PixelSize
    from napari_deconv.recipe import Recipe
    from napari_deconv.storing import StoredType

INCOMPLETE = 1
"""What the program exits with if slices are missing."""

Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Processes for a whole scan; one a processor or GPU if not given."),
]
Scheduler = Annotated[
    str | None,
    typer.Option(metavar="ADDRESS", help="Of a dask scheduler whose workers see the same files."),
]


class Spread(NamedTuple):
    """Who restores a scan: processes here or a cluster, and on which device."""

    workers: int | None
    scheduler: str | None
    device: str


class Kept(NamedTuple):
    """Where the result goes, as what type of numbers, with which pixel size, over what is there."""

    out: Path
    stored: StoredType
    size: PixelSize | None
    overwrite: bool


def order(recipe: Recipe, images: Sequence[Path], kept: Kept, spread: Spread) -> Order:
    """Return the order to restore the one scan of a command line.

    Raises
    ------
    ValueError
        In one sentence, if there are several, or no such device.
    """
    from napari_deconv.batch.engine import Engine, processes
    from napari_deconv.batch.order import Order
    from napari_deconv.core import device as devices

    if len(images) > 1:
        raise ValueError(
            f"{kept.out} is one file for {len(images)} images; give one scan, or a folder as --out."
        )
    if recipe.burst is not None:
        raise ValueError("A burst makes one picture: give a folder as --out, not a file.")
    workers = spread.workers or processes(devices.pick(spread.device))
    return Order(
        recipe,
        images[0],
        kept.out,
        engine=Engine(workers, spread.scheduler),
        device=spread.device,
        stored=kept.stored,
        pixel_size=kept.size,
        overwrite=kept.overwrite,
    )


def restore_scan(order: Order, as_json: bool) -> None:
    """Restore a scan, watched; exit with `INCOMPLETE` if slices could not be restored."""
    console = Console(stderr=True, quiet=as_json, highlight=False)
    with console.status("Reading and measuring"):
        batch = order.begin()
    for sentence in batch.notes:
        typer.echo(f"{order.source.name}: {sentence}", err=True)
    reached = _watched(batch, console, as_json)
    said = batch.said()
    if as_json:
        typer.echo(json.dumps({**_plain(reached), "output": str(order.target), "warnings": said}))
    else:
        for sentence in said:
            typer.echo(f"{order.source.name}: {sentence}", err=True)
        typer.echo(_summary(order, batch, reached))
    if not batch.whole:
        sys.exit(INCOMPLETE)


def _watched(batch: Batch, console: Console, as_json: bool) -> Reached:
    """Run a batch under a bar, or with a line of JSON a piece, and return how far it came."""
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[figures]}", markup=False),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    steps = batch.run()
    reached = next(steps)
    if as_json:
        typer.echo(json.dumps({**_plain(reached), "growing": str(batch.sink.part)}))
    with bar:
        shown = bar.add_task(batch.sink.target.name, total=reached.total, figures=str(reached))
        bar.update(shown, completed=reached.done)
        for reached in steps:
            bar.update(shown, completed=reached.done, figures=str(reached))
            if as_json:
                typer.echo(json.dumps(_plain(reached)))
    return reached


def _plain(reached: Reached) -> dict[str, Any]:
    """Return how far it is as plain data, with the piece that was last, and why it failed."""
    plain: dict[str, Any] = {
        "done": reached.done,
        "total": reached.total,
        "seconds": round(reached.seconds, 3),
        "left": None if reached.left is None else round(reached.left, 1),
        "said": str(reached),
    }
    if reached.last is not None:
        plain["slices"] = [reached.last.start, reached.last.stop]
        plain["failed"] = getattr(reached.last, "reason", None)
    return plain


def _summary(order: Order, batch: Batch, reached: Reached) -> str:
    before = reached.done - reached.computed
    kept = f", {before} were done before" if before else ""
    if not reached.computed and batch.whole:
        return f"{order.target}\n  all {reached.total} slices were done before"
    rate = reached.computed / reached.seconds if reached.seconds else 0.0
    line = f"  {reached.computed} slices in {reached.seconds:.1f} s, {rate:.3g} a second{kept}"
    if batch.whole:
        return f"{order.target}\n{line}"
    missing = reached.total - reached.done
    return (
        f"{order.target} is not finished: {missing} slices are missing\n{line}\n"
        "  mend the scan and run the same command again: only these are computed"
    )
