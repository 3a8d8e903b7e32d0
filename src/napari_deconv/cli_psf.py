"""The command line's PSFs: measured from boxes in a picture, or made from a shape."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

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
    target = Target(out, pixel_size, overwrite, as_json)
    _measured(image, box, target, "edge", model=model, sloping=sloping)


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
    target = Target(out, pixel_size, overwrite, as_json)
    _measured(image, box, target, "disk", model=model, sloping=sloping)


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
    target = Target(out, pixel_size, overwrite, as_json)
    _measured(image, box, target, "wire", model=model, sloping=sloping, width=width)


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
    _measured(image, box, Target(out, pixel_size, overwrite, as_json), "point")


@app.command()
def refine(
    image: Picture,
    psf: Annotated[
        str, typer.Option(metavar="SHAPE|FILE", help="Where to begin: a shape, or an array.")
    ],
    out: Out,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="sigma=2, unit=mm, ...")
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            metavar="R0,C0,R1,C1", help="Rows and columns with sharp edges; else the whole image."
        ),
    ] = None,
    pixel_size: Size = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """From the image's own edges: a shape or an array made as wide as they show (semi-blind)."""
    from napari_deconv import io
    from napari_deconv.psf.refine import Refinement

    target = Target(out, pixel_size, overwrite, as_json)
    target.check()
    picture = io.read(image)
    size = target.size or picture.size
    box = None if region is None else corners(region)
    work = Refinement(picture.array, _begun(psf, settings or []), box, size)
    for turn in work.turns():
        if not as_json:
            typer.echo(str(turn), err=True)
    blur = work.result()
    target.write(blur.psf, size)
    target.say(blur.psf, blur)


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
    psf = _shaped(name, settings or [])
    target = Target(out, pixel_size, overwrite, as_json)
    target.check()
    target.write(psf, target.size)
    target.say(psf)


class Target(NamedTuple):
    """Where a PSF goes, and how that is told."""

    out: Path
    pixel_size: str | None
    overwrite: bool
    as_json: bool

    @property
    def size(self) -> PixelSize | None:
        """The pixel size that was given."""
        from napari_deconv.core.units import PixelSize

        return PixelSize.parse(self.pixel_size) if self.pixel_size else None

    def check(self) -> None:
        """Refuse a file that can't be written, before any work."""
        if self.out.suffix.lower() not in (".tif", ".tiff"):
            raise ValueError(f"A PSF is written as TIFF: name it {self.out.with_suffix('.tif')}.")
        if self.out.exists() and not self.overwrite:
            raise ValueError(f"{self.out} exists already; choose another or add --overwrite.")
        if not self.out.parent.is_dir():
            raise ValueError(f"{self.out.parent} is no folder; make it first.")

    def write(self, psf: Psf, size: PixelSize | None) -> None:
        """Write the PSF's array with its pixel size."""
        from napari_deconv import io

        io.write(
            self.out,
            psf.kernel(size),
            pixel_size=None if size is None else size.value,
            unit=None if size is None else size.unit,
            overwrite=self.overwrite,
        )

    def say(self, psf: Psf, blur: MeasuredBlur | None = None) -> None:
        """Print what was found."""
        notes = () if blur is None else blur.notes
        if self.as_json:
            shape = {} if psf.key() == "measured" else {"psf": psf.plain()}
            figures = {} if blur is None else {"figures": [f.plain() for f in blur.figures]}
            found = {"output": str(self.out), **shape, **figures, "notes": list(notes)}
            typer.echo(json.dumps(found, allow_nan=False))
            return
        for sentence in notes:
            typer.echo(sentence, err=True)
        typer.echo(str(self.out) if blur is None else f"{self.out}\n  {blur.summary()}")


def _shaped(name: str, settings: list[str]) -> Psf:
    """Return a shape by its name, with settings."""
    from napari_deconv.recipe import Recipe
    from napari_deconv.settings import changed

    psf = changed(Recipe(), [f"psf={name}", *(f"psf.{setting}" for setting in settings)]).psf
    assert psf is not None
    return psf


def _begun(name: str, settings: list[str]) -> Psf:
    """Return the shape of a name, or the array of a file."""
    from napari_deconv import io
    from napari_deconv.psf.measured import MeasuredPsf
    from napari_deconv.registry import choices

    if name in choices("psf"):
        return _shaped(name, settings)
    if settings:
        raise ValueError(f"--set changes a shape, but {name!r} is none; leave it out for a file.")
    return MeasuredPsf.of(io.read(Path(name)).array)


def _measured(image: Path, boxes: list[str], target: Target, kind: str, **more: Any) -> None:
    """Measure, write and say what was found."""
    from napari_deconv import io
    from napari_deconv.psf.measure import measure

    target.check()
    picture = io.read(image)
    blur = measure(picture.array, [corners(box) for box in boxes], kind, **more)
    target.write(blur.psf, target.size or picture.size)
    target.say(blur.psf, blur)


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
    if not np.isfinite(numbers).all():
        numbers = []
    if len(numbers) == 8:
        return np.array(numbers).reshape(4, 2)
    if len(numbers) != 4:
        raise ValueError(f"A box is R0,C0,R1,C1 in pixels (or eight numbers), not {text!r}.")
    top, left, bottom, right = numbers
    return np.array([[top, left], [top, right], [bottom, right], [bottom, left]])
