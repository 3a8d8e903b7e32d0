"""Print tables as Markdown, and put them between the marks of a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; its first column to the left, the others to the right."""
    line = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, line, *rows))


def filled(page: str, tables: dict[str, str]) -> str:
    """Return a page with each table between ``<!-- table NAME -->`` and ``<!-- end -->``.

    Raises
    ------
    ValueError
        If the page has no such marks for one of the tables.
    """
    for name, text in tables.items():
        mark = f"<!-- table {name} -->"
        pattern = re.compile(rf"{re.escape(mark)}.*?<!-- end -->", re.S)
        if not pattern.search(page):
            raise ValueError(f"The page has no place for the table {name!r}: add {mark}.")
        whole = f"{mark}\n\n{text}\n\n<!-- end -->"
        page = pattern.sub(lambda _, whole=whole: whole, page)
    return page


def write(path: Path, tables: dict[str, str]) -> None:
    """Fill the tables into the page on disk, and leave what people wrote as it is."""
    path.write_text(filled(path.read_text(encoding="utf-8"), tables), encoding="utf-8")
