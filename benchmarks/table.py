"""Print the table of a benchmark: for the eye, or as markdown for the documents."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

WIDTH = 150
"""Columns to print in where no terminal says how wide it is."""


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser that knows `--markdown`."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("--markdown", action="store_true", help="print markdown")
    return arguments


def as_markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as markdown."""
    line = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, line, *rows))


def show(
    title: str, header: Sequence[str], rows: Sequence[Sequence[str]], markdown: bool = False
) -> None:
    """Print a table; its first column to the left, the others to the right."""
    if markdown:
        print(f"\n{title}\n\n{as_markdown(header, rows)}")
        return
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for number, name in enumerate(header):
        table.add_column(name, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    console = Console()
    Console(width=None if console.is_terminal else WIDTH, highlight=False).print(table)
