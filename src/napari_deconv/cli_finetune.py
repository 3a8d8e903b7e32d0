"""The command line's fine-tuning of models on noisy scans alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from napari_deconv.cli_train import arrays_of, place_of, plain_of, psf_in


def finetune(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.yaml", help="What is tuned on what.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the model.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The model's card as JSON.")] = False,
) -> None:
    """Fine-tune a model for `restore` on noisy scans, without sharp images."""
    from napari_deconv.learned.tuning import Tuning, TuningPlan

    plan = TuningPlan(**plain_of(config, "scans: [scan.tif]"))
    out = place_of(plan.out)
    if out.exists() and not overwrite:
        raise ValueError(f"{out} is there already: name another file, or say --overwrite.")
    tuning = Tuning(plan, arrays_of(plan.scans), arrays_of(plan.exposures), psf_in(plan.psf))
    for look in tuning.looks():
        typer.echo(look, err=True)
    card = tuning.deliver()
    if card is None:
        typer.echo(
            f"Nothing was surely better than {plan.start}, the model it began as: {out} was not "
            "written.",
            err=True,
        )
    if as_json:
        typer.echo(json.dumps(card and card.plain(), allow_nan=False))
    elif card is not None:
        scores = ", ".join(f"{what} {value} dB" for what, value in card.scores.items())
        typer.echo(f"{out}: {scores} (gain {tuning.gained()} dB), on scenes that had no say")
