"""The tables of the study, from what was kept."""

from __future__ import annotations

from pathlib import Path

from study_parts.page import table

from learned_parts import kept
from learned_parts.judging import LIMIT
from learned_parts.trainings import GAINS, LESSONS, Lesson

Known = list[tuple[Lesson, kept.Kept]]
SINGLE = {
    "own, blur": "own object: blur",
    "own, noise": "blur and noise",
    "other, blur": "another object: blur",
    "other, noise": "blur and noise",
}
BURST = {
    "own, burst": "own object",
    "other, burst": "another object",
    "own, registered": "own object, registered",
}
REAL = {"5 s": "5 s", "10 s": "10 s"}
COMPARED = (
    "blurred",
    "TV, automatic",
    "shipped model",
    "one frame, TV",
    "one frame, shipped",
    LIMIT,
)
"""What models are compared with, as `judging.baselines` names it."""
LEARNS = {"blur": "blur", "noise": "blur and noise", "burst": "bursts"}


def tables(root: Path) -> dict[str, str]:
    """Return every table that something was kept for."""
    compared = [(name, kept.read(root / name)) for name in COMPARED]
    trained = [(lesson, kept.read(root / lesson.folder)) for lesson in LESSONS]
    known = [(lesson, found) for lesson, found in trained if found is not None]
    others = {name: found for name, found in compared if found is not None}
    parts = {
        "single": _part(others, _only(known, burst=False), SINGLE),
        "burst": _part(others, _only(known, burst=True), BURST),
        "real": _part(others, _only(known, burst=False), REAL),
        "gains": _gains(known),
    }
    return {name: text for name, text in parts.items() if text}


def _only(known: Known, *, burst: bool) -> Known:
    return [(one, found) for one, found in known if (one.learns == "burst") == burst]


def _part(others: dict[str, kept.Kept], known: Known, columns: dict[str, str]) -> str:
    """Return a table of the cases that are its columns; no row where none of them was measured."""
    rows = [[name, *[""] * 4, *_cells(found, columns)] for name, found in others.items()]
    rows += [
        [lesson.name, LEARNS[lesson.learns], *_effort(found), *_cells(found, columns)]
        for lesson, found in known
    ]
    told = [row for row in rows if any(row[5:])]
    header = ["PSNR in dB", "learned from", "minutes", "steps", "s a step", *columns.values()]
    return table(header, told) if told else ""


def _effort(found: kept.Kept) -> list[str]:
    """Return for how many minutes and steps something was trained, and how long a step takes."""
    pace = f"{found.pace:.2f}" if found.pace else ""
    return [f"{found.minutes:g}" if found.minutes else "", str(found.steps), pace]


def _cells(found: kept.Kept, columns: dict[str, str]) -> list[str]:
    return [f"{found.scores[c]:.2f}" if c in found.scores else "" for c in columns]


def _gains(known: Known) -> str:
    """Return what each addition is worth, on what its training learned from."""
    named = {lesson.name: (lesson, found) for lesson, found in known}
    rows = []
    for what, better, worse in GAINS:
        if better not in named or worse not in named:
            continue
        (lesson, one), (_, other) = named[better], named[worse]
        gains = [
            f"{one.scores[case] - other.scores[case]:+.2f}"
            for case in (f"own, {lesson.learns}", f"other, {lesson.learns}")
        ]
        minutes = sorted({one.minutes, other.minutes})
        times = " and ".join(f"{m:g}" for m in minutes)
        rows.append([what, f"{better}, over {worse}", *gains, times])
    header = ["gain in dB", "of", "own object", "another object", "minutes"]
    return table(header, rows) if rows else ""
