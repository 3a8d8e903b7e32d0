"""The shipped models beside Wiener, Richardson-Lucy and total variation, in dB.

    python benchmarks/learned.py [--markdown] [--rows A B ...] [--seed 0] [--keep FILE]
        [--model FILE] [--card FILE]

Every scene is blurred so that what lies beyond the border reaches in, counted as photons and
read with noise. PSNR for a full scale of 1, without 16 px along the border; the mean over a row's
scenes. "Best" takes the strength and the stop that the truth says are best in the mean of the row;
the others know nothing of it. `--keep` takes what was found before from a file, all but
that of the learned methods. `--card` writes the model anew, its card with the mean of each row.
`--seed` draws other assemblies and other noise: those of 0 were looked at while models were made.

A 0.8 G(2) + 0.2 G(8), 2000 photons, read noise 0.003; B the same, 1e5 photons; C 200 photons, read
noise 0.01; D 0.65 G(3) + 0.35 exp(6); E a double focal spot, a kind of PSF never trained on; M
motion over 15 px; F photographs; G the PSF is 0.75 G(2.35) + 0.25 G(8), told as that of A; X
films, Y films at 200 photons; O, P, Q, R scenes that other code drew, at no noise, and that of B,
A and C; S and T photographs blurred by G(1.6) and G(2), with white noise of 2.55 / 255.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import learned_scenes
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import fftconvolve
from table import parser, show

import napari_deconv as nd
from napari_deconv.learned import model as models

Array = NDArray[np.floating]

SIDE, HALF, BORDER = 208, 24, 16
"""Of a frame, of the PSF's grid, and what is not judged, in pixels."""
WEIGHTS = (0.02, 0.06, 0.1, 0.15, 0.22, 0.33, 0.5, 0.8)
"""Strengths of TV that are tried, in noise sigmas (at least 0.002 of the range)."""
STOPS = (20, 40, 80)
NOISES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Noise that Wiener is told, in automatic ones."""
LUCY = (5, 10, 20, 40, 80, 160)


class Row(NamedTuple):
    """A condition: which scenes, PSF (and the one that is told), photons and read noise."""

    scenes: str
    psf: Array
    peak: float
    read: float
    told: Array | None = None


def radius() -> tuple[Array, Array]:
    """Return the places of the PSF's grid."""
    at = np.arange(-HALF, HALF + 1.0)
    return at[:, None], at[None, :]


def gaussian(sigma: float) -> Array:
    """Return a Gaussian of sum 1."""
    y, x = radius()
    return _normal(np.exp(-(x**2 + y**2) / 2 / sigma**2))


def _normal(psf: Array) -> Array:
    return psf / psf.sum()


def _motion(length: float, degrees: float) -> Array:
    """Return a line of motion, sampled finely."""
    psf = np.zeros((2 * HALF + 1,) * 2)
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    for t in np.linspace(-length / 2, length / 2, 601):
        y, x = HALF + t * s, HALF + t * c
        i, j = int(y), int(x)
        for di, wy in ((0, 1 - y + i), (1, y - i)):
            for dj, wx in ((0, 1 - x + j), (1, x - j)):
                psf[i + di, j + dj] += wy * wx
    return _normal(psf)


def _double() -> Array:
    """Return two spots 7 px apart, one weaker."""
    y, x = radius()
    one = np.exp(-((y - 1) ** 2 + (x - 3) ** 2) / 2 / 1.3**2)
    return _normal(one + 0.8 * np.exp(-((y + 1.25) ** 2 + (x + 3.75) ** 2) / 2 / 1.3**2))


