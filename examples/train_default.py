"""Train the model that ships, in sittings of any length.

    python examples/train_default.py FOLDER --minutes 30      # go on from where the last one ended
    python examples/train_default.py FOLDER --cool 10 --out model.safetensors

Each sitting goes on where the last one ended, even if that was cut off. Cooling lets the learning
rate fall on a branch of its own and writes the model; the run itself can go on afterwards. On one
thread; at the same versions of everything the result is the same for the same sittings. With
another `--seed` it makes a model that has nothing in common with the one that ships.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import torch

from napari_deconv.learned.delivery import deliver, drawn
from napari_deconv.learned.joint import Joint
from napari_deconv.learned.sittings import begin, cooled, train
from napari_deconv.learned.training import Run, Training

DEFAULT = Training(
    seed=1,
    alone=2500,
    batch=2,
    scenes={"soft": 0.25, "stark": 0.12},
    degradation={"faint": 0.12},
)
"""Mostly assemblies with noise: they teach most, and take longest to learn."""
LAST = {"scenes": {"soft": 0.28, "stark": 0.2}, "degradation": {"faint": 0.18}}
"""What is looked at while the rate falls: more of what is seldom seen and must not be spoiled."""


def sit(run: Run, folder: Path, minutes: float, every: int = 100) -> None:
    """Go on with a run for so many minutes of processor time, and say how it goes."""
    total = torch.zeros(())
    for progress in train(run, folder, seconds=60 * minutes):
        total = total + progress.loss.cpu()
        if progress.step % every == 0:
            mean = float(total) / every
            print(
                f"step {progress.step}, {progress.seconds / 60:.1f} min, loss {mean:.5f}",
                flush=True,
            )
            total = torch.zeros(())
    print(f"now at step {run.step}, after {run.seconds / 60:.2f} min")


def main(
    training: Training = DEFAULT,
    title: str = "Physics NAFNet for any PSF",
    last: dict[str, dict[str, float]] = LAST,
) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="where the run's checkpoints lie")
    parser.add_argument("--minutes", type=float, default=math.inf, help="of this sitting")
    parser.add_argument("--cool", type=float, help="minutes over which the learning rate falls")
    parser.add_argument("--out", type=Path, help="where the cooled model goes")
    parser.add_argument("--seed", type=int, default=training.seed, help="of a new run")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.cool is None:
        chosen = training.replace(seed=arguments.seed)
        run = begin(chosen, arguments.folder, arguments.device)
        sit(run, arguments.folder, arguments.minutes)
        return
    run = cooled(arguments.folder, seconds=60 * arguments.cool, device=arguments.device)
    mix = drawn(run.training.scenes.soft, run.training.scenes.stark)
    parts = {part: getattr(run.training, part).replace(**values) for part, values in last.items()}
    run.training = run.training.replace(**parts)
    run.joint = Joint(run.training, run.joint.hardness)
    sit(run, arguments.folder, math.inf)
    if arguments.out is not None:
        card = deliver(run, arguments.out, title, mix)
        print(f"{arguments.out}: {card.steps} steps, {card.minutes} min")


if __name__ == "__main__":
    main()
