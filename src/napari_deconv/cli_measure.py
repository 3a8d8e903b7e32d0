"""The command line's measures of quality: MTF, duplex wires, noise, in shapes given by numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from napari_deconv.cli_psf import corners
from napari_deconv.evidence.measures import MEASURES, Subject, Terms, corners_around, take

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from napari_deconv.evidence.reading import Reading

    Points = npt.NDArray[np.float64]

app = typer.Typer()


@app.command()
def measure(
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"{', '.join(MEASURES)}.")],
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="Counts; FILE[2] is a slice.")],
    box: Annotated[
        list[str] | None,
        typer.Option(metavar="R0,C0,R1,C1", help="Rows and columns from, to, in pixels; repeat."),
    ] = None,
    line: Annotated[
        list[str] | None,
        typer.Option(metavar="R0,C0,R1,C1", help="Row and column of both ends; repeat."),
    ] = None,
    circle: Annotated[
        list[str] | None,
        typer.Option(metavar="R,C,RADIUS", help="Row and column of the middle, radius; repeat."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help=f"{', '.join(Terms.model_fields)}."),
    ] = None,
    pixel_size: Annotated[
        str | None, typer.Option(help='Such as "0.1 mm", in place of the file\'s.')
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a shape, curves included.")
    ] = False,
) -> None:
    """Measure an image to a standard: sharpness, finest wires, noise; with 95 % intervals."""
    from napari_deconv.core.units import PixelSize
    from napari_deconv.correcting import Frames

    if kind not in MEASURES:
        raise ValueError(f"There is no measure {kind!r}; choose one of: {', '.join(MEASURES)}.")
    given = {"box": box or [], "line": line or [], "circle": circle or []}
    shapes = _shapes(kind, given)
    picture = Frames.of(image).read()
    if picture.array.ndim != 2:
        raise ValueError(
            f"{image} has the shape {picture.array.shape}; give a picture of grey values, of a "
            f"stack one slice, as {image.name}[2]."
        )
    size = PixelSize.parse(pixel_size) if pixel_size else picture.size
    side = None if size is None else size.square_side("mm")
    terms = _terms(settings or [])
    for number in range(len(shapes)):
        subject = Subject(picture.array, shapes, number, side, terms=terms)
        _say(take(kind, subject), number + 1, as_json)


def _shapes(kind: str, given: dict[str, list[str]]) -> list[Points]:
    """Return the shapes that a measure needs; refuse others."""
    wanted = MEASURES[kind].shape
    if not given[wanted]:
        raise ValueError(f"{kind} needs --{wanted}. {MEASURES[kind].drawing}")
    for shape, texts in given.items():
        if texts and shape != wanted:
            raise ValueError(f"{kind} is measured by --{wanted}, not by --{shape}.")
    read = {"box": corners, "line": _ends, "circle": _around}[wanted]
    return [read(text) for text in given[wanted]]


def _numbers(text: str, count: int, form: str) -> list[float]:
    try:
        numbers = [float(part) for part in re.split(r"[,\s]+", text.strip())]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(map(isfinite, numbers)):
        raise ValueError(f"Write {form} in pixels, not {text!r}.")
    return numbers


def _ends(text: str) -> Points:
    import numpy as np

    return np.array(_numbers(text, 4, "a line as R0,C0,R1,C1")).reshape(2, 2)


def _around(text: str) -> Points:
    row, column, radius = _numbers(text, 3, "a circle as R,C,RADIUS")
    return corners_around([(row - radius, column - radius), (row + radius, column + radius)])


def _terms(settings: Sequence[str]) -> Terms:
    from napari_deconv.settings import value

    pairs = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise ValueError(f"--set {setting} is no setting; write for example width=31.")
        pairs[name.strip()] = value(text)
    return Terms(**pairs)


def _say(reading: Reading, number: int, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"shape": number, **reading.plain()}, allow_nan=False))
        return
    for sentence in reading.notes:
        typer.echo(sentence, err=True)
    known = [str(figure) for figure in reading.figures if isfinite(figure.value)]
    typer.echo(f"{number}: {' · '.join(known)}")
