"""The command line's comparison of methods and strengths."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from napari_deconv.cli_report import Limit, LimitsFile, Lines, report_files, stated_limits

if TYPE_CHECKING:
    from napari_deconv.comparing import Candidate
    from napari_deconv.comparing_files import FileComparison
    from napari_deconv.report.limits import Limits

app = typer.Typer()

TABLE_WIDTH = 140
"""Columns of a table that goes into a file or another program."""
PAGE = "report.html"
"""What --report writes into the folder."""


ImageFile = Annotated[Path, typer.Argument(metavar="IMAGE", help="FILE[2] is a slice.")]
PsfSource = Annotated[
    str, typer.Option(metavar="FILE|SHAPE", help="A file, or a shape such as gaussian.")
]
Out = Annotated[Path, typer.Option(metavar="DIR", help="Where to; made if missing.")]
Methods = Annotated[str, typer.Option(metavar="A,B|all", help="See napari-deconv methods.")]
Strength = Annotated[str, typer.Option(metavar="auto|NUMBER", help="Of every method that has one.")]
Factors = Annotated[
    str, typer.Option(metavar="1/3,1,3", help="Run each at these times its strength.")
]
ReferenceFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="True image, for PSNR and SSIM.")
]
DataRange = Annotated[float | None, typer.Option(help="K; the reference's maximum if not given.")]
Size = Annotated[str | None, typer.Option(help='Such as "0.1 mm"; replaces what the file says.')]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="boundary=reflect, fidelity.gain=2 ..."),
]
Device = Annotated[str, typer.Option(help="auto, cpu, mps, cuda or cuda:N.")]
Page = Annotated[bool, typer.Option("--report", help="Also write a page of evidence, report.html.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace results.")]
AsJson = Annotated[bool, typer.Option("--json", help="The table as JSON.")]


@app.command()
def compare(
    image: ImageFile,
    psf: PsfSource,
    out: Out,
    methods: Methods = "wiener,tv,wavelet,richardson-lucy",
    strength: Strength = "auto",
    factors: Factors = "1",
    reference: ReferenceFile = None,
    data_range: DataRange = None,
    line: Lines = None,
    pixel_size: Size = None,
    settings: Settings = None,
    device: Device = "auto",
    page: Page = False,
    limits: LimitsFile = None,
    limit: Limit = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
) -> None:
    """Restore one image by several methods; write pictures, recipes and a table of measures."""
    from napari_deconv import comparing_files as files
    from napari_deconv import io
    from napari_deconv.core.units import PixelSize
    from napari_deconv.jobs import Reference
    from napari_deconv.recipe import Recipe
    from napari_deconv.report.gathering import parse_line
    from napari_deconv.settings import changed

    truth = None if reference is None else Reference.of(io.read(reference).array, data_range)
    terms = files.Terms(
        files.with_psf(changed(Recipe(), _without_method(settings or [])), psf),
        _entries(methods, strength, factors),
        truth,
        [parse_line(text, number) for number, text in enumerate(line or [], start=1)],
        PixelSize.parse(pixel_size) if pixel_size else None,
        device,
        overwrite,
    )
    judged_by = _judged_by(stated_limits(limits, limit), page)
    pages = report_files(out / PAGE, overwrite) if page else ()
    work = files.FileComparison(image, out, terms)
    out.mkdir(parents=True, exist_ok=True)
    _carry_out(work, as_json)
    results = sum(one.image is not None for one in work.outcomes)
    if pages and results:
        _write_page(work, pages[0], judged_by)
    if as_json:
        typer.echo(json.dumps(work.records(), allow_nan=False))
    else:
        _print(work, f"{out}: {results} results, {_names(*work.tables, *pages)}")
    raise typer.Exit(0 if results else 1)


def _entries(methods: str, strength: str, factors: str) -> list[Candidate]:
    """Return what is run."""
    from napari_deconv.comparing import candidates
    from napari_deconv.comparing_files import factors_of, methods_named

    return candidates(methods_named(methods), _strength(strength), factors_of(factors))


def _judged_by(limits: Limits, page: bool) -> Limits:
    """Return limits; refuse those that nothing would be judged by."""
    if limits.stated and not page:
        raise ValueError("Limits are judged on the page; add --report.")
    return limits


def _names(*files: Path) -> str:
    """Return the names of the files that are there."""
    return ", ".join(file.name for file in files if file.is_file())


def _carry_out(work: FileComparison, quiet: bool) -> None:
    """Run the queue; the table is there after each picture, also if it is interrupted."""
    from napari_deconv.comparing import Advance

    console = Console(stderr=True, quiet=quiet, highlight=False)
    with console.status("", spinner="dots") as status:
        for message in work.run():
            if isinstance(message, Advance):
                status.update(message.text)
            else:
                work.save_tables()
                if message.complaint:
                    typer.echo(f"{message.label}: {message.complaint}", err=True)


def _write_page(work: FileComparison, path: Path, limits: Any) -> None:
    from napari_deconv.report.contents import Contents
    from napari_deconv.report.page import write

    contents = Contents(
        name=work.name,
        image=work.scene.image,
        outcomes=tuple(one for one in work.outcomes if one.image is not None),
        data=work.data,
        reference=work.scene.reference,
        lines=tuple(work.terms.lines),
        size=work.size,
        limits=limits,
    )
    write(contents, path)


def _print(work: FileComparison, said: str) -> None:
    """Print the table, the best PSNR first if there is one, and what was written."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, TABLE_WIDTH)
    records = work.records()
    unit = records[0]["edge_unit"]
    table = Table("picture", "PSNR dB", "SSIM", "chi-square", f"edge {unit}", "noise", "s", "")
    for row in sorted(records, key=lambda row: -(row["psnr_db"] or 0.0)):
        figures = ("psnr_db", "ssim", "chi2", "edge_10_90", "noise", "seconds")
        cells = ["-" if row[name] is None else f"{row[name]:.4g}" for name in figures]
        table.add_row(row["name"], *cells, row["complaint"] or row["strength"])
    console.print(table)
    console.print(said)


def _without_method(settings: list[str]) -> list[str]:
    """Return settings; refuse those of a method, which would be silently passed over."""
    for setting in settings:
        if setting.partition("=")[0].strip().split(".")[0] == "method":
            raise ValueError("The methods are given by --methods, their strengths by --strength.")
    return settings


def _strength(text: str) -> Any:
    if text == "auto":
        return text
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"--strength should be auto or a number, not {text!r}.") from None
