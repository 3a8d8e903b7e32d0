"""Write a page of evidence: one HTML file that opens without a server, and a CSV beside it."""

from __future__ import annotations

import csv
import io
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_deconv import __version__
from napari_deconv.appraisal import COLUMNS, record
from napari_deconv.core.units import PixelSize
from napari_deconv.evidence.reference import format_decibel, format_level
from napari_deconv.psf.changing import Changing
from napari_deconv.psf.kernel import understand
from napari_deconv.report.contents import Contents, digest
from napari_deconv.report.curves import plot
from napari_deconv.report.limits import Judgement, judge, overall
from napari_deconv.report.pictures import as_png, as_text_uri

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_deconv.appraisal import Outcome
    from napari_deconv.recipe import Recipe

ABSENT = "–"  # noqa: RUF001 (an en dash is what a table shows for a figure that is not there)
PACKAGES = ("numpy", "scipy", "scikit-image", "torch", "napari")
HUES = 6
"""Colours of curves in the style sheet; further curves are dashed."""
TEMPLATE = "page.html.j2"
LAST = "limits"
"""Last column of the table."""


def write(contents: Contents, path: str | Path, now: datetime | None = None) -> tuple[Path, Path]:
    """Write the page, and its figures as CSV beside it.

    Parameters
    ----------
    contents : Contents
    path : str or Path
        Of the page, ``.html``; the table has the same name and ends in ``.csv``.
    now : datetime, optional
        The date on the page.

    Returns
    -------
    tuple of Path
        The page and the table.

    Raises
    ------
    ValueError
        In one sentence, if the path can't be written.
    """
    page, table = files_of(path)
    try:
        page.write_text(render(contents, now), encoding="utf-8")
        table.write_text(as_csv(contents), encoding="utf-8", newline="")
    except OSError as error:
        raise ValueError(f"{path} can't be written: {error.strerror}.") from None
    return page, table


def files_of(path: str | Path) -> tuple[Path, Path]:
    """Return the page that a path stands for, and the table beside it.

    Raises
    ------
    ValueError
        In one sentence, if the path is none of a page, or the table would replace a file that is
        no table of a report.
    """
    page = Path(path)
    if page.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"A report is written as .html, not {page.suffix or page.name!r}.")
    table = page.with_suffix(".csv")
    if table.exists() and not _is_ours(table):
        raise ValueError(
            f"{table} is no table of a report, and the one of this page would replace it; choose "
            "another name."
        )
    return page, table


def _is_ours(table: Path) -> bool:
    """Return whether a file begins as the table of a report does."""
    try:
        with table.open(encoding="utf-8") as file:
            head = file.readline().rstrip().split(",")
    except (OSError, UnicodeDecodeError):
        return False
    return (head[0], head[-1]) == (COLUMNS[0], LAST)


