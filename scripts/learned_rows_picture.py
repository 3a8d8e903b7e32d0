"""Draw docs/images/learned-rows.png: a scene of each row of benchmarks/learned.py, restored.

python scripts/learned_rows_picture.py [--model FILE]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

import napari_deconv as nd

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "benchmarks"))
import learned  # noqa: E402

FILE = ROOT / "docs" / "images" / "learned-rows.png"
SCENES = {
    "A": 3, "B": 9, "C": 4, "D": 5, "E": 7, "M": 10, "F": 0, "G": 11,
    "O": 0, "P": 1, "Q": 3, "R": 5, "S": 1, "T": 9,
}  # fmt: skip
"""Which scene of each row is drawn; films are nobody's to ship."""
COLUMNS = ("blurred", "TV, best", "restore", "truth")
SIDE, GAP, TOP = 112, 2, 14
"""Of a picture, between pictures, and for words, in pixels."""

Array = NDArray[np.floating]


def flat(image: Array, psf: Array, truth: Array) -> Array:
    """Return total variation at the strength that the truth says is best for this scene."""
    begun = nd.Recipe(method="wiener").begin(image, psf, device="cpu")
    sigma = max(begun.recipe.measured.noise / begun.recipe.measured.scale, 2e-3)
    results = [
        nd.deconvolve(image, psf, "tv", weight=weight * sigma, iterations=40, device="cpu")
        for weight in learned.WEIGHTS
    ]
    return max(results, key=lambda result: learned.decibel(result, truth))


def pictures(name: str, model: str) -> dict[str, tuple[Array, float]]:
    """Return the pictures of a row's scene and their PSNR, by column."""
    row = learned.rows()[name]
    _, scene = list(learned.scenes(row.scenes).items())[SCENES[name]]
    image, truth = learned.measured(row, scene, SCENES[name])
    psf = row.psf if row.told is None else row.told
    restored = nd.deconvolve(image, psf, {"name": "restore", "model": model}, device="cpu")
    found = (image, flat(image, psf, truth), restored, truth)
    return {
        column: (picture, learned.decibel(picture, truth) if picture is not truth else np.inf)
        for column, picture in zip(COLUMNS, found, strict=True)
    }


def tile(picture: Array, low: float, high: float) -> Image.Image:
    """Return the middle of a picture as grey."""
    start = (picture.shape[0] - SIDE) // 2
    middle = picture[start : start + SIDE, start : start + SIDE]
    return Image.fromarray((np.clip((middle - low) / (high - low), 0, 1) * 255).astype(np.uint8))


def strip(name: str, model: str) -> Image.Image:
    """Return the pictures of one row side by side, with what they are above them."""
    shown = pictures(name, model)
    truth = shown["truth"][0]
    low, high = float(truth.min()), float(truth.max())
    canvas = Image.new("L", (len(shown) * (SIDE + GAP), TOP + SIDE + GAP), 255)
    draw = ImageDraw.Draw(canvas)
    for number, (column, (picture, score)) in enumerate(shown.items()):
        left = number * (SIDE + GAP)
        canvas.paste(tile(picture, low, high), (left, TOP))
        words = f"{name}  truth" if np.isinf(score) else f"{name}  {column}  {score:.1f}"
        draw.text((left + 1, 1), words, fill=0)
    return canvas


def main() -> None:
    """Draw every row, in two columns."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="default", help="name or file of the model")
    given = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    strips = [strip(name, given.model) for name in SCENES]
    half = -(-len(strips) // 2)
    width, height = strips[0].size
    whole = Image.new("L", (2 * width + 4 * GAP, half * height), 255)
    for number, one in enumerate(strips):
        column, row = divmod(number, half)
        whole.paste(one, (column * (width + 4 * GAP), row * height))
    whole.save(FILE, optimize=True)
    print(f"{FILE.name}: {FILE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
