"""Train a model: one loop that yields, can be cut off at any time and goes on from there.

The rate stays as it is until a run is cooled: a branch with a falling rate, after which the model
is at its best. The run itself can go on from before that (warm-up, stable, decay; Hu et al.,
"MiniCPM", COLM 2024, sec. 4).
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from napari_deconv.learned import checkpoint
from napari_deconv.learned.training import Progress, Run, Training

if TYPE_CHECKING:
    import torch

RUN, COOLED = "run.pt", "cooled.pt"
"""Checkpoints in a training's folder: of the run, and of the branch that is cooled."""


def begin(training: Training, folder: Path, device: torch.device | str = "cpu") -> Run:
    """Return the run that a folder holds, or a new one.

    Raises
    ------
    ValueError
        If the folder holds a run of another training.
    """
    if not (path := folder / RUN).is_file():
        return Run(training, device)
    run = Run.of(checkpoint.read(path), device)
    if other := run.training.unlike(training):
        raise ValueError(
            f"{folder} holds a run of another training ({other[0]}); choose another folder or the "
            "same settings."
        )
    return run


def train(
    run: Run,
    folder: Path,
    *,
    seconds: float = math.inf,
    steps: float = math.inf,
    every: float = 60.0,
) -> Iterator[Progress]:
    """Go on with a run for a sitting, writing its checkpoint every minute and at the end.

    Parameters
    ----------
    run : Run
    folder : Path
        Where its checkpoints lie.
    seconds, steps : float
        Seconds by the run's clock and steps of this sitting, whichever ends first.
    every : float
        Seconds between two checkpoints.
    """
    path = folder / (COOLED if run.cooling else RUN)
    until, last = run.seconds + seconds, run.step + steps
    if run.cooling:
        last = min(last, run.began + run.cooling)
    written = time.monotonic()
    while run.seconds < until and run.step < last and not run.joint.stopping:
        yield run.advance()
        if run.joint.team.rank == 0 and time.monotonic() - written > every:
            checkpoint.write(path, run.state())
            written = time.monotonic()
    if run.joint.team.rank == 0:
        checkpoint.write(path, run.state())
    run.joint.team.wait()


def cooled(
    folder: Path,
    *,
    seconds: float = 0.0,
    steps: int = 0,
    device: torch.device | str = "cpu",
) -> Run:
    """Return a branch of a folder's run that ends after so many steps, or processor seconds.

    One that was begun before, from the same checkpoint, goes on.

    Raises
    ------
    ValueError
        If there is no run, or it has hardly begun.
    """
    path = folder / RUN
    if not path.is_file():
        raise ValueError(f"{folder} holds no run to cool; train first.")
    run = Run.of(checkpoint.read(path), device)
    branch = folder / COOLED
    if branch.is_file():
        begun = Run.of(checkpoint.read(branch), device)
        if begun.began == run.step:
            return begun
    if run.step < 1:
        raise ValueError(f"The run in {folder} has hardly begun; train first.")
    run.cool(steps or max(1, round(seconds * run.step / run.seconds)))
    return run
