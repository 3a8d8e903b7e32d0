"""What the Train dock says, in words."""

from __future__ import annotations

from typing import Any

from napari_deconv.evidence.calibration import Calibration
from napari_deconv.learned.look import Difference
from napari_deconv.training_events import (
    BLURRED,
    OWN,
    SHIPPED,
    TV,
    Begun,
    Comparing,
    Done,
    Event,
    Learned,
    Validated,
)

SPOKEN = {BLURRED: "the blurred pictures", TV: "TV", SHIPPED: "the model that ships"}
CHANCE = 0.1
"""Difference in dB that means nothing, on however many pictures."""

UNCHANGED = "the model it began as, for nothing that was learned was better"


def duration(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < 90:
        return f"{max(seconds, 0):.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def status(event: Event) -> str:
    """Return where a training is; empty where there is nothing to say."""
    if isinstance(event, Begun):
        return f"On {event.device}: {event.said}."
    if isinstance(event, Comparing):
        return f"TV restores what is kept apart: {event.index + 1} of {event.total}"
    if isinstance(event, Learned):
        phase = "settling at a falling rate" if event.cooling else "learning"
        return f"{phase} · step {event.step} · loss {event.loss:.3g} · {duration(event.left)} left"
    return ""


def score(event: Validated) -> str:
    """Return how the model does now beside what it should beat."""
    said = f"{event.restored:.2f} dB on what is kept apart"
    beside = [
        f"{event.restored - value:+.2f} over {SPOKEN.get(name, name)}"
        for name, value in event.others.items()
    ]
    kept = "; the best so far, kept" if event.best else ""
    return f"{said}: {', '.join(beside)}{kept}"


def verdict(done: Done) -> str:
    """Return in a sentence what came of it."""
    own, tv = done.table[OWN], done.table[TV]
    gains = [f"{own - tv:+.2f} dB over TV"]
    if SHIPPED in done.table:
        gains.insert(0, f"{own - done.table[SHIPPED]:+.2f} dB over the model that ships")
    gain = own - max(value for name, value in done.table.items() if name != OWN)
    pictures = "1 picture" if done.pictures == 1 else f"{done.pictures} pictures"
    apart = "kept apart, which also picked it" if done.picked else "kept apart"
    error = f" (standard error {done.error:.2f} dB)" if done.error else ""
    return f"{' and '.join(gains)}, on {pictures} {apart}{error}. {_advice(done, gain)}"


def _advice(done: Done, gain: float) -> str:
    """Return what to do with a model that is so much better than the best of the others, in dB."""
    if done.pictures == 1 and not done.picked:
        return "One picture doesn't tell this from chance: learn from more or larger ones."
    if gain >= CHANCE and done.picked:
        how = "let it end" if done.ending == "stopped" else "learn from more or larger ones"
        return f"What picked it flatters it: {how} to have it judged by others."
    if gain >= CHANCE and Difference(gain, done.error, done.pictures).surely():
        return "It restores such scans better than both."
    if gain <= -CHANCE and Difference(-gain, done.error, done.pictures).surely():
        return "It is not better than all of these yet: train longer, or use the best of the table."
    return "So little more or less is chance: train longer, or keep what you have."


def card(plain: dict[str, Any]) -> str:
    """Return a model's card in plain words."""
    weakest, strongest = plain["weakest"], plain["strongest"]
    spent = f"{plain['steps']} steps, {plain['minutes']} min of learning"
    lines = [
        f"“{plain['title']}”: {spent if plain['steps'] else UNCHANGED}.",
        f"Learned from {plain['data']}; {plain['made']}.",
        f"For PSFs {plain['narrowest']:.3g} to {plain['widest']:.3g} px wide (rms), and noise of "
        f"{weakest:.2g} to {strongest:.2g} of the grey range: outside, the dock warns.",
        "Detail that the blur removed is the model's guess: look at the disagreement with TV.",
    ]
    if plain.get("calibration"):
        lines.append(Calibration(**plain["calibration"]).said())
    return "\n".join(lines)
