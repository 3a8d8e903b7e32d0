"""Does a model trained for one scanner beat the one for everybody? Three simulated scanners tell.

    python examples/scanner.py FOLDER --minutes 15            # some 50 min of one processor in all
    python examples/scanner.py FOLDER --minutes 15 --scratch  # from scratch instead
    python examples/scanner.py FOLDER --minutes 15 --hard 0   # what hard patches are worth

Each scanner has a PSF, a gain and a read noise of its own. The shipped model learns on scenes drawn
for that scanner, and both are judged on scenes that neither ever saw, beside TV with automatic
weight. A training that was cut off goes on where it was. On one thread.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from napari_deconv import choices
from napari_deconv.learned import model as models
from napari_deconv.learned.job import Job, TrainingPlan
from napari_deconv.learned.validation import Validation
from napari_deconv.trainer import tv

SCANNERS: dict[str, dict[str, Any]] = {
    "microfocus, long exposure": {
        "psf": {"name": "gaussian", "sigma": 1.4},
        "gain": 2e-5,
        "read": 5e-4,
    },
    "flat panel with a scatter tail": {
        "psf": {"name": "core-tail", "sigma": 2.0, "tail": 0.3, "tail_length": 5.0},
        "gain": 5e-4,
        "read": 3e-3,
    },
    "fast inspection, unsharp and dark": {
        "psf": {"name": "disk", "radius": 4.0},
        "gain": 5e-3,
        "read": 1e-2,
    },
}
UNSEEN = 9
"""Branch of random numbers that no training draws from."""


def plan_of(name: str, folder: Path, asked: argparse.Namespace) -> TrainingPlan:
    """Return the plan for a scanner."""
    scanner = SCANNERS[name]
    return TrainingPlan(
        title=name,
        start="" if asked.scratch else models.SHIPPED,
        folder=str(folder / name.split(",")[0].replace(" ", "-")),
        minutes=asked.minutes,
        training={
            "degradation": {**scanner, "support": 49},
            "rate": 8e-4 if asked.scratch else 4e-4,
            "hard": asked.hard,
        },
    )


def scores(job: Job, pictures: int) -> Iterator[tuple[str, list[float]]]:
    """Yield PSNR of each unseen picture by every method, in dB."""
    training = job.run.training
    unseen = Validation(training, None, -(-pictures // training.batch), branch=UNSEEN)
    yield "blurred", unseen.blurred()
    yield "TV, automatic", unseen.decibels([tv(held) for held in unseen.pictures])
    shipped = models.load(models.SHIPPED).network
    yield "shipped model", unseen.decibels(unseen.restored(shipped))
    yield "this scanner's", unseen.decibels(unseen.restored(job.run.averaged))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="where checkpoints and models go")
    parser.add_argument("--minutes", type=float, default=15, help="of one processor, a scanner")
    parser.add_argument("--scanners", type=int, default=len(SCANNERS), help="how many of them")
    parser.add_argument("--pictures", type=int, default=32, help="unseen ones to judge by")
    parser.add_argument("--scratch", action="store_true", help="begin as no model")
    parser.add_argument("--hard", type=float, default=0.5, help="share of patches picked as hard")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    choices("psf")
    print("| scanner | blurred | TV, automatic | shipped | this scanner's | gain | steps |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name in list(SCANNERS)[: arguments.scanners]:
        plan = plan_of(name, arguments.folder, arguments)
        job = Job(plan)
        for _ in job.progress():
            pass
        means = {what: float(np.mean(found)) for what, found in scores(job, arguments.pictures)}
        job.deliver(job.folder / "model.safetensors", means)
        cells = " | ".join(f"{value:.2f}" for value in means.values())
        gain = means["this scanner's"] - means["shipped model"]
        print(f"| {name} | {cells} | {gain:+.2f} | {job.run.step} |", flush=True)


if __name__ == "__main__":
    main()
