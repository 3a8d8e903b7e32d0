"""What the command line does with images to restore: check all, restore one by one, watched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

if TYPE_CHECKING:
    from napari_deconv.jobs import Job, Work


def restore(jobs: list[Job], folder: Path, as_json: bool) -> None:
    """Check every job, then do them one by one."""
    ready: Work | None = None
    for job in reversed(jobs):  # so that the first image, checked last, need not be read again
        ready = _begun(job, alone=len(jobs) == 1)
    make_writable(folder)
    for job in jobs:
        work, ready = ready or job.begin(), None
        _carry_out(work, as_json)


def _begun(job: Job, alone: bool) -> Work:
    """Begin a job; among several, an error says of which image it is."""
    try:
        return job.begin()
    except ValueError as error:
        if alone or str(job.image) in str(error):
            raise
        raise ValueError(f"{job.image}: {error}") from None


def make_writable(folder: Path) -> None:
    """Make the folder if it is missing; refuse one that no file can be written into."""
    from tempfile import TemporaryFile

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ValueError(f"{folder} can't be written into: {error.strerror}.") from None


def _carry_out(work: Work, as_json: bool) -> None:
    """Restore one image, watched, and say what became of it."""
    from napari_deconv.progress import Bar

    console = Console(stderr=True, quiet=as_json, highlight=False)
    foreseen = work.restoration.foreseen()
    if foreseen.seconds is not None:
        console.print(f"{work.job.image.name}: {foreseen}", markup=False)
    with Bar(console, work) as bar:
        for trying in work.choosing():
            bar.search(trying)
        for step in work.steps():
            bar.show(step)
        for varying in work.varied():
            bar.vary(varying)
    report, check = work.save()
    if as_json:
        typer.echo(json.dumps(report.plain(), allow_nan=False))
        return
    for sentence in report.warnings:
        typer.echo(f"{work.job.image.name}: {sentence}", err=True)
    typer.echo("\n".join(report.lines(check)))
