"""How long a step of each training takes: what makes minutes of different days comparable.

A processor that others use as well can be half as fast as the day before. So trainings end after
steps, not minutes, and all take turns on one machine to find how many of each fit into a minute.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from learned_parts.kept import written
from learned_parts.trainings import Lesson
from napari_deconv.learned.job import Job

FILE = "paces.json"
ROUNDS = 8
"""Steps of each that are timed; one before them is not."""
FEWEST = 8
"""Steps that a training has at least."""

Paces = dict[str, float]


def paces(root: Path, lessons: Sequence[Lesson], slices: Any, *, anew: bool = False) -> Paces:
    """Return seconds a step of every training, as they were measured in the folder, or are now."""
    path = root / FILE
    known: Paces = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if anew or any(lesson.name not in known for lesson in lessons):
        known = measured(lessons, slices)
        written(path, known)
    return known


def measured(lessons: Sequence[Lesson], slices: Any) -> Paces:
    """Return processor seconds that a step of each takes: the least, when nobody disturbs."""
    with TemporaryDirectory() as folder:
        jobs = {
            one.name: Job(one.plan(Path(folder), FEWEST, quick=False), [slices]) for one in lessons
        }
    found = dict.fromkeys(jobs, float("inf"))
    for number in range(1 + ROUNDS):
        for name, job in jobs.items():
            began = time.process_time()
            job.run.advance()
            if number:
                found[name] = min(found[name], time.process_time() - began)
    return {name: round(seconds, 4) for name, seconds in found.items()}


def steps(pace: float, minutes: float) -> int:
    """Return how many steps fit into minutes."""
    return max(FEWEST, round(60 * minutes / pace))
