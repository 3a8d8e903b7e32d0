"""What fine-tuning on noisy pictures alone is worth: no sharp picture is shown to it.

    python examples/finetune.py FOLDER --write docs   # some 20 min of one processor
    python examples/finetune.py FOLDER --steps 600    # learns longer
    python examples/finetune.py FOLDER --cases 0 2    # some of the table's rows, printed only

Simulated scanners of a PSF, gain and read noise of their own look at pictures that the shipped
model never saw. It is fine-tuned on three quarters of their noisy, blurred frames, or on two
exposures of each, and judged by frames of the quarter that it never saw, whose truth is known here
and to nobody else. The gain on drawn scenes is measured on scenes that had no say in what is kept.
On one thread.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from learned_parts import objects
from scanner import SCANNERS
from scipy.signal import fftconvolve
from study_parts import page

import napari_deconv as nd
from napari_deconv.learned import model as models
from napari_deconv.learned.images import Images
from napari_deconv.learned.look import Difference
from napari_deconv.learned.tuning import Tuning, TuningPlan
from napari_deconv.learned.validation import decibel

_, FLAT, DARK = SCANNERS
PARTS = 3
"""Parts that a large radiograph is cut into, along each side."""
JUDGED = 8
"""Pictures that a model is judged by."""
HEADER = (
    "scanner",
    "object",
    "learned from",
    "before",
    "after",
    "gain",
    "least of a picture",
    "gain on drawn scenes",
    "kept at step",
    "steps",
)


@dataclass(frozen=True)
class Case:
    """A scanner, what it looks at, and how often."""

    scanner: str
    thing: str
    exposures: int


CASES = (
    Case(FLAT, "casting", 1),
    Case(FLAT, "casting", 2),
    Case(DARK, "bearing and weld", 1),
)


def pictures(thing: str) -> list[np.ndarray]:
    """Return sharp pictures of an object, none of which is shown to a model.

    Parts of radiographs stand in turn, so that those at the end are of all of them.
    """
    if thing == "casting":
        return list(objects.slices())
    parts = [
        [
            part
            for rows in np.array_split(whole, PARTS)
            for part in np.array_split(rows, PARTS, axis=1)
        ]
        for whole in objects.other()
    ]
    return [part for each in zip(*parts, strict=True) for part in each]


def frame(scene: np.ndarray, psf: np.ndarray, scanner: dict[str, Any], seed: Any) -> np.ndarray:
    """Return what a scanner sees of a scene, as large as what its PSF doesn't reach out of."""
    rng = np.random.default_rng(seed)
    clean = np.clip(fftconvolve(scene, psf, "valid"), 0, None)
    counted = rng.poisson(clean / scanner["gain"]) * scanner["gain"]
    return (counted + rng.normal(0, scanner["read"], clean.shape)).astype(np.float32)


def scores(model: str, shown: Sequence[np.ndarray], truths: list[np.ndarray], psf: Any) -> Any:
    """Return what a model restores of each picture, as PSNR in dB for the grey range."""
    method = {"name": "restore", "model": model, "force": True}
    return np.array(
        [
            decibel(nd.deconvolve(g, psf, method, device="cpu"), u)
            for g, u in zip(shown, truths, strict=True)
        ]
    )


def row(case: Case, asked: argparse.Namespace) -> list[str]:
    """Fine-tune for a case, say how it goes, and return its row of the table."""
    scanner = SCANNERS[case.scanner]
    psf = nd.choices("psf")[scanner["psf"]["name"]](**scanner["psf"]).kernel()
    edge = psf.shape[0] // 2
    whole = Images.of(pictures(case.thing), psf.shape[0])
    learned, tested = (part.pictures for part in whole.halves(1))
    learned = learned[: 4 if asked.quick else None]
    many = min(2 if asked.quick else JUDGED, len(tested))
    tested = [tested[k] for k in np.linspace(0, len(tested) - 1, many).astype(int)]
    shots = [
        [frame(scene, psf, scanner, (shot, k)) for k, scene in enumerate(learned)]
        for shot in range(case.exposures)
    ]
    plan = TuningPlan(
        scans=("simulated",),
        psf="simulated",
        gain=scanner["gain"],
        read=scanner["read"],
        steps=asked.steps,
        out=str(asked.folder / f"{CASES.index(case)}.safetensors"),
        tuning={
            **({} if asked.rate is None else {"rate": asked.rate}),
            **({"batch": 1, "side": 32} if asked.quick else {}),
        },
    )
    given = nd.Recipe(psf="gaussian").with_psf(psf).psf
    tuning = Tuning(plan, shots[0], shots[1] if case.exposures > 1 else [], given)
    looks = []
    for look in tuning.looks():
        print(look, flush=True)
        looks.append(look)
    tuned = models.SHIPPED if tuning.deliver() is None else plan.out
    shown = [frame(scene, psf, scanner, (9, k)) for k, scene in enumerate(tested)]
    truths = [scene[edge:-edge, edge:-edge] for scene in tested]
    before, after = (scores(m, shown, truths, psf) for m in (models.SHIPPED, tuned))
    gained = Difference.between(before, after)
    last = [look for look in looks if look.best][-1]
    return [
        case.scanner,
        case.thing,
        "frames" if case.exposures == 1 else f"{case.exposures} exposures",
        *(f"{values.mean():.2f}" for values in (before, after)),
        str(gained),
        f"{(after - before).min():+.2f}",
        str(tuning.gained()),
        str(last.step),
        str(looks[-1].step),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="where fine-tuned models go")
    usual = TuningPlan.model_fields["steps"].default
    parser.add_argument("--steps", type=int, default=usual, help="of each, at most")
    parser.add_argument("--rate", type=float, help="of learning")
    every = range(len(CASES))
    parser.add_argument("--cases", type=int, nargs="+", choices=every, default=every, help="which")
    parser.add_argument("--quick", action="store_true", help="few frames, to see that it runs")
    parser.add_argument("--write", type=Path, metavar="DOCS", help="folder of training.md")
    asked = parser.parse_args()
    if asked.write and (asked.quick or set(asked.cases) != set(every)):
        parser.error("--write replaces the whole table: leave out --quick, and --cases or name all")
    torch.set_num_threads(1)
    asked.folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in asked.cases:
        began = time.process_time()
        rows.append(row(CASES[number], asked))
        spent = (time.process_time() - began) / 60
        print(f"{', '.join(rows[-1])} ({spent:.1f} min)", flush=True)
    text = page.table(HEADER, rows)
    print(f"\n{text}")
    if asked.write:
        page.write(asked.write / "training.md", {"finetune": text})


if __name__ == "__main__":
    main()