def render(contents: Contents, now: datetime | None = None) -> str:
    """Return the page as HTML text."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("napari_deconv", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = _figure
    stamp = (now or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M %Z").strip()
    return environment.get_template(TEMPLATE).render(**_filled(contents), date=stamp)


def as_csv(contents: Contents) -> str:
    """Return the figures of the data and every result, a row each, with those of every line."""
    rows = []
    figures = [contents.figures(index) for index in range(len(contents.lines))]
    start = contents.trusted - 1
    for at, outcome in enumerate((contents.data, *contents.outcomes)):
        measures = contents.measures[at]
        row = {
            **record(outcome, unit=contents.unit),
            "edge_10_90": measures.edge_width,
            "dip_percent": measures.dip,
        }
        for line, found in zip(contents.lines, figures, strict=True):
            one, prefix = found[start + at], f"line_{line.number}_"
            row[f"{prefix}edge"], row[f"{prefix}fwhm"] = one.edge, one.fwhm
            row[f"{prefix}dip_percent"] = one.dip
            row[f"{prefix}modulation_percent"] = ";".join(
                "" if part is None else f"{part:.6g}" for _, part in one.modulations
            )
        judged = [] if at == 0 else judge(contents.limits, measures, contents.unit)
        row[LAST] = overall(judged) or ""
        rows.append(row)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        digits = {k: f"{v:.6g}" for k, v in row.items() if isinstance(v, float)}
        writer.writerow({**row, **digits})
    return out.getvalue()


def _filled(contents: Contents) -> dict[str, Any]:
    """Return what the template is filled with."""
    judged = [judge(contents.limits, m, contents.unit) for m in contents.measures[1:]]
    return {
        "name": contents.name,
        "unit": contents.unit,
        "window": [format_level(edge) for edge in contents.shown],
        "pictures": _pictures(contents),
        "rows": _rows(contents, judged),
        "limits": _limits(contents, judged),
        "overall": overall(judged[0]) if len(judged) == 1 else None,
        "passing": [overall(row) == "pass" for row in judged] if judged[0] else [],
        "lines": [_line(contents, index) for index in range(len(contents.lines))],
        "psf": _psf(contents),
        "recipes": [_recipe(one) for one in contents.outcomes],
        "facts": _facts(contents),
        "hues": HUES,
        "versions": _versions(),
    }


def _pictures(contents: Contents) -> list[dict[str, Any]]:
    """Return the data first, then the results, then the truth."""
    named = contents.pictures
    if contents.reference is not None:
        named = [*named[1:], named[0]]
    shown = [(name, as_png(image, contents.shown)) for name, image in named]
    lines = [
        [(x + 0.5, y + 0.5) for y, x in line.path] for line in contents.lines
    ]  # a pixel's centre is a whole number
    height, width = contents.image.shape
    return [
        {"name": name, "png": png, "lines": lines, "height": height, "width": width}
        for name, png in shown
    ]


def _rows(contents: Contents, judged: list[list[Judgement]]) -> list[dict[str, Any]]:
    """Return the table of measures."""
    rows = []
    outcomes = (contents.data, *contents.outcomes)
    for outcome, measures, found in zip(outcomes, contents.measures, [[], *judged], strict=True):
        figures = outcome.figures
        failed = {one.name for one in found if one.verdict == "fail"}
        rows.append(
            {
                "name": outcome.label,
                "psnr": None if figures.psnr is None else format_decibel(figures.psnr.value),
                "k": None if figures.psnr is None else format_level(figures.psnr.data_range),
                "measures": measures,
                "seconds": figures.seconds,
                "strength": record(outcome)["strength"],
                "check": "" if figures.check is None else str(figures.check),
                "notes": outcome.notes,
                "failed": failed,
                "verdict": overall(found),
            }
        )
    return rows


def _limits(contents: Contents, judged: list[list[Judgement]]) -> list[dict[str, Any]]:
    """Return a row for each limit, a cell for each result."""
    if not judged or not judged[0]:
        return []
    return [
        {"name": row[0].name, "limit": row[0].limit, "cells": row}
        for row in zip(*judged, strict=True)
    ]


def _line(contents: Contents, index: int) -> dict[str, Any]:
    """Return curves and figures of a line."""
    line, trace = contents.lines[index], contents.traces[index]
    scale = line.pixel(contents.size)
    curves = [(one.distance * scale, one.values) for one in trace.profiles]
    corners = [f"({row:.1f}, {column:.1f})" for row, column in line.path]
    return {
        "number": line.number,
        "color": line.color,
        "length": line.length * scale,
        "path": " to ".join(corners),
        "width": contents.line_width,
        "plot": plot(curves),
        "figures": contents.figures(index),
        "trusted": contents.trusted,
        "reference": contents.reference is not None,
    }


def _psf(contents: Contents) -> dict[str, Any] | None:
    """Return what is to be seen of the PSF of the first result."""
    recipe = contents.outcomes[0].recipe
    if recipe is None or recipe.psf is None:
        return None
    array = _kernel(recipe)
    kernel = understand(array, recipe.centre)
    sides = (1.0, 1.0) if contents.size is None else contents.size.along(2, contents.size.unit)
    widths = [w * side for w, side in zip(kernel.widths, sides, strict=True)]
    row, column = np.unravel_index(int(np.argmax(kernel.array)), kernel.array.shape)
    across, down = kernel.array[row, :], kernel.array[:, column]
    cuts = ((across, int(column), sides[1]), (down, int(row), sides[0]))
    curves = [
        (np.asarray((np.arange(one.size) - at) * side, np.float64), one.astype(np.float64))
        for one, at, side in cuts
    ]
    source = contents.psf_source or (
        "an array, as given" if recipe.psf.stored else "a shape, as chosen"
    )
    if isinstance(recipe.psf, Changing):
        source += "; it changes over the picture, and this is the one in the middle"
    return {
        "png": as_png(kernel.array, (0.0, float(kernel.array.max()))),
        "shape": " x ".join(map(str, kernel.array.shape)),
        "widths": " x ".join(f"{width:.3g}" for width in widths),
        "plot": plot(curves),
        "source": source,
        "kind": recipe.psf.label or recipe.psf.key(),
        "notes": kernel.notes,
        "digest": digest(array.astype(np.float32)),
    }


def _recipe(outcome: Outcome) -> dict[str, Any]:
    """Return a recipe in full as a link, and short enough to be read."""
    recipe = outcome.recipe
    full = "" if recipe is None else recipe.to_yaml()
    lines = [
        line if len(line) < 200 else f"{line[:60]}... ({len(line)} characters; in the file)"
        for line in _unfolded(full)
    ]
    file = "".join(c if c.isalnum() or c in "-." else "_" for c in outcome.label)
    return {
        "name": outcome.label,
        "file": f"{file}.yaml",
        "uri": as_text_uri(full, "text/yaml"),
        "text": "\n".join(lines),
        "digest": "" if outcome.image is None else digest(outcome.image),
    }


def _unfolded(text: str) -> Iterable[str]:
    """Yield YAML's lines, those of a folded long text as one."""
    held = ""
    for line in text.splitlines():
        if held and line.startswith("    ") and ":" not in line:
            held += line.strip()
            continue
        if held:
            yield held
        held = line
    if held:
        yield held


def _facts(contents: Contents) -> dict[str, str]:
    """Return what has to be known to make the results again."""
    image = contents.image
    facts = {
        "Image": f"{contents.name}, {' x '.join(map(str, image.shape))} px, {image.dtype}",
        "SHA-256 of its grey values": digest(image),
    }
    if contents.size is not None:
        facts["Pixel size"] = str(contents.size)
    if (truth := contents.reference) is not None:
        facts["SHA-256 of the reference"] = digest(truth.image)
        facts["K of PSNR and SSIM"] = f"{format_level(truth.data_range)}"
    return {**facts, **contents.facts}


def _kernel(recipe: Recipe) -> NDArray[np.float64]:
    """Return the PSF as an array."""
    assert recipe.psf is not None
    size = PixelSize.parse(recipe.pixel_size) if recipe.pixel_size else None
    return recipe.psf.kernel(size)


def _versions() -> dict[str, str]:
    found = {"napari-deconv": __version__, "Python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return {**found, "system": f"{platform.system()} {platform.machine()}"}


def _figure(value: float | None, digits: int = 3) -> str:
    """Return a number short enough for a table."""
    if value is None:
        return ABSENT
    return f"{value:.{digits}g}" if abs(value) < 1000 else f"{value:.0f}"
