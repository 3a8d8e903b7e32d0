"""The command line: what there is to choose, restoring files, a demonstration.

What imports slowly is imported inside the commands, so that help and tables are quick.
"""

from __future__ import annotations

import json
import os
import sys
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from typer.core import TyperGroup

from napari_deconv import (
    __version__,
    cli_batch,
    cli_compare,
    cli_doubt,
    cli_measure,
    cli_model,
    cli_psf,
    cli_report,
    cli_run,
    cli_train,
)
from napari_deconv.storing import StoredType

REFUSED: type[Exception] = typer.BadParameter.__mro__[2]
"""What typer raises for a command line that can't be; its own copy of click, or click's."""
BAD_INPUT = 2
INTERRUPTED = 130
SCREENS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
"""Variables of which one says where Qt can draw."""
PIPED_WIDTH = 140
"""Columns of a table that goes into a file or another program."""

PsfFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="PSF, in place of the recipe's.")
]
PsfPixel = Annotated[
    str | None,
    typer.Option(
        metavar="SIZE|file", help="Of the PSF, resampled to the image's; file: as it says."
    ),
]
ImagePixel = Annotated[
    str | None, typer.Option(help='Such as "0.1 mm"; replaces what the files say.')
]
DataRange = Annotated[
    float | None, typer.Option(help="K of the PSNR; the reference's maximum if not given.")
]
Widths = Annotated[
    bool, typer.Option("--sensitivity", help="Also with the PSF 10 % narrower and wider.")
]
Opinion = Annotated[
    bool | None,
    typer.Option(
        "--second-opinion/--no-second-opinion",
        help="Also by TV, and where it differs; of learned methods, if not told.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object an image, no progress bar.")]
ReferenceFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="True image, for the PSNR.")
]
WeightsFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="How much each pixel counts; 0 masks it.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="method=tv, method.weight=0.01, ..."),
]
Frames = Annotated[
    bool, typer.Option("--burst", help="Images, or slices of one, are frames of one scene.")
]
StoredAs = StrEnum("StoredAs", ["float32", "uint16"])
Stored = Annotated[StoredAs, typer.Option(help="uint16 rounds and clips, and says how much.")]


class Plain(TyperGroup):
    """A group of commands that says in one plain sentence what is wrong with its input."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run and exit: 0 when done, 2 for bad input, 130 when interrupted."""
        try:
            code = super().main(*args, **{**extra, "standalone_mode": False})
        except REFUSED as error:
            _fail(error.format_message())  # type: ignore[attr-defined]
        except OSError as error:
            _fail(f"{error.filename}: {error.strerror}." if error.filename else str(error))
        except ValueError as error:
            _fail(str(error))
        except (KeyboardInterrupt, typer.Abort):
            sys.exit(INTERRUPTED)
        sys.exit(code or 0)


