"""Pictures of the study: a part of each case, by every model, beside the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

GAP, LINE, FONT, ENLARGED = 6, 34, 13, 2
GREYS = 64
"""Grey levels that are kept: noise of more levels doubles the file."""
ROW = 6
"""Panels of a row at most."""


def sheet(panels: dict[str, np.ndarray], limits: tuple[float, float]) -> Image.Image:
    """Return pictures of one size in rows, their names above them.

    Parameters
    ----------
    panels : dict of str to ndarray, shape (H, W)
    limits : tuple of float
        Grey values that are black and white.
    """
    low, high = limits
    height, width = (ENLARGED * n for n in next(iter(panels.values())).shape)
    rows = -(-len(panels) // ROW)
    columns = -(-len(panels) // rows)
    size = (width + GAP) * columns - GAP, (height + LINE + GAP) * rows - GAP
    page = Image.new("L", size, 255)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(FONT)
    for number, (name, image) in enumerate(panels.items()):
        row, column = divmod(number, columns)
        left, top = column * (width + GAP), row * (height + LINE + GAP)
        share = np.clip((image - low) / (high - low), 0, 1)
        grey = np.round(share * (GREYS - 1)) * (255 / (GREYS - 1))
        large = np.kron(grey.astype(np.uint8), np.ones((ENLARGED, ENLARGED), np.uint8))
        page.paste(Image.fromarray(large), (left, top + LINE))
        words = name.replace(", ", ",\n", 1) if pen.textlength(name, font) > width else name
        pen.text((left, top + 1), words, fill=0, font=font, spacing=1)
    return page


def save(folder: Path, name: str, page: Image.Image) -> None:
    """Write a picture as ``learned-study-NAME.png`` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    page.save(folder / f"learned-study-{name}.png", optimize=True)