def rows() -> dict[str, Row]:
    """Return the conditions by name."""
    y, x = radius()
    first = 0.8 * gaussian(2) + 0.2 * gaussian(8)
    wide = 0.65 * gaussian(3) + 0.35 * _normal(np.exp(-np.hypot(y, x) / 6))
    other = 0.75 * gaussian(2.35) + 0.25 * gaussian(8)
    return {
        "A": Row("assemblies", first, 2000, 0.003),
        "B": Row("assemblies", first, 1e5, 0.0),
        "C": Row("assemblies", first, 200, 0.01),
        "D": Row("assemblies", wide, 2000, 0.003),
        "E": Row("assemblies", _double(), 2000, 0.003),
        "M": Row("assemblies", _motion(15, 30), 2000, 0.003),
        "F": Row("photographs", first, 2000, 0.003),
        "G": Row("assemblies", other, 2000, 0.003, first),
        "X": Row("films", first, 2000, 0.003),
        "Y": Row("films", first, 200, 0.01),
        "O": Row("others", first, 1e9, 0.0),
        "P": Row("others", first, 1e5, 0.0),
        "Q": Row("others", first, 2000, 0.003),
        "R": Row("others", first, 200, 0.01),
        "S": Row("photographs", gaussian(1.6), 1e9, 0.01),
        "T": Row("photographs", gaussian(2), 1e9, 0.01),
        "U": Row("colours", gaussian(1.6), 1e9, 0.01),
        "V": Row("colours", gaussian(2), 1e9, 0.01),
    }


def scenes(kind: str, seed: int = 0) -> dict[str, Array]:
    """Return the scenes of a kind, larger than the frame by the PSF; in colour, channels first."""
    side = SIDE + 2 * HALF
    if kind == "assemblies":
        return learned_scenes.assemblies(16, side, seed)
    maker: Any = getattr(learned_scenes, kind)
    found: dict[str, Array] = maker(side)
    return found


def measured(
    row: Row, scene: Array, number: int, seed: int = 0
) -> tuple[NDArray[np.float32], Array]:
    """Return what a detector sees of a scene, and the truth."""
    rng = np.random.default_rng((4321 + seed, number))
    psf = row.psf[(None,) * (scene.ndim - 2)]
    clean = np.clip(fftconvolve(scene, psf, "valid", axes=(-2, -1)), 0, None)
    image = rng.poisson(clean * row.peak) / row.peak + rng.normal(0, row.read, clean.shape)
    return image.astype(np.float32), scene[..., HALF:-HALF, HALF:-HALF]


def decibel(image: Array, truth: Array) -> float:
    """Return the PSNR without the border, for a full scale of 1."""
    inner = (slice(BORDER, -BORDER), slice(BORDER, -BORDER))
    return float(-10 * np.log10(np.mean((image[inner].astype(float) - truth[inner]) ** 2)))


Tried = tuple[str, float]
"""A method with its setting, and its PSNR."""


def tried(image: Array, psf: Array, truth: Array) -> Iterator[Tried]:
    """Yield the PSNR of everything but the model, by method and setting."""
    yield "blurred", decibel(image, truth)
    begun = nd.Recipe(method="wiener").begin(image, psf, device="cpu")
    noise = float(begun.recipe.method.noise)
    for factor in NOISES:
        result = nd.deconvolve(image, psf, "wiener", noise=min(factor * noise, 1000), device="cpu")
        yield f"Wiener, best|{factor}", decibel(result, truth)
    positive = np.maximum(image, 0)
    for step in nd.Recipe(method={"name": "richardson-lucy", "iterations": LUCY[-1]}).steps(
        positive, psf, "cpu"
    ):
        if step.index in LUCY:
            yield f"Richardson-Lucy, best|{step.index}", decibel(step.image(), truth)
    yield "TV, automatic", decibel(nd.deconvolve(image, psf, "tv", device="cpu"), truth)
    sigma = max(begun.recipe.measured.noise / begun.recipe.measured.scale, 2e-3)
    for weight in WEIGHTS:
        method = {"name": "tv", "weight": weight * sigma, "iterations": STOPS[-1]}
        for step in nd.Recipe(method=method).steps(image, psf, "cpu"):
            if step.index in STOPS:
                yield f"TV, best|{weight} {step.index}", decibel(step.image(), truth)


def learned(image: Array, psf: Array, truth: Array, methods: list[Any]) -> Iterator[Tried]:
    """Yield the PSNR of learned methods."""
    for method in methods:
        result = nd.deconvolve(image, psf, method, device="cpu")
        yield method["name"], decibel(result, truth)


def together(channels: list[dict[str, float]]) -> dict[str, float]:
    """Return the PSNR of all channels of a picture, by method and setting."""
    return {
        key: float(-10 * np.log10(np.mean([10 ** (-one[key] / 10) for one in channels])))
        for key in channels[0]
    }


