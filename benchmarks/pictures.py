"""Draw the pictures of docs/: what each choice makes of one crop of a simulated radiograph.

    python benchmarks/pictures.py [--only FAMILY ...] [--write]

With --write each goes to docs/images/choices, and its caption with the PSNR into the page that has
it; otherwise they are only measured. All but bursts and PSFs see one cut of 256 x 256 of the
radiograph of 512 x 512 and show the middle of it, boundaries its corner. PSNR in dB is that of what
is shown, K the maximum of the truth.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import cache
from time import process_time
from typing import Any

import burst
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import fftconvolve
from sheet import Panel, put, put_table

import napari_deconv as nd
from napari_deconv import samples
from napari_deconv.psf.changing import Changing, PsfGrid, VaryingPsf, stacked
from napari_deconv.psf.composed import ConvolvedPsf, XraySystemPsf
from napari_deconv.psf.directed import EllipticPsf, LinePsf, RectanglePsf
from napari_deconv.psf.measured import MeasuredPsf
from napari_deconv.psf.shapes import (
    CoreTailPsf,
    DiskPsf,
    ExponentialPsf,
    GaussianPsf,
    LorentzianPsf,
    MoffatPsf,
)

CUT = (slice(132, 388), slice(132, 388))
MIDDLE, CORNER = (slice(64, 192), slice(64, 192)), (slice(0, 128), slice(0, 128))
BAND = 10
"""Pixels from the border over which a boundary is judged."""
LOW = 100.0
"""Counts in the open beam of a low exposure."""
FACTORS = (0.1, 0.2, 0.4, 0.7, 1.0, 1.4, 2.0, 3.0, 5.0, 8.0, 12.0)
"""Strengths that are tried where two noise models are compared, in automatic ones."""
METHODS: dict[str, dict[str, Any]] = {
    "sum": {"tv": "auto", "tgv": "auto", "bounds": "positive"},
    "gradient-descent": {"learning_rate": 0.3},
}
"""Methods that are not shown with their defaults."""
SHORT = {"iterations": 1}
"""A run before the clock starts, which loads what the timed one needs."""
PSFS = {
    "gaussian": GaussianPsf(sigma=2.0),
    "disk": DiskPsf(radius=4.0),
    "core-tail": CoreTailPsf(sigma=1.5, tail=0.4, tail_length=6.0),
    "exponential": ExponentialPsf(length=1.5),
    "moffat": MoffatPsf(width=2.5, power=2.5),
    "lorentzian": LorentzianPsf(width=0.7, energy=0.95),
    "elliptic": EllipticPsf(sigma_long=3.0, sigma_short=1.0, angle=30),
    "rectangle": RectanglePsf(length=7.0, width=3.0, angle=20),
    "line": LinePsf(length=9.0, angle=30),
    "convolved": ConvolvedPsf(first=DiskPsf(radius=3.0), second=GaussianPsf(sigma=1.0)),
    "xray-system": XraySystemPsf(spot=0.8),
    "measured": MeasuredPsf.of(burst.smear(9, 30)),
    "grid": PsfGrid.of(stacked([GaussianPsf(sigma=s).kernel() for s in (1, 2, 3)])[None]),
    "varying": VaryingPsf(first=DiskPsf(radius=1.5), last=DiskPsf(radius=5.0)),
}

WORDS = {
    "convolved": "a disk of radius 3 and a Gaussian of sigma 1",
    "measured": "an array: a line of 9 px",
    "grid": "three Gaussians side by side, of sigma 1, 2 and 3",
    "varying": "a disk whose radius grows from 1.5 px on the left to 5 px on the right",
}
"""What is said of a PSF whose parameters say too much."""

Picture = NDArray[np.floating]
Drawing = tuple[list[Panel], str]


@cache
def scene(peak: float = 10_000.0, read_noise: float = 2.0) -> samples.Sample:
    """Return the radiograph at an exposure."""
    return samples.radiograph(peak=peak, read_noise=read_noise)


def decibel(image: Picture, truth: Picture, peak: float) -> float:
    """Return the PSNR in dB."""
    return float(10 * np.log10(peak**2 / np.mean((image.astype(np.float64) - truth) ** 2)))


def restored(
    image: Picture, psf: Any, method: dict[str, Any], **recipe: Any
) -> tuple[Picture, nd.Recipe]:
    """Return the restored picture and the recipe that it came to."""
    begun = nd.Recipe(method=method, **recipe).begin(image, psf, device="cpu")
    return begun.image(), begun.recipe


def panels(
    shown: list[tuple[str, Picture]], truth: Picture, crop: tuple[slice, ...]
) -> list[Panel]:
    """Return the pictures with their PSNR, the truth last."""
    peak = float(truth.max())
    made = [
        Panel(f"{words} {decibel(image[crop], truth[crop], peak):.2f} dB", image[crop], 0, peak)
        for words, image in shown
    ]
    return [*made, Panel("truth", truth[crop], 0, peak)]


def said(choice: Any) -> str:
    """Return what of a choice is not its default, in words."""
    usual = {key: field.default for key, field in choice.parameters().items()}
    changed = {key: value for key, value in choice.plain().items() if value != usual.get(key)}
    words = (
        f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in changed.items()
        if key != "name"
    )
    return ", ".join(words) or "its defaults"


def of_methods() -> Iterator[tuple[str, Drawing]]:
    """Draw every method with its automatic strength."""
    sample = scene()
    image, truth = sample.image[CUT], sample.truth[CUT]
    peak, inner, rows = float(truth.max()), truth[MIDDLE], []
    for name, choice in nd.choices("method").items():
        method = {"name": name, **METHODS.get(name, {})}
        restored(
            image,
            sample.psf,
            {**method, **SHORT} if "iterations" in choice.parameters() else method,
        )
        began = process_time()
        result, recipe = restored(image, sample.psf, method)
        seconds = process_time() - began
        drawing = panels([("blurred", image), (name, result)], truth, MIDDLE)
        rows.append([f"`{name}`", f"{decibel(result[MIDDLE], inner, peak):.2f}", f"{seconds:.2f}"])
        yield name, (drawing, f"With {said(recipe.method)}.")
    rows.insert(0, ["blurred", f"{decibel(image[MIDDLE], inner, peak):.2f}", ""])
    TABLES["method"] = rows


def of_strengths() -> Iterator[tuple[str, Drawing]]:
    """Draw `tv` at the strength that each rule finds, and at the best."""
    image, truth, psf = scene().image[CUT], scene().truth[CUT], scene().psf
    best, weight = _at_best(image, psf, truth, {"name": "gaussian"})
    for name in nd.choices("strength"):
        result, recipe = restored(image, psf, {"name": "tv"}, strength=name)
        drawing = panels([("blurred", image), (name, result), ("best", best)], truth, MIDDLE)
        found = recipe.method.weight
        yield name, (drawing, f"`tv`, weight {found:.3g}; the best of a grid is {weight:.3g}.")


def of_priors() -> Iterator[tuple[str, Drawing]]:
    """Draw every prior alone, through the method `sum`; bounds beside what they bound."""
    bounds = {"positivity": {"bounds": "positive"}}
    bounds["box"] = {"bounds": "box", "lowest": 0.0, "highest": 0.95**3}
    for name in nd.choices("prior"):
        dark = name in bounds
        image, truth = thick() if dark else (scene().image[CUT], scene().truth[CUT])
        alone = {"name": "sum", "tv": 0.0, "tikhonov" if dark else name: "auto"}
        result, recipe = restored(image, scene().psf, {**alone, **bounds.get(name, {})})
        shown = [("blurred", image), (name, result)]
        if dark:
            shown.insert(1, ("without", restored(image, scene().psf, alone)[0]))
            words = f"A part of three times the thickness, {LOW:g} counts, beside `tikhonov`"
        else:
            words = f"Method `sum` with this prior alone, weight {getattr(recipe.method, name):.3g}"
        yield name, (panels(shown, truth, MIDDLE), f"{words}.")


def thick() -> tuple[Picture, Picture]:
    """Return cut and truth of the part at three times its thickness: dark, at a low exposure."""
    truth = scene().truth.astype(np.float64) ** 3
    blurred = np.maximum(fftconvolve(truth, scene().psf, mode="same"), 0)
    counts = np.random.default_rng(0).poisson(LOW * blurred)
    return (counts / LOW).astype(np.float32)[CUT], truth[CUT]


def of_fidelities() -> Iterator[tuple[str, Drawing]]:
    """Draw every noise model beside least squares, `tv` at the best strength of each."""
    few, mixed = scene(LOW, 0.0), scene(LOW, 10.0)
    spots = _with_outliers(scene())
    cases = {
        "gaussian": (scene().image, {}, "10000 counts in the open beam"),
        "poisson": (few.image, {"gain": 1 / LOW}, f"{LOW:g} counts, no read noise"),
        "poisson-gaussian": (mixed.image, {}, f"{LOW:g} counts, read noise of 10"),
        "huber": (spots, {}, "one pixel in 200 hit by a stray photon"),
    }
    truth, psf = scene().truth[CUT], scene().psf
    for name in nd.choices("fidelity"):
        whole, parameters, words = cases[name]
        image = whole[CUT]
        rivals = [{"name": "gaussian"}]
        rivals += [] if name == "gaussian" else [{"name": name, **parameters}]
        shown, weights = [("blurred", image)], []
        for fidelity in rivals:
            best, weight = _at_best(image, psf, truth, fidelity)
            shown.append((str(fidelity["name"]), best))
            weights.append(f"`{fidelity['name']}` {weight:.3g}")
        caption = f"{words[0].upper()}{words[1:]}; `tv`, best weight: {', '.join(weights)}."
        yield name, (panels(shown, truth, MIDDLE), caption)


def _with_outliers(sample: samples.Sample) -> Picture:
    rng = np.random.default_rng(0)
    hit = rng.random(sample.image.shape) < 1 / 200
    return np.where(hit, sample.image + rng.uniform(0.3, 1.0, hit.shape), sample.image).astype("f4")


def _at_best(
    image: Picture, psf: Picture, truth: Picture, fidelity: dict[str, Any]
) -> tuple[Picture, float]:
    """Return what `tv` makes of a picture at the best weight of a grid, and the weight."""
    _, recipe = restored(image, psf, {"name": "tv", "iterations": 1}, fidelity=fidelity)
    tried = {}
    for weight in (factor * recipe.method.weight for factor in FACTORS):
        result, _ = restored(image, psf, {"name": "tv", "weight": weight}, fidelity=fidelity)
        tried[decibel(result[MIDDLE], truth[MIDDLE], float(truth.max()))] = result, weight
    return tried[max(tried)]


def of_boundaries() -> Iterator[tuple[str, Drawing]]:
    """Draw the corner of the cut with every boundary."""
    sample = scene()
    image, truth = sample.image[CUT], sample.truth[CUT]
    outer = np.ones(truth.shape, dtype=bool)
    outer[BAND:-BAND, BAND:-BAND] = False
    for name in nd.choices("boundary"):
        result, _ = restored(image, sample.psf, {"name": "tv"}, boundary=name)
        band = decibel(result[outer], truth[outer], float(truth.max()))
        drawing = panels([("blurred", image), (name, result)], truth, CORNER)
        yield name, (drawing, f"`tv`; the outer {BAND} px of the whole cut: {band:.2f} dB.")


def of_psfs() -> Iterator[tuple[str, Drawing]]:
    """Draw every PSF shape, a radiograph blurred by it, and that restored."""
    for name, choice in PSFS.items():
        if isinstance(choice, Changing):
            yield name, _of_changing(choice, WORDS[name])
            continue
        kernel = choice.kernel()
        sample = samples.radiograph(psf=kernel)
        image, truth = sample.image[CUT], sample.truth[CUT]
        result, _ = restored(image, sample.psf, {"name": "tv"})
        shape = Panel("PSF, four times larger", _enlarged(kernel), 0, float(kernel.max()))
        drawing = panels([("blurred", image), ("tv", result)], truth, MIDDLE)
        words = WORDS.get(name) or said(choice)
        yield name, ([shape, *drawing], f"With {words}; `tv`, automatic weight.")


PEAK = 10000.0
"""Photons of a white pixel, where a scan is simulated here."""


def _of_changing(choice: Changing, words: str) -> Drawing:
    """Draw the first, the middle and the last of its PSFs, a cut blurred by them, and restored."""
    truth = samples.radiograph().truth[CUT]
    field = choice.field(truth.shape, None, "middle")
    chance = np.random.default_rng(0)
    image = chance.poisson(field.blur(truth).clip(0) * PEAK) / PEAK
    result, _ = restored(image.astype(np.float32), choice, {"name": "tv"})
    rows, columns = field.arrays.shape[:2]
    ends = [field.arrays[0, 0], field.arrays[rows // 2, columns // 2], field.arrays[-1, -1]]
    strips = (slice(43, 86), slice(43, 85), slice(43, 86))
    shown = np.hstack(
        [_enlarged(kernel)[:, strip] for kernel, strip in zip(ends, strips, strict=True)]
    )
    shape = Panel("first, middle, last PSF", shown, 0, float(shown.max()))
    drawing = panels([("blurred", image), ("tv", result)], truth, MIDDLE)
    return [shape, *drawing], f"With {words}; `tv`, automatic weight."


def _enlarged(kernel: Picture, side: int = 128, times: int = 4) -> Picture:
    """Return the middle of a kernel on so many pixels, each pixel of it several times."""
    half = side // times // 2
    wide = np.pad(kernel, half)
    middle = tuple(n // 2 for n in wide.shape)
    cut = wide[middle[0] - half : middle[0] + half, middle[1] - half : middle[1] + half]
    return np.kron(cut, np.ones((times, times)))


def of_bursts() -> Iterator[tuple[str, Drawing]]:
    """Draw one frame and four together, each smeared in its own direction."""
    frames = burst.taken(burst.CASES[4], "bearing", 0)
    one, _ = restored(frames.frames[0], frames.psfs[0], {"name": "tv"})
    merged, _ = restored(frames.frames, frames.psfs, {"name": "tv"}, burst={})
    crop = (slice(132, 260), slice(132, 260))
    shown = [("a frame", frames.frames[0]), ("restored", one), ("four frames", merged)]
    caption = (
        "Four frames smeared by 9 px at 0, 45, 90 and 135 degrees, noise 2 % of the range; `tv`."
    )
    yield "burst", (panels(shown, frames.truth, crop), caption)


TABLES: dict[str, list[list[str]]] = {}
"""Rows of a family's table, once all of it is drawn."""
FAMILIES = {
    "method": of_methods,
    "strength": of_strengths,
    "prior": of_priors,
    "fidelity": of_fidelities,
    "boundary": of_boundaries,
    "psf": of_psfs,
    "burst": of_bursts,
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--only", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    arguments.add_argument("--write", action="store_true", help="draw into docs/")
    given = arguments.parse_args()
    torch.set_num_threads(1)
    for family in given.only:
        for name, (drawing, caption) in FAMILIES[family]():
            print(f"{family} {name}: {'; '.join(p.words for p in drawing)}. {caption}", flush=True)
            if given.write:
                put(family, name, drawing, caption)
        if given.write and family in TABLES:
            put_table(family, ["method", "PSNR (dB)", "CPU (s)"], TABLES[family])


if __name__ == "__main__":
    main()
