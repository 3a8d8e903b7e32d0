"""The command that restores an image again with all varied that nobody knows, and compares."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from napari_deconv.io import Picture

SPREAD, BEYOND = "spread", "doubt"
"""What the names of the written files end with."""

app = typer.Typer()


@app.command()
def doubt(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE.yaml", help="How to restore.")],
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="TIFF, npy, DICOM ...")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where to; made if missing.")],
    psf: Annotated[
        Path | None, typer.Option(metavar="FILE", help="PSF, in place of the recipe's.")
    ] = None,
    others: Annotated[
        list[Path] | None,
        typer.Option("--with", metavar="FILE", help="Another result to compare with; repeat."),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, mps, cuda or cuda:N.")] = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results.")] = False,
) -> None:
    """Tell how sure a result is: where others, made a little differently, disagree with it.

    The image is restored with the strength divided and multiplied by 3, the PSF 10 % narrower and
    wider, and by another method. IMAGE_METHOD_spread.tif is the standard deviation of all results,
    IMAGE_METHOD_doubt.tif what of it the edges do not explain, both in grey values.
    """
    from napari_deconv import io
    from napari_deconv.doubts import Doubts
    from napari_deconv.recipe import Recipe

    loaded, picture = Recipe.load(recipe), io.read(image)
    if psf is not None:
        loaded = loaded.with_psf(io.read(psf).array)
    paths = [out / f"{image.stem}_{loaded.method.key()}_{end}.tif" for end in (SPREAD, BEYOND)]
    for path in paths:
        if path.exists() and not overwrite:
            raise ValueError(f"{path} exists already; choose another folder or add --overwrite.")
    more = [io.read(path).array for path in others or []]
    made = loaded.run(picture.array, device=device)
    doubts = Doubts(made.recipe, picture.array, device=device, others=more)
    for _ in doubts.steps():
        pass
    found = doubts.of(made.image)
    out.mkdir(parents=True, exist_ok=True)
    for path, one in zip(paths, (found.spread, found.beyond), strict=True):
        _write(path, one, picture, overwrite)
    rms = float((found.spread.astype(float) ** 2).mean() ** 0.5)
    typer.echo(f"{found.number} results ({found.band.words}) differ by {rms:.3g} grey values rms.")
    if doubts.passed is not None:
        typer.echo(str(doubts.passed))
    typer.echo("\n".join(map(str, paths)))


def _write(
    path: Path, one: npt.NDArray[np.floating[Any]], picture: Picture, overwrite: bool
) -> None:
    from napari_deconv import io

    size, unit = picture.pixel_size, picture.unit
    io.write(path, one, pixel_size=size, unit=unit, dtype="float32", overwrite=overwrite)
