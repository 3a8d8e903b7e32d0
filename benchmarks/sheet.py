"""Draw grey pictures side by side, and put them with their captions into the pages of docs/."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

DOCS = Path(__file__).parents[1] / "docs"
FOLDER = "images/choices"
ENLARGED, GAP, LINE = 2, 6, 22
"""Screen pixels of a pixel, between two panels, and of the line of words above them."""
GREYS = 64
"""Grey levels that are kept: noise of more levels doubles the file."""
FONT = 15


class Panel(NamedTuple):
    """A picture with a few words above it; `low` and `high` are its black and white."""

    words: str
    image: NDArray[np.floating]
    low: float = 0.0
    high: float = 1.0


def drawn(panels: list[Panel]) -> Image.Image:
    """Return the panels side by side."""
    tiles = [_grey(panel) for panel in panels]
    height, width = tiles[0].shape
    sheet = Image.new("L", ((width + GAP) * len(tiles) - GAP, height + LINE), 255)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(FONT)
    for number, (panel, tile) in enumerate(zip(panels, tiles, strict=True)):
        left = number * (width + GAP)
        sheet.paste(Image.fromarray(tile), (left, LINE))
        pen.text((left, 1), panel.words, fill=0, font=font)
    return sheet


def _grey(panel: Panel) -> NDArray[np.uint8]:
    share = np.clip((panel.image - panel.low) / (panel.high - panel.low), 0, 1)
    levels = np.round(share * (GREYS - 1)) * (255 / (GREYS - 1))
    return np.kron(levels.astype(np.uint8), np.ones((ENLARGED, ENLARGED), np.uint8))


def put(family: str, name: str, panels: list[Panel], caption: str) -> None:
    """Save a picture, and write it with its caption between its marks."""
    file = f"{FOLDER}/{family}-{name}.png"
    (DOCS / FOLDER).mkdir(parents=True, exist_ok=True)
    drawn(panels).save(DOCS / file, optimize=True)
    words = ", ".join(panel.words for panel in panels)
    text = f"![{name}]({file})\n\n*{words[0].upper()}{words[1:]}. {caption}*"
    fill(f"picture: {family} {name}", text)


def put_table(family: str, header: list[str], rows: list[list[str]]) -> None:
    """Write a table between its marks."""
    line = ["---", *["---:"] * (len(header) - 1)]
    cells = [f"| {' | '.join(row)} |" for row in (header, line, *rows)]
    fill(f"table: {family}", "\n".join(cells))


def fill(mark: str, block: str) -> None:
    """Put a block between ``<!-- mark -->`` and the next ``<!-- end -->`` of the pages."""
    place = re.compile(rf"(<!-- {mark} -->\n).*?(<!-- end -->)", re.DOTALL)
    for page in DOCS.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        filled = place.sub(lambda found: f"{found[1]}\n{block}\n\n{found[2]}", text)
        if filled != text:
            page.write_text(filled, encoding="utf-8")
