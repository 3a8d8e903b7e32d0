"""What a sitting leaves for the next: checkpoints, models, and what was measured of them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from learned_parts.trainings import Lesson

SCORES, MODEL = "scores.json", "model.safetensors"


@dataclass(frozen=True)
class Kept:
    """What was measured: PSNR in dB by case, and how long was trained for it.

    Attributes
    ----------
    minutes : float
        That were asked for, of the processor; 0 of what is not trained.
    steps : int
    scores : dict of str to float
    curve : list of pairs
        PSNR while it learned: minutes and dB.
    """

    minutes: float = 0.0
    steps: int = 0
    scores: dict[str, float] = field(default_factory=dict)
    curve: list[tuple[float, float]] = field(default_factory=list)


def read(folder: Path) -> Kept | None:
    """Return what a folder holds; None if nothing was measured yet."""
    path = folder / SCORES
    return Kept(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else None


def write(folder: Path, kept: Kept) -> None:
    """Keep what was measured."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f"{SCORES}.writing"
    fresh.write_text(json.dumps(asdict(kept), indent=1), encoding="utf-8")
    fresh.replace(folder / SCORES)


def model(root: Path, lesson: Lesson) -> dict[str, object]:
    """Return the method that restores by what was learned, also outside what it learned from."""
    return {"name": "restore", "model": str(root / lesson.folder / MODEL), "force": True}