def _fail(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    sys.exit(BAD_INPUT)


app = typer.Typer(
    cls=Plain,
    help="Deblur X-ray scans.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


app.add_typer(cli_psf.app, name="psf")
app.command()(cli_measure.measure)
app.add_typer(cli_doubt.app)
app.add_typer(cli_compare.app)
app.add_typer(cli_report.app)
app.add_typer(cli_model.app, name="model")
app.command("train")(cli_train.train)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"napari-deconv {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def begin(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say which.")
    ] = False,
) -> None:
    """Deblur X-ray scans."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
def methods(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON Schema of a recipe.")] = False,
) -> None:
    """List every method, prior, noise model, boundary and PSF with its parameters."""
    from napari_deconv import catalogue

    if as_json:
        typer.echo(json.dumps(catalogue.schema(), indent=2))
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, PIPED_WIDTH)
    for table in catalogue.tables():
        console.print(table)


@app.command()
def run(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE.yaml", help="How to restore.")],
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="TIFF, npy, DICOM ...")],
    out: Annotated[Path, typer.Option(metavar="OUT", help="Folder; or FILE.zarr .h5 .tif .npy.")],
    psf: PsfFile = None,
    psf_pixel_size: PsfPixel = None,
    reference: ReferenceFile = None,
    weights: WeightsFile = None,
    data_range: DataRange = None,
    pixel_size: ImagePixel = None,
    settings: Settings = None,
    burst: Frames = False,
    sensitivity: Widths = False,
    second_opinion: Opinion = None,
    device: Annotated[str, typer.Option(help="auto, cpu, mps, cuda or cuda:N.")] = "auto",
    dtype: Stored = StoredAs.float32,
    workers: cli_batch.Workers = None,
    scheduler: cli_batch.Scheduler = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results.")] = False,
    as_json: AsJson = False,
) -> None:
    """Restore images: IMAGE becomes OUT/IMAGE_METHOD.tif with its recipe beside it.

    Of a burst in several files, the result is named after the first. If OUT is a file, IMAGE is a
    whole scan (a file, a zarr store, a folder of pictures), restored piece by piece by several
    processes: run again, it goes on where it was cut off. Everything is checked before.
    """
    from napari_deconv import io
    from napari_deconv.beside import Asked
    from napari_deconv.core import device as devices
    from napari_deconv.core.units import PixelSize
    from napari_deconv.jobs import Reference, Terms, arrange
    from napari_deconv.scans.targets import names_scan
    from napari_deconv.settings import Given

    restored_by, psf_pixel = Given(recipe, settings or [], psf, psf_pixel_size, burst).recipe()
    size = PixelSize.parse(pixel_size) if pixel_size else None
    stored: StoredType = "uint16" if dtype is StoredAs.uint16 else "float32"
    if names_scan(out):
        spread = cli_batch.Spread(workers, scheduler, device)
        kept = cli_batch.Kept(out, stored, size, overwrite)
        return cli_batch.restore_scan(cli_batch.order(restored_by, images, kept, spread), as_json)
    terms = Terms(
        restored_by,
        reference=Reference.read(reference, data_range),
        weights=None if weights is None else io.read(weights).array,
        pixel_size=size,
        psf_pixel=psf_pixel,
        device=device,
        dtype=stored,
        overwrite=overwrite,
        beside=Asked(sensitivity, second_opinion),
    )
    jobs = arrange(images, out, terms, [path for path in (psf, reference, weights) if path])
    devices.pick(device)
    cli_run.restore(jobs, out, as_json)


@app.command()
def correct(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="Raw; FILE[2] is a slice.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where to; made if missing.")],
    flat: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Open beam, a frame or many; repeat.")
    ] = None,
    dark: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="No beam, a frame or many; repeat.")
    ] = None,
    domain: Annotated[
        str | None, typer.Option(help="counts, transmission (if not given) or attenuation.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="spot_sigma=8, dead=fill, ..."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object an image.")] = False,
) -> None:
    """Correct raw images by flats and darks: IMAGE becomes DIR/IMAGE_DOMAIN.tif.

    Flats and darks that a scan brings along are used if none are given. Several flats tell the
    noise, as a setting for run.
    """
    from napari_deconv.correcting import Order, correction

    by = correction(domain, settings or [])
    done = Order(images, flat or [], dark or [], out, by, overwrite).begin()
    cli_run.make_writable(out)
    for one in done:
        typer.echo(json.dumps(one.plain()) if as_json else "\n".join(one.lines()))


@app.command()
def demo(
    headless: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Do it without anybody watching; leave the results here."),
    ] = None,
    image: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your image, not the simulated one.")
    ] = None,
    psf: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its PSF; a Gaussian if not given.")
    ] = None,
) -> None:
    """Deblur a simulated radiograph in napari, with profiles over line pairs, wires and a step."""
    _check_screen(headless)
    if headless is not None:
        cli_run.make_writable(headless)
        os.environ.setdefault("NAPARI_CONFIG", "")  # the picture is the same on every machine
    # The command line lies below the docks, which must not be imported from here: the name alone
    # is known.
    try:
        session = import_module("napari_deconv.widgets.demo")
    except ImportError as error:
        if (error.name or "").startswith("napari_deconv"):
            raise
        reason = str(error).splitlines()[0].rstrip(".")
        raise ValueError(
            f"The demo needs napari and a Qt binding ({reason}): "
            'pip install "napari-deconv[napari]" PyQt6'
        ) from None
    if headless is None:
        session.show(image, psf)
    else:
        session.headless(headless, image, psf)


def _check_screen(headless: Path | None) -> None:
    """Refuse what Qt would end the whole program for: to draw where there is no screen."""
    if not sys.platform.startswith("linux") or any(map(os.environ.get, SCREENS)):
        return
    raise ValueError(
        "There is no display: run make demo, or "
        'xvfb-run -a -s "-screen 0 1600x1000x24" napari-deconv demo --headless '
        f"{headless or 'DIR'}"
    )