Found = dict[str, dict[str, dict[str, float]]]
"""PSNR by row, scene, method and setting."""


def find(names: list[str], model: str, found: Found, seed: int = 0) -> Iterator[str]:
    """Fill in the PSNR of the rows' scenes, all anew for the model, and yield each row's name."""
    for name in names:
        row = rows()[name]
        kept = found.setdefault(name, {})
        methods = [{"name": "restore", "model": model}]
        if row.scenes in ("photographs", "colours"):
            methods.append({"name": "plug-and-play"})
        psf = row.psf if row.told is None else row.told
        for number, (title, scene) in enumerate(scenes(row.scenes, seed).items()):
            image, truth = measured(row, scene, number, seed)
            shape = (-1, *truth.shape[-2:])
            channels = list(zip(image.reshape(shape), truth.reshape(shape), strict=True))
            if title not in kept:
                kept[title] = together([dict(tried(g, psf, u)) for g, u in channels])
            kept[title] |= together([dict(learned(g, psf, u, methods)) for g, u in channels])
        yield name


def best(scenes_: dict[str, dict[str, float]], method: str) -> dict[str, float]:
    """Return the PSNR of each scene at the setting that is best in the mean; empty if not run."""
    settings = [key for key in next(iter(scenes_.values())) if key.split("|")[0] == method]
    if not settings:
        return {}
    means = {key: np.mean([one[key] for one in scenes_.values()]) for key in settings}
    chosen = max(means, key=lambda key: float(means[key]))
    return {title: one[chosen] for title, one in scenes_.items()}


METHODS = (
    "blurred",
    "Wiener, best",
    "Richardson-Lucy, best",
    "TV, automatic",
    "TV, best",
    "plug-and-play",
    "restore",
)


def gains(scenes_: dict[str, dict[str, float]], rival: str) -> Array:
    """Return what `restore` gains over a rival, scene by scene, in dB."""
    restored, other = best(scenes_, "restore"), best(scenes_, rival)
    return np.array([restored[title] - other[title] for title in restored])


GAINS = ("over TV automatic", "over TV best", "least of a scene", "scenes gained")


def table_of(found: Found, names: list[str]) -> tuple[list[str], list[list[str]]]:
    """Return header and rows: a condition each; at the end what `restore` gains over TV."""
    lines = []
    for name in names:
        if not found.get(name):
            continue
        values = [list(best(found[name], method).values()) for method in METHODS]
        over, automatic = (gains(found[name], f"TV, {kind}") for kind in ("best", "automatic"))
        lines.append(
            [
                name,
                *(f"{np.mean(v):.2f}" if v else "" for v in values),
                f"{automatic.mean():+.2f}",
                f"{over.mean():+.2f}",
                f"{over.min():+.2f}",
                f"{(over > 0).sum()} of {over.size}",
            ]
        )
    return ["row", *METHODS, *GAINS], lines


def scored(found: Found, model: str, path: Path) -> None:
    """Write a model whose card says what it scores: the mean of each row of the table."""
    means = {
        f"row {name}": round(float(np.mean([values["restore"] for values in row.values()])), 2)
        for name, row in sorted(found.items())
    }
    models.retell(model, path, scores=means)


def main() -> None:
    arguments = parser(__doc__ or "")
    arguments.add_argument("--rows", nargs="+", default=list(rows()), help="conditions")
    arguments.add_argument("--seed", type=int, default=0, help="of assemblies and noise")
    arguments.add_argument("--keep", type=Path, help="file of what was found")
    arguments.add_argument("--model", default="default", help="name or file of the model")
    arguments.add_argument("--card", type=Path, help="where the model with its scores goes")
    given = arguments.parse_args()
    torch.set_num_threads(1)
    keep = given.keep
    found: Found = json.loads(keep.read_text()) if keep is not None and keep.is_file() else {}
    for _ in find(given.rows, given.model, found, given.seed):
        if keep is not None:
            keep.write_text(json.dumps(found))
    header, lines = table_of(found, given.rows)
    show("PSNR in dB", header, lines, given.markdown)
    if given.card is not None:
        scored(found, given.model, given.card)


if __name__ == "__main__":
    main()
