"""What a sitting leaves for the next: checkpoints, models, and what was measured of them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from learned_parts.trainings import Lesson
from napari_deconv.learned.sittings import COOLED, RUN

SCORES, MODEL = "scores.json", "model.safetensors"


@dataclass(frozen=True)
class Kept:
    """What was measured: PSNR in dB by case, and how long was trained for it.

    Attributes
    ----------
    minutes : float
        That were asked for, of the processor (on the wall, of several); 0 of what is not trained.
    steps : int
    scores : dict of str to float
    curve : list of pairs
        PSNR while it learned: minutes and dB.
    pace : float
        Seconds of the processor that a step takes, by which minutes became steps; 0 if they didn't.
    hard : float
        Share of patches that were picked as hard.
    processors : int
        That trained.
    """

    minutes: float = 0.0
    steps: int = 0
    scores: dict[str, float] = field(default_factory=dict)
    curve: list[tuple[float, float]] = field(default_factory=list)
    pace: float = 0.0
    hard: float = 0.0
    processors: int = 1


def read(folder: Path) -> Kept | None:
    """Return what a folder holds; None if nothing was measured yet."""
    path = folder / SCORES
    return Kept(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def write(folder: Path, kept: Kept) -> None:
    """Keep what was measured."""
    written(folder / SCORES, asdict(kept))


def written(path: Path, plain: Any) -> None:
    """Write plain data to a file that is never seen half written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.writing")
    fresh.write_text(json.dumps(plain, indent=1), encoding="utf-8")
    fresh.replace(path)


def forget(folder: Path) -> None:
    """Remove a training with all that is kept of it."""
    for name in (RUN, COOLED, SCORES, MODEL):
        (folder / name).unlink(missing_ok=True)


def model(root: Path, lesson: Lesson) -> dict[str, object]:
    """Return the method that restores by what was learned, also outside what it learned from."""
    return {"name": "restore", "model": str(root / lesson.folder / MODEL), "force": True}
