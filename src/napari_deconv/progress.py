"""What the command line shows while an image is being restored."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, Progress, TextColumn

if TYPE_CHECKING:
    from rich.console import Console

    from napari_deconv.beside import Varying
    from napari_deconv.jobs import Work
    from napari_deconv.methods.choosing import Trying
    from napari_deconv.methods.method import Step

PERIOD = 0.25
"""Least seconds between two looks at objective and PSNR, each of which costs a blur."""


class Bar:
    """A bar with iteration, objective, PSNR, seconds and device, gone when the work is done.

    Parameters
    ----------
    console : Console
        Where to draw it; nothing is drawn, nor computed, where it is no terminal.
    work : Work
        What is being done.
    """

    def __init__(self, console: Console, work: Work) -> None:
        self._work = work
        self._drawn = console.is_terminal
        self._due = -float("inf")
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[figures]}", markup=False),
            console=console,
            transient=True,
            disable=not self._drawn,
        )
        self._task = self._progress.add_task(
            work.job.image.name, total=work.restoration.total, figures=""
        )

    def __enter__(self) -> Self:
        """Start drawing."""
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self._progress.stop()

    def search(self, trying: Trying) -> None:
        """Say how far the search for a strength is."""
        if self._drawn:
            self._progress.update(self._task, figures=str(trying))

    def show(self, step: Step) -> None:
        """Move the bar to a step, its figures now and then."""
        now = time.monotonic()
        if self._drawn and (now >= self._due or step.index == step.total):
            self._due = now + PERIOD
            figures = self.figures(step)
            self._progress.update(
                self._task, completed=step.index, total=step.total, figures=figures
            )

    def vary(self, varying: Varying) -> None:
        """Move the bar to where the runs beside the result are."""
        if self._drawn:
            figures = f"{varying.words} {varying.index} of {varying.total}"
            self._progress.update(
                self._task, completed=varying.index, total=varying.total, figures=figures
            )

    def figures(self, step: Step) -> str:
        """Return what is known of a step, in one line."""
        parts = [f"{step.index} of {step.total}", f"objective {step.objective:.4g}"]
        psnr = self._work.psnr(step)
        if psnr is not None:
            parts.append(f"PSNR {psnr}")
        return " · ".join([*parts, f"{step.seconds:.1f} s", str(self._work.restoration.device)])
