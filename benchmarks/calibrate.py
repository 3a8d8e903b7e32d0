"""How often a place where TV differs from a model is wrong, counted and written onto its card.

    python benchmarks/calibrate.py [--model FILE] [--pictures 64] [--out FILE]

On drawn scenes of all kinds that no training draws, with PSFs and noise of all kinds that the
shipped model is for, and known truth. `--out` writes the model with the count on its card: the
Deblur dock then repeats it in the notes of each result. On one thread.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from napari_deconv import choices
from napari_deconv.evidence.calibration import Calibration, calibrated
from napari_deconv.learned import model as models
from napari_deconv.learned.losses import BORDER
from napari_deconv.learned.training import Training
from napari_deconv.learned.validation import Validation
from napari_deconv.trainer import tv

UNSEEN = 11
"""Branch of random numbers that no training draws from."""
SIDE = 144
"""Of a picture, in pixels."""


def counted(model: str, pictures: int, side: int = SIDE) -> tuple[Calibration, dict[str, float]]:
    """Return what marks were worth, and PSNR of the model and of TV on the same pictures."""
    held = Validation(Training(batch=1, side=side), None, pictures, UNSEEN)
    own = held.restored(models.load(model).network)
    others = [tv(one) for one in held.pictures]
    found = calibrated(own, others, [one.truth for one in held.pictures], BORDER)
    means = {"model": own, "TV, automatic": others}
    return found, {name: float(np.mean(held.decibels(which))) for name, which in means.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default=models.SHIPPED, help="name or file of the model")
    parser.add_argument("--pictures", type=int, default=64, help="that it is counted on")
    parser.add_argument("--out", type=Path, help="where the model with the count goes")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    choices("psf")  # which cards may name
    began = time.process_time()
    found, means = counted(asked.model, asked.pictures)
    if asked.out is not None:
        models.retell(asked.model, asked.out, calibration=found)
    for name, value in means.items():
        print(f"{name}: {value:.2f} dB")
    print(f"Marked: {found.marked:.1%} of all places. {found.said()}")
    print(f"{time.process_time() - began:.0f} s of one processor")


if __name__ == "__main__":
    main()
