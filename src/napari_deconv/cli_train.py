"""The command line's training of models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from napari_deconv.learned.job import Job, TrainingPlan

EVERY = 25
"""Steps between two lines of what goes on."""


def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="What is trained on what.")],
    as_json: Annotated[bool, typer.Option("--json", help="The model's card as JSON.")] = False,
) -> None:
    """Train a model for `restore`; a training that was cut off goes on."""
    from napari_deconv.learned.job import Job

    plan = planned(config)
    out = Path(plan.out)
    if out.suffix != ".safetensors" or not out.absolute().parent.is_dir():
        raise ValueError(f"{out} can't take the model: name a .safetensors file in a folder.")
    job = Job(plan, pictures(plan))
    for line in lines(job):
        if not as_json:
            typer.echo(line, err=True)
    card = job.deliver()
    if as_json:
        typer.echo(json.dumps(card.plain(), allow_nan=False))
        return
    scores = ", ".join(f"{what} {value} dB" for what, value in card.scores.items())
    typer.echo(f"{out}: {card.steps} steps, {card.minutes} min; {scores}")


def planned(path: Path) -> TrainingPlan:
    """Return the plan in a file.

    Raises
    ------
    ValueError
        In one sentence, if it is no plan.
    """
    from napari_deconv.learned.job import TrainingPlan
    from napari_deconv.recipe_file import parse_yaml

    try:
        plain: Any = parse_yaml(path.read_text(encoding="utf-8"))
    except Exception:
        plain = None
    if not isinstance(plain, dict):
        raise ValueError(f"{path} is no training plan; a plan is lines such as 'minutes: 60'.")
    return TrainingPlan(**{str(key): value for key, value in plain.items()})


def pictures(plan: TrainingPlan) -> list[Any]:
    """Return what the plan's files hold, the files of a folder in the order of their names.

    Raises
    ------
    ValueError
        If a file can't be read.
    """
    from napari_deconv import io

    files: list[Path] = []
    for name in plan.images:
        path = Path(name).expanduser()
        files += sorted(f for f in path.iterdir() if f.is_file()) if path.is_dir() else [path]
    return [io.read(file).array for file in files]


def lines(job: Job) -> Any:
    """Train, and yield a line now and then."""
    losses = []
    for progress in job.progress():
        losses.append(progress.loss)
        if progress.step % EVERY == 0:
            mean = sum(float(loss) for loss in losses) / len(losses)
            yield f"step {progress.step}, {progress.seconds / 60:.1f} min, loss {mean:.4g}"
            losses.clear()
