"""The command line's page of evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from napari_deconv.report.limits import Limits

app = typer.Typer()

Lines = Annotated[
    list[str] | None,
    typer.Option(
        "--line", metavar="R,C:R,C", help="A profile, from pixel to pixel; again for another."
    ),
]
LimitsFile = Annotated[
    Path | None, typer.Option("--limits", metavar="FILE", help="Limits as YAML.")
]
Limit = Annotated[
    list[str] | None,
    typer.Option("--limit", metavar="NAME=VALUE", help="dip_above=20, chi2_within=[0.85, 1.1] ..."),
]


@app.command()
def report(
    sources: Annotated[
        list[Path],
        typer.Argument(metavar="RECIPE|RESULT", help="Results with recipes; recipes are run."),
    ],
    image: Annotated[Path, typer.Option(metavar="FILE", help="What they are made of.")],
    out: Annotated[Path, typer.Option(metavar="FILE.html", help="The page; a CSV beside it.")],
    reference: Annotated[
        Path | None, typer.Option(metavar="FILE", help="True image, for PSNR and SSIM.")
    ] = None,
    data_range: Annotated[
        float | None, typer.Option(help="K; the reference's maximum if not given.")
    ] = None,
    line: Lines = None,
    limits: LimitsFile = None,
    limit: Limit = None,
    device: Annotated[str, typer.Option(help="auto, cpu, mps, cuda or cuda:N.")] = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the page.")] = False,
) -> None:
    """Write results as one HTML page: pictures, profiles, measures, limits, recipes; and a CSV."""
    from napari_deconv.report.gathering import Request
    from napari_deconv.report.page import write

    files = report_files(out, overwrite)
    if not out.parent.is_dir():
        raise ValueError(f"There is no folder {out.parent}; make it first.")
    asked = Request(
        sources, image, reference, data_range, line or [], stated_limits(limits, limit), device
    )
    write(asked.contents(), out)
    typer.echo("\n".join(map(str, files)))


def report_files(page: Path, overwrite: bool) -> tuple[Path, Path]:
    """Return a page and its table; refuse what may not be written before any long work."""
    from napari_deconv.report.page import files_of

    files = files_of(page)
    for path in files:
        if path.exists() and not overwrite:
            raise ValueError(f"{path} exists already; choose another name or add --overwrite.")
    return files


def stated_limits(path: Path | None, typed: list[str] | None) -> Limits:
    """Return the limits of a file, those that were typed in place of its own."""
    from napari_deconv.report.limits import Limits
    from napari_deconv.settings import value

    limits = Limits() if path is None else Limits.load(path)
    changes = {}
    for text in typed or []:
        name, equals, stated = text.partition("=")
        if not equals:
            raise ValueError(f"--limit {text} is no limit; write for example dip_above=20.")
        changes[name.strip()] = value(stated)
    known: Limits = limits.replace(**changes)
    return known
