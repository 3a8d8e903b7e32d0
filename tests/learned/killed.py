"""Kill a training ten times at random moments, let it go on, and say what was lost.

Five times while its rate stays, five times while it falls.

    python tests/learned/killed.py FOLDER [SECONDS BETWEEN CHECKPOINTS]

Prints an object with the seconds of learning that each kill cost, the interval between checkpoints
and the longest step, and whether the weights at the end are those of a training never killed.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from itertools import pairwise
from pathlib import Path

import torch

from napari_deconv.learned import checkpoint
from napari_deconv.learned.sittings import COOLED, RUN, begin, cooled, train
from napari_deconv.learned.training import Run, Training

KILLS, STEPS = 10, 4000
TINY = Training(
    architecture={"width": 4, "encoder": (1,), "middle": 1, "decoder": (1,), "stages": 1},
    scenes={"side": 64, "kept": 2, "fresh": 1000},
    degradation={"support": 9},
    batch=1,
    side=24,
    hard=0.5,
)


def learn(folder: Path, every: float, *, cooling: bool) -> None:
    """Go on with the run, and note when each step was done."""
    run = cooled(folder, steps=STEPS) if cooling else begin(TINY, folder)
    with (folder / "steps").open("ab", buffering=0) as log:
        log.write(f"{run.step} {time.monotonic()}\n".encode())
        for progress in train(run, folder, every=every):
            log.write(f"{progress.step} {time.monotonic()}\n".encode())


def lost(folder: Path) -> tuple[float, float]:
    """Return the seconds between what is kept and the last step done, and the longest step."""
    text = (folder / "steps").read_text()
    rows = [row.split() for row in text[: text.rindex("\n")].splitlines()]
    times = [(int(step), float(when)) for step, when in rows]
    longest = max((b[1] - a[1] for a, b in pairwise(times)), default=0.0)
    paths = [folder / name for name in (COOLED, RUN)]
    kept = next((checkpoint.read(path)["place"][0] for path in paths if path.is_file()), 0)
    before = [when for step, when in times if step <= kept] or [times[0][1]]
    return times[-1][1] - before[-1], longest


def main() -> None:
    folder, every = Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 0.5
    torch.set_num_threads(1)
    chance = random.Random(7)
    parts = folder / "parts"
    parts.mkdir(parents=True)
    Run(TINY).advance()  # what is imported on the way: children would be killed over that
    cost, longest = [], 0.0
    for kill in range(KILLS):
        (parts / "steps").unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            learn(parts, every, cooling=kill >= KILLS // 2)
            os._exit(0)
        kept = parts / (COOLED if kill >= KILLS // 2 else RUN)
        while not (kept.is_file() and (parts / "steps").is_file()):
            if os.waitpid(child, os.WNOHANG)[0]:
                raise SystemExit("The training ended by itself.")
            time.sleep(0.01)
        time.sleep(chance.uniform(0.3, 3) * every)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        seconds, step = lost(parts)
        cost.append(round(seconds, 3))
        longest = max(longest, step)
    begun = cooled(parts, steps=STEPS)
    fell, end = begun.step - begun.began, begun.step + 3
    for _ in train(begun, parts, steps=3):
        pass
    whole = Run(TINY)
    for step in range(end):
        if step == begun.began:
            whole.cool(STEPS)
        whole.advance()
    alike = all(
        torch.equal(one, other)
        for one, other in zip(whole.averaged.parameters(), begun.averaged.parameters(), strict=True)
    )
    found = {"lost": cost, "every": every, "longest": round(longest, 3), "steps": end, "fell": fell}
    print(json.dumps({**found, "alike": alike}))


if __name__ == "__main__":
    main()
