"""Scenes that no model was trained on: drawn by code of their own, photographs, two radiographs.

What is drawn here shares no code with what models learn from: shapes are inside-or-outside
questions, asked at 16 points of every pixel.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

FINE = 4
"""Points along each side of a pixel."""
PHOTOGRAPHS = (
    "camera", "coins", "page", "moon", "brick", "gravel", "grass", "cell", "clock_motion", "text",
)  # fmt: skip
COLOURED = (
    "astronaut.png", "chelsea.png", "coffee.png", "hubble_deep_field.jpg", "ihc.png",
    "motorcycle_left.png", "retina.jpg", "rocket.jpg",
)  # fmt: skip
FILMS = {"RG1_UNCR.dcm": ((60, 60), (60, 330), (330, 60), (330, 330)),
         "RG3_UNCR.dcm": ((40, 40), (40, 300), (300, 40), (300, 300))}  # fmt: skip
"""Chest and hand of the package pydicom-data, and where crops of them begin after binning."""
BINNED = 3


def _drawn(side: int, grey: Callable[[Array, Array], Array]) -> Array:
    """Return the mean over each pixel of a function of places from -1 to 1."""
    at = (np.arange(side * FINE) + 0.5) / (side * FINE) * 2 - 1
    fine = grey(at[:, None], at[None, :])
    return np.broadcast_to(fine, (side * FINE,) * 2).reshape(side, FINE, side, FINE).mean((1, 3))


def _head(y: Array, x: Array) -> Array:
    """Return the ten ellipses of Shepp and Logan (modified contrast)."""
    ellipses = (
        (1.0, 0.69, 0.92, 0, 0, 0), (-0.8, 0.6624, 0.874, 0, -0.0184, 0),
        (-0.2, 0.11, 0.31, 0.22, 0, -18), (-0.2, 0.16, 0.41, -0.22, 0, 18),
        (0.1, 0.21, 0.25, 0, 0.35, 0), (0.1, 0.046, 0.046, 0, 0.1, 0),
        (0.1, 0.046, 0.046, 0, -0.1, 0), (0.1, 0.046, 0.023, -0.08, -0.605, 0),
        (0.1, 0.023, 0.023, 0, -0.606, 0), (0.1, 0.023, 0.046, 0.06, -0.605, 0),
    )  # fmt: skip
    total = np.zeros(np.broadcast_shapes(y.shape, x.shape))
    for grey, a, b, x0, y0, degrees in ellipses:
        c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        along, across = (x - x0) * c - (y + y0) * s, (x - x0) * s - (y + y0) * c
        total = total + grey * ((along / a) ** 2 + (across / b) ** 2 <= 1)
    return total


def _gratings(y: Array, x: Array) -> Array:
    """Return a plate with eight gratings, each finer than the last."""
    inside = (abs(y) < 0.9) & (abs(x) < 0.9)
    dark = np.zeros(inside.shape, bool)
    for number in range(8):
        row, column = divmod(number, 4)
        y0, x0 = -0.8 + 0.85 * row, -0.82 + 0.42 * column
        cell = (y > y0) & (y < y0 + 0.72) & (x > x0) & (x < x0 + 0.34)
        place = (x - x0) if number % 2 else (y - y0)
        dark = dark | (cell & ((place * (12 + 5 * number)) % 2 < 1))
    return np.where(dark, 0.15, np.where(inside, 0.6, 1.0))


def _lattice(y: Array, x: Array) -> Array:
    """Return squares and holes in rows, full contrast."""
    u, v = (y * 9 + 99) % 2 - 1, (x * 9 + 99) % 2 - 1
    squares = (abs(u) < 0.55) & (abs(v) < 0.55) & (x < 0)
    holes = (u**2 + v**2 < 0.4) & (x >= 0)
    return (squares | holes).astype(float)


def _spheres(y: Array, x: Array) -> Array:
    """Return forty spheres on an empty field."""
    rng = np.random.default_rng(40)
    total = np.zeros(np.broadcast_shapes(y.shape, x.shape))
    for _ in range(40):
        (y0, x0), radius = rng.uniform(-0.95, 0.95, 2), rng.uniform(0.02, 0.12)
        total += 6 * np.sqrt(np.maximum(radius**2 - (y - y0) ** 2 - (x - x0) ** 2, 0))
    return np.exp(-total)


def _opening(y: Array, x: Array) -> Array:
    """Return steps of thickness seen through a tilted sharp opening, black around it."""
    along, across = 0.97 * x + 0.24 * y, 0.97 * y - 0.24 * x
    steps = np.exp(-0.25 * np.floor((along + 0.8) / 0.2))
    return np.where((abs(along) < 0.72) & (abs(across) < 0.5), steps, 0.0)


def _nut(y: Array, x: Array) -> Array:
    """Return a hexagonal nut and three pins on an empty field."""
    hexagon = np.maximum(abs(x + 0.3), abs(x + 0.3) / 2 + abs(y + 0.2) * 0.866) < 0.42
    bore = (x + 0.3) ** 2 + (y + 0.2) ** 2 < 0.05
    grey = np.where(hexagon & ~bore, 0.3, 1.0)
    for number, radius in enumerate((0.006, 0.015, 0.04)):
        pin = (abs(x - 0.45 - 0.15 * number) < radius) & (abs(y - 0.2) < 0.6)
        grey = np.where(pin, 0.1, grey)
    return grey


def _star(y: Array, x: Array) -> Array:
    """Return a star of 24 spokes, black on white."""
    radius = np.hypot(y, x)
    spokes = np.sin(24 * np.arctan2(y, x)) > 0
    return np.where((radius < 0.85) & (radius > 0.1) & spokes, 0.0, 1.0)


def _half(y: Array, x: Array) -> Array:
    """Return one slanted edge."""
    return np.where(x + 0.09 * y > 0.1, 0.9, 0.1)


OTHERS = {
    "head": _head, "gratings": _gratings, "lattice": _lattice, "spheres": _spheres,
    "opening": _opening, "nut": _nut, "star": _star, "edge": _half,
}  # fmt: skip


def others(side: int) -> dict[str, Array]:
    """Return the scenes that are drawn here, shape (side, side), by name."""
    return {name: np.clip(_drawn(side, grey), 0, 1) for name, grey in OTHERS.items()}


def assemblies(number: int, side: int, seed: int) -> dict[str, Array]:
    """Return scenes of the kind that models learn from, of seeds that none was trained on."""
    from napari_deconv.learned.assemblies import assembly

    made = (assembly(np.random.default_rng((987_654 + seed, k)), side) for k in range(number))
    return {f"assembly {k}": scene for k, scene in enumerate(made)}


def photographs(side: int) -> dict[str, Array]:
    """Return crops of ten photographs of scikit-image, grey, 0 to 1."""
    found = {}
    for name in PHOTOGRAPHS:
        picture = _photograph(f"{name}.png")
        found[name] = _middle(picture[..., :3].mean(-1) if picture.ndim == 3 else picture, side)
    return found


def colours(side: int) -> dict[str, Array]:
    """Return crops of eight photographs of scikit-image, shape (3, side, side), 0 to 1."""
    pictures = {name.split(".")[0]: _photograph(name) for name in COLOURED}
    return {
        name: np.stack([_middle(picture[..., channel], side) for channel in range(3)])
        for name, picture in pictures.items()
    }


def _photograph(name: str) -> Array:
    """Return a picture that comes with scikit-image, 0 to 1."""
    from skimage import data, io

    picture: Array = io.imread(Path(data.__file__).parent / name).astype(float) / 255
    return picture


def _middle(picture: Array, side: int) -> Array:
    """Return the middle of a picture, mirrored where that is smaller than the side."""
    top, left = ((n - side) // 2 for n in picture.shape)
    if top >= 0 and left >= 0:
        return picture[top : top + side, left : left + side]
    pads = [(0, max(side - n, 0)) for n in picture.shape]
    return np.pad(picture, pads, mode="reflect")[:side, :side]


def films(side: int) -> dict[str, Array]:
    """Return eight crops of two radiographs, binned, or nothing if the package is not there."""
    from importlib.util import find_spec

    import pydicom

    package = find_spec("data_store")
    if package is None or package.origin is None:
        return {}
    found = {}
    for name, places in FILMS.items():
        path = Path(package.origin).parent / "data" / name
        picture = pydicom.dcmread(path).pixel_array.astype(float)
        height, width = (n // BINNED for n in picture.shape)
        small = picture[: height * BINNED, : width * BINNED]
        small = small.reshape(height, BINNED, width, BINNED).mean((1, 3))
        small = small / small.max()
        for top, left in places:
            found[f"{name[:3]} {top} {left}"] = small[top : top + side, left : left + side]
    return found
