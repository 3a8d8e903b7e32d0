"""The table that the demo prints: blurred beside restored, line by line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table

from napari_deconv.evidence.reference import format_decibel, format_level

ABSENT = "-"

Row = Mapping[str, Any]


def figures(rows: Sequence[Row], lines: Sequence[str], layers: tuple[str, str]) -> Table:
    """Return PSNR, edge width and modulation along each line, and the PSNR of the whole image.

    Parameters
    ----------
    rows : sequence of mapping
        What the Profiles dock measured: `ProfilesWidget.table_rows`.
    lines : sequence of str
        Names of the lines, in the order of their numbers.
    layers : tuple of str
        Names of the blurred and of the restored layer.
    """
    unit = next((row["unit"] for row in rows), "px")
    k = next((row["psnr_k"] for row in rows if row["psnr_k"] is not None), None)
    columns = COLUMNS if k is not None else COLUMNS[1:]  # no PSNR without a reference
    table = Table(
        box=box.SIMPLE_HEAD,
        title="Edges are 10-90 % widths; modulation is that of each group of line pairs.",
        title_justify="left",
        caption=None if k is None else f"PSNR = 10 log10(K²/MSE) with K = {format_level(k)}",
        caption_justify="left",
    )
    table.add_column("line")
    for heading, _, _ in columns:
        for state in ("blurred", "restored"):
            table.add_column(f"{heading.format(unit=unit)}\n{state}", justify="right")
    for number, name in enumerate(lines, start=1):
        found = {row["layer"]: row for row in rows if row["line"] == number}
        pair = [found.get(layer, {}) for layer in layers]
        cells = [write(row.get(key)) for _, key, write in columns for row in pair]
        table.add_row(f"{number} {name}", *cells)
    if k is not None:
        whole = {row["layer"]: row for row in rows}
        pair = [whole.get(layer, {}) for layer in layers]
        table.add_section()
        table.add_row("whole image", *(_decibel(row.get("image_psnr_db")) for row in pair))
    return table


def _decibel(value: float | None) -> str:
    return ABSENT if value is None else format_decibel(value)


def _length(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.3g}"


def _percents(values: Sequence[float | None] | None) -> str:
    texts = [ABSENT if value is None else f"{value:.0f}" for value in values or ()]
    return " ".join(texts) or ABSENT


COLUMNS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("PSNR (dB)", "profile_psnr_db", _decibel),
    ("edge ({unit})", "edge_10_90", _length),
    ("modulation (%)", "modulation_percent", _percents),
)
"""Heading, key of the record, and how it is written."""
