"""The command line's models: bring in others' weights, show a card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Models for restore and plug-and-play: bring in others' weights.")


@app.command("import")
def bring_in(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .safetensors, .pth or .pt.")],
    out: Annotated[Path, typer.Option(metavar="OUT.safetensors", help="Where the model goes.")],
    *,
    title: Annotated[str, typer.Option(help="What it is; the file's name if not given.")] = "",
    licence: Annotated[str, typer.Option(help="Of the weights.")] = "unknown",
    psf: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The PSF that it was trained for.")
    ] = None,
    noise: Annotated[
        tuple[float, float] | None,
        typer.Option(metavar="LOW HIGH", help="Noise it was trained for, of the grey range."),
    ] = None,
    denoiser: Annotated[
        str, typer.Option(metavar="CLASS", help="Of deepinv.models, such as DRUNet.")
    ] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a model.")] = False,
) -> None:
    """Make a model of weights: the authors' SwinIR, own ones, what spandrel or deepinv know.

    Nothing in the file is run. What it was trained for is on its card only if it is told.
    """
    from napari_deconv.learned.importing import Told
    from napari_deconv.learned.importing import bring_in as bring

    if out.exists() and not overwrite:
        raise ValueError(f"{out} exists already; name another file or add --overwrite.")
    widths = None if psf is None else (_width(psf),) * 2
    card = bring(file, out, Told(title, licence, widths, noise), denoiser)
    typer.echo(str(out))
    if card.unknown():
        typer.echo(card.unknown(), err=True)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="One that ships, or a file.")],
) -> None:
    """Print a model's card as JSON, with its hash."""
    from napari_deconv.learned import model

    plain = {**model.card_of(name).plain(), "hash": model.digest_of(name)}
    typer.echo(json.dumps(plain, indent=2, allow_nan=False))


def _width(path: Path) -> float:
    """Return the rms radius of the PSF in a file, in pixels."""
    from napari_deconv import io
    from napari_deconv.psf.kernel import rms_radius, understand

    return float(rms_radius(understand(io.read(path).array).array))
