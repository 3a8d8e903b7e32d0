"""The command line's PSFs: measured from boxes in a picture, or made from a shape."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from napari_deconv.core.units import PixelSize
    from napari_deconv.psf.measure import MeasuredBlur
    from napari_deconv.psf.sampling import Psf

app = typer.Typer(help="Measure a PSF from a picture, or make one.", no_args_is_help=True)

Picture = Annotated[Path, typer.Argument(metavar="IMAGE", help="Counts or transmission.")]
Boxes = Annotated[
    list[str],
    typer.Option(
        "--box",
        metavar="R0,C0,R1,C1",
        help="Rows and columns from, to, in pixels; again for another box.",
    ),
]
Out = Annotated[Path, typer.Option(metavar="PSF.tif", help="File to write.")]
Model = Annotated[
    str | None, typer.Option(help="gaussian, core-tail, disk-gaussian; of an edge curve, ellipse.")
]
Sloping = Annotated[bool, typer.Option("--sloping", help="Grey values beside it rise or fall.")]
Size = Annotated[str | None, typer.Option("--pixel-size", help='Such as "0.1 mm".')]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace the file.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@app.command()
def edge(
    image: Picture,
    box: Boxes,
    out: Out,
    model: Model = None,
    sloping: Sloping = False,
    pixel_size: Size = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """From straight edges; several at different angles with --model ellipse."""
    _measured(image, box, out, "edge", pixel_size, overwrite, as_json, model=model, sloping=sloping)


@app.command()
def disk(
    image: Picture,
    box: Boxes,
    out: Out,
    model: Model = None,
    sloping: Sloping = False,
    pixel_size: Size = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """From the round edge of a hole, a cylinder, a disk."""
    _measured(image, box, out, "disk", pixel_size, overwrite, as_json, model=model, sloping=sloping)


@app.command()
def wire(
    image: Picture,
    box: Boxes,
    out: Out,
    width: Annotated[float, typer.Option(min=0, help="Width of the wire in pixels.")] = 0.0,
    model: Model = None,
    sloping: Sloping = False,
    pixel_size: Size = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """From a straight wire or slit."""
    more: dict[str, Any] = {"model": model, "sloping": sloping, "width": width}
    _measured(image, box, out, "wire", pixel_size, overwrite, as_json, **more)


@app.command()
def point(
    image: Picture,
    box: Boxes,
    out: Out,
    pixel_size: Size = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """From beads or pinholes, aligned and averaged."""
    _measured(image, box, out, "point", pixel_size, overwrite, as_json)


@app.command()
def shape(
    name: Annotated[str, typer.Argument(metavar="SHAPE", help="See napari-deconv methods.")],
    out: Out,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="sigma=2, unit=mm, ...")
    ] = None,
    pixel_size: Size = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """From a shape: a Gaussian, a disk, an X-ray system by its data sheet."""
    from napari_deconv.recipe import Recipe
    from napari_deconv.settings import changed

    settings = [f"psf.{setting}" for setting in settings or ()]
    psf = changed(Recipe(), [f"psf={name}", *settings]).psf
    assert psf is not None
    _check_free(out, overwrite)
    _write(psf, out, _size(pixel_size), overwrite)
    _say(out, psf, "", (), as_json, {})


def _measured(
    image: Path,
    boxes: list[str],
    out: Path,
    kind: str,
    pixel_size: str | None,
    overwrite: bool,
    as_json: bool,
    **more: Any,
) -> None:
    """Measure, write and say what was found."""
    from napari_deconv import io
    from napari_deconv.jobs import size_of
    from napari_deconv.psf.measure import measure

    _check_free(out, overwrite)
    picture = io.read(image)
    blur = measure(picture.array, [corners(box) for box in boxes], kind, **more)
    _write(blur.psf, out, _size(pixel_size) or size_of(picture), overwrite)
    _say(out, blur.psf, blur.summary(), blur.notes, as_json, _plain(blur))


def corners(text: str) -> npt.NDArray[np.float64]:
    """Return the four corners that ``R0,C0,R1,C1`` stands for; eight numbers are the corners.

    Raises
    ------
    ValueError
        In one sentence, if the text is neither.
    """
    import numpy as np

    try:
        numbers = [float(part) for part in re.split(r"[,\s]+", text.strip())]
    except ValueError:
        numbers = []
    if len(numbers) == 8:
        return np.array(numbers).reshape(4, 2)
    if len(numbers) != 4:
        raise ValueError(f"A box is R0,C0,R1,C1 in pixels (or eight numbers), not {text!r}.")
    top, left, bottom, right = numbers
    return np.array([[top, left], [top, right], [bottom, right], [bottom, left]])


def _size(text: str | None) -> PixelSize | None:
    from napari_deconv.core.units import PixelSize

    return PixelSize.parse(text) if text else None


def _check_free(out: Path, overwrite: bool) -> None:
    if out.suffix.lower() not in (".tif", ".tiff"):
        raise ValueError(f"A PSF is written as TIFF: name it {out.with_suffix('.tif')}.")
    if out.exists() and not overwrite:
        raise ValueError(f"{out} exists already; choose another file or add --overwrite.")


def _write(psf: Psf, out: Path, size: PixelSize | None, overwrite: bool) -> None:
    from napari_deconv import io

    io.write(
        out,
        psf.kernel(size),
        pixel_size=None if size is None else size.value,
        unit=None if size is None else size.unit,
        overwrite=overwrite,
    )


def _say(
    out: Path,
    psf: Psf,
    summary: str,
    notes: tuple[str, ...],
    as_json: bool,
    plain: dict[str, Any],
) -> None:
    chosen = {} if psf.key() == "measured" else {"psf": psf.plain()}
    if as_json:
        found = {"output": str(out), **chosen, **plain, "notes": list(notes)}
        typer.echo(json.dumps(found, allow_nan=False))
        return
    for sentence in notes:
        typer.echo(sentence, err=True)
    typer.echo("\n".join(filter(None, (str(out), f"  {summary}" if summary else ""))))


def _plain(blur: MeasuredBlur) -> dict[str, Any]:
    """Return the figures as plain data for JSON, which knows no NaN."""
    import numpy as np

    def number(value: float) -> float | None:
        return value if np.isfinite(value) else None

    return {
        "figures": [
            {
                "name": figure.name,
                "value": number(figure.value),
                "error": number(figure.error),
                "unit": figure.unit,
            }
            for figure in blur.figures
        ]
    }
